"""The legend: only what the drawing at hand has."""

from xml.etree import ElementTree as ET

from flasktrace.reports.callgraph.captions import Captions
from flasktrace.reports.callgraph.graph import CallGraph
from flasktrace.reports.callgraph.svg import Canvas
from flasktrace.reports.sequence.metrics import text_width
from flasktrace.reports.sequence.theme import ORIGIN_ROLES
from flasktrace.tracer.model import Origin

TEXT_PX = 11.5
ROW_PX = 22.0
SAMPLE_PX = 26.0
GAP_PX = 20.0

# (kind, theme role, caption); kinds: "package", "line", "pill"
Entry = tuple[str, str, str]


def entries(graph: CallGraph, words: Captions) -> list[Entry]:
    """What has to be explained."""
    origins = {node.function.origin for node in graph.nodes.values()}
    names = {
        Origin.SERVER: words.server,
        Origin.STDLIB: words.server,
        Origin.WERKZEUG: "werkzeug",
        Origin.FLASK: "flask",
        Origin.USER: words.your_code,
        Origin.LIBRARY: words.library,
    }
    packages = {("package", ORIGIN_ROLES[o], name): None for o, name in names.items() if o in origins}
    edges = graph.edges.values()
    rest: list[tuple[bool, Entry]] = [
        (any(edge.is_tree for edge in edges), ("line", "first", words.key_first)),
        (any(not edge.is_tree for edge in edges), ("line", "again", words.key_more)),
        (any(edge.is_hand_over for edge in edges), ("line", "thread", words.key_thread)),
        (
            any(node.raised_count for node in graph.nodes.values()),
            ("line", "raised", words.key_raised),
        ),
        (any(node.call_count > 1 for node in graph.nodes.values()), ("pill", "×4", words.key_count)),
        (any(node.hidden_count for node in graph.nodes.values()), ("pill", "+12", words.key_hidden)),
    ]
    return [*packages, *(entry for is_needed, entry in rest if is_needed)]


def draw_legend(
    canvas: Canvas, graph: CallGraph, words: Captions, left: float, top: float, width: float
) -> float:
    """Draw it in as many rows as it needs; gives its height in px."""
    group = canvas.add(canvas.root, "g", {"role": "group", "aria-label": words.legend_label})
    x, y = left, top + ROW_PX / 2
    for entry in entries(graph, words):
        kind, _, caption = entry
        sample = 10.0 if kind == "package" else SAMPLE_PX
        needed = sample + 7 + text_width(caption, TEXT_PX)
        if x + needed > left + width and x > left:
            x, y = left, y + ROW_PX
        _sample(canvas, group, entry, x, y)
        canvas.text(group, caption, x + sample + 7, y + TEXT_PX * 0.36, TEXT_PX, "muted")
        x += needed + GAP_PX
    return y - top + ROW_PX / 2


_LINES = {
    "first": ("return", ""),
    "again": ("return", "2.5 3"),
    "thread": ("call", "7 4"),
    "raised": ("error", "5 3"),
}


def _sample(canvas: Canvas, parent: ET.Element, entry: Entry, x: float, y: float) -> None:
    kind, role, _ = entry
    if kind == "package":
        canvas.add(parent, "rect", {"x": x, "y": y - 7, "width": 5.0, "height": 14.0, "rx": 1.5}, fill=role)
        return
    if kind == "pill":
        is_dark = role.startswith("×")
        rect: dict[str, str | float] = {"x": x, "y": y - 7, "width": SAMPLE_PX, "height": 14.0, "rx": 7.0}
        if is_dark:
            canvas.add(parent, "rect", rect, fill="pill")
        else:
            canvas.add(parent, "rect", {**rect, "fill": "none"}, stroke="bar-edge")
        ink = "pill-ink" if is_dark else "muted"
        canvas.text(parent, role, x + SAMPLE_PX / 2, y + 3.4, 9.5, ink, bold=True, anchor="middle")
        return
    colour, dashes = _LINES[role]
    end = x + SAMPLE_PX
    attributes: dict[str, str | float] = {"d": f"M{x:g} {y:g}H{end - 6:g}", "stroke-width": 1.5}
    if dashes:
        attributes["stroke-dasharray"] = dashes
    canvas.add(parent, "path", {**attributes, "fill": "none"}, stroke=colour)
    arrow = f"M{end:g} {y:g}L{end - 8:g} {y - 3.5:g}L{end - 8:g} {y + 3.5:g}Z"
    canvas.add(parent, "path", {"d": arrow}, fill=colour)
