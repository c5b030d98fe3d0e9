"""The folding of real runs, on both engines: short enough to be read, and each call in one phase."""

import os
import sys
from pathlib import Path

import pytest
from tests.scenario_traces import ENGINES, record_all, record_scenario

from flasktrace.reports.folded import Level
from flasktrace.reports.folding import LEVELS, FoldOptions, fold
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer import query
from flasktrace.tracer.model import Trace
from flasktrace.tracer.phases import fill_phases, phase_ids
from flasktrace.tracer.store import read_trace

MAX_CHAPTERS = 9
MAX_MILESTONES = 45
REQUEST_PHASES = [
    "accept", "parse", "environ", "context", "dispatch", "finalize", "respond", "teardown", "send",
]  # fmt: skip


@pytest.fixture(scope="module", params=ENGINES)
def hello(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """A run of the first scenario on each engine."""
    return read_trace(record_scenario("hello", request.param, tmp_path_factory.mktemp("hello")))


def test_a_hello_request_is_told_in_nine_chapters_and_forty_five_milestones(hello: Trace) -> None:
    folded = fold(hello, load_catalogue())
    told = [chapter for chapter in folded.chapters if chapter.request is not None]
    assert [chapter.phase.id for chapter in told if chapter.phase] == REQUEST_PHASES
    assert len(told) <= MAX_CHAPTERS
    assert sum(chapter.last - chapter.first + 1 for chapter in told) <= MAX_MILESTONES
    overview = fold(hello, load_catalogue(), FoldOptions(Level.CHAPTERS))
    assert sum(chapter.request is not None for chapter in overview.chapters) <= MAX_CHAPTERS


def test_each_level_accounts_for_every_call(hello: Trace) -> None:
    counts = []
    for level in LEVELS:
        folded = fold(hello, load_catalogue(), FoldOptions(level))
        assert sum(chapter.call_count for chapter in folded.chapters) == len(hello.calls)
        counts.append(len(folded.steps))
    assert counts == sorted(counts) and len(set(counts)) == len(counts)


def test_each_call_is_in_exactly_one_phase_and_each_phase_has_calls(hello: Trace) -> None:
    catalogue = load_catalogue()
    phases = phase_ids(hello, catalogue)
    assert len(phases) == len(hello.calls)
    assert set(phases) == set(catalogue.phases) - {"error"}


def test_a_function_that_begins_a_phase_is_in_no_other(hello: Trace) -> None:
    catalogue = load_catalogue()
    fill_phases(hello, catalogue)
    for call in hello.calls:
        function = hello.function_of(call)
        landmark = catalogue.landmark(function.module, function.qualname)
        if landmark is not None and landmark.is_chapter:
            assert call.phase == landmark.phase, function.dotted_name


def test_filters_commute(hello: Trace) -> None:
    def names(trace: Trace) -> list[tuple[int, int | None]]:
        return [(call.id, call.parent_id) for call in trace.calls]

    fill_phases(hello, load_catalogue())
    hidden = ["werkzeug.local"]
    assert names(query.hide(query.request(hello, 1), hidden)) == names(
        query.request(query.hide(hello, hidden), 1)
    )
    assert names(query.phase(query.request(hello, 1), "context")) == names(
        query.request(query.phase(hello, "context"), 1)
    )
    assert names(query.hide(query.hide(hello, hidden), ["flask.sessions"])) == names(
        query.hide(query.hide(hello, ["flask.sessions"]), hidden)
    )
    assert names(query.no_values(query.hide(hello, hidden))) == names(query.hide(hello, hidden))


def test_every_scenario_is_told_from_accepting_to_sending_without_a_gap(tmp_path: Path) -> None:
    if not os.environ.get("FLASKTRACE_ALL_TESTS") or sys.version_info[:2] != (3, 11):
        pytest.skip("plays all scenarios, on Python 3.11: set FLASKTRACE_ALL_TESTS=1")
    catalogue = load_catalogue()
    for name, engine, path in record_all(tmp_path):
        trace = read_trace(path)
        folded = fold(trace, catalogue)
        assert sum(chapter.call_count for chapter in folded.chapters) == len(trace.calls), (name, engine)
        assert all(chapter.phase is not None for chapter in folded.chapters), (name, engine)
