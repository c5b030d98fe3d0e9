"""Sends a trace to a collector by OTLP over HTTP, with the ``opentelemetry`` packages (extra ``otlp``)."""

import itertools
import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flasktrace.reports.exports.otlp import resource_of, spans_of
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Trace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

_BATCH = 500  # spans a request
_TIMEOUT_S = 5.0
_PATH = "/v1/traces"


def send_trace(trace: Trace, url: str) -> int:
    """Send every call of a trace as a span.

    Further settings (headers, certificates) are OpenTelemetry's own environment variables.

    Args:
        trace: as recorded.
        url: the collector's; without a path, OTLP's own path is added.

    Returns:
        The number of spans that were sent.

    Raises:
        UsageError: the packages are not installed, the address is none, or the collector does not take them.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import SpanExportResult
    except ModuleNotFoundError:
        raise UsageError(
            "sending needs the opentelemetry packages: pip install 'flasktrace[otlp]',"
            " or write a file with --format otlp -o FILE"
        ) from None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(f"{url!r} is no collector's address: write one such as http://localhost:4318")
    endpoint = url if parts.path.strip("/") else url.rstrip("/") + _PATH
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # what fails is told by us, in one line
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_TIMEOUT_S)
    count = 0
    try:
        spans = _spans(trace)
        while batch := tuple(itertools.islice(spans, _BATCH)):
            if exporter.export(batch) is not SpanExportResult.SUCCESS:
                raise UsageError(f"{endpoint} does not take the spans: is an OTLP collector listening there?")
            count += len(batch)
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]
    return count


def _spans(trace: Trace) -> "Iterator[ReadableSpan]":
    """The spans as the exporter takes them."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

    resource = Resource(_attributes(resource_of(trace)))
    scope = InstrumentationScope("flasktrace")

    def context(trace_id: str, span_id: str) -> SpanContext:
        return SpanContext(int(trace_id, 16), int(span_id, 16), False, TraceFlags(TraceFlags.SAMPLED))

    for span in spans_of(trace):
        data: dict[str, Any] = span
        parent = data.get("parentSpanId")
        status = data["status"]
        code = StatusCode.ERROR if status.get("code") else StatusCode.UNSET
        yield ReadableSpan(
            name=data["name"],
            context=context(data["traceId"], data["spanId"]),
            parent=context(data["traceId"], parent) if parent else None,
            resource=resource,
            attributes=_attributes(data["attributes"]),
            events=[
                Event(event["name"], _attributes(event["attributes"]), int(event["timeUnixNano"]))
                for event in data.get("events", ())
            ],
            status=Status(code, status.get("message") if code is StatusCode.ERROR else None),
            start_time=int(data["startTimeUnixNano"]),
            end_time=int(data["endTimeUnixNano"]),
            instrumentation_scope=scope,
        )


def _attributes(attributes: list[Any]) -> Mapping[str, str | int]:
    found: dict[str, str | int] = {}
    for attribute in attributes:
        value = attribute["value"]
        found[attribute["key"]] = int(value["intValue"]) if "intValue" in value else value["stringValue"]
    return found
