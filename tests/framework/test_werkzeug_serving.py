"""The development server over real sockets. What is expected here genuine Werkzeug 1.0.1 has answered."""

import logging
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from flasktrace.framework.werkzeug import _internal, serving
from flasktrace.framework.werkzeug._serving_parts import styled_request_line

TEXT = "Content-Type: text/html; charset=utf-8\r\nContent-Length: 290\r\n"


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """An application with a path for each thing that a server can be made to do."""
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise ValueError("boom")
    if path == "/late":
        start_response("200 OK", [])(b"part")
        raise ValueError("late")
    if path == "/twice":
        start_response("200 OK", [])
        start_response("200 OK", [])
    if path == "/exc_info":
        start_response("200 OK", [])
        try:
            raise ValueError("seen in time")
        except ValueError:
            start_response("500 OOPS", [("Content-Length", "0")], sys.exc_info())
        return []
    if path == "/stop":
        environ["werkzeug.server.shutdown"]()
    if path == "/204":
        start_response("204 NO CONTENT", [])
        return []
    if path == "/echo":
        return echo(environ, start_response)
    answer = repr(environ.get(environ["QUERY_STRING"])).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Send the body back."""
    length = environ.get("CONTENT_LENGTH")
    try:
        body = environ["wsgi.input"].read(int(length) if length else -1)
    except OSError as error:
        body = repr(error).encode()
    start_response("200 OK", [("X-Echo", "1")])
    return [body]


@contextmanager
def running(**options: Any) -> Iterator[serving.BaseWSGIServer]:
    """A server on a free port, in a thread, until the block ends."""
    server = serving.make_server(**{"host": "127.0.0.1", "port": 0, "app": app, **options})
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server._BaseServer__shutdown_request = True  # type: ignore[attr-defined]
        # shutdown() would wait half a second for the server to look; a connection makes it look now.
        with suppress(ConnectionError):
            connect(server).close()
        thread.join(10)


def connect(server: serving.BaseWSGIServer) -> socket.socket:
    """A connection to the server."""
    client = socket.socket(server.address_family)
    client.settimeout(10)
    try:
        client.connect(server.server_address)
    except OSError:
        client.close()
        raise
    return client


def send(client: socket.socket, request: str) -> str:
    """Send a request and read until the server closes."""
    with client:
        client.sendall(request.replace("|", "\r\n").encode())
        chunks = iter(lambda: client.recv(65536), b"")
        answer = b"".join(chunks).decode("latin1")
    return re.sub(r"(Date|Server): [^\r]*\r\n", "", answer)


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines the server logs, without colours and times."""
    lines: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(re.sub(r"\x1b\[\d+m|\[\d\d/.*?\] ", "", record.getMessage()))

    logger = logging.Logger("werkzeug-test", logging.INFO)
    logger.addHandler(Collect())
    monkeypatch.setattr(_internal, "_logger", logger)
    return lines


def get(path: str, headers: str = "", version: str = "1.1") -> str:
    return f"GET {path} HTTP/{version}|{headers}|"


@pytest.mark.parametrize(
    ("request_text", "answer"),
    [
        (get("/"), "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nNone"),
        (get("/204"), "HTTP/1.0 204 NO CONTENT\r\n\r\n"),
        (get("/?HTTP_X", "x: 1|X: 2|"), "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n'1,2'"),
        (get("//a/b?PATH_INFO"), "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\n'/a/b'"),
        (get("http://h:1/?HTTP_HOST", "Host: o|"), "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n'h:1'"),
        (get("/a%20b?PATH_INFO"), "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\n'/a b'"),
        (get("/?REMOTE_ADDR"), "HTTP/1.0 200 OK\r\nContent-Length: 11\r\n\r\n'127.0.0.1'"),
        ("BREW /?REQUEST_METHOD HTTP/1.1||", "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\n'BREW'"),
        (get("/exc_info"), "HTTP/1.0 500 OOPS\r\nContent-Length: 0\r\n\r\n"),
        (
            "POST /echo HTTP/1.1|Content-Length: 2||hi",
            "HTTP/1.0 200 OK\r\nX-Echo: 1\r\nConnection: close\r\n\r\nhi",
        ),
        (
            "POST /echo HTTP/1.1|Expect: 100-continue|Content-Length: 2||hi",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nX-Echo: 1\r\nConnection: close\r\n\r\nhi",
        ),
        (
            "POST /echo HTTP/1.1|Transfer-Encoding: chunked||3|abc|4|defg|0||",
            "HTTP/1.0 200 OK\r\nX-Echo: 1\r\nConnection: close\r\n\r\nabcdefg",
        ),
        (
            "POST /echo HTTP/1.1|Transfer-Encoding: chunked||zz|abc|",
            "HTTP/1.0 200 OK\r\nX-Echo: 1\r\nConnection: close\r\n\r\nOSError('Invalid chunk header')",
        ),
        (
            "POST /echo HTTP/1.1|Transfer-Encoding: chunked||3|abcdef|",
            "HTTP/1.0 200 OK\r\nX-Echo: 1\r\nConnection: close\r\n\r\n"
            "OSError('Missing chunk terminating newline')",
        ),
    ],
)
def test_answers_are_byte_for_byte_those_of_genuine(request_text: str, answer: str) -> None:
    with running() as server:
        assert send(connect(server), request_text) == answer


@pytest.mark.parametrize("path", ["/boom", "/twice"])
def test_a_failing_application_gets_an_error_page_and_a_logged_traceback(path: str, log: list[str]) -> None:
    with running(threaded=True) as server:
        answer = send(connect(server), get(path))
    assert answer.startswith(f"HTTP/1.0 500 INTERNAL SERVER ERROR\r\n{TEXT}\r\n<!DOCTYPE HTML")
    assert log[0] == f'127.0.0.1 - - "GET {path} HTTP/1.1" 500 -'
    assert log[1].startswith("Error on request:\nTraceback (most recent call last):\n")


def test_an_error_after_the_headers_can_only_be_logged(log: list[str]) -> None:
    with running() as server:
        answer = send(connect(server), get("/late"))
    assert answer == "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\npart"
    assert [line.splitlines()[-1] for line in log] == [
        '127.0.0.1 - - "GET /late HTTP/1.1" 200 -',
        "ValueError: late",
    ]


def test_passed_on_errors_end_the_server() -> None:
    connections: list[socket.socket] = []

    class Handler(serving.WSGIRequestHandler):
        def setup(self) -> None:
            connections.append(self.request)
            super().setup()

    server = serving.make_server("127.0.0.1", 0, app, passthrough_errors=True, request_handler=Handler)
    with connect(server) as client:
        client.sendall(b"GET /boom HTTP/1.0\r\n\r\n")
        with pytest.raises(ValueError, match="boom"):
            server.serve_forever()
    connections[0].close()


def test_a_request_can_shut_the_server_down() -> None:
    server = serving.make_server("127.0.0.1", 0, app)
    with connect(server) as client:
        client.sendall(b"GET /stop HTTP/1.0\r\n\r\n")
        server.serve_forever()
        assert client.recv(100).startswith(b"HTTP/1.0 200 OK")
    assert server.socket.fileno() == -1


def test_a_client_that_goes_away_is_told_to_the_handler() -> None:
    dropped: list[tuple[str, bool]] = []
    has_gone = threading.Event()

    class Handler(serving.WSGIRequestHandler):
        def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
            dropped.append((type(error).__name__, environ is self.environ))

    def endless(environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x"
        has_gone.wait(10)
        while True:
            yield b"x" * 100_000

    with running(app=endless, request_handler=Handler) as server:
        client = connect(server)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        client.recv(1)
        client.close()
        has_gone.set()
    assert dropped and dropped[0][0] in ("ConnectionResetError", "BrokenPipeError") and dropped[0][1]


@pytest.mark.parametrize("form", ["adhoc", "files", "context"])
def test_tls_in_all_its_forms(form: str, tmp_path: Path) -> None:
    files = serving.make_ssl_devcert(str(tmp_path / "dev"), host="localhost")
    context: Any = {"adhoc": "adhoc", "files": files}.get(form)
    if context is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    with running(ssl_context=context, threaded=True) as server:
        answer = send(trusting.wrap_socket(connect(server)), get("/?wsgi.url_scheme"))
    assert answer.endswith("'https'")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no unix sockets here")
def test_a_unix_socket_that_was_left_behind_is_taken_over(tmp_path: Path) -> None:
    for _ in range(2):
        with running(host=f"unix://{tmp_path / 's'}") as server:
            assert send(connect(server), get("/?REMOTE_ADDR")).endswith("'<local>'")


def test_a_socket_can_be_inherited_by_its_number() -> None:
    with socket.create_server(("127.0.0.1", 0)) as inherited, running(fd=inherited.fileno()) as server:
        assert server.server_address == inherited.getsockname()
        assert send(connect(server), get("/")).endswith("None")


@pytest.mark.skipif(not serving.can_fork, reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_forking_server_answers_from_a_child() -> None:
    def pid_app(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [])
        return [f"{os.getpid()} {environ['wsgi.multiprocess']}".encode()]

    with running(app=pid_app, processes=2) as server:
        pid, is_multiprocess = send(connect(server), get("/")).split("\r\n\r\n")[1].split()
    assert int(pid) != os.getpid() and is_multiprocess == "True"


def test_threads_and_processes_together_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot have a multithreaded and multi process server"):
        serving.make_server("127.0.0.1", 0, app, threaded=True, processes=2)


def test_the_port_has_to_be_a_number() -> None:
    with pytest.raises(TypeError, match="port must be an integer"):
        serving.run_simple("127.0.0.1", "80", app)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "colours"),
    [
        ("101", "\x1b[1m{}\x1b[0m"),
        ("200", "\x1b[37m{}\x1b[0m"),
        ("304", "\x1b[36m{}\x1b[0m"),
        ("302", "\x1b[32m{}\x1b[0m"),
        ("404", "\x1b[33m{}\x1b[0m"),
        ("403", "\x1b[31m\x1b[1m{}\x1b[0m"),
        ("500", "\x1b[35m\x1b[1m{}\x1b[0m"),
    ],
)
def test_the_status_colours_the_log_line(status: str, colours: str) -> None:
    assert styled_request_line("GET / HTTP/1.1", status) == colours.format("GET / HTTP/1.1")


def test_a_request_line_cannot_steer_the_terminal(log: list[str]) -> None:
    with running() as server:
        send(connect(server), "GET /\x1b[31m\x07 HTTP/1.1||")
    assert log == ['127.0.0.1 - - "GET /\\x1b[31m\\x07 HTTP/1.1" 200 -']


def test_headers_with_underscores_cannot_pose_as_others() -> None:
    with running() as server:
        assert send(connect(server), get("/?HTTP_X_REAL", "X_Real: forged|")).endswith("None")


def test_only_what_tells_of_the_body_may_come_with_an_underscore() -> None:
    with running() as server:
        assert send(connect(server), get("/?CONTENT_TYPE", "content_type: a/b|")).endswith("'a/b'")
    with running() as server:
        forged = get("/?CONTENT_TYPE", "Content-Type: a/b|content_type: forged/x|")
        assert send(connect(server), forged).endswith("'a/b'")


RELOADED = """
from flasktrace.framework import activate
activate()
from werkzeug.serving import run_simple
import part

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "3")])
    return [part.TEXT]

run_simple("127.0.0.1", 0, app, use_reloader=True, use_debugger=True, reloader_type="stat",
           reloader_interval=0.05, static_files={"/static": "."})
"""


def wait_for(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stderr is not None
    return next(line for line in process.stderr if text in line)


@contextmanager
def keeps_changing(path: Path) -> Iterator[None]:
    """Give a file later and later times: the reloader may not have had its first look yet."""
    is_over = threading.Event()

    def change() -> None:
        time_s = 2**31
        while not is_over.wait(0.05):
            time_s += 1
            os.utime(path, (time_s, time_s))

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_the_reloader_restarts_on_the_same_socket(tmp_path: Path) -> None:
    part = tmp_path / "part.py"
    part.write_text("TEXT = b'old'\n")
    (tmp_path / "main.py").write_text(RELOADED)
    environment = {**os.environ, "WERKZEUG_DEBUG_PIN": "1-2"}
    process = subprocess.Popen(
        [sys.executable, "main.py"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        port = int(wait_for(process, "Running on").split(":")[2].split("/")[0])

        def fetch(path: str) -> str:
            with socket.create_connection(("127.0.0.1", port), 20) as client:
                return send(client, f"GET {path} HTTP/1.0||")

        wait_for(process, " * Debugger PIN: 1-2")
        assert fetch("/").endswith("old")
        assert fetch("/static/part.py").endswith("TEXT = b'old'\n")
        # Of another length: Python takes its compiled file for good where the second and the length agree.
        part.write_text("TEXT = b'new'  # now\n")
        with keeps_changing(part):
            wait_for(process, "part.py', reloading")
        wait_for(process, " * Restarting with stat")
        assert fetch("/").endswith("new")
    finally:
        os.killpg(process.pid, 9)
        process.communicate()
