"""The folding: what is shown, what is counted, what repeats; and that nothing is ever lost."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import LEVELS, FoldOptions, fold, iter_steps
from flasktrace.tracer import query
from flasktrace.tracer.catalogue import Catalogue, Landmark, Phase
from flasktrace.tracer.model import Origin, Raised, Trace
from flasktrace.tracer.phases import call_order, fill_phases

PHASES = {
    "instance": Phase("instance", "Create", is_startup=True),
    "startup": Phase("startup", "Start", is_startup=True),
    "accept": Phase("accept", "Accept"),
    "context": Phase("context", "Contexts"),
    "dispatch": Phase("dispatch", "Dispatch"),
    "finalize": Phase("finalize", "Finalize"),
}


def _catalogue() -> Catalogue:
    landmarks = [
        Landmark("flask.app", "Flask.__init__", "instance", is_milestone=True, is_chapter=True, is_leaf=True),
        Landmark("socketserver", "BaseServer.serve_forever", "startup", is_milestone=True, is_chapter=True),
        Landmark(
            "socketserver", "ThreadingMixIn.process_request", "accept", is_milestone=True, is_chapter=True
        ),
        Landmark("socketserver", "ThreadingMixIn.process_request_thread", "accept", is_milestone=True),
        Landmark("flask.app", "Flask.wsgi_app", "context"),
        Landmark(
            "flask.ctx", "RequestContext.push", "context", is_milestone=True, is_chapter=True, is_leaf=True
        ),
        Landmark("werkzeug.local", "LocalStack.push", "", is_milestone=True),
        Landmark("flask.app", "Flask.full_dispatch_request", "dispatch", is_milestone=True, is_chapter=True),
        Landmark("flask.app", "Flask.make_response", "finalize", is_milestone=True, is_chapter=True),
    ]
    return Catalogue("en", PHASES, {(mark.module, mark.qualname): mark for mark in landmarks})


CATALOGUE = _catalogue()
options = st.builds(FoldOptions, level=st.sampled_from(LEVELS), fold_repeats=st.booleans())


def _names(folded: FoldedTrace) -> list[str]:
    return [step.function.qualname for step in folded.steps]


@given(traces(), options)
def test_the_counts_add_up_to_all_calls(trace: Trace, chosen: FoldOptions) -> None:
    trace.validate()
    folded = fold(trace, CATALOGUE, chosen)
    multiplicity: dict[int, int] = {}
    for step in folded.steps:
        above = multiplicity[step.parent_number] if step.parent_number else 1
        multiplicity[step.number] = above * step.repeat_count
    shown = sum(multiplicity.values())
    assert shown + folded.hidden_count + folded.filtered_count == folded.total_call_count == len(trace.calls)
    assert sum(step.hidden_count for step in folded.steps) == folded.hidden_count
    assert sum(chapter.call_count for chapter in folded.chapters) == len(trace.calls)


@given(traces(), options)
def test_unfolding_gives_back_the_trace(trace: Trace, chosen: FoldOptions) -> None:
    folded = fold(trace, CATALOGUE, chosen)
    owned = Counter(folded.owners)
    order = call_order(trace.calls)
    assert sorted(order.preorder) == list(range(len(trace.calls)))
    assert len(folded.owners) == len(trace.calls)
    for step in folded.steps:
        position = trace.calls.index_of(step.call.id)
        assert folded.owners[position] == step.number
        members = [trace.calls[i] for i, owner in enumerate(folded.owners) if owner == step.number]
        same = [call for call in members if call.function_id == step.call.function_id]
        assert len(members) == owned[step.number]
        assert step.repeat_ns <= sum(call.duration_ns for call in same)
        assert step.repeat_ns >= step.call.duration_ns


@given(traces())
def test_level_all_without_folding_is_the_trace_itself(trace: Trace) -> None:
    folded = fold(trace, CATALOGUE, FoldOptions(Level.ALL, fold_repeats=False))
    positions = [trace.calls.index_of(step.call.id) for step in folded.steps]
    assert positions == list(call_order(trace.calls).preorder)
    assert [step.depth for step in folded.steps] == [step.call.depth for step in folded.steps]


@given(traces(), options)
def test_a_hidden_call_is_counted_on_its_nearest_shown_ancestor(trace: Trace, chosen: FoldOptions) -> None:
    folded = fold(trace, CATALOGUE, chosen)
    shown = {step.call.id for step in folded.steps}
    for position, owner in enumerate(folded.owners):
        call = trace.calls[position]
        if call.id in shown or call.parent_id is None:
            continue
        parent_owner = folded.owners[trace.calls.index_of(call.parent_id)]
        step = folded.steps[owner - 1]
        assert owner == parent_owner or step.parent_number == parent_owner


@given(traces(), options)
def test_each_step_stands_below_the_one_it_names(trace: Trace, chosen: FoldOptions) -> None:
    folded = fold(trace, CATALOGUE, chosen)
    for step in folded.steps:
        if step.parent_number is None:
            assert step.depth == 0 and step.call.parent_id is None
        else:
            parent = folded.steps[step.parent_number - 1]
            assert parent.number < step.number and step.depth == parent.depth + 1
            assert step.is_hand_over == (parent.call.thread_id != step.call.thread_id)


@given(traces(), options)
def test_chapters_cover_the_steps_without_gaps(trace: Trace, chosen: FoldOptions) -> None:
    folded = fold(trace, CATALOGUE, chosen)
    covered = [n for chapter in folded.chapters for n in range(chapter.first, chapter.last + 1)]
    assert covered == [step.number for step in folded.steps]
    assert [chapter.number for chapter in folded.chapters] == list(range(1, len(folded.chapters) + 1))
    begins = [chapter for chapter, _ in iter_steps(trace, CATALOGUE, chosen) if chapter is not None]
    assert begins == list(folded.chapters)


@given(traces())
def test_a_higher_level_never_shows_less(trace: Trace) -> None:
    shown = [
        {step.call.id for step in fold(trace, CATALOGUE, FoldOptions(level, fold_repeats=False)).steps}
        for level in LEVELS
    ]
    for less, more in pairwise(shown):
        assert less <= more


@given(traces())
def test_folding_changes_nothing_in_the_trace(trace: Trace) -> None:
    before = list(trace.calls)
    fold(trace, CATALOGUE, FoldOptions(Level.MILESTONES))
    assert list(trace.calls) == before


def test_hidden_calls_move_their_children_up() -> None:
    builder = TraceBuilder.new()
    root = builder.add("<module>")
    hidden = builder.add("Flask.wsgi_app", root)
    builder.add("Flask.full_dispatch_request", hidden)
    folded = fold(builder.trace, CATALOGUE)
    assert _names(folded) == ["<module>", "Flask.full_dispatch_request"]
    assert folded.steps[0].hidden_count == 1
    assert folded.steps[1].parent_number == 1


def test_a_leaf_hides_all_but_the_users_own_code() -> None:
    builder = TraceBuilder.new()
    root = builder.add("<module>")
    leaf = builder.add("RequestContext.push", root)
    inner = builder.add("LocalStack.push", leaf)
    builder.add("index", inner)
    assert _names(fold(builder.trace, CATALOGUE)) == ["<module>", "RequestContext.push", "index"]
    pipeline = fold(builder.trace, CATALOGUE, FoldOptions(Level.PIPELINE))
    assert "LocalStack.push" in _names(pipeline)


def test_adjacent_equal_calls_become_one_step_with_count_and_time() -> None:
    builder = TraceBuilder.new()
    root = builder.add("<module>")
    for _ in range(4):
        view = builder.add("index", root)
        builder.add("Local.__getattr__", view)
    folded = fold(builder.trace, CATALOGUE)
    assert _names(folded) == ["<module>", "index"]
    step = folded.steps[1]
    assert (step.repeat_count, step.hidden_count) == (4, 4)
    assert step.repeat_ns == sum(call.duration_ns for call in builder.trace.calls if call.function_id == 2)


@pytest.mark.parametrize("window", [1, 2, 3, 4, 5])
def test_runs_of_up_to_five_calls_fold(window: int) -> None:
    names = ["index", "RequestContext.push", "LocalStack.push", "Flask.make_response", "Flask.wsgi_app"]
    builder = TraceBuilder.new()
    root = builder.add("<module>")
    for _ in range(3):
        for name in names[:window]:
            builder.add(name, root)
    folded = fold(builder.trace, CATALOGUE, FoldOptions(Level.ALL))
    assert _names(folded) == ["<module>", *names[:window]]
    assert [step.repeat_count for step in folded.steps] == [1] + [3] * window


def test_calls_that_end_differently_are_not_equal() -> None:
    builder = TraceBuilder.new()
    root = builder.add("<module>")
    builder.add("index", root)
    builder.add("index", root, outcome=Raised("ValueError"))
    assert [step.repeat_count for step in fold(builder.trace, CATALOGUE).steps] == [1, 1, 1]


def test_equal_requests_are_told_one_by_one() -> None:
    builder = TraceBuilder.new(request_count=2)
    loop = builder.add("BaseServer.serve_forever")
    for request in (1, 2):
        builder.add("ThreadingMixIn.process_request", loop, request=request)
    folded = fold(builder.trace, CATALOGUE)
    assert [step.repeat_count for step in folded.steps] == [1, 1, 1]
    assert [chapter.request and chapter.request.id for chapter in folded.chapters] == [None, 1, 2]


def test_a_hand_over_through_hidden_calls_is_marked() -> None:
    builder = TraceBuilder.new(thread_count=2, request_count=1)
    accept = builder.add("ThreadingMixIn.process_request")
    hidden = builder.add("Local.__getattr__", accept)
    builder.add("ThreadingMixIn.process_request_thread", hidden, thread=2, request=1)
    steps = fold(builder.trace, CATALOGUE).steps
    assert [step.is_hand_over for step in steps] == [False, True]


def test_accepting_belongs_to_the_request_that_comes_of_it() -> None:
    builder = TraceBuilder.new(thread_count=2, request_count=1)
    loop = builder.add("BaseServer.serve_forever")
    accept = builder.add("ThreadingMixIn.process_request", loop)
    builder.add("ThreadingMixIn.process_request_thread", accept, thread=2, request=1)
    chapters = fold(builder.trace, CATALOGUE).chapters
    assert [(c.phase.id if c.phase else "", c.request and c.request.id) for c in chapters] == [
        ("startup", None),
        ("accept", 1),
    ]


def test_what_a_view_calls_stays_in_the_phase_of_the_view() -> None:
    builder = TraceBuilder.new(request_count=1)
    dispatch = builder.add("Flask.full_dispatch_request", request=1)
    view = builder.add("index", dispatch, request=1)
    builder.add("Flask.make_response", view, request=1)
    builder.add("Flask.make_response", dispatch, request=1)
    steps = fold(builder.trace, CATALOGUE).steps
    assert [step.phase.id for step in steps if step.phase] == ["dispatch"] * 3 + ["finalize"]
    fill_phases(builder.trace, CATALOGUE)
    assert [call.phase for call in builder.trace.calls] == ["dispatch"] * 3 + ["finalize"]


def test_each_request_that_a_users_function_makes_is_told_phase_by_phase() -> None:
    """As of tests, one after the other: the second one is called when the first one's contexts are gone."""
    builder = TraceBuilder.new(request_count=3)
    for request in (1, 2, 3):
        test = builder.add("index")
        app = builder.add("Flask.wsgi_app", test, request=request)
        push = builder.add("RequestContext.push", app, request=request)
        builder.add("index", push, request=request)
        dispatch = builder.add("Flask.full_dispatch_request", app, request=request)
        view = builder.add("index", dispatch, request=request)
        builder.add("Flask.wsgi_app", view, request=request)  # by the view itself: no story of its own
    fill_phases(builder.trace, CATALOGUE)
    told = [*["context"] * 3, *["dispatch"] * 3]
    assert [call.phase for call in builder.trace.calls] == [
        *("instance", *told),
        *("context", *told),
        *("context", *told),
    ]
    chapters = fold(builder.trace, CATALOGUE).chapters
    assert [c.request and c.request.id for c in chapters] == [None, 1, 1, 2, 2, 3, 3]


def test_what_leads_to_no_further_request_stays_with_the_one_before() -> None:
    builder = TraceBuilder.new(request_count=1)
    dispatch = builder.add("Flask.full_dispatch_request", builder.add("index"), request=1)
    builder.add("index", dispatch, request=1)
    builder.add("index", builder.add("index"))
    fill_phases(builder.trace, CATALOGUE)
    assert [call.phase for call in builder.trace.calls] == ["instance", *["dispatch"] * 4]


def test_a_view_too_large_goes_up_a_level_and_says_what_it_hid() -> None:
    builder = TraceBuilder.new()
    root = builder.add("<module>")
    for _ in range(6):
        builder.add("Local.__getattr__", builder.add("RequestContext.push", root))
    chosen = FoldOptions(Level.ALL, max_steps=8, fold_repeats=False)
    folded = fold(builder.trace, CATALOGUE, chosen)
    assert folded.level is Level.PIPELINE
    assert "8" in folded.notice and "6 calls folded away" in folded.notice
    assert folded.hidden_count == 6


def test_an_empty_trace_folds_to_nothing() -> None:
    folded = fold(Trace(), CATALOGUE)
    assert not folded.steps and not folded.chapters and folded.total_call_count == 0


def test_steps_can_be_taken_by_index_and_slice() -> None:
    builder = TraceBuilder.new()
    builder.add("index", builder.add("<module>"))
    steps = fold(builder.trace, CATALOGUE).steps
    assert steps[-1] == steps[1] and steps[0:2] == [steps[0], steps[1]]
    with pytest.raises(IndexError):
        steps[2]


def test_a_trace_with_gaps_in_its_ids_folds() -> None:
    builder = TraceBuilder.new(request_count=2)
    root = builder.add("<module>")
    for request in (1, 2):
        wsgi = builder.add("Flask.wsgi_app", root, request=request)
        builder.add("Flask.full_dispatch_request", wsgi, request=request)
    second = query.request(builder.trace, 2)
    assert list(call_order(second.calls).parents) == [-1, 0]
    folded = fold(second, CATALOGUE, FoldOptions(Level.ALL))
    assert _names(folded) == ["Flask.wsgi_app", "Flask.full_dispatch_request"]


def test_of_an_included_library_the_calls_that_lead_into_it_are_shown() -> None:
    builder = TraceBuilder.new()
    functions = builder.trace.functions
    view, inner, other = list(functions)[:3]
    functions[view] = replace(functions[view], origin=Origin.USER, module="shop")
    functions[inner] = replace(functions[inner], origin=Origin.LIBRARY, module="flask_login.utils")
    functions[other] = replace(functions[other], origin=Origin.LIBRARY, module="flask_login.mixins")
    first = builder.add(functions[view].qualname)
    entry = builder.add(functions[inner].qualname, first)
    builder.add(functions[other].qualname, entry)
    folded = fold(builder.trace, Catalogue())
    assert [(step.function.module, step.hidden_count) for step in folded.steps] == [
        ("shop", 0),
        ("flask_login.utils", 1),
    ]


def test_of_an_import_of_the_users_is_shown_what_leads_to_flask() -> None:
    builder = TraceBuilder.new()
    functions = builder.trace.functions
    users = list(functions)[:4]
    for key, qualname in zip(users, ["start", "<module>", "make", "Cart"], strict=True):
        functions[key] = replace(functions[key], origin=Origin.USER, module="shop", qualname=qualname)
    main = builder.add("start")
    imported = builder.add("<module>", main)
    builder.add("Cart", imported)
    maker = builder.add("make", imported)
    builder.add("Cart", maker)
    builder.add("Flask.make_response", maker)
    builder.add("Cart", main)
    folded = fold(builder.trace, CATALOGUE)
    assert [(step.function.qualname, step.hidden_count) for step in folded.steps] == [
        ("start", 0),
        ("<module>", 1),
        ("make", 1),
        ("Flask.make_response", 0),
        ("Cart", 0),
    ]
