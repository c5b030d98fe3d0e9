"""Secrets in texts of many kinds: forms, markup, addresses, tokens known by their beginnings.

Each shape gives the texts to be masked by what stands before them. All repetitions are bounded, so that no
text takes longer than its length warrants.
"""

import base64
import re
from collections.abc import Callable, Iterable, Iterator

IsSecretName = Callable[[str], bool]

# A field of multipart form data, as it is or as the repr of bytes shows it: its name, lines, its value.
_PART = re.compile(
    r"""name=\\?"([\w.\[\]-]{1,80})\\?"[^\r\n\\]{0,120}(?:(?:\\r|\r)?(?:\\n|\n)[^\r\n\\]{0,200}){0,4}?"""
    r"""(?:(?:\\r|\r)?(?:\\n|\n)){2}([^\r\n\\'"]+)"""
)
_ELEMENT = re.compile(r"<(?:\w{1,40}:)?([\w.-]{1,80})(?:\s[^<>]{0,200})?>([^<>\s][^<>]*)")
_TAG = re.compile(r"<(?:input|meta|button|option|textarea)\b[^<>]{0,600}", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(name|id|value|content)=(\\?['"])(.*?)(?:\2|$)""", re.IGNORECASE | re.DOTALL)
_KNOWN = re.compile(
    r"\b(?:gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|sk[-_](?:live|test|proj|ant)[-_]|AKIA|AIza|npm_|pypi-)"
    r"[\w-]{12,}"
)
_USER = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{0,20}://([^\s/:@'\"]{16,200})@")
# In a sentence: "with token x1", "the password was 'x1'".
_SPOKEN = re.compile(r"""(?<![\w-])([\w-]{2,80})(?=\s(?:is\s|was\s)?\\?['"]?([^\s'"<>,;()\\]{6,200}))""")
URL_PASSWORD = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{0,20}://[^\s/:@'\"]{0,100}:([^\s/@'\"]{1,200})@")
_ARGUMENTS = re.compile(r"(?:^|, )([\w.-]{1,80}), (.+?)(?=, |$)", re.DOTALL)

# One of these is in every token that is known, in small letters; all else here needs a secret name.
HINTS = (
    *("gho_", "ghp_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "xox", "sk-", "sk_"),
    *("akia", "aiza", "npm_", "pypi-"),
)


def places(text: str, is_secret_name: IsSecretName) -> Iterator[tuple[int, int]]:
    """Where in a text something is that looks secret: begins and ends, in no order."""
    for shape in (_KNOWN, *((_USER,) if "://" in text else ())):
        for found in shape.finditer(text):
            yield found.span(shape.groups)
    for shape in (*((_PART,) if "name=" in text else ()), *((_ELEMENT,) if "<" in text else ())):
        for found in shape.finditer(text):
            if is_secret_name(found[1]):
                yield found.span(2)
    for found in _SPOKEN.finditer(text):
        if is_secret_name(found[1]) and any(c.isdigit() for c in found[2]):
            yield found.span(2)
    for tag in _TAG.finditer(text) if "<" in text else ():
        attributes = list(_ATTRIBUTE.finditer(text, *tag.span()))
        if any(each[1].lower() in ("name", "id") and is_secret_name(each[3]) for each in attributes):
            yield from (each.span(3) for each in attributes if each[1].lower() in ("value", "content"))


def argument_places(text: str, is_secret_name: IsSecretName) -> Iterator[tuple[int, int]]:
    """The same for what an exception says that was given a name and a value: ``KeyError("token", x)``."""
    for found in _ARGUMENTS.finditer(text):
        if is_secret_name(found[1]):
            yield found.span(2)


def masked(text: str, spans: Iterable[tuple[int, int]], mask: str) -> str:
    """The text with something else at these places; they may overlap."""
    end = len(text) + 1
    for first, last in sorted(spans, reverse=True):
        if first < last <= end:
            text = text[:first] + mask + text[last:]
            end = first
    return text


def encoded(raw: bytes) -> set[str]:
    """What is always the same of the Base64 of anything that has these bytes in it, and their hex digits."""
    forms = {raw.hex()}
    for before in range(3):
        # The first and last characters depend on what stands before and after.
        code = base64.b64encode(b"\0" * before + raw)
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        forms.add(code[first:last].decode())
        forms.add(base64.urlsafe_b64encode(b"\0" * before + raw)[first:last].decode())
    return forms
