"""Reading a trace file that may come from anybody: nothing in it is trusted, and nothing of it is run."""

import contextlib
import os
import shutil
import sqlite3
import stat
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from operator import add
from pathlib import Path
from typing import Any

from flasktrace.tracer.errors import DamagedTraceError, TraceError
from flasktrace.tracer.model import (
    PLAIN_RETURN,
    UNFINISHED,
    Calls,
    Details,
    Function,
    Marker,
    Metadata,
    Origin,
    Outcomes,
    Request,
    Thread,
    Trace,
)
from flasktrace.tracer.store_cells import (
    as_int,
    as_int_or_none,
    as_json,
    as_text,
    expect,
    numbered_rows,
    rows_of,
)
from flasktrace.tracer.store_pools import PoolReader
from flasktrace.tracer.store_schema import (
    APPLICATION_ID,
    CALL_COLUMNS,
    MAX_CALLS,
    MAX_TEXT_BYTES,
    METADATA_TEXTS,
    SCHEMA_VERSION,
    SUFFIX,
    journal_of,
    schema,
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


def _damaged(path: Path, error: Exception) -> DamagedTraceError:
    """One line, however long and odd what the file holds is."""
    what = "".join(c if c.isprintable() else "?" for c in str(error)[:200]) or type(error).__name__
    return DamagedTraceError(f"the trace {path} is damaged ({what}): record it again")


def _read(path: Path) -> Trace:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    with contextlib.closing(connection):
        _distrust(connection)
        connection.execute("BEGIN")  # one state of a file that may be growing
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


def _check_tables(connection: sqlite3.Connection) -> int:
    """Only our own tables and views, and nothing else that SQLite could evaluate; gives the version."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    expected = schema(version)
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master LIMIT 100").fetchall()
    found = set()
    for kind, name, sql in rows:
        if kind == "index" and sql is None:
            continue  # SQLite's own, for a primary key
        if kind not in ("table", "view") or expected.get(name) != sql:
            raise TraceError(f"it holds the {kind} {str(name)[:40]!r}, which is none of a trace's")
        found.add(name)
    if missing := sorted(set(expected) - found):
        raise TraceError(f"the table {missing[0]!r} is missing")
    return version


class _Reader:
    """Makes the model of the rows, checking each cell's type."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.version = _check_tables(connection)

    def trace(self) -> Trace:
        trace = self.small_tables()
        trace.markers = [
            Marker(as_int(id_), as_text(kind), as_int_or_none(call_id), as_int(time_ns), dict(as_json(data)))
            for id_, kind, call_id, time_ns, data in rows_of(self._connection, "markers")
        ]
        self._calls(trace.calls)
        return trace

    def small_tables(self) -> Trace:
        """The trace without what grows with its length: calls, their values, markers."""
        trace = Trace()
        facts = {as_text(key): as_text(value) for key, value in rows_of(self._connection, "metadata")}
        trace.dropped_count = int(facts.get("dropped_count", "0"))
        extra = {str(key): str(value) for key, value in dict(as_json(facts.get("extra", "{}"))).items()}
        texts = {name: facts[name] for name in METADATA_TEXTS if name in facts}
        trace.metadata = Metadata(**texts, extra=extra)
        trace.threads = [
            Thread(as_int(id_), as_text(name), as_int_or_none(started_by))
            for id_, name, started_by in rows_of(self._connection, "threads")
        ]
        trace.requests = [
            Request(as_int(id_), as_text(method), as_text(target), as_int_or_none(status))
            for id_, method, target, status in rows_of(self._connection, "requests")
        ]
        for row in rows_of(self._connection, "functions"):
            function = _function_of(row)
            trace.functions[function.id] = function
        return trace

    def _pools(self, calls: Calls) -> None:
        pools = PoolReader(self._connection, self.version)
        # A process that was killed before its first batch leaves empty tables.
        calls.details = pools.details() or Details()
        calls.outcomes = pools.outcomes() or Outcomes()
        calls.phases = [as_text(name) for (name,) in numbered_rows(self._connection, "phases")] or [""]
        expect(
            list(calls.outcomes[:2]) == [UNFINISHED, PLAIN_RETURN], "the outcomes do not begin as they should"
        )

    def _calls(self, calls: Calls) -> None:
        self._pools(calls)
        read = self._read_calls_1 if self.version == 1 else self._read_calls
        read(calls)
        for column, pool in (
            (calls.detail, calls.details),
            (calls.outcome, calls.outcomes),
            (calls.phase, calls.phases),
        ):
            if len(calls):
                expect(
                    min(column) >= 0 and max(column) < len(pool), "a call names something that is not there"
                )

    def _read_calls_1(self, calls: Calls) -> None:
        columns = [getattr(calls, name) for name in CALL_COLUMNS]
        for rows in self._batches("calls"):
            for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend([cell or 0 for cell in cells])

    def _read_calls(self, calls: Calls) -> None:
        shared = (calls.function_id, calls.depth, calls.call_line, calls.phase)
        sites, strands = self._shared("sites", len(shared)), self._shared("strands", 2)
        for rows in self._batches("call_rows"):
            ids, ups, site_ids, strand_ids, starts, durations, details, outcomes = zip(*rows, strict=True)
            calls.id.extend(ids)
            calls.parent_id.extend([i - up if up else 0 for i, up in zip(ids, ups, strict=True)])
            calls.start_ns.extend(starts)
            calls.end_ns.extend(map(add, starts, durations))
            calls.detail.extend(details)
            calls.outcome.extend(outcomes)
            expect(min(site_ids) >= 0 and min(strand_ids) >= 0, "a call names something that is not there")
            for column, cells in zip(shared, sites, strict=True):
                column.extend(map(cells.__getitem__, site_ids))
            for column, cells in zip((calls.thread_id, calls.request_id), strands, strict=True):
                column.extend(map(cells.__getitem__, strand_ids))

    def _batches(self, table: str) -> Iterator[list[tuple[Any, ...]]]:
        cursor, count, last_id = self._connection.execute(f"SELECT * FROM {table} ORDER BY id"), 0, 0
        while rows := cursor.fetchmany(10_000):
            count += len(rows)
            expect(count <= MAX_CALLS, "it holds too many calls")
            # In a damaged file the pages may go in a circle.
            expect(as_int(rows[-1][0]) - last_id >= len(rows), f"the rows of {table} are not in order")
            last_id = rows[-1][0]
            yield rows

    def _shared(self, table: str, width: int) -> "list[array[int]]":
        """The columns of what calls share, by number."""
        columns = [array("q") for _ in range(width)]
        for row in numbered_rows(self._connection, table):
            for column, cell in zip(columns, row, strict=True):
                column.append(as_int_or_none(cell) or 0)
        return columns


def _function_of(row: Sequence[object]) -> Function:
    id_, module, qualname, file_path, line_number, last_line, origin = row
    return Function(
        as_int(id_),
        as_text(module),
        as_text(qualname),
        as_text(file_path),
        as_int(line_number),
        as_int(last_line),
        Origin(origin),
    )
