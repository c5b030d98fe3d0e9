"""The proxying middleware against a real server."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flasktrace.framework.werkzeug.middleware.http_proxy import ProxyMiddleware
from flasktrace.framework.werkzeug.serving import WSGIRequestHandler, make_server
from flasktrace.framework.werkzeug.test import Client
from flasktrace.framework.werkzeug.wrappers import Request, Response


class Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """No log lines in the tests' output."""


@Request.application
def remote(request: Any) -> Response:
    """The server behind: tells what has reached it."""
    names = ("Host", "X-Extra", "Connection", "Content-Length")
    sent = [f"{name}={request.headers.get(name)}" for name in names]
    text = f"{request.method} {request.full_path} {' '.join(sent)} body={request.get_data(as_text=True)}"
    return Response(text, headers={"X-Remote": "1"})


@pytest.fixture
def target() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, remote, request_handler=Silent)
    requests = threading.Thread(target=server.handle_request)
    requests.start()
    yield f"http://127.0.0.1:{server.port}/base/"
    server.server_close()
    requests.join(10)


def local(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    return Response("local")(environ, start_response)


@pytest.mark.parametrize(
    ("options", "path", "host"),
    [
        ({}, "/there/x?q=1", "127.0.0.1"),
        ({"remove_prefix": True}, "/base/x?q=1", "127.0.0.1"),
        ({"host": None}, "/there/x?q=1", "localhost"),
        ({"host": "other"}, "/there/x?q=1", "other"),
    ],
)
def test_a_request_is_passed_on(target: str, options: dict[str, Any], path: str, host: str) -> None:
    app = ProxyMiddleware(local, {"/there": {"target": target, "headers": {"X-Extra": "e"}, **options}})
    answer = Client(app, Response).post("/there/x?q=1", data="hi", headers={"Connection": "keep-alive"})
    expected = f"POST {path} Host={host} X-Extra=e Connection=close Content-Length=2 body=hi"
    assert (answer.status, answer.headers["X-Remote"], answer.data.decode()) == ("200 OK", "1", expected)
