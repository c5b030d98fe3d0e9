"""Traces on disk: what is written is read, and a file from a stranger does no harm."""

import contextlib
import json
import os
import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.one_python import share
from tests.strategies_traces import traces
from tests.version_1_traces import write_trace_1

from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.model import (
    Call,
    Function,
    Marker,
    Metadata,
    Origin,
    Raised,
    Request,
    Returned,
    Thread,
    Trace,
    Value,
)
from flasktrace.tracer.store import SCHEMA_VERSION, TraceWriter, read_trace, write_trace


def sample(count: int = 3) -> Trace:
    trace = Trace(Metadata(scenario="sämple", extra={"a": "b"}), dropped_count=4)
    trace.threads = [Thread(1, "Main\udc80"), Thread(2, "worker", 1)]
    trace.requests = [Request(1, "GET", "/\ud800", 200), Request(2, "GET", "/x")]
    trace.functions = {1: Function(1, "m", "f", "/a/\udcff.py", 3, 9, Origin.USER)}
    value, result = Value("x", "str", 5, "'\udc80'"), Value("", "str", 5, "'y'")
    for i in range(count):
        outcome = Returned(result, 4) if i % 2 else Raised("E", "\udc80 text", 5)
        parent = None if i == 0 else 1
        trace.calls.append(
            Call(i + 1, parent, 1, 1, None, 0 if i == 0 else 1, 7, i, 100, None, value, (value,), outcome)
        )
    trace.markers = [Marker(1, "state", 1, 2, {"stack": ["a", 1, None]})]
    return trace


def same(left: Trace, right: Trace) -> None:
    assert list(left.calls) == list(right.calls)
    assert (left.metadata, left.threads, left.requests) == (right.metadata, right.threads, right.requests)
    assert (left.functions, left.markers, left.dropped_count) == (
        right.functions,
        right.markers,
        right.dropped_count,
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    write_trace(sample(), path)
    same(read_trace(path), sample())


@settings(max_examples=share(30), deadline=None)
@given(trace=traces())
def test_any_trace_survives_the_file(trace: Trace, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("store") / "a.flasktrace"
    write_trace(trace, path)
    same(read_trace(path), trace)


def test_a_file_of_version_1_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    write_trace_1(sample(40), path)
    same(read_trace(path), sample(40))


def test_the_views_show_the_model_to_any_tool(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    trace = sample()
    trace.calls.phases.append("routing")
    trace.calls.phase[1] = 1
    write_trace(trace, path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT * FROM calls").fetchall()
        assert rows[1] == (2, 1, 1, 1, None, 1, 7, 1, 100, 1, 2, 3)
        details = connection.execute("SELECT receiver, parameters FROM details").fetchall()
        assert details[0] == (None, "[]")
        assert json.loads(details[1][0]) == ["x", "str", "(no Unicode)"]
        assert len(json.loads(details[1][1])) == 1
        kinds = connection.execute("SELECT kind, class_name, line_number FROM outcomes").fetchall()
        assert kinds[:3] == [("unfinished", None, None), ("returned", None, None), ("raised", "E", 5)]


def test_what_is_repeated_is_stored_once(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    trace = sample(2000)
    write_trace(trace, path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        counts = {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("sites", "strands", "objects", "detail_shapes", "outcome_shapes", "seen_values")
        }
    expected = {"sites": 2, "strands": 1, "objects": 1, "detail_shapes": 2, "outcome_shapes": 4}
    assert counts == {**expected, "seen_values": 2}


def test_a_growing_trace_is_readable_after_each_batch(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    trace = sample(1)
    writer = TraceWriter(path)
    for i in range(2, 6):
        writer.write(trace)
        same(read_trace(path), trace)
        trace.calls.append(Call(i, 1, 1, 1, None, 1, None, i, 90, "phase", None, (), Returned(None, i)))
        trace.calls.end_ns[0] += 1
        writer.write(trace, [0])
    writer.close()
    same(read_trace(path), trace)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no trace"),
        (b"", "is empty"),
        (b"hello, I am a text " * 20, "no SQLite database"),
        (b"SQLite format 3\0" + b"\1" * 20, "truncated"),
    ],
)
def test_what_is_no_trace_is_refused(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TraceError, match=message) as caught:
        read_trace(path)
    assert "\n" not in str(caught.value)


def test_a_truncated_trace_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    write_trace(sample(1000), path)
    content = path.read_bytes()
    for size in (99, 100, 4096, len(content) // 2, len(content) - 4096):
        path.write_bytes(content[:size])
        with pytest.raises(TraceError):
            read_trace(path)


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    write_trace(sample(), path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(TraceError, match="newer than this flasktrace"):
        read_trace(path)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(TraceError, match="another program"):
        read_trace(path)
    with pytest.raises(TraceError, match="will not write over"):
        write_trace(sample(), path)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON call_rows BEGIN SELECT 1; END",
        "CREATE TRIGGER t INSTEAD OF INSERT ON calls BEGIN SELECT 1; END",
        "CREATE TABLE more (x)",
        "CREATE INDEX i ON call_rows (up)",
        "DROP TABLE markers",
        "DROP VIEW calls; CREATE VIEW calls AS"
        " WITH RECURSIVE r(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM r) SELECT * FROM r",
        "DROP VIEW calls; CREATE TABLE calls (id)",
        "PRAGMA user_version = 1",
        "UPDATE call_rows SET up = -1",
        "UPDATE call_rows SET up = 'text'",
        "UPDATE call_rows SET site_id = 99",
        "UPDATE call_rows SET site_id = -1",
        "UPDATE call_rows SET strand_id = 'x'",
        "UPDATE call_rows SET strand_id = NULL",
        "UPDATE call_rows SET detail_id = 99",
        "UPDATE call_rows SET start_ns = 'text'",
        "UPDATE call_rows SET start_ns = 1e300",
        "UPDATE call_rows SET duration_ns = -5",
        "UPDATE call_rows SET duration_ns = 9223372036854775807",
        "UPDATE sites SET function_id = 99",
        "UPDATE sites SET id = id + 100",
        "UPDATE sites SET depth = 9223372036854775807",
        "UPDATE strands SET thread_id = 99",
        "UPDATE objects SET address = 'here'",
        "DELETE FROM objects",
        "UPDATE detail_rows SET objects = '1,2,3'",
        "UPDATE detail_rows SET objects = -1 WHERE objects NOT NULL",
        "UPDATE detail_rows SET objects = '0,x' WHERE objects NOT NULL",
        "UPDATE detail_rows SET shape_id = 99",
        "UPDATE detail_rows SET shape_id = -1",
        "UPDATE detail_shapes SET value_ids = '0,,1'",
        "UPDATE detail_shapes SET names_id = 99",
        "UPDATE parameter_names SET names = '[[1]]'",
        "UPDATE parameter_names SET names = '" + "[" * 5000 + "'",
        "UPDATE parameter_names SET has_receiver = 1",
        "UPDATE seen_values SET text = x'ff00'",
        "UPDATE outcome_shapes SET kind = 'exploded'",
        "UPDATE outcome_shapes SET value_id = 99",
        "DELETE FROM outcome_rows WHERE id = 1",
        "UPDATE functions SET origin = 'nobody'",
        "UPDATE metadata SET value = 'many' WHERE key = 'dropped_count'",
        "UPDATE functions SET module = zeroblob(90000000)",
        "UPDATE threads SET started_by = 77",
    ],
)
def test_tricks_with_the_schema_and_the_cells_are_refused(statement: str, tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    write_trace(sample(), path)
    connection = sqlite3.connect(path)
    connection.executescript(statement)
    connection.close()
    with pytest.raises(TraceError, match="is damaged"):
        read_trace(path)


def test_mutated_files_give_a_trace_or_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    write_trace(sample(50), path)
    content = path.read_bytes()
    generator = random.Random(7)
    for _ in range(300):
        mutated = bytearray(content)
        for _ in range(generator.choice((1, 3, 30))):
            mutated[generator.randrange(len(mutated))] = generator.randrange(256)
        path.write_bytes(mutated)
        try:
            read_trace(path).validate()
        except TraceError as error:
            assert "\n" not in str(error)


def test_links_are_never_written_through(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"")
    path = tmp_path / "a.flasktrace"
    path.symlink_to(target)
    with pytest.raises(TraceError, match="a link"):
        write_trace(sample(), path)
    assert target.read_bytes() == b""


def test_an_older_trace_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    write_trace(sample(9), path)
    write_trace(sample(2), path)
    assert len(read_trace(path).calls) == 2


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no folder"):
        write_trace(sample(), tmp_path / "none" / "a.flasktrace")


def test_a_full_disk_is_said_and_what_was_written_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    writer = TraceWriter(path)
    writer.write(sample(2))
    writer._connection.execute(f"PRAGMA max_page_count = {os.path.getsize(path) // 4096}")
    with pytest.raises(TraceError, match="full"):
        writer.write(sample(20_000))
    writer.close()
    same(read_trace(path), sample(2))


@given(st.text(max_size=50))
def test_any_path_is_answered_with_a_message(name: str) -> None:
    with pytest.raises(TraceError):
        read_trace(Path("/nowhere") / name.replace("/", "_"))
