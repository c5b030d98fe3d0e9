"""The bundle gives genuine Flask 1.1.4's responses and call chains, in every scenario.

``pytest tests/framework/test_truth_scenarios.py --renew-golden`` records the golden files anew.
"""

import json
import sys
from collections.abc import Callable

import pytest
from tests.golden import compare, record_genuine
from tests.one_python import met_on

NAMES = record_genuine.golden_names()


@pytest.mark.parametrize("name", NAMES)
def test_bundle_does_what_genuine_flask_does(name: str) -> None:
    golden = json.loads(record_genuine.golden_path(name).read_text(encoding="utf-8"))
    actual = json.loads(record_genuine.record_text(sys.executable, name, bundle=True))
    result = compare.compare(golden, actual)
    assert result.response_differences == []
    assert result.differences == []
    assert result.in_order_count == result.expected_count > 0


@met_on(13, "genuine Flask, which has a Python of its own")
@pytest.mark.parametrize("name", NAMES)
def test_golden_file_is_what_genuine_flask_does(
    name: str, renew_golden: bool, cannot_run: Callable[[str], None]
) -> None:
    python = record_genuine.genuine_python()
    if python is None:
        cannot_run("no environment with genuine Flask 1.1.4 is here: see tests/golden/requirements.txt")
    assert python is not None
    if renew_golden:
        record_genuine.renew(name, python)
    recorded = record_genuine.record_text(python, name)
    assert record_genuine.golden_path(name).read_text(encoding="utf-8") == recorded


def test_a_missing_call_is_found() -> None:
    golden = {
        "scenario": "made up",
        "python": "3.11",
        "functions": [["flask.app", "Flask.run"], ["werkzeug.serving", "run_simple"]],
        "startup": {"functions": [0, 1], "depths": [0, 1]},
        "requests": [],
        "shutdown": {"functions": [], "depths": []},
    }
    actual = {**golden, "startup": {"functions": [0], "depths": [0]}}
    result = compare.compare(golden, actual)
    assert (result.in_order_count, result.expected_count) == (1, 2)
    assert "- " in result.differences[0] and "werkzeug.serving:run_simple" in result.differences[0]
    assert not result.is_equal
