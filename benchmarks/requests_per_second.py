"""Requests per second inside one process: the bundled Flask against the installed one, same application.

    python benchmarks/requests_per_second.py [--rounds N]

Each round runs both engines in processes of their own, one right after the other, so that a busy machine
slows both; an engine's figure is its best round. Exit status 1 when the bundle is the slower one.
"""

import argparse
import io
import subprocess
import sys
import time
from typing import Any

ENGINES = ("bundled", "installed")
BATCHES = 20
REQUESTS_PER_BATCH = 300


def make_app(engine: str) -> Any:
    """Make the application with the given engine."""
    if engine == "bundled":
        import flasktrace.framework

        flasktrace.framework.activate()
    import flask

    app = flask.Flask("benchmark")

    def index() -> str:
        return "index"

    def user(number: int) -> str:
        return f"user {number}"

    app.add_url_rule("/index", "index", index)
    app.add_url_rule("/users/<int:number>", "user", user)
    return app


def environ(path: str) -> dict[str, Any]:
    """Give what a server would hand over for a GET of ``path``."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def send(app: Any, path: str) -> None:
    """Send one request and read the whole answer, as a server does."""
    body = app(environ(path), lambda status, headers, exc_info=None: None)
    assert b"".join(body)
    if hasattr(body, "close"):
        body.close()


def measure(engine: str) -> float:
    """Give the requests per second of the best batch."""
    app = make_app(engine)
    best_s = float("inf")
    for _ in range(BATCHES):
        start_s = time.perf_counter()
        for _ in range(REQUESTS_PER_BATCH // 2):
            send(app, "/index")
            send(app, "/users/7")
        best_s = min(best_s, time.perf_counter() - start_s)
    return REQUESTS_PER_BATCH / best_s


def main() -> int:
    """Compare the engines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each engine is measured (5)")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        print(measure(options.engine))
        return 0
    best = dict.fromkeys(ENGINES, 0.0)
    for _ in range(options.rounds):
        for engine in ENGINES:
            command = [sys.executable, __file__, "--engine", engine]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            best[engine] = max(best[engine], float(done.stdout))
    for engine, per_second in best.items():
        print(f"{engine:10} {per_second:8.0f} requests/s")
    ratio = best["bundled"] / best["installed"]
    print(f"ratio      {ratio:8.2f}")
    return 0 if ratio >= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
