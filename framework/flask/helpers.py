"""What views use on the way: ``url_for``, ``flash``, ``send_file``; and what Flask and Blueprint share.

Place in the pipeline: views call the functions here; ``Flask.__init__`` comes here first, through
:class:`_PackageBoundObject`, to learn in which folder the application lives.
"""

import importlib.util
import os
import posixpath
import socket
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import update_wrapper
from threading import RLock
from typing import IO, Any

from jinja2 import FileSystemLoader

from flasktrace.framework.werkzeug.datastructures import Headers
from flasktrace.framework.werkzeug.exceptions import BadRequest, NotFound
from flasktrace.framework.werkzeug.routing import BuildError
from flasktrace.framework.werkzeug.urls import url_quote
from flasktrace.framework.werkzeug.wsgi import wrap_file

from ._packages import folder_of_module, folder_of_spec, split_prefix
from ._sending import (
    FileToSend,
    attachment_names,
    infer_mimetype,
    meet_conditions,
    set_file_etag,
    set_lifetime,
)
from .globals import _app_ctx_stack, _request_ctx_stack, current_app, request, session
from .signals import message_flashed

_missing: Any = object()

# Separators other than "/": they must not smuggle a path into a file name.
_os_alt_seps = [sep for sep in (os.path.sep, os.path.altsep) if sep and sep != "/"]


def get_env() -> str:
    """Give the environment that the application runs in, from ``FLASK_ENV``."""
    return os.environ.get("FLASK_ENV") or "production"


def get_debug_flag() -> bool:
    """Tell whether debug mode is on, from ``FLASK_DEBUG``, else from ``FLASK_ENV``."""
    flag = os.environ.get("FLASK_DEBUG")
    return flag.lower() not in ("0", "false", "no") if flag else get_env() == "development"


def get_load_dotenv(default: bool = True) -> bool:
    """Tell whether dotenv files are read, from ``FLASK_SKIP_DOTENV``."""
    skip = os.environ.get("FLASK_SKIP_DOTENV")
    return skip.lower() in ("0", "false", "no") if skip else default


def _endpoint_from_view_func(view_func: Callable[..., Any] | None) -> str:
    assert view_func is not None, "expected view func if endpoint is not provided."
    return view_func.__name__


def stream_with_context(generator_or_function: Any) -> Any:
    """Keep the request context while a generator runs that the server reads after the view returned.

    Args:
        generator_or_function: a generator, or (as a decorator) a function that gives one.
    """
    try:
        gen = iter(generator_or_function)
    except TypeError:

        def decorator(*args: Any, **kwargs: Any) -> Any:
            return stream_with_context(generator_or_function(*args, **kwargs))

        return update_wrapper(decorator, generator_or_function)

    def generator() -> Iterator[Any]:
        ctx = _request_ctx_stack.top
        if ctx is None:
            raise RuntimeError(
                "Attempted to stream with context but there was no context in the first place to keep around."
            )
        with ctx:
            # The first item is taken below, at once: from here on the context has been pushed again.
            yield None
            try:
                yield from gen
            finally:
                if hasattr(gen, "close"):
                    gen.close()

    wrapped = generator()
    next(wrapped)
    return wrapped


def make_response(*args: Any) -> Any:
    """Turn what a view may return into a response, to change it before returning it."""
    if not args:
        return current_app.response_class()
    return current_app.make_response(args[0] if len(args) == 1 else args)


def url_for(endpoint: str, **values: Any) -> Any:
    """Build the URL of an endpoint.

    Args:
        endpoint: its name; with a leading dot, one of the blueprint that handles this request.
        values: for the parts of the rule that vary; the others go into the query string. Names that
            begin with ``_`` are options: ``_external``, ``_scheme``, ``_anchor`` and ``_method``.

    Raises:
        RuntimeError: there is no application context, or no ``SERVER_NAME`` outside of a request.
        BuildError: no rule fits, and no ``url_build_error_handlers`` function knew better.
    """
    appctx, reqctx = _app_ctx_stack.top, _request_ctx_stack.top
    if appctx is None:
        raise RuntimeError(
            "Attempted to generate a URL without the application context being pushed. This has to be"
            " executed when application context is available."
        )
    if reqctx is not None:
        adapter, external = reqctx.url_adapter, values.pop("_external", False)
        current_blueprint = request.blueprint
        if endpoint.startswith("."):
            endpoint = endpoint[1:] if current_blueprint is None else current_blueprint + endpoint
    else:
        adapter, external = appctx.url_adapter, values.pop("_external", True)
        if adapter is None:
            raise RuntimeError(
                "Application was not able to create a URL adapter for request independent URL generation."
                " You might be able to fix this by setting the SERVER_NAME config variable."
            )

    anchor, method, scheme = (values.pop(name, None) for name in ("_anchor", "_method", "_scheme"))
    appctx.app.inject_url_defaults(endpoint, values)
    if scheme is not None and not external:
        raise ValueError("When specifying _scheme, _external must be True")
    usual_scheme = adapter.url_scheme
    try:
        adapter.url_scheme = usual_scheme if scheme is None else scheme
        try:
            url = adapter.build(endpoint, values, method=method, force_external=external)
        finally:
            adapter.url_scheme = usual_scheme
    except BuildError as problem:
        # The handlers get to see the options too.
        values.update(_external=external, _anchor=anchor, _method=method, _scheme=scheme)
        return appctx.app.handle_url_build_error(problem, endpoint, values)
    return url if anchor is None else f"{url}#{url_quote(anchor)}"


def get_template_attribute(template_name: str, attribute: str) -> Any:
    """Give a macro or variable of a template, to call it from Python."""
    return getattr(current_app.jinja_env.get_template(template_name).module, attribute)


def flash(message: Any, category: str = "message") -> None:
    """Keep a message in the session, for the next page that shows messages."""
    # A new value is set, as the session does not see changes inside a list.
    flashes = session.get("_flashes", [])
    flashes.append((category, message))
    session["_flashes"] = flashes
    app = current_app._get_current_object()
    message_flashed.send(app, message=message, category=category)


def get_flashed_messages(with_categories: bool = False, category_filter: Iterable[str] = ()) -> list[Any]:
    """Take the flashed messages out of the session; again in the same request gives the same ones.

    Args:
        with_categories: give (category, message) instead of the message.
        category_filter: only messages of these categories.
    """
    flashes = _request_ctx_stack.top.flashes
    if flashes is None:
        flashes = session.pop("_flashes") if "_flashes" in session else []
        _request_ctx_stack.top.flashes = flashes
    if category_filter:
        flashes = [pair for pair in flashes if pair[0] in category_filter]
    return flashes if with_categories else [pair[1] for pair in flashes]


def send_file(
    filename_or_fp: Any,
    mimetype: str | None = None,
    as_attachment: bool = False,
    attachment_filename: Any = None,
    add_etags: bool = True,
    cache_timeout: float | None = None,
    conditional: bool = False,
    last_modified: Any = None,
) -> Any:
    """Make a response of a file. Never pass a name that came from a visitor: see send_from_directory.

    Args:
        filename_or_fp: a path, relative to the application's folder, or an open binary file.
        mimetype: else guessed from the name; ValueError when there is none.
        as_attachment: have the browser save it, as ``attachment_filename``; TypeError without a name.
        add_etags: let browsers ask whether the file changed.
        cache_timeout: how long browsers may keep it, in seconds; else ``SEND_FILE_MAX_AGE_DEFAULT``.
        conditional: answer 304, or parts of the file (206), when the request asks for that.
        last_modified: when it changed; else the file's own time.
    """
    sent = FileToSend.of(filename_or_fp)
    if sent.path is not None:
        if not os.path.isabs(sent.path):
            sent.path = os.path.join(current_app.root_path, sent.path)
        if attachment_filename is None:
            attachment_filename = os.path.basename(sent.path)
    if mimetype is None:
        mimetype = infer_mimetype(attachment_filename)

    headers = Headers()
    if as_attachment:
        names = attachment_names(attachment_filename, url_quote)
        headers.add("Content-Disposition", "attachment", **names)
    data = None
    if current_app.use_x_sendfile and sent.path:
        # The web server in front reads the file itself.
        headers["X-Sendfile"] = sent.path
        headers["Content-Length"] = sent.use_size_only()
    else:
        size = sent.open()
        if size is not None:
            headers["Content-Length"] = size
        data = wrap_file(request.environ, sent.file)

    response = current_app.response_class(data, mimetype=mimetype, headers=headers, direct_passthrough=True)
    changed_at = sent.mtime_s if last_modified is None else last_modified
    if changed_at is not None:
        response.last_modified = changed_at
    response.cache_control.public = True
    if cache_timeout is None:
        cache_timeout = current_app.get_send_file_max_age(sent.path)
    set_lifetime(response, cache_timeout)
    if add_etags and sent.path is not None:
        set_file_etag(response, sent.path)
    return meet_conditions(response, request, sent) if conditional else response


def safe_join(directory: str, *pathnames: str) -> str:
    """Join paths of which only ``directory`` is trusted.

    Raises:
        NotFound: the result would lie outside of ``directory``.
    """
    parts = [directory]
    for untrusted in pathnames:
        if untrusted != "":
            untrusted = posixpath.normpath(untrusted)
        if (
            any(sep in untrusted for sep in _os_alt_seps)
            or untrusted.startswith(("../", "/"))
            or untrusted == ".."
            or os.path.isabs(untrusted)
        ):
            raise NotFound()
        parts.append(untrusted)
    return posixpath.join(*parts)


def send_from_directory(directory: Any, filename: Any, **options: Any) -> Any:
    """Send a file whose name came from a visitor, if it lies in ``directory``.

    Raises:
        NotFound: there is no such file there.
        BadRequest: the name cannot be a file's.
    """
    path = safe_join(os.fspath(directory), os.fspath(filename))
    if not os.path.isabs(path):
        path = os.path.join(current_app.root_path, path)
    try:
        if not os.path.isfile(path):
            raise NotFound()
    except (TypeError, ValueError):
        raise BadRequest() from None
    return send_file(path, **{"conditional": True, **options})


def get_root_path(import_name: str) -> str:
    """Give the folder that a module or package lies in; the current folder when it has none.

    Raises:
        RuntimeError: the module exists, but nothing tells where (a namespace package).
    """
    return folder_of_module(import_name)


def _find_package_path(root_mod_name: str) -> str:
    """Give the folder from which the package ``root_mod_name`` is imported."""
    try:
        spec = importlib.util.find_spec(root_mod_name)
    except (ImportError, ValueError):
        spec = None
    return os.getcwd() if spec is None else folder_of_spec(spec)


def find_package(import_name: str) -> tuple[str | None, str]:
    """Tell where a package is installed: the prefix (None when it is not), and the folder it is in."""
    package_path = _find_package_path(import_name.partition(".")[0])
    return split_prefix(package_path), package_path


class locked_cached_property:
    """A property whose function runs once per object, even if several threads ask at the same time."""

    def __init__(self, func: Callable[[Any], Any], name: str | None = None, doc: str | None = None) -> None:
        self.func, self.lock = func, RLock()
        self.__name__ = name or func.__name__
        self.__doc__ = doc or func.__doc__
        self.__module__ = func.__module__

    def __get__(self, obj: Any, type: type | None = None) -> Any:
        if obj is None:
            return self
        with self.lock:
            stored = obj.__dict__
            if self.__name__ not in stored:
                stored[self.__name__] = self.func(obj)
            return stored[self.__name__]


class _PackageBoundObject:
    """What an application and a blueprint share: a folder, with static files, templates and commands."""

    #: The name of the module or package it belongs to.
    import_name: str = None  # type: ignore[assignment]
    #: The templates' folder, relative to the root path; None for none.
    template_folder: str | None = None
    #: The folder of the module or package.
    root_path: str = None  # type: ignore[assignment]

    def __init__(
        self, import_name: str, template_folder: str | None = None, root_path: str | None = None
    ) -> None:
        self.import_name, self.template_folder = import_name, template_folder
        self.root_path = get_root_path(import_name) if root_path is None else root_path
        self._static_folder: str | None = None
        self._static_url_path: str | None = None

        from .cli import AppGroup

        self.cli: Any = AppGroup()

    @property
    def static_folder(self) -> str | None:
        """The absolute path of the static files' folder."""
        if self._static_folder is None:
            return None
        return os.path.join(self.root_path, self._static_folder)

    @static_folder.setter
    def static_folder(self, value: Any) -> None:
        self._static_folder = None if value is None else os.fspath(value).rstrip("\\/")

    @property
    def static_url_path(self) -> str | None:
        """The URL prefix of the static files; by default the folder's name."""
        if self._static_url_path is not None:
            return self._static_url_path
        if self.static_folder is None:
            return None
        return f"/{os.path.basename(self.static_folder)}".rstrip("/")

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = None if value is None else value.rstrip("/")

    @property
    def has_static_folder(self) -> bool:
        """Whether a static folder is set; it need not exist."""
        return self.static_folder is not None

    @locked_cached_property
    def jinja_loader(self) -> Any:
        """The loader of this object's own templates."""
        if self.template_folder is None:
            return None
        return FileSystemLoader(os.path.join(self.root_path, self.template_folder))

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Tell how long browsers may keep a file, in seconds. Override it to decide file by file."""
        return total_seconds(current_app.send_file_max_age_default)

    def send_static_file(self, filename: str) -> Any:
        """The view behind the static files' rule.

        Raises:
            RuntimeError: there is no static folder.
        """
        if not self.has_static_folder:
            raise RuntimeError("No static folder for this object")
        # Asked here, not in send_file, so that a blueprint's own answer counts.
        max_age_s = self.get_send_file_max_age(filename)
        return send_from_directory(self.static_folder, filename, cache_timeout=max_age_s)

    def open_resource(self, resource: str, mode: str = "rb") -> IO[Any]:
        """Open a file of the application's folder for reading.

        Raises:
            ValueError: ``mode`` is not for reading.
        """
        if mode not in ("rb", "r", "rt"):
            raise ValueError("Resources can only be opened for reading")
        return open(os.path.join(self.root_path, resource), mode)


def total_seconds(td: timedelta) -> int:
    """Give a duration in whole seconds."""
    return td.days * 86_400 + td.seconds


def is_ip(value: str) -> bool:
    """Tell whether ``value`` is an IP address (version 4 or 6) rather than a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, value)
        except OSError:
            continue
        return True
    return False
