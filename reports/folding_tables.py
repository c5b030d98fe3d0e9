"""The folding itself, in columns of integers: repetitions found, steps numbered, calls counted."""

from array import array
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from flasktrace.reports.folded import Step
from flasktrace.tracer.catalogue import Catalogue, Landmark, Phase
from flasktrace.tracer.model import Raised, Trace, Unfinished
from flasktrace.tracer.phases import CallOrder

WINDOW = 5
"""The longest run of siblings that is looked for a second time right behind itself."""


def _integers() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class StepColumns:
    """The steps as columns; step ``n`` is at position ``n - 1``. Missing numbers are 0."""

    position: "array[int]" = field(default_factory=_integers)  # of its call in Calls
    depth: "array[int]" = field(default_factory=_integers)
    parent_number: "array[int]" = field(default_factory=_integers)
    phase: "array[int]" = field(default_factory=_integers)  # in FoldTables.phases
    request_id: "array[int]" = field(default_factory=_integers)
    hidden_count: "array[int]" = field(default_factory=_integers)
    member_count: "array[int]" = field(default_factory=_integers)  # shown calls that it stands for
    repeat_count: "array[int]" = field(default_factory=_integers)
    repeat_ns: "array[int]" = field(default_factory=_integers)

    def __len__(self) -> int:
        return len(self.position)


@dataclass(slots=True)
class FoldTables:
    """The result: step columns, and for each call the number of the step that stands for it."""

    columns: StepColumns
    owners: "array[int]"
    phases: list[Phase | None]  # the first is None
    landmarks: dict[int, Landmark | None]  # by function id
    resumed: dict[int, int]  # by call id


@dataclass(slots=True)
class _Nodes:
    """The shown calls as a tree, in pre-order. ``parent`` is a node, -1 for a root."""

    position: "array[int]" = field(default_factory=_integers)
    parent: "array[int]" = field(default_factory=_integers)
    repeat_count: "array[int]" = field(default_factory=_integers)  # of a run's first
    leader: "array[int]" = field(default_factory=_integers)  # of a repetition: the node it repeats, else -1


class StepSequence(Sequence[Step]):
    """The steps, each made when it is asked for."""

    def __init__(self, trace: Trace, tables: FoldTables) -> None:
        self._trace = trace
        self._tables = tables
        self._processes = {thread.id: thread.process for thread in trace.threads}
        self._telling: list[array[int] | bytearray] | None = None

    def __len__(self) -> int:
        return len(self._tables.columns)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self._step(i) for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} steps")
        return self._step(index)

    def label_keys(self, first: int, last: int) -> Iterator[Hashable]:
        """What the labels of the steps from ``first`` to ``last`` depend on, far cheaper than the steps."""
        calls, columns, resumed = self._trace.calls, self._tables.columns, self._tables.resumed
        positions = columns.position[first - 1 : last]
        if self._telling is None:  # of the whole trace, so that all keys are made alike
            counts = (columns.hidden_count, columns.repeat_count, self._find_hand_overs())
            self._telling = [column for column in counts if min(column, default=0) != max(column, default=0)]
        return zip(
            map(calls.function_id.__getitem__, positions),
            map(calls.detail.__getitem__, positions),
            map(calls.outcome.__getitem__, positions),
            *(column[first - 1 : last] for column in self._telling),
            *([[resumed.get(calls.id[position], 0) for position in positions]] if resumed else ()),
            strict=True,
        )

    def _find_hand_overs(self) -> bytearray:
        """By step, 1 for one in another thread than its parent, 2 in another process."""
        threads, columns = self._trace.calls.thread_id, self._tables.columns
        own = [threads[position] for position in columns.position]
        process_of = self._processes.get
        return bytearray(
            (parent > 0 and own[parent - 1] != thread)
            and 1 + (process_of(own[parent - 1], "") != process_of(thread, ""))
            for parent, thread in zip(columns.parent_number, own, strict=True)
        )

    def _step(self, i: int) -> Step:
        tables, columns = self._tables, self._tables.columns
        call = self._trace.calls[columns.position[i]]
        parent_number = columns.parent_number[i]
        threads = self._trace.calls.thread_id
        starter = threads[columns.position[parent_number - 1]] if parent_number else call.thread_id
        process_of = self._processes.get
        return Step(
            number=i + 1,
            call=call,
            function=self._trace.functions[call.function_id],
            landmark=tables.landmarks[call.function_id],
            depth=columns.depth[i],
            parent_number=parent_number or None,
            phase=tables.phases[columns.phase[i]],
            hidden_count=columns.hidden_count[i],
            repeat_count=columns.repeat_count[i],
            repeat_ns=columns.repeat_ns[i],
            is_hand_over=starter != call.thread_id,
            is_new_process=process_of(starter, "") != process_of(call.thread_id, ""),
            resumed_count=tables.resumed.get(call.id, 0),
        )


def fold_tables(
    trace: Trace,
    catalogue: Catalogue,
    order: CallOrder,
    phases: list[str],
    shown: bytearray,
    fold_repeats: bool,
) -> FoldTables:
    """Fold the calls of a trace.

    Args:
        trace: the calls.
        catalogue: phases and landmarks.
        order: the tree of the calls.
        phases: the phase's id of each call, by position.
        shown: one byte for each call, by position; every root must be shown.
        fold_repeats: whether adjacent equal runs become one.
    """
    nodes = _shown_nodes(order, shown)
    names: list[Phase | None] = [None, *catalogue.phases.values()]
    numbers = {"": min(1, len(names) - 1)}  # what comes before the first landmark is in the first phase
    numbers.update({phase.id: i for i, phase in enumerate(names) if phase is not None})
    phase_numbers = array("i", [numbers[phase] for phase in phases])
    requests = _requests(trace, order, phase_numbers, names)
    if fold_repeats:
        _find_repeats(trace, nodes, requests)
    step_of_node, columns = _number_steps(trace, nodes, phase_numbers, requests)
    owners = _owners(trace, order, shown, step_of_node, columns)
    landmarks = {
        key: catalogue.landmark(function.module, function.qualname)
        for key, function in trace.functions.items()
    }
    return FoldTables(columns, owners, names, landmarks, _resumed(trace))


def _resumed(trace: Trace) -> dict[int, int]:
    resumed: dict[int, int] = {}
    for marker in trace.markers:
        if marker.kind == "resumed" and marker.call_id is not None:
            resumed[marker.call_id] = resumed.get(marker.call_id, 0) + 1
    return resumed


def _requests(
    trace: Trace, order: CallOrder, phases: "array[int]", names: list[Phase | None]
) -> "array[int]":
    """Each call's request, by position; what accepts a connection belongs to the first request on it."""
    is_of_request = [phase is not None and not phase.is_startup for phase in names]
    requests = array("q", trace.calls.request_id)
    for position in reversed(order.preorder):
        parent = order.parents[position]
        if parent >= 0 and is_of_request[phases[parent]] and not trace.calls.request_id[parent]:
            requests[parent] = requests[position] or requests[parent]
    for position in order.preorder:
        parent = order.parents[position]
        if parent >= 0 and not requests[position] and is_of_request[phases[position]]:
            requests[position] = requests[parent]
    return requests


def _shown_nodes(order: CallOrder, shown: bytearray) -> _Nodes:
    nodes = _Nodes()
    nearest = array("q", [-1]) * (len(shown) + 1)  # the last one is the roots' parent
    for position in order.preorder:
        above = nearest[order.parents[position]]
        if shown[position]:
            nearest[position] = len(nodes.position)
            nodes.position.append(position)
            nodes.parent.append(above)
        else:
            nearest[position] = above
    count = len(nodes.position)
    nodes.repeat_count = array("q", [1]) * count
    nodes.leader = array("q", [-1]) * count
    return nodes


def _find_repeats(trace: Trace, nodes: _Nodes, requests: "array[int]") -> None:
    """Mark equal runs from the leaves up, so that equal subtrees have equal signatures.

    Two requests are two stories, however equal: they are not folded into one.
    """
    calls = trace.calls
    kinds = [_outcome_kind(outcome) for outcome in calls.outcomes]
    numbers: dict[tuple[object, ...], int] = {}
    signatures = array("q", [0]) * len(nodes.position)
    children: dict[int, list[int]] = {}  # in reverse order, of the nodes that are still open
    for node in range(len(nodes.position) - 1, -1, -1):
        position = nodes.position[node]
        shape: tuple[object, ...] = ()
        own_children = children.pop(node, None)
        if own_children is not None:
            own_children.reverse()
            shape = _fold_siblings(own_children, signatures, nodes)
        signature = (
            calls.function_id[position],
            calls.thread_id[position],
            requests[position],
            kinds[calls.outcome[position]],
            shape,
        )
        signatures[node] = numbers.setdefault(signature, len(numbers) + 1)
        children.setdefault(nodes.parent[node], []).append(node)
    roots = children.get(-1, [])
    roots.reverse()
    _fold_siblings(roots, signatures, nodes)


def _outcome_kind(outcome: object) -> str:
    if isinstance(outcome, Raised):
        return "!" + outcome.class_name
    return "?" if isinstance(outcome, Unfinished) else ""


def _fold_siblings(siblings: list[int], signatures: "array[int]", nodes: _Nodes) -> tuple[object, ...]:
    """Mark the runs among siblings, first the shortest windows; give the shape that is left."""
    own = [signatures[node] for node in siblings]
    shape: list[object] = []
    at = 0
    while at < len(own):
        size, times = _run_at(own, at)
        for offset in range(size):
            leader = siblings[at + offset]
            nodes.repeat_count[leader] = times
            for later in range(1, times):
                nodes.leader[siblings[at + offset + later * size]] = leader
        shape.append((times, *own[at : at + size]) if times > 1 else own[at])
        at += size * times
    return tuple(shape)


def _run_at(own: list[int], at: int) -> tuple[int, int]:
    """The window and how often it comes in a row from here on: the one that folds most away."""
    best = (1, 1)
    for size in range(1, WINDOW + 1):
        if at + 2 * size > len(own):
            break
        if own[at] != own[at + size]:
            continue
        window, times = own[at : at + size], 1
        while own[at + size * times : at + size * (times + 1)] == window:
            times += 1
        if size * (times - 1) > best[0] * (best[1] - 1):
            best = (size, times)
    return best


def _number_steps(
    trace: Trace, nodes: _Nodes, phases: "array[int]", requests: "array[int]"
) -> tuple["array[int]", StepColumns]:
    """Give each node its step: a new one, or the one that stands for the repetition."""
    calls, columns = trace.calls, StepColumns()
    steps = array("q", bytes(8 * len(trace.calls)))  # by position; 0 for a hidden call
    # Below a repetition the nodes take, in order, the numbers that the first run's nodes have.
    next_number: dict[int, int] = {}  # by node: the repetition's root
    root_of = array("q", [-1]) * (len(nodes.position) + 1)  # the last one is the roots' parent
    for node, position in enumerate(nodes.position):
        parent, leader = nodes.parent[node], nodes.leader[node]
        duration_ns = calls.end_ns[position] - calls.start_ns[position]
        if leader >= 0:
            number = steps[nodes.position[leader]]
            root_of[node], next_number[node] = node, number + 1
        elif root_of[parent] >= 0:
            root = root_of[node] = root_of[parent]
            number = next_number[root]
            next_number[root] = number + 1
        else:
            number = len(columns) + 1
            above = steps[nodes.position[parent]] if parent >= 0 else 0
            _append(columns, position, above, phases[position], requests[position])
            columns.repeat_count[-1] = nodes.repeat_count[node]
        steps[position] = number
        columns.member_count[number - 1] += 1
        columns.repeat_ns[number - 1] += duration_ns
    return steps, columns


def _append(columns: StepColumns, position: int, above: int, phase: int, request_id: int) -> None:
    columns.position.append(position)
    columns.depth.append(columns.depth[above - 1] + 1 if above else 0)
    columns.parent_number.append(above)
    columns.phase.append(phase)
    columns.request_id.append(request_id)
    for counter in (columns.hidden_count, columns.member_count, columns.repeat_count, columns.repeat_ns):
        counter.append(0)


def _owners(
    trace: Trace, order: CallOrder, shown: bytearray, steps: "array[int]", columns: StepColumns
) -> "array[int]":
    """The step that stands for each call; a hidden one is counted on its nearest shown ancestor's."""
    for position in order.preorder:
        if not shown[position]:
            owner = steps[position] = steps[order.parents[position]]
            columns.hidden_count[owner - 1] += 1
    return steps
