"""Text from traced programs made safe to print, and cut by the cells it takes on a terminal.

Every view passes what it did not write itself through :func:`clean`: names, values, exceptions, paths.
What could move the cursor, colour the screen, turn the direction of reading or break the encoding comes
out as a visible escape, as Python would write it in a string.
"""

import re

from rich.cells import cell_len

# What Python holds for printable, but shows nothing: fillers, inherent vowels.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]")
_IDEOGRAPHIC_SPACE = "\u3000"  # the one blank besides the space that ordinary Chinese text holds
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MARKS_IN_A_ROW = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)

MAX_CHARS = 2_000
"""No view shows more of one text; a longer one is cut before anything else looks at it."""

ELLIPSIS = "…"


def clean(text: str, max_chars: int = MAX_CHARS) -> str:
    """``text`` with each unsafe character as a visible escape, on one line.

    Args:
        text: any text, of any length, lone surrogates included.
        max_chars: a longer text is cut there, with an ellipsis.
    """
    if len(text) > max_chars:
        text = text[: max_chars - 1] + ELLIPSIS
    if not text.isprintable():
        # Controls, formats (directions, zero widths, tags), separators, surrogates, private and unassigned.
        is_safe = str.isprintable
        text = "".join([c if is_safe(c) or c == _IDEOGRAPHIC_SPACE else _escape(c) for c in text])
    if text.isascii():
        return text
    text = _INVISIBLE.sub(lambda match: _escape(match[0]), text)
    return _MARKS_IN_A_ROW.sub(r"\1", text)


def _escape(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cells(text: str) -> int:
    """How many cells a clean text takes on a terminal."""
    return len(text) if text.isascii() else cell_len(text)


def shorten(text: str, room_cells: int, ellipsis: str = ELLIPSIS) -> str:
    """A clean text cut to at most ``room_cells`` cells, with an ellipsis where it was cut."""
    if cells(text) <= room_cells:
        return text
    room = room_cells - cells(ellipsis)
    if room < 0:
        return ""
    return _head(text, room) + ellipsis


def _head(text: str, room_cells: int) -> str:
    if text.isascii():
        return text[:room_cells]
    taken = 0
    for i, char in enumerate(text):
        taken += cell_len(char)
        if taken > room_cells:
            return text[:i]
    return text


def wrap(text: str, room_cells: int) -> list[str]:
    """A clean text as lines of at most ``room_cells`` cells, broken at spaces and between wide characters."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        while cells(line) + cells(piece.rstrip()) > room_cells:
            if line.strip():
                lines.append(line.rstrip())
                line = ""
                continue
            head = _head(piece, max(room_cells, 2))
            lines.append(head)
            piece = piece[len(head) :]
        line = line + piece if line else piece.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


_PIECE = re.compile(r"[\u1100-\uffff][，。、；：！？）」』”’]*|[^\s\u1100-\uffff]+\s*|\s+")


def _pieces(text: str) -> list[str]:
    """Words with the space behind them; a wide character with the punctuation that must not begin a line."""
    return _PIECE.findall(text)


def to_ascii(text: str) -> str:
    """A clean text for a stream that takes ASCII only."""
    return text if text.isascii() else text.encode("ascii", "backslashreplace").decode("ascii")
