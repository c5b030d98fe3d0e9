"""The call graph as plain data: functions and edges with their counts, in the order of the first call."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from flasktrace.reports.folded import FoldedTrace
from flasktrace.tracer.catalogue import Landmark
from flasktrace.tracer.model import Function, Metadata, Raised, Trace


@dataclass(slots=True)
class GraphNode:
    """A function that was called.

    Attributes:
        id: the function's id in the trace.
        call_count: how often it was called, folded repetitions included.
        raised_count: how many of these calls an exception left.
        hidden_count: calls folded away under this function's calls.
        total_ns: time of all its calls in ns, inner calls included; a recursive call counts each level.
        first_call_id: id of the first call.
        step_number: the number of the step that first shows it, as the diagram prints it; None without steps.
        exceptions: class names of what it raised, in order, each once.
        self_call_count: how many of the calls came from the function itself.
    """

    id: int
    function: Function
    landmark: Landmark | None
    first_call_id: int
    step_number: int | None = None
    call_count: int = 0
    raised_count: int = 0
    hidden_count: int = 0
    total_ns: int = 0
    exceptions: list[str] = field(default_factory=list)
    self_call_count: int = 0


@dataclass(slots=True)
class GraphEdge:
    """The calls from one function to another.

    Attributes:
        is_tree: the callee was called for the first time along this edge, so the edges of this kind form
            a forest that follows the order of the calls.
        is_hand_over: at least one of the calls started in a new thread.
        raised_count: how many of the calls an exception left.
    """

    caller: int
    callee: int
    count: int = 0
    raised_count: int = 0
    is_tree: bool = False
    is_hand_over: bool = False


@dataclass(slots=True)
class CallGraph:
    """Functions and edges in the order of the first call.

    ``edges`` holds no edge from a function to itself: see ``GraphNode.self_call_count``.
    """

    nodes: dict[int, GraphNode] = field(default_factory=dict)
    edges: dict[tuple[int, int], GraphEdge] = field(default_factory=dict)
    metadata: Metadata = field(default_factory=Metadata)
    call_count: int = 0
    hidden_count: int = 0
    filtered_count: int = 0
    dropped_count: int = 0
    notice: str = ""

    def children(self) -> dict[int, list[int]]:
        """The callees first called by each function, in call order: the forest of the tree edges."""
        children: dict[int, list[int]] = {key: [] for key in self.nodes}
        for edge in self.edges.values():
            if edge.is_tree:
                children[edge.caller].append(edge.callee)
        return children

    def roots(self) -> list[int]:
        """Functions whose first call has no shown caller, in call order."""
        called = {edge.callee for edge in self.edges.values() if edge.is_tree}
        return [key for key in self.nodes if key not in called]


@dataclass(frozen=True, slots=True)
class _Activation:
    """One call, or a run of equal calls, as the graph counts it."""

    call_id: int
    step_number: int | None
    caller: int | None
    function: Function
    landmark: Landmark | None
    count: int
    hidden_count: int
    total_ns: int
    raised: str | None
    is_hand_over: bool


def build_graph(source: FoldedTrace | Trace) -> CallGraph:
    """The call graph of what a folded trace shows, or of every call of a trace."""
    if isinstance(source, Trace):
        graph = CallGraph(metadata=source.metadata, dropped_count=source.dropped_count)
        activations = _activations_of_trace(source)
    else:
        graph = CallGraph(
            metadata=source.trace.metadata,
            hidden_count=source.hidden_count,
            filtered_count=source.filtered_count,
            dropped_count=source.trace.dropped_count,
            notice=source.notice,
        )
        activations = _activations_of_steps(source)
    for activation in activations:
        _count(graph, activation)
    return graph


def _count(graph: CallGraph, activation: _Activation) -> None:
    key = activation.function.id
    is_new = key not in graph.nodes
    if is_new:
        graph.nodes[key] = GraphNode(
            key, activation.function, activation.landmark, activation.call_id, activation.step_number
        )
    node = graph.nodes[key]
    graph.call_count += activation.count
    node.call_count += activation.count
    node.hidden_count += activation.hidden_count
    node.total_ns += activation.total_ns
    if activation.raised is not None:
        node.raised_count += activation.count
        if activation.raised not in node.exceptions:
            node.exceptions.append(activation.raised)
    if activation.caller == key:
        node.self_call_count += activation.count
    elif activation.caller is not None:
        _count_edge(graph, activation, activation.caller, is_new)


def _count_edge(graph: CallGraph, activation: _Activation, caller: int, is_new: bool) -> None:
    pair = (caller, activation.function.id)
    edge = graph.edges.get(pair)
    if edge is None:
        edge = graph.edges[pair] = GraphEdge(*pair, is_tree=is_new)
    edge.count += activation.count
    edge.raised_count += activation.count if activation.raised is not None else 0
    edge.is_hand_over |= activation.is_hand_over


def _activations_of_steps(folded: FoldedTrace) -> Iterator[_Activation]:
    # A step under a repeated one stands for as many calls as its ancestors' repetitions multiply to.
    path: list[tuple[int, int]] = []  # (function id, calls it stands for) of the open steps, by depth
    for step in folded.steps:
        del path[step.depth :]
        caller, times = path[-1] if path else (None, 1)
        count = times * step.repeat_count
        outcome = step.call.outcome
        yield _Activation(
            step.call.id,
            step.number,
            caller,
            step.function,
            step.landmark,
            count,
            step.hidden_count,
            max(step.repeat_ns, step.call.duration_ns) * times,
            outcome.class_name if isinstance(outcome, Raised) else None,
            step.is_hand_over,
        )
        path.append((step.function.id, count))


def _activations_of_trace(trace: Trace) -> Iterator[_Activation]:
    # Columns are read directly: making a Call object for each of a million rows takes seconds.
    calls = trace.calls
    started_by = {thread.id: thread.started_by for thread in trace.threads}
    for i in range(len(calls)):
        parent_id = calls.parent_id[i] or None
        is_first_of_thread = parent_id is None
        if is_first_of_thread:
            parent_id = started_by.get(calls.thread_id[i])
        caller = None
        is_hand_over = False
        if parent_id is not None:
            parent = calls.index_of(parent_id)
            caller = calls.function_id[parent]
            is_hand_over = calls.thread_id[parent] != calls.thread_id[i]
        outcome = calls.outcomes[calls.outcome[i]]
        yield _Activation(
            calls.id[i],
            None,
            caller,
            trace.functions[calls.function_id[i]],
            None,
            1,
            0,
            calls.end_ns[i] - calls.start_ns[i],
            outcome.class_name if isinstance(outcome, Raised) else None,
            is_hand_over,
        )
