"""Some of a file's calls make the tree that is left of the whole one."""

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.golden_traces import golden_trace
from tests.version_1_traces import WRITERS

from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.model import Trace
from flasktrace.tracer.paging import TraceFile
from flasktrace.tracer.reduced import all_rows, reduced_trace, rows_of
from flasktrace.tracer.store import write_trace


@pytest.mark.parametrize("write", WRITERS)
def test_some_calls_hang_under_the_nearest_of_their_callers(
    write: Callable[[Trace, Path], None], tmp_path: Path
) -> None:
    trace = golden_trace("hello")
    path = tmp_path / "t.flasktrace"
    write(trace, path)
    file = TraceFile(path)
    wanted = [key for key in trace.functions if key % 3 == 0]
    rows = rows_of(file, wanted)
    reduced, parents = reduced_trace(file, rows)
    kept = set(rows.id)
    for at, call in enumerate(reduced.calls):
        above = trace.call(call.id).parent_id
        while above is not None and above not in kept:
            above = trace.call(above).parent_id
        assert call.parent_id == above
        assert (rows.id[parents[at]] if parents[at] >= 0 else None) == above
    file.close()


@pytest.mark.parametrize("write", WRITERS)
def test_all_calls_have_the_callers_that_some_have(
    write: Callable[[Trace, Path], None], tmp_path: Path
) -> None:
    trace = golden_trace("threads")
    for i, thread in enumerate(trace.threads[1:], start=1):
        starter = trace.calls.parent_id[trace.calls.thread_id.index(thread.id)]
        trace.threads[i] = replace(thread, started_by=starter)
    assert len(trace.threads) > 2
    path = tmp_path / "t.flasktrace"
    write(trace, path)
    file = TraceFile(path)
    some, some_parents = reduced_trace(file, rows_of(file, list(trace.functions)))
    every, parents = reduced_trace(file, all_rows(file))
    assert parents == some_parents
    assert every.calls.parent_id == some.calls.parent_id == trace.calls.parent_id
    # Few functions: the calls that begin a thread are there, whatever their function is.
    rows = rows_of(file, [1])
    for position, parent_id in enumerate(trace.calls.parent_id):
        is_first = (
            not parent_id
            or trace.calls.thread_id[trace.calls.index_of(parent_id)] != trace.calls.thread_id[position]
        )
        assert (trace.calls.id[position] in rows.id) == (is_first or trace.calls.function_id[position] == 1)
    file.close()


def test_a_call_before_its_caller_is_damage(tmp_path: Path) -> None:
    trace = golden_trace("hello")
    trace.calls.parent_id[3] = trace.calls.id[7]
    path = tmp_path / "t.flasktrace"
    write_trace(trace, path)
    file = TraceFile(path)
    with pytest.raises(TraceError, match="damaged"):
        reduced_trace(file, all_rows(file))
    file.close()


@pytest.mark.parametrize("number", ["NULL", "9999"])
def test_a_call_of_a_function_that_is_not_there_is_damage(number: str, tmp_path: Path) -> None:
    path = tmp_path / "t.flasktrace"
    write_trace(golden_trace("hello"), path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE sites SET function_id = {number} WHERE depth = 0")
        connection.commit()
    file = TraceFile(path)
    with pytest.raises(TraceError, match="damaged"):
        rows_of(file, [1])
    with pytest.raises(TraceError, match="damaged"):
        all_rows(file)
    file.close()
