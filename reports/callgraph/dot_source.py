"""The DOT text that the engines lay out: boxes of given sizes, nothing to be drawn."""

from collections.abc import Mapping, Set

import graphviz

from flasktrace.reports.callgraph.geometry import Size
from flasktrace.reports.callgraph.graph import CallGraph
from flasktrace.reports.callgraph.stacks import columns_of, stacks

PX_PER_INCH = 72.0  # Graphviz' points are our px
STACK_GAP_PX = 12.0
ROOT = "root"


def layout_source(
    graph: CallGraph, sizes: Mapping[int, Size], stacked: Set[int], *, has_all_edges: bool = True
) -> str:
    """The graph as DOT, named by numbers alone, so that nothing of the traced program gets into it.

    Only the edges of first calls give the ranks: they form a forest, which ``ordering=out`` can then keep
    in call order. Edges carry no labels (five times the time); clusters are not used (they lose edges). A
    stack of functions is one record node with a port each. Without ``has_all_edges`` further calls are
    left out.
    """
    digraph = graphviz.Digraph("calls")
    digraph.attr(rankdir="LR", ordering="out", nodesep="0.125", ranksep="0.46", margin="0", pad="0")
    digraph.attr("node", shape="box", fixedsize="true", label="", margin="0", fontsize="2")
    digraph.attr("edge", dir="none")
    members, columns = stacks(graph, stacked), columns_of(graph, stacked)
    names = {}
    for head, keys in members.items():
        height = stack_height(keys, sizes)
        extent = {"width": _inches(sizes[head][0]), "height": _inches(height)}
        if len(keys) == 1:
            names[head] = f"n{head}"
            digraph.node(f"n{head}", **extent)
            continue
        names.update({key: f"n{head}:p{key}" for key in keys})
        label = graphviz.nohtml("|".join(f"<p{key}>" for key in keys))
        digraph.node(f"n{head}", shape="record", label=label, **extent)
    roots = graph.roots()
    if len(roots) > 1:  # the only way to keep the roots in order: give them a common caller
        digraph.node(ROOT, width="0.01", height="0.01")
        for root in roots:
            digraph.edge(ROOT, f"n{root}")
    for (caller, callee), edge in graph.edges.items():
        if edge.is_tree and callee in stacked:
            continue
        if edge.is_tree:
            digraph.edge(f"{names[caller]}:e", f"{names[callee]}:w")
        elif (
            has_all_edges and columns[caller] != columns[callee]
        ):  # records cannot be joined within their column
            digraph.edge(names[caller], names[callee], constraint="false")
    return str(digraph.source)


def stack_height(keys: list[int], sizes: Mapping[int, Size]) -> float:
    """Height of a stack in px, with the gaps for its arrows."""
    return sum(sizes[key][1] for key in keys) + STACK_GAP_PX * (len(keys) - 1)


def _inches(extent_px: float) -> str:
    return f"{extent_px / PX_PER_INCH:.4f}"
