"""Parts of a lesson as pieces of somebody else's page: escaped, named, styled without touching the page."""

import re
from dataclasses import fields

import pytest

from flasktrace.reports.lessons.embed import embed_style, embedded_html, kind_name
from flasktrace.reports.lessons.figures import Figure
from flasktrace.reports.lessons.lesson import ShowKind
from flasktrace.reports.lessons.words import LessonWords

HOSTILE = '</pre><script>"&'


def test_text_and_captions_are_escaped() -> None:
    html = embedded_html(Figure(ShowKind.TREE, HOSTILE, caption=HOSTILE), "en")
    assert "<script" not in html and html.count("&lt;script&gt;") == 2
    drawn = embedded_html(Figure(ShowKind.DIAGRAM, svg="<svg/>", caption=HOSTILE), "en")
    assert "<script" not in drawn and 'aria-label="&lt;/pre&gt;&lt;script&gt;&quot;&amp;"' in drawn


def test_a_drawing_is_named_by_what_it_says_its_caption_or_its_kind() -> None:
    drawing = Figure(ShowKind.DIAGRAM, svg="<svg/>", caption="Two cups")
    assert 'aria-label="Said"' in embedded_html(drawing, "en", "Said")
    assert 'aria-label="Two cups"' in embedded_html(drawing, "en")
    assert 'aria-label="时序图"' in embedded_html(Figure(ShowKind.DIAGRAM, svg="<svg/>"), "zh")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_kind_has_a_name(language: str) -> None:
    assert len({kind_name(kind, language) for kind in ShowKind}) == len(ShowKind)
    assert {f"kind_{kind.value}" for kind in ShowKind} <= {field.name for field in fields(LessonWords)}


def test_every_rule_of_the_style_is_held_to_the_pieces() -> None:
    style = re.sub(r"/\*.*?\*/|@media[^{]*\{", "", embed_style(), flags=re.S)
    selectors = [
        selector
        for rule in re.findall(r"([^{}]+)\{", style)
        for selector in rule.split(",")
        if selector.strip()
    ]
    assert len(selectors) > 20
    assert [selector for selector in selectors if ".flasktrace" not in selector] == []
