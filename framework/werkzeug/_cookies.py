"""How cookies' values and domains are written. Used by http; no part of the lesson."""

import string

from ._internal import _encode_idna
from ._text import to_text

_plain = frozenset((string.ascii_letters + string.digits + "/=!#$%&'*+-.^_`|~:").encode("ascii"))
#: Bytes with a short escape of their own; all other bytes that are not plain are octal.
_short = {ord('"'): '\\"', ord("\\"): "\\\\"}


def quote_value(value: bytes) -> str:
    """Escape a cookie's value; in quotes if there was anything to escape."""
    if all(code in _plain for code in value):
        return value.decode("ascii")
    return f'"{"".join(map(_quote_byte, value))}"'


def _quote_byte(code: int) -> str:
    is_shown = 32 <= code < 127 and code not in b",;"
    return _short.get(code) or (chr(code) if is_shown else f"\\{code:03o}")


def encode_domain(domain: str | bytes) -> str:
    """The domain for a ``Set-Cookie`` header: no port, internationalised names encoded."""
    host = str(to_text(domain)).partition(":")[0]
    encoded: str = to_text(_encode_idna(host), "ascii")
    return encoded
