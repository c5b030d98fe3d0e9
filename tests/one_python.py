"""What is shared out where all tests run on three Pythons: each part of it is met on one of them only."""

import os
import sys
from collections.abc import Iterable
from itertools import cycle

import pytest
from _pytest.mark import ParameterSet

MINORS = (11, 12, 13)
IS_SHARED = bool(os.environ.get("FLASKTRACE_ALL_TESTS"))


def met_on(minor: int, what: str) -> pytest.MarkDecorator:
    """A mark for tests of ``what``, which say the same on each Python."""
    is_elsewhere = IS_SHARED and sys.version_info[1] != minor
    return pytest.mark.skipif(is_elsewhere, reason=f"{what}: met on Python 3.{minor}")


def in_turn(cases: Iterable[object], what: str) -> list[ParameterSet]:
    """The cases of a test, each to be met on one Python only."""
    each = zip(cases, cycle(MINORS), strict=False)
    return [pytest.param(case, marks=met_on(minor, what)) for case, minor in each]


def share(count: int) -> int:
    """How many of so many examples are made up on this Python; the others make up other ones."""
    return -(-count // len(MINORS)) if IS_SHARED else count
