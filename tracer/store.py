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
from itertools import chain, islice, zip_longest
from operator import sub
from pathlib import Path
from typing import Any

from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.late_masking import Remade, clean_data
from flasktrace.tracer.model import Calls, Function, Marker, Trace
from flasktrace.tracer.store_cells import as_text
from flasktrace.tracer.store_reading import read_trace
from flasktrace.tracer.store_schema import (
    APPLICATION_ID,
    COLUMN_COUNTS,
    METADATA_TEXTS,
    SCHEMA_VERSION,
    SUFFIX,
    journal_of,
    schema,
)
from flasktrace.tracer.values import Details, DetailShape, Outcomes, OutcomeShape, ValueShape

# What is shared: so many of each are remembered; beyond that equal ones are stored again.
_LIMITS = {
    **dict.fromkeys(("sites", "strands", "parameter_names", "detail_shapes", "outcome_shapes"), 20_000),
    "seen_values": 20_000,
    "objects": 100_000,
}
# Where texts of the program's are.
_TEXT_COLUMNS = (
    ("seen_values", "text"),
    ("outcome_shapes", "text"),
    ("requests", "target"),
    ("threads", "name"),
)
_ROWS_AT_A_TIME = 16_384
_ROWS_A_STATEMENT = (512, 64, 8, 1)  # times the columns at most 32,766, SQLite's limit

__all__ = ["SCHEMA_VERSION", "SUFFIX", "TraceWriter", "read_trace", "write_trace"]


def _text(value: str) -> str | bytes:
    """Text as SQLite can hold it: a lone surrogate has no UTF-8."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


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
        self._lists: dict[str, Sequence[tuple[object, ...]]] = {}
        self._numbers = {name: Numbers(limit) for name, limit in _LIMITS.items()}
        self._shape_ids: dict[str, list[int]] = {"detail_shapes": [], "outcome_shapes": []}
        _make_way(self.path)
        try:
            self._connection = sqlite3.connect(
                self.path, timeout=30, isolation_level=None, check_same_thread=False
            )
            self._connection.executescript(
                f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
                # A killed process must not leave half a batch; a power cut may.
                "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF;"
                + ";".join(schema(SCHEMA_VERSION).values())
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

        def write_anew() -> None:
            for (class_name, text, has_object), masked in remade.values.items():
                number = self._numbers["seen_values"].get((class_name, text, has_object))
                which, key = ("id", number) if number is not None else ("text", _text(text))
                self._connection.execute(
                    f"UPDATE seen_values SET text = ? WHERE {which} = ?", (_text(masked), key)
                )
            for text, masked in remade.raised.items():
                self._connection.execute(
                    "UPDATE outcome_shapes SET text = ? WHERE kind = 'raised' AND text = ?",
                    (_text(masked), _text(text)),
                )
            self._insert("markers", [_marker_row(trace.markers[i]) for i in remade.markers])

        self._write_over(write_anew)

    def mask(self, clean: Callable[[str], str]) -> None:
        """Mask the whole file once more: a secret was learned when not all calls were held any longer.

        Args:
            clean: gives a text without the secrets in it.

        Raises:
            TraceError: the disk is full, or the file is gone.
        """

        def write_anew() -> None:
            for table, column in _TEXT_COLUMNS:
                for key, text in self._connection.execute(f"SELECT id, {column} FROM {table}").fetchall():
                    if text is not None and (masked := clean(as_text(text))) != as_text(text):
                        change = f"UPDATE {table} SET {column} = ? WHERE id = ?"
                        self._connection.execute(change, (_text(masked), key))
            for key, data in self._connection.execute("SELECT id, data FROM markers").fetchall():
                if (masked := json.dumps(clean_data(json.loads(data), clean))) != data:
                    self._connection.execute("UPDATE markers SET data = ? WHERE id = ?", (masked, key))

        self._write_over(write_anew)

    def _write_over(self, write: Callable[[], None]) -> None:
        # What is replaced would stay in the free places of its page.
        self._connection.execute("PRAGMA secure_delete = ON")
        self._in_transaction(write)

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

    def let_go(self, trace: Trace) -> None:
        """Take note that ``trace`` holds no more than what is still open, all of which is written."""
        self._written["calls"], self._written["markers"] = len(trace.calls), len(trace.markers)
        for shape_ids in self._shape_ids.values():
            shape_ids.clear()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _insert(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        rows = iter(rows)
        while cells := list(chain.from_iterable(islice(rows, _ROWS_AT_A_TIME))):
            self._insert_cells(table, cells)

    def _insert_cells(self, table: str, cells: list[object], verb: str = "INSERT OR REPLACE") -> None:
        """Many rows a statement: each lets the program's threads run first, and waits until they let it."""
        columns = COLUMN_COUNTS[table]
        marks = f"({', '.join('?' * columns)})"
        first = 0
        for size in _ROWS_A_STATEMENT:
            width = size * columns
            statement = f"{verb} INTO {table} VALUES {', '.join([marks] * size)}"
            while len(cells) - first >= width:
                self._connection.execute(statement, cells[first : first + width])
                first += width

    def _insert_changed(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Write those rows of a growing list that are not as they were at the last batch."""
        before = self._lists.get(table, [])
        self._lists[table] = rows
        self._insert(table, [row for row, old in zip_longest(rows, before) if row is not None and row != old])

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
        threads = [(t.id, _text(t.name), t.started_by) for t in trace.threads]
        self._insert_changed("threads", threads)
        requests = [(r.id, _text(r.method), _text(r.target), r.status) for r in trace.requests]
        self._insert_changed("requests", requests)
        functions = list(trace.functions.values())
        self._insert("functions", [_function_row(f) for _, f in self._new("functions", functions)])
        self._insert("phases", [(i, _text(p)) for i, p in self._new("phases", calls.phases)])
        self._insert("markers", [_marker_row(m) for _, m in self._new("markers", trace.markers)])
        first = self._written.get("calls", 0)
        self._written["calls"] = len(calls)
        for part in range(first, len(calls), _ROWS_AT_A_TIME):
            columns = self._call_columns(calls, slice(part, part + _ROWS_AT_A_TIME))
            cells: list[object] = [None] * (len(columns) * len(columns[0]))
            for at, column in enumerate(columns):
                cells[at :: len(columns)] = column
            self._insert_cells("call_rows", cells, "INSERT")
        again = (zip(*self._call_columns(calls, slice(i, i + 1)), strict=True) for i in changed)
        self._insert("call_rows", chain.from_iterable(again))
        self._write_pools(calls)

    def _call_columns(self, calls: Calls, part: slice) -> list[Sequence[object]]:
        """The columns of a stretch of calls; all that is done for each is done by loops in C, but one."""
        ids, starts = calls.id[part], calls.start_ns[part]
        sites = zip(
            calls.function_id[part], calls.depth[part], calls.call_line[part], calls.phase[part], strict=True
        )
        strands = zip(calls.thread_id[part], calls.request_id[part], strict=True)
        return [
            ids,
            [a - b if b else None for a, b in zip(ids, calls.parent_id[part], strict=True)],
            list(map(self._numbers["sites"].__getitem__, sites)),
            list(map(self._numbers["strands"].__getitem__, strands)),
            starts,
            list(map(sub, calls.end_ns[part], starts)),
            calls.detail[part],
            calls.outcome[part],
        ]

    def _write_pools(self, calls: Calls) -> None:
        """What the calls share, as far as it is new."""
        for kind, pool in (("detail", calls.details), ("outcome", calls.outcomes)):
            first = self._written.get(f"{kind}_rows", 0)
            self._written[f"{kind}_rows"] = len(pool)
            self._insert(f"{kind}_rows", self._pool_rows(f"{kind}_shapes", pool, first))
        take = {name: numbers.take_fresh() for name, numbers in self._numbers.items()}
        texts = [(i, _text(kind), _text(text), has) for i, (kind, text, has) in take["seen_values"]]
        self._insert("seen_values", texts)
        names = [(i, int(has), json.dumps(names)) for i, (has, names) in take["parameter_names"]]
        self._insert("parameter_names", names)
        self._insert("detail_shapes", [(i, *shape) for i, shape in take["detail_shapes"]])
        self._insert("outcome_shapes", [(i, *shape) for i, shape in take["outcome_shapes"]])
        self._insert("objects", take["objects"])  # number and address
        # What is missing is 0 in the columns.
        sites = [(i, f, depth, line or None, phase or None) for i, (f, depth, line, phase) in take["sites"]]
        self._insert("sites", sites)
        self._insert("strands", [(i, thread, request or None) for i, (thread, request) in take["strands"]])

    def _pool_rows(self, table: str, pool: Details | Outcomes, first: int) -> Iterator[tuple[object, ...]]:
        known, number = self._shape_ids[table], self._numbers[table].__getitem__
        row_of = self._detail_shape if isinstance(pool, Details) else self._outcome_shape
        known.extend(number(row_of(shape)) for shape in pool.shapes[len(known) :])
        shape_ids = map(known.__getitem__, pool.shape[first - pool.gone_count :])
        return zip(range(first, len(pool)), shape_ids, self._objects(pool, first), strict=True)

    def _objects(self, pool: Details | Outcomes, first: int) -> Iterator[object]:
        """The numbers of the objects of each entry: none, one as a number, more as a text."""
        first -= pool.gone_count
        start = pool.ends[first - 1] if first else 0
        numbers = list(map(self._numbers["objects"].__getitem__, pool.objects[start:]))
        at = 0
        for end in pool.ends[first:]:
            count = end - start - at
            if count == 1:
                yield numbers[at]
            else:
                yield ",".join(map(str, numbers[at : at + count])) or None
            at += count

    def _detail_shape(self, shape: DetailShape) -> tuple[object, ...]:
        has_receiver, values = shape
        names = has_receiver, tuple([name for name, _, _, _ in values])
        value_ids = ",".join([str(self._value_id(value)) for value in values])
        return self._numbers["parameter_names"][names], value_ids

    def _outcome_shape(self, shape: OutcomeShape) -> tuple[object, ...]:
        kind, class_name, text, line, values = shape
        value_id = self._value_id(values[0]) if values else None
        if kind != "raised":
            return kind, None, None, value_id, line
        return kind, _text(class_name), _text(text), value_id, line

    def _value_id(self, value: ValueShape) -> int:
        _, class_name, text, has_object = value
        return self._numbers["seen_values"][class_name, text, int(has_object)]


class Numbers(dict[Any, int]):
    """Numbers what it is asked for, from 0; what is new waits in ``fresh`` to be written.

    Args:
        limit: of what is remembered; when it is reached all is forgotten, and gets new numbers.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.fresh: list[tuple[int, Any]] = []
        self._limit, self._count = limit, 0

    def __missing__(self, key: Any) -> int:
        if len(self) >= self._limit:
            self.clear()
        number = self[key] = self._count
        self._count += 1
        self.fresh.append((number, key))
        return number

    def take_fresh(self) -> list[tuple[int, Any]]:
        """What was numbered since the last time."""
        fresh, self.fresh = self.fresh, []
        return fresh


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
