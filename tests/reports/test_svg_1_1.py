"""The drawings hold to SVG 1.1 Second Edition: its elements, where they may stand, and their attributes.

Beyond it are only what screen readers go by (``role``, ``aria-*``, HTML's ``lang``) and SVG 2's ``href``
beside ``xlink:href``: a program of SVG 1.1 passes over attributes it does not know.
"""

import io
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from tests.strategies_traces import TraceBuilder

from flasktrace.reports.callgraph.draw import DrawOptions, write_svg
from flasktrace.reports.callgraph.graph import build_graph
from flasktrace.reports.callgraph.layout import ENGINES
from flasktrace.reports.diff import compare, write_diff_sequence, write_diff_svg
from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.sequence import LinkMode, SequenceOptions, draw_sequence
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Raised

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
XML = "{http://www.w3.org/XML/1998/namespace}"

ANYWHERE = {"id", "class", "style", f"{XML}lang", f"{XML}space"}
BEYOND = {"role", "lang"}
PAINT = {"fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "opacity"}
FONT = {"font-family", "font-size", "font-weight", "font-style", "text-anchor"}
OWN = {
    "svg": {"version", "width", "height", "viewBox", *FONT, *PAINT},
    "g": {"transform", *FONT, *PAINT},
    "a": {f"{XLINK}href", f"{XLINK}title", f"{XLINK}show", "target", "transform", "href", "rel"},
    "title": set[str](),
    "desc": set[str](),
    "style": {"type", "media", "title"},
    "rect": {"x", "y", "width", "height", "rx", "ry", "transform", *PAINT},
    "path": {"d", "transform", *PAINT},
    "polyline": {"points", "transform", *PAINT},
    "polygon": {"points", "transform", *PAINT},
    "text": {"x", "y", "dx", "dy", "textLength", "lengthAdjust", "transform", *FONT, *PAINT},
    "tspan": {"x", "y", "dx", "dy", "textLength", "lengthAdjust", *FONT, *PAINT},
}
REQUIRED = {
    "a": {f"{XLINK}href"},
    "style": {"type"},
    "rect": {"width", "height"},
    "path": {"d"},
    "polyline": {"points"},
    "polygon": {"points"},
}
SHAPES = {"rect", "path", "polyline", "polygon", "text"}
INSIDE = {
    "svg": {"title", "desc", "style", "g", "a", *SHAPES},
    "g": {"title", "desc", "style", "g", "a", *SHAPES},
    "a": {"title", "desc", "g", "a", *SHAPES},
    "text": {"title", "desc", "tspan", "a"},
    "tspan": {"title", "desc", "tspan", "a"},
    **{key: {"title", "desc"} for key in ("rect", "path", "polyline", "polygon")},
    **{key: set[str]() for key in ("title", "desc", "style")},
}


def _folded(*names: str) -> FoldedTrace:
    builder = TraceBuilder.new(request_count=1, thread_count=2)
    process = builder.add("ThreadingMixIn.process_request")
    thread = builder.add("ThreadingMixIn.process_request_thread", process, thread=2, request=1)
    app = builder.add("Flask.wsgi_app", thread, thread=2, request=1)
    for name in names:
        builder.add(name, app, thread=2, request=1)
    builder.add("index", app, thread=2, request=1, outcome=Raised("KeyError", "'中文'", 3))
    return fold(builder.trace, Catalogue(), FoldOptions(Level.ALL))


def _sequence(stream: io.StringIO) -> None:
    stream.write(draw_sequence(_folded("Template.render"), SequenceOptions(links=LinkMode.LOCAL)))


def _graph(stream: io.StringIO) -> None:
    graph = build_graph(_folded("Template.render"))
    write_svg(graph, stream, DrawOptions(links=LinkMode.LOCAL), (ENGINES[2],))


def _compared(write: Callable[..., None]) -> Callable[[io.StringIO], None]:
    diff = compare(_folded("Template.render"), _folded("LocalStack.push"))
    return lambda stream: write(diff, stream)


DRAWINGS = {
    "sequence": _sequence,
    "graph": _graph,
    "diff": _compared(write_diff_sequence),
    "columns": _compared(write_diff_svg),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_svg_1_1(name: str) -> None:
    stream = io.StringIO()
    DRAWINGS[name](stream)
    root = ET.fromstring(stream.getvalue())
    assert (root.tag, root.get("version")) == (f"{SVG}svg", "1.1")
    found: set[str] = set()
    for element in root.iter():
        tag = element.tag.removeprefix(SVG)
        found.add(tag)
        assert tag in OWN
        given = {key for key in element.attrib if not key.startswith("aria-")}
        assert given - ANYWHERE - BEYOND <= OWN[tag], tag
        assert REQUIRED.get(tag, set()) <= given, tag
        below = [child.tag.removeprefix(SVG) for child in element]
        assert set(below) <= INSIDE[tag], tag
        assert "title" not in below[1:]  # the first child, or programs do not show it
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    if name in ("sequence", "graph"):
        assert "a" in found
