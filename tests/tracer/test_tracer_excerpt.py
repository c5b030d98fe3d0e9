"""One request, read alone from its file, is what it is in the whole trace."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.golden_traces import golden_trace
from tests.one_python import share
from tests.strategies_traces import traces

from flasktrace.tracer import excerpt, query
from flasktrace.tracer.excerpt import read_request
from flasktrace.tracer.model import Marker, Trace
from flasktrace.tracer.paging import TraceFile
from flasktrace.tracer.store import write_trace


def same(path: Path, trace: Trace, request_id: int) -> None:
    expected = query.request(trace, request_id)
    write_trace(trace, path)
    found = read_request(TraceFile(path), request_id)
    assert found is not None
    assert list(found.calls) == list(expected.calls)
    assert (found.requests, found.markers) == (expected.requests, expected.markers)
    used = set(expected.calls.thread_id)
    assert [each for each in found.threads if each.id in used] == [
        each for each in expected.threads if each.id in used
    ]
    assert found.unread_count == len(trace.calls) - len(expected.calls)


@settings(max_examples=share(40), deadline=None)
@given(traces())
def test_a_request_of_any_trace(tmp_path_factory: pytest.TempPathFactory, trace: Trace) -> None:
    same(tmp_path_factory.mktemp("t") / "t.flasktrace", trace, 1)


def test_a_request_with_threads_and_markers(tmp_path: Path) -> None:
    trace = golden_trace("threads")
    request_id = trace.requests[-1].id
    for i in range(0, len(trace.calls), 7):
        call_id = trace.calls.id[i]
        trace.markers.append(Marker(len(trace.markers) + 1, "state", call_id, trace.calls.start_ns[i], {}))
    trace.markers.append(Marker(len(trace.markers) + 1, "state", None, 10**9, {"n": 1}))
    same(tmp_path / "t.flasktrace", trace, request_id)


def test_an_unknown_or_endless_request_is_left_to_the_whole_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_trace(golden_trace("hello"), tmp_path / "t.flasktrace")
    file = TraceFile(tmp_path / "t.flasktrace")
    assert read_request(file, 99) is None
    monkeypatch.setattr(excerpt, "MAX_CALLS", 3)
    assert read_request(file, 1) is None
