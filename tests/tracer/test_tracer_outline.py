"""A long trace read in outline is shown as the whole of it is."""

import contextlib
import io
import itertools
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.golden_traces import golden_trace
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces
from tests.version_1_traces import write_trace_1

from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import LEVELS, FoldOptions, fold, fold_outline, outlined_functions
from flasktrace.reports.tree import write_tree
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer import compiled, store_cells
from flasktrace.tracer import outline as outline_module
from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.model import Function, Origin, Raised, Returned, Trace, Value
from flasktrace.tracer.outline import read_outline
from flasktrace.tracer.paging import TraceFile
from flasktrace.tracer.store import write_trace

CATALOGUE = load_catalogue("en")
FOLDED = (Level.CHAPTERS, Level.MILESTONES, Level.PIPELINE)
numbers = itertools.count()


@pytest.fixture(params=["compiled", "Python"])
def reading(request: pytest.FixtureRequest) -> Iterator[None]:
    """With what is compiled, where it is, and without."""
    if request.param == "compiled" and compiled.native is None:
        assert not os.environ.get("FLASKTRACE_ALL_TESTS")
        pytest.skip("nothing is compiled here: no compiler, or FLASKTRACE_NATIVE=0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_cells, "PIECE", 7)  # so that there are several
        patch.setattr(store_cells, "NAMED", 2)
        patch.setattr(outline_module, "SHAPES_AT_ONCE", 3)
        patch.setattr(outline_module, "HELD_SHAPES", 5)
        if request.param == "Python":
            patch.setattr(outline_module, "native", None)
            patch.setattr(store_cells, "native", None)
        yield


def outlined(trace: Trace, path: Path, options: FoldOptions) -> FoldedTrace | None:
    write_trace(trace, path)
    file = TraceFile(path)
    wanted = outlined_functions(file.functions, CATALOGUE, options.level)
    outline = None if wanted is None else read_outline(file, wanted)
    return None if outline is None else fold_outline(outline, CATALOGUE, options)


def text_of(folded: FoldedTrace) -> str:
    stream = io.StringIO()
    write_tree(folded, stream)
    return stream.getvalue()


@pytest.mark.usefixtures("reading")
@settings(max_examples=share(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    traces(),
    st.builds(FoldOptions, level=st.sampled_from(FOLDED), fold_repeats=st.booleans()),
)
def test_any_trace_is_told_the_same(
    tmp_path_factory: pytest.TempPathFactory, trace: Trace, options: FoldOptions
) -> None:
    for key, each in trace.functions.items():
        if each.origin is Origin.LIBRARY:
            object.__setattr__(trace.functions[key], "origin", Origin.STDLIB)
    found = outlined(trace, tmp_path_factory.mktemp("t") / "t.flasktrace", options)
    assert found is not None
    assert text_of(found) == text_of(fold(trace, CATALOGUE, options))


def test_the_request_below_a_call_that_is_not_shown_is_no_others(tmp_path: Path) -> None:
    """In the outline that call is not there: what else it calls, in no request, stays in none."""
    made = TraceBuilder.new(request_count=1, thread_count=2)
    module = made.add("<module>")
    made.add("Flask.wsgi_app", module)  # the story is a request's from here on
    hidden = made.add("Local.__getattr__", module)
    made.add("<module>", hidden, thread=2)
    made.add("<module>", hidden, thread=2, request=1)
    made.trace.functions = {k: f for k, f in made.trace.functions.items() if f.origin is not Origin.LIBRARY}
    options = FoldOptions(fold_repeats=False)
    whole, found = (
        fold(made.trace, CATALOGUE, options),
        outlined(made.trace, tmp_path / "t.flasktrace", options),
    )
    assert found is not None
    assert [len(found.trace.calls), len(whole.trace.calls)] == [4, 5]
    assert text_of(found) == text_of(whole)


@pytest.mark.parametrize("name", ["hello", "errors", "threads", "streaming"])
@pytest.mark.parametrize("level", FOLDED)
def test_a_recorded_trace_is_told_the_same(name: str, level: Level, tmp_path: Path) -> None:
    trace, options = golden_trace(name), FoldOptions(level)
    found = outlined(trace, tmp_path / "t.flasktrace", options)
    assert found is not None
    assert text_of(found) == text_of(fold(trace, CATALOGUE, options))
    assert found.total_call_count == len(trace.calls)
    assert level is Level.PIPELINE or len(found.trace.calls) < len(trace.calls)


def test_what_needs_all_calls_is_read_whole(tmp_path: Path) -> None:
    trace = golden_trace("hello")
    assert outlined_functions(trace.functions, CATALOGUE, LEVELS[-1]) is None
    write_trace_1(trace, tmp_path / "1.flasktrace")
    assert read_outline(TraceFile(tmp_path / "1.flasktrace"), {1}) is None
    trace.calls.id[-1] += 7
    trace.markers, trace.threads = [], [*trace.threads]
    write_trace(trace, tmp_path / "2.flasktrace")
    assert read_outline(TraceFile(tmp_path / "2.flasktrace"), {1}) is None


def test_however_many_calls_begin_something_the_queries_stay_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is a call that was not asked for, and is named by its id."""
    made = TraceBuilder.new(request_count=3_000)
    for request in range(1, 3_001):
        made.add("Local.__getattr__", request=request)
    write_trace(made.trace, tmp_path / "t.flasktrace")
    file = TraceFile(tmp_path / "t.flasktrace")
    monkeypatch.setattr(store_cells, "PIECE", 500)
    with file.reading() as connection:
        connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 5_000)
    outline = read_outline(file, set())
    assert outline is not None
    assert outline.trace.calls.request_id.tolist() == list(range(1, 3_001))


@pytest.mark.usefixtures("reading")
def test_what_no_call_that_is_kept_has_can_be_looked_at_too(tmp_path: Path) -> None:
    made = TraceBuilder.new()
    for number in range(8):
        value, result = Value("number", "int", 0, str(number)), Value("", "str", 0, str(-number))
        above = made.add("<module>", outcome=Returned(result, number), parameters=(value,))
        made.add("index", above, outcome=Raised("KeyError", str(number)), receiver=value)
    write_trace(made.trace, tmp_path / "t.flasktrace")
    file = TraceFile(tmp_path / "t.flasktrace")
    outline = read_outline(file, set())
    assert outline is not None and len(outline.trace.calls) == 8
    for found, pool in (
        (outline.trace.calls.outcomes, made.trace.calls.outcomes),
        (outline.trace.calls.details, made.trace.calls.details),
    ):
        assert len(found) >= 16 and list(reversed(found)) == list(reversed(pool))


@pytest.mark.usefixtures("reading")
@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_column_is_read_as_it_is_written(numbers: list[int]) -> None:
    assert store_cells.numbers_of(",".join(map(str, numbers)), len(numbers)).tolist() == numbers


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize(
    ("text", "count"),
    [
        *((text, 1) for text in ("", "-", "x", "+1", "1.5", "1,", "1x", "\0", "1\x002", "é", "1,2")),
        *((text, 2) for text in ("1", "1,", ",1", "1,,2", "1,2,3", "1,2,", "1;2", "1,x", "-,1")),
        *((text, 1) for text in ("9223372036854775808", "-9223372036854775809", "1" * 40)),
        ("1,2", 10**12),
        ("1,2", -1),
    ],
)
def test_a_column_that_is_no_numbers_is_refused(text: str, count: int) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        store_cells.numbers_of(text, count)


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE call_rows SET up = -1 WHERE id = 50",
        "UPDATE call_rows SET up = 60 WHERE id = 50",
        "UPDATE call_rows SET up = 'a,b' WHERE id = 50",
        "UPDATE call_rows SET up = '1,2' WHERE id = 50",
        "UPDATE call_rows SET strand_id = NULL WHERE id = 50",
        "UPDATE call_rows SET site_id = 999999",
        "UPDATE call_rows SET strand_id = 999999",
        "UPDATE call_rows SET start_ns = 1 WHERE id = 50",
        "UPDATE call_rows SET duration_ns = 'x'",
        "UPDATE call_rows SET detail_id = -1",
        "UPDATE call_rows SET outcome_id = 999999",
        "UPDATE outcome_shapes SET kind = 'exploded'",
        "UPDATE detail_shapes SET names_id = 999",
        "UPDATE sites SET function_id = 'x'",
        "UPDATE parameter_names SET names = '['",
        "UPDATE threads SET started_by = 999999 WHERE id = 2",
    ],
)
def test_what_is_damaged_is_said(statement: str, tmp_path: Path) -> None:
    path = tmp_path / "t.flasktrace"
    write_trace(golden_trace("hello"), path)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(statement)
    connection.close()
    with pytest.raises(TraceError, match="damaged") as caught:
        file = TraceFile(path)
        outline = read_outline(file, set(file.functions))
        assert outline is not None
        text_of(fold_outline(outline, CATALOGUE, FoldOptions(Level.PIPELINE)))
    assert "\n" not in str(caught.value)
    assert str(caught.value).count("is damaged (") == 1


def test_a_trace_that_is_being_written_is_read_as_it_was_when_it_was_opened(tmp_path: Path) -> None:
    trace, path = golden_trace("hello"), tmp_path / "t.flasktrace"
    write_trace(trace, path)
    file = TraceFile(path)
    function = Function(999, "late", "late", "/late.py", 1, 2, Origin.USER)
    with contextlib.closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("INSERT INTO functions SELECT 999, 'late', 'late', '/late.py', 1, 2, 'user'")
        writer.execute(
            "UPDATE sites SET function_id = 999 WHERE function_id = (SELECT max(function_id) FROM sites)"
        )
    outline = read_outline(file, {999})
    assert outline is not None
    assert outline.trace.functions[999] == function
    assert 999 in outline.trace.calls.function_id
