"""Questions to a trace: plain functions, trace in, trace out; the trace that is given is never changed.

A call that stays keeps its id; its parent becomes the nearest caller that stays too. A ``NAME`` is any tail
of a function's dotted name (``push``, ``RequestContext.push``, ``flask.ctx.RequestContext.push``), a module
or package (``flask.ctx``), or a pattern of these with ``*``.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import (
    PLAIN_RETURN,
    Calls,
    Details,
    Function,
    Outcome,
    Outcomes,
    Raised,
    Returned,
    Thread,
    Trace,
)

_COLUMNS = (
    *("id", "parent_id", "function_id", "thread_id", "request_id", "depth", "call_line"),
    *("start_ns", "end_ns", "phase", "detail", "outcome"),
)


def matches(function: Function, name: str) -> bool:
    """Tell whether a function is meant by a name, see the module's docstring."""
    name = name.strip().removesuffix("()").replace(":", ".")
    dotted = function.dotted_name
    if "*" in name or "?" in name:
        return fnmatchcase(dotted, name) or fnmatchcase(dotted, "*." + name)
    if dotted == name or dotted.endswith("." + name):
        return True
    return function.module == name or function.module.startswith(name + ".")


def function_ids(trace: Trace, names: Iterable[str]) -> set[int]:
    """The ids of the functions that any of the names means.

    Raises:
        UsageError: a name means no function of the trace.
    """
    found: set[int] = set()
    for name in names:
        ids = {key for key, function in trace.functions.items() if matches(function, name)}
        if not ids:
            raise UsageError(f"no function called {name!r} is in the trace: give a name as the tree shows it")
        found |= ids
    return found


def parent_positions(calls: Calls) -> "array[int]":
    """The position of each call's parent; -1 for a call without one."""
    parents = array("i", bytes(4 * len(calls)))
    for i, parent_id in enumerate(calls.parent_id):
        parents[i] = calls.index_of(parent_id) if parent_id else -1
    return parents


def select(trace: Trace, keep: Callable[[int], object] | bytearray) -> Trace:
    """The trace with only the calls at the positions that ``keep`` says yes to."""
    calls = trace.calls
    kept = keep if isinstance(keep, bytearray) else bytearray(bool(keep(i)) for i in range(len(calls)))
    parents = parent_positions(calls)
    chosen = [i for i in range(len(calls)) if kept[i]]
    result = Calls()
    for name in _COLUMNS:
        column = getattr(calls, name)
        setattr(result, name, array(column.typecode, [column[i] for i in chosen]))
    result.details, result.outcomes, result.phases = calls.details, calls.outcomes, calls.phases
    depths = array("i", bytes(4 * len(calls)))
    for position, i in enumerate(chosen):
        parent = _nearest(parents[i], kept, parents)
        result.parent_id[position] = calls.id[parent] if parent >= 0 else 0
        result.depth[position] = depths[i] = depths[parent] + 1 if parent >= 0 else 0
    selected = replace(trace, calls=result)
    selected.threads = [_thread(trace, thread, kept, parents) for thread in trace.threads]
    selected.markers = [
        marker for marker in trace.markers if marker.call_id is None or kept[calls.index_of(marker.call_id)]
    ]
    return selected


def _nearest(position: int, kept: bytearray, parents: "array[int]") -> int:
    while position >= 0 and not kept[position]:
        position = parents[position]
    return position


def _thread(trace: Trace, thread: Thread, kept: bytearray, parents: "array[int]") -> Thread:
    if thread.started_by is None:
        return thread
    starter = _nearest(trace.calls.index_of(thread.started_by), kept, parents)
    return replace(thread, started_by=trace.calls.id[starter] if starter >= 0 else None)


def only(trace: Trace, names: Iterable[str]) -> Trace:
    """The calls of these functions, with all that they call.

    Raises:
        UsageError: a name means no function of the trace.
    """
    return select(trace, _under(trace, function_ids(trace, names)))


def hide(trace: Trace, names: Iterable[str]) -> Trace:
    """All but the calls of these functions and what they call.

    Raises:
        UsageError: a name means no function of the trace.
    """
    hidden = _under(trace, function_ids(trace, names))
    return select(trace, lambda i: not hidden[i])


def _under(trace: Trace, ids: set[int]) -> bytearray:
    """Marks the calls of these functions and everything below them."""
    calls = trace.calls
    parents = parent_positions(calls)
    marked = bytearray(len(calls))
    for i in range(len(calls)):
        marked[i] = calls.function_id[i] in ids or (parents[i] >= 0 and marked[parents[i]])
    return marked


def callers_of(trace: Trace, names: Iterable[str]) -> Trace:
    """The calls of these functions, with the calls that led to them.

    Raises:
        UsageError: a name means no function of the trace.
    """
    ids = function_ids(trace, names)
    parents = parent_positions(trace.calls)
    marked = bytearray(len(trace.calls))
    for i, function_id in enumerate(trace.calls.function_id):
        position = i if function_id in ids else -1
        while position >= 0 and not marked[position]:
            marked[position] = 1
            position = parents[position]
    return select(trace, marked)


def depth(trace: Trace, levels: int) -> Trace:
    """The calls of the first so many levels.

    Raises:
        UsageError: ``levels`` is less than one.
    """
    if levels < 1:
        raise UsageError(f"a depth of {levels} shows nothing: give 1 or more")
    return select(trace, lambda i: trace.calls.depth[i] < levels)


def phase(trace: Trace, name: str) -> Trace:
    """The calls of one phase; the phases must have been filled in.

    Raises:
        UsageError: no call is in a phase of this name.
    """
    phases = trace.calls.phases
    used = sorted({phases[position] for position in trace.calls.phase} - {""})
    if name not in used:
        raise UsageError(f"no call is in the phase {name!r}: choose one of {', '.join(used) or '(none)'}")
    wanted = phases.index(name)
    return select(trace, lambda i: trace.calls.phase[i] == wanted)


def request(trace: Trace, request_id: int, *, with_callers: bool = False) -> Trace:
    """The calls made for one request, in whatever thread.

    Args:
        trace: the run.
        request_id: of the request, from 1.
        with_callers: the calls that led to them too: the server's loop, the program itself.

    Raises:
        UsageError: there is no such request.
    """
    if all(item.id != request_id for item in trace.requests):
        numbers = ", ".join(f"{item.id} ({item.method} {item.target})" for item in trace.requests[:10])
        raise UsageError(
            f"there is no request {request_id} in the trace: choose one of {numbers or '(none)'}"
        )
    kept = bytearray(each == request_id for each in trace.calls.request_id)
    if with_callers:
        parents = parent_positions(trace.calls)
        for i in reversed(range(len(kept))):
            if kept[i] and parents[i] >= 0:
                kept[parents[i]] = 1
    selected = select(trace, kept)
    # A call that led to it may have been made for another one.
    ids = {request_id, *selected.calls.request_id}
    selected.requests = [item for item in trace.requests if item.id in ids]
    return selected


def thread(trace: Trace, wanted: int | str) -> Trace:
    """The calls made in one thread, given by id or name.

    Raises:
        UsageError: there is no such thread.
    """
    ids = {item.id for item in trace.threads if str(wanted) in (str(item.id), item.name)}
    if not ids:
        names = ", ".join(f"{item.id} ({item.name})" for item in trace.threads[:10])
        raise UsageError(f"there is no thread {wanted!r} in the trace: choose one of {names or '(none)'}")
    return select(trace, lambda i: trace.calls.thread_id[i] in ids)


def no_values(trace: Trace) -> Trace:
    """The trace without the values: what was called, and what class of exception left, is kept."""
    result = select(trace, lambda i: True)
    result.calls.details = Details()
    result.calls.detail = array("i", bytes(4 * len(result.calls)))
    result.calls.outcomes = Outcomes(map(_without_value, trace.calls.outcomes))
    result.metadata = replace(trace.metadata, level_of_detail="calls")
    return result


def _without_value(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Returned):
        return replace(outcome, value=None) if outcome != PLAIN_RETURN else PLAIN_RETURN
    if isinstance(outcome, Raised):
        return replace(outcome, text="")
    return outcome


def contains_chain(trace: Trace, names: Sequence[str]) -> list[int] | None:
    """Find calls of these functions that start in this order (others may lie between).

    Returns:
        The ids of the calls, the earliest possible; None when the chain is not in the trace.
    """
    found: list[int] = []
    position = 0
    calls = trace.calls
    for name in names:
        ids = {key for key, function in trace.functions.items() if matches(function, name)}
        while position < len(calls) and calls.function_id[position] not in ids:
            position += 1
        if position == len(calls):
            return None
        found.append(calls.id[position])
        position += 1
    return found


def split_chain(text: str) -> list[str]:
    """The names in ``a -> b -> c`` as blogs write it; parentheses after a name are left out."""
    parts = re.split(r"\s*(?:->|→|=>|,|\n)\s*", text)
    return [name for part in parts if (name := part.strip().strip("`").removesuffix("()"))]
