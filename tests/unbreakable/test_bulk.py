"""Requests in bulk: none lost, by the client's own count. At full size by benchmarks/bulk_requests.py."""

from pathlib import Path
from typing import Any

import pytest

from flasktrace.tracer.engines import available_engines


@pytest.fixture(scope="module")
def bulk() -> Any:
    """The command that counts; it is in a checkout only."""
    return pytest.importorskip("benchmarks.bulk_requests")


@pytest.mark.parametrize("recorder", available_engines())
def test_requests_in_a_row_are_all_recorded(recorder: str, bulk: Any, tmp_path: Path) -> None:
    assert bulk.in_a_row(tmp_path, 120, recorder).startswith(f"120 in a row, recorder {recorder}")


@pytest.mark.parametrize("recorder", available_engines())
def test_requests_at_once_are_all_recorded(recorder: str, bulk: Any, tmp_path: Path) -> None:
    assert bulk.at_once(tmp_path, 100, recorder).startswith(f"100 at once, recorder {recorder}")
