"""Draws a placed call graph as SVG, alike with every layout engine."""

import math
from dataclasses import dataclass
from typing import IO
from xml.etree import ElementTree as ET

from flasktrace.reports.callgraph import nodes as faces_of
from flasktrace.reports.callgraph.captions import Captions, captions
from flasktrace.reports.callgraph.geometry import Box, Layout, Pair, Point
from flasktrace.reports.callgraph.graph import CallGraph, GraphEdge
from flasktrace.reports.callgraph.layout import ENGINES, Engine, place
from flasktrace.reports.callgraph.legend import draw_legend
from flasktrace.reports.callgraph.nodes import Face, faces, full_name, pill_width
from flasktrace.reports.callgraph.svg import XLINK_NAMESPACE, Canvas, px
from flasktrace.reports.sequence.links import source_link
from flasktrace.reports.sequence.metrics import text_width, wrap
from flasktrace.reports.sequence.options import LinkMode
from flasktrace.reports.sequence.theme import Theme
from flasktrace.reports.text import clean

MARGIN_PX = 20.0
TITLE_PX = 18.0
SUBTITLE_PX = 12.0
SUBTITLE_LEADING_PX = 17.0
LEGEND_HEIGHT_PX = 40.0
MIN_WIDTH_PX = 560.0
ARROW_PX = 7.0
MAX_NUMBERED_EDGES = 120
MIN_NUMBERED_PX = 30.0
SCOPE = "ft-graph"


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """The choices for one drawing.

    Attributes:
        title: above the graph; made from ``name`` when empty.
        name: what was run; the trace's own word for it when empty.
        language: "en" or "zh".
        theme: light, dark, or what the reader's system or the page around asks for.
        links: where the names lead to.
        has_times: without, the same run gives the same bytes each time.
        id_prefix: put before every ``id``, for a page with more than one drawing.
    """

    title: str = ""
    name: str = ""
    language: str = "en"
    theme: Theme = Theme.AUTO
    links: LinkMode = LinkMode.LOCAL
    has_times: bool = True
    id_prefix: str = "cg-"


def write_svg(
    graph: CallGraph,
    stream: IO[str],
    options: DrawOptions | None = None,
    engines: tuple[tuple[str, Engine], ...] = tuple(ENGINES),
) -> list[str]:
    """Place and draw a call graph.

    Returns:
        One line for each layout engine that was tried and failed, to be shown to the user.
    """
    options = options or DrawOptions()
    is_local = options.links is LinkMode.LOCAL
    shown = faces(graph, captions(options.language), options.has_times, is_local)
    layout = place(graph, {key: face.size() for key, face in shown.items()}, engines)
    _Drawing(graph, layout, shown, options).write(stream)
    return layout.notices


class _Drawing:
    def __init__(
        self, graph: CallGraph, layout: Layout, shown: dict[int, Face], options: DrawOptions
    ) -> None:
        self.graph = graph
        self.layout = layout
        self.faces = shown
        self.options = options
        self.words: Captions = captions(options.language)
        self.canvas = Canvas(options.theme, SCOPE)
        self.width_px = max(layout.width_px + 2 * MARGIN_PX, MIN_WIDTH_PX)

    def write(self, stream: IO[str]) -> None:
        canvas, prefix = self.canvas, self.options.id_prefix
        root = canvas.root
        root.set("role", "graphics-document")
        root.set("aria-labelledby", f"{prefix}title {prefix}desc")
        lines = wrap(self._subtitle(), self.width_px - 2 * MARGIN_PX, SUBTITLE_PX)
        title, desc = ET.SubElement(root, "title"), ET.SubElement(root, "desc")
        title.set("id", f"{prefix}title")
        desc.set("id", f"{prefix}desc")
        title.text, desc.text = self._title(), self._description()
        ground = canvas.add(root, "rect", {"width": "100%", "height": "100%"}, fill="ground")
        ground.set("aria-hidden", "true")
        y = MARGIN_PX + TITLE_PX
        shown_title = wrap(self._title(), self.width_px - 2 * MARGIN_PX, TITLE_PX * 1.15, max_lines=2)
        for line in shown_title:
            canvas.text(root, line, MARGIN_PX, y, TITLE_PX, "ink", bold=True)
            y += TITLE_PX * 1.25
        for line in lines:
            canvas.text(root, line, MARGIN_PX, y, SUBTITLE_PX, "muted")
            y += SUBTITLE_LEADING_PX
        top = y + 4
        self._draw_graph(MARGIN_PX, top)
        bottom = top + self.layout.height_px + 14
        height = bottom + draw_legend(
            canvas, self.graph, self.words, MARGIN_PX, bottom, self.width_px - 2 * MARGIN_PX
        )
        canvas.write(stream, self.width_px, height + MARGIN_PX / 2)

    def _title(self) -> str:
        if self.options.title:
            return clean(self.options.title, 300)
        name = self.options.name or self.graph.metadata.scenario
        if name:
            return self.words.title.format(name=clean(name, 200))
        return self.words.title_plain

    def _subtitle(self) -> str:
        graph, words = self.graph, self.words
        if not graph.nodes:
            return words.nothing
        parts = [words.subtitle.format(functions=len(graph.nodes), calls=graph.call_count)]
        for form, count in (
            (words.hidden, graph.hidden_count),
            (words.filtered, graph.filtered_count),
            (words.dropped, graph.dropped_count),
        ):
            if count:
                parts.append(form.format(count=count))
        if graph.notice:
            parts.append(clean(graph.notice))
        return words.space.join(parts)

    def _description(self) -> str:
        graph = self.graph
        names = ", ".join(full_name(graph.nodes[key]) for key in graph.roots()[:3])
        roots = self.words.starts_at.format(names=names) if names else self.words.nothing
        return self.words.description.format(functions=len(graph.nodes), edges=len(graph.edges), roots=roots)

    def _draw_graph(self, left: float, top: float) -> None:
        place_ = {"transform": f"translate({px(left)} {px(top)})"}
        group = self.canvas.add(self.canvas.root, "g", place_)
        edges = self.canvas.add(group, "g", {"fill": "none", "role": "list"})
        edges.set("aria-label", self.words.edges_label)
        # Numbers after all lines, boxes after all numbers: nothing may cross out what is to be read.
        numbers = self.canvas.add(group, "g", {"aria-hidden": "true"})
        for pair, edge in self.graph.edges.items():
            self._draw_edge(edges, pair, edge)
        if len(self.graph.edges) <= MAX_NUMBERED_EDGES:
            self._draw_numbers(numbers)
        boxes = self.canvas.add(group, "g", {"role": "list"})
        boxes.set("aria-label", self.words.functions_label)
        for key in self.graph.nodes:
            self._draw_node(boxes, key, self.layout.boxes[key])

    def _draw_edge(self, parent: ET.Element, pair: Pair, edge: GraphEdge) -> None:
        route = self.layout.routes[pair]
        has_raised = edge.raised_count > 0
        role = "error" if has_raised else ("call" if edge.is_hand_over else "return")
        width = min(1.3 + 0.8 * math.log2(edge.count), 5.5)
        group = self.canvas.add(parent, "g", {"role": "listitem"})
        group.set("id", f"{self.options.id_prefix}edge-{pair[0]}-{pair[1]}")
        ET.SubElement(group, "title").text = self._edge_tooltip(edge)
        arrow = ARROW_PX + width
        attributes: dict[str, str | float] = {"d": _path(_cut(route, arrow * 0.8)), "stroke-width": width}
        if edge.is_hand_over:
            attributes["stroke-dasharray"] = "7 4"
        elif has_raised:
            attributes["stroke-dasharray"] = "5 3"
        elif not edge.is_tree:
            attributes["stroke-dasharray"] = "2.5 3"
        self.canvas.add(group, "path", attributes, stroke=role)
        self.canvas.add(group, "path", {"d": _arrow(route, arrow)}, fill=role)

    def _edge_tooltip(self, edge: GraphEdge) -> str:
        words = self.words
        names = {
            "caller": full_name(self.graph.nodes[edge.caller]),
            "callee": full_name(self.graph.nodes[edge.callee]),
        }
        form = words.edge if edge.count == 1 else words.edge_times
        lines = [form.format(count=edge.count, **names)]
        if edge.is_hand_over:
            lines.append(words.edge_thread)
        if edge.raised_count:
            lines.append(words.edge_raised.format(count=edge.raised_count))
        return "\n".join(lines)

    def _draw_numbers(self, parent: ET.Element) -> None:
        taken: list[tuple[float, float]] = []
        for pair, edge in self.graph.edges.items():
            # The box says it already when this is its only caller.
            if edge.count < 2 or edge.count == self.graph.nodes[edge.callee].call_count:
                continue
            route = self.layout.routes[pair]
            if math.dist(route[0], route[-1]) < MIN_NUMBERED_PX:
                continue
            text = f"×{edge.count}"
            width = text_width(text, 9.5, bold=True) + 4
            spot = _free_spot(route, taken, width)
            if spot is None:
                continue  # no room that would be legible: the tooltip has it
            taken.append(spot)
            rect = {"x": spot[0] - width / 2, "y": spot[1] - 6.5, "width": width, "height": 13.0, "rx": 3.0}
            self.canvas.add(parent, "rect", rect, fill="ground")
            self.canvas.text(parent, text, spot[0], spot[1] + 3.5, 9.5, "muted", bold=True, anchor="middle")

    def _draw_node(self, parent: ET.Element, key: int, box: Box) -> None:
        node, face, canvas = self.graph.nodes[key], self.faces[key], self.canvas
        group = canvas.add(parent, "g", {"role": "listitem"})
        group.set("id", f"{self.options.id_prefix}fn-{key}")
        inner = group
        address = source_link(node.function, self.graph.metadata, self.options.links)
        if address:
            # SVG 1.1 programs know xlink:href, SVG 2 ones href.
            canvas.root.set("xmlns:xlink", XLINK_NAMESPACE)
            inner = canvas.add(group, "a", {"href": address, "xlink:href": address, "target": "_blank"})
            inner.set("rel", "noopener")
        ET.SubElement(inner, "title").text = face.tooltip
        edge_role = "error" if node.raised_count else face.role
        has_weight = node.raised_count > 0 or face.is_user
        rect: dict[str, str | float] = {"x": box.x_px, "y": box.y_px, "rx": 4.0}
        rect |= {"width": box.width_px, "height": box.height_px, "stroke-width": 2.0 if has_weight else 1.2}
        if node.raised_count:
            rect["stroke-dasharray"] = "5 3"
        canvas.add(inner, "rect", rect, fill="user" if face.is_user else "head", stroke=edge_role)
        stripe = {"x": box.x_px, "y": box.y_px, "width": faces_of.STRIPE_PX, "height": box.height_px}
        canvas.add(inner, "rect", {**stripe, "rx": 1.5}, fill=face.role)
        self._write_face(inner, face, box)

    def _write_face(self, parent: ET.Element, face: Face, box: Box) -> None:
        canvas, gap = self.canvas, faces_of.GAP_PX
        x = left = box.x_px + faces_of.STRIPE_PX + faces_of.PADDING_PX
        y = box.y_px + 16.0
        if face.number:
            x += self._pill(parent, face.number, x, y - 4.5, is_dark=True) + gap
        canvas.text(
            parent, face.name, x, y, faces_of.NAME_PX, "ink", mono=True, bold=True, extra_class="name"
        )
        x += text_width(face.name, faces_of.NAME_PX, mono=True, bold=True) + gap
        if face.count:
            self._pill(parent, face.count, x, y - 4.5, is_dark=True)
        x, y = left, box.y_px + 30.0
        canvas.text(parent, face.owner, x, y, faces_of.SMALL_PX, "muted")
        x += text_width(face.owner, faces_of.SMALL_PX) + gap
        if face.raised:
            canvas.text(parent, face.raised, x, y, faces_of.SMALL_PX, "error", bold=True)
            x += text_width(face.raised, faces_of.SMALL_PX, bold=True) + gap
        if face.hidden:
            self._pill(parent, face.hidden, x, y - 3.5, is_dark=False)

    def _pill(self, parent: ET.Element, text: str, x: float, middle: float, is_dark: bool) -> float:
        width, height = pill_width(text), faces_of.PILL_HEIGHT_PX
        rect: dict[str, str | float] = {"x": x, "y": middle - height / 2, "width": width, "height": height}
        rect["rx"] = height / 2
        if is_dark:
            self.canvas.add(parent, "rect", rect, fill="pill")
        else:
            self.canvas.add(parent, "rect", {**rect, "fill": "none", "stroke-width": 1.0}, stroke="bar-edge")
        ink = "pill-ink" if is_dark else "muted"
        size = faces_of.PILL_PX
        self.canvas.text(
            parent, text, x + width / 2, middle + size * 0.36, size, ink, bold=True, anchor="middle"
        )
        return width


def _path(route: list[Point]) -> str:
    start, rest = route[0], route[1:]
    curves = " ".join(
        "C" + " ".join(f"{px(x)} {px(y)}" for x, y in rest[i : i + 3]) for i in range(0, len(rest), 3)
    )
    return f"M{px(start[0])} {px(start[1])} {curves}"


def _direction(route: list[Point]) -> Point:
    """The unit vector in which a route arrives."""
    end = route[-1]
    for x, y in reversed(route[:-1]):
        length = math.hypot(end[0] - x, end[1] - y)
        if length > 0.5:
            return ((end[0] - x) / length, (end[1] - y) / length)
    return (1.0, 0.0)


def _cut(route: list[Point], length: float) -> list[Point]:
    """The route without its last bit: a thick line would show on both sides of the arrow's tip."""
    along_x, along_y = _direction(route)
    end = (route[-1][0] - along_x * length, route[-1][1] - along_y * length)
    return [*route[:-1], end]


def _arrow(route: list[Point], length: float) -> str:
    (tip_x, tip_y), (along_x, along_y) = route[-1], _direction(route)
    back_x, back_y = tip_x - along_x * length, tip_y - along_y * length
    half = length * 0.42
    corners = (
        (tip_x, tip_y),
        (back_x - along_y * half, back_y + along_x * half),
        (back_x + along_y * half, back_y - along_x * half),
    )
    return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in corners) + "Z"


def _free_spot(route: list[Point], taken: list[tuple[float, float]], width: float) -> Point | None:
    for share in (0.5, 0.65, 0.35, 0.8):
        spot = point_at(route, share)
        if all(abs(spot[0] - x) > width + 4 or abs(spot[1] - y) > 14 for x, y in taken):
            return spot
    return None


def point_at(route: list[Point], share: float) -> Point:
    """A point on a route, at a share (0 to 1) of its curves."""
    curves = (len(route) - 1) // 3
    position = min(share * curves, curves - 1e-9)
    first = int(position) * 3
    t = position - int(position)
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    points = route[first : first + 4]
    return (
        sum(weight * x for weight, (x, _) in zip(weights, points, strict=True)),
        sum(weight * y for weight, (_, y) in zip(weights, points, strict=True)),
    )
