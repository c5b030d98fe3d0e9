"""Writes ``multipart/form-data`` into memory or, once it is large, a temporary file. Used by test."""

import mimetypes
from collections.abc import Iterator
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any


class MultipartWriter:
    """A stream to write parts to.

    Args:
        boundary: the text between parts.
        charset: for names and values.
        threshold: size in bytes above which the data moves to disk; None for never.
    """

    def __init__(self, boundary: str, charset: str, threshold: int | None) -> None:
        self.stream: Any = BytesIO()
        self.length = 0
        self._boundary = boundary
        self._charset = charset
        self._threshold = threshold

    def _write(self, data: bytes) -> None:
        if self._threshold is not None and self.length + len(data) > self._threshold:
            self._move_to_disk()
        self.stream.write(data)
        self.length += len(data)

    def _move_to_disk(self) -> None:
        on_disk = TemporaryFile("wb+")  # noqa: SIM115 - it is the result
        on_disk.write(self.stream.getvalue())
        self.stream = on_disk
        self._threshold = None

    def _write_text(self, text: str) -> None:
        self._write(text.encode(self._charset))

    def add(self, name: str, value: Any) -> None:
        """Write one field or, if ``value`` can be read, one file."""
        self._write_text(f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"')
        if hasattr(value, "read"):
            self._write_text(f"{_file_headers(value)}\r\n\r\n")
            for chunk in _chunks(value):
                self._write(chunk)
        else:
            self._write_text("\r\n\r\n")
            self._write_text(str(value))
        self._write_text("\r\n")

    def finish(self) -> None:
        """Write the end, and go back to the beginning."""
        self._write_text(f"--{self._boundary}--\r\n")
        self.stream.seek(0)


def _file_headers(file: Any) -> str:
    """The rest of the disposition line, and the type's."""
    filename = getattr(file, "filename", getattr(file, "name", None))
    content_type = getattr(file, "content_type", None)
    if content_type is None:
        guessed = mimetypes.guess_type(filename)[0] if filename else None
        content_type = guessed or "application/octet-stream"
    shown = "" if filename is None else f'; filename="{filename}"'
    return f"{shown}\r\nContent-Type: {content_type}"


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(16 * 1024):
        yield chunk
