"""``flasktrace step`` as a user runs it, line by line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.commands import flasktrace

KILLED = """\
import os, signal, sqlite3, time
from flask import Flask

app = Flask(__name__)


@app.route("/")
def index():
    file = sqlite3.connect("file:out/trace.flasktrace?mode=ro", uri=True)
    query = "SELECT count(*) FROM calls c JOIN functions f ON f.id = c.function_id WHERE f.qualname = 'index'"
    while not file.execute(query).fetchone()[0]:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


app.run()
"""


@pytest.fixture(scope="module")
def trace_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of the first scenario."""
    folder = tmp_path_factory.mktemp("step")
    arguments = ("run", "hello", "-o", "out", "--step", "--plain", "--quiz")
    done = _flasktrace(folder, *arguments, commands="m\n\nq\n")
    assert done.returncode == 0, done.stderr
    assert "[stop 2 of" in done.stdout and "Score: 0 of 1 right." in done.stdout
    return folder / "out"


def _flasktrace(
    folder: Path, *arguments: str, commands: str = "", **environ: str
) -> "subprocess.CompletedProcess[str]":
    return flasktrace(folder, *arguments, stdin=commands, environment=environ)


def test_a_saved_trace_is_walked_by_a_pipe_of_commands(trace_path: Path, tmp_path: Path) -> None:
    commands = "/wsgi_app\nr\nl pipeline\nq\n"
    done = _flasktrace(tmp_path, "step", str(trace_path), commands=commands)
    assert done.returncode == 0, done.stderr
    assert "enters Flask.wsgi_app" in done.stdout
    assert "Flask.wsgi_app returns" in done.stdout
    assert "request stack: " in done.stdout
    assert "headers: sent" not in done.stdout
    assert done.stderr == ""


def test_a_scenario_is_recorded_first(tmp_path: Path) -> None:
    arguments = ("step", "hello", "--plain", "--quiz", "--lang", "zh", "-r", "GET /nowhere")
    done = _flasktrace(tmp_path, *arguments, commands="/NotFound\nm\n1\n$\n")
    assert done.returncode == 0, done.stderr
    assert "得分：" in done.stdout
    assert "GET /nowhere" in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_filter_that_leaves_nothing_is_told_in_one_line(trace_path: Path, tmp_path: Path) -> None:
    done = _flasktrace(tmp_path, "step", str(trace_path), "--phase", "error")
    assert done.returncode == 2
    assert done.stderr.startswith("flasktrace: ")
    assert done.stderr.count("\n") == 1


def test_a_quiz_without_a_walk_is_told_in_one_line(tmp_path: Path) -> None:
    done = _flasktrace(tmp_path, "run", "hello", "--quiz")
    assert done.returncode == 2
    assert done.stderr == "flasktrace: --quiz is for a walk: add --step\n"
    assert not list(tmp_path.iterdir())


def test_a_trace_cut_short_is_walked_to_where_it_ends(tmp_path: Path) -> None:
    (tmp_path / "killed.py").write_text(KILLED)
    killed = _flasktrace(tmp_path, "run", "killed.py", "-o", "out")
    assert killed.returncode not in (0, 1, 2)
    done = _flasktrace(tmp_path, "step", "out", commands="$\nM\nn\nq\n")
    assert done.returncode == 0, done.stderr
    assert "killed.py: not finished: the recording ended first" in done.stdout
    assert "enters index" in done.stdout
    assert "index: not finished: the recording ended first" in done.stdout


def test_the_editor_gets_the_file_and_the_line_but_not_the_commands(trace_path: Path, tmp_path: Path) -> None:
    editor = tmp_path / "my editor"
    editor.write_text(
        f"#!{sys.executable}\nimport sys\nprint('edits', sys.argv[1:], repr(sys.stdin.read()))\n"
    )
    editor.chmod(0o700)
    commands = "/wsgi_app\ne\nq\n"
    done = _flasktrace(tmp_path, "step", str(trace_path), commands=commands, EDITOR=f"'{editor}'", VISUAL="")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^edits \['\+\d+', '.*framework/flask/app\.py'\] ''$", done.stdout, re.M)
    missing = _flasktrace(tmp_path, "step", str(trace_path), commands="e\nq\n", EDITOR="", VISUAL="")
    assert "no editor: set EDITOR" in missing.stdout
