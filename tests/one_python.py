"""Which tests are met on one Python only, where all tests run on several: the others would say the same."""

import os
import sys

import pytest


def is_met_here(minor: int) -> bool:
    """Tell whether this run meets what is met on Python 3.``minor`` alone, where all tests are asked for."""
    return not os.environ.get("FLASKTRACE_ALL_TESTS") or sys.version_info[1] == minor


def met_on(minor: int, what: str) -> pytest.MarkDecorator:
    """A mark for tests of ``what``, which say the same on each Python."""
    return pytest.mark.skipif(not is_met_here(minor), reason=f"{what}: met on Python 3.{minor}")
