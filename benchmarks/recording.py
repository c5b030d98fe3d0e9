"""What recording costs: flasktrace's engines and their peers, side by side in one run.

    python benchmarks/recording.py [--python FILE ...] [--rounds 5] [--quick] [--write] [--only NAME ...]

Each sample is a process of its own that does the same work untraced and traced in turn; its figure is the
ratio of the two times. Recorders take turns within each round, so that a busy machine slows all alike; the
median over the rounds is shown. The peers are those installed beside each Python given; of a recorder that
does not run there the reason goes to standard error. ``--write`` renews the table in docs/*/performance.md.
"""

import argparse
import contextlib
import ctypes
import io
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WORKLOADS = {"in-process": 2000, "socket": 2000, "fib": 20, "C calls": 100_000}
QUICK = {"in-process": 300, "socket": 200, "fib": 16, "C calls": 20_000}
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
SAMPLE_LIMIT_S = 300
SLICES = 8  # of a sample's work, traced and untraced in turn
# What it wraps as it is imported: the counterpart of our default scope.
_APPMAP = "name: shop\npackages:\n- path: flask\n- path: werkzeug\n"
# Without values, and without a file for each request.
_APPMAP_SETTINGS = {"APPMAP": "true", "APPMAP_DISPLAY_PARAMS": "false", "APPMAP_RECORD_REQUESTS": "false"}
_EMPTY_C = "int empty(void *self, void *frame, int what, void *argument) { return 0; }\n"
_CLIENT = """\
import socket, sys
for _ in range(int(sys.argv[2])):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as link:
        link.sendall(b"GET /item/7 HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
        got = b""
        while b"</p>" not in got:  # the client closes first: the server would wait to drain else
            piece = link.recv(65536)
            if not piece:
                sys.exit("the server closed early")
            got += piece
"""


def make_app() -> Any:
    """A small real app: hooks, a session, a converter, a template."""
    from flask import Flask, g, render_template, session
    from jinja2 import DictLoader

    app = Flask("shop")
    # Not from a string: that would compile the template in each request, and measure the compiler.
    app.jinja_loader = DictLoader({"item.html": "<p>{{ g.name }}: {{ number }}</p>"})
    app.secret_key = "a key of no worth"

    @app.before_request
    def count() -> None:
        session["seen"] = session.get("seen", 0) + 1

    @app.before_request
    def greet() -> None:
        g.name = "Ann"

    @app.after_request
    def mark(response: Any) -> Any:
        response.headers["X-Seen"] = str(session["seen"])
        return response

    @app.route("/item/<int:number>")
    def item(number: int) -> str:
        return render_template("item.html", number=number)

    return app


def _fib(number: int) -> int:
    return number if number < 2 else _fib(number - 1) + _fib(number - 2)


def _c_calls(count: int) -> int:
    return sum(len(str(abs(number))) for number in range(count))


def make_work(name: str, size: int) -> Callable[[], object]:
    """The work to time, ready to run any number of times."""
    if name == "fib":
        return lambda: _fib(size)
    if name == "C calls":
        return lambda: _c_calls(size)
    app = make_app()
    if name == "in-process":
        client = app.test_client()

        def in_process() -> None:
            for number in range(size):
                assert client.get(f"/item/{number}").status_code == 200

        return in_process
    return lambda: _serve(app, size)


def _serve(app: Any, size: int) -> None:
    import logging

    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    server = make_server("127.0.0.1", 0, app, fd=listener.fileno())
    port = str(listener.getsockname()[1])
    client = subprocess.Popen([sys.executable, "-S", "-c", _CLIENT, port, str(size)])
    for _ in range(size):
        server.handle_request()
    server.server_close()
    listener.close()
    if client.wait(60):
        raise RuntimeError("the client failed")


@contextlib.contextmanager
def _flasktrace(engine: str, user_only: bool, with_values: bool) -> Iterator[None]:
    from flasktrace.tracer.engines import make_recorder
    from flasktrace.tracer.model import Origin
    from flasktrace.tracer.recorder import RecorderOptions
    from flasktrace.tracer.scope import ScopeOptions

    scope = ScopeOptions(frozenset({Origin.USER})) if user_only else ScopeOptions()
    with make_recorder(RecorderOptions(scope=scope, with_values=with_values), engine) as recorder:
        yield
    if not any(stream.events for stream in recorder.streams):
        raise RuntimeError("nothing was recorded")


@contextlib.contextmanager
def _empty_c() -> Iterator[None]:
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("no C compiler here")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "empty.c", Path(folder) / "empty.so"
        source.write_text(_EMPTY_C)
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
        function = ctypes.cast(ctypes.CDLL(str(library)).empty, ctypes.c_void_p)
        set_profile = ctypes.pythonapi.PyEval_SetProfile
        set_profile.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        set_profile(function, None)
        try:
            yield
        finally:
            set_profile(None, None)


@contextlib.contextmanager
def _viztracer(**options: object) -> Iterator[None]:
    import viztracer

    tracer = viztracer.VizTracer(verbose=0, tracer_entries=4_000_000, **options)
    tracer.start()
    try:
        yield
    finally:
        tracer.stop()


@contextlib.contextmanager
def _cprofile() -> Iterator[None]:
    import cProfile

    with cProfile.Profile():
        yield


@contextlib.contextmanager
def _hunter() -> Iterator[None]:
    import hunter

    tracer = hunter.trace(kind_in=("call", "return"), action=hunter.CallPrinter(stream=io.StringIO()))
    try:
        yield
    finally:
        tracer.stop()


@contextlib.contextmanager
def _pyinstrument() -> Iterator[None]:
    import pyinstrument

    with pyinstrument.Profiler():
        yield


@contextlib.contextmanager
def _kolo() -> Iterator[None]:
    import kolo

    with kolo.enable():
        yield


# Their marks stay in a program when they do not record: what it costs untraced is measured without them.
REWRITING = {"appmap"}


@contextlib.contextmanager
def _appmap() -> Iterator[None]:
    import appmap

    recording = appmap.Recording()
    with recording:
        yield
    if not recording.events:
        raise RuntimeError("nothing was recorded")


def _ours(engine: str) -> dict[str, Callable[[], contextlib.AbstractContextManager[None]]]:
    return {
        f"flasktrace {engine}, {scope}, {values}": (
            lambda user_only=scope == "user", kept=values == "values": _flasktrace(engine, user_only, kept)
        )
        for scope in ("user", "default")
        for values in ("no values", "values")
    }


RECORDERS: dict[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
    **_ours("native"),
    **_ours("setprofile"),
    **_ours("monitoring"),
    "empty C profile function": _empty_c,
    "viztracer": _viztracer,
    "viztracer, no C calls": lambda: _viztracer(ignore_c_function=True),
    "viztracer, arguments": lambda: _viztracer(log_func_args=True, log_func_retval=True),
    "cProfile": _cprofile,
    "hunter": _hunter,
    "kolo": _kolo,
    "appmap": _appmap,
    "pyinstrument": _pyinstrument,
}


def sample(recorder: str, workload: str, size: int) -> float:
    """The ratio of the traced time to the untraced: the median over slices of the work.

    Each slice is held against the untraced ones just before and after it, as the machine's speed drifts.
    """
    slice_size = size if workload == "fib" else max(1, size // SLICES)
    warm, timed = _timing(workload, slice_size)

    def untraced_s() -> float:
        return _untraced_apart_s(workload, slice_size) if recorder in REWRITING else timed()

    ratios, before_s = [], untraced_s()
    for _ in range(SLICES):
        with RECORDERS[recorder]():
            warm()  # what a recorder does but once for each function is done
            traced_s = timed()
        after_s = untraced_s()
        ratios.append(2 * traced_s / (before_s + after_s))
        before_s = after_s
    return statistics.median(ratios)


def _timing(workload: str, size: int) -> tuple[Callable[[], object], Callable[[], float]]:
    """What warms the work up, which was done once, and what does it and says how long that took."""
    warm, work = make_work(workload, max(1, size // 5)), make_work(workload, size)
    warm()  # imports and caches are filled
    # Of work in this process its own time of the processor, which others on the machine disturb the least.
    clock = time.perf_counter if workload == "socket" else time.process_time

    def timed() -> float:
        begin = clock()
        work()
        return clock() - begin

    return warm, timed


def _untraced_apart_s(workload: str, size: int) -> float:
    command = [sys.executable, __file__, "--untraced", json.dumps([workload, size])]
    done = subprocess.run(
        command,
        env={**os.environ, "APPMAP": "false", "_APPMAP": "false"},  # the second is how it tells its children
        capture_output=True,
        text=True,
        check=True,
        timeout=SAMPLE_LIMIT_S,
    )
    return float(done.stdout)


def sample_apart(python: str, recorder: str, workload: str, size: int) -> float | str:
    """One sample in a process of its own; the last line of its complaint if it fails."""
    command = [python, __file__, "--sample", json.dumps([recorder, workload, size])]
    settings = {"PYTHONPATH": str(ROOT / "src")}
    # Where peers put their files; one may still be writing when it is removed.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if recorder == "appmap":
            settings |= _APPMAP_SETTINGS
            Path(folder, "appmap.yml").write_text(_APPMAP)
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, **settings},
                capture_output=True,
                text=True,
                timeout=SAMPLE_LIMIT_S,
            )
        except subprocess.TimeoutExpired:
            return f"not done in {SAMPLE_LIMIT_S} s"
    if done.returncode or not done.stdout.strip():
        return ([*done.stderr.strip().splitlines(), f"exit status {done.returncode}"][:-1] or ["failed"])[-1]
    return float(done.stdout.split()[-1])


def measure(python: str, names: list[str], sizes: dict[str, int], rounds: int) -> dict[str, list[str]]:
    """A table's cells of one Python: for each recorder its median on each workload."""
    found: dict[tuple[str, str], list[float]] = {(n, w): [] for n in names for w in sizes}
    failures: dict[tuple[str, str], str] = {}
    for _ in range(rounds):
        for workload, size in sizes.items():
            for name in names:
                if (name, workload) in failures:
                    continue
                result = sample_apart(python, name, workload, size)
                if isinstance(result, str):
                    failures[name, workload] = result
                    print(f"  {name} on {workload}: {result}", file=sys.stderr, flush=True)
                else:
                    found[name, workload].append(result)
    return {
        n: [
            "-" if (n, w) in failures or not found[n, w] else f"{statistics.median(found[n, w]):.2f}"
            for w in sizes
        ]
        for n in names
    }


def table(results: dict[str, dict[str, list[str]]], workloads: list[str]) -> str:
    """The results of all Pythons as Markdown tables."""
    lines: list[str] = []
    for version, rows in results.items():
        lines += [
            "",
            f"**CPython {version}**",
            "",
            f"| | {' | '.join(workloads)} |",
            "|---" * (len(workloads) + 1) + "|",
        ]
        # What does not run on this Python at all has no row.
        lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items() if set(cells) != {"-"}]
    return "\n".join([*lines[1:], ""])


def write_docs(text: str) -> None:
    """Put the table between its marks in both pages."""
    for language in ("en", "zh"):
        page = ROOT / "docs" / language / "performance.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        page.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", nargs="+", default=[sys.executable])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small workloads: a look, not a measurement")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", nargs="+", help="recorders whose name begins so")
    parser.add_argument("--workload", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--sample", help=argparse.SUPPRESS)
    parser.add_argument("--untraced", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.sample:
        print(sample(*json.loads(given.sample)))
        return
    if given.untraced:
        print(_timing(*json.loads(given.untraced))[1]())
        return
    sizes = {name: (QUICK if given.quick else WORKLOADS)[name] for name in given.workload}
    if given.write and len(sizes) < len(WORKLOADS):
        parser.error("--write needs all workloads")
    names = [n for n in RECORDERS if not given.only or n.startswith(tuple(given.only))]
    results: dict[str, dict[str, list[str]]] = {}
    for python in given.python:
        show = "import platform; print(platform.python_version())"
        version = subprocess.run([python, "-c", show], capture_output=True, text=True, check=True).stdout
        results[version.strip()] = measure(python, names, sizes, given.rounds)
    text = table(results, list(sizes))
    if given.write:
        write_docs(text)
    print(text)


if __name__ == "__main__":
    main()
