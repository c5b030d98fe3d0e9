"""Whole runs of a script, each in a process of its own: responses, chains, failures, interruption."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.commands import run_apart, run_code

from flasktrace.tracer import query
from flasktrace.tracer.engines import available_engines
from flasktrace.tracer.model import Origin, Raised, Trace
from flasktrace.tracer.requests import PlannedRequest
from flasktrace.tracer.store import read_trace

HELLO = """\
from flask import Flask, globals

app = Flask(__name__)

@app.route('/index')
def index():
    return 'index'

if __name__ == '__main__':
    app.run()
"""

PLAYER = """\
import json, sys
from pathlib import Path
from flasktrace.tracer.play import PlayOptions, Scenario, play
from flasktrace.tracer.requests import parse_request
from flasktrace.tracer.errors import FlasktraceError
given = json.loads(sys.argv[1])
options = PlayOptions(
    engine=given["engine"], trace_path=Path(given["path"]), timeout_s=given["timeout_s"],
    recorder=given["recorder"], requests=tuple(parse_request(text) for text in given["requests"]),
)
try:
    result = play(Scenario(given["target"]), options)
except FlasktraceError as error:
    print(json.dumps({"refused": str(error)}))
else:
    print(json.dumps({
        "failure": str(result.failure) if result.failure else "",
        "traceback": result.program_traceback,
        "interrupted": result.was_interrupted,
        "responses": [[r.status, r.body.decode("latin-1"), r.headers] for r in result.responses],
    }))
"""


def orders(
    script: Path | str,
    folder: Path,
    engine: str,
    requests: tuple[str, ...],
    timeout_s: float,
    recorder: str = "",
) -> str:
    """What the player is told."""
    given = {
        "target": str(script),
        "engine": engine,
        "path": str(folder / "out.flasktrace"),
        "timeout_s": timeout_s,
        "requests": requests,
        "recorder": recorder,
    }
    return json.dumps(given)


def run(
    source: str,
    folder: Path,
    *requests: str,
    engine: str = "installed",
    timeout_s: float = 40,
    target: str = "",
    recorder: str = "",
    under: tuple[str, ...] = (),
) -> tuple[dict[str, Any], Trace | None]:
    script = folder / "script.py"
    script.write_text(source, encoding="utf-8")
    given = orders(target or script, folder, engine, requests, timeout_s, recorder)
    if under:
        words = [*under, sys.executable, "-c", PLAYER, given]
        done = subprocess.run(words, capture_output=True, text=True, timeout=100, cwd=folder)
    else:
        done = run_apart(folder, run_code, PLAYER, given, timeout_s=100)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stderr
    path = folder / "out.flasktrace"
    return json.loads(lines[-1]), read_trace(path) if path.exists() else None


CHAINS = [
    "Flask.__init__ -> Flask.route -> Flask.route.<locals>.decorator -> Flask.add_url_rule"
    " -> Rule.__init__ -> Map.add",
    "Flask.run -> run_simple -> run_simple.<locals>.inner -> make_server -> BaseWSGIServer.__init__"
    " -> TCPServer.__init__ -> BaseServer.__init__ -> HTTPServer.server_bind -> TCPServer.server_bind"
    " -> TCPServer.server_activate -> BaseWSGIServer.serve_forever -> BaseServer.serve_forever",
    "BaseServer._handle_request_noblock -> get_request -> verify_request -> ThreadingMixIn.process_request"
    " -> process_request_thread -> finish_request -> BaseRequestHandler.__init__ -> setup"
    " -> WSGIRequestHandler.handle -> BaseHTTPRequestHandler.handle -> WSGIRequestHandler.handle_one_request"
    " -> parse_request -> run_wsgi -> make_environ -> execute -> Flask.__call__",
    "Flask.__call__ -> wsgi_app -> request_context -> RequestContext.__init__ -> RequestContext.push"
    " -> app_context -> AppContext.push -> LocalStack.push -> LocalStack.push -> open_session"
    " -> match_request -> full_dispatch_request -> try_trigger_before_first_request_functions"
    " -> preprocess_request -> dispatch_request -> __main__.index -> finalize_request"
    " -> make_response -> process_response -> BaseResponse.__call__ -> RequestContext.auto_pop"
    " -> RequestContext.pop",
    "Flask.__init__ -> serve_forever -> shutdown_request",
]


def test_the_walkthroughs_chains_come_out_of_the_bundle(tmp_path: Path) -> None:
    result, trace = run(HELLO, tmp_path, engine="bundled")
    assert result["failure"] == "" and result["responses"][0][:2] == [200, "index"]
    assert trace is not None
    for chain in CHAINS:
        assert query.contains_chain(trace, query.split_chain(chain)), chain
    worker = next(thread for thread in trace.threads if thread.started_by is not None)
    assert worker.started_by is not None
    starter = trace.function_of(trace.call(worker.started_by))
    assert starter.qualname == "ThreadingMixIn.process_request"
    assert not any("flasktrace" in function.module for function in trace.functions.values())


def test_the_installed_engine_gives_its_own_chain(tmp_path: Path) -> None:
    result, trace = run(HELLO, tmp_path)
    assert result["responses"][0][:2] == [200, "index"]
    assert trace is not None and trace.metadata.flask_version.startswith("3.")
    chain = "Flask.run -> run_simple -> make_server -> process_request_thread -> wsgi_app -> index"
    assert query.contains_chain(trace, query.split_chain(chain))
    assert [(r.method, r.target, r.status) for r in trace.requests] == [("GET", "/index", 200)]


ECHO = """\
from flask import Flask, abort, request, session, stream_with_context
app = Flask(__name__)
app.secret_key = "planted-secret-key"

@app.route("/echo/<name>", methods=["GET", "POST"])
def echo(name):
    session["n"] = name
    return {"name": name, "form": request.form.get("a"), "agent": str(request.user_agent)}

@app.route("/stream")
def stream():
    def parts():
        yield "a"
        yield request.path
    return app.response_class(stream_with_context(parts()))

@app.route("/gone")
def gone():
    abort(410)

if __name__ == "__main__":
    app.run(port=PORT)
"""


def fetch(port: int, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.putheader("User-Agent", "flasktrace")
    connection.putheader("Accept", "*/*")
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.getheaders(), body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("the server did not come up")


def test_responses_are_the_same_traced_or_not(tmp_path: Path) -> None:
    port = free_port()
    source = ECHO.replace("PORT", str(port))
    paths = ["/echo/ada", "/stream", "/gone", "/none"]
    traced, _ = run(source, tmp_path, *(f"GET {path}" for path in paths))
    server = subprocess.Popen([sys.executable, tmp_path / "script.py"], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        plain = [fetch(port, path) for path in paths]
    finally:
        server.terminate()
        server.wait()
    assert traced["failure"] == ""
    for (status, body, headers), (plain_status, plain_headers, plain_body) in zip(
        traced["responses"], plain, strict=True
    ):
        assert (status, body.encode("latin-1")) == (plain_status, plain_body)
        names = [(n, v) for n, v in plain_headers if n not in ("Date", "Set-Cookie")]
        assert [(n, v) for n, v in headers if n not in ("Date", "Set-Cookie")] == names


SECRETS = """\
from flask import Flask, jsonify, request, session
app = Flask(__name__)
app.config["SECRET_KEY"] = "planted-secret-key"

def check(password, api_key="planted-api-key"):
    if password != "x":
        raise ValueError("wrong: password=" + password)

@app.route("/login", methods=["GET", "POST"])
def login():
    session["token"] = "planted-token"
    who = request.authorization
    seen = request.headers.get("X-Api-Key"), request.cookies.get("sid"), request.form.get("password")
    try:
        check(seen[2])
    except ValueError as error:
        app.logger.error(error)
    response = jsonify(ok=True)
    response.set_cookie("remember", "planted-remember")
    return response

REQUESTS = [
    {"method": "POST", "path": "/login?password=planted-in-url", "data": {"password": "planted-in-form"},
     "headers": {"Authorization": "Basic YWRhOnBsYW50ZWQtYmFzaWM=", "X-Api-Key": "planted-key-header",
                 "Cookie": "sid=planted-cookie"}},
]
app.run()
"""


@pytest.mark.parametrize("engine", ["bundled", "installed"])
def test_secrets_are_nowhere_in_the_file(engine: str, tmp_path: Path) -> None:
    result, trace = run(SECRETS, tmp_path, engine=engine)
    assert trace is not None and result["responses"][0][0] == 200
    content = (tmp_path / "out.flasktrace").read_bytes()
    assert b"login" in content and b"***" in content
    found = re.findall(rb".{0,60}(?:planted|YWRhOnBsYW).{0,40}", content, re.DOTALL)
    assert not found


def test_requests_come_from_the_script(tmp_path: Path) -> None:
    source = HELLO.replace(
        "app =", "REQUESTS = ['GET /index', {'method': 'POST', 'path': '/index', 'data': {'a': 'b'}}]\napp ="
    )
    result, trace = run(source, tmp_path)
    assert [response[0] for response in result["responses"]] == [200, 405]
    assert trace is not None and {r.method for r in trace.requests} == {"GET", "POST"}


def test_each_request_has_its_own_calls(tmp_path: Path) -> None:
    _, trace = run(HELLO, tmp_path, "GET /index", "GET /nowhere", "GET /index")
    assert trace is not None
    for number, count in ((1, 1), (2, 0), (3, 1)):
        part = query.request(trace, number)
        part.validate()
        assert sum(part.function_of(call).name == "index" for call in part.calls) == count
        assert sum(part.function_of(call).name == "wsgi_app" for call in part.calls) == 1
        assert part.function_of(part.calls[0]).name == "_handle_request_noblock"


@pytest.mark.parametrize("run_arguments", ["debug=True", "threaded=False", "host='0.0.0.0'"])
def test_ways_to_serve(run_arguments: str, tmp_path: Path) -> None:
    result, trace = run(HELLO.replace("app.run()", f"app.run({run_arguments})"), tmp_path)
    assert (result["failure"], result["responses"][0][0]) == ("", 200)
    assert trace is not None and len(trace.calls) > 100


def test_the_calls_of_forked_processes_come_home(tmp_path: Path) -> None:
    source = HELLO.replace("run()", "run(threaded=False, processes=2)")
    result, trace = run(source, tmp_path, "GET /index", "GET /index")
    assert [response[0] for response in result["responses"]] == [200, 200]
    assert trace is not None
    for number in (1, 2):
        part = query.request(trace, number)
        chain = (
            "_handle_request_noblock -> ForkingMixIn.process_request -> finish_request -> wsgi_app -> index"
        )
        assert query.contains_chain(part, query.split_chain(chain))
        starters = {part.function_of(part.call(t.started_by)).name for t in part.threads if t.started_by}
        assert starters == {"process_request"}
    # Files that only the children have run are known for what they are, too.
    users = {each.qualname for each in trace.functions.values() if each.origin is Origin.USER}
    assert users == {"<module>", "index"}
    assert "flask.ctx" in {each.module for each in trace.functions.values()}


def test_a_forked_child_that_comes_back_ends_alone(tmp_path: Path) -> None:
    source = HELLO.replace(
        "app.run()", "import os\n    if not os.fork():\n        index()\n    else:\n        app.run()"
    )
    result, trace = run(source, tmp_path)
    assert result["failure"] == "" and result["responses"][0][0] == 200
    assert trace is not None
    assert [trace.function_of(call).name for call in trace.calls].count("index") == 2


def test_a_script_that_only_builds_its_app_is_served(tmp_path: Path) -> None:
    result, _ = run(HELLO.replace("if __name__ == '__main__':\n    app.run()", ""), tmp_path)
    assert (result["failure"], result["responses"][0][0]) == ("", 200)


@pytest.mark.parametrize("target", ["script:app", "script:create_app()", "script:create_app('x')", "script"])
def test_an_app_in_a_module_is_served(target: str, tmp_path: Path) -> None:
    result, _ = run(HELLO + "\ndef create_app(name=''):\n    return app\n", tmp_path, target=target)
    assert (result["failure"], result["responses"][0][0]) == ("", 200)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1", "starts no server and has no app"),
        ("import sys; sys.exit(3)", "exited with status 3 before it started a server"),
        ("1 / 0", "raised ZeroDivisionError"),
        ("def broken(:", "raised SyntaxError"),
        (HELLO.replace("/index", "/<x>").replace("index()", "index(x)"), "no route without parameters"),
        ("REQUESTS = [7]\n" + HELLO, "an entry of REQUESTS is a int"),
    ],
)
def test_failures_are_one_clear_line(source: str, message: str, tmp_path: Path) -> None:
    result, _ = run(source, tmp_path, timeout_s=5)
    assert message in result["failure"] and "\n" not in result["failure"]


def test_a_script_that_raises_shows_its_own_traceback(tmp_path: Path) -> None:
    result, trace = run("def f():\n    return 1 / 0\n\nf()\n", tmp_path)
    assert "ZeroDivisionError" in result["traceback"] and "flasktrace" not in result["traceback"]
    assert 'script.py", line 4, in <module>' in result["traceback"]
    assert trace is not None
    assert [type(call.outcome) for call in trace.calls] == [Raised, Raised]


def test_no_such_script_is_refused(tmp_path: Path) -> None:
    result, trace = run("", tmp_path, target="nowhere.py")
    assert "no such script" in result["refused"] and trace is None
    assert "no module" in run("", tmp_path, target="nowhere.at.all:app")[0]["failure"]


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        result, _ = run(HELLO.replace("run()", f"run(port={port})"), tmp_path)
    assert f"insists on port {port}" in result["failure"]


@pytest.mark.parametrize("threaded", [True, False])
def test_a_server_that_never_answers_is_given_up(threaded: bool, tmp_path: Path) -> None:
    source = HELLO.replace("return 'index'", "import time; time.sleep(60)")
    result, trace = run(source.replace("run()", f"run(threaded={threaded})"), tmp_path, timeout_s=1)
    assert "did not answer GET /index within 1 s" in result["failure"]
    assert trace is not None and query.contains_chain(trace, ["wsgi_app", "index"])


def test_a_script_that_never_serves_is_given_up(tmp_path: Path) -> None:
    result, _ = run("import time\ntime.sleep(60)\n", tmp_path, timeout_s=0.5)
    assert "no server listened within 0.5 s" in result["failure"]


def test_it_ends_in_the_background_of_a_shell_too_where_ctrl_c_is_ignored(tmp_path: Path) -> None:
    began_s = time.monotonic()
    shell = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")
    result, trace = run(HELLO + "import time\ntime.sleep(90)\n", tmp_path, timeout_s=2, under=shell)
    assert time.monotonic() - began_s < 60
    assert "the script went on after its server had been stopped" in result["failure"]
    assert trace is not None and query.contains_chain(trace, ["wsgi_app", "index"])


SLOW = HELLO.replace("return 'index'", "print('READY', flush=True); import time; time.sleep(60)")


def start_slow(folder: Path) -> "subprocess.Popen[str]":
    script = folder / "script.py"
    script.write_text(SLOW)
    words = [sys.executable, "-c", PLAYER, orders(script, folder, "installed", (), 30)]
    player = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert player.stdout is not None
    while "READY" not in (line := player.stdout.readline()):
        assert line, "the player ended"
    return player


def test_ctrl_c_ends_it_and_keeps_the_trace(tmp_path: Path) -> None:
    player = start_slow(tmp_path)
    player.send_signal(signal.SIGINT)
    output, _ = player.communicate(timeout=20)
    assert json.loads(output.splitlines()[-1])["interrupted"]
    assert query.contains_chain(read_trace(tmp_path / "out.flasktrace"), ["wsgi_app", "index"])


def test_a_killed_process_leaves_a_readable_trace(tmp_path: Path) -> None:
    player = start_slow(tmp_path)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if query.contains_chain(read_trace(tmp_path / "out.flasktrace"), ["Flask.run", "index"]):
            break
    player.kill()
    player.communicate()
    trace = read_trace(tmp_path / "out.flasktrace")
    assert query.contains_chain(trace, ["Flask.__init__", "Flask.run", "index"])


def story(trace: Trace, request_id: int | None) -> list[tuple[object, ...]]:
    """What must be alike in two recordings of one program: all but times, ids and the server's polling."""
    return [
        (function.dotted_name, call.depth, call.call_line, type(call.outcome).__name__, len(call.parameters))
        for call in trace.calls
        if call.request_id == request_id
        and not (function := trace.function_of(call)).module.startswith("selectors")
        and function.name != "service_actions"
    ]


@pytest.mark.skipif(len(available_engines()) < 2, reason="this Python has one engine of the recorder only")
@pytest.mark.parametrize("engine", ["bundled", "installed"])
def test_the_recorders_engines_tell_the_same_story(engine: str, tmp_path: Path) -> None:
    requests = ("GET /echo/ada", "GET /stream", "GET /gone", "GET /none")
    source = ECHO.replace("port=PORT", "")
    traces = []
    for recorder in available_engines():
        _, trace = run(source, tmp_path, *requests, engine=engine, recorder=recorder)
        assert trace is not None and trace.metadata.recorder == recorder
        traces.append(trace)
    for request_id in (None, 1, 2, 3, 4):
        assert story(traces[0], request_id) == story(traces[1], request_id)
    assert len(traces[0].markers) == len(traces[1].markers)


def test_planned_requests_are_as_curl_would_send_them() -> None:
    assert str(PlannedRequest("GET", "/x")) == "GET /x"


def test_the_environment_is_left_as_it_was(tmp_path: Path) -> None:
    source = HELLO.replace("app.run()", "app.run(debug=True)") + "import os; print(sorted(os.environ))\n"
    run(source, tmp_path)
    assert "WERKZEUG_RUN_MAIN" not in os.environ
