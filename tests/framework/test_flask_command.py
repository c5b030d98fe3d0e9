"""The bundle's own ``flask`` command, as a user starts it, and what only the bundle's Flask does."""

import os
import subprocess
import sys
from pathlib import Path

from flasktrace.framework.flask.app import Flask
from flasktrace.framework.flask.globals import session

SCRIPT = """
from flask import Flask
app = Flask(__name__)

@app.route("/index")
def index():
    return "index"
"""


def run_flask(folder: Path, *arguments: str, text: str = "", **variables: str) -> tuple[int, str, str]:
    """Run the command in ``folder`` and give its exit status and outputs."""
    environment = {**os.environ, "FLASK_APP": "mine", **variables}
    command = [sys.executable, "-m", "flasktrace.framework.flask", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, input=text, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def test_command_lists_the_routes_of_a_script(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SCRIPT, encoding="utf-8")
    status, output, _ = run_flask(tmp_path, "routes")
    assert status == 0
    assert output.splitlines()[2:] == [
        "index     GET      /index",
        "static    GET      /static/<path:filename>",
    ]


def test_shell_sees_the_bundled_application(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SCRIPT, encoding="utf-8")
    text = "import flask; print(flask.__version__, type(app) is flask.Flask, app.debug)\n"
    status, output, _ = run_flask(tmp_path, "shell", text=text, FLASK_ENV="development")
    assert status == 0
    assert "1.1.4 True True" in output


def test_missing_application_is_one_clear_message(tmp_path: Path) -> None:
    status, _, errors = run_flask(tmp_path, "routes")
    assert status == 2
    assert errors.splitlines()[-1] == 'Error: Could not import "mine".'


def test_version_names_the_bundled_versions(tmp_path: Path) -> None:
    status, output, _ = run_flask(tmp_path, "--version")
    assert status == 0
    assert output.splitlines()[1:] == ["Flask 1.1.4", "Werkzeug 1.0.1"]


def test_dotenv_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / ".env").write_text("FROM_ENV=1\nBOTH=env\n", encoding="utf-8")
    (tmp_path / ".flaskenv").write_text("FROM_FLASKENV=1\nBOTH=flaskenv\n", encoding="utf-8")
    text = "import os; print([os.environ[name] for name in ('FROM_ENV', 'FROM_FLASKENV', 'BOTH')])\n"
    assert run_flask(tmp_path, "shell", text=text)[1].count("['1', '1', 'env']") == 1
    assert "KeyError" in run_flask(tmp_path, "shell", text=text, FLASK_SKIP_DOTENV="1")[2]


def test_sessions_survive_a_rotation_of_the_secret_key() -> None:
    app = Flask("rotating", root_path="/")
    app.add_url_rule("/set", "set", lambda: str(session.update(a=1)))
    app.add_url_rule("/get", "get", lambda: str(dict(session)))
    app.secret_key = "old"
    client = app.test_client()
    client.get("/set")
    app.secret_key = ["old", "new"]
    assert client.get("/get").data == b"{'a': 1}"
    client.get("/set")
    app.secret_key = "new"
    assert client.get("/get").data == b"{'a': 1}"
    app.secret_key = "other"
    assert client.get("/get").data == b"{}"
