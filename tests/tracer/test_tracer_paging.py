"""Reading a trace piece by piece gives what reading it whole gives."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.golden_traces import golden_trace
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces
from tests.version_1_traces import WRITERS

from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.model import Marker, Trace, Value
from flasktrace.tracer.paging import TraceFile, count_calls
from flasktrace.tracer.store import write_trace


@settings(max_examples=share(25))
@given(traces(hostile=True))
def test_each_call_is_as_it_was_written(trace: Trace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.flasktrace")
        write_trace(trace, path)
        file = TraceFile(path)
        assert [file.call(call_id) for call_id in trace.calls.id] == list(trace.calls)
        assert (file.metadata, file.functions) == (trace.metadata, trace.functions)
        assert list(file.requests.values()) == trace.requests
        assert file.call_count == len(trace.calls)
        with pytest.raises(KeyError):
            file.call(10**9)
        file.close()


def test_values_are_found_whatever_signs_they_hold(tmp_path: Path) -> None:
    builder = TraceBuilder.new()
    texts = ["'50%_off'", "'a\\\\b'", "'it\\'s'", "'\u8336'", "'plain'"]
    for text in texts:
        builder.add("index", parameters=(Value("drink", "str", 1, text),))
    path = tmp_path / "t.flasktrace"
    write_trace(builder.trace, path)
    file = TraceFile(path)
    for call_id, text in enumerate(("0%_O", "a\\\\b", "it\\'s", "\u8336", "PLAIN"), 1):
        assert list(file.find(text, [], 0)) == [call_id], text
    assert list(file.find("drink", [], 3)) == [4, 5, 1, 2, 3]
    assert list(file.find("100", [2], 4)) == [5, 1, 2, 3, 4]
    file.close()


def test_the_last_marker_by_a_moment(tmp_path: Path) -> None:
    trace = golden_trace("hello")
    calls = trace.calls
    datas: list[dict[str, object]] = [{"view_functions": []}, {"n": 1}, {"n": 2}]
    trace.markers = [
        Marker(i + 1, "state", calls.id[10 * i], calls.start_ns[10 * i], data) for i, data in enumerate(datas)
    ]
    path = tmp_path / "t.flasktrace"
    write_trace(trace, path)
    file = TraceFile(path)
    thread_id, last_ns = calls.thread_id[10], calls.start_ns[15]
    assert file.last_of_thread(thread_id, last_ns) == trace.markers[1]
    assert file.last_of_thread(thread_id, -1) is None
    assert file.last_of_thread(99, last_ns) is None
    assert file.last_tables(calls.start_ns[25]) == trace.markers[0]
    file.close()


@pytest.mark.parametrize("write", WRITERS)
def test_the_last_marker_of_a_function_in_a_request(
    write: Callable[[Trace, Path], None], tmp_path: Path
) -> None:
    trace = golden_trace("hello")
    calls = trace.calls
    at = calls.request_id.index(1)
    for i in range(2):
        trace.markers.append(Marker(i + 1, "state", calls.id[at + i], calls.end_ns[at + i], {"n": i}))
    path = tmp_path / "t.flasktrace"
    write(trace, path)
    file = TraceFile(path)
    for i in range(2):
        asked = 1, calls.function_id[at + i]
        assert file.last_of_request(*asked, calls.end_ns[at + i]) == trace.markers[i]
        assert file.last_of_request(*asked, -1) is None
    assert file.last_of_request(2, calls.function_id[at], 10**18) is None
    file.close()


def test_what_is_no_trace_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "t.flasktrace"
    assert count_calls(path) == 0
    path.write_bytes(b"SQLite format 3\0" + bytes(200))
    assert count_calls(path) == 0
    with pytest.raises(TraceError, match=r"t\.flasktrace"):
        TraceFile(path)
