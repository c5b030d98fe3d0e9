"""``flasktrace export --format otlp --send``: a collector gets every call as a span."""

import importlib.util
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.strategies_traces import TraceBuilder

from flasktrace.cli import main
from flasktrace.tracer.model import Metadata, Raised
from flasktrace.tracer.store import write_trace


class Collector(HTTPServer):
    """Takes what is posted to it and answers with a status."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CollectorHandler)
        self.bodies: list[tuple[str, bytes]] = []


class CollectorHandler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append((self.path, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def collector(cannot_run: Callable[[str], None]) -> Iterator[Collector]:
    if importlib.util.find_spec("opentelemetry") is None:
        cannot_run("the opentelemetry packages are not installed")
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def trace_path(tmp_path: Path) -> Path:
    builder = TraceBuilder.new()
    builder.trace.metadata = Metadata(scenario="shop", created="2024-05-06T07:08:09+00:00")
    app = builder.add("Flask.wsgi_app")
    for _ in range(600):
        builder.add("index", app)
    builder.add("Flask.make_response", app, outcome=Raised("LookupError", "gone"))
    write_trace(builder.trace, tmp_path / "trace.flasktrace")
    return tmp_path / "trace.flasktrace"


def _export(trace_path: Path, *arguments: str) -> object:
    with pytest.raises(SystemExit) as stop:
        main(["export", str(trace_path), "--format", "otlp", *arguments])
    return stop.value.code


def test_each_call_is_a_span(
    collector: Collector, trace_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    url = f"http://127.0.0.1:{collector.server_port}"
    assert _export(trace_path, "--send", url) == 0
    assert capsys.readouterr().out == f"sent 602 spans to {url}\n"
    assert [path for path, _ in collector.bodies] == ["/v1/traces", "/v1/traces"]
    spans = []
    for _, body in collector.bodies:
        request = ExportTraceServiceRequest.FromString(body)
        resource = request.resource_spans[0].resource
        assert ("service.name", "shop") in [(a.key, a.value.string_value) for a in resource.attributes]
        spans += request.resource_spans[0].scope_spans[0].spans
    assert len({span.span_id for span in spans}) == 602
    assert {span.trace_id for span in spans} == {spans[0].trace_id}
    root, last = spans[0], spans[-1]
    assert (root.name, root.parent_span_id, last.parent_span_id) == ("Flask.wsgi_app", b"", root.span_id)
    assert (last.status.code, last.events[0].name) == (2, "exception")
    assert root.start_time_unix_nano // 10**9 == 1714979289


def test_a_collector_that_refuses_is_told_in_one_line(
    collector: Collector, trace_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.status = 400
    assert _export(trace_path, "--send", f"http://127.0.0.1:{collector.server_port}/own/path") == 2
    assert collector.bodies[0][0] == "/own/path"
    told = capsys.readouterr().err
    assert "does not take the spans" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--send", "localhost:4318"), "no collector's address"),
        (("--send", "http://127.0.0.1:1", "-o", "file"), "without -o"),
    ],
)
def test_wrong_use_is_told(
    trace_path: Path, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _export(trace_path, *arguments) == 2
    assert words in capsys.readouterr().err
