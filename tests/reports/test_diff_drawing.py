"""The comparison as a picture: a cell for each step named, nothing broken by what the steps are called."""

import io
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.diff import TraceDiff, compare, write_diff_svg
from flasktrace.reports.diff.draw import COLUMN_PX, WIDTH_PX, lay_out
from flasktrace.reports.diff.text import ENGLISH
from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.sequence import Theme
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Raised, Trace

SVG = "{http://www.w3.org/2000/svg}"


def _folded(trace: Trace) -> FoldedTrace:
    return fold(trace, Catalogue(), FoldOptions(Level.ALL))


def _diff() -> TraceDiff:
    left, right = TraceBuilder.new(), TraceBuilder.new()
    for builder, names in (
        (left, ["RequestContext.push", "LocalStack.push", "Template.render", "Local.__getattr__"]),
        (right, ["LocalStack.push", "Template.render", "Flask.make_response", "RequestContext.push"]),
    ):
        app = builder.add("Flask.wsgi_app")
        for name in names:
            builder.add(name, app)
    right.add("index", 1, outcome=Raised("KeyError", "7"))
    left.add("index", 1)
    return compare(_folded(left.trace), _folded(right.trace), "left", "right")


def _svg(diff: TraceDiff, language: str = "en", theme: Theme = Theme.AUTO) -> str:
    stream = io.StringIO()
    write_diff_svg(diff, stream, language, theme)
    return stream.getvalue()


def _texts(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text")]


def test_each_side_shows_its_own_steps() -> None:
    texts = _texts(_svg(_diff()))
    assert "– Local.__getattr__" in texts
    assert "+ Flask.make_response" in texts
    assert texts.count("↻ RequestContext.push") == 2
    assert texts.count("! index") == 2
    assert {"returned", "raised KeyError: 7"} <= set(texts)


def test_the_point_where_they_part_is_told() -> None:
    assert any(text.startswith("They part at") for text in _texts(_svg(_diff())))
    assert any(text.startswith("分岔点") for text in _texts(_svg(_diff(), "zh")))


def test_equal_traces_give_a_picture_too() -> None:
    builder = TraceBuilder.new()
    builder.add("index")
    same = compare(_folded(builder.trace), _folded(builder.trace))
    assert "No difference: 1 steps are the same." in _texts(_svg(same))


@pytest.mark.parametrize("theme", list(Theme))
def test_the_picture_has_a_title_a_description_and_the_themes_colours(theme: Theme) -> None:
    svg = _svg(_diff(), theme=theme)
    root = ET.fromstring(svg)
    assert [child.tag for child in root[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert ("prefers-color-scheme:dark" in svg) == (theme is Theme.AUTO)


@given(traces(hostile=True), traces(hostile=True))
@settings(max_examples=share(30), deadline=None)
def test_any_two_traces_can_be_drawn(left: Trace, right: Trace) -> None:
    diff = compare(_folded(left), _folded(right), "\x1b[2J<b>", "\ud800")
    svg = _svg(diff)
    ET.fromstring(svg)
    svg.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", svg)
    for line in lay_out(diff, ENGLISH, 0.0):
        assert line.left or line.right or line.folded_text
        assert line.left is None or line.left.right_px <= COLUMN_PX + 40
        assert line.right is None or line.right.right_px <= WIDTH_PX
