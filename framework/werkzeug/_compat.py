"""What extensions and test suites of the time import from here, as it is on the one Python that there is.

No part of the lesson, and the bundle itself uses none of it: nothing here has to tell two Pythons apart.
"""

import builtins as builtins
import collections.abc as collections_abc
import os
import sys
from collections.abc import Callable
from io import BytesIO as BytesIO
from io import StringIO as StringIO
from operator import methodcaller
from types import TracebackType
from typing import Any

from ._text import text_to_wsgi as wsgi_encoding_dance
from ._text import to_bytes as to_bytes
from ._text import wsgi_to_text as wsgi_decoding_dance

PY2 = False
WIN = sys.platform.startswith("win")
NativeStringIO = StringIO
string_types = (str,)
integer_types = (int,)
text_type = str
unichr = chr
range_type = range
imap = map
izip = zip
ifilter = filter
fspath = os.fspath
int_to_byte = methodcaller("to_bytes", 1, "big")
wsgi_get_bytes = methodcaller("encode", "latin1")

__all__ = ["collections_abc", "wsgi_decoding_dance", "wsgi_encoding_dance"]


def _unchanged(thing: Any) -> Any:
    return thing


fix_tuple_repr = implements_bool = implements_iterator = implements_to_string = _unchanged
native_string_result = normalize_string_tuple = try_coerce_native = _unchanged


def _iterating(method: str) -> Callable[..., Any]:
    """A function that iterates over what a mapping's method gives."""
    return lambda mapping, *args, **kwargs: iter(getattr(mapping, method)(*args, **kwargs))


iterkeys, itervalues, iteritems = _iterating("keys"), _iterating("values"), _iterating("items")
iterlists, iterlistvalues = _iterating("lists"), _iterating("listvalues")


def iter_bytes(data: bytes) -> Any:
    """The bytes one by one, each as ``bytes``."""
    return map(int_to_byte, data)


def make_literal_wrapper(reference: Any) -> Callable[[Any], Any]:
    """Give what turns a literal into the kind of string that ``reference`` is."""
    return _unchanged if isinstance(reference, str) else wsgi_get_bytes


def reraise(tp: type[BaseException], value: BaseException, tb: TracebackType | None = None) -> None:
    """Raise ``value`` as if at ``tb``."""
    raise value.with_traceback(tb if tb is not None else value.__traceback__)


def to_unicode(
    x: Any, charset: str | None = "utf-8", errors: str = "strict", allow_none_charset: bool = False
) -> Any:
    """Decode bytes; None stays None, anything else becomes its ``str``.

    Raises:
        TypeError: no charset, where there has to be one.
    """
    if not isinstance(x, bytes):
        return None if x is None else str(x)
    if charset is None and allow_none_charset:
        return x
    return str(x, charset, errors)  # type: ignore[arg-type]  # the TypeError is Python's


def to_native(x: Any, charset: str = "utf-8", errors: str = "strict") -> Any:
    """Decode bytes; what is a string or None stays as it is."""
    return x if x is None or isinstance(x, str) else x.decode(charset, errors)
