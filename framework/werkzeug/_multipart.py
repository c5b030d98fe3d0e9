"""How a file's part of a ``multipart/form-data`` body begins. Used by test."""

import mimetypes
from collections.abc import Iterator
from typing import Any


def file_headers(file: Any) -> tuple[str, str]:
    """The rest of the disposition line, and the type's line with the empty one after it."""
    filename = getattr(file, "filename", getattr(file, "name", None))
    content_type = getattr(file, "content_type", None)
    if content_type is None:
        guessed = mimetypes.guess_type(filename)[0] if filename else None
        content_type = guessed or "application/octet-stream"
    shown = "" if filename is None else f'; filename="{filename}"'
    return f"{shown}\r\n", f"Content-Type: {content_type}\r\n\r\n"


def chunks(file: Any) -> Iterator[bytes]:
    """The file's content, in blocks of 16 KiB."""
    while block := file.read(16 * 1024):
        yield block
