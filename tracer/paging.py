"""Reads a trace file piece by piece: for a walk through a trace that is too long to be read whole.

All SQL of the stepper is here. The file is as untrusted as for :mod:`.store_reading`, whose checks are used.
"""

import contextlib
import json
import re
import sqlite3
import threading
import weakref
from array import array
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from flasktrace.tracer import store_reading
from flasktrace.tracer.errors import DamagedTraceError, TraceError
from flasktrace.tracer.model import Call, Calls, Function, Marker, Metadata, Request, Thread, Trace
from flasktrace.tracer.store_cells import as_int, as_int_or_none, as_json, as_text
from flasktrace.tracer.store_pools import PoolReader
from flasktrace.tracer.store_schema import MAX_CALLS

LONG_CALLS = 50_000
"""A trace of more calls is not read whole where a view can do without."""

_CACHED_CALLS = 5_000
_COLUMNS = ("id", "parent_id", "function_id")  # that tell the tree of the calls
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


@dataclass(slots=True)
class _Markers:
    """Some of the markers, in order of time."""

    ids: "array[int]" = field(default_factory=lambda: array("q"))
    times_ns: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, marker_id: int, time_ns: int) -> None:
        self.ids.append(marker_id)
        self.times_ns.append(time_ns)


@dataclass(slots=True)
class _MarkerIndex:
    """Where the state markers of each thread, and of each request and function, are; and the app's tables."""

    of_threads: defaultdict[int, _Markers] = field(default_factory=lambda: defaultdict(_Markers))
    of_requests: defaultdict[tuple[int, int], _Markers] = field(default_factory=lambda: defaultdict(_Markers))
    tables: _Markers = field(default_factory=_Markers)


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
            weakref.finalize(self, self._connection.close)  # whoever drops it unclosed, or fails below
            self._lock = threading.Lock()
            self._calls: OrderedDict[int, Call] = OrderedDict()
            store_reading._distrust(self._connection)
            self._reader = store_reading._Reader(self._connection)
            self.version = self._reader.version
            self.pools = PoolReader(self._connection, self.version)
            self._read_small_tables()

    def _read_small_tables(self) -> None:
        small = self._reader.small_tables()
        self.metadata: Metadata = small.metadata
        self.threads: dict[int, Thread] = {thread.id: thread for thread in small.threads}
        self.requests: dict[int, Request] = {request.id: request for request in small.requests}
        self.functions: dict[int, Function] = small.functions
        self.dropped_count = small.dropped_count
        self.call_count = int(self._one("SELECT count(*) FROM calls")[0])
        if self.call_count > MAX_CALLS:
            raise ValueError("it holds too many calls")

    @contextlib.contextmanager
    def one_state(self) -> Iterator[None]:
        """While inside, the file is as it is now, even if a recording goes on writing it (which waits)."""
        with self._guarded():
            self._connection.execute("BEGIN")
            try:
                self._read_small_tables()
                yield
            finally:
                self._connection.execute("COMMIT")

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
        # To look up each call's caller takes as long as all the rest: those of a thread's starter will do.
        starters = "" if self._has_strays() else "parent_id IN (SELECT started_by FROM threads) AND "
        query = (
            "SELECT id, coalesce(parent_id, 0), function_id, thread_id, coalesce(request_id, 0), depth,"
            f" start_ns, end_ns FROM calls c WHERE function_id IN ({marks}) OR parent_id IS NULL"
            f" OR ({starters}thread_id IS NOT (SELECT thread_id FROM calls WHERE id = c.parent_id))"
            " ORDER BY id"
        )
        return self._rows(query, Rows.__slots__)

    def all_rows(self, with_threads: bool = True) -> Rows:
        """All calls, without what only tells how some of them nest: request, depth and times."""
        if with_threads:
            columns = "id, coalesce(parent_id, 0), function_id, thread_id"
            return self._rows(f"SELECT {columns} FROM calls ORDER BY id", (*_COLUMNS, "thread_id"))
        if self._row("SELECT max(id) FROM calls") == (self.call_count,):
            rows = self._rows(
                "SELECT coalesce(parent_id, 0), function_id FROM calls ORDER BY id", _COLUMNS[1:]
            )
            rows.id.extend(range(1, len(rows.parent_id) + 1))
            return rows
        return self._rows("SELECT id, coalesce(parent_id, 0), function_id FROM calls ORDER BY id", _COLUMNS)

    def _has_strays(self) -> bool:
        """Whether threads were begun by nobody knows whom, other than the first."""
        return sum(thread.started_by is None for thread in self.threads.values()) > 1

    def _rows(self, query: str, names: Sequence[str]) -> Rows:
        rows = Rows()
        columns = [getattr(rows, name) for name in names]
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

    def last_of_thread(self, thread_id: int, until_ns: int) -> Marker | None:
        """The last state marker of a thread by a moment."""
        return self._last(self._markers.of_threads.get(thread_id), until_ns)

    def last_of_request(self, request_id: int, function_id: int, until_ns: int) -> Marker | None:
        """The last state marker by a moment that a function's return has left in a request."""
        return self._last(self._markers.of_requests.get((request_id, function_id)), until_ns)

    def last_tables(self, until_ns: int) -> Marker | None:
        """The last marker of the app's tables by a moment."""
        return self._last(self._markers.tables, until_ns)

    @cached_property
    def has_contexts(self) -> bool:
        """Whether the context stacks were recorded at all."""
        query = "SELECT 1 FROM markers WHERE kind = 'state' AND instr(data, '\"request_stack\"') LIMIT 1"
        with self._guarded():
            return self._row(query) is not None

    def _last(self, markers: "_Markers | None", until_ns: int) -> Marker | None:
        at = bisect_right(markers.times_ns, until_ns) if markers is not None else 0
        if markers is None or not at:
            return None
        query = "SELECT id, kind, call_id, time_ns, data FROM markers WHERE id = ?"
        with self._guarded():
            row = self._row(query, markers.ids[at - 1])
            return None if row is None else _marker(row)

    @cached_property
    def _markers(self) -> "_MarkerIndex":
        """Read once, for all: later it would make a step wait."""
        query = (
            "SELECT m.id, m.time_ns, c.thread_id, c.request_id, c.function_id,"
            " instr(m.data, '\"view_functions\"') FROM markers m JOIN calls c ON c.id = m.call_id"
            " WHERE m.kind = 'state' ORDER BY m.time_ns, m.id"
        )
        index = _MarkerIndex()
        with self._guarded(), self._lock:
            for row in self._connection.execute(query):
                marker_id, time_ns, thread_id, request_id, function_id, has_tables = row
                index.of_threads[thread_id].add(marker_id, time_ns)
                if request_id is not None:
                    index.of_requests[request_id, function_id].add(marker_id, time_ns)
                if has_tables:
                    index.tables.add(marker_id, time_ns)
        return index

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
        except DamagedTraceError:
            raise
        except (*_ERRORS, TraceError) as error:
            raise store_reading._damaged(self.path, error) from None


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

    Raises:
        TraceError: the file is damaged.
    """
    trace = Trace(file.metadata, list(file.threads.values()), list(file.requests.values()), file.functions)
    calls: Calls = trace.calls
    count = len(rows.id)
    calls.id, calls.function_id = rows.id, rows.function_id
    for name in ("thread_id", "request_id", "depth", "start_ns", "end_ns"):
        column: array[int] = getattr(rows, name)
        setattr(calls, name, column or array(column.typecode, bytes(column.itemsize * count)))
    for name in ("call_line", "phase", "detail", "outcome"):
        setattr(calls, name, array("i", bytes(4 * count)))
    if not rows.depth:
        calls.parent_id = rows.parent_id
        return trace, _positions(file, rows)
    parents = _nearest(file, rows)
    calls.parent_id = array("q", (rows.id[at] if at >= 0 else 0 for at in parents))
    return trace, parents


def _positions(file: TraceFile, rows: Rows) -> "array[int]":
    """By position, that of the caller, where all calls are there; -1 for none."""
    if rows.id and rows.id[-1] == len(rows.id):
        found = array("i", [parent_id - 1 for parent_id in rows.parent_id])
    else:
        at_of = {call_id: at for at, call_id in enumerate(rows.id)} | {0: -1}
        found = array("i", [at_of.get(parent_id, len(rows.id)) for parent_id in rows.parent_id])
    if any(parent >= at for at, parent in enumerate(found)):
        raise store_reading._damaged(file.path, ValueError("a call before its caller"))
    return found


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
