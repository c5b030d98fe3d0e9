"""The outline of a long trace, read from its file: only the calls that matter to a view, the others counted.

Of a million calls a view shows a few per cent. So two numbers are read of each call, and all of those only
that are of certain functions, have no caller, or are the first of another thread or request.
"""

import gc
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, repeat
from operator import add, gt
from typing import Any

from flasktrace.tracer import store_cells
from flasktrace.tracer.compiled import native
from flasktrace.tracer.model import Details, Outcomes, Trace
from flasktrace.tracer.paging import TraceFile
from flasktrace.tracer.phases import CallOrder, Outline, preorder_of
from flasktrace.tracer.store_cells import (
    expect,
    listed,
    pieces_of_columns,
    pieces_of_texts,
    shared_columns,
)
from flasktrace.tracer.values import ValueShape

SHAPES_AT_ONCE = 500
"""Shapes that are read at a time."""

HELD_SHAPES = 20_000
"""Shapes that are kept, as of most the text is made but once."""


def read_outline(file: TraceFile, function_ids: Collection[int]) -> Outline | None:
    """Read the calls of some functions, and those that begin something.

    Returns:
        None for a file that has to be read whole: of version 1, or with gaps between the ids.

    Raises:
        TraceError: the file is damaged.
    """
    with file.one_state(), file.reading() as connection, _without_garbage_collection():
        if file.version == 1 or not _is_numbered_on(connection):
            return None
        kept = _kept(connection, function_ids)
        trace = file.empty_trace()
        _read_calls(connection, trace, kept)
        _read_pools(file, connection, trace)
        trace.markers = [marker for marker in file.markers("resumed") if _has(trace, marker.call_id)]
        trace.validate(array("i", map(add, kept.parents, repeat(1))))
    return Outline(trace, CallOrder(kept.parents, preorder_of(kept.parents)), kept.folded_counts)


def _positions() -> "array[int]":
    return array("i")


def _numbers() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class _Kept:
    """The calls that are kept, by their positions.

    Attributes:
        parents: the position of the nearest caller that is kept; -1 for none.
        rows: where they are among all calls.
        extra: the rows of those that were not asked for.
        folded_counts: how many calls that are not kept are counted on each.
        sites: those of the calls that were asked for, with commas between.
    """

    parents: "array[int]" = field(default_factory=_positions)
    rows: "array[int]" = field(default_factory=_positions)
    extra: "array[int]" = field(default_factory=_positions)
    folded_counts: "array[int]" = field(default_factory=_numbers)
    sites: str = ""


def _is_numbered_on(connection: Any) -> bool:
    # Each by itself: SQLite goes through all rows for two of them at once.
    asked = ("SELECT min(id)", "SELECT max(id)", "SELECT count(*)")
    first, last, call_count = (connection.execute(f"{each} FROM call_rows").fetchone()[0] for each in asked)
    return bool(call_count == 0 or (first == 1 and last == call_count))


def _kept(connection: Any, function_ids: Collection[int]) -> _Kept:
    """Go through all calls once; this is what the time of a long trace goes into."""
    (functions,) = shared_columns(connection, "sites", ("function_id",))
    marks = ",".join(str(site) for site, function_id in enumerate(functions) if function_id in function_ids)
    # A call of a function asked for has the negative of its strand.
    key = f"CASE WHEN site_id IN ({marks}) THEN -1 - strand_id ELSE strand_id END"
    pieces = pieces_of_texts(connection, "call_rows", ("coalesce(up, 0)", key))
    kept = _found(pieces) if native is None else _found_by_native(pieces)
    kept.sites = marks
    return kept


def _found(pieces: Iterator[tuple[int, list[str]]]) -> _Kept:
    """Find whose the rows are, from the distance of each one's caller, and its key."""
    kept = _Kept()
    owners, strands = list[int](), list[int]()
    add_owner, rows = owners.append, count()
    for size, texts in pieces:
        ups, keys = (listed(text, size) for text in texts)
        is_sound = min(ups) >= 0 and not any(map(gt, ups, count(len(owners))))
        expect(is_sound, "a call has a parent that does not come first")
        for up, strand, row in zip(ups, keys, rows, strict=False):
            owner = owners[-up] if up else -1
            if strand < 0:
                strand = -1 - strand
            elif up and strands[owner] == strand:
                add_owner(owner)
                continue
            else:
                kept.extra.append(row)
            kept.rows.append(row)
            kept.parents.append(owner)
            add_owner(len(strands))
            strands.append(strand)
    counts = Counter(owners)
    kept.folded_counts.fromlist([counts[position] - 1 for position in range(len(strands))])
    return kept


def _found_by_native(pieces: Iterator[tuple[int, list[str]]]) -> _Kept:
    """The same in a tenth of the time."""
    kept = _Kept()
    owners, strands = array("i"), array("q")
    for size, (ups, keys) in pieces:
        kept.folded_counts.frombytes(bytes(8 * size))
        found = native.owners(ups, keys, size, owners, strands, kept.folded_counts)
        columns = (owners, kept.parents, strands, kept.rows, kept.extra)
        for column, piece in zip(columns, found, strict=True):
            column.frombytes(piece)
        del kept.folded_counts[len(kept.rows) :]
    return kept


def _read_calls(connection: Any, trace: Trace, kept: _Kept) -> None:
    """Read the rows that are kept; depths and parents are those among them."""
    functions, lines = shared_columns(connection, "sites", ("function_id", "call_line"))
    threads, requests = shared_columns(connection, "strands", ("thread_id", "request_id"))
    detail_shapes, outcome_shapes = (
        shared_columns(connection, table, ("shape_id",))[0] for table in ("detail_rows", "outcome_rows")
    )
    calls = trace.calls
    cells = ("id", "site_id", "strand_id", "start_ns", "start_ns + duration_ns", "detail_id", "outcome_id")
    for ids, sites, strands, starts, ends, details, outcomes in _pieces_kept(connection, kept, cells):
        expect(min(map(min, (sites, strands, details, outcomes))) >= 0, "a call names what is not there")
        calls.id += ids
        calls.start_ns += starts
        calls.end_ns += ends
        for column, shared, numbers in (
            (calls.function_id, functions, sites),
            (calls.call_line, lines, sites),
            (calls.thread_id, threads, strands),
            (calls.request_id, requests, strands),
            (calls.detail, detail_shapes, details),
            (calls.outcome, outcome_shapes, outcomes),
        ):
            column.fromlist(list(map(shared.__getitem__, numbers)))
    expect(calls.id == array("q", map(add, kept.rows, repeat(1))), "calls are missing")
    calls.phase = array("i", bytes(4 * len(calls)))
    parent_ids = [*calls.id, 0]  # the last one is the roots' caller
    calls.parent_id = array("q", map(parent_ids.__getitem__, kept.parents))
    depths = calls.depth
    for parent in kept.parents:
        depths.append(depths[parent] + 1 if parent >= 0 else 0)


def _pieces_kept(connection: Any, kept: _Kept, cells: Sequence[str]) -> "Iterator[list[array[int]]]":
    """Columns of the rows that are kept, piece by piece: a query must not name too many rows one by one."""
    for begin in range(0, len(kept.rows), store_cells.PIECE):
        rows = kept.rows[begin : begin + store_cells.PIECE]
        extra = kept.extra[bisect_left(kept.extra, rows[0]) : bisect_right(kept.extra, rows[-1])]
        condition = (
            f"id BETWEEN {rows[0] + 1} AND {rows[-1] + 1}"
            f" AND (site_id IN ({kept.sites}) OR id IN ({','.join(str(row + 1) for row in extra)}))"
        )
        yield from pieces_of_columns(connection, "call_rows", cells, condition)


def _read_pools(file: TraceFile, connection: Any, trace: Trace) -> None:
    """The pools by shape, as a view shows no object's id; they are read when they are asked for."""
    calls = trace.calls
    calls.details, calls.outcomes = Details(()), Outcomes(())
    for pool, column, table, read in (
        (calls.details, calls.detail, "detail_shapes", file.pools.detail_shapes),
        (calls.outcomes, calls.outcome, "outcome_shapes", file.pools.outcome_shapes),
    ):
        (shape_count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        used = sorted(set(column))
        expect(not used or 0 <= used[0] <= used[-1] < shape_count, f"a call names what is not in {table}")
        pool.shapes = _ShapesInFile(file, read, used)
        pool.shape, pool.ends = array("i", range(shape_count)), array("q", bytes(8 * shape_count))


class _ShapesInFile:
    """Shapes without objects, each read when it is first asked for, with those that will be asked for next.

    Args:
        file: where they are.
        read: reads some of them.
        used: those that calls have, in order.
    """

    def __init__(
        self, file: TraceFile, read: Callable[[Iterable[int]], Mapping[int, Any]], used: Sequence[int]
    ) -> None:
        self._file, self._read, self._used = file, read, used
        self._held: dict[int, Any] = {}

    def __getitem__(self, index: int) -> Any:
        if index not in self._held:
            if len(self._held) >= HELD_SHAPES:
                self._held.clear()
            at = bisect_left(self._used, index)
            with self._file.reading():
                shapes = self._read({index, *self._used[at : at + SHAPES_AT_ONCE]})
            for number, (*rest, values) in shapes.items():
                self._held[number] = (*rest, _without_objects(values))
        return self._held[index]


def _without_objects(values: Iterable[ValueShape]) -> tuple[ValueShape, ...]:
    return tuple([(name, kind, text, False) for name, kind, text, _ in values])


def _has(trace: Trace, call_id: int | None) -> bool:
    try:
        trace.calls.index_of(call_id or 0)
    except KeyError:
        return False
    return True


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Millions of tuples come and go, none in a cycle; to look for cycles among them takes a fifth longer."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
