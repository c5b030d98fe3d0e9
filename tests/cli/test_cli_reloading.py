"""Programs with a reloader: the processes it starts are recorded, and joined into one trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unbreakable.odd_runs import WITH_ENGINE

from flasktrace.tracer.engines import available_engines
from flasktrace.tracer.model import Origin, Raised, Trace, Unfinished
from flasktrace.tracer.store import read_trace

SCRIPT = """\
import os
from flask import Flask

app = Flask(__name__)
app.config["API_TOKEN"] = "of process " + str(os.getpid())

@app.route("/")
def index():
    return app.config["API_TOKEN"]

@app.route("/touch", methods=["POST"])
def touch():
    os.utime(__file__)
    return "touched"

REQUESTS = ["GET /", {"path": "/touch", "method": "POST", "reloads": True}, "GET /"]

if __name__ == "__main__":
    app.run(debug=True, reloader_type="stat", reloader_interval=0.02)
"""
FAILING = """\
import os
from flask import Flask

app = Flask(__name__)
if os.environ.get("WERKZEUG_RUN_MAIN"):
    raise LookupError("only where it is run again")
app.run(debug=True)
"""
KILLED = """\
import os, signal
from flask import Flask

app = Flask(__name__)

@app.route("/")
def index():
    os.kill(os.getpid(), signal.SIGKILL)

app.run(debug=True)
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a socket is handed to a process on posix only")


def _run(folder: Path, script: str, *options: str, recorder: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "main.py").write_text(script)
    command = ("-P", "-c", WITH_ENGINE, recorder) if recorder else ("-m", "flasktrace")
    return subprocess.run(
        [sys.executable, *command, "run", "main.py", "-o", "out", "--level", "chapters", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def _processes(trace: Trace) -> list[int]:
    return list(dict.fromkeys(thread.process_id for thread in trace.threads))


@pytest.fixture(scope="module", params=[("bundled", available_engines()[0]), ("installed", "setprofile")])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """A run with a restart on each Flask, each with another recorder where there are two."""
    folder = tmp_path_factory.mktemp("reloading")
    engine, recorder = request.param
    done = _run(folder, SCRIPT, "--engine", engine, recorder=recorder)
    assert done.returncode == 0, done.stderr
    trace = read_trace(folder / "out" / "trace.flasktrace")
    assert trace.metadata.recorder == recorder
    return trace


def test_each_process_of_the_reloader_is_joined_to_the_call_that_started_it(recorded: Trace) -> None:
    trace = recorded
    trace.validate()
    first, second, third = _processes(trace)
    assert first == 0
    processes = {thread.id: thread.process_id for thread in trace.threads}
    starts = [thread.started_by for thread in trace.threads if thread.name.startswith("MainThread in")]
    assert {trace.function_of(trace.call(start or 0)).name for start in starts} == {"restart_with_reloader"}
    views = [
        (trace.function_of(call).qualname, processes[call.thread_id], call.request_id)
        for call in trace.calls
        if trace.function_of(call).qualname in ("index", "touch")
    ]
    assert views == [("index", second, 1), ("touch", second, 2), ("index", third, 3)]
    assert [request.status for request in trace.requests] == [200, 200, 200]
    outcomes = [call.outcome for call in trace.calls if trace.function_of(call).qualname == "<module>"]
    # The first process exits as the last does, the second as a file has changed, and the last one is stopped.
    assert [isinstance(outcome, Raised) for outcome in outcomes] == [True, True, False]


def test_what_a_process_tells_is_as_if_it_had_happened_here(recorded: Trace) -> None:
    trace = recorded
    (triggered,) = (call for call in trace.calls if trace.function_of(call).name == "trigger_reload")
    assert isinstance(triggered.outcome, Raised)
    # The profile hook, all that Python 3.11 has, is not told which exception it is: not all can be named.
    assert triggered.outcome.class_name in (
        ["SystemExit"] if sys.version_info >= (3, 12) else ["SystemExit", ""]
    )
    loops = [call for call in trace.calls if trace.function_of(call).qualname == "BaseServer.serve_forever"]
    assert isinstance(loops[0].outcome, Unfinished)
    assert loops[0].end_ns < loops[1].start_ns, "a process's calls end with it"
    users = {each.qualname for each in trace.functions.values() if each.origin is Origin.USER}
    assert users == {"<module>", "index", "touch"}
    assert not [each for each in trace.functions.values() if each.module.startswith("flasktrace")]


def test_the_story_begins_anew_in_each_process_and_tells_no_secret(tmp_path: Path) -> None:
    done = _run(tmp_path, SCRIPT)
    chapters = [line.partition(". ")[2] for line in done.stdout.splitlines() if line.startswith("# ")]
    assert sum(line.startswith("Create the application") for line in chapters) == 3
    assert "in a new process" in done.stdout
    assert "of process" not in done.stdout
    assert b"of process" not in (tmp_path / "out" / "trace.flasktrace").read_bytes()


def test_without_the_reloader_all_runs_in_one_process(tmp_path: Path) -> None:
    done = _run(tmp_path, SCRIPT, "--no-reload")
    assert done.returncode == 0, done.stderr
    trace = read_trace(tmp_path / "out" / "trace.flasktrace")
    assert _processes(trace) == [0]
    assert len(trace.requests) == 3


def test_a_program_that_fails_only_in_the_reloader_s_process_shows_its_traceback(tmp_path: Path) -> None:
    done = _run(tmp_path, FAILING)
    assert done.returncode == 2
    told = done.stderr.splitlines()
    assert "LookupError: only where it is run again" in told
    assert told[-1].startswith("flasktrace: main: the process that its reloader started exited with status 1")
    assert "tracer" not in done.stderr


def test_a_process_that_is_killed_is_told_of(tmp_path: Path) -> None:
    done = _run(tmp_path, KILLED)
    assert done.returncode == 2
    assert "a process that it started has not told what was called there" in done.stderr
    read_trace(tmp_path / "out" / "trace.flasktrace").validate()
