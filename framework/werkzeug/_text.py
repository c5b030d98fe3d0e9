"""Text and bytes: WSGI hands over bytes dressed up as latin-1 text, everything above it wants real text.

Used by urls, routing, wrappers and test. No part of the lesson, hence the underscore.
"""

from typing import Any


def to_text(value: Any, charset: str | None = "utf-8", errors: str = "strict") -> Any:
    """Decode bytes; None stays None, anything else becomes its ``str``. No charset: bytes stay bytes."""
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, bytes | bytearray):
        return str(value)
    return bytes(value) if charset is None else value.decode(charset, errors)


def to_bytes(value: Any, charset: str = "utf-8", errors: str = "strict") -> bytes | None:
    """Encode text; None stays None.

    Raises:
        TypeError: neither text nor bytes.
    """
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        return value.encode(charset, errors)
    raise TypeError("Expected bytes")


def wsgi_to_text(value: str, charset: str = "utf-8", errors: str = "replace") -> str:
    """Turn an environ value (bytes dressed up as latin-1) into the text it means."""
    return value.encode("latin1").decode(charset, errors)


def text_to_wsgi(value: str | bytes, charset: str = "utf-8", errors: str = "replace") -> str:
    """Dress ``value`` up as an environ value."""
    raw = value.encode(charset, errors) if isinstance(value, str) else value
    return raw.decode("latin1", errors)


def wsgi_bytes(value: str | bytes) -> bytes:
    """The bytes that an environ value stands for."""
    return value if isinstance(value, bytes) else value.encode("latin1")
