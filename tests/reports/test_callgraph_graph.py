"""The call graph as data: every call is counted once, and the order is that of the first calls."""

from hypothesis import given
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.callgraph.graph import CallGraph, build_graph
from flasktrace.reports.callgraph.stacks import arrangements, columns_of, even_widths, stacks
from flasktrace.reports.folded import Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Raised, Trace


def _names(graph: CallGraph) -> list[str]:
    return [node.function.qualname for node in graph.nodes.values()]


def _folded(trace: Trace, level: Level = Level.MILESTONES) -> CallGraph:
    return build_graph(fold(trace, Catalogue(), FoldOptions(level)))


def _request() -> TraceBuilder:
    builder = TraceBuilder.new(thread_count=2)
    serve = builder.add("BaseServer.serve_forever")
    process = builder.add("ThreadingMixIn.process_request", serve)
    thread = builder.add("ThreadingMixIn.process_request_thread", process, thread=2)
    app = builder.add("Flask.wsgi_app", thread, thread=2)
    builder.add("RequestContext.push", app, thread=2)
    builder.add("LocalStack.push", 5, thread=2)
    dispatch = builder.add("Flask.dispatch_request", app, thread=2, outcome=Raised("KeyError", "7"))
    builder.add("index", dispatch, thread=2, outcome=Raised("KeyError", "7"))
    builder.add("LocalStack.push", app, thread=2)
    return builder


def test_functions_stand_in_the_order_of_their_first_call() -> None:
    assert _names(build_graph(_request().trace)) == [
        "BaseServer.serve_forever",
        "ThreadingMixIn.process_request",
        "ThreadingMixIn.process_request_thread",
        "Flask.wsgi_app",
        "RequestContext.push",
        "LocalStack.push",
        "Flask.dispatch_request",
        "index",
    ]


def test_an_edge_knows_whether_it_is_a_first_call_a_hand_over_or_raised() -> None:
    graph = build_graph(_request().trace)
    described = {
        (graph.nodes[caller].function.name, graph.nodes[callee].function.name): (
            edge.is_tree,
            edge.is_hand_over,
            edge.raised_count,
        )
        for (caller, callee), edge in graph.edges.items()
    }
    assert described["process_request", "process_request_thread"] == (True, True, 0)
    assert described["dispatch_request", "index"] == (True, False, 1)
    assert described["wsgi_app", "push"] in [(True, False, 0), (False, False, 0)]
    assert sum(edge.count for edge in graph.edges.values()) == 8


def test_a_recursive_call_is_counted_on_the_function_and_makes_no_edge() -> None:
    builder = TraceBuilder.new()
    for parent in (None, 1, 2):
        builder.add("index", parent)
    graph = build_graph(builder.trace)
    (node,) = graph.nodes.values()
    assert (node.call_count, node.self_call_count, graph.edges) == (3, 2, {})


def test_exceptions_are_named_once_each() -> None:
    builder = TraceBuilder.new()
    for name in ("KeyError", "KeyError", "ValueError"):
        builder.add("index", outcome=Raised(name, ""))
    (node,) = build_graph(builder.trace).nodes.values()
    assert (node.raised_count, node.exceptions) == (3, ["KeyError", "ValueError"])


def test_a_folded_trace_gives_its_step_numbers_and_counts_repetitions() -> None:
    builder = TraceBuilder.new()
    root = builder.add("<module>")
    for _ in range(4):
        builder.add("index", root)
    graph = _folded(builder.trace)
    assert [(node.step_number, node.call_count) for node in graph.nodes.values()] == [(1, 1), (2, 4)]
    assert [edge.count for edge in graph.edges.values()] == [4]


@given(traces())
def test_every_call_of_a_trace_is_counted_once(trace: Trace) -> None:
    graph = build_graph(trace)
    assert graph.call_count == sum(node.call_count for node in graph.nodes.values()) == len(trace.calls)


@given(traces())
def test_shown_and_hidden_calls_of_a_folded_trace_add_up(trace: Trace) -> None:
    for level in Level:
        graph = _folded(trace, level)
        assert graph.call_count + graph.hidden_count == len(trace.calls)
        assert sum(node.hidden_count for node in graph.nodes.values()) == graph.hidden_count


@given(traces())
def test_the_edges_of_first_calls_are_a_forest_in_call_order(trace: Trace) -> None:
    graph = build_graph(trace)
    order = {key: position for position, key in enumerate(graph.nodes)}
    callees = [edge.callee for edge in graph.edges.values() if edge.is_tree]
    assert len(callees) == len(set(callees)) == len(graph.nodes) - len(graph.roots())
    assert all(order[e.caller] < order[e.callee] for e in graph.edges.values() if e.is_tree)


@given(traces())
def test_only_the_last_callee_stands_below_its_caller(trace: Trace) -> None:
    graph = build_graph(trace)
    last = {callees[-1] for callees in graph.children().values() if callees}
    for stacked in arrangements(graph):
        assert stacked <= last
        members = stacks(graph, stacked)
        assert sorted(key for keys in members.values() for key in keys) == sorted(graph.nodes)
        columns = columns_of(graph, stacked)
        sizes = even_widths(graph, {key: (10.0 + key, 5.0) for key in graph.nodes}, stacked)
        for keys in members.values():
            assert len({columns[key] for key in keys}) == len({sizes[key] for key in keys}) == 1
