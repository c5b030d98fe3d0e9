"""Keeps the recorder's hooks from the program: ``sys.getprofile`` tells what it would tell without them."""

import sys
import threading
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

plain_sys_getprofile = sys.getprofile
plain_threading_getprofile = threading.getprofile

# Of each hook of ours what would be in its place. Only those of our kinds (functions, and the lanes of the
# hooks in C) are ever looked up: the program's may be objects whose hash is code of its own.
_in_place: "WeakKeyDictionary[object, object]" = WeakKeyDictionary()
_kinds = {id(FunctionType)}
_count = 0


def add(hook: object, in_place: object) -> None:
    """Make a hook known, before it is installed.

    Args:
        hook: a function, or an object of a type of ours that hashes by identity.
        in_place: what the program is to see instead.
    """
    _kinds.add(id(type(hook)))
    _in_place[hook] = in_place


def begin() -> None:
    """Hide the hooks, until as many calls of :func:`end`."""
    global _count
    _count += 1
    if _count == 1:
        sys.getprofile, threading.getprofile = _sys_getprofile, _threading_getprofile


def end() -> None:
    """A recorder has taken its hooks away."""
    global _count
    _count -= 1
    if _count == 0:
        # Whoever has put a function there meanwhile keeps it.
        if sys.getprofile is _sys_getprofile:
            sys.getprofile = plain_sys_getprofile
        if threading.getprofile is _threading_getprofile:
            threading.getprofile = plain_threading_getprofile


def _sys_getprofile() -> Any:
    return _without_ours(plain_sys_getprofile())


def _threading_getprofile() -> Any:
    return _without_ours(plain_threading_getprofile())


def _without_ours(hook: Any) -> Any:
    for _ in range(10):  # a recording inside a recording
        if id(type(hook)) not in _kinds or hook not in _in_place:
            break
        hook = _in_place[hook]
    return hook


for _ours, _plain in (
    (_sys_getprofile, plain_sys_getprofile),
    (_threading_getprofile, plain_threading_getprofile),
):
    _ours.__name__ = _ours.__qualname__ = "getprofile"
    _ours.__doc__ = _plain.__doc__
