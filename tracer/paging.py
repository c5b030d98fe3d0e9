"""Reads a trace file piece by piece: for a walk through a trace that is too long to be read whole.

All SQL of the stepper is here and in :mod:`.reduced`. The file is as untrusted as for :mod:`.store_reading`,
whose checks are used.
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
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from flasktrace.tracer import store_reading
from flasktrace.tracer.errors import DamagedTraceError, TraceError
from flasktrace.tracer.model import Call, Function, Marker, Metadata, Request, Thread, Trace
from flasktrace.tracer.store_cells import (
    as_int,
    as_int_or_none,
    as_json,
    as_text,
    read_columns,
)
from flasktrace.tracer.store_pools import PoolReader
from flasktrace.tracer.store_schema import MAX_CALLS

LONG_CALLS = 50_000
"""A trace of more calls is not read whole where a view can do without."""

_CACHED_CALLS = 5_000
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
class _MarkerIndex:
    """The state markers in order of time, and which of them are whose.

    Attributes:
        ids, times_ns, function_ids: of the markers, and of the function whose return each is of.
        of_threads, of_requests, tables: positions in these, of the markers of a thread, of those of a
            request, and of those that show the app's tables.
    """

    ids: "array[int]"
    times_ns: "array[int]"
    function_ids: "array[int]"
    of_threads: dict[int, "array[int]"]
    of_requests: dict[int, "array[int]"]
    tables: "array[int]"

    def last(
        self, positions: "array[int] | None", until_ns: int, function_id: int | None = None
    ) -> int | None:
        """The id of the last one of some by a moment, and of a function where one is given."""
        if positions is None:
            return None
        at = bisect_right(positions, until_ns, key=self.times_ns.__getitem__)
        while at:
            at -= 1
            if function_id is None or self.function_ids[positions[at]] == function_id:
                return self.ids[positions[at]]
        return None


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
        table = "calls" if self.version == 1 else "call_rows"  # the view would join each row
        self.call_count = int(self._one(f"SELECT count(*) FROM {table}")[0])
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
        markers = self._markers
        return self._marker_at(markers.last(markers.of_threads.get(thread_id), until_ns))

    def last_of_request(self, request_id: int, function_id: int, until_ns: int) -> Marker | None:
        """The last state marker by a moment that a function's return has left in a request."""
        markers = self._markers
        return self._marker_at(markers.last(markers.of_requests.get(request_id), until_ns, function_id))

    def last_tables(self, until_ns: int) -> Marker | None:
        """The last marker of the app's tables by a moment."""
        return self._marker_at(self._markers.last(self._markers.tables, until_ns))

    @cached_property
    def has_contexts(self) -> bool:
        """Whether the context stacks were recorded at all."""
        query = "SELECT 1 FROM markers WHERE kind = 'state' AND instr(data, '\"request_stack\"') LIMIT 1"
        with self._guarded():
            return self._row(query) is not None

    def _marker_at(self, marker_id: int | None) -> Marker | None:
        query = "SELECT id, kind, call_id, time_ns, data FROM markers WHERE id = ?"
        with self._guarded():
            row = self._row(query, marker_id)
            return None if row is None else _marker(row)

    @cached_property
    def _markers(self) -> _MarkerIndex:
        """Read once, for all: later it would make a step wait."""
        states = (
            "(SELECT m.id AS id, time_ns, thread_id, request_id, function_id, data FROM markers m"
            " JOIN calls c ON c.id = m.call_id WHERE m.kind = 'state')"
        )
        tables = "instr(data, '\"view_functions\"')"
        columns = ("id", "time_ns", "thread_id", "coalesce(request_id, 0)", "function_id", tables)
        with self.reading() as connection:
            ids, times_ns, *owners = read_columns(connection, states, columns)
        order = sorted(range(len(ids)), key=times_ns.__getitem__)
        if order != list(range(len(ids))):
            ids, times_ns, *owners = (
                array("q", map(column.__getitem__, order)) for column in (ids, times_ns, *owners)
            )
        threads, requests, functions, has_tables = owners
        of_threads: defaultdict[int, array[int]] = defaultdict(_numbers)
        of_requests: defaultdict[int, array[int]] = defaultdict(_numbers)
        for at, (thread_id, request_id) in enumerate(zip(threads, requests, strict=True)):
            of_threads[thread_id].append(at)
            of_requests[request_id].append(at)
        with_tables = array("i", [at for at, has in enumerate(has_tables) if has])
        return _MarkerIndex(ids, times_ns, functions, of_threads, of_requests, with_tables)

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


def _numbers() -> "array[int]":
    return array("i")


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
