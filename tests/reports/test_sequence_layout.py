"""The sequence diagram's layout, as plain data: what is where, and that nothing meets anything else."""

import re
from array import array
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.sequence.geometry import Box, Cross, Drawing, Head, Line, Rect, Text
from flasktrace.reports.sequence.layout import lay_out
from flasktrace.reports.sequence.options import SequenceOptions
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Function, Origin, Raised, Returned, Thread, Trace, Value

catalogue = cache(load_catalogue)


def _folded(trace: Trace, level: Level = Level.ALL, language: str = "en") -> FoldedTrace:
    return fold(trace, catalogue(language), FoldOptions(level=level))


def _served_request() -> Trace:
    """A server that hands a request to a thread; a hook, a view that raises, a context, an answer."""
    builder = TraceBuilder.new(request_count=1, thread_count=2)
    main = builder.add("<module>")
    serve = builder.add("BaseServer.serve_forever", main)
    start = builder.add("ThreadingMixIn.process_request", serve, request=1)
    builder.trace.threads[1] = Thread(2, "Thread-2", start)
    served = builder.add("ThreadingMixIn.process_request_thread", start, thread=2, request=1)
    app = builder.add("Flask.wsgi_app", served, thread=2, request=1)
    push = builder.add("RequestContext.push", app, thread=2, request=1)
    value = Returned(Value("", "str", 1, "'context'"))
    builder.add("LocalStack.push", push, thread=2, request=1, outcome=value)
    failed = Raised("LookupError", "no item 7")
    dispatch = builder.add("Flask.full_dispatch_request", app, thread=2, request=1)
    view = builder.add("Flask.dispatch_request", dispatch, thread=2, request=1, outcome=failed)
    builder.add("index", view, thread=2, request=1, outcome=failed)
    builder.trace.validate()
    return builder.trace


def _asked_in_process() -> Trace:
    """A test client that asks for something: its call is part of a request that begins with the app's."""
    builder = TraceBuilder.new(request_count=1)
    main = builder.add("<module>")
    builder.trace.functions[99] = Function(
        99, "flask.testing", "FlaskClient.open", "/flask/testing.py", 1, 9, Origin.FLASK
    )
    client = builder.add("FlaskClient.open", main)
    app = builder.add("Flask.wsgi_app", client, request=1)
    builder.add("index", app, request=1)
    builder.trace.validate()
    return builder.trace


def _overlaps(drawing: Drawing) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes meet."""
    texts = [text for text in drawing.texts() if text.content]
    return [
        (first.content, second.content)
        for first, second in combinations(texts, 2)
        if first.box.overlaps(second.box)
    ]


def _outside(drawing: Drawing) -> list[str]:
    page = Box(0, 0, drawing.width_px, drawing.height_px)
    return [text.content for text in drawing.texts() if text.content and not page.contains(text.box)]


def _behind_bars(drawing: Drawing) -> list[str]:
    """Labels of steps that a running bar covers."""
    return [
        text.content
        for group in drawing.steps
        for text in group.texts()
        for bar in drawing.bars
        if text.box.overlaps(bar.box)
    ]


def _check(drawing: Drawing) -> None:
    assert _overlaps(drawing) == []
    assert _outside(drawing) == []
    assert _behind_bars(drawing) == []


def _group_of(drawing: Drawing, name: str) -> list[Line]:
    """The arrows of the step whose label begins with a name."""
    for group in drawing.steps:
        if any(text.content.startswith(name) for text in group.texts()):
            return [shape for shape in group.shapes if isinstance(shape, Line)]
    raise AssertionError(f"no step {name}")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("level", list(Level))
def test_no_label_meets_another_or_a_bar_or_leaves_the_drawing(level: Level, language: str) -> None:
    folded = _folded(_served_request(), level, language)
    _check(lay_out(folded, SequenceOptions(language=language)))
    _check(lay_out(folded, SequenceOptions(language=language, is_startup=True)))


@settings(max_examples=share(30), deadline=None)
@given(traces(max_calls=25, hostile=True), st.sampled_from(["en", "zh"]), st.booleans())
def test_hostile_names_never_make_labels_meet(trace: Trace, language: str, has_notes: bool) -> None:
    options = SequenceOptions(language=language, has_notes=has_notes)
    _check(lay_out(_folded(trace, language=language), options))


@settings(max_examples=share(20), deadline=None)
@given(traces(max_calls=30), st.data())
def test_every_chapter_can_be_drawn_alone(trace: Trace, data: st.DataObject) -> None:
    folded = _folded(trace)
    if folded.chapters:
        chapter = data.draw(st.sampled_from(list(folded.chapters)))
        drawing = lay_out(folded, SequenceOptions(chapters=(chapter.number,)))
        _check(drawing)
        numbers = {f"step-{number}" for number in range(chapter.first, chapter.last + 1)}
        assert {group.id for group in drawing.steps} >= numbers


@settings(max_examples=share(20), deadline=None)
@given(traces(max_calls=30))
def test_each_step_is_drawn_once_in_the_default_drawing_or_in_the_startup(trace: Trace) -> None:
    folded = _folded(trace)
    requests = lay_out(folded)
    startup = lay_out(folded, SequenceOptions(is_startup=True))
    drawn = [g.id for d in (requests, startup) for g in d.steps if g.id.startswith("step")]
    assert set(drawn) == {f"step-{step.number}" for step in folded.steps}


@settings(max_examples=share(20), deadline=None)
@given(traces(max_calls=30))
def test_bars_of_one_lifeline_nest(trace: Trace) -> None:
    drawing = lay_out(_folded(trace))
    for first, second in combinations(drawing.bars, 2):
        if first.lane_key == second.lane_key and first.level == second.level:
            assert not first.box.overlaps(second.box)


def test_lifelines_stand_in_the_order_of_the_pipeline() -> None:
    drawing = lay_out(_folded(_served_request()))
    lanes = sorted(drawing.lane_x_px, key=lambda key: drawing.lane_x_px[key])
    assert lanes == ["client", "socketserver", "flask.app", "user:__main__", "flask.ctx", "werkzeug.local"]


def test_a_call_to_another_component_is_a_filled_arrow_that_ends_at_its_bar() -> None:
    drawing = lay_out(_folded(_served_request()))
    (arrow,) = (line for line in _group_of(drawing, "wsgi_app") if line.head is Head.FILLED)
    bar = next(bar for bar in drawing.bars if bar.lane_key == "flask.app" and bar.level == 0)
    assert arrow.points[-1] == (bar.box.x_px, bar.box.y_px)


def test_a_hand_over_to_a_thread_is_an_open_dashed_arrow() -> None:
    (arrow,) = _group_of(lay_out(_folded(_served_request())), "process_request_thread")
    assert arrow.head is Head.OPEN
    assert arrow.dash


def test_what_handed_over_ends_while_the_thread_runs_on() -> None:
    trace = _served_request()
    folded = _folded(trace)
    drawing = lay_out(folded)
    number = {step.function.name: step.number for step in folded.steps}
    ends = {bar.step_number: bar.box.y_px + bar.box.height_px for bar in drawing.bars}
    starts = {bar.step_number: bar.box.y_px for bar in drawing.bars}
    if trace.call(3).end_ns <= trace.call(4).end_ns:
        assert ends[number["process_request"]] <= starts[number["wsgi_app"]]
    assert ends[number["process_request_thread"]] > starts[number["index"]]


def test_an_exception_has_a_cross_and_a_dashed_arrow_in_red() -> None:
    drawing = lay_out(_folded(_served_request()))
    crosses = [shape for group in drawing.steps for shape in group.shapes if isinstance(shape, Cross)]
    arrows = [line for line in _group_of(drawing, "index") if line.role == "error"]
    assert len(crosses) == 2
    assert arrows and all(line.dash for line in arrows)
    assert "raises LookupError" in [text.content for text in drawing.texts()]


def test_a_value_returned_to_another_component_is_written_on_its_arrow() -> None:
    assert "'context'" in [text.content for text in lay_out(_folded(_served_request())).texts()]


def test_request_and_response_are_messages_of_the_client() -> None:
    drawing = lay_out(_folded(_served_request()))
    ids = [group.id for group in drawing.steps]
    assert ids[0] == "request-1"
    assert "response-1" in ids
    texts = [text.content for text in drawing.texts()]
    assert "GET /1" in texts and "200 OK" in texts


def test_the_times_count_from_the_request() -> None:
    folded = _folded(_served_request())
    timed = [t.content for t in lay_out(folded).texts() if t.anchor == "end" and t.mono]
    assert timed[0] == "0.00"
    untimed = lay_out(folded, SequenceOptions(has_times=False))
    assert not [t for t in untimed.texts() if t.anchor == "end" and t.mono]


def test_without_times_only_the_order_matters() -> None:
    trace, later = _served_request(), _served_request()
    for i in range(len(later.calls)):
        later.calls.start_ns[i] *= 3
        later.calls.end_ns[i] *= 3
    options = SequenceOptions(has_times=False)
    assert lay_out(_folded(trace), options) == lay_out(_folded(later), options)


def test_notes_stand_beside_their_step_or_a_little_below() -> None:
    folded = _folded(_served_request(), Level.MILESTONES)
    drawing = lay_out(folded)
    tops = {g.id: min(t.box.y_px for t in g.texts()) for g in drawing.steps if g.texts()}
    assert drawing.notes
    for note in drawing.notes:
        top = min(shape.box.y_px for shape in note.shapes if isinstance(shape, Rect))
        assert -6 <= top - tops[note.id.replace("note", "step")] < 60


def test_the_lifelines_names_are_repeated_below_a_long_drawing() -> None:
    drawing = lay_out(_folded(_served_request()))
    names = [text.content for group in drawing.heads for text in group.texts()]
    assert names.count("app") == len(drawing.heads)
    assert (len(drawing.heads) == 2) == (drawing.height_px > 620)


def test_an_empty_trace_says_so() -> None:
    drawing = lay_out(_folded(TraceBuilder.new().trace))
    _check(drawing)
    assert any("Nothing to draw" in text.content for text in drawing.texts())


def test_a_catalogue_without_annotations_draws_too() -> None:
    drawing = lay_out(fold(_served_request(), Catalogue(), FoldOptions(level=Level.ALL)))
    _check(drawing)
    assert not drawing.notes


def test_long_arguments_are_cut_but_told_in_full_in_the_tooltip() -> None:
    builder = TraceBuilder.new(request_count=1)
    main = builder.add("<module>")
    long = Value("text", "str", 0, "'" + "word " * 60 + "'")
    builder.add("index", main, request=1, parameters=(long,))
    drawing = lay_out(_folded(builder.trace))
    group = next(group for group in drawing.steps if any("index" in t.content for t in group.texts()))
    assert all(isinstance(text, Text) and len(text.content) < 60 for text in group.texts())
    assert "word " * 59 in group.tooltip


def test_where_several_requests_are_drawn_the_first_chapter_of_each_names_it() -> None:
    builder = TraceBuilder.new(request_count=2)
    serve = builder.add("BaseServer.serve_forever")
    for request in (1, 2):
        app = builder.add("Flask.wsgi_app", serve, request=request)
        builder.add("Flask.dispatch_request", app, request=request)
    drawing = lay_out(_folded(builder.trace))
    headings = [text.content for group in drawing.bands for text in group.texts()]
    assert [sum(f"GET /{n}" in heading for heading in headings) for n in (1, 2)] == [1, 1]
    assert sum("GET" in heading for heading in headings) == 2


@pytest.mark.parametrize(
    ("trace", "caption"),
    [(_served_request(), "since accept"), (_asked_in_process(), "since the request began")],
)
def test_no_time_is_before_the_request(trace: Trace, caption: str) -> None:
    calls = trace.calls
    calls.start_ns, calls.end_ns = (
        array("q", [10_000 * time for time in column]) for column in (calls.start_ns, calls.end_ns)
    )
    texts = [text.content for text in lay_out(_folded(trace)).texts()]
    times = [float(text) for text in texts if re.fullmatch(r"-?\d+\.\d\d", text)]
    assert len(times) > 2 and min(times) == 0
    assert any(caption in text for text in texts)
