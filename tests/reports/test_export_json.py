"""The JSON export: what its schema says, and back again without a loss."""

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.exports.json_export import read_json, write_json
from flasktrace.reports.folding import fold
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.model import Metadata, Raised, Returned, Trace, Value

SCHEMA = Path(__file__).parents[2] / "schemas" / "trace.schema.json"


def _text(trace: Trace) -> str:
    stream = io.StringIO()
    write_json(trace, stream)
    return stream.getvalue()


def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _sample() -> dict[str, Any]:
    builder = TraceBuilder.new(request_count=1)
    value = Value("environ", "dict", 7, "{...}")
    app = builder.add("Flask.wsgi_app", request=1, receiver=value, parameters=(value,))
    builder.add("index", app, request=1, outcome=Raised("KeyError", "'x'", 3))
    builder.add("Flask.make_response", app, request=1, outcome=Returned(value, 9))
    builder.trace.metadata = Metadata("hello", "bundled", extra={"host": "x"})
    data: dict[str, Any] = json.loads(_text(builder.trace))
    return data


@given(traces(hostile=True))
@settings(max_examples=share(60), deadline=None)
def test_a_trace_survives_the_way_there_and_back(trace: Trace) -> None:
    back = read_json(io.StringIO(_text(trace)))
    assert list(back.calls) == list(trace.calls)
    assert back.functions == trace.functions
    assert (back.threads, back.requests, back.markers) == (trace.threads, trace.requests, trace.markers)
    assert (back.metadata, back.dropped_count) == (trace.metadata, trace.dropped_count)


@given(traces(hostile=True))
@settings(max_examples=share(20), deadline=None)
def test_every_export_keeps_to_the_schema(trace: Trace) -> None:
    _validator().validate(json.loads(_text(trace)))


def test_the_keys_are_those_of_the_published_format() -> None:
    data = _sample()
    assert (data["format"], data["version"]) == ("flasktrace", 1)
    call = data["calls"][1]
    assert list(call) == [
        "id",
        "parent_id",
        "function_id",
        "thread_id",
        "request_id",
        "depth",
        "call_line",
        "start_ns",
        "end_ns",
        "phase",
        "receiver",
        "parameters",
        "outcome",
    ]
    assert call["outcome"] == {"kind": "raised", "class_name": "KeyError", "text": "'x'", "line_number": 3}


def test_a_folded_trace_is_exported_whole() -> None:
    builder = TraceBuilder.new()
    for _ in range(3):
        builder.add("index")
    stream = io.StringIO()
    write_json(fold(builder.trace, Catalogue()), stream)
    assert stream.getvalue() == _text(builder.trace)


def test_the_schema_refuses_what_is_no_export() -> None:
    data = _sample()
    validator = _validator()
    assert validator.is_valid(data)
    for key in ("metadata", "calls", "dropped_count"):
        assert not validator.is_valid({k: v for k, v in data.items() if k != key})
    data["calls"][0]["outcome"] = {"kind": "vanished"}
    assert not validator.is_valid(data)


def test_only_ascii_is_written_so_that_any_stream_can_take_it() -> None:
    builder = TraceBuilder.new()
    builder.add("index", outcome=Raised("Fehler\ud800", "中文"))
    assert _text(builder.trace).isascii()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no valid JSON"),
        ("[" * 100_000, "no valid JSON"),
        ("[]", "no flasktrace export"),
        ('{"format": "appmap"}', "no flasktrace export"),
        ('{"format": "flasktrace", "version": 2}', "version 2"),
        ('{"format": "flasktrace", "version": 1}', "'metadata' is missing"),
    ],
)
def test_what_is_no_export_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(TraceError, match=message) as caught:
        read_json(io.StringIO(text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("id", "1", r"calls\[1\]: 'id'"),
        ("depth", True, r"calls\[1\]: 'depth'"),
        ("function_id", 2**40, r"calls\[1\]: a number is out of range"),
        ("start_ns", -5, "out of range"),
        ("parameters", [3], "a value is no object"),
        ("outcome", {"kind": "lost"}, "'kind'"),
        ("phase", 3, "'phase'"),
        ("parent_id", 99, "parent"),
    ],
)
def test_a_damaged_call_is_named(key: str, value: object, message: str) -> None:
    data = _sample()
    data["calls"][1][key] = value
    with pytest.raises(TraceError, match=message):
        read_json(io.StringIO(json.dumps(data)))
