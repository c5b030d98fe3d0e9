"""The traced program does not notice: what it can find out about itself is the same as under plain Python."""

import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from tests.unbreakable.odd_runs import flasktrace, record, recording

from flasktrace.tracer.builder import Builder
from flasktrace.tracer.engines import available_engines, make_recorder
from flasktrace.tracer.model import Metadata
from flasktrace.tracer.recorder import RecorderOptions

ENGINES = available_engines()

# Everything that a program may look at; no app is served, so that plain Python comes to the end too.
FACTS = """\
'''The doc of the script.'''
import gc, inspect, json, locale, logging, os, pickle, signal, sys, threading, traceback, warnings
import flask, werkzeug.serving
from flask import Flask, request

shop = Flask(__name__)

@shop.route("/<int:n>")
def index(n):
    thread = threading.current_thread()
    return {"n": n, "thread": thread.name, "daemon": thread.daemon, "alive": len(threading.enumerate()),
            "ident": thread.ident == threading.get_ident(), "main": thread is threading.main_thread()}

class Kept:
    pass

def fails(n):
    try:
        {}["missing"]
    except KeyError:
        error = ValueError(n)
        error.add_note("a note")
        raise error

def passes_on(n):
    fails(n)

def told():
    try:
        passes_on(3)
    except ValueError as error:
        return [traceback.format_exc(), error.__notes__, repr(error.__context__), error.__suppress_context__]

def depth():
    count = 0
    def deeper():
        nonlocal count
        count += 1
        deeper()
    try:
        deeper()
    except RecursionError:
        return count

def numbers():
    try:
        yield 1
        yield 2
    finally:
        closed.append(sys.exc_info()[0].__name__)

closed = []

def look():
    main = sys.modules["__main__"]
    return {
        "argv": sys.argv, "path": sys.path, "folder": os.getcwd(), "umask": (os.umask(0o22), os.umask(0o22)),
        "main": [main is sys.modules[__name__], main.__name__, main.__file__, main.__doc__, main.__package__,
                 main.__spec__, main.__cached__, type(main.__loader__).__name__, main.index is index,
                 sorted(name for name in vars(main) if name.startswith("__"))],
        "source": inspect.getsource(fails), "pickled": type(pickle.loads(pickle.dumps(Kept()))) is Kept,
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold(), gc.isenabled(),
                   gc.get_debug(), len(gc.callbacks)],
        "signals": [str(signal.getsignal(n)) for n in sorted(signal.valid_signals())],
        "hooks": [sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__,
                  threading.excepthook is threading.__excepthook__, threading.gettrace(), sys.gettrace(),
                  sys.unraisablehook is sys.__unraisablehook__, sys.breakpointhook is sys.__breakpointhook__,
                  sys.getprofile(), threading.getprofile(), sys.getprofile.__name__, sys.getprofile.__doc__],
        "threads": [thread.name for thread in threading.enumerate()],
        "importing": [type(finder).__name__ for finder in sys.meta_path], "flags": list(sys.flags),
        "warnings": [str(item) for item in warnings.filters], "locale": locale.setlocale(locale.LC_ALL),
        "logging": [logging.root.level, len(logging.root.handlers)],
        "bytecode": sys.dont_write_bytecode, "told": told(), "environ": sorted(os.environ),
        "stdin": sys.stdin is sys.__stdin__ and sys.stdin.closed,
    }

facts = {"before": look()}
client = shop.test_client()
facts["answers"] = [[a.status, sorted(a.headers), a.get_data(as_text=True)]
                    for a in map(client.get, ["/1", "/2", "/none"])]
facts["depth"] = depth()
items = numbers()
next(items)
items.close()
facts["closed"] = closed
results = []
for _ in range(3):
    thread = threading.Thread(
        target=lambda: results.append([threading.current_thread().name, sys.getprofile(), sys.gettrace()])
    )
    thread.start()
    thread.join()
facts["results"] = results
server = werkzeug.serving.make_server("127.0.0.1", 0, shop)
facts["server"] = type(server).__name__
server.server_close()
facts["after"] = look()
print("FACTS" + json.dumps(facts))
sys.exit(9)
"""

PLAYER = """\
import sys
from flasktrace.tracer.play import PlayOptions, Scenario, play
scenario = Scenario("facts.py", arguments=("one", "two"))
result = play(scenario, PlayOptions(engine="installed", recorder=sys.argv[1]))
assert "exited with status 9" in str(result.failure), result
assert len(result.trace.calls) > 300
"""


def facts_of(folder: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-P", *words], cwd=folder, capture_output=True, text=True, timeout=60,
        env=os.environ | {"PYTHONPATH": ""},
    )  # fmt: skip
    line = next((line for line in done.stdout.splitlines() if line.startswith("FACTS")), None)
    assert line, done.stderr
    found: dict[str, Any] = json.loads(line[5:])
    return found


@pytest.mark.parametrize("recorder", ENGINES)
def test_a_program_finds_the_same_facts(recorder: str, tmp_path: Path) -> None:
    (tmp_path / "facts.py").write_text(FACTS)
    # With -P neither the script's folder nor the current one is put on the path, by Python.
    plain = facts_of(tmp_path, "facts.py", "one", "two")
    traced = facts_of(tmp_path, "-c", PLAYER, recorder)
    # The room that a hook written in Python needs for itself at the very end of the stack.
    assert plain.pop("depth") - 4 <= traced.pop("depth")
    for part in ("before", "after"):
        path = traced[part].pop("path")
        assert path[0] == str(tmp_path) and path[1:] == plain[part].pop("path")
        for fact, value in plain[part].items():
            assert traced[part][fact] == value, fact
    assert traced == plain


def test_the_command_gives_a_script_the_path_of_plain_python(tmp_path: Path) -> None:
    (tmp_path / "paths.py").write_text(
        "import json, sys\nprint('FACTS' + json.dumps([sys.path, sys.argv]))\n"
    )
    done = subprocess.run([sys.executable, "paths.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (
        done.stdout[:5] == "FACTS"
        and done.stdout in flasktrace(tmp_path, "run", "paths.py", "--no-files").stderr
    )


def shop() -> Any:
    """An app with all that makes an answer: a session, cookies, errors, streams, redirects, a HEAD."""
    from flask import Flask, abort, g, make_response, redirect, request, session

    app = Flask("shop")
    app.secret_key = "a-key-of-no-worth"
    app.logger.disabled = True

    @app.before_request
    def load() -> None:
        g.kept = Kept()
        references.append(weakref.ref(g.kept))

    @app.route("/echo/<name>", methods=["GET", "POST", "PUT"])
    def echo(name: str) -> Any:
        session["name"] = name
        answer = make_response({"name": name, "form": request.form, "args": request.args})
        answer.set_cookie("a", "b; c", samesite="Lax")
        answer.headers["X-Odd"] = "\xe9 \t x"
        return answer

    @app.route("/stream")
    def stream() -> Any:
        return (part for part in ["a", "", "\u6f22" * 1000, "end"]), 203, {"X-A": "b"}

    app.add_url_rule("/to", view_func=lambda: redirect("/echo/%E6%BC%A2?a=1"), endpoint="to")
    app.add_url_rule("/gone", view_func=lambda: abort(410, "gone \u6f22"), endpoint="gone")
    app.add_url_rule("/fails", view_func=lambda: str(1 // 0), endpoint="fails")
    app.add_url_rule("/empty", view_func=lambda: ("", 204), endpoint="empty")
    return app


references: "list[weakref.ref[Kept]]" = []
RAW = [
    b"GET /echo/%E6%BC%A2?x=1&x=2 HTTP/1.1\r\nHost: a\r\nCookie: q=1\r\n\r\n",
    b"POST /echo/ada HTTP/1.0\r\nContent-Length: 7\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=1&b=2",
    b"HEAD /echo/ada HTTP/1.1\r\nHost: a\r\n\r\n",
    *(
        b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % path
        for path in (b"stream", b"to", b"gone", b"fails", b"none")
    ),
    b"PUT /empty HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /empty HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS /echo/x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
]


def raw_answers() -> list[bytes]:
    """What comes over the wire for each of the requests."""
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, shop(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    answers = []
    for request in RAW:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(request)
            answers.append(b"".join(iter(lambda: connection.recv(65536), b"")))
    server.shutdown()
    thread.join()
    server.server_close()
    return answers


@pytest.mark.parametrize("engine", ENGINES)
def test_answers_are_the_same_byte_for_byte(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import itsdangerous
    from werkzeug.serving import WSGIRequestHandler

    # What tells the time.
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda signer: 1)
    monkeypatch.setattr(WSGIRequestHandler, "date_time_string", lambda *_: "today")
    monkeypatch.setattr(WSGIRequestHandler, "log", lambda *_: None)
    plain = raw_answers()
    references.clear()
    recorder = make_recorder(RecorderOptions(with_state=True), engine)
    with recorder:
        traced = raw_answers()
        gc.collect()  # the errors hold their frames in cycles
        alive = [reference() for reference in references]
    assert traced == plain
    assert [answer.split(b"\r\n")[0][:12] for answer in plain[:4]] == [b"HTTP/1.1 200"] * 3 + [
        b"HTTP/1.1 203"
    ]
    # Nothing that a request had is kept, though the recording goes on.
    assert len(alive) >= 8 and set(alive) == {None}
    built = Builder(recorder).finish(Metadata(), [])
    built.validate()
    assert len([call for call in built.calls if built.function_of(call).name == "wsgi_app"]) >= 8


class Expected(Exception):
    """Raised by the functions below."""


def thrower(error: BaseException) -> None:
    try:
        {}["missing"]  # type: ignore[index]
    except KeyError:
        raise error from None


def through(error: BaseException) -> None:
    thrower(error)


def caught(error: BaseException) -> tuple[object, ...]:
    try:
        through(error)
    except Expected as same:
        frames = [(f.name, f.lineno) for f in traceback.extract_tb(same.__traceback__)]
        return (same is error, frames, repr(same.__context__), same.__notes__, sys.exc_info()[1] is error)
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_exception_keeps_its_traceback_context_and_notes(engine: str) -> None:
    def run() -> tuple[object, ...]:
        error = Expected("x")
        error.add_note("a note")
        return caught(error)

    plain = run()
    results: list[object] = []
    record(lambda: results.append(run()), engine)
    assert results == [plain]


class Kept:
    """Something that is to go when the program lets it go."""


def drop(kept: Kept) -> bool:
    reference = weakref.ref(kept)
    del kept
    return reference() is None


def cycle() -> "weakref.ref[Kept]":
    kept = Kept()
    kept.itself = kept  # type: ignore[attr-defined]
    return weakref.ref(kept)


def holding(*items: object, **more: object) -> object:
    return items and items[0]


def numbers(kept: Kept) -> Generator[Kept, None, None]:
    yield kept
    yield kept


def failing(kept: Kept) -> None:
    raise Expected(kept)


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_kept_alive(engine: str) -> None:
    references: list[weakref.ref[Kept]] = []

    def new() -> Kept:
        kept = Kept()
        references.append(weakref.ref(kept))
        return kept

    with recording(engine) as recorder:
        holding(new(), [new()], {"x": new()}, key=new(), deep=[[new()]])
        holding((new(), new()), {1, 2}, frozenset(), new)
        open_one = numbers(new())
        next(open_one)
        open_one.close()
        del open_one
        with contextlib.suppress(Expected):
            failing(new())
        dropped = drop(new())
        references.append(cycle())
        assert [reference() for reference in references[:-1]] == [None] * (len(references) - 1)
        gc.collect()
        assert references[-1]() is None
    # Up to 3.12 the interpreter itself copies a frame's locals for a profile function.
    assert dropped or (engine == "setprofile" and sys.version_info < (3, 13))
    Builder(recorder).finish(Metadata(), []).validate()


@pytest.mark.parametrize("engine", ENGINES)
def test_hooks_and_tools_are_as_before(engine: str) -> None:
    def mine(*_: object) -> None: ...

    def others(*_: object) -> None: ...

    monitoring: Any = getattr(sys, "monitoring", None)
    tools = [monitoring.get_tool(i) for i in range(6)] if monitoring else []
    limit, interval = sys.getrecursionlimit(), sys.getswitchinterval()
    sys.setprofile(mine)
    threading.setprofile(others)
    try:
        for _ in range(2):
            with recording(engine):
                thread = threading.Thread(target=holding)
                thread.start()
                thread.join()
        assert sys.getprofile() is mine and threading.getprofile() is others
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert tools == ([monitoring.get_tool(i) for i in range(6)] if monitoring else [])
    assert (sys.getrecursionlimit(), sys.getswitchinterval()) == (limit, interval)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_sees_the_hooks_that_it_would_see_alone(engine: str) -> None:
    def mine(*_: object) -> None: ...

    def others(*_: object) -> None: ...

    def look() -> None:
        seen.append((sys.getprofile(), threading.getprofile()))

    def look_everywhere() -> list[tuple[object, object]]:
        seen.clear()
        look()
        with recording(engine):  # a recording inside a recording
            look()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return list(seen)

    seen: list[tuple[object, object]] = []
    plain_functions = sys.getprofile, threading.getprofile
    for of_thread, of_new_ones in ((None, None), (mine, others)):
        sys.setprofile(of_thread)
        threading.setprofile(of_new_ones)
        try:
            plain = look_everywhere()
            with recording(engine) as recorder:
                traced = look_everywhere()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
        assert traced == plain and not recorder.displaced_by
    assert (sys.getprofile, threading.getprofile) == plain_functions


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_that_profiles_itself_sees_its_own_hook(engine: str) -> None:
    events: list[str] = []

    def mine(frame: object, event: str, argument: object) -> None:
        events.append(event)

    def run() -> tuple[object, object, int]:
        events.clear()
        before = sys.getprofile()
        sys.setprofile(mine)
        holding()
        hook = sys.getprofile()
        sys.setprofile(before)
        return before, hook is mine, len(events)

    plain = run()
    with recording(engine):
        traced = run()
    assert traced[:2] == plain[:2] and traced[2] >= plain[2]  # and what flasktrace calls for sys.getprofile


@pytest.mark.parametrize("engine", ENGINES)
def test_threads_keep_their_names_and_numbers(engine: str) -> None:
    def run() -> list[tuple[object, ...]]:
        seen: list[tuple[object, ...]] = []

        def look() -> None:
            current = threading.current_thread()
            seen.append(
                (current.name[:6], current.ident == threading.get_ident(), current.native_id is not None)
            )

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
            thread.join()
        return [*seen, *((thread.name[:6], thread.daemon) for thread in threads)]

    count, plain = threading.active_count(), run()
    results: list[object] = []
    record(lambda: results.append(run()), engine)
    assert results == [plain] and threading.active_count() == count


@pytest.mark.parametrize("engine", ENGINES)
def test_signals_come_to_the_programs_handlers(engine: str) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    try:
        record(lambda: list(map(os.kill, [os.getpid()] * 5, [signal.SIGUSR1] * 5)), engine)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard == [signal.SIGUSR1] * 5


def _ends_by(source: str) -> Callable[[Path], int]:
    def run(folder: Path) -> int:
        (folder / "ends.py").write_text(source)
        words = [sys.executable, "-c", PLAYER.split("\nassert")[0].replace("facts.py", "ends.py"), ENGINES[0]]
        return subprocess.run(words, cwd=folder, capture_output=True, timeout=60).returncode

    return run


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("import os; os._exit(41)", 41),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("import os, sys; os.execl(sys.executable, sys.executable, '-c', 'exit(42)')", 42),
    ],
)
def test_a_process_that_ends_at_once_has_the_programs_status(
    source: str, status: int, tmp_path: Path
) -> None:
    assert _ends_by(source)(tmp_path) == status
