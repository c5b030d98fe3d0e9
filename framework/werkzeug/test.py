"""Calls WSGI applications without a server: made-up environs and a client with cookies.

Place in the pipeline: ``app.test_client()`` gives Flask's subclass of :class:`Client`. Its ``open`` makes an
environ with an :class:`EnvironBuilder` and calls the application with :func:`run_wsgi_app`; everything from
``Flask.__call__`` on is the same as behind a server.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from http.cookiejar import CookieJar
from io import BytesIO
from itertools import chain
from random import random
from tempfile import TemporaryFile
from time import time
from typing import Any, Self, cast
from urllib.request import Request as _CookieRequest

from ._internal import _get_environ
from ._multipart import chunks, file_headers
from ._testing import as_bytes, check_redirect_host, split_query
from ._text import text_to_wsgi
from .datastructures import CallbackDict, CombinedMultiDict, EnvironHeaders, FileMultiDict, Headers, MultiDict
from .http import dump_cookie, dump_options_header, parse_options_header
from .urls import iri_to_uri, url_encode, url_fix, url_parse, url_unparse, url_unquote
from .utils import get_content_type
from .wrappers import BaseRequest
from .wsgi import ClosingIterator, get_current_url

Environ = dict[str, Any]
WSGIApp = Callable[..., Iterable[bytes]]
#: Which entry of an environ each argument of an EnvironBuilder comes from.
_environ_arguments = {
    "path": "PATH_INFO",
    "query_string": "QUERY_STRING",
    "method": "REQUEST_METHOD",
    "input_stream": "wsgi.input",
    "errors_stream": "wsgi.errors",
    "multithread": "wsgi.multithread",
    "multiprocess": "wsgi.multiprocess",
    "run_once": "wsgi.run_once",
}
#: What an application answers: the body, the status line and the headers.
AppAnswer = tuple[Iterable[bytes], str, Headers]


def stream_encode_multipart(
    values: Any,
    use_tempfile: bool = True,
    threshold: int = 500 * 1024,
    boundary: str | None = None,
    charset: str = "utf-8",
) -> tuple[Any, int, str]:
    """Encode fields and files as ``multipart/form-data``.

    Args:
        threshold: bytes above which a temporary file is used, if ``use_tempfile``.

    Returns:
        the stream, its length in bytes, and the boundary.
    """
    if boundary is None:
        boundary = f"---------------WerkzeugFormPart_{time()}{random()}"
    stream: Any = BytesIO()
    on_disk = not use_tempfile

    def write_binary(data: bytes) -> None:
        nonlocal stream, on_disk
        if not on_disk and stream.tell() + len(data) > threshold:
            in_memory, stream, on_disk = stream, TemporaryFile("wb+"), True  # noqa: SIM115 - the result
            stream.write(in_memory.getvalue())
        stream.write(data)

    if not use_tempfile:
        write_binary = stream.write

    def write(text: str) -> None:
        write_binary(text.encode(charset))

    fields = values if isinstance(values, MultiDict) else MultiDict(values)
    for name, value in fields.items(multi=True):
        write(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"')
        if hasattr(value, "read"):
            for header in file_headers(value):
                write(header)
            for chunk in chunks(value):
                write_binary(chunk)
        else:
            write("\r\n\r\n")
            write_binary(str(value).encode(charset))
        write("\r\n")
    write(f"--{boundary}--\r\n")
    length = stream.tell()
    stream.seek(0)
    return stream, length, boundary


def encode_multipart(values: Any, boundary: str | None = None, charset: str = "utf-8") -> tuple[str, bytes]:
    """Like :func:`stream_encode_multipart`, giving the boundary and the bytes."""
    stream, _, used = stream_encode_multipart(values, False, boundary=boundary, charset=charset)
    return used, stream.read()


class _TestCookieHeaders:
    """Headers as the cookie jar wants to ask for them."""

    def __init__(self, headers: Iterable[tuple[str, str]]) -> None:
        self.headers = headers

    def getheaders(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def get_all(self, name: str, default: Any = None) -> Any:
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted] or default or []


class _TestCookieResponse:
    """A response as the cookie jar wants to see it."""

    def __init__(self, headers: Iterable[tuple[str, str]]) -> None:
        self.headers = _TestCookieHeaders(headers)

    def info(self) -> _TestCookieHeaders:
        return self.headers


class _TestCookieJar(CookieJar):
    """The standard library's cookie jar between an environ and the headers of an answer."""

    def inject_wsgi(self, environ: Environ) -> None:
        """Send all cookies, whatever their domain and path."""
        pairs = [f"{cookie.name}={cookie.value}" for cookie in self]
        if pairs:
            environ["HTTP_COOKIE"] = "; ".join(pairs)
        else:
            environ.pop("HTTP_COOKIE", None)

    def extract_wsgi(self, environ: Environ, headers: Iterable[tuple[str, str]]) -> None:
        """Keep the cookies that an answer sets."""
        response = cast(Any, _TestCookieResponse(headers))
        self.extract_cookies(response, _CookieRequest(get_current_url(environ)))


def _iter_data(data: Any) -> Iterator[tuple[str, Any]]:
    """Key and value of each form field; a list in a plain dict is several values."""
    is_multi = isinstance(data, MultiDict)
    for key, value in data.lists() if is_multi else data.items():
        if is_multi or isinstance(value, list):
            for single in value:
                yield key, single
        else:
            yield key, value


class EnvironBuilder:
    """Makes WSGI environs for tests.

    Args:
        path: of the request, with the query string if ``query_string`` is not given.
        base_url: the application's URL.
        query_string: text, or a dict.
        method: the HTTP method.
        input_stream: the body as a stream; not together with ``data``.
        content_type, mimetype: of the body; the second gets a charset where one belongs.
        content_length: of the body in bytes, if not found out.
        errors_stream: where the application's errors go; stderr by default.
        multithread, multiprocess, run_once: what the environ says about the server.
        headers: a list, a dict or :class:`Headers`.
        data: the body: text, bytes, a file, or a dict of form fields. A value that is a file, or a
            tuple ``(file, name, type)``, makes it a form with uploads.
        environ_base, environ_overrides: entries beneath and above all others.
        charset: of the form and the URL.
        json: a value for a JSON body; not together with ``data``.

    Raises:
        ValueError: the query string in two places.
        TypeError: the body in two places.
    """

    server_protocol = "HTTP/1.1"
    wsgi_version = (1, 0)
    request_class: Any = BaseRequest
    #: Writes the JSON body; Flask's subclass uses the app's encoder.
    json_dumps = staticmethod(json.dumps)

    _input_stream: Any
    _form: Any
    _files: Any
    _args: Any
    _query_string: Any

    def __init__(
        self,
        path: str = "/",
        base_url: str | None = None,
        query_string: Any = None,
        method: str = "GET",
        input_stream: Any = None,
        content_type: str | None = None,
        content_length: int | None = None,
        errors_stream: Any = None,
        multithread: bool = False,
        multiprocess: bool = False,
        run_once: bool = False,
        headers: Any = None,
        data: Any = None,
        environ_base: Mapping[str, Any] | None = None,
        environ_overrides: Mapping[str, Any] | None = None,
        charset: str = "utf-8",
        mimetype: str | None = None,
        json: Any = None,
    ) -> None:
        self.charset, self.method = charset, method
        path, query = split_query(path, query_string)
        self.path = iri_to_uri(path)
        self.base_url = base_url if base_url is None else url_fix(iri_to_uri(base_url, charset), charset)
        if isinstance(query, str | bytes):
            self.query_string = query
        else:
            self.args = query if isinstance(query, MultiDict) else MultiDict(query or ())
        self.headers: Headers = headers if isinstance(headers, Headers) else Headers(headers)
        if content_type is not None:
            self.content_type = content_type
        self.errors_stream = sys.stderr if errors_stream is None else errors_stream
        self.multithread, self.multiprocess, self.run_once = multithread, multiprocess, run_once
        self.environ_base, self.environ_overrides = environ_base, environ_overrides
        self.closed = False
        self.input_stream = input_stream
        self.content_length = content_length

        if json is not None and data is not None:
            raise TypeError("can't provide both json and data")
        if json is not None:
            data = self.json_dumps(json)
            self.content_type = self.content_type or "application/json"
        if data and input_stream is not None:
            raise TypeError("can't provide input stream and data")
        body = as_bytes(data, charset) if data else None
        if body is None:
            for key, value in _iter_data(data) if data else ():
                is_file = isinstance(value, tuple | dict) or hasattr(value, "read")
                if is_file:
                    self._add_file_from_data(key, value)
                else:
                    self.form.setlistdefault(key).append(value)
        else:
            self.input_stream = BytesIO(body)
            self.content_length = len(body) if self.content_length is None else self.content_length
        if mimetype is not None:
            self.mimetype = mimetype

    @classmethod
    def from_environ(cls, environ: Environ, **kwargs: Any) -> Self:
        """The builder that would make ``environ``; ``kwargs`` say what should be different."""
        headers = Headers(list(EnvironHeaders(environ)))
        host = headers.pop("Host")
        found = {argument: environ[name] for argument, name in _environ_arguments.items()}
        found["base_url"] = cls._make_base_url(environ["wsgi.url_scheme"], host, environ["SCRIPT_NAME"])
        for name in "Content-Type", "Content-Length":
            found[name.lower().replace("-", "_")] = headers.pop(name, None)
        found["headers"] = headers
        return cls(**{**found, **kwargs})

    def _add_file_from_data(self, key: str, value: Any) -> None:
        arguments = value if isinstance(value, tuple) else (value,)
        self.files.add_file(key, *arguments)

    @staticmethod
    def _make_base_url(scheme: str, host: str, script_root: str) -> str:
        return f"{url_unparse((scheme, host, script_root, '', '')).rstrip('/')}/"

    @property
    def base_url(self) -> str:
        """The application's URL, made of ``url_scheme``, ``host`` and ``script_root``."""
        return self._make_base_url(self.url_scheme, self.host, self.script_root)

    @base_url.setter
    def base_url(self, value: str | None) -> None:
        parts = url_parse("http://localhost" if value is None else value)
        if parts.query or parts.fragment:
            raise ValueError("base url must not contain a query string or fragment")
        self.url_scheme: str = parts.scheme
        self.host: str = parts.netloc
        self.script_root: str = parts.path.rstrip("/")

    @property
    def content_type(self) -> str | None:
        """The body's type: what was set, else what the form's contents ask for."""
        found: str | None = self.headers.get("Content-Type")
        if found is not None or self._input_stream:
            return found
        if self._files:
            return "multipart/form-data"
        return "application/x-www-form-urlencoded" if self._form else None

    @content_type.setter
    def content_type(self, value: str | None) -> None:
        if value is not None:
            self.headers["Content-Type"] = value
            return
        self.headers.pop("Content-Type", None)

    @property
    def mimetype(self) -> str | None:
        """The body's type without parameters."""
        content_type = self.content_type
        return content_type.partition(";")[0].strip() if content_type else None

    @mimetype.setter
    def mimetype(self, value: str) -> None:
        self.content_type = get_content_type(value, self.charset)

    @property
    def mimetype_params(self) -> Any:
        """The parameters of the body's type; changes to them show in the header."""

        def on_update(params: Any) -> None:
            self.headers["Content-Type"] = dump_options_header(self.mimetype, params)

        return CallbackDict(parse_options_header(self.headers.get("content-type", ""))[1], on_update)

    @property
    def content_length(self) -> int | None:
        """The body's size in bytes as stated in the header."""
        stated: int | None = self.headers.get("Content-Length", type=int)
        return stated

    @content_length.setter
    def content_length(self, value: int | str | None) -> None:
        if value is None:
            self.headers.pop("Content-Length", None)
        else:
            self.headers["Content-Length"] = str(value)

    def _get_form(self, name: str, storage: Callable[[], Any]) -> Any:
        if self.input_stream is not None:
            raise AttributeError("an input stream is defined")
        if getattr(self, name) is None:
            setattr(self, name, storage())
        return getattr(self, name)

    def _set_form(self, name: str, value: Any) -> None:
        self._input_stream = None
        setattr(self, name, value)

    @property
    def form(self) -> Any:
        """The form's fields, a MultiDict; an error once there is an input stream."""
        return self._get_form("_form", MultiDict)

    @form.setter
    def form(self, value: Any) -> None:
        self._set_form("_form", value)

    @property
    def files(self) -> Any:
        """The uploads, a FileMultiDict; an error once there is an input stream."""
        return self._get_form("_files", FileMultiDict)

    @files.setter
    def files(self, value: Any) -> None:
        self._set_form("_files", value)

    @property
    def input_stream(self) -> Any:
        """The body as a stream; setting it drops form and files."""
        return self._input_stream

    @input_stream.setter
    def input_stream(self, value: Any) -> None:
        self._input_stream = value
        self._form = self._files = None

    @property
    def query_string(self) -> Any:
        """The query string, made of ``args`` unless it was set itself."""
        if self._query_string is not None:
            return self._query_string
        return "" if self._args is None else url_encode(self._args, charset=self.charset)

    @query_string.setter
    def query_string(self, value: Any) -> None:
        self._query_string = value
        self._args = None

    @property
    def args(self) -> Any:
        """The query string as a MultiDict; an error once it was set as text."""
        if self._query_string is not None:
            raise AttributeError("a query string is defined")
        self._args = MultiDict() if self._args is None else self._args
        return self._args

    @args.setter
    def args(self, value: Any) -> None:
        self._args, self._query_string = value, None

    @property
    def server_name(self) -> str:
        """The host without the port."""
        return self.host.partition(":")[0]

    @property
    def server_port(self) -> int:
        """The host's port, else the usual one of the scheme."""
        port = self.host.partition(":")[2]
        if port.isdigit():
            return int(port)
        return 443 if self.url_scheme == "https" else 80

    def __del__(self) -> None:
        # A builder whose making failed half way has nothing to close.
        with suppress(Exception):
            self.close()

    def close(self) -> None:
        """Close all files of the form."""
        if self.closed:
            return
        # With an input stream there are no files.
        with suppress(AttributeError):
            for file in list(self.files.values()):
                with suppress(Exception):
                    file.close()
        self.closed = True

    def get_environ(self) -> Environ:
        """The environ, with the body as a stream."""
        stream, length = self.input_stream, self.content_length
        mimetype, content_type = self.mimetype, self.content_type
        if stream is not None:
            here = stream.tell()
            stream.seek(0, 2)
            length = stream.tell() - here
            stream.seek(here)
        elif mimetype == "multipart/form-data":
            fields = CombinedMultiDict([self.form, self.files])
            stream, length, boundary = stream_encode_multipart(fields, charset=self.charset)
            content_type = f'{mimetype}; boundary="{boundary}"'
        elif mimetype == "application/x-www-form-urlencoded":
            body = url_encode(self.form, charset=self.charset).encode("ascii")
            stream, length = BytesIO(body), len(body)

        def _path_encode(path: str) -> str:
            return text_to_wsgi(url_unquote(path, self.charset), self.charset)

        raw_path, query_string = text_to_wsgi(self.path), text_to_wsgi(self.query_string)
        environ: Environ = {
            **(self.environ_base or {}),
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": _path_encode(self.script_root),
            "PATH_INFO": _path_encode(self.path),
            "QUERY_STRING": query_string,
            # Non-standard, but real servers tell the path as it was sent.
            "REQUEST_URI": raw_path,
            "RAW_URI": raw_path,
            "SERVER_PROTOCOL": self.server_protocol,
            "SERVER_NAME": self.server_name,
            "SERVER_PORT": str(self.server_port),
            "HTTP_HOST": self.host,
            "wsgi.input": BytesIO() if stream is None else stream,
            "wsgi.errors": self.errors_stream,
            "wsgi.url_scheme": self.url_scheme,
            "wsgi.version": self.wsgi_version,
        }
        for flag in "multithread", "multiprocess", "run_once":
            environ[f"wsgi.{flag}"] = getattr(self, flag)
        headers = self.headers.copy()
        for name, value in (("Content-Type", content_type), ("Content-Length", length)):
            if value is not None:
                environ[name.upper().replace("-", "_")] = str(value)
                headers.set(name, value)
        for name, value in headers.to_wsgi_list():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        environ.update(self.environ_overrides or {})
        return environ

    def get_request(self, cls: Any = None) -> Any:
        """A request object of the environ, of ``request_class`` by default."""
        return (self.request_class if cls is None else cls)(self.get_environ())


class ClientRedirectError(Exception):
    """Following redirects, the client came to one it had followed already."""


class Client:
    """Sends requests to a WSGI application, as a browser would to a server.

    Args:
        application: the application.
        response_wrapper: makes of body, status and headers what requests return; else it is the three.
        use_cookies: keep cookies between requests.
        allow_subdomain_redirects: follow redirects to subdomains too.
    """

    def __init__(
        self,
        application: WSGIApp,
        response_wrapper: Callable[..., Any] | None = None,
        use_cookies: bool = True,
        allow_subdomain_redirects: bool = False,
    ) -> None:
        self.application = application
        self.response_wrapper = response_wrapper
        self.cookie_jar = _TestCookieJar() if use_cookies else None
        self.allow_subdomain_redirects = allow_subdomain_redirects

    def set_cookie(
        self,
        server_name: str,
        key: str,
        value: str = "",
        max_age: Any = None,
        expires: Any = None,
        path: str = "/",
        domain: str | None = None,
        secure: Any = None,
        httponly: bool = False,
        samesite: str | None = None,
        charset: str = "utf-8",
    ) -> None:
        """Put a cookie into the jar, as if ``server_name`` had set it."""
        assert self.cookie_jar is not None, "cookies disabled"
        header = dump_cookie(
            key, value, max_age, expires, path, domain, secure, httponly, charset, samesite=samesite
        )
        environ = create_environ(path, base_url=f"http://{server_name}")
        self.cookie_jar.extract_wsgi(environ, [("Set-Cookie", header)])

    def delete_cookie(self, server_name: str, key: str, path: str = "/", domain: str | None = None) -> None:
        """Take a cookie out of the jar."""
        self.set_cookie(server_name, key, expires=0, max_age=0, path=path, domain=domain)

    def run_wsgi_app(self, environ: Environ, buffered: bool = False) -> AppAnswer:
        """Call the application, with the cookies."""
        jar = self.cookie_jar
        if jar is not None:
            jar.inject_wsgi(environ)
        answer = run_wsgi_app(self.application, environ, buffered=buffered)
        if jar is not None:
            jar.extract_wsgi(environ, answer[2])
        return answer

    def resolve_redirect(
        self, response: AppAnswer, new_location: str, environ: Environ, buffered: bool = False
    ) -> Any:
        """Make the request that a redirect asks for; gives its environ and answer.

        Raises:
            RuntimeError: it leads to another host, or to a subdomain that is not allowed.
        """
        target = url_parse(new_location)
        builder = EnvironBuilder.from_environ(environ, query_string=target.query)
        host = target.netloc.partition(":")[0]
        if host:
            check_redirect_host(
                host.split("."), builder.server_name.split("."), self.allow_subdomain_redirects
            )
            builder.url_scheme, builder.host = target.scheme, target.netloc

        root = builder.script_root.split("/")
        if target.path.split("/")[: len(root)] == root:
            builder.path = target.path[len(builder.script_root) :]
        else:
            # Out of the application; a real server would have another one there.
            builder.path, builder.script_root = target.path, ""

        if int(response[1].split(None, 1)[0]) not in {307, 308}:
            # All but these two become a GET, without a body.
            builder.method = "HEAD" if builder.method == "HEAD" else "GET"
            builder.input_stream = builder.content_type = builder.content_length = None
            builder.headers.pop("Transfer-Encoding", None)

        wrapper, self.response_wrapper = self.response_wrapper, None
        try:
            return self.open(builder, as_tuple=True, buffered=buffered)
        finally:
            self.response_wrapper = wrapper

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request; takes an EnvironBuilder, an environ, or the arguments of an EnvironBuilder.

        Args:
            as_tuple: return the environ too.
            buffered: run the application to its end, and close it, before returning.
            follow_redirects: go on until there is another answer than a redirect.

        Raises:
            ClientRedirectError: redirects in a circle.
        """
        as_tuple, buffered, follow = (
            kwargs.pop(name, False) for name in ("as_tuple", "buffered", "follow_redirects")
        )
        only = args[0] if len(args) == 1 and not kwargs else None
        if isinstance(only, EnvironBuilder):
            environ = only.get_environ()
        elif isinstance(only, dict):
            environ = only
        else:
            builder = EnvironBuilder(*args, **kwargs)
            try:
                environ = builder.get_environ()
            finally:
                builder.close()

        response: Any = self.run_wsgi_app(environ.copy(), buffered=buffered)
        followed: list[tuple[str, int]] = []
        while follow:
            status = int(response[1].split(None, 1)[0])
            if status not in {301, 302, 303, 305, 307, 308}:
                break
            if not buffered:
                # The application runs to its end, and is closed, before the next request.
                for _ in response[0]:
                    pass
            step = (response[2]["location"], status)
            if step in followed:
                raise ClientRedirectError("loop detected")
            followed.append(step)
            environ, response = self.resolve_redirect(response, step[0], environ, buffered=buffered)

        if self.response_wrapper is not None:
            response = self.response_wrapper(*response)
        return (environ, response) if as_tuple else response

    def get(self, *args: Any, **kw: Any) -> Any:
        """:meth:`open` with GET."""
        return self.open(*args, **{**kw, "method": "GET"})

    def patch(self, *args: Any, **kw: Any) -> Any:
        """:meth:`open` with PATCH."""
        return self.open(*args, **{**kw, "method": "PATCH"})

    def post(self, *args: Any, **kw: Any) -> Any:
        """:meth:`open` with POST."""
        return self.open(*args, **{**kw, "method": "POST"})

    def head(self, *args: Any, **kw: Any) -> Any:
        """:meth:`open` with HEAD."""
        return self.open(*args, **{**kw, "method": "HEAD"})

    def put(self, *args: Any, **kw: Any) -> Any:
        """:meth:`open` with PUT."""
        return self.open(*args, **{**kw, "method": "PUT"})

    def delete(self, *args: Any, **kw: Any) -> Any:
        """:meth:`open` with DELETE."""
        return self.open(*args, **{**kw, "method": "DELETE"})

    def options(self, *args: Any, **kw: Any) -> Any:
        """:meth:`open` with OPTIONS."""
        return self.open(*args, **{**kw, "method": "OPTIONS"})

    def trace(self, *args: Any, **kw: Any) -> Any:
        """:meth:`open` with TRACE."""
        return self.open(*args, **{**kw, "method": "TRACE"})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.application!r}>"


def create_environ(*args: Any, **kwargs: Any) -> Environ:
    """An environ, for the arguments of :class:`EnvironBuilder`."""
    builder = EnvironBuilder(*args, **kwargs)
    try:
        return builder.get_environ()
    finally:
        builder.close()


def run_wsgi_app(app: WSGIApp, environ: Environ, buffered: bool = False) -> AppAnswer:
    """Call an application and give its body, status and headers.

    Args:
        buffered: run it to its end and close it; else only until the status is known.
    """
    environ = _get_environ(environ)
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info is not None:
            raise exc_info[1].with_traceback(exc_info[2])
        started[:] = status, headers
        return written.append

    returned = app(environ, start_response)
    close = getattr(returned, "close", None)
    body: Iterable[bytes] = iter(returned)
    if buffered:
        try:
            body = list(body)
        finally:
            if close is not None:
                close()
    else:
        # A generator runs only when asked for something; ask until it has started the response.
        for chunk in body:
            written.append(chunk)
            if started:
                break
        if written:
            body = chain(written, body)
        if close is not None and body is not returned:
            body = ClosingIterator(body, close)
    return body, started[0], Headers(started[1])
