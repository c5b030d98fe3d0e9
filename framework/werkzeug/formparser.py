"""Reads forms: ``application/x-www-form-urlencoded`` and ``multipart/form-data`` with its files.

Place in the pipeline: ``BaseRequest._load_form_data`` calls :meth:`FormDataParser.parse` the first time a
view looks at ``request.form`` or ``request.files``. The multipart format itself is no part of the
lesson: today's Werkzeug reads it, with its limits on the number and size of parts.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial, update_wrapper
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, ClassVar, cast

from . import exceptions
from ._text import to_text
from .datastructures import FileStorage, Headers, MultiDict
from .http import parse_options_header
from .urls import url_decode_stream
from .wsgi import get_content_length, get_input_stream

if TYPE_CHECKING:
    import werkzeug.formparser as _leaf
    import werkzeug.sansio.multipart as _leaf_multipart
else:
    import flasktrace.framework._leaves.formparser as _leaf
    import flasktrace.framework._leaves.sansio.multipart as _leaf_multipart

#: Uploads up to this many bytes stay in memory.
_max_memory_bytes = 500 * 1024
#: More parts than this are refused: each costs time and memory, however short it is.
_max_form_parts = 1000
_boundary_re = re.compile("[ -~]{0,200}[!-~]")

_Parsed = tuple[Any, Any, Any]


def _adapt_leaves() -> None:
    """Have the leaves use our classes, so that a form too large is our 413."""
    for module in _leaf, _leaf_multipart:
        setattr(module, "RequestEntityTooLarge", exceptions.RequestEntityTooLarge)  # noqa: B010
        setattr(module, "Headers", Headers)  # noqa: B010
    setattr(_leaf, "FileStorage", FileStorage)  # noqa: B010


_adapt_leaves()


def default_stream_factory(
    total_content_length: int | None,
    filename: str | None,
    content_type: str | None,
    content_length: int | None = None,
) -> Any:
    """Where an upload goes by default: memory at first, a temporary file once it is large."""
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


def parse_multipart_headers(iterable: Iterable[str | bytes]) -> Headers:
    """Read the header lines of one part, up to the empty line.

    Raises:
        ValueError: a line that does not end.
    """
    found: list[tuple[str, str]] = []
    for raw in iterable:
        whole = to_text(raw)
        line = whole.rstrip("\r\n")
        if line == whole:
            raise ValueError("unexpected end of line in multipart header")
        if not line:
            break
        name, colon, value = line.partition(":")
        if line[0] in " \t" and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
        elif colon:
            found.append((name.strip(), value.strip()))
    return Headers(found)


class MultiPartParser(_leaf.MultiPartParser):
    """Reads ``multipart/form-data``: today's parser behind the arguments of 1.0."""

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
        self.charset, self.errors = charset, errors
        super().__init__(
            cast(Any, stream_factory or default_stream_factory),
            max_form_memory_size,
            cast(Any, MultiDict if cls is None else cls),
            buffer_size,
            _max_form_parts,
        )

    def get_part_charset(self, headers: Any) -> str:
        """The charset of one field: its own, else the form's."""
        _, options = parse_options_header(headers.get("content-type"))
        charset: str = options.get("charset", self.charset)
        return charset

    def parse(self, stream: Any, boundary: bytes, content_length: int | None) -> tuple[Any, Any]:
        """The fields and the files."""
        if not is_valid_multipart_boundary(boundary):
            self.fail(f"Invalid boundary: {boundary!r}" if boundary else "Missing boundary")
        form, files = super().parse(stream, boundary, content_length)
        return form, files
