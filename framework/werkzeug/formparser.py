"""Reads forms: ``application/x-www-form-urlencoded`` and ``multipart/form-data`` with its files.

Place in the pipeline: ``BaseRequest._load_form_data`` calls :meth:`FormDataParser.parse` the first time a
view looks at ``request.form`` or ``request.files``. The multipart format itself is no part of the
lesson: today's Werkzeug reads it, with its limits on the number and size of parts.
"""

import base64
import quopri
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial, update_wrapper
from io import BytesIO
from itertools import takewhile
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from . import exceptions
from ._text import to_text
from .datastructures import FileStorage, Headers, MultiDict
from .http import parse_options_header
from .urls import url_decode_stream
from .wsgi import get_content_length, get_input_stream

if TYPE_CHECKING:
    import werkzeug.sansio.multipart as _leaf_multipart
else:
    import flasktrace.framework._leaves.sansio.multipart as _leaf_multipart

#: Uploads up to this many bytes stay in memory.
_max_memory_bytes = 500 * 1024
#: More parts than this are refused: each costs time and memory, however short it is.
_max_form_parts = 1000
_boundary_re = re.compile("[ -~]{0,200}[!-~]")

_Parsed = tuple[Any, Any, Any]


def _adapt_leaves() -> None:
    """Have the leaves use our classes, so that a form too large is our 413."""
    setattr(_leaf_multipart, "RequestEntityTooLarge", exceptions.RequestEntityTooLarge)  # noqa: B010
    setattr(_leaf_multipart, "Headers", Headers)  # noqa: B010


_adapt_leaves()


def default_stream_factory(
    total_content_length: int | None,
    filename: str | None,
    content_type: str | None,
    content_length: int | None = None,
) -> Any:
    """Where an upload goes by default: memory at first, a temporary file once it is large."""
    if SpooledTemporaryFile is None:
        # Set by programs that want no file to be written.
        return BytesIO()
    return SpooledTemporaryFile(max_size=_max_memory_bytes, mode="wb+")


def parse_form_data(
    environ: dict[str, Any],
    stream_factory: Callable[..., Any] | None = None,
    charset: str = "utf-8",
    errors: str = "replace",
    max_form_memory_size: int | None = None,
    max_content_length: int | None = None,
    cls: Any = None,
    silent: bool = True,
) -> _Parsed:
    """Read the form of an environ: what is left of the stream, the fields and the files.

    Args:
        stream_factory: makes the streams for uploads, see :func:`default_stream_factory`.
        max_form_memory_size: limit for the text fields, in bytes.
        max_content_length: limit for the whole body, in bytes.
        cls: the class of the two dicts.
        silent: whether a malformed form is an empty one, instead of a ValueError.

    Raises:
        RequestEntityTooLarge: one of the limits.
    """
    parser = FormDataParser(
        stream_factory, charset, errors, max_form_memory_size, max_content_length, cls, silent
    )
    return parser.parse_from_environ(environ)


def _drain(stream: Any) -> None:
    while stream.read(64 * 1024):
        continue


def exhaust_stream(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a parser: read the stream to its end whatever happens, so that the client can finish."""

    def wrapper(self: Any, stream: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return f(self, stream, *args, **kwargs)
        finally:
            exhaust = getattr(stream, "exhaust", None) or partial(_drain, stream)
            exhaust()

    return update_wrapper(wrapper, f)


class FormDataParser:
    """Picks the parser for a body's type. For the arguments see :func:`parse_form_data`."""

    def __init__(
        self,
        stream_factory: Callable[..., Any] | None = None,
        charset: str = "utf-8",
        errors: str = "replace",
        max_form_memory_size: int | None = None,
        max_content_length: int | None = None,
        cls: Any = None,
        silent: bool = True,
    ) -> None:
        self.stream_factory = stream_factory or default_stream_factory
        self.charset, self.errors = charset, errors
        self.max_form_memory_size = max_form_memory_size
        self.max_content_length = max_content_length
        self.cls = MultiDict if cls is None else cls
        self.silent = silent

    def get_parse_func(self, mimetype: str, options: dict[str, str]) -> Callable[..., Any] | None:
        """The method for this type; None for a body that is no form."""
        return self.parse_functions.get(mimetype)

    def parse_from_environ(self, environ: dict[str, Any]) -> _Parsed:
        """Read the form of an environ."""
        mimetype, options = parse_options_header(environ.get("CONTENT_TYPE", ""))
        length = get_content_length(environ)
        return self.parse(get_input_stream(environ), mimetype, length, options)

    def parse(self, stream: Any, mimetype: str, content_length: int | None, options: Any = None) -> _Parsed:
        """Read a form from ``stream``.

        Args:
            mimetype: the body's type, ``options`` its parameters (the boundary).
            content_length: in bytes, or None.

        Raises:
            RequestEntityTooLarge: one of the limits.
            ValueError: malformed, and not silent.
        """
        limit = self.max_content_length
        if limit is not None and content_length is not None and content_length > limit:
            raise exceptions.RequestEntityTooLarge()
        parse_func = self.get_parse_func(mimetype, options or {})
        if parse_func is not None:
            try:
                parsed: _Parsed = parse_func(self, stream, mimetype, content_length, options or {})
            except ValueError:
                if not self.silent:
                    raise
            else:
                return parsed
        return stream, self.cls(), self.cls()

    @exhaust_stream
    def _parse_multipart(
        self, stream: Any, mimetype: str, content_length: int | None, options: dict[str, str]
    ) -> _Parsed:
        limit = self.max_form_memory_size
        parser = MultiPartParser(self.stream_factory, self.charset, self.errors, limit, self.cls)
        if "boundary" not in options:
            raise ValueError("Missing boundary")
        boundary = options["boundary"].encode("ascii")
        return stream, *parser.parse(stream, boundary, content_length)

    @exhaust_stream
    def _parse_urlencoded(
        self, stream: Any, mimetype: str, content_length: int | None, options: dict[str, str]
    ) -> _Parsed:
        limit = self.max_form_memory_size
        if limit is not None and content_length is not None and content_length > limit:
            raise exceptions.RequestEntityTooLarge()
        form = url_decode_stream(stream, self.charset, errors=self.errors, cls=self.cls)
        return stream, form, self.cls()

    #: By type; add to it in a subclass to read other formats.
    parse_functions: ClassVar[dict[str, Callable[..., Any]]] = {
        "multipart/form-data": _parse_multipart,
        "application/x-www-form-urlencoded": _parse_urlencoded,
        "application/x-url-encoded": _parse_urlencoded,
    }


def is_valid_multipart_boundary(boundary: str | bytes) -> bool:
    """Whether it is printable, no longer than 201 characters, and does not end in a space."""
    return _boundary_re.fullmatch(to_text(boundary, "latin1")) is not None


def _line_parse(line: Any) -> tuple[Any, bool]:
    """A line without its end, and whether it had one."""
    ends = (b"\r\n", b"\n", b"\r") if isinstance(line, bytes) else ("\r\n", "\n", "\r")
    end = next((end for end in ends if line.endswith(end)), line[:0])
    return line.removesuffix(end), bool(end)


def parse_multipart_headers(iterable: Iterable[str | bytes]) -> Headers:
    """Read the header lines of one part, up to the empty line.

    Raises:
        ValueError: a line that does not end.
    """
    found: list[tuple[str, str]] = []
    for raw in iterable:
        line, is_ended = _line_parse(to_text(raw))
        if not is_ended:
            raise ValueError("unexpected end of line in multipart header")
        if not line:
            break
        name, colon, value = line.partition(":")
        if line[0] in " \t" and found:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n {line[1:]}")
        elif colon:
            found.append((name.strip(), value.strip()))
    headers = Headers()
    # As they are: a continued line keeps its line break, which nobody will send anywhere.
    headers._list.extend(found)
    return headers


class MultiPartParser:
    """Reads ``multipart/form-data``.

    Args:
        stream_factory: makes the streams for uploads.
        charset, errors: for fields and file names.
        max_form_memory_size: limit for the text fields together, in bytes.
        cls: the class of the two dicts.
        buffer_size: how much is read at once, in bytes.
    """

    def __init__(
        self,
        stream_factory: Callable[..., Any] | None = None,
        charset: str = "utf-8",
        errors: str = "replace",
        max_form_memory_size: int | None = None,
        cls: Any = None,
        buffer_size: int = 64 * 1024,
    ) -> None:
        assert buffer_size % 4 == 0, "buffer size has to be divisible by 4"
        assert buffer_size >= 1024, "buffer size has to be at least 1KB"
        self.stream_factory = stream_factory or default_stream_factory
        self.charset, self.errors = charset, errors
        self.max_form_memory_size = max_form_memory_size
        self.cls = MultiDict if cls is None else cls
        self.buffer_size = buffer_size

    def _fix_ie_filename(self, filename: str) -> str:
        """Old Internet Explorers send the whole path."""
        has_drive = filename[1:3] == ":\\"
        return filename.rsplit("\\", 1)[-1] if has_drive or filename.startswith("\\\\") else filename

    def _find_terminator(self, iterator: Iterable[bytes]) -> bytes:
        """The first line that is not empty."""
        lines = (line.strip() for line in takewhile(bool, iterator))
        return next(filter(None, lines), b"")

    def fail(self, message: str) -> NoReturn:
        """Raises ValueError, for malformed input."""
        raise ValueError(message)

    def get_part_encoding(self, headers: Any) -> str | None:
        """The codec in which a part was sent, if it is a known one."""
        encoding: str | None = headers.get("content-transfer-encoding")
        return encoding if encoding in ("base64", "quoted-printable") else None

    def get_part_charset(self, headers: Any) -> str:
        """The charset of one field: its own, else the form's."""
        _, options = parse_options_header(headers.get("content-type"))
        charset: str = options.get("charset", self.charset)
        return charset

    def start_file_streaming(
        self, filename: str | bytes, headers: Any, total_content_length: int | None
    ) -> tuple[str, Any]:
        """The file's name, cleaned, and the stream to write it to."""
        name = self._fix_ie_filename(to_text(filename, self.charset, self.errors))
        try:
            length = int(headers["content-length"])
        except (KeyError, ValueError):
            # Browsers do not say how long a file is.
            length = 0
        container = self.stream_factory(
            total_content_length=total_content_length,
            filename=name,
            content_type=headers.get("content-type"),
            content_length=length,
        )
        return name, container

    def in_memory_threshold_reached(self, bytes: int) -> NoReturn:
        """Called when the text fields exceed their limit."""
        raise exceptions.RequestEntityTooLarge()

    def validate_boundary(self, boundary: bytes) -> None:
        """Refuse a boundary that cannot be one."""
        if not boundary:
            self.fail("Missing boundary")
        if not is_valid_multipart_boundary(boundary):
            self.fail(f"Invalid boundary: {boundary!r}")
        if len(boundary) > self.buffer_size:
            self.fail("Boundary longer than buffer size")

    def parse_lines(
        self, file: Any, boundary: bytes, content_length: int | None, cap_at_buffer: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """What stands in the form, in order.

        Yields ``("begin_form", (headers, name))`` or ``("begin_file", (headers, name, filename))``, then
        ``("cont", data)`` any number of times (once, without ``cap_at_buffer``), then ``("end", None)``.
        """
        decoder = _leaf_multipart.MultipartDecoder(boundary, max_parts=_max_form_parts)
        encoding, kept = None, bytearray()
        for event in self._events(decoder, file, content_length):
            if isinstance(event, _leaf_multipart.Data):
                if encoding is None and cap_at_buffer:
                    yield "cont", event.data
                else:
                    kept += event.data
                if event.more_data:
                    continue
                if kept:
                    yield "cont", self._decode(bytes(kept), encoding)
                    kept.clear()
                yield "end", None
            elif isinstance(event, _leaf_multipart.Field | _leaf_multipart.File):
                encoding = self.get_part_encoding(event.headers)
                yield _begin(event.headers)

    def _events(self, decoder: Any, file: Any, content_length: int | None) -> Iterator[Any]:
        """Feed the decoder from the file, up to the end of the last part."""
        left = -1 if content_length is None else content_length
        event: Any = None
        while not isinstance(event, _leaf_multipart.Epilogue):
            event = decoder.next_event()
            if isinstance(event, _leaf_multipart.NeedData):
                data = file.read(self.buffer_size if left < 0 else min(left, self.buffer_size))
                left -= len(data)
                decoder.receive_data(data or None)
            else:
                yield event

    def _decode(self, data: bytes, encoding: str | None) -> bytes:
        if encoding is None:
            return data
        try:
            if encoding == "base64":
                return base64.b64decode(data, validate=False)
            return quopri.decodestring(data)
        except ValueError:
            self.fail("could not decode transfer encoded chunk")

    def parse_parts(
        self, file: Any, boundary: bytes, content_length: int | None
    ) -> Iterator[tuple[str, tuple[str, Any]]]:
        """Each field as ``("form", (name, text))``, each upload as ``("file", (name, storage))``."""
        in_memory = 0
        start: tuple[Any, ...] = ()
        filename, container = "", None
        for kind, content in self.parse_lines(file, boundary, content_length):
            if kind == "begin_file":
                start = content
                filename, container = self.start_file_streaming(content[2], content[0], content_length)
            elif kind == "begin_form":
                start, container = content, BytesIO()
            elif kind == "cont":
                in_memory += len(content) if len(start) == 2 else 0
                if self.max_form_memory_size is not None and in_memory > self.max_form_memory_size:
                    self.in_memory_threshold_reached(in_memory)
                container.write(content)  # type: ignore[union-attr]
            elif len(start) == 3:
                container.seek(0)  # type: ignore[union-attr]
                yield "file", (start[1], FileStorage(container, filename, start[1], headers=start[0]))
            else:
                raw: bytes = container.getvalue()  # type: ignore[union-attr]
                yield "form", (start[1], raw.decode(self.get_part_charset(start[0]), self.errors))

    def parse(self, file: Any, boundary: bytes, content_length: int | None) -> tuple[Any, Any]:
        """The fields and the files.

        Raises:
            ValueError: malformed.
            RequestEntityTooLarge: too much text, or too many parts.
        """
        self.validate_boundary(boundary)
        found: dict[str, list[tuple[str, Any]]] = {"form": [], "file": []}
        for kind, pair in self.parse_parts(file, boundary, content_length):
            found[kind].append(pair)
        return self.cls(found["form"]), self.cls(found["file"])


def _begin(headers: Any) -> tuple[str, tuple[Any, ...]]:
    """What a part's headers say it is."""
    _, options = parse_options_header(headers.get("content-disposition"))
    name, filename = options.get("name"), options.get("filename")
    return ("begin_form", (headers, name)) if filename is None else ("begin_file", (headers, name, filename))
