"""Lines of source as they may be passed on: secrets that are written out in them are masked."""

import re

from flasktrace.tracer.masking import MASK, Masking
from flasktrace.tracer.secret_shapes import HINTS

_LITERAL = re.compile(r"""(['"])((?:\\.|(?!\1)[^\\])*)(?:\1|$)""")
# `password =`, `API_TOKEN: str =`, `"token":`, `config["SECRET_KEY"] =`, and `environ.get("TOKEN",`.
_NAME_BEFORE = re.compile(
    r"""(?<![\w-])(['"]?)([\w-]{1,80})(?:"""
    r"""\1\]?\s{0,4}(?::\s{0,4}[\w.\[\]|\ ]{1,40})?\s{0,4}(?:[=!]=|=|:)|(?<=\w)['"]\s{0,4},)"""
    r"""\s{0,4}\(?[bruf]{0,2}$""",
    re.IGNORECASE,
)
# Where prose has names it has no such signs beside them.
_SIGNS = re.compile(rf"""=|://|['"]\s?:|\b(?:Bearer|Basic)\s|eyJ|{"|".join(HINTS)}""", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[{}]|%[(\w]")
_masking = Masking()


def masked_line(line: str) -> str:
    """The line, with the literals masked that are secret by their names or by their looks."""
    parts, position = [], 0
    for literal in _LITERAL.finditer(line):
        parts += [line[position : literal.start(2)], _masked(line[: literal.start()], literal[2])]
        position = literal.end(2)
    return "".join([*parts, line[position:]])


def _masked(before: str, text: str) -> str:
    name = _NAME_BEFORE.search(before.rstrip("'\"")[-160:])
    if text and name is not None and _masking.is_secret_source(name[2]):
        return MASK
    if before[-1:] in ("'", '"'):
        return text  # three quotes begin prose
    if _PLACEHOLDER.search(text):  # what is filled in when it runs is no secret yet
        return text
    return _masking.clean(text) if _SIGNS.search(text) else text
