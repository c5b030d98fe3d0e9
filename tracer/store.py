"""Traces on disk: an SQLite database with the suffix ``.flasktrace``.

The tables are the model's lists under the model's names; a missing parent, request, call line or phase is
NULL. ``receiver``, ``parameters``, ``value`` and ``data`` are JSON (a value is ``[name, class, id, text]``).
Text that is no valid Unicode (lone surrogates) is stored as a blob. ``user_version`` is the schema's version:

1   the first one.

:class:`TraceWriter` writes in batches, each one transaction, so that a process that is killed leaves a valid
file, short of its last batch. :func:`read_trace` trusts nothing in the file.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
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

APPLICATION_ID = 0x666C6B74  # "flkt"
SCHEMA_VERSION = 1
SUFFIX = ".flasktrace"
MAX_TEXT_BYTES = 1_000_000  # of one cell; nothing that we write comes near
MAX_CALLS = 50_000_000

_TABLES = {
    "metadata": "key TEXT PRIMARY KEY, value TEXT",
    "threads": "id INTEGER PRIMARY KEY, name TEXT, started_by INTEGER",
    "requests": "id INTEGER PRIMARY KEY, method TEXT, target TEXT, status INTEGER",
    "functions": "id INTEGER PRIMARY KEY, module TEXT, qualname TEXT, file_path TEXT, line_number INTEGER,"
    " last_line INTEGER, origin TEXT",
    "details": "id INTEGER PRIMARY KEY, receiver TEXT, parameters TEXT",
    "outcomes": "id INTEGER PRIMARY KEY, kind TEXT, class_name TEXT, text TEXT, value TEXT,"
    " line_number INTEGER",
    "phases": "id INTEGER PRIMARY KEY, name TEXT",
    "calls": "id INTEGER PRIMARY KEY, parent_id INTEGER, function_id INTEGER, thread_id INTEGER,"
    " request_id INTEGER, depth INTEGER, call_line INTEGER, start_ns INTEGER, end_ns INTEGER,"
    " phase_id INTEGER, detail_id INTEGER, outcome_id INTEGER",
    "markers": "id INTEGER PRIMARY KEY, kind TEXT, call_id INTEGER, time_ns INTEGER, data TEXT",
}
_CALL_COLUMNS = (  # the model's names, in the order of the table's columns
    *("id", "parent_id", "function_id", "thread_id", "request_id", "depth", "call_line"),
    *("start_ns", "end_ns", "phase", "detail", "outcome"),
)
_COLUMN_COUNTS = {name: columns.count(",") + 1 for name, columns in _TABLES.items()}
_METADATA_TEXTS = tuple(name for name in asdict(Metadata()) if name != "extra")


def _text(value: str) -> str | bytes:
    """Text as SQLite can hold it: a lone surrogate has no UTF-8."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def _value_json(value: Value | None) -> str | None:
    if value is None:
        return None
    return json.dumps([value.name, value.class_name, value.object_id, value.text])


def _detail_row(position: int, detail: Detail) -> tuple[object, ...]:
    parameters = [[v.name, v.class_name, v.object_id, v.text] for v in detail.parameters]
    return position, _value_json(detail.receiver), json.dumps(parameters)


def _outcome_row(position: int, outcome: Outcome) -> tuple[object, ...]:
    if isinstance(outcome, Returned):
        return position, "returned", None, None, _value_json(outcome.value), outcome.line_number
    if isinstance(outcome, Raised):
        return position, "raised", _text(outcome.class_name), _text(outcome.text), None, outcome.line_number
    return position, "unfinished", None, None, None, None


class TraceWriter:
    """Writes a trace that may still be growing.

    Args:
        path: the file; an older trace there is replaced, anything else is refused.

    Raises:
        TraceError: the file cannot be written, or is no trace and would be lost.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._written: dict[str, int] = {}
        _make_way(self.path)
        try:
            self._connection = sqlite3.connect(
                self.path, timeout=30, isolation_level=None, check_same_thread=False
            )
            self._connection.executescript(
                f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
                # A killed process must not leave half a batch; a power cut may.
                "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF;"
                + "".join(f"CREATE TABLE {name} ({columns});" for name, columns in _TABLES.items())
            )
        except sqlite3.Error as error:
            raise TraceError(f"cannot write the trace {self.path}: {error}; choose another place") from None

    def write(self, trace: Trace, changed: Iterable[int] = ()) -> None:
        """Add what is new in ``trace`` since the last time, as one transaction.

        Args:
            changed: positions of calls that were written before and have changed.

        Raises:
            TraceError: the disk is full, or the file is gone.
        """
        try:
            self._connection.execute("BEGIN")
            self._write_all(trace, changed)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise TraceError(
                f"cannot write the trace {self.path}: {error}; what was written before is kept"
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _insert(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        marks = ", ".join("?" * _COLUMN_COUNTS[table])
        self._connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)

    def _new(self, table: str, items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """The items that were not there at the last batch, with their positions."""
        first = self._written.get(table, 0)
        self._written[table] = len(items)
        return enumerate(items[first:], first)

    def _write_all(self, trace: Trace, changed: Iterable[int]) -> None:
        calls = trace.calls
        facts: dict[str, object] = {name: getattr(trace.metadata, name) for name in _METADATA_TEXTS}
        facts["extra"] = json.dumps(dict(trace.metadata.extra))
        facts["dropped_count"] = str(trace.dropped_count)
        self._insert("metadata", [(key, _text(str(value))) for key, value in facts.items()])
        self._insert("threads", [(t.id, _text(t.name), t.started_by) for t in trace.threads])
        self._insert("requests", [(r.id, _text(r.method), _text(r.target), r.status) for r in trace.requests])
        functions = list(trace.functions.values())
        self._insert("functions", [_function_row(f) for _, f in self._new("functions", functions)])
        self._insert("details", [_detail_row(i, d) for i, d in self._new("details", calls.details)])
        self._insert("outcomes", [_outcome_row(i, o) for i, o in self._new("outcomes", calls.outcomes)])
        self._insert("phases", [(i, _text(p)) for i, p in self._new("phases", calls.phases)])
        self._insert(
            "markers",
            [
                (m.id, _text(m.kind), m.call_id, m.time_ns, json.dumps(dict(m.data)))
                for _, m in self._new("markers", trace.markers)
            ],
        )
        first = self._written.get("calls", 0)
        self._written["calls"] = len(calls)
        self._insert("calls", _call_rows(calls, range(first, len(calls))))
        self._insert("calls", _call_rows(calls, changed))


def _function_row(function: Function) -> tuple[object, ...]:
    return (
        function.id,
        _text(function.module),
        _text(function.qualname),
        _text(function.file_path),
        function.line_number,
        function.last_line,
        function.origin.value,
    )


def _call_rows(calls: Calls, positions: Iterable[int]) -> Iterator[tuple[object, ...]]:
    for i in positions:
        yield (
            calls.id[i],
            calls.parent_id[i] or None,
            calls.function_id[i],
            calls.thread_id[i],
            calls.request_id[i] or None,
            calls.depth[i],
            calls.call_line[i] or None,
            calls.start_ns[i],
            calls.end_ns[i],
            calls.phase[i] or None,
            calls.detail[i],
            calls.outcome[i],
        )


def _make_way(path: Path) -> None:
    """Make room for a new file, never through a link and never over something that is no trace."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise TraceError(
                f"cannot write the trace {path}: there is no folder {path.parent}; make it first"
            ) from None
    except OSError as error:
        raise TraceError(f"cannot write the trace {path}: {error.strerror}; choose another place") from None
    else:
        if not stat.S_ISREG(status.st_mode):
            raise TraceError(
                f"cannot write the trace {path}: it is a link, a folder or a device; choose another name"
            )
        if status.st_size and not _looks_like_a_trace(path):
            raise TraceError(
                f"will not write over {path}: it is not a trace; choose another name, or remove it"
            )
    try:
        for old in (path, _journal_of(path)):
            old.unlink(missing_ok=True)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
        os.close(os.open(path, flags, 0o666))
    except OSError as error:
        raise TraceError(f"cannot write the trace {path}: {error.strerror}; choose another place") from None


def _looks_like_a_trace(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            header = file.read(100)
    except OSError:
        return False
    return header[:16] == b"SQLite format 3\0" and header[68:72] == APPLICATION_ID.to_bytes(4, "big")


def write_trace(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Write a whole trace.

    Raises:
        TraceError: the file cannot be written.
    """
    writer = TraceWriter(path)
    try:
        writer.write(trace)
    finally:
        writer.close()


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
            if not _journal_of(path).is_file():
                raise
            with tempfile.TemporaryDirectory(prefix="flasktrace-") as folder:
                trace = _read(_rolled_back(path, Path(folder)))
        trace.validate()
    except (sqlite3.Error, OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise TraceError(f"the trace {path} is damaged ({error}): record it again") from None
    except (OverflowError, RecursionError, TraceError) as error:
        raise TraceError(f"the trace {path} is damaged ({error}): record it again") from None
    return trace


def _read(path: Path) -> Trace:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    with contextlib.closing(connection):
        _distrust(connection)
        connection.execute("BEGIN")  # one state of a file that may be growing
        _check_tables(connection)
        return _Reader(connection).trace()


def _journal_of(path: Path) -> Path:
    return path.with_name(path.name + "-journal")


def _rolled_back(path: Path, folder: Path) -> Path:
    """A copy without the half batch of a process that was killed while it wrote; the original stays."""
    copy = folder / "copy.flasktrace"
    shutil.copyfile(path, copy)
    shutil.copyfile(_journal_of(path), _journal_of(copy))
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return copy


def _check_header(path: Path) -> None:
    try:
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
        if kind != "table" or name not in _TABLES or sql != f"CREATE TABLE {name} ({_TABLES[name]})":
            raise TraceError(f"it holds the {kind} {str(name)[:40]!r}, which is none of a trace's")
        found.add(name)
    if missing := sorted(set(_TABLES) - found):
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
        trace = Trace()
        facts = {_as_text(key): _as_text(value) for key, value in self._rows("metadata")}
        trace.dropped_count = int(facts.get("dropped_count", "0"))
        extra = {str(key): str(value) for key, value in dict(_json(facts.get("extra", "{}"))).items()}
        texts = {name: facts[name] for name in _METADATA_TEXTS if name in facts}
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
        trace.markers = [
            Marker(
                _as_int(id_), _as_text(kind), _as_int_or_none(call_id), _as_int(time_ns), dict(_json(data))
            )
            for id_, kind, call_id, time_ns, data in self._rows("markers")
        ]
        self._calls(trace.calls)
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
        columns = [getattr(calls, name) for name in _CALL_COLUMNS]
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
