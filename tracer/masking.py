"""What is secret: by the name of a value, by the look of a text, or as it was seen to be secret before."""

import contextlib
import html
import json
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

from flasktrace.tracer import secret_shapes
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.secret_shapes import URL_PASSWORD

MASK = "***"

_SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|passcode|secret|token|cookie|authorization|bearer|jwt|credential|csrf"
    r"|(api|access|private|signing|encryption)[_-]?key|^session_?id$|^pin$|^auth$"
    # PWD is where a shell is.
    r"|(?-i:^(pw|pwd|pass)$|[a-z_-]pwd$|[a-z]Pwd$)|[_-](pw|pass)$|_PWD$(?<!OLD_PWD)",
    re.IGNORECASE,
)
# Names before a value, as in `password=x`, `"token": "x"`, `config['SECRET_KEY'] = x`.
# All repetitions are bounded, so that no text takes longer than its length warrants.
_HEAD = re.compile(r"(?<![\w.-])([\w.-]{1,80})(?:\\?['\"])?\]?\s{0,4}(?:=>|==?|!=|:)\s{0,4}")
_VALUE = re.compile(r"[bru]?(\\?['\"])(?:(?!\1).)*|[^\s&;,'\"<>(){}\[\]\\]+", re.IGNORECASE | re.DOTALL)
# A signed token: a JWT, or a cookie of Flask's session.
_TOKEN = re.compile(r"(?:\beyJ|\.eJ)[\w.-]{12,}")
# Such a token, or the header that sets it as a cookie.
_TOKEN_ALONE = re.compile(
    rf"(?:[\w.-]{{1,80}}=)?{_TOKEN.pattern}"
    r"(?:;\s?(?:Path|Domain|Expires|Max-Age|HttpOnly|Secure|SameSite|Partitioned)(?:=[^;]*)?)*",
    re.IGNORECASE,
)
_SHAPES = re.compile(
    r"(?i:((?:authorization|cookie)\\?['\"]?\s{0,4}[=:]\s{0,4}\\?['\"]?)[^\r\n'\"\\]+)"
    r"|(?i:(\b(?:Bearer|Basic|Digest)\s{1,4})[^\s,'\"]+)"
    r"|(?i:(\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@'\"]{0,100}:)[^\s/@'\"]+(?=@))"
    rf"|(){_TOKEN.pattern}"
)
# Quick, and one is there wherever something above finds anything, in small letters.
_HINTS = (
    *("pass", "pw", "secret", "token", "cookie", "auth", "bearer", "jwt", "credential", "csrf", "key"),
    *("session", "basic", "digest", "://", "eyj", ".ej", *secret_shapes.HINTS),
)
_PIN = re.compile(r"\bpin\b")
_PLACES = (  # get_cookie_name() and its kin
    *("_name", "_path", "_domain", "_samesite", "_header", "_headers", "_methods", "_location", "_type"),
    *("_algorithm", "_url", "_uri", "_endpoint", "_class", "_backend"),
)
_MAX_LEARNED = 100_000
_MAX_SETTINGS = 100  # of a dict or list among them
_MAX_CLEANED = 5_000
MIN_LEARNED_CHARS = 6  # shorter secrets would blacken innocent text all over the trace
_MIN_GUESSED_CHARS = 8  # of those that are taken for secret without being named so in the program
_MAX_WORD_CHARS = 11  # longer ones of letters alone are no plain words
_MIN_DIGITS = 8  # of numbers that are secret
_MAX_CUT_CHARS = 120  # texts end there, and may do so inside a secret
_ELLIPSIS = "…"


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
        # By their first characters, in order: thousands must not slow down the look for each of them.
        self._learned: dict[str, list[str]] = {}
        self.learned_count = 0
        self._environment: dict[str, str] = {}
        self._late: set[str] = set()  # the beginnings of what was learned since take_late()
        self._cleaned: dict[str, str] = {}  # texts, that come again and again

    def is_secret_name(self, name: str) -> bool:
        """Tell whether values of this name are to be masked."""
        known = self._secret_names.get(name)
        if known is None:
            known = any(pattern.search(name) for pattern in self._patterns)
            if len(self._secret_names) < 10_000:
                self._secret_names[name] = known
        return known

    def is_secret_source(self, name: str) -> bool:
        """Tell whether what a function of this name returns is secret, and not just where a secret is."""
        return self.is_secret_name(name) and not name.lower().endswith(_PLACES)

    def learn(self, secret: object) -> None:
        """Mask this text (a str or bytes) wherever it turns up from now on, in whatever form."""
        if type(secret) is bytes:
            secret = secret.decode("latin-1")
        elif type(secret) is int and secret >= 10 ** (_MIN_DIGITS - 1):
            secret = str(secret)
        if type(secret) is not str or len(secret) < MIN_LEARNED_CHARS or _TOKEN_ALONE.fullmatch(secret):
            return  # too short, or masked by its shape anyway: sessions have as many cookies as requests
        for form in _forms(secret):
            start = form[:MIN_LEARNED_CHARS]
            known = self._learned.get(start, ())
            if form not in known and self.learned_count < _MAX_LEARNED:
                self._late.add(start)
                # A new list: another thread may be reading the old one.
                self._learned[start] = sorted([*known, form])
                self.learned_count += 1
                self._cleaned = {}
                self.on_learned()

    def take_late(self) -> list[str]:
        """What the texts learned since the last time begin with, once: those made before may show them."""
        late, self._late = self._late, set()
        return list(late)  # at once: another thread may just be adding to it

    def on_learned(self) -> None:
        """Called when there is a new secret; texts that were made before may show it."""

    def learn_guess(self, secret: object) -> None:
        """Learn a value that is likely to be secret, unless it is a plain word or the path of a file."""
        if type(secret) is bytes:
            secret = secret.decode("latin-1")
        if type(secret) is str and len(secret) >= _MIN_GUESSED_CHARS:
            if secret.isalpha() and len(secret) <= _MAX_WORD_CHARS:
                return
            if os.path.isabs(secret) and os.path.exists(secret):
                return
            self.learn(secret)

    def learn_named(self, items: Iterable[tuple[object, object]]) -> None:
        """Learn the values that have secret names among pairs of names and values (settings, say).

        Those in dicts and lists among them count too, and the passwords of addresses.
        """
        for name, value in items:
            is_secret = type(name) is str and self.is_secret_source(name)
            for inner_name, text in _texts_of(value):
                if is_secret or self.is_secret_source(inner_name):
                    self.learn_guess(text)
                elif type(text) is str and (found := URL_PASSWORD.search(text)):
                    self.learn(found[1])
                    self.learn(unquote_plus(found[1]))

    def learn_noted(self, item: object) -> None:
        """Learn what the recorder has noted: a secret, or pairs of settings."""
        if type(item) is tuple:
            self.learn_named(item)
        else:
            self.learn(item)

    def learn_environment(self) -> None:
        """Learn what has a secret name in the environment, which the program may have added to."""
        with contextlib.suppress(Exception):  # it may be changing right now, or be an object of the program's
            environment = dict(os.environ)
            if environment != self._environment:
                self._environment = environment
                self.learn_named(environment.items())

    def clean(self, text: str) -> str:
        """``text`` with all that is known or looks to be secret masked."""
        known = self._cleaned  # another thread may learn a secret, and put an empty one there
        cleaned = known.get(text)
        if cleaned is None:
            if len(known) >= _MAX_CLEANED:
                known.clear()
            cleaned = known[text] = self._clean(text)
        return cleaned

    def clean_exception(self, text: str) -> str:
        """The same of what an exception says, which may have been given a name and a value."""
        spans = list(secret_shapes.argument_places(text, self.is_secret_name))
        for first, last in spans:
            self.learn_guess(text[first:last])
        return self.clean(secret_shapes.masked(text, spans, MASK))

    def _clean(self, text: str) -> str:
        text = self._clean_once(text)
        if "%" in text:
            # What is quoted in URLs differs from one library to the next.
            unquoted = unquote_plus(text)
            unmasked = self._clean_once(unquoted)
            text = text if unmasked == unquoted else printable(unmasked)
        return text

    def _clean_once(self, text: str) -> str:
        if self._learned and len(text) >= MIN_LEARNED_CHARS:
            text = self._without_learned(text)
        if len(self._patterns) > 1 or _has_hint(text.lower()):
            text = _SHAPES.sub(lambda m: next(part for part in m.groups() if part is not None) + MASK, text)
            text = self._without_named(text)
            text = secret_shapes.masked(text, secret_shapes.places(text, self.is_secret_name), MASK)
        return text

    def _without_named(self, text: str) -> str:
        parts, position, kept = [], 0, 0
        while head := _HEAD.search(text, position):
            position = head.end()
            if self.is_secret_name(head[1]) and (value := _VALUE.match(text, position)):
                parts += [text[kept:position], value[1] or "", MASK]
                if self.is_secret_source(head[1]):
                    self.learn_guess(value[0].partition(value[1])[2] if value[1] else value[0])
                position = kept = value.end()
        return "".join([*parts, text[kept:]]) if parts else text

    def _without_learned(self, text: str) -> str:
        learned, width = self._learned, MIN_LEARNED_CHARS
        if learned.keys().isdisjoint({text[i : i + width] for i in range(len(text) - width + 1)}):
            return text
        position = 0
        while position <= len(text) - width:
            secrets = learned.get(text[position : position + width])
            if secrets is not None and (length := _secret_at(secrets, text, position)):
                text = text[:position] + MASK + text[position + length :]
            position += 1
        return text


def _has_hint(text: str) -> bool:
    for hint in _HINTS:
        if hint in text:
            return True
    return "pin" in text and _PIN.search(text) is not None


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no regular expression ({error}): give names of secrets, such as --mask 'iban|ssn'"
        ) from None


def _secret_at(secrets: list[str], text: str, position: int) -> int:
    """The length of the secret that stands in a text at a position, whole or cut there; 0 for none.

    Args:
        secrets: in order: those most alike to what stands there are where that itself would be.
        text: to look at.
        position: where.
    """
    rest = text[position:]
    at = bisect_right(secrets, rest)
    longest = max(_alike(secret, rest) for secret in secrets[max(at - 1, 0) : at + 1])
    if _is_cut_at(text, position + longest):
        return longest
    while at:
        length = _alike(secrets[at - 1], rest)
        if length == len(secrets[at - 1]):
            return length
        at = bisect_right(secrets, rest[:length])
    return 0


def _alike(secret: str, text: str) -> int:
    """How many characters a secret and a text begin with in common."""
    if text.startswith(secret):
        return len(secret)
    pairs = zip(secret, text, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(secret), len(text)))


def _is_cut_at(text: str, end: int) -> bool:
    """Whether a text, or an item in it, was cut there, so that the rest of a secret is not to be seen."""
    return _ELLIPSIS in text[end : end + 3] or (end >= _MAX_CUT_CHARS and end == len(text))


def _forms(secret: str) -> set[str]:
    """A secret as it is written in code, JSON, HTML, URLs and on the wire."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, json.dumps(secret)[1:-1], html.escape(secret), raw.decode("latin-1"), repr(raw)[2:-1]}
    forms |= {quote(raw), quote(raw, safe=""), quote_plus(raw)}
    forms |= secret_shapes.encoded(raw)
    # As in the repr of a text that holds them, in one kind of quotes or the other.
    escaped = {repr(form)[1:-1] for form in forms} | {form.replace("\\", "\\\\") for form in forms}
    escaped |= {form.replace("'", "\\'") for form in escaped}
    return {form for form in forms | escaped if len(form) >= MIN_LEARNED_CHARS}


def printable(text: str) -> str:
    """``text`` with what is not printable (controls, direction marks) as escapes."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _texts_of(item: object, name: str = "", depth: int = 6) -> Iterator[tuple[str, object]]:
    """The texts in a value of the program's, which runs none of its code, with the nearest names."""
    if type(item) is str or type(item) is bytes:
        yield name, item
    elif depth and type(item) is dict:
        for key, value in list(islice(item.items(), _MAX_SETTINGS)):
            yield from _texts_of(value, key if type(key) is str else name, depth - 1)
    elif depth and (type(item) is list or type(item) is tuple):
        for value in item[:_MAX_SETTINGS]:
            yield from _texts_of(value, name, depth - 1)


def settings_of(config: Any) -> tuple[tuple[str, object], ...]:
    """The texts in an app's settings with their names, and none of its objects.

    Args:
        config: a dict, or an object of a class that comes from it.
    """
    items = tuple(islice(dict.items(config), _MAX_SETTINGS))
    return tuple(found for key, value in items if type(key) is str for found in _texts_of(value, key))


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
