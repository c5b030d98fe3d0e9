"""``flask trace``, inside a project of a user's."""

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flasktrace.tracer.store import read_trace

APP = """\
from flask import Flask, request

def create_app():
    app = Flask(__name__)

    @app.route("/users/<int:number>")
    def user(number):
        return f"user {number}"

    @app.post("/users")
    def make():
        return request.form["name"] + request.headers["X-Who"]

    return app
"""


@pytest.fixture
def flask(
    tmp_path: Path, cannot_run: Callable[[str], None]
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs Flask's command in a project with an app factory."""
    if not importlib.metadata.entry_points(group="flask.commands", name="trace"):
        cannot_run("flasktrace is not installed here, so Flask does not know of its command")
    Path(tmp_path, "wsgi.py").write_text(APP)

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "flask", *arguments],
            cwd=tmp_path,
            env=os.environ | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_a_url_alone_is_asked_for_with_get(
    flask: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    done = flask("trace", "/users/1")
    assert done.returncode == 0, done.stderr
    assert "Request: GET /users/1 → 200" in done.stdout
    assert "user(number=1) → 'user 1'" in done.stdout
    assert not list(tmp_path.glob("*trace*"))


def test_a_method_headers_a_body_and_files(
    flask: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    words = (
        "trace",
        "POST",
        "/users",
        "-d",
        "name=ann",
        "-H",
        "X-Who: me",
        "-o",
        "out",
        "--level",
        "chapters",
    )
    done = flask("--app", "wsgi:create_app()", *words)
    assert done.returncode == 0, done.stderr
    assert "Request: POST /users → 200" in done.stdout
    trace = read_trace(tmp_path / "out" / "trace.flasktrace")
    assert trace.metadata.engine == "installed"
    assert (tmp_path / "out" / "sequence.svg").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trace",), "flask trace /path"),
        (("--app", "nothing_here", "trace", "/"), "nothing_here"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    flask: Callable[..., "subprocess.CompletedProcess[str]"], arguments: tuple[str, ...], words: str
) -> None:
    done = flask(*arguments)
    assert done.returncode == 2
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
