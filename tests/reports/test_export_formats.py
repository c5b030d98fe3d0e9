"""Exports for other tools: what each format demands, for any trace; and the real consumers where they are."""

import io
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.callgraph.geometry import EngineError
from flasktrace.reports.callgraph.layout import run_dot
from flasktrace.reports.exports import mermaid, plantuml
from flasktrace.reports.exports.intervals import nested_ends
from flasktrace.reports.exports.registry import EXPORTERS
from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Function, Metadata, Origin, Raised, Returned, Thread, Trace, Value

RESERVED = ["end", "End of it", "loop", "alt x", "note over P1: x", "%%{init}%%", "a;b", "#35;", "opt", "par"]
RESERVED += [
    "activate P1",
    "--x",
    "->>",
    "box",
    "rect rgb(0,0,0)",
    "participant",
    "sequenceDiagram",
    "(",
    "+",
    "-",
]


def _folded(trace: Trace, level: Level = Level.ALL) -> FoldedTrace:
    return fold(trace, Catalogue(), FoldOptions(level))


def _export(name: str, folded: FoldedTrace) -> str:
    stream = io.StringIO()
    EXPORTERS[name](folded, stream)
    return stream.getvalue()


def _json(name: str, trace: Trace) -> Any:
    return json.loads(_export(name, _folded(trace)))


def _sample() -> Trace:
    builder = TraceBuilder.new(request_count=1, thread_count=2)
    process = builder.add("ThreadingMixIn.process_request")
    thread = builder.add("ThreadingMixIn.process_request_thread", process, thread=2, request=1)
    app = builder.add("Flask.wsgi_app", thread, thread=2, request=1)
    value = Value("environ", "dict", 7, "{...}")
    builder.add("index", app, thread=2, request=1, parameters=(value,), outcome=Raised("KeyError", "'x'", 3))
    builder.add("Flask.make_response", app, thread=2, request=1, outcome=Returned(value, 9))
    builder.trace.metadata = Metadata("hello", created="2024-01-01T00:00:00+00:00")
    return builder.trace


def _named(names: list[str]) -> Trace:
    builder = TraceBuilder.new()
    for i, name in enumerate(names, 100):
        origin = Origin.USER if i % 2 else Origin.LIBRARY
        builder.trace.functions[i] = Function(i, name, name, name, 1, 2, origin)
        builder.add(name, parameters=(Value(name, name, 1, name),), outcome=Raised(name, name))
    return builder.trace


@given(traces(hostile=True))
@settings(max_examples=share(40), deadline=None)
def test_no_format_lets_hostile_text_through(trace: Trace) -> None:
    folded = _folded(trace)
    for name in EXPORTERS:
        text = _export(name, folded)
        text.encode()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text), name


@pytest.mark.parametrize("name", EXPORTERS)
def test_an_empty_trace_can_be_exported(name: str) -> None:
    assert _export(name, _folded(Trace()))


def test_mermaid_shows_calls_values_exceptions_and_hand_overs() -> None:
    lines = [line.strip() for line in _export("mermaid", _folded(_sample())).splitlines()]
    assert lines[0] == "sequenceDiagram"
    assert any(re.fullmatch(r"P\d-\)P\d: 2 process_request_thread\(\)", line) for line in lines)
    assert any(re.fullmatch(r"P\d->>P\d: 4 index\(environ=.*\)", line) for line in lines)
    assert any(re.fullmatch(r"P\d--xP\d: KeyError#58; 'x'", line) for line in lines)


def test_mermaid_stays_below_its_limit_and_counts_what_is_left_out() -> None:
    trace = _named(["function_with_quite_a_long_name"] * 3)
    builder = TraceBuilder(trace, trace.calls.end_ns[-1])
    names = [function.qualname for function in trace.functions.values()]
    for i in range(2_000):
        builder.add(names[i * i % len(names)], parameters=(Value("x", "str", 0, f"'{'<' * 30}{i}'"),))
    folded = fold(trace, Catalogue(), FoldOptions(Level.ALL, fold_repeats=False))
    text = _export("mermaid", folded)
    assert len(text) <= mermaid.MAX_CHARS
    shown = len(re.findall("->>P", text))
    (left_out,) = re.findall(r"(\d+) more steps do not fit", text)
    assert shown + int(left_out) == len(folded.steps)


@pytest.mark.parametrize("word", RESERVED)
def test_mermaid_sees_no_reserved_word_or_sign(word: str) -> None:
    escaped = mermaid.escape(word)
    assert not re.search(r"\b(end|loop|alt|note|opt|par|activate|box|rect|participant)\b", escaped, re.I)
    rest = re.sub(r"#\d+;", "", escaped)
    assert not set(rest) & set(";#%{}<>:\"'`\\") - {"'"}
    assert re.sub(r"#(\d+);", lambda match: chr(int(match[1])), escaped) == word


def test_plantuml_activates_and_deactivates_in_pairs() -> None:
    text = _export("plantuml", _folded(_sample()))
    assert text.startswith("@startuml\n") and text.endswith("@enduml\n")
    ended = len(re.findall(r"^deactivate | -- :", text, re.M))
    assert len(re.findall(r" \+\+ :", text)) == ended == 5


@pytest.mark.parametrize(
    "text", ["__init__", "**b**", "<b>", "//x//", "~", "a--b", '"', "[[http://x]]", "<U+0041>"]
)
def test_plantuml_markup_is_shown_as_it_is(text: str) -> None:
    escaped = plantuml.escape(text)
    plain = re.sub(r"<U\+([0-9A-F]{4,})>", lambda match: chr(int(match[1], 16)), escaped)
    assert plain == text
    assert not re.search(r"__|\*\*|//|--|[~\"\[\]]", escaped)


def _check_dot(source: str, cannot_run: Callable[[str], None]) -> bytes:
    try:
        run_dot("digraph {}", "plain")
    except EngineError as error:
        cannot_run(f"the DOT cannot be tried: {error}")
    return run_dot(source, "plain")


def test_graphviz_reads_the_dot(cannot_run: Callable[[str], None]) -> None:
    answer = _check_dot(_export("dot", _folded(_sample())), cannot_run).decode()
    assert Counter(line.split()[0] for line in answer.splitlines())["node"] == 5


def test_graphviz_reads_hostile_names_as_plain_text(cannot_run: Callable[[str], None]) -> None:
    names = [*RESERVED, "<b>", "\\n", "\\", '"', "a\\", "&lt;", "\u202ex", "x\ud800", "<a\nb>"]
    answer = _check_dot(_export("dot", _folded(_named(names))), cannot_run).decode()
    assert Counter(line.split()[0] for line in answer.splitlines())["node"] == len(names)


def test_chrome_events_have_slices_names_and_an_arrow_for_the_hand_over() -> None:
    events = _json("chrome", _sample())["traceEvents"]
    assert Counter(event["ph"] for event in events) == {"M": 5, "X": 5, "s": 1, "f": 1}
    start, end = (next(event for event in events if event["ph"] == phase) for phase in "sf")
    assert (start["id"], start["tid"], end["tid"], end["bp"]) == (end["id"], 1, 2, "e")
    index = next(event for event in events if event["name"] == "index")
    assert index["args"] == {
        "environ": "{...}",
        "raised": "KeyError: 'x'",
        "source": "/app/__main__.py:20",
        "request": 1,
    }


def test_chrome_shows_another_process_as_one() -> None:
    builder = TraceBuilder.new()
    builder.trace.threads.append(Thread(2, "MainThread in process 77", 1))
    builder.add("index", builder.add("Flask.wsgi_app"), thread=2)
    events = _json("chrome", builder.trace)["traceEvents"]
    names = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    assert names == {1: "flasktrace", 77: "flasktrace in process 77"}
    assert [(e["ph"], e["pid"]) for e in events if e["ph"] != "M"] == [
        ("X", 1),
        ("X", 77),
        ("s", 1),
        ("f", 77),
    ]


@given(traces())
@settings(max_examples=share(40), deadline=None)
def test_chrome_slices_of_a_thread_nest(trace: Trace) -> None:
    slices = [event for event in _json("chrome", trace)["traceEvents"] if event["ph"] == "X"]
    assert len(slices) == len(trace.calls)
    open_ends: dict[int, list[float]] = {}
    for event in slices:
        ends = open_ends.setdefault(event["tid"], [])
        while ends and ends[-1] <= event["ts"]:
            ends.pop()
        assert not ends or event["ts"] + event["dur"] <= ends[-1] + 1e-6
        ends.append(event["ts"] + event["dur"])


def test_a_suspended_generator_ends_where_the_next_call_begins() -> None:
    builder = TraceBuilder.new()
    root = builder.add("<module>")
    generator = builder.add("index", root)
    builder.add("Flask.wsgi_app", root)
    builder.add("Local.__getattr__", generator)
    calls = builder.trace.calls
    assert calls.end_ns[1] > calls.start_ns[2]
    ends = nested_ends(calls)
    assert ends[1] == calls.start_ns[2]
    assert [ends[i] for i in (0, 2, 3)] == [calls.end_ns[i] for i in (0, 2, 3)]


@given(traces())
@settings(max_examples=share(60), deadline=None)
def test_speedscope_profiles_are_what_its_schema_demands(trace: Trace) -> None:
    data = _json("speedscope", trace)
    assert data["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = data["shared"]["frames"]
    assert all(frame.keys() <= {"name", "file", "line", "col"} for frame in frames)
    opened = 0
    for profile in data["profiles"]:
        assert (profile["type"], profile["unit"]) == ("evented", "nanoseconds")
        stack: list[int] = []
        at = profile["startValue"]
        for event in profile["events"]:
            assert event["at"] >= at
            at = event["at"]
            if event["type"] == "O":
                opened += 1
                stack.append(event["frame"])
            else:
                assert event["frame"] == stack.pop()
        assert not stack and at <= profile["endValue"]
    assert opened == len(trace.calls)


@given(traces())
@settings(max_examples=share(60), deadline=None)
def test_appmap_events_are_what_its_schema_demands(trace: Trace) -> None:
    data = _json("appmap", trace)
    assert data["version"] == "1.12.0"
    known = {
        (f"{package['name']}.{owner['name']}", function["name"], function["location"])
        for package in data["classMap"]
        for owner in package["children"]
        for function in owner["children"]
    }
    events = data["events"]
    assert [event["id"] for event in events] == list(range(1, 2 * len(trace.calls) + 1))
    stacks: dict[int, list[int]] = {}
    for event in events:
        stack = stacks.setdefault(event["thread_id"], [])
        if event["event"] == "call":
            location = f"{event['path']}:{event['lineno']}"
            assert (event["defined_class"], event["method_id"], location) in known
            assert all(len(value["value"]) <= 100 for value in event["parameters"])
            stack.append(event["id"])
        else:
            assert event["parent_id"] == stack.pop()
            assert event["elapsed"] >= 0
    assert not any(stacks.values())


def test_appmap_tells_what_was_raised_and_by_whom() -> None:
    events = _json("appmap", _sample())["events"]
    (called,) = (event for event in events if event.get("method_id") == "index")
    (ended,) = (event for event in events if event.get("parent_id") == called["id"])
    assert [(error["class"], error["message"]) for error in ended["exceptions"]] == [("KeyError", "'x'")]
    assert [value["class"] for value in called["parameters"]] == ["dict"]


def test_otlp_spans_carry_times_parents_and_exceptions() -> None:
    data = _json("otlp", _sample())
    (resource,) = data["resourceSpans"]
    attributes = {item["key"]: item["value"] for item in resource["resource"]["attributes"]}
    assert attributes["service.name"] == {"stringValue": "hello"}
    spans = resource["scopeSpans"][0]["spans"]
    index = next(span for span in spans if span["name"] == "index")
    assert index["parentSpanId"] == "0000000000000003"
    assert index["startTimeUnixNano"] == str(1_704_067_200_000_000_000 + 4_000)
    assert index["status"]["code"] == 2
    assert index["events"][0]["name"] == "exception"
    assert all(re.fullmatch("[0-9a-f]{32}", span["traceId"]) for span in spans)
    assert all(re.fullmatch("[0-9a-f]{16}", span["spanId"]) for span in spans)
    assert len({span["spanId"] for span in spans}) == len(spans) == 5


def test_a_tour_leads_through_files_relative_to_the_program() -> None:
    tour = _json("tour", _sample())
    assert tour["title"] == "hello"
    index = next(step for step in tour["steps"] if "index" in step["title"])
    assert index["file"] == "__main__.py"
    assert index["line"] == 20
    assert all(("file" in step) != ("uri" in step) for step in tour["steps"])


def test_a_tour_shows_markup_as_text() -> None:
    tour = _json("tour", _named(["<script>alert(1)</script>", "[x](javascript:alert)"]))
    for step in tour["steps"]:
        assert not re.search(r"(?<!\\)[<\[]", step["description"])


@pytest.mark.parametrize("name", ["chrome", "speedscope", "otlp", "appmap", "json", "tour"])
def test_json_formats_are_ascii(name: str) -> None:
    assert _export(name, _folded(_named(["中文", "\ud800"]))).isascii()
