"""Reading a trace file that may come from anybody: nothing in it is trusted, and nothing of it is run."""

import contextlib
import json
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.model import (
    NO_DETAIL,
    PLAIN_RETURN,
    UNFINISHED,
    Calls,
    Detail,
    Function,
    Marker,
    Metadata,
    Origin,
    Outcome,
    Raised,
    Request,
    Returned,
    Thread,
    Trace,
    Unfinished,
    Value,
)
from flasktrace.tracer.store_schema import (
    APPLICATION_ID,
    CALL_COLUMNS,
    MAX_CALLS,
    MAX_TEXT_BYTES,
    METADATA_TEXTS,
    SCHEMA_VERSION,
    SUFFIX,
    TABLES,
    journal_of,
)


def read_trace(path: str | os.PathLike[str]) -> Trace:
    """Read a trace, from a file that may come from anybody.

    Raises:
        TraceError: the file is missing, empty, no trace, of a newer version, damaged, or breaks an
            invariant of the model.
    """
    path = Path(path)
    _check_header(path)
    try:
        try:
            trace = _read(path)
        except sqlite3.OperationalError:
            if not journal_of(path).is_file():
                raise
            with tempfile.TemporaryDirectory(prefix="flasktrace-") as folder:
                trace = _read(_rolled_back(path, Path(folder)))
        trace.validate()
    except (sqlite3.Error, OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise _damaged(path, error) from None
    except (OverflowError, RecursionError, MemoryError, TraceError) as error:
        raise _damaged(path, error) from None
    return trace


def _damaged(path: Path, error: Exception) -> TraceError:
    """One line, however long and odd what the file holds is."""
    what = "".join(c if c.isprintable() else "?" for c in str(error)[:200]) or type(error).__name__
    return TraceError(f"the trace {path} is damaged ({what}): record it again")


def _read(path: Path) -> Trace:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    with contextlib.closing(connection):
        _distrust(connection)
        connection.execute("BEGIN")  # one state of a file that may be growing
        _check_tables(connection)
        return _Reader(connection).trace()


def _rolled_back(path: Path, folder: Path) -> Path:
    """A copy without the half batch of a process that was killed while it wrote; the original stays."""
    copy = folder / "copy.flasktrace"
    shutil.copyfile(path, copy)
    shutil.copyfile(journal_of(path), journal_of(copy))
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return copy


def _check_header(path: Path) -> None:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for
            raise OSError(None, "it is no file")
        with open(path, "rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        raise TraceError(f"there is no trace {path}: record one with 'flasktrace run'") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TraceError(f"cannot read the trace {path}: {reason}; give a {SUFFIX} file") from None
    if not header:
        raise TraceError(f"the trace {path} is empty: record it again")
    if header[:16] != b"SQLite format 3\0"[: len(header)]:
        raise TraceError(f"{path} is not a trace: it is no SQLite database; give a {SUFFIX} file")
    if len(header) < 100:
        raise TraceError(f"the trace {path} is truncated: record it again")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise TraceError(
            f"{path} is not a trace: it is another program's SQLite database; give a {SUFFIX} file"
        )
    version = int.from_bytes(header[60:64], "big")
    if version > SCHEMA_VERSION:
        raise TraceError(
            f"the trace {path} is of version {version}, newer than this flasktrace reads"
            f" ({SCHEMA_VERSION}): upgrade flasktrace"
        )
    if version < 1:
        raise TraceError(f"the trace {path} has no version: record it again")


def _distrust(connection: sqlite3.Connection) -> None:
    """Make sure that nothing in the file can run, loop or eat the memory."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_TEXT_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)


def _check_tables(connection: sqlite3.Connection) -> None:
    """Only our own tables, as tables, and nothing else that SQLite could evaluate."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master LIMIT 100").fetchall()
    found = set()
    for kind, name, sql in rows:
        if kind == "index" and sql is None:
            continue  # SQLite's own, for a primary key
        if kind != "table" or name not in TABLES or sql != f"CREATE TABLE {name} ({TABLES[name]})":
            raise TraceError(f"it holds the {kind} {str(name)[:40]!r}, which is none of a trace's")
        found.add(name)
    if missing := sorted(set(TABLES) - found):
        raise TraceError(f"the table {missing[0]!r} is missing")


def _as_text(cell: object) -> str:
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogatepass")
    if not isinstance(cell, str):
        raise TypeError(f"a text was expected, not {cell!r:.40}")
    return cell


def _as_int(cell: object) -> int:
    if not isinstance(cell, int) or not -(1 << 63) <= cell < 1 << 63:
        raise TypeError(f"a number was expected, not {cell!r:.40}")
    return cell


def _as_int_or_none(cell: object) -> int | None:
    return None if cell is None else _as_int(cell)


def _as_value(item: Any) -> Value:
    name, class_name, object_id, text = item
    return Value(_as_text(name), _as_text(class_name), _as_int(object_id), _as_text(text))


def _json(cell: object) -> Any:
    return json.loads(_as_text(cell))


class _Reader:
    """Makes the model of the rows, checking each cell's type."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _rows(self, table: str) -> sqlite3.Cursor:
        key = "key" if table == "metadata" else "id"
        return self._connection.execute(f"SELECT * FROM {table} ORDER BY {key}")

    def trace(self) -> Trace:
        trace = self.small_tables()
        trace.markers = [
            Marker(
                _as_int(id_), _as_text(kind), _as_int_or_none(call_id), _as_int(time_ns), dict(_json(data))
            )
            for id_, kind, call_id, time_ns, data in self._rows("markers")
        ]
        self._calls(trace.calls)
        return trace

    def small_tables(self) -> Trace:
        """The trace without what grows with its length: calls, their values, markers."""
        trace = Trace()
        facts = {_as_text(key): _as_text(value) for key, value in self._rows("metadata")}
        trace.dropped_count = int(facts.get("dropped_count", "0"))
        extra = {str(key): str(value) for key, value in dict(_json(facts.get("extra", "{}"))).items()}
        texts = {name: facts[name] for name in METADATA_TEXTS if name in facts}
        trace.metadata = Metadata(**texts, extra=extra)
        trace.threads = [
            Thread(_as_int(id_), _as_text(name), _as_int_or_none(started_by))
            for id_, name, started_by in self._rows("threads")
        ]
        trace.requests = [
            Request(_as_int(id_), _as_text(method), _as_text(target), _as_int_or_none(status))
            for id_, method, target, status in self._rows("requests")
        ]
        for row in self._rows("functions"):
            function = _function_of(row)
            trace.functions[function.id] = function
        return trace

    def _pools(self, calls: Calls) -> None:
        calls.details = []
        for position, (id_, receiver, parameters) in enumerate(self._rows("details")):
            _expect(id_ == position, "the details are not numbered")
            calls.details.append(
                Detail(
                    None if receiver is None else _as_value(_json(receiver)),
                    tuple(_as_value(item) for item in _json(parameters)),
                )
            )
        calls.outcomes = []
        for position, (id_, *row) in enumerate(self._rows("outcomes")):
            _expect(id_ == position, "the outcomes are not numbered")
            calls.outcomes.append(_outcome_of(row))
        calls.phases = []
        for position, (id_, name) in enumerate(self._rows("phases")):
            _expect(id_ == position, "the phases are not numbered")
            calls.phases.append(_as_text(name))
        # A process that was killed before its first batch leaves empty tables.
        calls.outcomes = calls.outcomes or [UNFINISHED, PLAIN_RETURN]
        calls.details = calls.details or [NO_DETAIL]
        calls.phases = calls.phases or [""]
        _expect(calls.outcomes[:2] == [UNFINISHED, PLAIN_RETURN], "the outcomes do not begin as they should")

    def _calls(self, calls: Calls) -> None:
        self._pools(calls)
        columns = [getattr(calls, name) for name in CALL_COLUMNS]
        cursor = self._rows("calls")
        while rows := cursor.fetchmany(10_000):
            _expect(len(calls) + len(rows) <= MAX_CALLS, "it holds too many calls")
            for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend([cell or 0 for cell in cells])
        for column, pool in (
            (calls.detail, calls.details),
            (calls.outcome, calls.outcomes),
            (calls.phase, calls.phases),
        ):
            if len(calls):
                _expect(
                    min(column) >= 0 and max(column) < len(pool), "a call names something that is not there"
                )


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(what)


def _function_of(row: Sequence[object]) -> Function:
    id_, module, qualname, file_path, line_number, last_line, origin = row
    return Function(
        _as_int(id_),
        _as_text(module),
        _as_text(qualname),
        _as_text(file_path),
        _as_int(line_number),
        _as_int(last_line),
        Origin(origin),
    )


def _outcome_of(row: Sequence[object]) -> Outcome:
    kind, class_name, text, value, line_number = row
    line = _as_int_or_none(line_number)
    if kind == "returned":
        return Returned(None if value is None else _as_value(_json(value)), line)
    if kind == "raised":
        return Raised(_as_text(class_name), _as_text(text), line)
    _expect(kind == "unfinished", f"an outcome of the kind {kind!r:.40}")
    return Unfinished()
