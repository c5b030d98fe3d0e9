"""OpenTelemetry's spans as OTLP JSON, a span a call, for any tracing backend that reads OTLP.

Attribute names are those of OpenTelemetry's semantic conventions (code, thread, exception). Times need a
date: that of the recording. Ids are made from the recording, so the same trace gives the same spans.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO

from flasktrace.reports.exports.common import call_arguments, dumps, trace_of, write_items
from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Call, Metadata, Raised, Returned, Trace

_INTERNAL, _ERROR = 1, 2  # SpanKind, StatusCode

Json = dict[str, object]


def write_otlp(source: Trace | FoldedTrace, stream: IO[str]) -> None:
    """Write every call of the trace as one ``ExportTraceServiceRequest``."""
    trace = trace_of(source)
    stream.write('{"resourceSpans": [{"resource": ' + dumps({"attributes": resource_of(trace)}))
    stream.write(', "scopeSpans": [{"scope": {"name": "flasktrace"}, "spans": [')
    write_items(stream, spans_of(trace))
    stream.write("]}]}]}\n")


def trace_id(metadata: Metadata) -> str:
    """The id of the recording: 32 hexadecimal digits."""
    seed = "\0".join((metadata.scenario, metadata.engine, metadata.created))
    return hashlib.sha256(seed.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def resource_of(trace: Trace) -> list[Json]:
    """The attributes of what made the spans: one recording of one program."""
    metadata = trace.metadata
    return [
        _text("service.name", metadata.scenario or "flasktrace"),
        _text("process.runtime.version", metadata.python_version),
        _text("flasktrace.engine", metadata.engine),
        _number("flasktrace.dropped_count", trace.dropped_count),
    ]


def spans_of(trace: Trace) -> Iterator[Json]:
    """Each call as a span, as OTLP's JSON has it."""
    recording = trace_id(trace.metadata)
    base_ns = _created_ns(trace.metadata)
    threads = {thread.id: clean(thread.name) for thread in trace.threads}
    requests = {request.id: request for request in trace.requests}
    for call in trace.calls:
        function = trace.functions[call.function_id]
        attributes = [
            _text("code.function.name", function.dotted_name),
            _text("code.file.path", function.file_path),
            _number("code.line.number", function.line_number),
            _number("thread.id", call.thread_id),
            _text("thread.name", threads[call.thread_id]),
        ]
        if call.phase:
            attributes.append(_text("flasktrace.phase", call.phase))
        request = requests.get(call.request_id or 0)
        if request is not None:
            attributes.append(_text("http.request.method", request.method))
            attributes.append(_text("url.path", request.target.partition("?")[0]))
        for name, text in call_arguments(call).items():
            attributes.append(_text(f"flasktrace.{name.replace(' ', '_')}", text))
        span: Json = {
            "traceId": recording,
            "spanId": f"{call.id:016x}",
            "name": clean(function.qualname),
            "kind": _INTERNAL,
            "startTimeUnixNano": str(base_ns + call.start_ns),
            "endTimeUnixNano": str(base_ns + call.end_ns),
            "attributes": _unique(attributes),
        }
        if call.parent_id is not None:
            span["parentSpanId"] = f"{call.parent_id:016x}"
        yield span | _outcome(call, base_ns)


def _outcome(call: Call, base_ns: int) -> Json:
    outcome = call.outcome
    if isinstance(outcome, Raised):
        exception = [_text("exception.type", outcome.class_name), _text("exception.message", outcome.text)]
        event = {"name": "exception", "timeUnixNano": str(base_ns + call.end_ns), "attributes": exception}
        return {"events": [event], "status": {"code": _ERROR, "message": clean(outcome.text)}}
    if isinstance(outcome, Returned):
        return {"status": {}}
    return {"status": {"message": "unfinished when the recording ended"}}


def _created_ns(metadata: Metadata) -> int:
    try:
        created = datetime.fromisoformat(metadata.created)
    except ValueError:
        return 0
    if created.tzinfo is None:
        created = created.replace(tzinfo=UTC)
    return round(created.timestamp() * 1_000_000) * 1_000


def _text(key: str, text: str) -> Json:
    return {"key": key, "value": {"stringValue": clean(text)}}


def _number(key: str, number: int) -> Json:
    return {"key": key, "value": {"intValue": str(number)}}  # 64 bits go as text in OTLP's JSON


def _unique(attributes: list[Json]) -> list[Json]:
    return list({str(attribute["key"]): attribute for attribute in attributes}.values())
