"""Traces on disk: writing them. The schema is :mod:`.store_schema`'s, the reader :mod:`.store_reading`'s.

:class:`TraceWriter` writes in batches, each one transaction, so that a process that is killed leaves a valid
file, short of its last batch.
"""

import contextlib
import json
import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.late_masking import Remade
from flasktrace.tracer.model import (
    Calls,
    Detail,
    Function,
    Marker,
    Outcome,
    Raised,
    Returned,
    Trace,
    Value,
)
from flasktrace.tracer.store_reading import read_trace
from flasktrace.tracer.store_schema import (
    APPLICATION_ID,
    COLUMN_COUNTS,
    METADATA_TEXTS,
    SCHEMA_VERSION,
    SUFFIX,
    TABLES,
    journal_of,
)

_ROWS_A_STATEMENT = (1024, 64, 8, 1)  # times the columns at most 32,766, SQLite's limit

__all__ = ["SCHEMA_VERSION", "SUFFIX", "TraceWriter", "read_trace", "write_trace"]


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


def _marker_row(marker: Marker) -> tuple[object, ...]:
    data = json.dumps(dict(marker.data))
    return marker.id, _text(marker.kind), marker.call_id, marker.time_ns, data


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
                + "".join(f"CREATE TABLE {name} ({columns});" for name, columns in TABLES.items())
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
        self._in_transaction(lambda: self._write_all(trace, changed))

    def rewrite(self, trace: Trace, remade: Remade) -> None:
        """Write over values in which a secret was found later; nothing of them stays in the file.

        Raises:
            TraceError: the disk is full, or the file is gone.
        """
        calls = trace.calls

        def write_anew() -> None:
            self._insert("details", [_detail_row(i, calls.details[i]) for i in remade.details])
            self._insert("outcomes", [_outcome_row(i, calls.outcomes[i]) for i in remade.outcomes])
            self._insert("markers", [_marker_row(trace.markers[i]) for i in remade.markers])

        # What is replaced would stay in the free places of its page.
        self._connection.execute("PRAGMA secure_delete = ON")
        self._in_transaction(write_anew)

    def _in_transaction(self, write: Callable[[], None]) -> None:
        try:
            self._connection.execute("BEGIN")
            write()
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
        marks = f"({', '.join('?' * COLUMN_COUNTS[table])})"
        # Many rows a statement: each lets the program's threads run first, and waits until they let it.
        rows = iter(rows)
        while batch := list(islice(rows, _ROWS_A_STATEMENT[0])):
            first = 0
            for size in _ROWS_A_STATEMENT:
                while len(batch) - first >= size:
                    values = tuple(chain.from_iterable(batch[first : first + size]))
                    places = ", ".join([marks] * size)
                    self._connection.execute(f"INSERT OR REPLACE INTO {table} VALUES {places}", values)
                    first += size

    def _new(self, table: str, items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """The items that were not there at the last batch, with their positions."""
        first = self._written.get(table, 0)
        self._written[table] = len(items)
        return enumerate(items[first:], first)

    def _write_all(self, trace: Trace, changed: Iterable[int]) -> None:
        calls = trace.calls
        facts: dict[str, object] = {name: getattr(trace.metadata, name) for name in METADATA_TEXTS}
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
        self._insert("markers", [_marker_row(m) for _, m in self._new("markers", trace.markers)])
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
        for old in (path, journal_of(path)):
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
