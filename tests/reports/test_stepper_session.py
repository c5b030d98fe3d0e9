"""The stepper's session on a book: moves, levels, search, bookmarks, state, the chain."""

import contextlib
import re
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.golden_traces import golden_trace
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.folded import Level
from flasktrace.reports.stepper.book import MemoryBook
from flasktrace.reports.stepper.file_book import FileBook
from flasktrace.reports.stepper.moves import Move
from flasktrace.reports.stepper.session import Session
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.model import Marker, Raised, Returned, Trace, Value
from flasktrace.tracer.paging import TraceFile
from flasktrace.tracer.store import write_trace

CATALOGUES = {language: load_catalogue(language) for language in ("en", "zh")}


def _session(trace: Trace, level: Level = Level.ALL) -> Session:
    return Session(MemoryBook(trace, CATALOGUES["en"]), CATALOGUES.__getitem__, level)


def _small() -> Trace:
    builder = TraceBuilder.new(request_count=1)
    module = builder.add("<module>")
    app = builder.add("Flask.wsgi_app", module, request=1)
    builder.add("RequestContext.push", app, request=1, parameters=(Value("path", "str", 1, "'/tea'"),))
    builder.add("index", app, request=1, outcome=Returned(Value("", "str", 2, "'hot'")))
    builder.add("Flask.make_response", app, request=1, outcome=Raised("ValueError", "cold"))
    return builder.trace


@given(traces(), st.sampled_from(Level), st.sampled_from(Move), st.integers(0, 60), st.integers(0, 20))
def test_n_moves_and_n_back_is_where_you_were_at_every_level(
    trace: Trace, level: Level, move: Move, start: int, count: int
) -> None:
    if not trace.calls:
        return
    session = _session(trace, level)
    for _ in range(start):
        session.forward(Move.STEP)
    spot = session.spot
    moved = [session.forward(move) for _ in range(count)]
    for _ in moved:
        session.backward(move)
    assert session.spot == spot


@given(traces(), st.sampled_from(Level))
def test_each_stop_of_a_level_is_reached_once_from_start_to_end(trace: Trace, level: Level) -> None:
    if not trace.calls:
        return
    session = _session(trace, level)
    seen = [session.spot]
    while session.forward(Move.STEP):
        seen.append(session.spot)
    shown = [step.call.id for step in MemoryBook(trace, CATALOGUES["en"]).steps(level).folded.steps]
    assert sorted(seen) == sorted((call_id, is_end) for call_id in shown for is_end in (False, True))


@settings(max_examples=share(30))
@given(traces(hostile=True), st.sampled_from(Level))
def test_every_scene_can_be_made_and_is_clean(trace: Trace, level: Level) -> None:
    if not trace.calls:
        return
    session = _session(trace, level)
    moved = True
    while moved:
        scene = session.scene()
        texts = [scene.title, scene.request, scene.place.shown_path, *(crumb.name for crumb in scene.path)]
        texts += [part for row in scene.values for part in (row.name, row.text)]
        assert all(text.isprintable() for text in texts)
        moved = session.forward(Move.STEP)


def test_a_change_of_level_keeps_the_call_or_goes_to_the_one_that_stands_for_it() -> None:
    session = _session(golden_trace("hello"), Level.ALL)
    steps = session.steps
    hidden = next(i for i in range(len(steps)) if steps[i].function.qualname == "LocalStack.top")
    session.to_step(hidden)
    above = session.step.call.parent_id
    session.set_level(Level.MILESTONES)
    assert session.spot[1] is False
    assert above is not None and session.spot[0] <= above
    spot = session.spot
    session.set_level(Level.ALL)
    assert session.spot == spot


def test_search_finds_names_arguments_results_and_exceptions_and_goes_round() -> None:
    session = _session(_small())
    for text, call_id in (("wsgi_app", 2), ("/TEA", 3), ("hot", 4), ("valueerror: cold", 5)):
        assert session.search(text)
        assert session.spot == (call_id, False)
    assert session.search("wsgi_app")
    assert session.spot == (2, False)
    assert not session.search("coffee")
    assert session.spot == (2, False)


def test_what_is_folded_away_is_found_in_the_call_that_stands_for_it(tmp_path: Path) -> None:
    trace = golden_trace("hello")
    write_trace(trace, tmp_path / "t.flasktrace")
    functions = {key for key, each in trace.functions.items() if each.qualname.startswith("Rule.compile")}
    hidden = [call.id for call in trace.calls if call.function_id in functions]
    with contextlib.closing(TraceFile(tmp_path / "t.flasktrace")) as file:
        books = (MemoryBook(trace, CATALOGUES["en"]), FileBook(file, CATALOGUES["en"]))
        for book in books:
            session = Session(book, CATALOGUES.__getitem__)
            for call_id in [*hidden, hidden[0]]:
                assert session.search("rule.compile")
                assert session.spot[0] < call_id
                assert re.match(rf"#{call_id} .* is folded away at this level", session.folded_note())
            session.to_call(hidden[0])
            assert f"#{hidden[0]} " in session.folded_note()
            assert session.search("wsgi_app") and session.folded_note() == ""


def test_bookmarks_are_where_a_run_stops() -> None:
    session = _session(_small())
    session.to_call(4, is_end=True)
    assert session.toggle_bookmark()
    session.to_start()
    assert session.run_on()
    assert session.spot == (4, True)
    session.run_on()
    assert session.stop.index == len(session.walk) - 1
    assert session.next_bookmark()
    assert not session.toggle_bookmark()
    assert session.next_bookmark() is None


def test_the_chain_so_far_is_that_of_the_request() -> None:
    session = _session(_small())
    session.to_call(4)
    assert session.chain() == ["Flask.wsgi_app", "RequestContext.push", "index"]


def test_a_row_of_the_state_is_marked_where_the_last_move_changed_it() -> None:
    trace = _small()
    end_ns = trace.calls.end_ns[2]
    context = {"class": "RequestContext", "id": 1, "shows": "GET /1"}
    trace.markers = [
        Marker(1, "state", 2, trace.calls.start_ns[1], {"request_stack": [], "app_stack": []}),
        Marker(2, "state", 3, end_ns, {"request_stack": [context], "app_stack": [], "session": {"a": "'b'"}}),
    ]
    session = _session(trace)
    session.to_call(2)
    assert [(row.name, row.text) for row in session.state()][:2] == [
        ("request stack", "empty"),
        ("app stack", "empty"),
    ]
    session.to_call(3)
    assert [(row.name, row.text, row.is_changed) for row in session.state()][:2] == [
        ("request stack", "empty", False),
        ("app stack", "empty", False),
    ]
    session.forward(Move.STEP)
    assert [(row.name, row.text, row.is_changed) for row in session.state()] == [
        ("request stack", "RequestContext GET /1", True),
        ("app stack", "empty", False),
        ("session", "a='b'", True),
        ("headers", "not set yet", False),
    ]


def test_a_trace_from_anybody_cannot_break_the_state() -> None:
    trace = _small()
    for data in ({"request_stack": 3, "session": [1], "g": "x"}, {"view_functions": {}, "hooks": [1]}):
        trace.markers = [Marker(1, "state", 3, trace.calls.start_ns[2], data)]
        session = _session(trace)
        session.to_end()
        session.state()


def test_the_callers_can_be_looked_at_without_moving() -> None:
    session = _session(_small())
    session.to_call(3)
    here = session.place()
    session.look_up(1)
    assert "Flask.wsgi_app" in session.place().note or session.place().path != here.path
    session.look_up(9)
    assert session.looking_up == 1
    session.look_up(-1)
    assert session.place() == here


@settings(max_examples=share(40))
@given(traces(), st.sampled_from(Level))
def test_a_walk_in_the_file_is_the_walk_in_memory(trace: Trace, level: Level) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.flasktrace")
        write_trace(trace, path)
        with contextlib.closing(TraceFile(path)) as file:
            inside = FileBook(file, CATALOGUES["en"]).steps(level)
            whole = MemoryBook(trace, CATALOGUES["en"], folds_repeats=False).steps(level)
            assert list(inside.depths) == list(whole.depths)
            assert list(inside.milestones) == list(whole.milestones)
            for index in range(len(whole)):
                step = replace(whole[index], hidden_count=0, resumed_count=0)
                assert inside[index] == step
                assert inside.function_at(index) == whole.function_at(index)
            for call_id in trace.calls.id:
                assert inside.index_of(call_id) == whole.index_of(call_id)
            assert inside.index_of(10**9) is None


def test_the_states_of_a_file_are_those_in_memory(tmp_path: Path) -> None:
    trace = _small()
    calls = trace.calls
    trace.markers = [
        Marker(i + 1, "state", call_id, calls.end_ns[call_id - 1], {"request_stack": [], "g": {"n": str(i)}})
        for i, call_id in enumerate((3, 4, 5))
    ]
    write_trace(trace, tmp_path / "t.flasktrace")
    with contextlib.closing(TraceFile(tmp_path / "t.flasktrace")) as file:
        inside = Session(FileBook(file, CATALOGUES["en"]), CATALOGUES.__getitem__, Level.ALL)
        whole = _session(trace)
        while True:
            assert inside.scene() == whole.scene()
            assert inside.forward(Move.STEP) == whole.forward(Move.STEP)
            if inside.stop.index == len(inside.walk) - 1:
                break
        for text in ("tea", "hot", "make_response", "cold", "nothing"):
            assert inside.search(text) == whole.search(text)
            assert inside.spot == whole.spot
