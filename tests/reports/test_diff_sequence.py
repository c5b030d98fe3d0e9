"""The comparison as one sequence diagram: signs, colours, counts, and that hostile names stay text."""

import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from tests.strategies_traces import TraceBuilder

from flasktrace.reports.diff import compare, write_diff_sequence
from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.sequence.theme import LIGHT
from flasktrace.tracer.catalogue import Catalogue

SVG = "{http://www.w3.org/2000/svg}"


def _folded(*names: str) -> FoldedTrace:
    builder = TraceBuilder.new()
    app = builder.add("Flask.wsgi_app")
    for name in names:
        builder.add(name, app)
    return fold(builder.trace, Catalogue(), FoldOptions(Level.ALL, fold_repeats=False))


def _drawn(left: FoldedTrace, right: FoldedTrace, language: str = "en") -> ET.Element:
    stream = io.StringIO()
    write_diff_sequence(compare(left, right, "left <1>", "right"), stream, language)
    return ET.fromstring(stream.getvalue())


def _steps(root: ET.Element) -> dict[str, ET.Element]:
    """The groups of the steps by what stands beside their arrows."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        if group.get("id", "").startswith("step-"):
            texts = ["".join(text.itertext()) for text in group.iter(f"{SVG}text")]
            found[next(text for text in texts if not text.isdigit()).partition("(")[0]] = group
    return found


def test_removed_and_added_steps_have_a_sign_and_a_colour() -> None:
    steps = _steps(_drawn(_folded("Local.__getattr__", "index"), _folded("Template.render", "index")))
    removed, added = steps["− Local.__getattr__"], steps["+ render"]
    assert LIGHT["error"] in ET.tostring(removed, encoding="unicode")
    assert "5 3" in ET.tostring(removed, encoding="unicode")  # dashed, for those who see no colour
    assert LIGHT["werkzeug"] in ET.tostring(added, encoding="unicode")
    assert LIGHT["error"] not in ET.tostring(steps["wsgi_app"], encoding="unicode")


def test_a_moved_step_stands_at_both_places() -> None:
    left = _folded("Local.__getattr__", "index", "Flask.make_response")
    right = _folded("index", "Flask.make_response", "Local.__getattr__")
    steps = _steps(_drawn(left, right))
    assert {"← Local.__getattr__", "→ Local.__getattr__"} <= set(steps)


def test_unchanged_stretches_are_a_count_on_their_caller() -> None:
    same = ("index", "RequestContext.push", "LocalStack.push", "Flask.make_response", "index")
    root = _drawn(_folded(*same), _folded(*same, "Template.render"))
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert any(text.startswith("+4") or text.startswith("+5") for text in texts)


@pytest.mark.parametrize(("language", "words"), [("en", "They part at"), ("zh", "分岔点")])
def test_the_parting_is_told_below(language: str, words: str) -> None:
    root = _drawn(_folded("index"), _folded("index", "Template.render"), language)
    told = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    assert words in told
    title = root.find(f"{SVG}title")
    assert title is not None and title.text == "left <1> ↔ right"


def test_equal_traces_and_hostile_names_are_drawn() -> None:
    hostile = _folded("index")
    for key, function in list(hostile.trace.functions.items()):
        hostile.trace.functions[key] = replace(function, qualname="<script>\x1b[31m")
    renamed = fold(hostile.trace, Catalogue(), FoldOptions(Level.ALL))
    _drawn(renamed, _folded("index"))
    root = _drawn(_folded("index"), _folded("index"))
    told = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    assert "No difference: 2 steps are the same." in told
