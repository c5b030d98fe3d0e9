"""Tries flasktrace on applications that others wrote, unmodified, on the installed engine.

Each application is played three times in processes of their own: twice untraced, to learn what of its
answers is different every time, and once recorded. Then status, headers and bodies are compared, and the
tree at level milestones is measured. To be run by the Python of an environment that has them all::

    pip install httpbin "moto[server,s3]" dash locust "flask-admin[sqlalchemy-with-utils,images]" flask-restx
    python benchmarks/real_apps.py --examples DIR

``DIR`` holds what is in no wheel: ``tutorial`` (from Flask's sdist), ``restx`` and ``admin`` (folders with
the ``examples`` of flask-restx and flask-admin). Some have a reloader: recorded, its child serves them,
else in the first process.
"""

import argparse
import contextlib
import json
import os
import re
import socketserver
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 120

DASH = """\
from dash import Dash, Input, Output, dcc, html
app = Dash(__name__)
app.layout = html.Div([dcc.Input(id="name", value="you"), html.Div(id="greeting")])
@app.callback(Output("greeting", "children"), Input("name", "value"))
def greet(name):
    return f"Hello {name}"
if __name__ == "__main__":
    app.run()
"""
DASH_UPDATE = json.dumps(
    {
        "output": "greeting.children",
        "outputs": {"id": "greeting", "property": "children"},
        "inputs": [{"id": "name", "property": "value", "value": "me"}],
        "changedPropIds": ["name.value"],
    }
)
LOCUST = """\
from locust import HttpUser, task
from locust.argument_parser import parse_options
from locust.env import Environment
from locust.web import WebUI
class Visitor(HttpUser):
    @task
    def index(self):
        self.client.get("/")
environment = Environment(user_classes=[Visitor], parsed_options=parse_options([]))
environment.create_local_runner()
app = WebUI(environment, "127.0.0.1", 0, delayed_start=True).app
"""


@dataclass(frozen=True, slots=True)
class App:
    """An application: what is run and what is asked of it.

    Attributes:
        target: a script or ``package.module:app``; ``{examples}`` and ``{bin}`` stand for folders.
        folder: to run in, among the examples; "" for a folder of its own.
        script: the text of a script to write as ``main.py`` there.
        before: a command of the project's to run first.
    """

    target: str
    requests: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    folder: str = ""
    script: str = ""
    before: tuple[str, ...] = ()


JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"
APPS = {
    "httpbin": App(
        "httpbin:app",
        (
            *("GET /get?a=1", "GET /headers", "GET /status/418", "POST /post|a=1", "GET /stream/3"),
            *("GET /cookies/set?a=b", "GET /html", "GET /bytes/16?seed=1", "GET /gzip", "GET /nothing"),
        ),
    ),
    "moto": App(
        "{bin}/moto_server",
        (
            "GET /moto-api/",
            "POST /|Action=GetCallerIdentity&Version=2011-06-15",
            "PUT /bucket/",
            "GET /bucket/",
        ),
        ("-p", "5000"),
    ),
    "dash": App(
        "main.py",
        (
            "GET /",
            "GET /_dash-layout",
            "GET /_dash-dependencies",
            f"POST /_dash-update-component|{DASH_UPDATE}",
        ),
        script=DASH,
    ),
    "locust": App("main.py", ("GET /", "GET /stats/requests", "POST /swarm|user_count=1"), script=LOCUST),
    "flaskr": App(
        "flaskr:create_app()",
        (
            *("GET /", "GET /auth/register", "POST /auth/register|username=ann&password=secret1"),
            *("POST /auth/login|username=ann&password=secret1", "POST /create|title=One&body=Text"),
            *("GET /", "GET /2"),
        ),
        folder="tutorial",
        before=("-m", "flask", "--app", "flaskr", "init-db"),
    ),
    "restx-todo": App(
        "todo.py",
        ("GET /todos/", "GET /swagger.json", "PUT /todos/todo9|task=x", "GET /todos/none"),
        folder="restx/examples",
    ),
    "restx-todomvc": App(
        "todomvc.py",
        ("GET /", "GET /todos/", 'POST /todos/|{"task": "x"}', "DELETE /todos/1", "GET /todos/9"),
        folder="restx/examples",
    ),
    "restx-zoo": App("complex.py", ("GET /cats/", "GET /dogs/", "GET /"), folder="restx/examples/zoo_app"),
    "admin-simple": App(
        "main.py", ("GET /", "GET /admin/", "GET /admin/anotheradminview/"), folder="admin/examples/simple"
    ),
    "admin-methodview": App(
        "main.py",
        ("GET /", "GET /admin/", "GET /admin/viewwithmethodviews/"),
        folder="admin/examples/methodview",
    ),
    "admin-files": App(
        "examples/forms_files_images/main.py", ("GET /", "GET /admin/", "GET /admin/user/"), folder="admin"
    ),
    "admin-layout": App(
        "examples/custom_layout/main.py", ("GET /", "GET /admin/", "GET /admin/user/"), folder="admin"
    ),
}


def play_here(order: dict[str, Any]) -> dict[str, Any]:
    """In the child: play the application, recorded or not, and give what came of it."""
    from flasktrace.tracer import play as playing
    from flasktrace.tracer.program import Scenario

    if not order["is_recorded"]:
        playing.make_recorder = _no_recorder  # type: ignore[assignment]
    options = playing.PlayOptions(
        engine="installed",
        requests=_requests(order["requests"]),
        timeout_s=30,
        with_reloader=order["is_recorded"],
    )
    result = playing.play(Scenario(order["target"], arguments=tuple(order["arguments"])), options)
    return {
        "failure": str(result.failure or ""),
        "traceback": result.program_traceback,
        "responses": [
            [r.status, [list(h) for h in r.headers if h[0] != "Date"], r.body.decode("latin-1")]
            for r in result.responses
        ],
        **(_measure(result.trace) if order["is_recorded"] else {}),
    }


def _requests(lines: list[str]) -> tuple[Any, ...]:
    from flasktrace.tracer.requests import parse_request

    planned = []
    for line in lines:
        request, bar, body = line.partition("|")
        headers = [JSON if body.startswith("{") else FORM] if bar else []
        planned.append(parse_request(request, headers, body if bar else None))
    return tuple(planned)


def _no_recorder(options: Any, engine: str = "") -> Any:
    """A recorder that installs no hook: it only tells when the server is ready."""
    from flasktrace.tracer.recorder import Recorder

    class Nothing(Recorder):
        def start(self) -> None:
            serve_forever = socketserver.BaseServer.serve_forever

            def serving(server: Any, poll_interval: float = 0.5) -> None:
                options.on_serve(server)
                serve_forever(server, poll_interval)

            socketserver.BaseServer.serve_forever = serving  # type: ignore[method-assign]

        def stop(self) -> None:
            pass

    return Nothing(options)


def _measure(trace: Any) -> dict[str, Any]:
    from flasktrace.reports.folding import fold
    from flasktrace.scenarios.annotate import load_catalogue

    trace.validate()
    folded = fold(trace, load_catalogue())
    origins = Counter(trace.functions[call.function_id].origin.value for call in trace.calls)
    user = sorted({f.module for f in trace.functions.values() if f.origin.value == "user"})
    return {
        "calls": len(trace.calls),
        "steps": len(folded.steps),
        "dropped": trace.dropped_count,
        "origins": dict(origins),
        "user_modules": user,
    }


@contextlib.contextmanager
def _place(app: App, examples: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "app")
        if app.folder:
            subprocess.run(["cp", "-r", examples / app.folder, place], check=True)
        else:
            place.mkdir()
        if app.script:
            (place / "main.py").write_text(app.script)
        if app.before:
            subprocess.run([sys.executable, *app.before], cwd=place, check=True, capture_output=True)
        yield place


def _play(app: App, examples: Path, is_recorded: bool) -> dict[str, Any]:
    target = app.target.format(bin=Path(sys.executable).parent)
    order = {
        "target": target,
        "requests": app.requests,
        "arguments": app.arguments,
        "is_recorded": is_recorded,
    }
    with _place(app, examples) as place:
        answer = place / "answer.json"
        done = subprocess.run(
            [sys.executable, os.path.abspath(__file__), "--child", json.dumps(order), str(answer)],
            cwd=place,
            env=os.environ
            | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(place)},  # or sets come in another order each time
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        if not answer.exists():
            return {"failure": done.stderr[-2000:], "responses": []}
        found: dict[str, Any] = json.loads(answer.read_text())
        return found


_TOKEN = re.compile(r"[\w.+/=-]+|\W")


def _difference(plain: dict[str, Any], again: dict[str, Any], traced: dict[str, Any]) -> str:
    """What the recorded run answered otherwise, leaving out what differs between the unrecorded ones."""
    if not len(plain["responses"]) == len(again["responses"]) == len(traced["responses"]):
        return f"{len(traced['responses'])} responses, not {len(plain['responses'])}"
    for number, three in enumerate(
        zip(plain["responses"], again["responses"], traced["responses"], strict=True)
    ):
        one, other, mine = ([str(r[0]), *(" ".join(h) for h in r[1]), r[2]] for r in three)
        if len(one) != len(mine):
            return f"response {number + 1} has other headers"
        for a, b, c in zip(one, other, mine, strict=False):
            if a == b and a != c:
                return f"response {number + 1}: {_first_other(a, c)}"
            ours, theirs, third = _TOKEN.findall(a), _TOKEN.findall(b), _TOKEN.findall(c)
            is_comparable = len(ours) == len(theirs) == len(third)
            if is_comparable and any(x == y != z for x, y, z in zip(ours, theirs, third, strict=True)):
                return f"response {number + 1}: {_first_other(a, c)}"
    return ""


def _first_other(one: str, other: str) -> str:
    for i, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return f"{one[max(i - 20, 0) : i + 40]!r}, recorded {other[max(i - 20, 0) : i + 40]!r}"
    return f"length {len(one)}, recorded {len(other)}"


def main() -> int:
    """Try all, or those named; exit status 1 when one failed or answered otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help=", ".join(APPS))
    parser.add_argument("--examples", type=Path, default=Path("examples"), metavar="DIR")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        order, answer = given.child
        Path(answer).write_text(json.dumps(play_here(json.loads(order))))
        return 0
    status = 0
    print("| application | requests | answers | calls | steps at milestones | its own modules |")
    print("|---|---|---|---|---|---|")
    for name in given.names or APPS:
        app = APPS[name]
        if app.folder and not (given.examples / app.folder).is_dir():
            print(f"| {name} | not there: {app.folder} |")
            continue
        plain, again, traced = (_play(app, given.examples, recorded) for recorded in (False, False, True))
        wrong = traced["failure"] or plain["failure"] or _difference(plain, again, traced)
        codes = " ".join(str(r[0]) for r in traced["responses"])
        status |= bool(wrong)
        modules = traced.get("user_modules", [])
        shown = ", ".join(modules[:4]) + (f", … {len(modules)} in all" if len(modules) > 4 else "")
        print(
            f"| {name} | {len(app.requests)} | {wrong or 'the same'}: {codes} | {traced.get('calls')} "
            f"| {traced.get('steps')} | {shown} |",
            flush=True,
        )
        if wrong:
            print(plain.get("traceback", "") or traced.get("traceback", ""), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
