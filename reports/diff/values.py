"""When two recorded values differ in more than what differs in each run."""

import re

# Addresses, ports, process ids and times of day are different in each run, and decide nothing.
_VOLATILE = re.compile(
    r"0x[0-9a-f]+|\d{5,}|(?:\w{3}, )?\d\d[ /]\w{3}[ /]\d{4}[ :]\d\d:\d\d:\d\d|\d\d:\d\d:\d\d", re.IGNORECASE
)


def differs(left: str, right: str) -> bool:
    """Whether two texts of values are different, whatever the run."""
    return left != right and _comparable(left) != _comparable(right)


def _comparable(text: str) -> object:
    text = _VOLATILE.sub("#", text)
    # A set of strings comes in another order in each process.
    return sorted(re.findall(r"\w+", text)) if text.startswith(("{", "set", "frozenset")) else text


_ITEM = re.compile(r"('[^']*'): ([^,{}]*)")


def narrowed(left: str, right: str) -> tuple[str, str, str]:
    """Of two dicts, the first item that differs: its key in brackets, and its values. Else the texts."""
    if left.startswith("{") and right.startswith("{"):
        theirs = dict(_ITEM.findall(right))
        for key, text in _ITEM.findall(left):
            if key in theirs and differs(text, theirs[key]):
                return f"[{key}]", text, theirs[key]
    return "", left, right
