"""Questions to a trace: each gives a valid trace of what was asked for, and leaves the given one alone."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies_traces import traces

from flasktrace.tracer import query
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Function, Origin, Raised, Returned, Trace

FUNCTION = Function(1, "flask.app", "Flask.wsgi_app", "/f.py", 1, 2, Origin.FLASK)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wsgi_app", True),
        ("Flask.wsgi_app", True),
        ("flask.app.Flask.wsgi_app", True),
        ("flask.app:Flask.wsgi_app", True),
        ("wsgi_app()", True),
        ("flask.app", True),
        ("flask", True),
        ("Flask.*", True),
        ("*wsgi*", True),
        ("app", False),
        ("gi_app", False),
        ("Flask", False),
        ("flask.ap", False),
    ],
)
def test_a_name_is_any_tail_of_the_dotted_name(name: str, expected: bool) -> None:
    assert query.matches(FUNCTION, name) is expected


def dump(trace: Trace) -> tuple[object, ...]:
    return list(trace.calls), trace.threads, trace.markers, trace.requests


@given(trace=traces(), data=st.data())
def test_any_part_of_a_trace_is_a_valid_trace(trace: Trace, data: st.DataObject) -> None:
    before = dump(trace)
    chosen = data.draw(st.sets(st.integers(0, len(trace.calls)))) if len(trace.calls) else set()
    part = query.select(trace, lambda i: i in chosen)
    part.validate()
    assert dump(trace) == before
    kept = [trace.calls[i] for i in sorted(chosen) if i < len(trace.calls)]
    assert [call.id for call in part.calls] == [call.id for call in kept]
    assert [(c.start_ns, c.outcome, c.parameters) for c in part.calls] == [
        (c.start_ns, c.outcome, c.parameters) for c in kept
    ]


@given(trace=traces())
def test_only_and_hide_share_the_calls_out(trace: Trace) -> None:
    used = [trace.function_of(call).dotted_name for call in trace.calls][:1]
    for name in used:
        shown, hidden = query.only(trace, [name]), query.hide(trace, [name])
        shown.validate()
        hidden.validate()
        assert sorted([c.id for c in shown.calls] + [c.id for c in hidden.calls]) == [
            c.id for c in trace.calls
        ]


@given(trace=traces())
def test_callers_of_leads_from_the_roots_to_the_call(trace: Trace) -> None:
    for call in list(trace.calls)[-1:]:
        part = query.callers_of(trace, [trace.function_of(call).dotted_name])
        part.validate()
        assert part.call(call.id).depth == call.depth


@given(trace=traces())
def test_without_values_only_the_values_are_gone(trace: Trace) -> None:
    bare = query.no_values(trace)
    bare.validate()
    for call, old in zip(bare.calls, trace.calls, strict=True):
        assert call.receiver is None and call.parameters == ()
        assert type(call.outcome) is type(old.outcome)
        if isinstance(call.outcome, Returned):
            assert call.outcome.value is None
        if isinstance(call.outcome, Raised) and isinstance(old.outcome, Raised):
            assert (call.outcome.class_name, call.outcome.text) == (old.outcome.class_name, "")


@given(trace=traces(), levels=st.integers(1, 5))
def test_depth_keeps_the_first_levels(trace: Trace, levels: int) -> None:
    part = query.depth(trace, levels)
    part.validate()
    assert len(part.calls) == sum(call.depth < levels for call in trace.calls)


@given(trace=traces())
def test_threads_and_requests_share_the_calls_out(trace: Trace) -> None:
    parts = [query.thread(trace, thread.id) for thread in trace.threads]
    assert sum(len(part.calls) for part in parts) == len(trace.calls)
    for request in trace.requests:
        part, led_to = query.request(trace, request.id), query.request(trace, request.id, with_callers=True)
        part.validate()
        led_to.validate()
        ids = set(led_to.calls.id)
        assert set(part.calls.id) <= ids
        assert all(not trace.call(each).parent_id or trace.call(each).parent_id in ids for each in ids)


def test_what_is_not_there_is_said_with_what_is() -> None:
    trace = Trace()
    trace.functions = {1: FUNCTION}
    questions: list[Callable[[], object]] = [
        lambda: query.only(trace, ["nothing"]),
        lambda: query.request(trace, 9),
        lambda: query.thread(trace, "nobody"),
        lambda: query.phase(trace, "none"),
        lambda: query.depth(trace, 0),
    ]
    for ask in questions:
        with pytest.raises(UsageError):
            ask()


@given(trace=traces())
def test_a_chain_is_found_in_order(trace: Trace) -> None:
    names = [trace.function_of(call).dotted_name for call in trace.calls]
    found = query.contains_chain(trace, names[::2])
    assert found is not None and found == sorted(found) and len(found) == len(names[::2])
    assert query.contains_chain(trace, [*names, *names[:1]]) is None or not names


def test_chains_are_read_as_blogs_write_them() -> None:
    assert query.split_chain("`a()` -> b.c →\n d => e") == ["a", "b.c", "d", "e"]
