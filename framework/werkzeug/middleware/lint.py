"""Warns when the server or the application breaks the rules of WSGI or HTTP."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlparse
from warnings import warn

from .._internal import Environ, WSGIApp
from ..datastructures import Headers
from ..http import is_entity_header
from ..wsgi import FileWrapper

_REQUIRED_KEYS = ["REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT", "wsgi.version", "wsgi.input", "wsgi.errors"]
_REQUIRED_KEYS += ["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"]


class WSGIWarning(Warning):
    """A rule of WSGI is broken."""


class HTTPWarning(Warning):
    """A rule of HTTP is broken."""


# No functions of their own, so that the chain of calls is free of them.
_wsgi = partial(warn, category=WSGIWarning, stacklevel=2)
_http = partial(warn, category=HTTPWarning, stacklevel=2)


def check_string(context: str, obj: Any, stacklevel: int = 3) -> None:
    """Warn unless the object is exactly text; 1.0 asked for it in the body too, where bytes are due."""
    if type(obj) is not str:
        _wsgi(f"'{context}' requires strings, got '{type(obj).__name__}'", stacklevel=stacklevel)


class InputStream:
    """The request's body: warns of reads that might never end."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, *args: Any) -> Any:
        """Read a number of bytes."""
        if not args:
            _wsgi("'wsgi.input.read()' without a size may never return: the input need not have an end.")
        elif len(args) > 1:
            _wsgi("Too many parameters passed to 'wsgi.input.read()'.")
        return self._stream.read(*args)

    def readline(self, *args: Any) -> Any:
        """Read a line."""
        if len(args) > 1:
            raise TypeError("Too many arguments passed to 'wsgi.input.readline()'.")
        if args:
            _wsgi("'wsgi.input.readline()' with a size is no part of WSGI, though most servers know it.")
        else:
            _wsgi("'wsgi.input.readline()' without a size may never return. Use 'wsgi.input.read()'.")
        return self._stream.readline(*args)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(self._stream)
        except TypeError:
            _wsgi("'wsgi.input' is not iterable.")
            return iter(())

    def close(self) -> None:
        """Not for an application to do."""
        _wsgi("The application closed the input stream!")
        self._stream.close()


class ErrorStream:
    """``wsgi.errors``: warns of anything but text."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, s: str) -> None:
        """Write text."""
        check_string("wsgi.error.write()", s)
        self._stream.write(s)

    def writelines(self, seq: list[str]) -> None:
        """Write several texts."""
        for line in seq:
            self.write(line)

    def flush(self) -> None:
        """Write what is held back."""
        self._stream.flush()

    def close(self) -> None:
        """Not for an application to do."""
        _wsgi("The application closed the error stream!")
        self._stream.close()


class GuardedWrite:
    """The function that ``start_response`` returns: warns of anything but bytes."""

    def __init__(self, write: Callable[[bytes], Any], chunks: list[int]) -> None:
        self._write = write
        self._chunks = chunks

    def __call__(self, s: bytes) -> None:
        check_string("write()", s)
        self._write(s)
        self._chunks.append(len(s))


class GuardedIterator:
    """The response's body: warns when it does not fit its headers."""

    def __init__(self, iterator: Any, headers_set: list[Any], chunks: list[int]) -> None:
        self._iterator = iterator
        self._next = iter(iterator).__next__
        self.headers_set, self.chunks = headers_set, chunks
        self.closed = False

    def __iter__(self) -> "GuardedIterator":
        return self

    def __next__(self) -> bytes:
        if self.closed:
            _wsgi("Iterated over closed 'app_iter'.")
        item: bytes = self._next()
        if not self.headers_set:
            _wsgi("The application returned before it started the response.")
        check_string("application iterator items", item)
        self.chunks.append(len(item))
        return item

    def close(self) -> None:
        """Close the body and compare it with the headers."""
        self.closed = True
        if close := getattr(self._iterator, "close", None):
            close()
        if not self.headers_set:
            return
        status_code, headers = self.headers_set
        bytes_sent = sum(self.chunks)
        length = headers.get("content-length", type=int)
        if status_code == 304:
            for key in headers.keys():  # noqa: SIM118
                if is_entity_header(key) and key.lower() not in ("expires", "content-location"):
                    _http(f"Entity header {key.lower()!r} found in 304 response.")
            if bytes_sent:
                _http("304 responses must not have a body.")
        elif status_code == 204 or 100 <= status_code < 200:
            if length != 0:
                _http(f"{status_code!r} responses must have an empty content length.")
            if bytes_sent:
                _http(f"{status_code!r} responses must not have a body.")
        elif length not in (None, bytes_sent):
            _wsgi("Content-Length and the number of bytes sent to the client do not match.")

    def __del__(self) -> None:
        if not self.closed:
            try:
                _wsgi("Iterator was garbage collected before it was closed.")
            except Exception:
                # Warnings may be errors here, and nobody could catch it.
                return


class LintMiddleware:
    """Stands between server and application and warns of what either does wrong.

    Among it: unusable status codes and headers, text where bytes are due, bodies that do not fit their
    headers, etags without quotes, relative URLs in Location, unsafe reads, iterators left open.
    """

    def __init__(self, app: WSGIApp) -> None:
        self.app = app

    def check_environ(self, environ: Environ) -> None:
        """What the server hands over."""
        if type(environ) is not dict:
            _wsgi("WSGI environment is not a standard Python dict.", stacklevel=4)
        for key in _REQUIRED_KEYS:
            if key not in environ:
                _wsgi(f"Required environment key {key!r} not found", stacklevel=3)
        if environ["wsgi.version"] != (1, 0):
            _wsgi("Environ is not a WSGI 1.0 environ.", stacklevel=3)
        for key in ("SCRIPT_NAME", "PATH_INFO"):
            if not (environ.get(key) or "/").startswith("/"):
                _wsgi(f"'{key}' does not start with a slash: {environ[key]!r}", stacklevel=3)

    def check_start_response(self, status: str, headers: Any, exc_info: Any) -> tuple[int, Headers]:
        """Status and headers that the application begins its response with."""
        check_string("status", status)
        code_text = status.split(None, 1)[0]
        if len(code_text) != 3 or not code_text.isdigit():
            _wsgi("Status code must be three digits", stacklevel=3)
        if status[3:4] != " ":
            _wsgi(
                f"Invalid value for status {status!r}: it needs 3 digits, a space, a phrase",
                stacklevel=3,
            )
        status_code = int(code_text)
        if status_code < 100:
            _wsgi("status code < 100 detected", stacklevel=3)
        if type(headers) is not list:
            _wsgi("header list is not a list", stacklevel=3)
        for item in headers:
            if type(item) is not tuple or len(item) != 2:
                _wsgi("Headers must tuple 2-item tuples", stacklevel=3)
            if {type(part) for part in item} != {str}:
                _wsgi("header items must be strings", stacklevel=3)
            if item[0].lower() == "status":
                _wsgi("The status header is not supported due to conflicts with the CGI spec.", stacklevel=3)
        if not (exc_info is None or isinstance(exc_info, tuple)):
            _wsgi("invalid value for exc_info", stacklevel=3)
        checked = Headers(headers)
        self.check_headers(checked)
        return status_code, checked

    def check_headers(self, headers: Headers) -> None:
        """Headers whose values have a form to keep to."""
        etag = headers.get("etag")
        if etag is not None:
            if etag.startswith("w/"):
                _http("weak etag indicator should be upcase.", stacklevel=4)
            if etag.startswith(("W/", "w/")):
                etag = etag[2:]
            if not etag[:1] == etag[-1:] == '"':
                _http("unquoted etag emitted.", stacklevel=4)
        location = headers.get("location")
        if location is not None and not urlparse(location).netloc:
            _http("absolute URLs required for location header", stacklevel=4)

    def check_iterator(self, app_iter: Any) -> None:
        """What the application returns."""
        if isinstance(app_iter, str):
            _wsgi("The application returned a string: each character would be sent alone.", stacklevel=3)

    def __call__(self, *args: Any, **kwargs: Any) -> GuardedIterator:
        if len(args) != 2:
            _wsgi("A WSGI app takes two arguments.")
        if kwargs:
            _wsgi("A WSGI app does not take keyword arguments.")
        environ, start_response = args
        self.check_environ(environ)
        environ["wsgi.input"] = InputStream(environ["wsgi.input"])
        environ["wsgi.errors"] = ErrorStream(environ["wsgi.errors"])
        # A server's own wrapper would keep the length of the body from us.
        environ["wsgi.file_wrapper"] = FileWrapper
        headers_set: list[Any] = []
        chunks: list[int] = []

        def checking_start_response(*args: Any, **kwargs: Any) -> GuardedWrite:
            if len(args) not in (2, 3):
                _wsgi(f"Invalid number of arguments: {len(args)}, expected 2 or 3.")
            if kwargs:
                _wsgi("'start_response' does not take keyword arguments.")
            status, headers, exc_info = (*args, None)[:3]
            headers_set[:] = self.check_start_response(status, headers, exc_info)
            return GuardedWrite(start_response(status, headers, exc_info), chunks)

        app_iter = self.app(environ, checking_start_response)
        self.check_iterator(app_iter)
        return GuardedIterator(app_iter, headers_set, chunks)
