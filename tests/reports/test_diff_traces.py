"""The comparison of two traces: everything is accounted for, moved calls are named, the parting is found."""

import io
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.diff import Change, TraceDiff, compare, write_diff_json, write_diff_text
from flasktrace.reports.diff.align import matches
from flasktrace.reports.diff.steptree import match_key
from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import (
    Function,
    Metadata,
    Origin,
    Outcome,
    Raised,
    Request,
    Returned,
    Trace,
    Value,
)

PLAIN = Returned()


def _folded(trace: Trace) -> FoldedTrace:
    return fold(trace, Catalogue(), FoldOptions(Level.ALL, fold_repeats=False))


def _lines(diff: TraceDiff, language: str = "en") -> list[str]:
    stream = io.StringIO()
    write_diff_text(diff, stream, language)
    return stream.getvalue().splitlines()


def _request(
    names: Sequence[str], *, kind: str = "'tea'", outcome: Outcome = PLAIN, target: str = "/"
) -> FoldedTrace:
    builder = TraceBuilder.new()
    builder.trace.requests.append(Request(1, "GET", target, 200))
    app = builder.add("Flask.wsgi_app")
    builder.add("RequestContext.push", app)
    for name in names:
        builder.add(name, app)
    parameters = (Value("kind", "str", 1, kind),)
    builder.add("index", app, outcome=outcome, parameters=parameters)
    builder.add("Flask.make_response", app)
    return _folded(builder.trace)


def _changes(diff: TraceDiff) -> list[tuple[str, str]]:
    return [(row.change.value, row.step.function.name) for row in diff.rows if row.change is not Change.SAME]


def test_equal_traces_have_no_difference() -> None:
    diff = compare(_request([]), _request([]))
    assert not diff.is_different
    assert diff.parting is None
    assert _lines(diff) == ["No difference: 4 steps are the same."]
    assert _lines(diff, "zh") == ["没有差别：4 个步骤完全相同。"]


def test_unchanged_steps_are_folded_and_others_named() -> None:
    diff = compare(_request(["Local.__getattr__"]), _request(["Template.render"]), "a", "b")
    assert _lines(diff)[:7] == [
        "--- a",
        "+++ b",
        "  Flask.wsgi_app",
        "    … 1 unchanged",
        "-   Local.__getattr__",
        "+   Template.render",
        "    … 2 unchanged",
    ]


def test_a_call_in_another_order_is_moved() -> None:
    names = ["Local.__getattr__", "Template.render", "LocalStack.push", "Flask.dispatch_request"]
    diff = compare(_request(names), _request([*names[1:], names[0]]))
    assert diff.counts[Change.MOVED] == 1
    assert diff.counts[Change.ADDED] == diff.counts[Change.REMOVED] == 0
    assert any("moved: same caller, another place in the order" in line for line in _lines(diff))


def test_a_call_with_another_caller_is_moved_with_what_it_calls() -> None:
    def trace(is_late: bool) -> FoldedTrace:
        builder = TraceBuilder.new()
        app = builder.add("Flask.wsgi_app")
        first = builder.add("RequestContext.push", app)
        if not is_late:
            builder.add("LocalStack.push", builder.add("Template.render", first))
        builder.add("Local.__getattr__", app)
        last = builder.add("Flask.dispatch_request", app)
        if is_late:
            builder.add("LocalStack.push", builder.add("Template.render", last))
        return _folded(builder.trace)

    diff = compare(trace(False), trace(True))
    assert diff.counts[Change.MOVED] == 2
    moved = [line for line in _lines(diff) if line.startswith(("<", ">"))]
    assert moved == [
        "<     Template.render  (moved: now called by Flask.dispatch_request, see there, and 1 after it)",
        ">     Template.render  (moved: called by Flask.dispatch_request, was called by RequestContext.push, "
        "and 1 after it)",
    ]


def test_a_wrapper_that_went_does_not_make_all_below_it_look_new() -> None:
    def trace(*above: str) -> FoldedTrace:
        builder = TraceBuilder.new()
        parent = None
        for name in above:
            parent = builder.add(name, parent)
        for name in ("LocalStack.push", "index", "Template.render"):
            builder.add(name, parent)
        return _folded(builder.trace)

    diff = compare(trace("Flask.wsgi_app", "Flask.dispatch_request"), trace("Flask.wsgi_app"))
    assert _changes(diff) == [("removed", "dispatch_request")]


def test_a_step_defined_by_another_class_is_the_same_step() -> None:
    left, right = TraceBuilder.new(), TraceBuilder.new()
    for builder, module, qualname in (
        (left, "flask.app", "Flask.route"),
        (right, "flask.sansio.scaffold", "Scaffold.route"),
    ):
        builder.trace.functions[90] = Function(90, module, qualname, "x.py", 1, 2, Origin.FLASK)
        builder.add(qualname)
    diff = compare(_folded(left.trace), _folded(right.trace))
    assert _changes(diff) == [("redefined", "route")]
    assert "defined by flask.sansio.scaffold.Scaffold.route, was flask.app.Flask.route" in _lines(diff)[2]


def test_the_users_functions_are_told_apart_by_their_full_name() -> None:
    one = Function(1, "shop", "A.get", "shop.py", 1, 2, Origin.USER)
    assert match_key(one) != match_key(replace(one, qualname="B.get"))


def test_they_part_where_the_exception_arose_and_the_parameter_decided() -> None:
    diff = compare(_request([]), _request([], kind="'coffee'", outcome=Raised("Teapot", "418")))
    assert diff.parting is not None and diff.parting.deciding is not None
    assert diff.parting.row.step.function.name == "index"
    assert (diff.parting.deciding.what, diff.parting.deciding.name) == ("parameter", "kind")
    assert _lines(diff)[-2:] == [
        "They part at index, called by Flask.wsgi_app.",
        "What decided: kind of index is 'tea' on the left, 'coffee' on the right.",
    ]


def test_the_request_decides_when_no_value_differs() -> None:
    diff = compare(_request([]), _request(["Template.render"], target="/other"))
    assert _lines(diff)[-1] == "What decided: the request is GET / on the left, GET /other on the right."


def test_the_outcome_decides_when_nothing_else_does() -> None:
    diff = compare(_request([]), _request([], outcome=Raised("Teapot", "418")))
    assert _lines(diff)[-1] == "What decided: index returned on the left, raised Teapot: 418 on the right."


def test_ports_addresses_and_the_order_of_sets_decide_nothing() -> None:
    for ours, theirs in (
        ("('::1', 49152)", "('::1', 51001)"),
        ("{'a', 'b'}", "{'b', 'a'}"),
        ("0xff", "0xfe"),
    ):
        diff = compare(_request([], kind=ours), _request(["Template.render"], kind=theirs, target="/x"))
        assert diff.parting is not None and diff.parting.deciding is not None
        assert diff.parting.deciding.what == "request"


def test_between_two_engines_no_value_decides() -> None:
    left, right = _request([], kind="1"), _request(["Template.render"], target="/x")
    right.trace.metadata = Metadata(engine="installed")
    diff = compare(left, right)
    assert diff.parting is not None and diff.parting.deciding is None
    assert "the code itself differs" in _lines(diff)[-1]


def test_the_json_names_the_calls() -> None:
    stream = io.StringIO()
    write_diff_json(compare(_request([]), _request(["Template.render"])), stream)
    data = json.loads(stream.getvalue())
    assert (data["format"], data["version"], data["is_different"]) == ("flasktrace-diff", 1, True)
    (added,) = (row for row in data["rows"] if row["change"] == "added")
    assert added["left"] is None
    assert added["right"] == {
        "number": 3,
        "call_id": 3,
        "module": "jinja2.environment",
        "qualname": "Template.render",
        "repeat_count": 1,
    }
    assert data["parting"]["row"] == added


@given(traces())
@settings(max_examples=share(50), deadline=None)
def test_a_trace_does_not_differ_from_itself(trace: Trace) -> None:
    assert not compare(_folded(trace), _folded(trace)).is_different


@given(traces(), traces())
@settings(max_examples=share(80), deadline=None)
def test_every_step_of_both_sides_is_in_one_row(left: Trace, right: Trace) -> None:
    ours, theirs = _folded(left), _folded(right)
    diff = compare(ours, theirs)
    counts = dict(diff.counts)
    both = sum(counts[change] for change in Change if change not in {Change.ADDED, Change.REMOVED})
    assert both + counts[Change.REMOVED] == len(ours.steps)
    assert both + counts[Change.ADDED] == len(theirs.steps)
    assert (diff.parting is not None) == diff.is_different


@given(traces(), traces())
@settings(max_examples=share(40), deadline=None)
def test_the_comparison_the_other_way_round_mirrors_it(left: Trace, right: Trace) -> None:
    there = compare(_folded(left), _folded(right))
    back = compare(_folded(right), _folded(left))
    assert there.is_different == back.is_different


@given(traces(hostile=True), traces(hostile=True))
@settings(max_examples=share(40), deadline=None)
def test_hostile_text_cannot_reach_the_terminal(left: Trace, right: Trace) -> None:
    for language in ("en", "zh"):
        stream = io.StringIO()
        write_diff_text(compare(_folded(left), _folded(right), "\x1b[2J", "\ud800"), stream, language)
        text = stream.getvalue()
        text.encode()
        assert all(char == "\n" or char.isprintable() or ord(char) > 0xFF for char in text)
        assert "\u202e" not in text


KEYS = st.lists(st.tuples(st.just("k"), st.sampled_from("abc")), max_size=12)


@given(KEYS, KEYS)
def test_matches_are_a_longest_common_subsequence(
    left: list[tuple[str, str]], right: list[tuple[str, str]]
) -> None:
    found = matches(left, right)
    assert all(left[i] == right[j] for i, j in found)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(found))
    lengths = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in range(len(left) - 1, -1, -1):
        for j in range(len(right) - 1, -1, -1):
            lengths[i][j] = (
                lengths[i + 1][j + 1] + 1
                if left[i] == right[j]
                else max(lengths[i + 1][j], lengths[i][j + 1])
            )
    assert len(found) == lengths[0][0]


def _long(call_count: int, other: int) -> Trace:
    """Calls in a deep and in a flat part; every ``other``-th one is another function."""
    builder = TraceBuilder.new()
    names = [function.qualname for function in builder.trace.functions.values()]
    parent = builder.add("<module>")
    for i in range(call_count):
        name = names[(i * 7 + (1 if other and i % other == 0 else 0)) % len(names)]
        parent_now = parent if i % 5 == 0 else len(builder.trace.calls)
        depth = builder.trace.calls.depth[parent_now - 1]
        builder.add(name, parent_now if depth < 6 else parent)
    return builder.trace


def test_it_takes_seconds_for_long_traces_however_different() -> None:
    same, little, much = (_folded(_long(20_000, other)) for other in (0, 997, 3))
    started = time.process_time()
    for right in (little, much):
        diff = compare(same, right)
        assert diff.is_different
    assert time.process_time() - started < 12  # 0.5 s and 2 s where this was written


def test_removed_steps_stand_below_their_callers() -> None:
    """One side has a caller more around them: that must not move them under their neighbours."""
    builder = TraceBuilder.new()
    outer = builder.add("Flask.full_dispatch_request", builder.add("Flask.wsgi_app"))
    push = builder.add("RequestContext.push", outer)
    builder.add("index", builder.add("Flask.dispatch_request", push))
    builder.add("LocalStack.push", push)
    left, builder = _folded(builder.trace), TraceBuilder.new()
    push = builder.add("RequestContext.push", builder.add("Flask.wsgi_app"))
    builder.add("index", builder.add("Flask.dispatch_request", push))
    diff = compare(left, _folded(builder.trace))
    assert [(row.depth, row.step.function.qualname) for row in diff.rows] == [
        (0, "Flask.wsgi_app"),
        (1, "Flask.full_dispatch_request"),
        (1, "RequestContext.push"),
        (2, "Flask.dispatch_request"),
        (3, "index"),
        (2, "LocalStack.push"),
    ]


@settings(max_examples=share(60))
@given(traces(), traces())
def test_each_row_is_at_most_one_deeper_than_the_one_above(left: Trace, right: Trace) -> None:
    diff = compare(_folded(left), _folded(right))
    shown = [row for row in diff.rows if not row.folded_count and not row.below_count]
    if len(shown) == len(diff.rows):  # else what lies between is only counted
        assert all(below.depth <= above.depth + 1 for above, below in pairwise(shown))
