"""The folding itself, in columns of integers: repetitions found, steps numbered, calls counted."""

from array import array
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, count
from operator import not_, sub
from typing import overload

from flasktrace.reports.folded import Step
from flasktrace.tracer.catalogue import Catalogue, Landmark, Phase
from flasktrace.tracer.model import Function, Raised, Trace, Unfinished
from flasktrace.tracer.phases import CallOrder

WINDOW = 5
"""The longest run of siblings that is looked for a second time right behind itself."""


def _integers() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class StepColumns:
    """The steps as columns; step ``n`` is at position ``n - 1``. Missing numbers are 0."""

    position: "array[int]"  # of its call in Calls
    depth: "array[int]"
    parent_number: "array[int]"
    phase: "array[int]"  # in FoldTables.phases
    request_id: "array[int]"
    hidden_count: "array[int]"
    member_count: "array[int]"  # shown calls that it stands for
    repeat_count: "array[int]"
    repeat_ns: "array[int]"

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


KEPT_STEPS = 4096


class StepSequence(Sequence[Step]):
    """The steps, each made when it is first asked for; some are kept, as drawings go through all again."""

    def __init__(self, trace: Trace, tables: FoldTables) -> None:
        self._trace = trace
        self._tables = tables
        self._made: dict[int, Step] = {}
        self._telling: list[array[int] | bytearray] | None = None
        self._processes: dict[int, int] | None = None  # by thread

    def __len__(self) -> int:
        return len(self._tables.columns)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} steps")
        step = self._made.get(index)
        if step is None:
            step = self._step(index)
            if len(self._made) < KEPT_STEPS:
                self._made[index] = step
        return step

    def function_at(self, number: int) -> tuple[Function, Landmark | None]:
        """The function of a step, and its landmark."""
        key = self._trace.calls.function_id[self._tables.columns.position[number - 1]]
        return self._trace.functions[key], self._tables.landmarks[key]

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
        """By step, 1 for one in another thread than its parent, 2 for one in another process."""
        threads, columns = self._trace.calls.thread_id, self._tables.columns
        own = [threads[position] for position in columns.position]
        return bytearray(
            parent > 0 and self._hand_over(own[parent - 1], thread)
            for parent, thread in zip(columns.parent_number, own, strict=True)
        )

    def _hand_over(self, thread_id: int, other_id: int) -> int:
        if thread_id == other_id:
            return 0
        if self._processes is None:
            self._processes = {thread.id: thread.process_id for thread in self._trace.threads}
        return 1 + (self._processes.get(thread_id, 0) != self._processes.get(other_id, 0))

    def _step(self, i: int) -> Step:
        tables, columns = self._tables, self._tables.columns
        call = self._trace.calls[columns.position[i]]
        parent_number = columns.parent_number[i]
        threads = self._trace.calls.thread_id
        hand_over = 0
        if parent_number:
            hand_over = self._hand_over(threads[columns.position[parent_number - 1]], call.thread_id)
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
            is_hand_over=hand_over > 0,
            is_new_process=hand_over > 1,
            resumed_count=tables.resumed.get(call.id, 0),
        )


def fold_tables(
    trace: Trace,
    catalogue: Catalogue,
    order: CallOrder,
    phases: list[str],
    shown: bytearray,
    fold_repeats: bool,
    folded_counts: "array[int] | None" = None,
) -> FoldTables:
    """Fold the calls of a trace.

    Args:
        trace: the calls.
        catalogue: phases and landmarks.
        order: the tree of the calls.
        phases: the phase's id of each call, by position.
        shown: one byte for each call, by position; every root must be shown.
        fold_repeats: whether adjacent equal runs become one.
        folded_counts: by position, calls below it that are not in the trace, to be counted as folded.
    """
    nodes = _shown_nodes(order, shown)
    names: list[Phase | None] = [None, *catalogue.phases.values()]
    numbers = {"": min(1, len(names) - 1)}  # what comes before the first landmark is in the first phase
    numbers.update({phase.id: i for i, phase in enumerate(names) if phase is not None})
    phase_numbers = array("i", [numbers[phase] for phase in phases])
    requests = _requests(trace, order, phase_numbers, names, shown)
    if fold_repeats:
        _find_repeats(trace, nodes, requests)
    step_of_node, columns = _number_steps(trace, nodes, phase_numbers, requests)
    owners = _owners(order, shown, step_of_node, columns)
    for owner, folded in zip(owners, folded_counts or (), strict=False):
        columns.hidden_count[owner - 1] += folded
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
    trace: Trace, order: CallOrder, phases: "array[int]", names: list[Phase | None], shown: bytearray
) -> "array[int]":
    """Each shown call's request, by position; what accepts a connection belongs to the first request on it.

    What is not shown is left as it was recorded, as in an outline most of it is not there.
    """
    is_of_request = [phase is not None and not phase.is_startup for phase in names]
    recorded = trace.calls.request_id
    requests = array("q", recorded)
    # Most calls have one, and are none of the loops' business.
    below = array("q", recorded)  # the call's own, else the first below it
    of_parents = [*recorded, 1]  # the last one is the roots' parent
    without = map(not_, map(of_parents.__getitem__, map(order.parents.__getitem__, reversed(order.preorder))))
    for position in compress(reversed(order.preorder), without):
        parent = order.parents[position]
        below[parent] = below[position] or below[parent]
        if shown[parent] and is_of_request[phases[parent]]:
            requests[parent] = below[parent]
    above = array("q", [*requests, 0])  # the call's own, else the nearest above it; the last is the roots'
    for position in compress(order.preorder, map(not_, map(above.__getitem__, order.preorder))):
        above[position] = above[order.parents[position]]
        if is_of_request[phases[position]]:
            requests[position] = above[position]
    return requests


def _shown_nodes(order: CallOrder, shown: bytearray) -> _Nodes:
    if all(shown) and order.preorder == array("i", range(len(shown))):  # as in an outline
        nodes = _Nodes(array("q", order.preorder), array("q", order.parents))
    else:
        nodes = _nodes_among(order, shown)
    count = len(nodes.position)
    nodes.repeat_count = array("q", [1]) * count
    nodes.leader = array("q", [-1]) * count
    return nodes


def _nodes_among(order: CallOrder, shown: bytearray) -> _Nodes:
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
    return nodes


def _find_repeats(trace: Trace, nodes: _Nodes, requests: "array[int]") -> None:
    """Mark equal runs from the leaves up, so that equal subtrees have equal signatures.

    Two requests are two stories, however equal: they are not folded into one.
    """
    calls, positions, parents = trace.calls, nodes.position, nodes.parent.tolist()
    outcomes = list(map(calls.outcome.__getitem__, positions))
    kinds = {number: _outcome_kind(calls.outcomes[number]) for number in sorted(set(outcomes))}
    own = list(
        zip(
            map(calls.function_id.__getitem__, positions),
            _offsets(calls.thread_id, nodes),
            _offsets(requests, nodes),
            map(kinds.__getitem__, outcomes),
            strict=True,
        )
    )
    numbers: dict[object, int] = {}
    signatures = [0] * len(positions)
    children: dict[int, list[int]] = {}  # in reverse order, of the nodes that are still open
    for node in range(len(positions) - 1, -1, -1):
        signature: object = own[node]
        own_children = children.pop(node, None)
        if own_children is not None:
            own_children.reverse()
            signature = (signature, _fold_siblings(own_children, signatures, nodes))
        signatures[node] = numbers.setdefault(signature, len(numbers) + 1)
        siblings = children.get(parents[node])
        if siblings is None:
            children[parents[node]] = [node]
        else:
            siblings.append(node)
    roots = children.get(-1, [])
    roots.reverse()
    _fold_siblings(roots, signatures, nodes)


def _offsets(numbers: "array[int]", nodes: _Nodes) -> Iterator[int]:
    """How far each node's number is from its parent's: what is equal among siblings, and in all requests."""
    own = [*map(numbers.__getitem__, nodes.position), 0]  # the last one is the roots' parent
    return map(sub, own, map(own.__getitem__, nodes.parent))


def _outcome_kind(outcome: object) -> str:
    if isinstance(outcome, Raised):
        return "!" + outcome.class_name
    return "?" if isinstance(outcome, Unfinished) else ""


def _fold_siblings(siblings: list[int], signatures: list[int], nodes: _Nodes) -> tuple[object, ...]:
    """Mark the runs among siblings, first the shortest windows; give the shape that is left."""
    own = [signatures[node] for node in siblings]
    if len(set(own)) == len(own):  # most often: no two are equal
        return tuple(own)
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
    # Lists, which are read and changed faster than arrays.
    positions, parents = nodes.position.tolist(), nodes.parent.tolist()
    spans_ns = list(map(sub, trace.calls.end_ns, trace.calls.start_ns))
    steps = [0] * len(trace.calls)  # by position; 0 for a hidden call
    firsts: list[int] = []  # the nodes that have a step of their own
    further_members: list[int] = []  # of those steps
    parent_numbers: list[int] = []
    repeat_ns: list[int] = []
    # Below a repetition the nodes take, in order, the numbers that the first run's nodes have.
    next_number: dict[int, int] = {}  # by node: the repetition's root
    root_of = [-1] * (len(positions) + 1)  # the last one is the roots' parent
    for node, position, parent, leader in zip(count(), positions, parents, nodes.leader, strict=False):
        if leader >= 0:
            number = steps[positions[leader]]
            root_of[node], next_number[node] = node, number + 1
        elif root_of[parent] >= 0:
            root = root_of[node] = root_of[parent]
            number = next_number[root]
            next_number[root] = number + 1
        else:
            firsts.append(node)
            steps[position] = len(firsts)
            parent_numbers.append(steps[positions[parent]] if parent >= 0 else 0)
            repeat_ns.append(spans_ns[position])
            continue
        steps[position] = number
        further_members.append(number)
        repeat_ns[number - 1] += spans_ns[position]
    member_counts = array("q", [1]) * len(firsts)
    for number in further_members:
        member_counts[number - 1] += 1
    own = array("q", list(map(positions.__getitem__, firsts)))
    depths: list[int] = []
    for above in parent_numbers:
        depths.append(depths[above - 1] + 1 if above else 0)
    columns = StepColumns(
        position=own,
        depth=array("q", depths),
        parent_number=array("q", parent_numbers),
        phase=array("q", map(phases.__getitem__, own)),
        request_id=array("q", map(requests.__getitem__, own)),
        hidden_count=array("q", bytes(8 * len(own))),
        member_count=member_counts,
        repeat_count=array("q", map(nodes.repeat_count.__getitem__, firsts)),
        repeat_ns=array("q", repeat_ns),
    )
    return array("q", steps), columns


def _owners(order: CallOrder, shown: bytearray, steps: "array[int]", columns: StepColumns) -> "array[int]":
    """The step that stands for each call; a hidden one is counted on its nearest shown ancestor's."""
    if not all(shown):
        for position in compress(order.preorder, map(not_, map(shown.__getitem__, order.preorder))):
            owner = steps[position] = steps[order.parents[position]]
            columns.hidden_count[owner - 1] += 1
    return steps
