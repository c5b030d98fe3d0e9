"""The sequence diagram as a file: well-formed, self-contained, accessible, safe, the same each time."""

import re
import subprocess
from collections.abc import Callable
from functools import cache
from shutil import which
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.sequence import (
    LinkMode,
    SequenceOptions,
    Theme,
    chapter_figures,
    draw_sequence,
    overview_figures,
)
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.model import Raised, Trace, Value

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {"svg", "title", "desc", "style", "g", "a", "rect", "polyline", "polygon", "path", "text", "tspan"}
XLINK = "{http://www.w3.org/1999/xlink}href"
catalogue = cache(load_catalogue)


def _folded(trace: Trace | None = None, language: str = "en") -> FoldedTrace:
    if trace is None:
        builder = TraceBuilder.new(request_count=1)
        serve = builder.add("BaseServer.serve_forever")
        app = builder.add("Flask.wsgi_app", serve, request=1)
        text = Value("item", "str", 0, "'<7> & co'")
        failed = Raised("LookupError", "no item")
        builder.add("index", app, request=1, outcome=failed, parameters=(text,))
        trace = builder.trace
    return fold(trace, catalogue(language), FoldOptions(level=Level.ALL))


def _root(options: SequenceOptions | None = None) -> ET.Element:
    return ET.fromstring(draw_sequence(_folded(), options))


def test_it_is_an_svg_with_title_description_and_language() -> None:
    root = _root()
    assert root.tag == f"{SVG}svg"
    assert root.get("version") == "1.1"
    ids = {element.get("id") for element in root.iter()}
    assert {root.get("aria-labelledby"), root.get("aria-describedby")} <= ids
    assert (root.findtext(f"{SVG}title") or "").startswith("GET /1")
    assert "socketserver" in (root.findtext(f"{SVG}desc") or "")
    assert root.get("lang") == "en"
    assert _root(SequenceOptions(language="zh")).get("lang") == "zh-Hans"


def test_steps_are_a_list_for_screen_readers_with_stable_ids() -> None:
    root = _root()
    (steps,) = (element for element in root.iter() if element.get("role") == "list")
    items = {item.get("id"): item.get("aria-label") or "" for item in steps}
    assert all(item.get("role") == "listitem" for item in steps)
    assert items["step-3"] == "Step 3: wsgi_app calls index in __main__.py; raised LookupError: no item"
    assert len([e for e in root.iter() if e.get("id")]) == len({e.get("id") for e in root.iter()} - {None})


def test_a_tooltip_has_the_whole_call() -> None:
    titles = [title.text or "" for title in _root().iter(f"{SVG}title")]
    (title,) = {title for title in titles if "__main__.index(item='<7> & co')" in title}
    assert "raised LookupError: no item" in title


def test_links_lead_to_the_source_in_both_spellings() -> None:
    links = [a for a in _root().iter(f"{SVG}a")]
    assert links
    assert all(a.get("href") == a.get(XLINK) for a in links)
    assert "file:///app/__main__.py#L20" in [a.get("href") for a in links]
    assert not list(_root(SequenceOptions(links=LinkMode.NONE)).iter(f"{SVG}a"))


def test_dark_colours_come_by_the_readers_wish_and_print_is_light() -> None:
    text = draw_sequence(_folded())
    assert "@media screen and (prefers-color-scheme:dark)" in text
    assert "@media print" in text
    assert "var(" not in text and "paint-order" not in text
    for theme in (Theme.LIGHT, Theme.DARK):
        assert "prefers-color-scheme" not in draw_sequence(_folded(), SequenceOptions(theme=theme))


def test_in_a_page_the_colours_are_those_of_its_color_scheme_and_else_light() -> None:
    text = draw_sequence(_folded(), SequenceOptions(theme=Theme.PAGE))
    assert "@media screen{" in text and ".f-ink{fill:light-dark(#1c2026,#e9eef4)}" in text
    assert 'fill="#1c2026"' in text and 'fill="#e9eef4"' not in text


def test_each_colour_in_use_has_one_for_the_dark() -> None:
    text = draw_sequence(_folded())
    style = re.search(r"<style.*?</style>", text, re.DOTALL)
    assert style is not None
    for names in re.findall(r'class="([^"]*)"', text):
        for name in names.split():
            if name.startswith(("f-", "s-")):
                assert f".{name}{{" in style[0]


def test_it_asks_for_nothing_from_elsewhere() -> None:
    root = _root()
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= TAGS
    assert "url(" not in draw_sequence(_folded()) and "@import" not in draw_sequence(_folded())


def test_the_same_input_gives_the_same_bytes() -> None:
    assert draw_sequence(_folded()) == draw_sequence(_folded())


def test_ids_take_a_prefix_for_pages_with_many_drawings() -> None:
    root = _root(SequenceOptions(id_prefix="p1-"))
    assert all((e.get("id") or "p1-").startswith("p1-") for e in root.iter())


@settings(max_examples=share(25), deadline=None)
@given(traces(max_calls=15, hostile=True))
def test_hostile_content_is_escaped_and_stays_well_formed(trace: Trace) -> None:
    text = draw_sequence(_folded(trace))
    text.encode("utf-8")  # no lone surrogates
    root = ET.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= TAGS
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    assert all((a.get("href") or "").startswith(("file:///", "https://")) for a in root.iter(f"{SVG}a"))


def test_huge_texts_leave_a_small_file() -> None:
    builder = TraceBuilder.new(request_count=1)
    huge = "x" * 10_000_000
    outcome = Raised(huge, huge)
    builder.add("index", None, request=1, outcome=outcome, parameters=(Value(huge, huge, 0, huge),))
    assert len(draw_sequence(_folded(builder.trace))) < 60_000


def test_librsvg_draws_it(cannot_run: Callable[[str], None]) -> None:
    program = which("rsvg-convert")
    if program is None:
        cannot_run("rsvg-convert is not installed")
    assert program is not None
    done = subprocess.run([program], input=draw_sequence(_folded()).encode(), capture_output=True, check=True)
    assert done.stdout.startswith(b"\x89PNG") and not done.stderr


def test_figures_cover_the_startup_each_request_and_each_chapter() -> None:
    folded = _folded()
    names = [figure.name for figure in overview_figures(folded)]
    assert names[-1] == "request-1"
    chapters = list(chapter_figures(folded))
    assert [figure.options.chapters for figure in chapters] == [(c.number,) for c in folded.chapters]
    only = list(chapter_figures(folded, SequenceOptions(request_id=1)))
    assert 0 < len(only) <= len(chapters)
