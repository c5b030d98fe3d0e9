"""Who calls whom in the bundled scenarios: the data file is current, and can be asked."""

import os
import sys
from pathlib import Path

import pytest
from tests.golden_traces import golden_trace
from tests.scenario_traces import ENGINES, record_all, record_scenario
from tests.scenarios.record_callers import caller_data, caller_pairs

from flasktrace.scenarios.callers import YOUR_CODE, index_of, load_callers, script_digest
from flasktrace.scenarios.catalog import list_scenarios
from flasktrace.tracer.store import read_trace

RENEW = "run `python -m tests.scenarios.record_callers`"


def test_the_file_was_made_of_the_scenarios_as_they_are() -> None:
    current = {scenario.name: script_digest(scenario.path) for scenario in list_scenarios()}
    assert dict(load_callers().digests) == current, RENEW


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_scenario_really_calls_is_in_the_file(engine: str, tmp_path: Path) -> None:
    index = load_callers()
    trace = read_trace(record_scenario("hooks", engine, tmp_path))
    missing = [
        (key, caller)
        for key, caller in sorted(caller_pairs(trace))
        if not any(each.key == caller and "hooks" in each.scenarios for each in index.callers(engine, key))
    ]
    assert missing == [], RENEW


@pytest.mark.parametrize("name", ["hello", "errors", "session", "blueprint"])
def test_the_file_has_what_genuine_flask_calls(name: str) -> None:
    known = load_callers().keys("bundled")
    called = {key for key, _ in caller_pairs(golden_trace(name))}
    assert sorted(key for key in called - known if key.startswith(("flask.app", "flask.ctx"))) == []


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the file is of Python 3.11")
def test_the_whole_file_is_current(tmp_path: Path) -> None:
    if not os.environ.get("FLASKTRACE_ALL_TESTS"):
        pytest.skip("plays all scenarios: set FLASKTRACE_ALL_TESTS=1")
    recorded = ((name, engine, read_trace(path)) for name, engine, path in record_all(tmp_path))
    fresh, index = index_of(caller_data(recorded)), load_callers()
    for engine in ENGINES:
        # What other versions of the leaves call among themselves is no part of the lesson.
        told = {key for key in fresh.keys(engine) if key.startswith(("flask.", "werkzeug.s", "werkzeug.l"))}
        differing = [key for key in sorted(told) if fresh.callers(engine, key) != index.callers(engine, key)]
        assert differing == [], RENEW


def test_the_caller_in_most_scenarios_comes_first() -> None:
    callers = load_callers().callers("bundled", "flask.app:Flask.wsgi_app")
    assert callers[0].key == "flask.app:Flask.__call__"
    assert "hello" in callers[0].scenarios
    assert {caller.key for caller in callers} >= {YOUR_CODE}


def test_a_function_that_nobody_calls_has_no_callers() -> None:
    assert load_callers().callers("bundled", "flask.app:Flask.nothing") == []
