"""The response: status, headers and body, and the WSGI application that sends them.

Place in the pipeline: ``Flask.make_response`` builds one from what the view returned. At the end of
``Flask.wsgi_app`` it is called like any WSGI application: :meth:`BaseResponse.__call__` ->
``get_wsgi_response`` -> ``start_response(status, headers)``, and gives the server the body to iterate over.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self, cast

from .._text import to_bytes, to_text
from ..datastructures import Headers
from ..http import HTTP_STATUS_CODES, dump_cookie, remove_entity_headers
from ..urls import iri_to_uri, url_join
from ..utils import get_content_type
from ..wsgi import ClosingIterator, get_current_url

Environ = dict[str, Any]


def _run_wsgi_app(*args: Any) -> Any:
    """:func:`werkzeug.test.run_wsgi_app`, imported when it is first needed, as test imports us."""
    global _run_wsgi_app
    from ..test import run_wsgi_app as _run_wsgi_app

    return _run_wsgi_app(*args)


def _warn_if_string(iterable: Any) -> None:
    if isinstance(iterable, str):
        warnings.warn(
            "Response iterable was set to a string. This will appear to work but means that the server will"
            " send the data to the client one character at a time. This is almost never intended behavior,"
            " use 'response.data' to assign strings to the response object.",
            stacklevel=2,
        )


def _iter_encoded(iterable: Iterable[Any], charset: str) -> Iterator[bytes]:
    for item in iterable:
        yield item.encode(charset) if isinstance(item, str) else item


def _clean_accept_ranges(accept_ranges: Any) -> str:
    """The header's value for True, False or a unit's name."""
    if isinstance(accept_ranges, bool):
        return "bytes" if accept_ranges else "none"
    if isinstance(accept_ranges, str):
        return accept_ranges
    raise ValueError("Invalid accept_ranges value")


class BaseResponse:
    """A response without the mixins.

    Args:
        response: the body: text, bytes, or an iterable of them.
        status: a number, or number and reason.
        headers: a list, a dict or :class:`Headers`.
        mimetype: of the body; a charset is added to text types.
        content_type: the same header, taken as it is.
        direct_passthrough: give the iterable to the server untouched, for files.
    """

    charset = "utf-8"
    default_status: int = 200
    default_mimetype: str | None = "text/plain"
    #: Whether asking for ``data`` may turn a stream into a list.
    implicit_sequence_conversion = True
    #: Whether ``Location`` is made a full URL.
    autocorrect_location_header = True
    automatically_set_content_length = True
    #: Larger cookies give a warning, in bytes; 0 for none.
    max_cookie_size = 4093

    response: Any

    # Reading path, step 24. Next: Flask.process_response, flask/app.py.
    def __init__(
        self,
        response: Any = None,
        status: Any = None,
        headers: Any = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        if isinstance(headers, Headers):
            self.headers = headers
        else:
            self.headers = Headers(headers) if headers else Headers()

        if content_type is None:
            if mimetype is None and "content-type" not in self.headers:
                mimetype = self.default_mimetype
            if mimetype is not None:
                content_type = get_content_type(mimetype, self.charset)
        if content_type is not None:
            self.headers["Content-Type"] = content_type

        status = self.default_status if status is None else status
        if isinstance(status, int):
            self.status_code = status
        else:
            self.status = status

        self.direct_passthrough = direct_passthrough
        self._on_close: list[Callable[[], Any]] = []
        # set_data also sets the length, which only a body given whole has.
        if isinstance(response, str | bytes | bytearray):
            self.set_data(response)
        else:
            self.response = [] if response is None else response

    def call_on_close(self, func: Callable[[], Any]) -> Callable[[], Any]:
        """Call ``func`` when the response has been sent; also a decorator."""
        self._on_close.append(func)
        return func

    def __repr__(self) -> str:
        if self.is_sequence:
            body = f"{sum(len(chunk) for chunk in self.iter_encoded())} bytes"
        else:
            body = "streamed" if self.is_streamed else "likely-streamed"
        return f"<{type(self).__name__} {body} [{self.status}]>"

    @classmethod
    def force_type(cls, response: Any, environ: Environ | None = None) -> Self:
        """Make any response, or what a WSGI application answers, an object of this class.

        Raises:
            TypeError: an application, but no ``environ`` to call it with.
        """
        if not isinstance(response, BaseResponse):
            if environ is None:
                raise TypeError("cannot convert WSGI application into response objects without an environ")
            response = BaseResponse(*_run_wsgi_app(response, environ))
        # The object stays the same, so that nothing it holds is lost.
        response.__class__ = cls
        return cast(Self, response)

    @classmethod
    def from_app(cls, app: Callable[..., Any], environ: Environ, buffered: bool = False) -> Self:
        """What a WSGI application answers; ``buffered`` runs it to its end first."""
        return cls(*_run_wsgi_app(app, environ, buffered))

    @property
    def status_code(self) -> int:
        """The status as a number; setting it sets the reason too."""
        return self._status_code

    @status_code.setter
    def status_code(self, code: int) -> None:
        self._status_code = code
        self._status = f"{code:d} {HTTP_STATUS_CODES.get(code, 'unknown').upper()}"

    @property
    def status(self) -> str:
        """Number and reason; setting it sets the number too."""
        return self._status

    @status.setter
    def status(self, value: str | bytes) -> None:
        if not isinstance(value, str | bytes):
            raise TypeError("Invalid status argument")
        self._status = to_text(value)
        words = self._status.split(None, 1)
        if not words:
            raise ValueError("Empty status argument")
        try:
            self._status_code = int(words[0])
        except ValueError:
            self._status_code = 0
            self._status = f"0 {self._status}"

    def get_data(self, as_text: bool = False) -> Any:
        """The whole body as bytes or text; a stream is read to its end and kept."""
        self._ensure_sequence()
        body = b"".join(self.iter_encoded())
        return body.decode(self.charset) if as_text else body

    def set_data(self, value: str | bytes | bytearray) -> None:
        """Replace the body, and the length with it."""
        body = value.encode(self.charset) if isinstance(value, str) else bytes(value)
        self.response = [body]
        if self.automatically_set_content_length:
            self.headers["Content-Length"] = str(len(body))

    data = property(get_data, set_data, doc="the whole body as bytes; can be set")

    def calculate_content_length(self) -> int | None:
        """The body's size in bytes; None for a stream."""
        try:
            self._ensure_sequence()
        except RuntimeError:
            return None
        return sum(len(chunk) for chunk in self.iter_encoded())

    def _ensure_sequence(self, mutable: bool = False) -> None:
        """Turn the body into a list, if that is allowed."""
        if self.is_sequence:
            if mutable:
                self.response = self.response if isinstance(self.response, list) else list(self.response)
            return
        if self.direct_passthrough:
            raise RuntimeError(
                "Attempted implicit sequence conversion but the response object is in"
                " direct passthrough mode."
            )
        if not self.implicit_sequence_conversion:
            raise RuntimeError(
                "The response object required the iterable to be a sequence, but the implicit conversion"
                " was disabled. Call make_sequence() yourself."
            )
        self.make_sequence()

    def make_sequence(self) -> None:
        """Read a stream to its end and keep the pieces."""
        if self.is_sequence:
            return
        # The stream is closed with the response, not now.
        close = getattr(self.response, "close", None)
        self.response = list(self.iter_encoded())
        if close is not None:
            self.call_on_close(close)

    def iter_encoded(self) -> Iterator[bytes]:
        """The body piece by piece, as bytes."""
        if __debug__:
            _warn_if_string(self.response)
        return _iter_encoded(self.response, self.charset)

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: Any = None,
        expires: Any = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
    ) -> None:
        """Ask the client to keep a cookie; for the arguments see :func:`werkzeug.http.dump_cookie`."""
        cookie = dump_cookie(
            key, value, max_age, expires, path, domain, secure, httponly,
            samesite=samesite, charset=self.charset, max_size=self.max_cookie_size,
        )  # fmt: skip
        self.headers.add("Set-Cookie", cookie)

    def delete_cookie(self, key: str, path: str | None = "/", domain: str | None = None) -> None:
        """Ask the client to forget a cookie; path and domain must be those it was set with."""
        self.set_cookie(key, expires=0, max_age=0, path=path, domain=domain)

    @property
    def is_streamed(self) -> bool:
        """Whether the length is not known: a generator, say."""
        return not hasattr(self.response, "__len__")

    @property
    def is_sequence(self) -> bool:
        """Whether the body is there as a list or tuple."""
        return isinstance(self.response, list | tuple)

    # Reading path, step 33. The end: back to serve_forever, step 1.
    def close(self) -> None:
        """Called by the server at the end: closes the body and calls the functions of ``call_on_close``."""
        if hasattr(self.response, "close"):
            self.response.close()
        for func in self._on_close:
            func()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: Any, exc_value: Any, tb: Any) -> None:
        self.close()

    def freeze(self) -> None:
        """Make the response complete in itself, so that it can be stored."""
        self.response = list(self.iter_encoded())
        self.headers["Content-Length"] = str(sum(len(chunk) for chunk in self.response))

    def get_wsgi_headers(self, environ: Environ) -> Headers:
        """The headers as they are sent: full ``Location``, the length, nothing that the status forbids."""
        headers = Headers(self.headers)
        status = self.status_code
        # One pass, where asking for each of the three would be three.
        found = {name.lower(): value for name, value in headers}

        location = found.get("location")
        if location is not None:
            full = iri_to_uri(location, safe_conversion=True)
            if self.autocorrect_location_header:
                here = iri_to_uri(get_current_url(environ, strip_querystring=True))
                full = url_join(here, full)
            if full != location:
                headers["Location"] = full
        if "content-location" in found:
            headers["Content-Location"] = iri_to_uri(found["content-location"])

        has_body = status not in (204, 304) and not 100 <= status < 200
        if status == 304:
            remove_entity_headers(headers)
        elif not has_body:
            headers.remove("Content-Length")
        is_countable = self.automatically_set_content_length and self.is_sequence
        if is_countable and has_body and "content-length" not in found:
            try:
                length = sum(len(to_bytes(chunk, "ascii") or b"") for chunk in self.response)
            except UnicodeError:
                # Text still to be encoded; its length in bytes is anyone's guess.
                return headers
            headers["Content-Length"] = str(length)
        return headers

    def get_app_iter(self, environ: Environ) -> Iterable[bytes]:
        """The body for the server; none where the method or the status forbids one."""
        status = self.status_code
        if environ["REQUEST_METHOD"] == "HEAD" or status in (204, 304) or 100 <= status < 200:
            return ClosingIterator((), self.close)
        if self.direct_passthrough:
            if __debug__:
                _warn_if_string(self.response)
            body: Iterable[bytes] = self.response
            return body
        return ClosingIterator(self.iter_encoded(), self.close)

    # Reading path, step 27. Next: WSGIRequestHandler.run_wsgi.start_response, werkzeug/serving.py.
    def get_wsgi_response(self, environ: Environ) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Body, status and headers, ready for WSGI."""
        headers = self.get_wsgi_headers(environ)
        body = self.get_app_iter(environ)
        return body, self.status, headers.to_wsgi_list()

    # Reading path, step 26. Next: BaseResponse.get_wsgi_response, werkzeug/wrappers/base_response.py.
    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The WSGI interface: say status and headers, return the body."""
        body, status, headers = self.get_wsgi_response(environ)
        start_response(status, headers)
        return body
