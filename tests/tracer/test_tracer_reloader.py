"""A reloader's child processes: recorded as parts of the run, each under the call that started it."""

from pathlib import Path
from typing import Any

import pytest
from tests.tracer.test_tracer_play import run

from flasktrace.tracer import query
from flasktrace.tracer.engines import available_engines
from flasktrace.tracer.model import Origin, Raised, Trace, Unfinished

SOURCE = """\
import secrets
from pathlib import Path
from flask import Flask
from werkzeug.serving import is_running_from_reloader

note = Path(__file__).with_name("note.txt")
if not is_running_from_reloader():
    note.write_text("one")
app = Flask(__name__)
app.secret_key = "own-key-" + secrets.token_hex(8)
text = note.read_text()

def shown(value):
    return value

@app.route("/")
def index():
    return text

@app.route("/edit")
def edit():
    shown(app.secret_key)
    note.write_text("two")
    return "edited"

@app.route("/bug")
def bug():
    return {}["missing"]

REQUESTS = ["GET /", "GET /bug", "GET /edit", "GET /"]
RELOADER = True
if __name__ == "__main__":
    app.run(use_reloader=True, reloader_type="stat", extra_files=[str(note)])
"""
START = (
    "run_with_reloader -> ReloaderLoop.restart_with_reloader -> <module> -> Flask.run -> run_with_reloader"
)


def texts(trace: Trace) -> str:
    """All values of a trace, run together."""
    return repr([(call.receiver, call.parameters, call.outcome) for call in trace.calls])


Played = tuple[dict[str, Any], Trace]


@pytest.fixture(scope="module", params=[("bundled", available_engines()[0]), ("installed", "setprofile")])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A run on each engine, each with another recorder where there are two."""
    engine, recorder = request.param
    result, trace = run(SOURCE, tmp_path_factory.mktemp("reloader"), engine=engine, recorder=recorder)
    assert result["failure"] == "" and trace is not None
    return result, trace


def test_the_requests_are_answered_before_and_after_the_change(played: Played) -> None:
    answers = [(status, body) for status, body, _ in played[0]["responses"]]
    assert [status for status, _ in answers] == [200, 500, 200, 200]
    assert [answers[i][1] for i in (0, 2, 3)] == ["one", "edited", "two"]


def test_the_children_are_recorded_below_the_call_that_starts_them(played: Played) -> None:
    _, trace = played
    trace.validate()
    assert query.contains_chain(trace, query.split_chain(START))
    processes = list(dict.fromkeys(thread.process for thread in trace.threads if thread.process))
    assert len(processes) == 2, "one until the change, another after it"
    served = [{t.process for t in trace.threads if t.id in threads_of(trace, n)} for n in (1, 2, 3, 4)]
    assert served == [{processes[0]}] * 3 + [{processes[1]}]
    starters = {
        trace.function_of(trace.call(t.started_by)).name
        for t in trace.threads
        if t.process and t.started_by and not process_of(trace, t.started_by)
    }
    assert starters == {"restart_with_reloader"}


def threads_of(trace: Trace, request: int) -> set[int]:
    return {call.thread_id for call in trace.calls if call.request_id == request}


def process_of(trace: Trace, call_id: int) -> str:
    thread_id = trace.call(call_id).thread_id
    return next(thread.process for thread in trace.threads if thread.id == thread_id)


def test_what_a_child_tells_is_as_if_it_had_happened_here(played: Played) -> None:
    _, trace = played
    names = {call.id: trace.function_of(call).name for call in trace.calls}
    bug = next(call for call in trace.calls if names[call.id] == "bug")
    assert isinstance(bug.outcome, Raised) and bug.outcome.class_name == "KeyError"
    triggered = next(call for call in trace.calls if names[call.id] == "trigger_reload")
    assert isinstance(triggered.outcome, Raised) and triggered.outcome.class_name == "SystemExit"
    loops = [call for call in trace.calls if trace.function_of(call).qualname == "BaseServer.serve_forever"]
    assert [type(call.outcome) for call in loops] == [Unfinished, Unfinished]
    assert loops[0].end_ns < loops[1].start_ns, "a child's calls end with it"
    users = {each.qualname for each in trace.functions.values() if each.origin is Origin.USER}
    assert users == {"<module>", "index", "edit", "bug", "shown"}
    assert not [each for each in trace.functions.values() if each.module.startswith("flasktrace")]
    assert "own-key-" not in texts(trace), "the child's own secrets are masked"


def test_without_being_asked_for_one_process_serves(tmp_path: Path) -> None:
    result, trace = run(SOURCE.replace("RELOADER = True", "RELOADER = False"), tmp_path, engine="bundled")
    assert result["failure"] == "" and result["responses"][-1][1] == "one"
    assert trace is not None and not any(thread.process for thread in trace.threads)


def test_a_child_that_fails_is_told_and_ends_the_run(tmp_path: Path) -> None:
    broken = SOURCE.replace(
        "app = Flask", 'if is_running_from_reloader(): raise ValueError("no")\napp = Flask'
    )
    result, trace = run(broken, tmp_path, engine="bundled")
    assert "exited with status 1" in result["failure"] or "did not answer" in result["failure"]
    assert trace is not None and len(trace.calls) > 50
