"""How cookies' values are written. Used by http; no part of the lesson."""

import string

_plain = frozenset((string.ascii_letters + string.digits + "/=!#$%&'*+-.^_`|~:").encode("ascii"))
#: Bytes with a short escape of their own; all other bytes that are not plain are octal.
_short = {ord('"'): '\\"', ord("\\"): "\\\\"}


def quote_value(value: bytes) -> str:
    """Escape a cookie's value; in quotes if there was anything to escape."""
    if _plain.issuperset(value):
        return value.decode("ascii")
    return f'"{"".join(map(_quote_byte, value))}"'


def _quote_byte(code: int) -> str:
    is_shown = 32 <= code < 127 and code not in b",;"
    return _short.get(code) or (chr(code) if is_shown else f"\\{code:03o}")
