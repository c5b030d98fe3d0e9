"""The walkthroughs' chains, from a run of the first one's own script, unmodified."""

import json
from pathlib import Path

import pytest
from tests.commands import flasktrace

from flasktrace.tracer.model import Origin, Trace
from flasktrace.tracer.query import contains_chain
from flasktrace.tracer.store import read_trace

SCRIPT = """\
from flask import Flask, globals

app = Flask(__name__)

@app.route('/index')
def index():
    return 'index'

if __name__ == '__main__':
    app.run()
"""

# WALKTHROUGHS A.1 to A.4, with what a real run shows to be so: the server is threaded.
CHAINS = {
    "1 instance": "Flask.__init__ -> Flask.route -> Flask.route.<locals>.decorator -> Flask.add_url_rule"
    " -> Rule.__init__ -> Map.add",
    "2 start-up": "Flask.run -> run_simple -> run_simple.<locals>.inner -> make_server"
    " -> BaseWSGIServer.__init__ -> TCPServer.__init__ -> BaseServer.__init__ -> HTTPServer.server_bind"
    " -> TCPServer.server_bind -> TCPServer.server_activate -> BaseWSGIServer.serve_forever"
    " -> BaseServer.serve_forever",
    "3 accept": "BaseServer.serve_forever -> BaseServer._handle_request_noblock"
    " -> BaseWSGIServer.get_request -> BaseServer.verify_request -> ThreadingMixIn.process_request"
    " -> ThreadingMixIn.process_request_thread -> BaseServer.finish_request"
    " -> BaseRequestHandler.__init__ -> StreamRequestHandler.setup -> WSGIRequestHandler.handle"
    " -> BaseHTTPRequestHandler.handle -> WSGIRequestHandler.handle_one_request"
    " -> BaseHTTPRequestHandler.parse_request -> WSGIRequestHandler.run_wsgi"
    " -> WSGIRequestHandler.make_environ -> WSGIRequestHandler.run_wsgi.<locals>.execute"
    " -> Flask.__call__",
    "4 app": "Flask.__call__ -> Flask.wsgi_app -> Flask.request_context -> RequestContext.__init__"
    " -> RequestContext.push -> Flask.app_context -> AppContext.push -> LocalStack.push"
    " -> LocalStack.push -> SecureCookieSessionInterface.open_session -> RequestContext.match_request"
    " -> Flask.full_dispatch_request -> Flask.try_trigger_before_first_request_functions"
    " -> Flask.preprocess_request -> Flask.dispatch_request -> index -> Flask.finalize_request"
    " -> Flask.make_response -> Flask.process_response -> BaseResponse.__call__"
    " -> RequestContext.auto_pop -> RequestContext.pop -> AppContext.pop",
    "6 bytes and end": "WSGIRequestHandler.run_wsgi.<locals>.execute -> BaseResponse.__call__"
    " -> WSGIRequestHandler.run_wsgi.<locals>.start_response -> RequestContext.pop"
    " -> WSGIRequestHandler.run_wsgi.<locals>.write -> BaseHTTPRequestHandler.end_headers"
    " -> TCPServer.shutdown_request",
}
INSTALLED_CHAIN = (
    "Flask.__init__ -> Flask.run -> run_simple -> make_server -> BaseWSGIServer.serve_forever"
    " -> BaseServer._handle_request_noblock -> ThreadingMixIn.process_request_thread"
    " -> WSGIRequestHandler.run_wsgi -> Flask.__call__ -> Flask.wsgi_app -> Flask.full_dispatch_request"
    " -> Flask.dispatch_request -> index -> Flask.finalize_request -> Response.__call__"
)


def _flasktrace(folder: Path, *arguments: str) -> str:
    done = flasktrace(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a run on the bundled engine, and what it printed."""
    folder = tmp_path_factory.mktemp("walkthrough")
    (folder / "walk.py").write_text(SCRIPT)
    return folder, _flasktrace(folder, "run", "walk.py", "-r", "GET /index", "--lang", "en")


@pytest.fixture(scope="module")
def trace(played: tuple[Path, str]) -> Trace:
    """The trace of that run."""
    return read_trace(played[0] / "walk-trace" / "trace.flasktrace")


@pytest.mark.parametrize("name", CHAINS)
def test_each_chain_of_the_first_walkthrough_is_in_the_trace_in_order(trace: Trace, name: str) -> None:
    names = CHAINS[name].split(" -> ")
    assert contains_chain(trace, names) is not None


def test_a_chain_in_another_order_is_not_found(trace: Trace) -> None:
    assert contains_chain(trace, ["Flask.dispatch_request", "Flask.preprocess_request"]) is None


def test_the_request_went_over_the_socket_and_was_answered(trace: Trace) -> None:
    assert [(r.method, r.target, r.status) for r in trace.requests] == [("GET", "/index", 200)]


def test_the_workers_thread_is_joined_to_process_request(trace: Trace) -> None:
    (worker,) = [thread for thread in trace.threads if thread.started_by is not None]
    assert worker.started_by is not None
    starter = trace.function_of(trace.call(worker.started_by))
    assert starter.qualname == "ThreadingMixIn.process_request"
    first = next(call for call in trace.calls if call.thread_id == worker.id)
    assert first.parent_id == worker.started_by
    assert trace.function_of(first).qualname == "ThreadingMixIn.process_request_thread"


def test_the_server_is_stopped_at_the_end(trace: Trace) -> None:
    assert contains_chain(trace, ["TCPServer.shutdown_request", "TCPServer.server_close"]) is not None


def test_nothing_of_flasktrace_and_nothing_of_the_scope_outside_is_in_the_trace(trace: Trace) -> None:
    assert trace.dropped_count == 0
    assert not [f for f in trace.functions.values() if f.module.startswith("flasktrace")]
    origins = {f.origin for f in trace.functions.values()}
    assert origins == {Origin.USER, Origin.FLASK, Origin.WERKZEUG, Origin.SERVER}


def test_the_files_are_written_and_named(played: tuple[Path, str]) -> None:
    folder, printed = played
    for name in ("trace.flasktrace", "sequence.svg", "callgraph.svg"):
        assert (folder / "walk-trace" / name).stat().st_size > 1000
        assert f"walk-trace/{name}" in printed


def test_show_prints_the_tree_that_run_printed(played: tuple[Path, str]) -> None:
    folder, printed = played
    shown = _flasktrace(folder, "show", "walk-trace/trace.flasktrace", "--lang", "en")
    assert printed.startswith(shown)


def test_the_json_export_has_the_fixed_shape(played: tuple[Path, str], trace: Trace) -> None:
    folder, _ = played
    data = json.loads(_flasktrace(folder, "export", "walk-trace/trace.flasktrace", "--format", "json"))
    assert (data["format"], data["version"], data["dropped_count"]) == ("flasktrace", 1, 0)
    assert len(data["calls"]) == len(trace.calls)
    assert {"id", "parent_id", "function_id", "thread_id", "request_id", "depth", "call_line", "start_ns",
            "end_ns", "phase", "receiver", "parameters", "outcome"} <= set(data["calls"][0])  # fmt: skip
    assert data["requests"] == [{"id": 1, "method": "GET", "target": "/index", "status": 200}]


def test_the_installed_engine_gives_the_same_views(tmp_path: Path) -> None:
    (tmp_path / "walk.py").write_text(SCRIPT)
    printed = _flasktrace(tmp_path, "run", "walk.py", "--engine", "installed", "--lang", "en")
    trace = read_trace(tmp_path / "walk-trace" / "trace.flasktrace")
    assert trace.metadata.flask_version.startswith("3.")
    assert contains_chain(trace, INSTALLED_CHAIN.split(" -> ")) is not None
    assert "full_dispatch_request" in printed
    for name in ("sequence.svg", "callgraph.svg"):
        assert "index" in (tmp_path / "walk-trace" / name).read_text()


def test_scenarios_lists_the_bundled_ones(tmp_path: Path) -> None:
    listed = _flasktrace(tmp_path, "scenarios")
    for name in ("hello", "hooks", "errors", "routing", "session", "blueprint"):
        assert f"  {name} " in listed
    chinese = _flasktrace(tmp_path, "scenarios", "--lang", "zh")
    assert "\n服务器\n" in chinese and "  reloader " in chinese and "重载器：" in chinese
