"""Which phase of the story each call belongs to, derived from the calls themselves.

A landmark that names a phase moves the story there; everything else stays where the story is. So the
phases are stretches in the order of the calls, and code that has no landmark needs none. What the
user's own code calls while a request is handled stays in the phase of that code: a view that calls
``make_response`` is still dispatching. A test that asks the app for something is no such code: it is where
its request begins.
"""

from array import array
from dataclasses import dataclass

from flasktrace.tracer.catalogue import Catalogue, Phase
from flasktrace.tracer.model import Calls, Origin, Trace


@dataclass(frozen=True, slots=True)
class CallOrder:
    """The calls as a tree, by position in :class:`Calls`.

    Attributes:
        parents: position of the parent, -1 for a root.
        preorder: the positions, each thread's calls under the call that started the thread.
    """

    parents: "array[int]"
    preorder: "array[int]"


@dataclass(frozen=True, slots=True)
class Outline:
    """Some calls of a trace, under their nearest callers among them.

    Attributes:
        trace: of these calls. Their values name no objects: equal ones have the same detail.
        order: their tree.
        folded_counts: by position, how many calls were left out below a call, and below none between; None
            for none at all.
    """

    trace: Trace
    order: CallOrder
    folded_counts: "array[int] | None" = None

    @property
    def call_count(self) -> int:
        """Of the whole trace."""
        return len(self.trace.calls) + sum(self.folded_counts or ())


def call_order(calls: Calls) -> CallOrder:
    """The tree of the calls: parents and the order in which the story tells them."""
    count = len(calls)
    parents = array("i", bytes(4 * count))
    for position, parent_id in enumerate(calls.parent_id):
        if not parent_id:
            parents[position] = -1
        elif parent_id <= count and calls.id[parent_id - 1] == parent_id:
            parents[position] = parent_id - 1
        else:
            parents[position] = calls.index_of(parent_id)
    return CallOrder(parents, preorder_of(parents))


def preorder_of(parents: "array[int]") -> "array[int]":
    """The positions as the story tells the calls, from the position of each one's parent (-1: none)."""
    if _is_preorder(parents):
        return array("i", range(len(parents)))
    count = len(parents)
    first_child = array("i", [-1]) * (count + 1)  # the last one is the roots'
    next_sibling = array("i", [-1]) * count
    for position in range(count - 1, -1, -1):
        parent = parents[position]
        next_sibling[position] = first_child[parent]
        first_child[parent] = position
    preorder = array("i")
    waiting = [first_child[-1]]
    while waiting:
        position = waiting.pop()
        while position >= 0:
            preorder.append(position)
            if next_sibling[position] >= 0:
                waiting.append(next_sibling[position])
            position = first_child[position]
    return preorder


def _is_preorder(parents: "array[int]") -> bool:
    """Whether the story tells the calls in the order they are in: no caller goes on behind a later call's."""
    open_calls = [-1]
    for position, parent in enumerate(parents):
        while open_calls[-1] != parent:
            open_calls.pop()
            if not open_calls:
                return False
        open_calls.append(position)
    return True


def phase_ids(trace: Trace, catalogue: Catalogue, order: CallOrder | None = None) -> list[str]:
    """The phase of each call, by position; what comes before the first landmark is in the first phase.

    Args:
        trace: the calls and their functions.
        catalogue: which functions move the story on, and to where.
        order: the tree of the calls, when it is at hand.
    """
    order = order or call_order(trace.calls)
    moves = _moves(trace, catalogue)
    is_user = {key: function.origin is Origin.USER for key, function in trace.functions.items()}
    holding = _holding(catalogue)
    of_requests = {phase.id for phase in catalogue.phases.values() if not phase.is_startup}
    result = [""] * len(trace.calls)
    # Of what handles a request, and below the user's own code in it; the last one is the roots' parent.
    is_handling, is_held = bytearray(len(trace.calls) + 1), bytearray(len(trace.calls) + 1)
    function_ids, parents, restarts = trace.calls.function_id, order.parents, _restarts(trace, order)
    next_phases: list[str | None] = []
    first = current = next(iter(catalogue.phases), "")
    for position in order.preorder:
        parent = parents[position]
        function_id = function_ids[position]
        phase = moves.get(function_id)
        if position in restarts:
            result[position] = current = first
            continue
        if is_held[parent]:
            is_held[position] = 1
            result[position] = result[parent]
            continue
        is_handling[position] = is_handling[parent] or phase in of_requests
        if phase is None and is_user[function_id] and current in of_requests and not is_handling[parent]:
            # Between two requests: what leads on to the next one is part of that.
            next_phases = next_phases or _next_phases(order, function_ids, moves)
            phase = next_phases[position]
        if phase is not None:
            current = phase
        result[position] = current
        if is_user[function_id] and current in holding and is_handling[parent]:
            is_held[position] = 1
    return result


def _restarts(trace: Trace, order: CallOrder) -> set[int]:
    """Where another process, a reloader's, runs the program from its beginning: so does the story."""
    modules = {
        key
        for key, function in trace.functions.items()
        if function.origin is Origin.USER and function.qualname == "<module>"
    }
    processes = {thread.id: thread.process_id for thread in trace.threads}
    threads, parents = trace.calls.thread_id, order.parents
    return {
        position
        for position, function_id in enumerate(trace.calls.function_id)
        if function_id in modules
        and parents[position] >= 0
        and processes.get(threads[position]) != processes.get(threads[parents[position]])
    }


def _next_phases(order: CallOrder, function_ids: "array[int]", moves: dict[int, str]) -> list[str | None]:
    """By position, the first phase that anything below a call moves the story to."""
    found: list[str | None] = [None] * (len(function_ids) + 1)  # the last one is the roots' parent
    for position in reversed(order.preorder):
        phase = moves.get(function_ids[position]) or found[position]
        if phase is not None:
            found[order.parents[position]] = phase
    return found


def _holding(catalogue: Catalogue) -> set[str]:
    """The phases in which the user's code is called to do its own work: from the dispatch on.

    Earlier it may be a middleware, whose call of the application is the pipeline itself.
    """
    ids = [phase.id for phase in catalogue.phases.values() if not phase.is_startup]
    return set(ids[ids.index("dispatch") :] if "dispatch" in ids else ids)


def _moves(trace: Trace, catalogue: Catalogue) -> dict[int, str]:
    """The phase that a call of each function moves the story to."""
    moves = {}
    for key, function in trace.functions.items():
        landmark = catalogue.landmark(function.module, function.qualname)
        if landmark is not None and landmark.phase:
            moves[key] = landmark.phase
    return moves


def fill_phases(trace: Trace, catalogue: Catalogue) -> None:
    """Write each call's phase into the trace, for its JSON and its saved file."""
    trace.calls.phases = ["", *catalogue.phases]
    numbers = {name: number for number, name in enumerate(trace.calls.phases)}
    trace.calls.phase = array("i", [numbers[phase] for phase in phase_ids(trace, catalogue)])


def first_phase(catalogue: Catalogue) -> Phase | None:
    """Where the story begins: the phase of what runs before the first landmark."""
    return next(iter(catalogue.phases.values()), None)
