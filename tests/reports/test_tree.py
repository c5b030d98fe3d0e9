"""The console tree: what it says, that it fits, and that nothing hostile reaches the terminal."""

import io
import json
import re
from collections.abc import Iterator
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.text import cells
from flasktrace.reports.tree import TreeOptions, default_explain, stream_options, tree_lines, write_tree
from flasktrace.reports.tree_rows import Banner, CallRows, Heading, tree_rows
from flasktrace.tracer.ancestry import EXTRA_KEY
from flasktrace.tracer.catalogue import Catalogue, Landmark, Phase
from flasktrace.tracer.model import Marker, Metadata, Raised, Returned, Trace, Value

COLOUR_CODE = re.compile("\x1b\\[[0-9;]*m")


def _landmark(module: str, qualname: str, phase: str, does: str = "") -> Landmark:
    return Landmark(module, qualname, phase, is_milestone=True, does=does)


CATALOGUE = Catalogue(
    "en",
    {
        "startup": Phase("startup", "Start the server", is_startup=True),
        "accept": Phase("accept", "Accept the connection"),
        "dispatch": Phase("dispatch", "Dispatch 分发"),
    },
    {
        (mark.module, mark.qualname): mark
        for mark in [
            _landmark("socketserver", "BaseServer.serve_forever", "startup", "Waits for clients."),
            _landmark("socketserver", "ThreadingMixIn.process_request", "accept", "Starts a thread."),
            _landmark("socketserver", "ThreadingMixIn.process_request_thread", "accept"),
            _landmark("flask.app", "Flask.dispatch_request", "dispatch", "按端点找到视图函数。"),
        ]
    },
)


def _request_trace() -> Trace:
    builder = TraceBuilder.new(request_count=1, thread_count=2)
    script = builder.add("<module>")
    loop = builder.add("BaseServer.serve_forever", script)
    accept = builder.add(
        "ThreadingMixIn.process_request", loop, receiver=Value("self", "ThreadedWSGIServer", 1, "<server>")
    )
    thread = builder.add("ThreadingMixIn.process_request_thread", accept, thread=2, request=1)
    wsgi = builder.add("Flask.wsgi_app", thread, thread=2, request=1)
    dispatch = builder.add("Flask.dispatch_request", wsgi, thread=2, request=1)
    for _ in range(3):
        builder.add(
            "index",
            dispatch,
            thread=2,
            request=1,
            parameters=(Value("name", "str", 0, "'中文'"), Value("page", "int", 0, "7")),
            outcome=Returned(Value("", "str", 0, "'hello'")),
        )
    builder.add("index", dispatch, thread=2, request=1, outcome=Raised("LookupError", "no item 7"))
    builder.trace.calls.outcome[-1] = len(builder.trace.calls.outcomes) - 1
    return builder.trace


def _folded(trace: Trace | None = None, level: Level = Level.MILESTONES) -> FoldedTrace:
    return fold(trace or _request_trace(), CATALOGUE, FoldOptions(level))


def _text(options: TreeOptions, folded: FoldedTrace | None = None) -> str:
    stream = io.StringIO()
    write_tree(folded or _folded(), stream, options)
    return stream.getvalue()


def test_a_piped_tree_says_what_was_called_with_what_and_what_came_of_it() -> None:
    text = _text(TreeOptions(times=False))
    assert text.splitlines() == [
        "# 10 calls in 7 steps, level milestones",
        "#",
        "# 1. Start the server (steps 1-2, 2 calls)",
        "1  ● __main__.py",
        "2  └ BaseServer.serve_forever()",
        "#",
        "# Request: GET /1 → 200",
        "#",
        "# 2. Accept the connection (steps 3-4, 3 calls)",
        "# inside BaseServer.serve_forever, step 2:",
        "3  ThreadingMixIn.process_request()",
        "4  └ ⇢ in a new thread ThreadingMixIn.process_request_thread() +1",
        "#",
        "# 3. Dispatch 分发 (steps 5-7, 5 calls)",
        "# inside ThreadingMixIn.process_request_thread, step 4:",
        "5  Flask.dispatch_request()",
        "6  ├ ● index(name='中文', page=7) → 'hello' ×3  __main__.py:20",
        "7  └ ● index() ✗ raises LookupError: no item 7  __main__.py:20",
        "#",
        "# Legend:  ● your code   → value returned   ✗ raises   ⇢ handed over to another thread"
        "   +12 inner calls folded away   ×4 repeated, time of all",
    ]


def test_piped_each_call_is_one_line_and_all_others_are_comments() -> None:
    lines = _text(TreeOptions(explain=True, resolution=True)).splitlines()
    calls = [line for line in lines if not line.startswith("#")]
    assert len(calls) == len(_folded().steps)
    assert any("# Starts a thread." in line for line in calls)
    assert any("called on ThreadedWSGIServer, found on ThreadingMixIn" in line for line in calls)


def test_piped_nothing_is_cut() -> None:
    builder = TraceBuilder.new()
    long = "'" + "x" * 1500 + "'"
    builder.add("index", parameters=(Value("text", "str", 0, long),))
    assert long in _text(TreeOptions(), _folded(builder.trace))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int, language: str) -> None:
    for explain in (False, True):
        options = TreeOptions(language, width, explain=explain, resolution=True, is_coloured=True)
        for line in tree_lines(_folded(), options):
            assert cells(COLOUR_CODE.sub("", line)) <= width


@settings(deadline=None)
@given(traces(hostile=True), st.sampled_from([None, 40, 80, 200]), st.sampled_from(list(Level)))
def test_hostile_text_neither_escapes_nor_breaks_the_lines(
    trace: Trace, width: int | None, level: Level
) -> None:
    options = TreeOptions("zh", width, explain=True, resolution=True)
    folded = _folded(trace, level)
    for line in tree_lines(folded, options):
        line.encode("utf-8")
        assert line.replace("\u3000", "").isprintable()
        if width is not None:
            assert cells(line) <= width
    assert len(_call_rows(folded)) == len(folded.steps)


def _call_rows(folded: FoldedTrace) -> list[tuple[int, int, int]]:
    """Number, depth and whether it has children, of each call of the tree."""
    return [
        (row.first + i, row.depths[i], row.has_children[i])
        for row in tree_rows(folded)
        if isinstance(row, CallRows)
        for i in range(len(row.depths))
    ]


@settings(deadline=None)
@given(traces(hostile=True))
def test_an_ascii_stream_gets_only_ascii(trace: Trace) -> None:
    assert all(line.isascii() for line in tree_lines(_folded(trace), TreeOptions("zh", 80, is_ascii=True)))


@settings(deadline=None)
@given(traces())
def test_rows_keep_the_order_and_depths_of_the_steps(trace: Trace) -> None:
    folded = _folded(trace, Level.ALL)
    rows = _call_rows(folded)
    assert [number for number, _, _ in rows] == [step.number for step in folded.steps]
    for (_, before, has_children), (_, depth, _) in pairwise(rows):
        assert depth <= before + 1
        assert has_children == (depth == before + 1)


def test_rows_name_the_step_that_a_chapter_happens_inside() -> None:
    folded = _folded()
    rows = list(tree_rows(folded))
    assert [row.request.target for row in rows if isinstance(row, Banner) and row.request] == ["/1"]
    inside = [number for row in rows if isinstance(row, CallRows) for number in row.inside.values()]
    names = [folded.steps[number - 1].function.name for number in inside]
    assert names == ["serve_forever", "process_request_thread"]
    assert len([row for row in rows if isinstance(row, Heading)]) == 3


def test_the_tree_streams() -> None:
    builder = TraceBuilder.new()
    root = builder.add("<module>")
    for i in range(3000):
        builder.add(("index", "Flask.wsgi_app", "Template.render")[i * i % 3], root)
    lines: Iterator[str] = tree_lines(_folded(builder.trace, Level.ALL))
    assert len(list(islice(lines, 4))) == 4


def test_without_times_the_same_calls_give_the_same_text() -> None:
    slow = _request_trace()
    for i in range(len(slow.calls)):
        slow.calls.start_ns[i] *= 3
        slow.calls.end_ns[i] *= 3
    options = TreeOptions(times=False)
    assert _text(options) == _text(options, _folded(slow))
    assert _text(TreeOptions()) != _text(TreeOptions(), _folded(slow))


def test_colours_go_to_a_terminal_only_and_not_with_no_color() -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    assert stream_options(Terminal(), 100, {}) == {"width_cells": 100, "is_ascii": False, "is_coloured": True}
    assert stream_options(Terminal(), 100, {"NO_COLOR": "1"})["is_coloured"] is False
    assert stream_options(Terminal(), 100, {"TERM": "dumb"})["is_coloured"] is False
    assert stream_options(io.TextIOWrapper(io.BytesIO(), "ascii"), 100, {}) == {
        "width_cells": None,
        "is_ascii": True,
        "is_coloured": False,
    }


def test_exceptions_are_red_and_the_users_code_is_marked() -> None:
    text = _text(TreeOptions(width_cells=100, is_coloured=True))
    assert "\x1b[1;31m ✗ raises LookupError: no item 7\x1b[0m" in text
    assert "\x1b[1;33m● \x1b[0m\x1b[1;33mindex\x1b[0m" in text


def test_the_resolution_note_names_the_classes_between() -> None:
    classes = ["ThreadedWSGIServer", "BaseWSGIServer", "ThreadingMixIn", "BaseServer"]
    trace = _request_trace()
    trace.metadata = Metadata(extra={EXTRA_KEY: json.dumps({"ThreadedWSGIServer": classes})})
    folded = fold(trace, CATALOGUE)
    text = _text(TreeOptions(resolution=True), folded)
    assert "called on ThreadedWSGIServer, found on ThreadingMixIn, looked through BaseWSGIServer" in text
    assert "called on" not in _text(TreeOptions(), folded)


def test_what_is_missing_is_said() -> None:
    trace = _request_trace()
    trace.dropped_count = 12
    trace.requests[0] = type(trace.requests[0])(1, "GET", "/1", None)
    folded = fold(trace, CATALOGUE, FoldOptions(Level.ALL, max_steps=7, filtered_count=5))
    text = _text(TreeOptions(), folded)
    assert "12 calls were not recorded" in text
    assert "5 calls taken out by the filter" in text
    assert "GET /1 → no answer" in text
    assert folded.notice and folded.notice in text


def test_an_empty_trace_says_so() -> None:
    assert "No calls were recorded." in _text(TreeOptions(), _folded(Trace()))


def test_a_generator_shows_how_often_it_was_resumed() -> None:
    trace = _request_trace()
    trace.markers.extend(Marker(i, "resumed", 10, 0) for i in (1, 2))
    assert "✗ raises LookupError: no item 7 ↻2" in _text(TreeOptions(), _folded(trace))


def test_deep_recursion_keeps_room_for_the_names() -> None:
    builder = TraceBuilder.new()
    parent = None
    for _ in range(200):
        parent = builder.add("index", parent)
    lines = list(tree_lines(_folded(builder.trace), TreeOptions(width_cells=80)))
    assert sum("index()" in line for line in lines) == 200
    assert all(cells(line) <= 80 for line in lines)


def test_explanations_are_for_a_terminal_and_the_story_levels() -> None:
    assert default_explain(Level.MILESTONES, 80)
    assert not default_explain(Level.MILESTONES, None)
    assert not default_explain(Level.ALL, 80)


def test_a_branch_is_drawn_through_what_lies_below_it() -> None:
    builder = TraceBuilder.new()
    root = builder.add("<module>")
    first = builder.add("index", root)
    builder.add("Flask.make_response", first)
    builder.add("Flask.wsgi_app", root)
    folded = fold(builder.trace, CATALOGUE, FoldOptions(Level.ALL))
    lines = list(tree_lines(folded, TreeOptions(width_cells=80, times=False, legend=False)))
    below = next(line for line in lines if "make_response" in line)
    assert "│ └ Flask.make_response" in below
