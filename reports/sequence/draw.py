"""Write a layout as SVG 1.1; it needs nothing but a program that can show one."""

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.sequence.captions import Captions, captions
from flasktrace.reports.sequence.geometry import (
    Bar,
    Cross,
    Drawing,
    Group,
    Head,
    Line,
    Polygon,
    Rect,
    Shape,
    Text,
)
from flasktrace.reports.sequence.layout import lay_out
from flasktrace.reports.sequence.metrics import is_predictable
from flasktrace.reports.sequence.options import SequenceOptions
from flasktrace.reports.sequence.theme import MONO, SANS, palette, style_sheet

SCOPE = "flasktrace-sequence"
_XML_LANGUAGE = {"zh": "zh-Hans", "en": "en"}
CROSS_PX = 4.5


def draw_sequence(folded: FoldedTrace, options: SequenceOptions | None = None) -> str:
    """A sequence diagram as the text of an SVG file, ending in a newline.

    Args:
        folded: the steps to draw, as ``fold`` gives them.
        options: which chapters, which language, links, colours; everything by default but the
            start-up, which has a drawing of its own.
    """
    options = options or SequenceOptions()
    return render(lay_out(folded, options), options)


def render(drawing: Drawing, options: SequenceOptions) -> str:
    """The SVG of a layout."""
    writer = _Writer(palette(options.theme), options.id_prefix)
    root = writer.root(drawing, captions(options.language))
    style = style_sheet(options.theme, SCOPE, writer.used)
    for element in root.iter("style"):
        element.text = f"\n{style}\n"
    ET.indent(root, " ")
    # White space is part of a text, whose spans stand side by side: none may come in there.
    for text in root.iter("text"):
        for span in text:
            text.text = span.tail = None
    return ET.tostring(root, encoding="unicode", short_empty_elements=True) + "\n"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


class _Writer:
    """Makes elements, and notes which colours are used."""

    def __init__(self, colours: Mapping[str, str], id_prefix: str) -> None:
        self.colours = colours
        self.id_prefix = id_prefix
        self.used: set[str] = set()

    def root(self, drawing: Drawing, words: Captions) -> ET.Element:
        width, height = _number(drawing.width_px), _number(drawing.height_px)
        title_id, desc_id = f"{self.id_prefix}title", f"{self.id_prefix}desc"
        root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "xmlns:xlink": "http://www.w3.org/1999/xlink",
                "version": "1.1",
                "width": width,
                "height": height,
                "viewBox": f"0 0 {width} {height}",
                "class": SCOPE,
                "role": "graphics-document document",
                "aria-labelledby": title_id,
                "aria-describedby": desc_id,
                "xml:lang": _XML_LANGUAGE[drawing.language],
                "lang": _XML_LANGUAGE[drawing.language],
                "font-family": SANS,
            },
        )
        ET.SubElement(root, "title", id=title_id).text = drawing.title
        ET.SubElement(root, "desc", id=desc_id).text = drawing.description
        ET.SubElement(root, "style", type="text/css")
        ground = ET.SubElement(root, "rect", width=width, height=height)
        self._paint(ground, "ground", "")
        self._layers(root, drawing, words)
        return root

    def _layers(self, root: ET.Element, drawing: Drawing, words: Captions) -> None:
        for group in (drawing.lifelines, drawing.masks):
            self._group(root, group, {"aria-hidden": "true"})
        bars = ET.SubElement(root, "g", {"aria-hidden": "true"})
        for bar in sorted(drawing.bars, key=lambda bar: bar.level):
            self._bar(bars, bar, drawing.bar_tooltips.get(bar.step_number or 0, ""))
        for group in drawing.frames:
            self._group(root, group, {})
        for group in drawing.bands:
            self._group(root, group, {"role": "heading", "aria-level": "2", "aria-label": group.tooltip})
        steps = ET.SubElement(root, "g", {"role": "list", "aria-label": words.steps_label})
        for group in drawing.steps:
            self._group(steps, group, {"role": "listitem", "aria-label": group.label or group.tooltip})
        for group in drawing.notes:
            self._group(root, group, {"role": "note"})
        for position, group in enumerate(drawing.heads):
            is_repeated = position + 1 < len(drawing.heads)
            self._group(root, group, {"aria-hidden": "true"} if is_repeated else {})
        for group in drawing.headline:
            self._group(root, group, {"aria-hidden": "true"})
        self._group(root, drawing.legend, {"role": "group", "aria-label": words.legend_label})

    def _group(self, parent: ET.Element, group: Group, attributes: Mapping[str, str]) -> None:
        if not group.shapes:
            return
        element = ET.SubElement(parent, "g", dict(attributes))
        if group.id:
            element.set("id", self.id_prefix + group.id)
        if group.tooltip:
            ET.SubElement(element, "title").text = group.tooltip
        for shape in group.shapes:
            if not isinstance(shape, Text):
                self._shape(element, shape)
        holder = element
        if group.href:
            # SVG 1.1 programs know xlink:href, SVG 2 ones href.
            holder = ET.SubElement(element, "a", {"href": group.href, "xlink:href": group.href})
        for shape in group.shapes:
            if isinstance(shape, Text):
                self._text(holder, shape)

    def _paint(self, element: ET.Element, fill: str, stroke: str) -> None:
        """Set the colours: as attributes, and as classes for the dark."""
        classes = []
        for kind, name, role in (("fill", "f", fill), ("stroke", "s", stroke)):
            if role:
                element.set(kind, self.colours[role])
                classes.append(f"{name}-{role}")
        if not fill:
            element.set("fill", "none")
        self.used.update(classes)
        if classes:
            element.set("class", " ".join([*element.get("class", "").split(), *classes]))

    def _bar(self, parent: ET.Element, bar: Bar, tooltip: str) -> None:
        fill, stroke = ("user", "user-edge") if bar.is_user else ("bar", "bar-edge")
        element = self._rect(parent, Rect(bar.box, fill, stroke, 1.0, 1.2))
        if tooltip:
            ET.SubElement(element, "title").text = tooltip

    def _shape(self, parent: ET.Element, shape: Shape) -> None:
        if isinstance(shape, Rect):
            self._rect(parent, shape)
        elif isinstance(shape, Line):
            self._line(parent, shape)
        elif isinstance(shape, Cross):
            self._cross(parent, shape)
        elif isinstance(shape, Polygon):
            element = ET.SubElement(parent, "polygon", points=_points(shape.points))
            self._paint(element, shape.fill, shape.stroke)

    def _rect(self, parent: ET.Element, rect: Rect) -> ET.Element:
        box = rect.box
        element = ET.SubElement(
            parent,
            "rect",
            x=_number(box.x_px),
            y=_number(box.y_px),
            width=_number(box.width_px),
            height=_number(box.height_px),
        )
        if rect.radius_px:
            element.set("rx", _number(rect.radius_px))
        self._paint(element, rect.fill, rect.stroke)
        if rect.stroke:
            element.set("stroke-width", _number(rect.stroke_px))
        if rect.dash:
            element.set("stroke-dasharray", rect.dash)
        return element

    def _line(self, parent: ET.Element, line: Line) -> None:
        element = ET.SubElement(parent, "polyline", points=_points(line.points))
        self._paint(element, "", line.role)
        element.set("stroke-width", _number(line.stroke_px))
        if line.dash:
            element.set("stroke-dasharray", line.dash)
        if line.head is not Head.NONE:
            self._head(parent, line)

    def _head(self, parent: ET.Element, line: Line) -> None:
        """The arrow's head, drawn as a shape: markers cannot follow a colour in the dark."""
        (x0, _), (x, y) = line.points[-2], line.points[-1]
        back = -8.0 if x >= x0 else 8.0
        if line.head is Head.FILLED:
            corners = ((x, y), (x + back, y - 4), (x + back, y + 4))
            self._paint(ET.SubElement(parent, "polygon", points=_points(corners)), line.role, "")
        else:
            corners = ((x + back, y - 4.5), (x, y), (x + back, y + 4.5))
            element = ET.SubElement(parent, "polyline", points=_points(corners))
            self._paint(element, "", line.role)
            element.set("stroke-width", _number(max(line.stroke_px, 1.4)))

    def _cross(self, parent: ET.Element, cross: Cross) -> None:
        x, y, r = cross.x_px, cross.y_px, CROSS_PX
        path = "".join(
            f"M{_number(x - r)} {_number(y + a)}L{_number(x + r)} {_number(y - a)}" for a in (-r, r)
        )
        element = ET.SubElement(parent, "path", d=path)
        self._paint(element, "", "error")
        element.set("stroke-width", "2.4")

    def _text(self, parent: ET.Element, text: Text) -> None:
        if not text.content:
            return
        element = ET.SubElement(parent, "text", x=_number(text.x_px), y=_number(text.y_px))
        element.set("font-size", _number(text.size_px))
        if text.mono:
            element.set("font-family", MONO)
        if text.anchor != "start":
            element.set("text-anchor", text.anchor)
        if not is_predictable(text.content):
            element.set("textLength", _number(text.width_px))
            element.set("lengthAdjust", "spacingAndGlyphs")
        spans = [span for span in text.spans if span.text]
        for span in spans:
            holder = element if len(spans) == 1 else ET.SubElement(element, "tspan")
            holder.text = span.text
            role, _, extra = span.role.partition(" ")
            if extra:
                holder.set("class", extra)
            self._paint(holder, role, "")
            if span.bold:
                holder.set("font-weight", "bold")
