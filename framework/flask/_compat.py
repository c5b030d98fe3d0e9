"""What extensions and test suites of the time import from here, as it is on the one Python that there is.

No part of the lesson, and the bundle itself uses none of it: nothing here has to tell two Pythons apart.
"""

import collections.abc as collections_abc
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from io import StringIO as StringIO
from typing import Any

from flasktrace.framework.werkzeug._compat import reraise as reraise

from . import json_available as json_available

PY2 = BROKEN_PYPY_CTXMGR_EXIT = False
string_types = (str,)
integer_types = (int,)
text_type = str
fspath = os.fspath
getargspec = inspect.getfullargspec

__all__ = ["collections_abc", "json_available", "reraise"]


def iterkeys(d: Mapping[Any, Any]) -> Iterator[Any]:
    """The keys, one after the other."""
    return iter(d.keys())


def itervalues(d: Mapping[Any, Any]) -> Iterator[Any]:
    """The values, one after the other."""
    return iter(d.values())


def iteritems(d: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """The pairs, one after the other."""
    return iter(d.items())


def implements_to_string(cls: type) -> type:
    """The class as it is: its ``__str__`` is the right one."""
    return cls


def with_metaclass(meta: Callable[..., type], *bases: type) -> type:
    """A base of metaclass ``meta``, for a class statement that cannot say ``metaclass=``.

    The base that is given stands in for the real ones only until the class is made.
    """

    class Stand(type):
        def __new__(cls, name: str, _: tuple[type, ...], namespace: dict[str, Any]) -> Any:
            return meta(name, bases, namespace)

    return type.__new__(Stand, "temporary_class", (), {})
