"""What is secret: by the name of a value, by the look of a text, or as it was seen to be secret before."""

import html
import json
import os
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

from flasktrace.tracer.errors import UsageError

MASK = "***"

_SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|passcode|secret|token|cookie|authorization|bearer|jwt|credential|csrf"
    r"|(api|access|private|signing|encryption)[_-]?key|^session_?id$|^pin$",
    re.IGNORECASE,
)
# Names before a value, as in `password=x`, `"token": "x"`, `config['SECRET_KEY'] = x`.
# All repetitions are bounded, so that no text takes longer than its length warrants.
_HEAD = re.compile(r"(?<![\w.-])([\w.-]{1,80})(?:\\?['\"])?\]?\s{0,4}(?:=>|==?|!=|:)\s{0,4}")
_VALUE = re.compile(r"[bru]?(\\?['\"])(?:(?!\1).)*|[^\s&;,'\"<>(){}\[\]\\]+", re.IGNORECASE | re.DOTALL)
# A signed token: a JWT, or a cookie of Flask's session.
_TOKEN = re.compile(r"(?:\beyJ|\.eJ)[\w-]{12,}[\w.-]*")
_SHAPES = re.compile(
    r"(?i:((?:authorization|cookie)\\?['\"]?\s{0,4}[=:]\s{0,4}\\?['\"]?)[^\r\n'\"\\]+)"
    r"|(?i:(\b(?:Bearer|Basic|Digest)\s{1,4})[^\s,'\"]+)"
    r"|(?i:(\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@'\"]{0,100}:)[^\s/@'\"]+(?=@))"
    rf"|(){_TOKEN.pattern}"
)
_HINT = re.compile(  # quick, and true wherever something above finds anything
    r"passw|passphrase|passcode|secret|token|cookie|authorization|bearer|jwt|credential|csrf|key|session_?id"
    r"|basic|digest|\bpin\b|://|eyJ|\.eJ",
    re.IGNORECASE,
)
_MAX_LEARNED = 50_000
_MIN_LEARNED_CHARS = 6  # shorter secrets would blacken innocent text all over the trace
_MIN_GUESSED_CHARS = 8  # of those that are taken for secret without being named so in the program
_MAX_CUT_CHARS = 120  # texts end there, and may do so inside a secret
_ELLIPSIS = "…"


def is_likely_secret(value: object) -> bool:
    """Whether a value with a secret's name is one: no plain word, and no path of a file."""
    if type(value) is not str or len(value) < _MIN_GUESSED_CHARS or value.isalpha():
        return False
    return not (os.path.isabs(value) and os.path.exists(value))


class Masking:
    """Tells what is secret, learns secrets, and cleans texts of them.

    Args:
        patterns: regular expressions of further names, as ``--mask`` gives them.

    Raises:
        UsageError: a pattern is no regular expression.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._patterns = [_SECRET_NAME, *map(_pattern, patterns)]
        self._secret_names: dict[str, bool] = {}
        # By their first characters: thousands of cookies must not slow down the look for each of them.
        self._learned: dict[str, list[str]] = {}
        self._learned_count = 0

    def is_secret_name(self, name: str) -> bool:
        """Tell whether values of this name are to be masked."""
        known = self._secret_names.get(name)
        if known is None:
            known = any(pattern.search(name) for pattern in self._patterns)
            if len(self._secret_names) < 10_000:
                self._secret_names[name] = known
        return known

    def learn(self, secret: object) -> None:
        """Mask this text (a str or bytes) wherever it turns up from now on, in whatever form."""
        if type(secret) is bytes:
            secret = secret.decode("latin-1")
        if type(secret) is not str or len(secret) < _MIN_LEARNED_CHARS or _TOKEN.fullmatch(secret):
            return  # too short, or masked by its shape anyway: sessions have as many cookies as requests
        for form in _forms(secret):
            start = form[:_MIN_LEARNED_CHARS]
            known = self._learned.get(start, ())
            if form not in known and self._learned_count < _MAX_LEARNED:
                # A new list: another thread may be reading the old one.
                self._learned[start] = sorted([*known, form], key=len, reverse=True)
                self._learned_count += 1
                self.on_learned()

    def on_learned(self) -> None:
        """Called when there is a new secret; texts that were made before may show it."""

    def learn_guess(self, secret: object) -> None:
        """Learn a value that is likely to be secret, unless it is a plain word or the path of a file."""
        if is_likely_secret(secret):
            self.learn(secret)

    def learn_named(self, items: Iterable[tuple[object, object]]) -> None:
        """Learn the values that have secret names among pairs of names and values (settings, say)."""
        for name, value in items:
            if type(name) is str and self.is_secret_name(name):
                self.learn_guess(value)

    def clean(self, text: str) -> str:
        """``text`` with all that is known or looks to be secret masked."""
        if self._learned and len(text) >= _MIN_LEARNED_CHARS:
            text = self._without_learned(text)
            if "%" in text:
                # What is left quoted in URLs differs from one library to the next.
                unquoted = unquote_plus(text)
                unmasked = self._without_learned(unquoted)
                text = text if unmasked == unquoted else unmasked
        if len(self._patterns) > 1 or _HINT.search(text):
            text = _SHAPES.sub(lambda m: next(part for part in m.groups() if part is not None) + MASK, text)
            text = self._without_named(text)
        return text

    def _without_named(self, text: str) -> str:
        parts, position, kept = [], 0, 0
        while head := _HEAD.search(text, position):
            position = head.end()
            if self.is_secret_name(head[1]) and (value := _VALUE.match(text, position)):
                parts += [text[kept:position], value[1] or "", MASK]
                position = kept = value.end()
        return "".join([*parts, text[kept:]]) if parts else text

    def _without_learned(self, text: str) -> str:
        learned, width = self._learned, _MIN_LEARNED_CHARS
        position = 0
        while position <= len(text) - width:
            for secret in learned.get(text[position : position + width], ()):
                end = position + _alike(secret, text, position)
                if end - position == len(secret) or _is_cut_at(text, end):
                    text = text[:position] + MASK + text[end:]
                    break
            position += 1
        return text


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no regular expression ({error}): give names of secrets, such as --mask 'iban|ssn'"
        ) from None


def _alike(secret: str, text: str, position: int) -> int:
    """How many characters of a secret stand in a text at a position."""
    if text.startswith(secret, position):
        return len(secret)
    pairs = zip(secret, text[position : position + len(secret)], strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(secret), len(text) - position))


def _is_cut_at(text: str, end: int) -> bool:
    """Whether a text, or an item in it, was cut there, so that the rest of a secret is not to be seen."""
    return _ELLIPSIS in text[end : end + 3] or (end >= _MAX_CUT_CHARS and end == len(text))


def _forms(secret: str) -> set[str]:
    """A secret as it is written in code, JSON, HTML, URLs and on the wire."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, json.dumps(secret)[1:-1], html.escape(secret), raw.decode("latin-1"), repr(raw)[2:-1]}
    forms |= {quote(raw), quote(raw, safe=""), quote_plus(raw)}
    # As in the repr of a text that holds them, in one kind of quotes or the other.
    escaped = {repr(form)[1:-1] for form in forms} | {form.replace("\\", "\\\\") for form in forms}
    escaped |= {form.replace("'", "\\'") for form in escaped}
    return {form for form in forms | escaped if len(form) >= _MIN_LEARNED_CHARS}


def secrets_in(item: Any, is_secret_name: Any, depth: int = 8) -> Iterable[str]:
    """The texts under secret names in parsed JSON."""
    if depth and isinstance(item, dict):
        for name, value in item.items():
            if isinstance(name, str) and is_secret_name(name):
                yield from _texts_in(value, depth)
            else:
                yield from secrets_in(value, is_secret_name, depth - 1)
    elif depth and isinstance(item, list):
        for value in item:
            yield from secrets_in(value, is_secret_name, depth - 1)


def _texts_in(item: Any, depth: int) -> Iterable[str]:
    if isinstance(item, str):
        yield item
    elif depth and isinstance(item, dict | list):
        for value in item.values() if isinstance(item, dict) else item:
            yield from _texts_in(value, depth - 1)
