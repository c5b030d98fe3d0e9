"""Source code as text, and flags as JavaScript, for tbtools. No part of the lesson."""

import io
import tokenize


def javascript(flag: bool) -> str:
    """A flag as JavaScript writes it."""
    return "true" if flag else "false"


def decode_source(data: bytes) -> str:
    """Python source as text, by its coding line; anything that is not valid is replaced."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError:
        encoding = "utf-8"
    return data.decode(encoding, "replace")
