"""The call graph as DOT, with colours and labels, for Graphviz itself."""

import graphviz

from flasktrace.reports.callgraph.graph import CallGraph
from flasktrace.reports.sequence.theme import LIGHT, ORIGIN_ROLES
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Origin


def dot_source(graph: CallGraph) -> str:
    """DOT in the colours of the drawing. Colours have six digits: some versions misread three."""
    digraph = graphviz.Digraph("calls")
    digraph.attr(rankdir="LR", ordering="out", fontname="DejaVu Sans", nodesep="0.15", ranksep="0.5")
    digraph.attr("node", shape="box", style="filled", fontname="DejaVu Sans Mono", fontsize="12")
    digraph.attr("edge", fontname="DejaVu Sans", fontsize="10", color=LIGHT["return"])
    for key, node in graph.nodes.items():
        function = node.function
        count = f" ×{node.call_count}" if node.call_count > 1 else ""
        label = f"{_text(function.qualname, 60)}{count}\n{_text(function.module, 60)}"
        is_user = function.origin is Origin.USER
        digraph.node(
            f"n{key}",
            label=_lines(label),
            color=LIGHT["error" if node.raised_count else ORIGIN_ROLES[function.origin]],
            fillcolor=LIGHT["user" if is_user else "head"],
            fontcolor=LIGHT["ink"],
            penwidth="2" if is_user or node.raised_count else "1",
            tooltip=_lines(_text(function.dotted_name, 300)),
        )
    for (caller, callee), edge in graph.edges.items():
        attributes = {} if edge.is_tree else {"constraint": "false", "style": "dotted"}
        if edge.is_hand_over or edge.raised_count:
            attributes |= {"style": "dashed", "color": LIGHT["error" if edge.raised_count else "call"]}
        if edge.count > 1:
            attributes |= {"label": f"×{edge.count}", "penwidth": f"{min(1 + edge.count**0.5 / 2, 5):.1f}"}
        digraph.edge(f"n{caller}", f"n{callee}", **attributes)
    return str(digraph.source)


def _text(text: str, max_chars: int) -> str:
    return clean(text, max_chars)


def _lines(text: str) -> str:
    """Plain text for a label: neither an escape sequence nor HTML is left in it."""
    # "&" begins an entity for Graphviz, also in plain labels; "<...>" would be HTML.
    lines = (graphviz.escape(line.replace("&", "&amp;")) for line in text.split("\n"))
    literal: str = graphviz.nohtml("\\n".join(lines))
    return literal
