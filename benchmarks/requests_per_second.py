"""Requests per second inside one process: the bundled Flask against the installed one, same application.

    python benchmarks/requests_per_second.py [--rounds N]

Each round runs both engines in processes of their own, one right after the other, so that a busy machine
slows both; an engine's figure is its best round. There are four kinds of requests: text from two routes, JSON
in and out, a session in a signed cookie, a template; the last row is the app when it gets as many of each.
Exit status 1 when there the bundle is the slower one. JSON and sessions cost 1.1 more look-ups of
``current_app`` and ``request`` than they cost 3.x: that is its order of calls.
"""

import argparse
import io
import json
import subprocess
import sys
import time
from typing import Any

ENGINES = ("bundled", "installed")
KINDS = ("text", "json", "session", "template")
BATCHES = 20
REQUESTS_PER_BATCH = 200


def make_app(engine: str) -> Any:
    """Make the application with the given engine."""
    if engine == "bundled":
        import flasktrace.framework

        flasktrace.framework.activate()
    import flask

    app = flask.Flask("benchmark")
    app.secret_key = "only for the benchmark"

    def index() -> str:
        return "index"

    def user(number: int) -> str:
        return f"user {number}"

    def answer() -> Any:
        return flask.jsonify(got=flask.request.get_json(), more=[1, 2, 3])

    def count() -> str:
        flask.session["count"] = flask.session.get("count", 0) + 1
        return "counted"

    def page() -> str:
        return flask.render_template_string(
            "<h1>{{ title }}</h1>{% for i in rows %}<p>{{ i }}</p>{% endfor %}", title="t", rows=[1, 2]
        )

    app.add_url_rule("/json", "answer", answer, methods=["POST"])
    app.add_url_rule("/session", "count", count)
    app.add_url_rule("/page", "page", page)
    app.add_url_rule("/index", "index", index)
    app.add_url_rule("/users/<int:number>", "user", user)
    return app


def environ(path: str, cookie: str) -> dict[str, Any]:
    """Give what a server would hand over for ``path``: a GET, or a POST for the one with JSON."""
    body = b'{"name": "value", "numbers": [1, 2, 3]}' if path == "/json" else b""
    return {
        "REQUEST_METHOD": "POST" if body else "GET",
        "CONTENT_TYPE": "application/json" if body else "",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "HTTP_COOKIE": cookie,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def send(app: Any, path: str, cookie: str = "") -> str:
    """Send one request, read the whole answer as a server does, and give the cookie that it sets."""
    cookies: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        assert status.startswith("200")
        cookies.extend(value.partition(";")[0] for name, value in headers if name == "Set-Cookie")

    body = app(environ(path, cookie), start_response)
    assert b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return cookies[0] if cookies else ""


def measure(engine: str) -> dict[str, float]:
    """Give the requests per second of the best batch, by the kind of request."""
    app = make_app(engine)
    paths = {"text": ("/index", "/users/7"), "json": ("/json",) * 2}
    paths |= {"session": ("/session",) * 2, "template": ("/page",) * 2}
    best_s = dict.fromkeys(KINDS, float("inf"))
    for _ in range(BATCHES):
        for kind in KINDS:
            first, second = paths[kind]
            cookie = send(app, first)
            start_s = time.perf_counter()
            for _ in range(REQUESTS_PER_BATCH // 2):
                send(app, first, cookie)
                send(app, second, cookie)
            best_s[kind] = min(best_s[kind], time.perf_counter() - start_s)
    return {kind: REQUESTS_PER_BATCH / batch_s for kind, batch_s in best_s.items()}


def main() -> int:
    """Compare the engines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each engine is measured (5)")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(measure(options.engine)))
        return 0
    best = {engine: dict.fromkeys(KINDS, 0.0) for engine in ENGINES}
    for _ in range(options.rounds):
        for engine in ENGINES:
            command = [sys.executable, __file__, "--engine", engine]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            for kind, per_second in json.loads(done.stdout).items():
                best[engine][kind] = max(best[engine][kind], per_second)
    for rates in best.values():
        rates["all"] = len(KINDS) / sum(1 / rates[kind] for kind in KINDS)
    print("requests/s" + "".join(f"{engine:>10}" for engine in ENGINES) + "     ratio")
    ratios = {kind: best["bundled"][kind] / best["installed"][kind] for kind in (*KINDS, "all")}
    for kind, ratio in ratios.items():
        print(f"{kind:10}" + "".join(f"{best[engine][kind]:10.0f}" for engine in ENGINES) + f"{ratio:10.2f}")
    return 0 if ratios["all"] >= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
