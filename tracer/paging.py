"""Reads a trace file piece by piece: for a walk through a trace that is too long to be read whole.

All SQL of the stepper is here. The file is as untrusted as for :mod:`.store_reading`, whose checks are used.
"""

import contextlib
import json
import re
import sqlite3
import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flasktrace.tracer import store_reading
from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.model import Call, Calls, Function, Marker, Metadata, Request, Thread, Trace
from flasktrace.tracer.store_cells import as_int, as_int_or_none, as_json, as_text
from flasktrace.tracer.store_pools import PoolReader
from flasktrace.tracer.store_schema import MAX_CALLS

LONG_CALLS = 50_000
"""A trace of more calls is not read whole where a view can do without."""

_CACHED_CALLS = 5_000
_NEAR_MARKERS = 5_000  # looked at for the last of a request: one has a few dozen
_ERRORS = (sqlite3.Error, ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError)


# By the version of the file: ids of what may hold a text. In version 1 values are JSON.
_IS_SEEN = "text LIKE :text ESCAPE '\\' OR class_name LIKE :text ESCAPE '\\'"
_SEEN = f"SELECT id FROM seen_values WHERE {_IS_SEEN}"
_DETAILS = {
    1: "SELECT id FROM details WHERE parameters LIKE :json ESCAPE '\\' OR receiver LIKE :json ESCAPE '\\'",
    2: "SELECT id FROM detail_rows WHERE shape_id IN (SELECT s.id FROM detail_shapes s WHERE s.names_id IN"
    " (SELECT id FROM parameter_names WHERE names LIKE :json ESCAPE '\\')"
    f" OR EXISTS (SELECT 1 FROM json_each('[' || s.value_ids || ']') v WHERE v.value IN ({_SEEN})))",
}
_OUTCOMES = {
    1: f"SELECT id FROM outcomes WHERE {_IS_SEEN} OR value LIKE :json ESCAPE '\\'",
    2: "SELECT id FROM outcome_rows WHERE shape_id IN"
    f" (SELECT id FROM outcome_shapes WHERE {_IS_SEEN} OR value_id IN ({_SEEN}))",
}


@dataclass(slots=True)
class Rows:
    """Some of a trace's calls, in order of their ids, as columns."""

    id: "array[int]" = field(default_factory=lambda: array("q"))
    parent_id: "array[int]" = field(default_factory=lambda: array("q"))
    function_id: "array[int]" = field(default_factory=lambda: array("i"))
    thread_id: "array[int]" = field(default_factory=lambda: array("i"))
    request_id: "array[int]" = field(default_factory=lambda: array("i"))
    depth: "array[int]" = field(default_factory=lambda: array("i"))
    start_ns: "array[int]" = field(default_factory=lambda: array("q"))
    end_ns: "array[int]" = field(default_factory=lambda: array("q"))


class TraceFile:
    """An open trace file.

    Raises:
        TraceError: it is missing, no trace, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        store_reading._check_header(path)
        with self._guarded():
            uri = f"{path.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
            self._lock = threading.Lock()
            self._calls: OrderedDict[int, Call] = OrderedDict()
            self._marker_times: tuple[array[int], array[int]] | None = None
            self._table_markers: list[int] | None = None
            store_reading._distrust(self._connection)
            reader = store_reading._Reader(self._connection)
            self.version = reader.version
            self.pools = PoolReader(self._connection, reader.version)
            small = reader.small_tables()
            self.metadata: Metadata = small.metadata
            self.threads: dict[int, Thread] = {thread.id: thread for thread in small.threads}
            self.requests: dict[int, Request] = {request.id: request for request in small.requests}
            self.functions: dict[int, Function] = small.functions
            self.dropped_count = small.dropped_count
            self.call_count = int(self._one("SELECT count(*) FROM calls")[0])
            if self.call_count > MAX_CALLS:
                raise ValueError("it holds too many calls")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for the one thread that is inside; what is found damaged is told as such."""
        with self._guarded(), self._lock:
            yield self._connection

    def empty_trace(self) -> Trace:
        """A trace with all but calls and markers."""
        threads, requests = list(self.threads.values()), list(self.requests.values())
        return Trace(self.metadata, threads, requests, self.functions, dropped_count=self.dropped_count)

    def markers(self, kind: str) -> list[Marker]:
        """The markers of one kind. To be called while :meth:`reading`."""
        query = "SELECT id, kind, call_id, time_ns, data FROM markers WHERE kind = ? ORDER BY id"
        return [_marker(row) for row in self._connection.execute(query, (kind,))]

    def markers_of(self, call_ids: Sequence[int]) -> list[Marker]:
        """The markers of some calls, which are in order, and those of none."""
        wanted: set[int | None] = {None, *call_ids}
        query = (
            "SELECT id, kind, call_id, time_ns, data FROM markers WHERE call_id IS NULL"
            " OR call_id BETWEEN ? AND ? ORDER BY id"
        )
        first, last = (call_ids[0], call_ids[-1]) if call_ids else (0, 0)
        with self.reading() as connection:
            return [_marker(row) for row in connection.execute(query, (first, last)) if row[2] in wanted]

    def ids_of_request(self, request_id: int, limit: int) -> list[int]:
        """The ids of the calls of a request, at most ``limit`` of them."""
        query = (
            "SELECT id FROM calls WHERE request_id = ?"
            if self.version == 1
            else "SELECT id FROM call_rows WHERE strand_id IN (SELECT id FROM strands WHERE request_id = ?)"
        )
        with self.reading() as connection:
            rows = connection.execute(f"{query} ORDER BY id LIMIT ?", (request_id, limit))
            return [as_int(row[0]) for row in rows]

    def rows_of(self, function_ids: Sequence[int]) -> Rows:
        """The calls of some functions, and all that have no recorded caller in their own thread."""
        marks = ", ".join(str(int(number)) for number in function_ids)
        query = (
            "SELECT id, coalesce(parent_id, 0), function_id, thread_id, coalesce(request_id, 0), depth,"
            f" start_ns, end_ns FROM calls c WHERE function_id IN ({marks}) OR parent_id IS NULL"
            " OR thread_id IS NOT (SELECT thread_id FROM calls WHERE id = c.parent_id) ORDER BY id"
        )
        rows = Rows()
        columns = [getattr(rows, name) for name in Rows.__slots__]
        with self._guarded(), self._lock:
            cursor = self._connection.execute(query)
            while batch := cursor.fetchmany(10_000):
                for column, cells in zip(columns, zip(*batch, strict=True), strict=True):
                    column.extend(cells)
        return rows

    def call(self, call_id: int) -> Call:
        """One call; those asked for last are kept.

        Raises:
            KeyError: there is no such call.
            TraceError: the file is damaged.
        """
        found = self._calls.get(call_id)
        if found is None:
            found = self._calls[call_id] = self._read_call(call_id)
            if len(self._calls) > _CACHED_CALLS:
                self._calls.popitem(last=False)
        return found

    def _read_call(self, call_id: int) -> Call:
        with self._guarded():
            row = self._row("SELECT * FROM calls WHERE id = ?", call_id)
            if row is None:
                raise _Missing
            numbers = [as_int_or_none(cell) for cell in row]
            with self._lock:
                detail, outcome = self.pools.detail(numbers[10]), self.pools.outcome(numbers[11])
            return Call(
                numbers[0] or 0,
                numbers[1] or None,
                numbers[2] or 0,
                numbers[3] or 0,
                numbers[4] or None,
                numbers[5] or 0,
                numbers[6] or None,
                numbers[7] or 0,
                numbers[8] or 0,
                None,
                detail.receiver,
                detail.parameters,
                outcome,
            )

    def find(self, text: str, function_ids: Sequence[int], after_id: int) -> Iterator[int]:
        """The ids of calls whose functions are these, or whose values or outcomes may hold a text.

        From the one behind ``after_id`` on; after the last come the first.
        """
        sought = {"after_id": after_id, "json": _like(json.dumps(text)[1:-1]), "text": _like(text)}
        marks = ", ".join(str(int(number)) for number in function_ids)
        query = (
            f"SELECT id FROM calls WHERE id {{}} :after_id AND (function_id IN ({marks})"
            f" OR detail_id IN ({_DETAILS[self.version]})"
            f" OR outcome_id IN ({_OUTCOMES[self.version]})) ORDER BY id"
        )
        for comparison in (">", "<="):
            with self._guarded(), self._lock:
                cursor = self._connection.execute(query.format(comparison), sought)
            while True:
                with self._guarded(), self._lock:
                    row = cursor.fetchone()
                if row is None:
                    break
                yield int(row[0])

    def last_marker(self, until_ns: int, condition: str, *values: int) -> Marker | None:
        """The last state marker by a moment whose call ``c`` meets a condition (of ours, not the user's)."""
        marker_id = self._marker_at(until_ns)
        query = (
            "SELECT m.id, m.kind, m.call_id, m.time_ns, m.data FROM markers m JOIN calls c"
            " ON c.id = m.call_id WHERE m.id <= ? AND m.id > ? AND m.kind = 'state'"
            f" AND ({condition}) ORDER BY m.id DESC LIMIT 1"
        )
        with self._guarded():
            row = self._row(query, marker_id, marker_id - _NEAR_MARKERS, *values)
            return None if row is None else _marker(row)

    def last_tables(self, until_ns: int) -> Marker | None:
        """The last marker of the app's tables by a moment."""
        with self._guarded():
            if self._table_markers is None:
                query = "SELECT id FROM markers WHERE kind = 'state' AND instr(data, '\"view_functions\"')"
                with self._lock:
                    found = self._connection.execute(query + " ORDER BY id").fetchall()
                self._table_markers = [int(row[0]) for row in found]
            at = bisect_right(self._table_markers, self._marker_at(until_ns))
            if not at:
                return None
            query = "SELECT id, kind, call_id, time_ns, data FROM markers WHERE id = ?"
            row = self._row(query, self._table_markers[at - 1])
            return None if row is None else _marker(row)

    def _marker_at(self, until_ns: int) -> int:
        """The id of the last marker by a moment; markers are in order of time."""
        if self._marker_times is None:
            times, ids = array("q"), array("q")
            with self._guarded(), self._lock:
                for marker_id, time_ns in self._connection.execute(
                    "SELECT id, time_ns FROM markers ORDER BY id"
                ):
                    ids.append(marker_id)
                    times.append(time_ns)
            self._marker_times = times, ids
        times, ids = self._marker_times
        at = bisect_right(times, until_ns)
        return ids[at - 1] if at else 0

    def _row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        with self._lock:
            row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        return row

    def _one(self, query: str, *values: object) -> tuple[Any, ...]:
        row = self._row(query, *values)
        assert row is not None
        return row

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except _Missing:
            raise KeyError from None
        except (*_ERRORS, TraceError) as error:
            raise TraceError(f"the trace {self.path} is damaged ({error}): record it again") from None


def _like(text: str) -> str:
    """The pattern of what holds a text."""
    return "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"


class _Missing(Exception):
    """There is no such row."""


def _marker(row: tuple[Any, ...]) -> Marker:
    marker_id, kind, call_id, time_ns, data = row
    return Marker(
        as_int(marker_id), as_text(kind), as_int_or_none(call_id), as_int(time_ns), dict(as_json(data))
    )


def count_calls(path: Path) -> int:
    """How many calls a trace file holds, at once; 0 for what is no readable trace."""
    try:
        store_reading._check_header(path)
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            store_reading._distrust(connection)
            return int(connection.execute("SELECT max(id) FROM calls").fetchone()[0] or 0)
    except (*_ERRORS, TraceError, OSError):
        return 0


def reduced_trace(file: TraceFile, rows: Rows) -> tuple[Trace, "array[int]"]:
    """A trace of some of the calls only, without their values, and for each the position of its caller in it.

    A call whose caller is not among them hangs under the nearest one that is.
    """
    trace = Trace(file.metadata, list(file.threads.values()), list(file.requests.values()), file.functions)
    calls: Calls = trace.calls
    count = len(rows.id)
    calls.id, calls.function_id, calls.thread_id = rows.id, rows.function_id, rows.thread_id
    calls.request_id, calls.depth, calls.start_ns, calls.end_ns = (
        rows.request_id, rows.depth, rows.start_ns, rows.end_ns,
    )  # fmt: skip
    for name in ("call_line", "phase", "detail", "outcome"):
        setattr(calls, name, array("i", bytes(4 * count)))
    parents = _nearest(file, rows)
    calls.parent_id = array("q", (rows.id[at] if at >= 0 else 0 for at in parents))
    return trace, parents


def _nearest(file: TraceFile, rows: Rows) -> "array[int]":
    """By position: that of the innermost call of the same thread that is still open, else the starter's."""
    parents: list[int] = []
    stacks: dict[int, list[int]] = {}
    depths, starts, ends = rows.depth, rows.start_ns, rows.end_ns
    thread_now, stack = 0, stacks.setdefault(0, [])
    for at, (thread_id, depth, start_ns) in enumerate(zip(rows.thread_id, depths, starts, strict=True)):
        if thread_id != thread_now:
            thread_now, stack = thread_id, stacks.setdefault(thread_id, [])
        while stack and (depths[stack[-1]] >= depth or ends[stack[-1]] < start_ns):
            stack.pop()
        parents.append(stack[-1] if stack else _starter(file, rows, at))
        stack.append(at)
    return array("i", parents)


def _starter(file: TraceFile, rows: Rows, at: int) -> int:
    """The position of the nearest call above a thread's first one, in whatever thread; -1 for none."""
    parent_id = rows.parent_id[at] or None
    while parent_id is not None:
        position = bisect_right(rows.id, parent_id) - 1
        if position >= 0 and rows.id[position] == parent_id:
            return position
        parent_id = file.call(parent_id).parent_id
    return -1
