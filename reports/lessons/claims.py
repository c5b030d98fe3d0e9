"""One line of an *expect* block, read into an expectation."""

import re

from flasktrace.reports.chain.notation import parse_names
from flasktrace.reports.lessons.lesson import Claim, Expectation
from flasktrace.tracer.errors import UsageError

_HAND_OVER = re.compile(r"\s*(?:~+>|⇢)\s*")
_LIST = re.compile(r"\s*(?:,|，|、|\n|->|→|~>|⇢)\s*")
_FORMS = {
    Claim.CALLS: "calls: a -> b ~> c",
    Claim.NOT_CALLED: "not called: NAME, NAME",
    Claim.SAME_THREAD: "same thread: NAME, NAME",
    Claim.OTHER_THREAD: "other thread: NAME, NAME",
    Claim.FILE: "file: NAME in flask/app.py",
    Claim.RECEIVER: "called on: NAME = CLASS",
    Claim.ARGUMENT: "argument: NAME PARAMETER = VALUE",
    Claim.RETURNS: "returns: NAME = VALUE",
    Claim.RAISES: "raises: NAME = EXCEPTION",
    Claim.TIMES: "times: NAME = 2",
    Claim.STATE: "state: NAME has TEXT",
    Claim.TABLES: "tables: has TEXT",
    Claim.STATUS: "status: 200",
}
_SPLIT = {
    Claim.FILE: " in ",
    Claim.RECEIVER: "=",
    Claim.ARGUMENT: "=",
    Claim.RETURNS: "=",
    Claim.RAISES: "=",
    Claim.TIMES: "=",
    Claim.STATE: " has ",
}


def parse_claim(key: str, value: str, line: int) -> Expectation:
    """Read ``key: value``.

    Raises:
        UsageError: the key is none of the format's, or the value has not the form it asks for.
    """
    known = {claim.value: claim for claim in Claim}
    if key not in known:
        raise UsageError(f"{key!r} is nothing to expect: choose one of {', '.join(known)}")
    claim = known[key]
    text = f"{key}: {' '.join(value.split())}"
    malformed = UsageError(f"{text[:60]!r} is malformed: write {_FORMS[claim]}")
    if not value:
        raise malformed
    if claim is Claim.CALLS:
        names, hand_overs = _chain(value)
        return Expectation(claim, text, line, names, hand_overs)
    if claim in (Claim.NOT_CALLED, Claim.SAME_THREAD, Claim.OTHER_THREAD):
        names = tuple(filter(None, (name.strip().strip("`") for name in _LIST.split(value))))
        if len(names) < (1 if claim is Claim.NOT_CALLED else 2):
            raise malformed
        return Expectation(claim, text, line, names)
    if claim is Claim.STATUS:
        if not re.fullmatch(r"\d{3}", value):
            raise malformed
        return Expectation(claim, text, line, wanted=value)
    if claim is Claim.TABLES:
        wanted = value.removeprefix("has ").strip()
        return Expectation(claim, text, line, wanted=wanted)
    return _about_one(claim, text, value, line, malformed)


def _about_one(claim: Claim, text: str, value: str, line: int, malformed: UsageError) -> Expectation:
    subject, found, wanted = (part.strip() for part in value.partition(_SPLIT[claim]))
    words = subject.strip("`").split()
    expected = 2 if claim is Claim.ARGUMENT else 1
    if not found or not wanted or len(words) != expected:
        raise malformed
    if claim is Claim.TIMES and not wanted.isdecimal():
        raise malformed
    return Expectation(claim, text, line, (words[0],), subject=words[-1], wanted=wanted.strip("`"))


def _chain(value: str) -> tuple[tuple[str, ...], frozenset[int]]:
    names: list[str] = []
    hand_overs: set[int] = set()
    for i, piece in enumerate(_HAND_OVER.split(value)):
        if i:
            hand_overs.add(len(names) - 1)
        found = parse_names(piece)
        if not found:
            raise UsageError(f"an arrow of {' '.join(value.split())[:60]!r} has no name beside it")
        names += [name.written for name in found]
    if len(names) < 2:
        raise UsageError(f"no call chain in {value[:60]!r}: write at least two names with an arrow, a -> b")
    return tuple(names), frozenset(hand_overs)
