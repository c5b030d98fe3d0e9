"""Some of the calls of a long trace, as columns, and the tree that they make by themselves."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from flasktrace.tracer import store_reading
from flasktrace.tracer.model import Calls, Trace
from flasktrace.tracer.paging import TraceFile
from flasktrace.tracer.store_cells import expect, pieces_of_columns, shared_columns

_COLUMNS = ("id", "parent_id", "function_id")  # that tell the tree of the calls
_CELLS = {  # where they are in a row of version 2
    "id": "id",
    "parent_id": "coalesce(id - up, 0)",
    "function_id": "site_id",
    "depth": "site_id",
    "thread_id": "strand_id",
    "request_id": "strand_id",
    "start_ns": "start_ns",
    "end_ns": "start_ns + duration_ns",
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


def rows_of(file: TraceFile, function_ids: Sequence[int]) -> Rows:
    """The calls of some functions, and all that have no recorded caller in their own thread."""
    marks = ", ".join(str(int(number)) for number in function_ids)
    # To look up each call's caller takes as long as all the rest: those of a thread's starter will do.
    starters = "" if _has_strays(file) else "{parent_id} IN (SELECT started_by FROM threads) AND "
    if file.version == 1:
        condition = (
            f"function_id IN ({marks}) OR parent_id IS NULL OR ({starters.format(parent_id='parent_id')}"
            "thread_id IS NOT (SELECT p.thread_id FROM calls p WHERE p.id = calls.parent_id))"
        )
    else:
        condition = (
            f"site_id IN (SELECT id FROM sites WHERE function_id IN ({marks})) OR up IS NULL"
            f" OR ({starters.format(parent_id='id - up')}"
            "(SELECT thread_id FROM strands WHERE id = strand_id) IS NOT"
            " (SELECT t.thread_id FROM call_rows p JOIN strands t ON t.id = p.strand_id"
            " WHERE p.id = call_rows.id - call_rows.up))"
        )
    return _rows(file, Rows.__slots__, condition)


def all_rows(file: TraceFile, with_threads: bool = True) -> Rows:
    """All calls, without what only tells how some of them nest: request, depth and times."""
    if with_threads:
        return _rows(file, (*_COLUMNS, "thread_id"))
    with file.reading() as connection:
        (last_id,) = connection.execute("SELECT max(id) FROM calls").fetchone()
    if last_id == file.call_count:
        rows = _rows(file, _COLUMNS[1:])
        rows.id.extend(range(1, len(rows.parent_id) + 1))
        return rows
    return _rows(file, _COLUMNS)


def _has_strays(file: TraceFile) -> bool:
    """Whether threads were begun by nobody knows whom, other than the first."""
    return sum(thread.started_by is None for thread in file.threads.values()) > 1


def _rows(file: TraceFile, names: Sequence[str], condition: str = "1") -> Rows:
    """Some columns of the calls that meet a condition in the words of the table they are in."""
    rows = Rows()
    shared: dict[str, array[int]] = {}
    with file.reading() as connection:
        if file.version == 1:
            table, cells = "calls", [f"coalesce({name}, 0)" for name in names]
        else:
            table, cells = "call_rows", [_CELLS[name] for name in names]
            for kind, columns in (
                ("sites", ("function_id", "depth")),
                ("strands", ("thread_id", "request_id")),
            ):
                shared.update(zip(columns, shared_columns(connection, kind, columns), strict=True))
        asked = list(dict.fromkeys(cells))
        for piece in pieces_of_columns(connection, table, asked, condition):
            found = dict(zip(asked, piece, strict=True))
            for name, cell in zip(names, cells, strict=True):
                numbers: Iterable[int] = iter(found[cell])  # an array would have to be of the same kind
                if name in shared:
                    expect(min(found[cell]) >= 0, "a call names what is not there")
                    numbers = map(shared[name].__getitem__, numbers)
                getattr(rows, name).extend(numbers)
        expect(file.functions.keys() >= set(rows.function_id), "a call names a function that is not there")
    return rows


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
    ids = [*rows.id, 0]  # the last one is the roots' caller
    calls.parent_id = array("q", map(ids.__getitem__, parents))
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
    add_parent = parents.append
    stacks: dict[int, list[int]] = {}
    # As lists, whose numbers are objects already: each is looked at several times.
    depths, ends = rows.depth.tolist(), rows.end_ns.tolist()
    thread_now, stack = 0, stacks.setdefault(0, [])
    for at, (thread_id, depth, start_ns) in enumerate(
        zip(rows.thread_id, depths, rows.start_ns, strict=True)
    ):
        if thread_id != thread_now:
            thread_now, stack = thread_id, stacks.setdefault(thread_id, [])
        while stack:
            above = stack[-1]
            if depths[above] < depth and ends[above] >= start_ns:
                add_parent(above)
                break
            stack.pop()
        else:
            add_parent(_starter(file, rows, at))
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
