"""Utilities for WSGI applications: descriptors, redirects, imports by name, escaping.

In the pipeline: requests and responses are built of ``cached_property``, ``environ_property`` and
``header_property``; routing and Flask answer with :func:`redirect`; exceptions escape their messages.
Called by wrappers, exceptions, routing and nearly all of Flask.
"""

import codecs
import os
import pkgutil
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, overload

from ._html import HTMLBuilder, html, unescape, xhtml
from ._internal import Environ, _DictAccessorProperty, _encoding_by_zeros, _missing, _parse_signature

T = TypeVar("T")

__all__ = [
    "ArgumentValidationError",
    "HTMLBuilder",
    "ImportStringError",
    "append_slash_redirect",
    "bind_arguments",
    "cached_property",
    "detect_utf_encoding",
    "environ_property",
    "escape",
    "find_modules",
    "format_string",
    "get_content_type",
    "header_property",
    "html",
    "import_string",
    "invalidate_cached_property",
    "redirect",
    "secure_filename",
    "unescape",
    "validate_arguments",
    "xhtml",
]

_PLACEHOLDER = re.compile(r"\$(?:\{([a-zA-Z_]\w*)\}|([a-zA-Z_]\w*))", re.ASCII)
_UNSAFE_IN_FILENAME = re.compile(r"[^A-Za-z0-9_.-]")
_WINDOWS_DEVICES = {"CON", "PRN", "AUX", "NUL"} | {f"{port}{n}" for port in ("COM", "LPT") for n in range(10)}
#: Types outside text/* and *+xml whose registration knows a charset parameter.
_CHARSET_MIMETYPES = {
    "application/" + subtype
    for subtype in ("ecmascript", "javascript", "sql", "xml", "xml-dtd", "xml-external-parsed-entity")
}
_REDIRECT_PAGE = """\
<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<title>Redirecting...</title>
<h1>Redirecting...</h1>
<p>You should be redirected automatically to target URL: <a href="{}">{}</a>.  If not click the link."""

_WHY_NO_IMPORT = """\
import_string() failed for {!r}. Possible reasons are:

- missing __init__.py in a package;
- package or module path not included in sys.path;
- duplicated package or module name taking precedence in sys.path;
- missing module, class, function or variable;

Debugged import:

{}

Original exception:

{}: {}"""


class cached_property(property, Generic[T]):
    """A method that is computed at the first access and remembered in the object's ``__dict__``.

    A property, thus a data descriptor: unlike ``functools.cached_property`` every access runs ``__get__``,
    which is why a trace shows it each time.
    """

    def __init__(self, func: Callable[[Any], T], name: str | None = None, doc: str | None = None) -> None:
        self.func = func
        self.__name__ = name or func.__name__
        self.__doc__ = doc or func.__doc__
        self.__module__ = func.__module__

    def __set__(self, obj: Any, value: T) -> None:
        obj.__dict__[self.__name__] = value

    @overload
    def __get__(self, obj: None, type: type | None = None) -> "cached_property[T]": ...
    @overload
    def __get__(self, obj: Any, type: type | None = None) -> T: ...
    def __get__(self, obj: Any, type: type | None = None) -> Any:
        if obj is None:
            return self
        cache = obj.__dict__
        found = cache.get(self.__name__, _missing)
        if found is _missing:
            found = cache[self.__name__] = self.func(obj)
        return found


def invalidate_cached_property(obj: Any, name: str) -> None:
    """Forget the remembered value of the cached property ``name``, so that the next access computes it anew.

    Raises:
        TypeError: the class has no cached property of this name.
    """
    if not isinstance(getattr(type(obj), name, None), cached_property):
        raise TypeError(f"Attribute {name} of object {obj} is not a cached_property, cannot be invalidated")
    obj.__dict__[name] = _missing


class environ_property(_DictAccessorProperty):
    """An attribute of a request that is a key of its WSGI environ; read only unless told otherwise."""

    read_only = True

    def lookup(self, obj: Any) -> Any:
        return obj.environ


class header_property(_DictAccessorProperty):
    """An attribute of a response that is one of its headers."""

    def lookup(self, obj: Any) -> Any:
        return obj.headers


def get_content_type(mimetype: str, charset: str) -> str:
    """The full content type: text and XML types get the charset, all others stay as they are."""
    is_text = mimetype.startswith("text/") or mimetype.endswith("+xml") or mimetype in _CHARSET_MIMETYPES
    return f"{mimetype}; charset={charset}" if is_text else mimetype


def detect_utf_encoding(data: bytes) -> str:
    """The UTF codec of JSON text: by its byte order mark, else by where its first bytes are zero."""
    head = data[:4]
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if b"\0" not in head:
        return "utf-8"
    if head in (codecs.BOM_UTF32_BE, codecs.BOM_UTF32_LE):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)):
        return "utf-16"
    return _encoding_by_zeros(head)


def format_string(string: str, context: dict[str, Any]) -> str:
    """Fill ``$name`` and ``${name}`` from ``context``.

    Raises:
        KeyError: a name is not in the context.
    """

    def lookup_arg(match: re.Match[str]) -> str:
        return str(context[match[1] or match[2]])

    return _PLACEHOLDER.sub(lookup_arg, string)


def secure_filename(filename: str) -> str:
    """A file name that is safe to store under: one ASCII path component, never a hidden or a device file.

    May come out empty; the caller has to make up a name then.
    """
    filename = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode("ascii")
    for separator in filter(None, (os.path.sep, os.path.altsep)):
        filename = filename.replace(separator, " ")
    filename = _UNSAFE_IN_FILENAME.sub("", "_".join(filename.split())).strip("._")
    if os.name == "nt" and filename.split(".")[0].upper() in _WINDOWS_DEVICES:
        filename = "_" + filename
    return filename


def escape(s: Any) -> str:
    """Make text safe inside HTML and its double-quoted attributes. None is empty, ``__html__`` is trusted."""
    if s is None:
        return ""
    if hasattr(s, "__html__"):
        return str(s.__html__())
    text = str(s).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace(">", "&gt;").replace('"', "&quot;")


def redirect(location: str, code: int = 302, Response: Any = None) -> Any:
    """A response that sends the client to ``location``.

    Args:
        code: 301, 302, 303, 305, 307 or 308.
        Response: the class of the response, by default Werkzeug's own.
    """
    if Response is None:
        # Here, not above: wrappers import this module.
        from .wrappers import Response
    shown = escape(location)
    if isinstance(location, str):
        from .urls import iri_to_uri

        location = iri_to_uri(location, safe_conversion=True)
    response = Response(_REDIRECT_PAGE.format(escape(location), shown), code, mimetype="text/html")
    response.headers["Location"] = location
    return response


def append_slash_redirect(environ: Environ, code: int = 301) -> Any:
    """Redirect to the same address with a slash at its end."""
    path = environ["PATH_INFO"].strip("/") + "/"
    query = environ.get("QUERY_STRING")
    return redirect(f"{path}?{query}" if query else path, code)


def import_string(import_name: str, silent: bool = False) -> Any:
    """The module or object with a dotted name; a colon may stand before the object.

    Args:
        silent: give None instead of raising.

    Raises:
        ImportStringError: says how far the import got.
    """
    import_name = str(import_name).replace(":", ".")
    try:
        try:
            __import__(import_name)
            return sys.modules[import_name]
        except ImportError:
            if "." not in import_name:
                raise
        # No module of this name: the last part may be an object of the module before it.
        module_name, _, obj_name = import_name.rpartition(".")
        module = __import__(module_name, globals(), locals(), [obj_name])
        try:
            return getattr(module, obj_name)
        except AttributeError as error:
            raise ImportError(error) from error
    except ImportError as error:
        if silent:
            return None
        raise ImportStringError(import_name, error).with_traceback(error.__traceback__) from error


def find_modules(import_path: str, include_packages: bool = False, recursive: bool = False) -> Iterator[str]:
    """The names of all modules of a package, so that importing them lets their decorators register views.

    Raises:
        ValueError: ``import_path`` is no package.
    """
    package = import_string(import_path)
    path = getattr(package, "__path__", None)
    if path is None:
        raise ValueError(f"{import_path!r} is not a package")
    for info in pkgutil.iter_modules(path, package.__name__ + "."):
        if include_packages or not info.ispkg:
            yield info.name
        if recursive and info.ispkg:
            yield from find_modules(info.name, include_packages, True)


def validate_arguments(
    func: Callable[..., Any], args: Any, kwargs: dict[str, Any], drop_extra: bool = True
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments that ``func`` can be called with.

    Args:
        drop_extra: leave out what the function does not take, instead of refusing it.

    Raises:
        ArgumentValidationError: what is missing, and what is too much.
    """
    taken, kwargs, missing, extra, surplus = _parse_signature(func)(args, kwargs)[:5]
    if missing:
        raise ArgumentValidationError(tuple(missing))
    if not drop_extra and (extra or surplus):
        raise ArgumentValidationError(None, extra, surplus)
    return tuple(taken), kwargs


def bind_arguments(func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call under the names by which ``func`` sees them.

    Raises:
        TypeError: the function cannot be called so.
    """
    taken, _, _, extra, surplus, parameters, vararg_var, kwarg_var = _parse_signature(func)(args, kwargs)
    bound = {name: value for (name, _, _), value in zip(parameters, taken, strict=False)}
    if vararg_var is not None:
        bound[vararg_var] = tuple(surplus)
    elif surplus:
        raise TypeError("too many positional arguments")
    if kwarg_var is None and extra:
        raise TypeError(f"got unexpected keyword argument {next(iter(extra))!r}")
    if kwarg_var is not None:
        twice = extra.keys() & {name for name, _, _ in parameters}
        if twice:
            raise TypeError(f"got multiple values for keyword argument {next(iter(twice))!r}")
        bound[kwarg_var] = extra
    return bound


class ArgumentValidationError(ValueError):
    """The arguments do not fit the function: ``missing``, ``extra`` and ``extra_positional`` say why."""

    def __init__(
        self, missing: Any = None, extra: dict[str, Any] | None = None, extra_positional: Any = None
    ) -> None:
        self.missing = set(missing or ())
        self.extra = extra or {}
        self.extra_positional = extra_positional or []
        too_many = len(self.extra) + len(self.extra_positional)
        super().__init__(f"function arguments invalid. ({len(self.missing)} missing, {too_many} additional)")


class ImportStringError(ImportError):
    """:func:`import_string` failed: the message lists which parts of the name were found, and where."""

    #: The dotted name that could not be imported.
    import_name: str | None = None
    #: The error that stopped it.
    exception: BaseException | None = None

    def __init__(self, import_name: str, exception: BaseException) -> None:
        self.import_name, self.exception = import_name, exception
        lines = []
        parts = import_name.replace(":", ".").split(".")
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            found = import_string(name, silent=True)
            if not found:
                lines.append(f"- {name!r} not found.")
                break
            lines.append(f"- {name!r} found in {getattr(found, '__file__', None)!r}.")
        kind = type(exception).__name__
        super().__init__(_WHY_NO_IMPORT.format(import_name, "\n".join(lines), kind, exception))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.import_name!r}, {self.exception!r})>"
