"""The loose notation in which people write call chains, read into names.

``app.run() -> run_simple(host, port) → inner  # starts the server`` and its kin: arrows of any kind or line
breaks between the links, bullets and numbers before them, arguments, remarks in brackets or after ``#``,
a file or a function with ``:`` before an expression (``app.py: self.wsgi_app(environ)``).
"""

import re
from dataclasses import dataclass

from flasktrace.tracer.errors import UsageError

_ARROWS = r"\s*(?:[-=─—–−－＝]{1,4}[>＞]+|>>+|[→⇒➜➔➡⟶⟹⇢↓⬇⇩▶►]\ufe0f?)\s*"
_ARROW = re.compile(
    _ARROWS + r"|\s+[>＞]\s+"  # with blanks: not that of <locals>, nor a quotation's
    r"|\s*\n\s*"
    rf"|\s*[;；]\s*(?=[\w.<>]+\s*(?:[;；\n]|{_ARROWS}|$))"  # between names; else it begins a remark
)
# Lines of an arrow that is drawn from top to bottom, of which the head may be a letter.
_DRAWN = re.compile(r"^[ \t|│┃┆╎:.]*[|│┃┆╎][ \t]*\n[ \t]*[vV∨▼][ \t]*$|^[ \t|│┃┆╎▼∨]+$", re.MULTILINE)
_BULLET = re.compile(
    r"^\s*(?:(?:[-*+•]|\d+(?:\.\d+)*[.)、:]|>)\s+|[①-⑳]\s*"
    r"|(?:step\s*\d+|第\s*[\d一二三四五六七八九十]+\s*步|步骤\s*[\d一二三四五六七八九十]+)\s*[.:：、，,]?\s*)",
    re.IGNORECASE,
)
_REMARK = re.compile(r"（[^（）]*）|【[^【】]*】|\[[^\[\]]*\]|`{1,3}")
_COMMENT = re.compile(r"(?:#|//).*$", re.MULTILINE)
_ROUND = re.compile(r"\([^()]*\)")
_ASSIGNMENT = re.compile(r"^(?:return|yield|await|raise|[\w.,\s]+=(?!=))\s*")
_IDENTIFIER = r"[^\W\d]\w*"
_DOTTED = re.compile(rf"(?:{_IDENTIFIER}|<locals>|<lambda>)(?:\.(?:{_IDENTIFIER}|<locals>|<lambda>))*")
# In Chinese prose a name may stand right between words.
_DOTTED_ASCII = re.compile(_DOTTED.pattern, re.ASCII)
_DOUBLE_COLON = re.compile(r"(?<=\w)::(?=\w)")
_BLANKS = re.compile(r"[ \t]+")
_MAX_NESTING = 50
# What stands before the dot and says nothing about where the function is defined.
_VARIABLES = {"self", "cls", "app", "ctx", "request", "response", "srv", "server", "rv", "_request_ctx_stack"}


@dataclass(frozen=True, slots=True)
class Name:
    """One link of a written chain.

    Attributes:
        text: as it was written, for messages.
        parts: the dotted name, ``("Flask", "wsgi_app")``, without variables such as ``self``.
        module: what was said of its file or module ("app" for ``app.py:``), or "".
    """

    text: str
    parts: tuple[str, ...]
    module: str = ""

    @property
    def written(self) -> str:
        """The name alone, with its module, in a form that is read as the same name again."""
        dotted = ".".join(self.parts)
        return f"{self.module.replace('.', '/')}.py: {dotted}" if self.module else dotted

    @property
    def last(self) -> str:
        """The function's own name."""
        return self.parts[-1]


def parse_chain(text: str) -> list[Name]:
    """Read a chain; ``a: self.b(x) -> c`` gives the links a, b and c.

    Raises:
        UsageError: there are fewer than two links, or a link has no name in it.
    """
    names = parse_names(text)
    if len(names) < 2:
        raise UsageError(
            f"no call chain in {text.strip()[:60]!r}: write at least two names with an arrow, 'a -> b'"
        )
    return names


def parse_names(text: str) -> list[Name]:
    """Read what may be a part of a chain: any number of links, none too.

    Raises:
        UsageError: a link has no name in it.
    """
    whole = _without_asides(_DRAWN.sub("", _DOUBLE_COLON.sub(".", _BLANKS.sub(" ", text.strip()))))
    return [name for piece in _ARROW.split(whole) for name in _names_of(piece)]


def _without_asides(text: str) -> str:
    """Drop remarks and arguments, also those with arrows and line breaks in them."""
    text = _COMMENT.sub("", _REMARK.sub(" ", text))
    for pattern, blank in ((_ROUND, ""), (_REMARK, " ")):
        for _ in range(_MAX_NESTING):  # from the inmost ones on
            text, count = pattern.subn(blank, text)
            if not count:
                break
    return _BLANKS.sub(" ", text)


def _names_of(piece: str) -> list[Name]:
    written = piece.strip()
    link = _without_arguments(_BULLET.sub("", written).strip().rstrip(",;，；。."))
    if not link:
        return []
    before, colon, after = (part.strip() for part in re.sub("：", ":", link).partition(":"))
    if not colon or not after:
        return [_name(before, written)]
    if before.endswith(".py"):
        module = re.sub(r"[/\\]", ".", before.removesuffix(".py")).strip(".")
        return [_name(after, written, module)]
    if not _DOTTED_ASCII.search(before) and _DOTTED_ASCII.search(after):
        return [_name(after, written)]  # a heading in Chinese
    return [_name(before, written), _name(after, written)]


def _without_arguments(link: str) -> str:
    """Drop what stands in round brackets that are not closed in the same link."""
    kept, depth = [], 0
    for character in link:
        if character in "()":
            depth = max(depth + (1 if character == "(" else -1), 0)
        elif not depth:
            kept.append(character)
    return "".join(kept).strip()


def _name(expression: str, written: str, module: str = "") -> Name:
    expression = _ASSIGNMENT.sub("", expression).strip()
    match = _DOTTED_ASCII.search(expression) or _DOTTED.search(expression)
    if match is None:
        raise UsageError(f"no function name in {written[:60]!r}: write a name such as Flask.wsgi_app")
    parts = [part for part in match.group().split(".") if part != "super"]
    while len(parts) > 1 and parts[0] in _VARIABLES:
        parts = parts[1:]
    return Name(written, tuple(parts), module)
