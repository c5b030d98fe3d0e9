"""The DOT text that the engines lay out: boxes of given sizes, nothing to be drawn."""

from collections.abc import Mapping, Set

import graphviz

from flasktrace.reports.callgraph.geometry import Size
from flasktrace.reports.callgraph.graph import CallGraph

PX_PER_INCH = 72.0  # Graphviz' points are our px


def layout_source(graph: CallGraph, sizes: Mapping[int, Size], stacked: Set[int]) -> str:
    """The graph as DOT, named by numbers alone, so that nothing of the traced program gets into it.

    Only the edges of first calls give the ranks: they form a forest, which ``ordering=out`` can then keep
    in call order. Edges carry no labels (five times the time); clusters are not used (they lose edges).
    """
    digraph = graphviz.Digraph("calls")
    digraph.attr(rankdir="LR", ordering="out", nodesep="0.17", ranksep="0.48", margin="0", pad="0")
    digraph.attr("node", shape="box", fixedsize="true", label="", margin="0")
    digraph.attr("edge", dir="none")
    for key in graph.nodes:
        width, height = sizes[key]
        digraph.node(f"n{key}", width=f"{width / PX_PER_INCH:.4f}", height=f"{height / PX_PER_INCH:.4f}")
    for (caller, callee), edge in graph.edges.items():
        attributes = {} if edge.is_tree else {"constraint": "false"}
        if callee in stacked:
            with digraph.subgraph() as column:
                column.attr(rank="same")
                column.edge(f"n{caller}", f"n{callee}", **attributes)
        else:
            digraph.edge(f"n{caller}", f"n{callee}", **attributes)
    return str(digraph.source)
