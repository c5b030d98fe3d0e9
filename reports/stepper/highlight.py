"""Which parts of some lines of Python are keywords, strings, comments: enough for a pane, in microseconds."""

import keyword
import re

Lines = dict[int, list[tuple[str, str]]]  # by line number: (name of a style, text)

_PARTS = re.compile(
    r"""
    (?P<string>(?i:[rbuf]{0,2})(?:\"{3}.*?(?:\"{3}|\Z)|'{3}.*?(?:'{3}|\Z)
        |"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))
    |(?P<comment>\#[^\n]*|^[ ]*@[\w.]+)
    |(?P<defined>(?<=\bdef\ )\w+|(?<=\bclass\ )\w+)
    |(?P<number>\b\d[\w.]*\b)
    |(?P<word>[^\W\d]\w*)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_KEYWORDS = frozenset(keyword.kwlist)


def highlighted(lines: tuple[str, ...], first: int, last: int) -> Lines:
    """Some lines of Python with the names of their styles.

    Args:
        lines: of the file, clean.
        first, last: line numbers, both inclusive.
    """
    found: Lines = {number: [] for number in range(first, last + 1)}
    text = "\n".join(lines[first - 1 : last])
    number = at = 0

    def add(style: str, part: str) -> None:
        nonlocal number
        for i, piece in enumerate(part.split("\n")):
            number += bool(i)
            if piece:
                found[first + number].append((style, piece))

    for match in _PARTS.finditer(text):
        kind = match.lastgroup or "word"
        if kind == "word":
            if match[0] not in _KEYWORDS:
                continue
            kind = "keyword"
        add("plain", text[at : match.start()])
        add(kind, match[0])
        at = match.end()
    add("plain", text[at:])
    return found
