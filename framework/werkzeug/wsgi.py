"""Helpers for anything that speaks WSGI: the address of a request, its path, its body, files to send.

In the pipeline: routing asks :func:`get_host`, the request object reads the body through
:func:`get_input_stream`, the response wraps its body in :class:`ClosingIterator`. Middleware shifts path
segments with :func:`pop_path_info`.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial, update_wrapper
from itertools import chain
from typing import Any

from ._internal import Environ, WSGIApp, _encode_idna
from ._lines import cut_chunks, cut_lines
from ._text import to_text, wsgi_bytes
from .urls import uri_to_iri, url_join, url_parse, url_quote

# fmt: off
__all__ = [
    "ClosingIterator", "FileWrapper", "LimitedStream", "extract_path_info", "get_content_length",
    "get_current_url", "get_host", "get_input_stream", "get_path_info", "get_query_string",
    "get_script_name", "host_is_trusted", "make_chunk_iter", "make_line_iter", "peek_path_info",
    "pop_path_info", "responder", "wrap_file",
]
# fmt: on

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_PLAIN_INTEGER = re.compile(r"\s*-?[0-9]+\s*")


def responder(f: Callable[..., WSGIApp]) -> WSGIApp:
    """Make a WSGI application of a function (or method) that returns one: its result is called at once."""
    return update_wrapper(lambda *args: f(*args)(*args[-2:]), f)


def get_current_url(
    environ: Environ,
    root_only: bool = False,
    strip_querystring: bool = False,
    host_only: bool = False,
    trusted_hosts: Any = None,
) -> str:
    """The address of the request as an IRI, as it stands in the browser.

    Args:
        root_only: only as far as the application's root.
        strip_querystring: without the query.
        host_only: only scheme and host.
        trusted_hosts: see :func:`get_host`.

    Raises:
        SecurityError: the host is not trusted.
    """
    url = f"{environ['wsgi.url_scheme']}://{get_host(environ, trusted_hosts)}"
    if host_only:
        return uri_to_iri(url + "/")
    url += url_quote(wsgi_bytes(environ.get("SCRIPT_NAME", ""))).rstrip("/") + "/"
    if not root_only:
        url += url_quote(wsgi_bytes(environ.get("PATH_INFO", "")).lstrip(b"/"))
        query = "" if strip_querystring else get_query_string(environ)
        url += "?" + query if query else ""
    return uri_to_iri(url)


def host_is_trusted(hostname: str | None, trusted_list: str | Iterable[str]) -> bool:
    """Tell whether a host, whatever its port, is in the list; ``.example.com`` means its subdomains too."""
    if not hostname:
        return False

    def _normalize(name: str) -> bytes:
        return _encode_idna(name.rpartition(":")[0] if ":" in name else name)

    try:
        host = _normalize(hostname)
        for trusted in [trusted_list] if isinstance(trusted_list, str) else trusted_list:
            name = _normalize(trusted.removeprefix("."))
            if host == name or (trusted.startswith(".") and host.endswith(b"." + name)):
                return True
    except UnicodeError:
        pass
    return False


def get_host(environ: Environ, trusted_hosts: Any = None) -> str:
    """The host of the request, with the port unless it is the scheme's own.

    Args:
        trusted_hosts: names to allow, see :func:`host_is_trusted`; None allows all.

    Raises:
        SecurityError: the host is not trusted.
    """
    scheme = environ["wsgi.url_scheme"]
    default_port = _DEFAULT_PORTS.get(scheme)
    if "HTTP_HOST" in environ:
        host: str = environ["HTTP_HOST"]
        if default_port:
            host = host.removesuffix(":" + default_port)
    else:
        # Only HTTP/1.0 clients send no Host; the server's own name is the best guess then.
        host, port = environ["SERVER_NAME"], environ["SERVER_PORT"]
        if port != default_port:
            host += ":" + port
    if trusted_hosts is not None and not host_is_trusted(host, trusted_hosts):
        from .exceptions import SecurityError

        raise SecurityError(f'Host "{host}" is not trusted')
    return host


def get_content_length(environ: Environ) -> int | None:
    """The length of the body in bytes; None where it is not known: missing, senseless, or chunked."""
    length = environ.get("CONTENT_LENGTH")
    if length is None or environ.get("HTTP_TRANSFER_ENCODING", "") == "chunked":
        return None
    # int() alone would take what no other server does, such as "1_0".
    return max(0, int(length)) if _PLAIN_INTEGER.fullmatch(str(length)) else None


def get_input_stream(environ: Environ, safe_fallback: bool = True) -> Any:
    """The body as a stream that ends where the body ends, though the connection stays open behind it.

    Args:
        safe_fallback: a body of unknown length is taken as empty, as reading it might never end.
    """
    stream = environ["wsgi.input"]
    length = get_content_length(environ)
    if environ.get("wsgi.input_terminated"):
        # The server promises that the stream ends, as ours does for chunked bodies.
        return stream
    if length is None:
        return io.BytesIO() if safe_fallback else stream
    return LimitedStream(stream, length)


def get_query_string(environ: Environ) -> str:
    """The query as ASCII: what a browser should have quoted, and did not, is quoted now."""
    return str(url_quote(wsgi_bytes(environ.get("QUERY_STRING", "")), safe=":&%=+$!*'(),"))


def get_path_info(environ: Environ, charset: str | None = "utf-8", errors: str = "replace") -> Any:
    """The path below the application's root as text, or as bytes if ``charset`` is None."""
    return to_text(wsgi_bytes(environ.get("PATH_INFO", "")), charset, errors)


def get_script_name(environ: Environ, charset: str | None = "utf-8", errors: str = "replace") -> Any:
    """The path of the application's root as text, or as bytes if ``charset`` is None."""
    return to_text(wsgi_bytes(environ.get("SCRIPT_NAME", "")), charset, errors)


def pop_path_info(environ: Environ, charset: str | None = "utf-8", errors: str = "replace") -> Any:
    """Move the first segment of ``PATH_INFO`` to the end of ``SCRIPT_NAME``: the segment, or None.

    Empty segments are moved along with it, as ``//`` in ``/a//b``.
    """
    path = environ.get("PATH_INFO")
    if not path:
        return None
    segment, slash, rest = path.lstrip("/").partition("/")
    leading_slashes = path[: len(path) - len(path.lstrip("/"))]
    environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + leading_slashes + segment
    environ["PATH_INFO"] = slash + rest
    return to_text(wsgi_bytes(segment), charset, errors)


def peek_path_info(environ: Environ, charset: str | None = "utf-8", errors: str = "replace") -> Any:
    """What :func:`pop_path_info` would return, with the environ left as it is."""
    segment = environ.get("PATH_INFO", "").lstrip("/").partition("/")[0]
    return to_text(wsgi_bytes(segment), charset, errors)


def extract_path_info(
    environ_or_baseurl: Any,
    path_or_url: Any,
    charset: str = "utf-8",
    errors: str = "werkzeug.url_quote",
    collapse_http_schemes: bool = True,
) -> str | None:
    """The path of an address below an application's root, or None if it lies elsewhere.

    Args:
        environ_or_baseurl: the root's address, or a request to the application.
        path_or_url: absolute, or relative to the root.
        collapse_http_schemes: take http and https on one host for the same place.
    """

    def _normalize_netloc(scheme: str, netloc: str) -> str:
        # Without user and password, and without a port that says nothing new.
        host, _, port = netloc.rpartition("@")[2].partition(":")
        return f"{host}:{port}" if port and port != _DEFAULT_PORTS.get(scheme) else host

    path = uri_to_iri(path_or_url, charset, errors)
    if isinstance(environ_or_baseurl, dict):
        environ_or_baseurl = get_current_url(environ_or_baseurl, root_only=True)
    base = uri_to_iri(environ_or_baseurl, charset, errors)
    base_scheme, base_netloc, base_path = url_parse(base)[:3]
    scheme, netloc, full_path = url_parse(url_join(base, path))[:3]

    known = {base_scheme, scheme} <= _DEFAULT_PORTS.keys()
    if not known or (scheme != base_scheme and not collapse_http_schemes):
        return None
    if _normalize_netloc(base_scheme, base_netloc) != _normalize_netloc(scheme, netloc):
        return None
    root = base_path.rstrip("/")
    return "/" + full_path[len(root) :].lstrip("/") if full_path.startswith(root) else None


class ClosingIterator:
    """An application's iterable together with what has to happen when the server closes it.

    WSGI servers call ``close()`` once the body is sent, or the client is gone; the iterable's own
    ``close`` comes first, then the callbacks in their order.
    """

    def __init__(self, iterable: Iterable[Any], callbacks: Any = None) -> None:
        self._next = partial(next, iter(iterable))
        if callable(callbacks):
            callbacks = [callbacks]
        own_close = getattr(iterable, "close", None)
        self._callbacks = [own_close] if own_close else []
        self._callbacks += callbacks or ()

    def __iter__(self) -> "ClosingIterator":
        return self

    def __next__(self) -> Any:
        return self._next()

    def close(self) -> None:
        """Run all callbacks."""
        for callback in self._callbacks:
            callback()


def wrap_file(environ: Environ, file: Any, buffer_size: int = 8192) -> Any:
    """Make an iterable of a file, by the server's own means if it has some.

    Hand the result to the server as it is: a response needs ``direct_passthrough`` for that.
    """
    return environ.get("wsgi.file_wrapper", FileWrapper)(file, buffer_size)


class FileWrapper:
    """Iterates over a file in blocks of ``buffer_size`` bytes."""

    def __init__(self, file: Any, buffer_size: int = 8192) -> None:
        self.file, self.buffer_size = file, buffer_size

    def seekable(self) -> bool:
        """Tell whether :meth:`seek` does anything."""
        if hasattr(self.file, "seekable"):
            return bool(self.file.seekable())
        return hasattr(self.file, "seek")

    def close(self) -> None:
        """Close the file, if it can be."""
        if hasattr(self.file, "close"):
            self.file.close()

    def seek(self, *args: Any) -> None:
        """Go to a position, if the file can."""
        if hasattr(self.file, "seek"):
            self.file.seek(*args)

    def tell(self) -> int | None:
        """The position, or None if the file does not know."""
        return self.file.tell() if hasattr(self.file, "tell") else None

    def __iter__(self) -> "FileWrapper":
        return self

    def __next__(self) -> Any:
        block = self.file.read(self.buffer_size)
        if not block:
            raise StopIteration
        return block


class _RangeWrapper:
    """Iterates over a part of an iterable's bytes, for answers to Range requests.

    Args:
        start_byte: the first byte to give.
        byte_range: how many bytes; None for all that follow.
    """

    def __init__(self, iterable: Any, start_byte: int = 0, byte_range: int | None = None) -> None:
        self.iterable: Iterator[bytes] = iter(iterable)
        self.start_byte, self.byte_range = start_byte, byte_range
        self.end_byte = None if byte_range is None else start_byte + byte_range
        self.read_length = 0
        self.seekable = bool(hasattr(iterable, "seekable") and iterable.seekable())
        self.end_reached = False

    def __iter__(self) -> "_RangeWrapper":
        return self

    def _next_chunk(self) -> bytes:
        try:
            chunk = next(self.iterable)
        except StopIteration:
            self.end_reached = True
            raise
        self.read_length += len(chunk)
        return chunk

    def _first_iteration(self) -> tuple[bytes | None, int]:
        """Skip to the start: the part of a block that is left there, and the position it begins at."""
        if self.seekable:
            self.iterable.seek(self.start_byte)  # type: ignore[attr-defined]
            self.read_length = self.iterable.tell()  # type: ignore[attr-defined]
            return None, self.read_length
        chunk = None
        while self.read_length <= self.start_byte:
            chunk = self._next_chunk()
        if chunk is not None:
            chunk = chunk[self.start_byte - self.read_length :]
        return chunk, self.start_byte

    def _next(self) -> bytes:
        if self.end_reached:
            raise StopIteration
        chunk, position = None, self.read_length
        if position == 0:
            chunk, position = self._first_iteration()
        if chunk is None:
            chunk = self._next_chunk()
        if self.end_byte is None or self.read_length < self.end_byte:
            return chunk
        self.end_reached = True
        return chunk[: self.end_byte - position]

    def __next__(self) -> bytes:
        chunk = self._next()
        if not chunk:
            self.end_reached = True
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Close what is underneath."""
        if hasattr(self.iterable, "close"):
            self.iterable.close()


def _make_chunk_iter(stream: Any, limit: int | None, buffer_size: int) -> Iterator[Any]:
    """The non-empty blocks of a stream, or of an iterable."""
    if isinstance(stream, bytes | bytearray | str):
        raise TypeError("Passed a string or byte object instead of true iterator or stream.")
    if not hasattr(stream, "read"):
        yield from filter(None, stream)
        return
    if limit is not None and not isinstance(stream, LimitedStream):
        stream = LimitedStream(stream, limit)
    while block := stream.read(buffer_size):
        yield block


def make_line_iter(
    stream: Any, limit: int | None = None, buffer_size: int = 10 * 1024, cap_at_buffer: bool = False
) -> Iterator[Any]:
    """The lines of a stream with their ends: ``\\n``, ``\\r`` or both.

    A body has to be read with this: ``readline`` may wait for more than the client will ever send.

    Args:
        limit: where to stop, in bytes; needed unless the stream ends by itself.
        buffer_size: how much to read at a time, in bytes.
        cap_at_buffer: cut lines that are longer than this.

    Raises:
        TypeError: text or bytes instead of a stream.
    """
    blocks = _make_chunk_iter(stream, limit, buffer_size)
    first = next(blocks, None)

    def _iter_basic_lines() -> Iterator[Any]:
        yield from cut_lines(chain([first], blocks), buffer_size, cap_at_buffer)

    if first is not None:
        yield from _iter_basic_lines()


def make_chunk_iter(
    stream: Any,
    separator: str | bytes,
    limit: int | None = None,
    buffer_size: int = 10 * 1024,
    cap_at_buffer: bool = False,
) -> Iterator[Any]:
    """The parts of a stream between separators, see :func:`make_line_iter` for the arguments."""
    blocks = _make_chunk_iter(stream, limit, buffer_size)
    yield from cut_chunks(blocks, separator, buffer_size, cap_at_buffer)


class LimitedStream(io.IOBase):
    """A stream that ends after ``limit`` bytes, though the one underneath goes on.

    Reading beyond calls :meth:`on_exhausted`, a client that sends less :meth:`on_disconnect`; override them
    to do something else.
    """

    def __init__(self, stream: Any, limit: int) -> None:
        self._read = stream.read
        self._readline = stream.readline
        self._pos = 0
        self.limit = limit

    def __iter__(self) -> "LimitedStream":
        return self

    @property
    def is_exhausted(self) -> bool:
        """Whether the limit is reached."""
        return self._pos >= self.limit

    def on_exhausted(self) -> Any:
        """What to return from a read beyond the limit: nothing, of the type that the stream gives."""
        return self._read(0)

    def on_disconnect(self) -> Any:
        """What to return when the client is gone; raises ClientDisconnected."""
        from .exceptions import ClientDisconnected

        raise ClientDisconnected()

    def exhaust(self, chunk_size: int = 1024 * 64) -> None:
        """Read what is left, in pieces of ``chunk_size`` bytes, and throw it away."""
        left = self.limit - self._pos
        while left > 0:
            amount = min(left, chunk_size)
            self.read(amount)
            left -= amount

    def read(self, size: int | None = None) -> Any:
        """Up to ``size`` bytes, or all up to the limit."""
        if self._pos >= self.limit:
            return self.on_exhausted()
        left = self.limit - self._pos
        wanted = left if size is None or size == -1 else min(left, size)
        try:
            data = self._read(wanted)
        except (OSError, ValueError):
            return self.on_disconnect()
        if wanted and len(data) != wanted:
            return self.on_disconnect()
        self._pos += len(data)
        return data

    def readline(self, size: int | None = None) -> Any:
        """One line, or its first ``size`` bytes."""
        if self._pos >= self.limit:
            return self.on_exhausted()
        left = self.limit - self._pos
        wanted = left if size is None else min(size, left)
        try:
            line = self._readline(wanted)
        except (OSError, ValueError):
            return self.on_disconnect()
        if wanted and not line:
            return self.on_disconnect()
        self._pos += len(line)
        return line

    def readlines(self, size: int | None = None) -> list[Any]:
        """All lines, or those that begin within the next ``size`` bytes."""
        end = self.limit if size is None else min(self.limit, self._pos + size)
        lines = []
        while self._pos < end:
            lines.append(self.readline(size))
        return lines

    def tell(self) -> int:
        """How many bytes have been read."""
        return self._pos

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def readable(self) -> bool:
        """A stream to read from."""
        return True
