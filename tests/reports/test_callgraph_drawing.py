"""The drawn call graph: valid, safe, complete, and alike with each engine."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.callgraph.captions import CHINESE, ENGLISH, captions
from flasktrace.reports.callgraph.draw import DrawOptions, write_svg
from flasktrace.reports.callgraph.formats import FORMATS, render
from flasktrace.reports.callgraph.graph import CallGraph, build_graph
from flasktrace.reports.callgraph.layout import ENGINES, run_dot
from flasktrace.reports.callgraph.legend import entries
from flasktrace.reports.callgraph.nodes import faces
from flasktrace.reports.sequence import LinkMode, Theme
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Metadata, Raised, Trace

SVG = "{http://www.w3.org/2000/svg}"
TREE = (ENGINES[2],)


@pytest.fixture(autouse=True)
def module_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the compiled module out of the home folder, and compile it once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


def _graph() -> CallGraph:
    builder = TraceBuilder.new(thread_count=2)
    module = builder.add("<module>")
    process = builder.add("ThreadingMixIn.process_request", module)
    thread = builder.add("ThreadingMixIn.process_request_thread", process, thread=2)
    for _ in range(4):
        app = builder.add("Flask.wsgi_app", thread, thread=2)
        builder.add("index", app, thread=2, outcome=Raised("KeyError", "'x'"))
        builder.add("index", module)
    builder.trace.metadata = Metadata(scenario="hello")
    return build_graph(builder.trace)


def _svg(graph: CallGraph, options: DrawOptions | None = None) -> str:
    stream = io.StringIO()
    write_svg(graph, stream, options, TREE)
    return stream.getvalue()


def _texts(svg: str) -> list[str]:
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


def test_every_function_and_edge_has_an_element_with_a_tooltip() -> None:
    graph = _graph()
    root = ET.fromstring(_svg(graph))
    for key in graph.nodes:
        (group,) = (g for g in root.iter(f"{SVG}g") if g.get("id") == f"cg-fn-{key}")
        tooltip = next(group.iter(f"{SVG}title")).text
        assert tooltip is not None and graph.nodes[key].function.dotted_name in tooltip
    for caller, callee in graph.edges:
        (group,) = (g for g in root.iter(f"{SVG}g") if g.get("id") == f"cg-edge-{caller}-{callee}")
        assert next(group.iter(f"{SVG}title")).text


def test_counts_exceptions_and_the_users_code_are_marked() -> None:
    texts = _texts(_svg(_graph()))
    assert "×8" in texts
    assert "×4" in texts
    assert "raises KeyError" in texts
    assert "your code" in texts
    assert "in a new thread" in texts


def test_the_legend_explains_only_what_is_there() -> None:
    builder = TraceBuilder.new()
    builder.add("index", builder.add("Flask.wsgi_app"))
    shown = entries(build_graph(builder.trace), ENGLISH)
    assert [entry[2] for entry in shown] == ["flask", "your code", "first call"]


def test_screen_readers_get_a_title_and_a_description() -> None:
    root = ET.fromstring(_svg(_graph()))
    assert root.get("role") == "graphics-document"
    assert [child.tag for child in root[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert root.get("aria-labelledby") == f"{root[0].get('id')} {root[1].get('id')}"
    assert root[0].text == "Who calls whom: hello"
    assert "5 functions" in (root[1].text or "")


@pytest.mark.parametrize("theme", list(Theme))
def test_colours_follow_the_theme(theme: Theme) -> None:
    svg = _svg(_graph(), DrawOptions(theme=theme))
    assert ("prefers-color-scheme:dark" in svg) == (theme is Theme.AUTO)
    assert ("light-dark(" in svg) == (theme is Theme.PAGE)
    assert "var(" not in svg


def test_chinese_has_a_word_for_everything() -> None:
    assert "谁调用了谁：hello" in _texts(_svg(_graph(), DrawOptions(language="zh")))
    assert captions("zh_CN") is CHINESE
    for name in ENGLISH.__slots__:
        english, chinese = getattr(ENGLISH, name), getattr(CHINESE, name)
        assert english != chinese
        assert re.findall(r"{\w+}", english).sort() == re.findall(r"{\w+}", chinese).sort()


def test_links_lead_to_the_source_or_nowhere() -> None:
    assert "file:///app/flask.app.py#L40" in _svg(_graph())
    assert "href" not in _svg(_graph(), DrawOptions(links=LinkMode.NONE))


def test_only_a_drawing_for_this_machine_names_its_folders() -> None:
    assert "/app/flask.app.py:40" in _svg(_graph())
    for links in (LinkMode.NONE, LinkMode.UPSTREAM):
        svg = _svg(_graph(), DrawOptions(links=links))
        assert "/app/" not in svg and "flask/app.py:40" in svg


def test_without_times_the_same_calls_give_the_same_bytes() -> None:
    slow = _graph()
    for node in slow.nodes.values():
        node.total_ns *= 3
    assert _svg(_graph()) != _svg(slow)
    timeless = DrawOptions(has_times=False)
    assert _svg(_graph(), timeless) == _svg(slow, timeless)


def test_an_empty_graph_says_so() -> None:
    assert "Nothing to draw: no call is left." in _texts(_svg(build_graph(Trace())))


@given(traces(hostile=True))
@settings(max_examples=share(60), deadline=None)
def test_hostile_text_cannot_break_the_drawing(trace: Trace) -> None:
    svg = _svg(build_graph(trace), DrawOptions(name="\x1b[31m<script>\ud800"))
    root = ET.fromstring(svg)
    svg.encode()
    assert not list(root.iter(f"{SVG}script"))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", svg)
    assert all(len(text) < 300 for text in _texts(svg))


@given(traces(hostile=True))
@settings(max_examples=share(40), deadline=None)
def test_a_box_is_wide_enough_for_its_text(trace: Trace) -> None:
    for face in faces(build_graph(trace), ENGLISH).values():
        assert face.size()[0] < 700
        assert "\n" not in face.name + face.owner + face.raised


def test_each_engine_gives_the_same_picture_but_for_the_places() -> None:
    pictures = []
    for engine in ENGINES:
        stream = io.StringIO()
        write_svg(_graph(), stream, None, (engine, ENGINES[2]))
        pictures.append(_texts(stream.getvalue()))
    assert sorted(pictures[0]) == sorted(pictures[1]) == sorted(pictures[2])


def _dot_or_skip(cannot_run: Callable[[str], None]) -> None:
    try:
        run_dot("digraph {}", "png")
    except Exception as error:
        cannot_run(f"Graphviz' dot cannot make a png: {error}")


@pytest.mark.parametrize(
    ("output", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<svg"), ("dot", b"digraph")]
)
def test_the_formats_are_what_they_say(output: str, magic: bytes, cannot_run: Callable[[str], None]) -> None:
    if output in {"png", "pdf"}:
        _dot_or_skip(cannot_run)
    assert output in FORMATS
    assert render(_graph(), output).data.startswith(magic)


def test_an_impossible_format_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="choose one of svg, dot, png, pdf"):
        render(_graph(), "gif")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="install Graphviz, or take --format svg"):
        render(_graph(), "png")


def test_a_script_and_its_functions_bear_the_name_of_the_file() -> None:
    builder = TraceBuilder.new()
    builder.add("index", builder.add("<module>"))
    graph = build_graph(builder.trace)
    shown = [(face.name, face.owner) for face in faces(graph, captions("en")).values()]
    assert shown == [("__main__.py", "the script"), ("index", "__main__.py")]  # the file's name in this trace
    assert captions("zh").script == "脚本"
