"""Trace files from strangers: shown, or refused in one line; nothing in them runs."""

import contextlib
import json
import os
import sqlite3
import time
from pathlib import Path

import pytest
from tests.one_python import in_turn
from tests.unbreakable import fuzz_traces
from tests.unbreakable.odd_runs import RUN, flasktrace, our_lines, run_script

from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.paging import TraceFile
from flasktrace.tracer.store import read_trace

PAGE_BYTES = 4096  # SQLite's, unless told otherwise


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real trace of two requests, and its JSON export beside it."""
    folder = tmp_path_factory.mktemp("recorded")
    done = run_script(folder, RUN, "-r", "/", "-r", "/none")
    assert done.returncode == 0, done.stderr
    path = folder / "shop-trace" / "trace.flasktrace"
    exported = flasktrace(folder, "export", str(path), "--format", "json", "-o", "out.json")
    assert exported.returncode == 0, exported.stderr
    return path


@pytest.mark.parametrize("part", in_turn(range(3), "a third of the mutations"))
def test_mutated_traces_are_shown_or_refused_in_one_line(part: int, recorded: Path, tmp_path: Path) -> None:
    # In full by the command in fuzz_traces.py.
    assert fuzz_traces.fuzz(recorded, tmp_path, range(part * 70, part * 70 + 70)) == []


def refused(path: Path) -> str:
    """The message that a file is refused with, told quickly."""
    begun = time.process_time()
    with pytest.raises(TraceError) as caught:
        read_trace(path)
    assert time.process_time() - begun < 10
    message = str(caught.value)
    assert "\n" not in message and message.isprintable() and len(message) < 800
    return message


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE metadata SET value = printf('%.*c', 900000, 'x') WHERE key = 'scenario'",
        "UPDATE metadata SET value = '9e999' WHERE key = 'dropped_count'",
        "UPDATE metadata SET value = '1' || printf('%.*c', 5000, '0') WHERE key = 'dropped_count'",
        "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'BLOB')",
        "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 2",
        "CREATE VIRTUAL TABLE v USING fts5(x)",
        "CREATE TEMP TABLE t (x); CREATE TABLE more AS SELECT * FROM sqlite_master",
        "ALTER TABLE threads ADD COLUMN more AS (zeroblob(1000000000)) VIRTUAL",
        "ALTER TABLE threads ADD COLUMN more CHECK (abs(random()))",
        "UPDATE threads SET id = -1 WHERE id = 1",
        "UPDATE threads SET name = zeroblob(20000000)",
        "PRAGMA encoding = 'UTF-16'; VACUUM; UPDATE threads SET name = 12",
    ],
)
def test_tricks_are_refused_or_harmless(script: str, recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.flasktrace"
    path.write_bytes(recorded.read_bytes())
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.commit()
    connection.close()
    begun = time.process_time()
    try:
        read_trace(path).validate()
    except TraceError as error:
        assert "\n" not in str(error) and len(str(error)) < 800
    assert time.process_time() - begun < 10


def test_a_trace_of_a_later_version_asks_for_an_upgrade(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "later.flasktrace"
    path.write_bytes(recorded.read_bytes())
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 12345")
    connection.close()
    assert "12345" in refused(path) and "upgrade" in refused(path)
    later = tmp_path / "later.json"
    data = json.loads((recorded.parents[1] / "out.json").read_text()) | {"version": 12345}
    later.write_text(json.dumps(data))
    done = flasktrace(tmp_path, "show", "later.json")
    assert done.returncode == 2 and "12345" in our_lines(done)[0]


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000,
        '{"a":' * 50_000,
        '{"format": "flasktrace", "version": 1}',
        '{"format": "flasktrace", "version": 1e400}',
        '{"format": "flasktrace", "version": NaN}',
        '{"format": "flasktrace", "version": ' + "9" * 5000 + "}",
        '{"format": "flasktrace", "version": 1, "calls": {}}',
        '{"format": ["flasktrace"], "version": 1}',
        "{\0}",
        "{\xff\xfe",
    ],
)
def test_json_of_others_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text(text, encoding="latin-1")
    status, said = fuzz_traces.run(["show", str(tmp_path / "odd.json")])
    assert status == 2
    assert said.count("\n") == 1 and said.startswith("flasktrace: ") and "internal" not in said


def test_a_file_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.flasktrace")
    (tmp_path / "folder.flasktrace").mkdir()
    for name in ("pipe.flasktrace", "folder.flasktrace", "/dev/zero", "/dev/null", "x" * 300, "a\nb"):
        status, said = fuzz_traces.run(["show", str(tmp_path / name)])
        assert status == 2, name
        assert said.count("\n") == 1 and "internal" not in said


def test_the_names_in_a_trace_open_no_file(recorded: Path, tmp_path: Path) -> None:
    """A trace may name any file as the source of a function; only Python files are ever shown."""
    private = tmp_path / "private.txt"
    private.write_text("def index():\n    'the private text'\n" * 50)
    path = tmp_path / "odd.flasktrace"
    path.write_bytes(recorded.read_bytes())
    connection = sqlite3.connect(path)
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        if "file_path" in columns:
            connection.execute(f"UPDATE {table} SET file_path = ?", (str(private),))
    connection.commit()
    connection.close()
    for words in (["show", str(path), "--view", "page", "-o", str(tmp_path)], ["step", str(path), "--plain"]):
        status, said = fuzz_traces.run(words)
        assert status == 0, said
    assert "private text" not in (tmp_path / "page.html").read_text()


def test_pages_that_go_in_a_circle_are_refused(recorded: Path, tmp_path: Path) -> None:
    """SQLite follows the pages of a table as they say, and would give the same rows again and again."""
    path = tmp_path / "circle.flasktrace"
    path.write_bytes(recorded.read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'call_rows'"
        root = (connection.execute(query).fetchone()[0] - 1) * PAGE_BYTES
    content = bytearray(path.read_bytes())
    assert content[root] == 5, "an inner page: the table takes several"
    first_cell = int.from_bytes(content[root + 12 : root + 14], "big")
    # After the last page comes the first again.
    content[root + 8 : root + 12] = content[root + first_cell : root + first_cell + 4]
    path.write_bytes(content)
    assert "the rows of call_rows are not in order" in refused(path)


@pytest.mark.parametrize("table", ["detail_rows", "outcome_rows"])
def test_a_value_without_its_object_is_damage_of_a_single_call_too(
    table: str, recorded: Path, tmp_path: Path
) -> None:
    path = tmp_path / "t.flasktrace"
    path.write_bytes(recorded.read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        column = table.replace("rows", "id")
        query = f"SELECT id FROM call_rows WHERE {column} IN (SELECT id FROM {table} WHERE objects NOTNULL)"
        call_id = connection.execute(query).fetchone()[0]
        connection.execute(f"UPDATE {table} SET objects = NULL")
    with contextlib.closing(TraceFile(path)) as file, pytest.raises(TraceError, match="as many objects"):
        file.call(call_id)
