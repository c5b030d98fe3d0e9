"""Small helpers that several Werkzeug modules share. No part of the lesson, hence the underscore.

Called by utils (the descriptors), serving and _reloader (``_log``), wsgi and routing (host names).
"""

import inspect
import logging
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]
WSGIApp: TypeAlias = Callable[..., Any]

_logger: logging.Logger | None = None
_signature_cache: WeakKeyDictionary[Any, Callable[..., Any]] = WeakKeyDictionary()
_EPOCH_DAY = date(1970, 1, 1).toordinal()


class _Missing:
    """The type of the marker for "no value", where None is a value like any other."""

    def __reduce__(self) -> str:
        # Pickled by name, so that it is still the one marker when it comes back.
        return "_missing"

    def __repr__(self) -> str:
        return "no value"


_missing = _Missing()


def _get_environ(obj: Any) -> Environ:
    """The WSGI environ itself, or that of a request."""
    environ = getattr(obj, "environ", obj)
    kind = type(environ).__name__
    assert isinstance(environ, dict), f"{kind!r} is not a WSGI environment (has to be a dict)"
    return environ


def _has_level_handler(logger: logging.Logger) -> bool:
    """Tell whether a record of the logger's own level would reach some handler."""
    level = logger.getEffectiveLevel()
    node: logging.Logger | None = logger
    while node is not None:
        if any(handler.level <= level for handler in node.handlers):
            return True
        node = node.parent if node.propagate else None
    return False


def _make_logger() -> logging.Logger:
    logger = logging.getLogger("werkzeug")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    if not _has_level_handler(logger):
        # Nobody configured logging: the lines of the development server should be seen all the same.
        logger.addHandler(logging.StreamHandler())
    return logger


def _log(type: str, message: str, *args: Any, **kwargs: Any) -> None:
    """Log to the ``werkzeug`` logger, which is set up by the first message. ``type`` is a level's name."""
    global _logger
    if _logger is None:
        _logger = _make_logger()
    getattr(_logger, type)(message.rstrip(), *args, **kwargs)


class _ArgumentParser:
    """Sorts call arguments into what a function takes, what it lacks and what it has no use for."""

    def __init__(self, func: Callable[..., Any]) -> None:
        spec = inspect.getfullargspec(func)
        defaults = spec.defaults or ()
        first_default = len(spec.args) - len(defaults)
        self.vararg_var = spec.varargs
        self.kwarg_var = spec.varkw
        #: Of each parameter: its name, whether it has a default, the default.
        self.arguments = tuple(
            (name, i >= first_default, defaults[i - first_default] if i >= first_default else None)
            for i, name in enumerate(spec.args)
        )

    def __call__(self, args: Any, kwargs: dict[str, Any]) -> tuple[Any, ...]:
        taken: list[Any] = []
        missing: list[str] = []
        extra: dict[str, Any] = {}
        for i, (name, has_default, default) in enumerate(self.arguments):
            if i < len(args):
                taken.append(args[i])
                if name in kwargs:
                    extra[name] = kwargs.pop(name)
            elif name in kwargs or has_default:
                taken.append(kwargs.pop(name, default))
            else:
                missing.append(name)
        surplus = args[len(self.arguments) :]
        if self.vararg_var is not None:
            taken.extend(surplus)
            surplus = ()
        if self.kwarg_var is None:
            extra, kwargs = extra | kwargs, {}
        return taken, kwargs, missing, extra, surplus, self.arguments, self.vararg_var, self.kwarg_var


def _parse_signature(func: Callable[..., Any]) -> Callable[..., Any]:
    """The parser for calls of ``func``; made once for each function."""
    parser = _signature_cache.get(func)
    if parser is None:
        parser = _signature_cache[func] = _ArgumentParser(func)
    return parser


def _date_to_unix(arg: Any) -> int:
    """Seconds since 1970 of a time tuple, a number or a datetime, taken as UTC."""
    if isinstance(arg, int | float):
        return int(arg)
    if isinstance(arg, datetime):
        arg = arg.utctimetuple()
    year, month, day, hours, minutes, seconds = arg[:6]
    days = date(year, month, 1).toordinal() - _EPOCH_DAY + day - 1
    return int(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _encoding_by_zeros(head: bytes) -> str:
    """The UTF codec of text without a byte order mark, of whose first four bytes at least one is zero."""
    zeros = "".join("x" if byte else "0" for byte in head)
    if len(zeros) == 2:
        return "utf-16-be" if zeros[0] == "0" else "utf-16-le"
    for codec, pattern in (("32-be", "000."), ("16-be", "0.0."), ("32-le", ".000"), ("16-le", ".0.0")):
        if re.fullmatch(pattern, zeros):
            return f"utf-{codec}"
    return "utf-8"


class _DictAccessorProperty:
    """An attribute that lives in a mapping: the base of ``environ_property`` and ``header_property``."""

    read_only = False

    def __init__(
        self,
        name: str,
        default: Any = None,
        load_func: Callable[[Any], Any] | None = None,
        dump_func: Callable[[Any], Any] | None = None,
        read_only: bool | None = None,
        doc: str | None = None,
    ) -> None:
        self.name, self.default = name, default
        self.load_func, self.dump_func = load_func, dump_func
        self.__doc__ = doc
        if read_only is not None:
            self.read_only = read_only

    def lookup(self, obj: Any) -> Any:
        """The mapping that holds the value; the subclasses say which."""
        raise NotImplementedError

    def __get__(self, obj: Any, type: Any = None) -> Any:
        if obj is None:
            return self
        mapping = self.lookup(obj)
        if self.name not in mapping:
            return self.default
        value = mapping[self.name]
        if self.load_func is None:
            return value
        try:
            return self.load_func(value)
        except (ValueError, TypeError):
            # What a client sent need not make sense: then it is as if it had sent nothing.
            return self.default

    def __set__(self, obj: Any, value: Any) -> None:
        self._check_writable()
        self.lookup(obj)[self.name] = value if self.dump_func is None else self.dump_func(value)

    def __delete__(self, obj: Any) -> None:
        self._check_writable()
        self.lookup(obj).pop(self.name, None)

    def _check_writable(self) -> None:
        if self.read_only:
            raise AttributeError("read only property")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def _encode_idna(domain: str | bytes) -> bytes:
    """A host name as it goes over the wire.

    Raises:
        UnicodeError: no valid host name.
    """
    if isinstance(domain, bytes):
        domain.decode("ascii")
        return domain
    if domain.isascii():
        return domain.encode()
    return b".".join(label.encode("idna") for label in domain.split("."))


def _decode_label(label: bytes) -> str:
    try:
        return label.decode("idna")
    except UnicodeError:
        return label.decode("ascii", "ignore")


def _decode_idna(domain: str | bytes) -> str:
    """A host name as people read it; labels that cannot be decoded stay as they are."""
    if isinstance(domain, str):
        if not domain.isascii():
            return domain
        domain = domain.encode()
    return ".".join(_decode_label(label) for label in domain.split(b"."))


def _split_port(host: str) -> tuple[str, str]:
    """A host's name and its port, which may be empty. The colons of an IPv6 address stand in brackets."""
    if ":" not in host or host.endswith("]"):
        return host, ""
    name, _, port = host.rpartition(":")
    return name, port


def _make_cookie_domain(domain: str | None) -> bytes | None:
    """The value of a cookie's ``Domain`` for a host name, without its port."""
    if domain is None:
        return None
    host = _encode_idna(domain).partition(b":")[0]
    if b"." not in host:
        raise ValueError(
            f"A cookie's 'domain' needs a dot, and {domain!r} has none: browsers ignore such a cookie. Put a"
            " name with dots, like 'dev.localhost', into the hosts file, run the server on it and use that."
        )
    return host


_ABOUT_PAGE = """\
<!DOCTYPE html>
<title>About Werkzeug</title>
<h1><a href="https://werkzeug.palletsprojects.com/">Werkzeug</a></h1>
<p>the Swiss Army knife of Python web development.</p>
"""


def _easteregg(app: WSGIApp | None = None) -> WSGIApp:
    """Wrap an application so that ``?macgybarchakku`` tells what it runs on."""

    def easteregged(environ: Environ, start_response: StartResponse) -> Any:
        def injecting_start_response(status: str, headers: list[Any], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Powered-By", "Werkzeug")], exc_info)

        if app is not None and environ.get("QUERY_STRING") != "macgybarchakku":
            return app(environ, injecting_start_response)
        injecting_start_response("200 OK", [("Content-Type", "text/html")])
        return [_ABOUT_PAGE.encode("latin1")]

    return easteregged
