"""Which tests are met on one Python only, where all tests run on several: the others would say the same."""

import os
import sys

import pytest


def met_on(minor: int, what: str) -> pytest.MarkDecorator:
    """A mark for tests of ``what``, which say the same on each Python."""
    is_elsewhere = bool(os.environ.get("FLASKTRACE_ALL_TESTS")) and sys.version_info[1] != minor
    return pytest.mark.skipif(is_elsewhere, reason=f"{what}: met on Python 3.{minor}")
