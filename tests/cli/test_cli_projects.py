"""What ``flasktrace run`` takes for an app: folders, factories, scripts with arguments, async views."""

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.commands import flasktrace

FACTORY = """\
from flask import Flask

def create_app(greeting="hello"):
    app = Flask(__name__)

    @app.route("/users/<int:number>")
    def user(number):
        return f"{greeting} {number}"

    return app
"""
ARGUMENTS = """\
import argparse
from flask import Flask

app = Flask(__name__)

@app.route("/users/<int:number>")
def user(number):
    return f"{given.greeting} {number}"

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--greeting")
    given = parser.parse_args()
    app.run()
"""


def _run(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return flasktrace(folder, "run", *arguments, environment=environment)


def _lay(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("files", "target", "greeting"),
    [
        ({"shop/app.py": FACTORY}, "shop", "hello"),
        ({"shop/wsgi.py": FACTORY, "shop/app.py": "raise SystemExit"}, "./shop", "hello"),
        ({"shop/inner/__init__.py": FACTORY}, "shop", "hello"),
        ({"shop/main.py": FACTORY, "shop/.flaskenv": "FLASK_APP='main:create_app(\"hi\")'\n"}, "shop", "hi"),
        ({"pkg/__init__.py": "", "pkg/web.py": FACTORY}, "pkg.web:create_app(greeting='hey')", "hey"),
        ({"pkg/web.py": FACTORY}, "pkg/web.py:create_app", "hello"),
    ],
)
def test_the_app_is_found(tmp_path: Path, files: dict[str, str], target: str, greeting: str) -> None:
    _lay(tmp_path, files)
    done = _run(tmp_path, target, "-r", "GET /users/3", "--no-files")
    assert done.returncode == 0, done.stderr
    assert f"user(number=3) → '{greeting} 3'" in done.stdout


def test_flask_app_of_the_environment_names_the_app_of_a_folder(tmp_path: Path) -> None:
    _lay(tmp_path, {"shop/main.py": FACTORY, "shop/app.py": "raise SystemExit"})
    done = _run(tmp_path, "shop", "-r", "GET /users/3", "--no-files", FLASK_APP="main.py")
    assert "user(number=3) → 'hello 3'" in done.stdout, done.stderr


def test_a_script_gets_its_arguments(tmp_path: Path) -> None:
    _lay(tmp_path, {"main.py": ARGUMENTS})
    done = _run(tmp_path, "main.py", "-r", "GET /users/3", "--no-files", "--", "--greeting", "ahoy")
    assert done.returncode == 0, done.stderr
    assert "user(number=3) → 'ahoy 3'" in done.stdout


def test_a_folder_without_an_app_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = _run(tmp_path, "empty", "--no-files")
    assert done.returncode == 2
    assert done.stderr.startswith("flasktrace: empty: a folder with neither wsgi.py, app.py nor FLASK_APP")
    assert done.stderr.count("\n") == 1


def test_async_views_run_on_the_installed_engine(tmp_path: Path, cannot_run: Callable[[str], None]) -> None:
    if importlib.util.find_spec("asgiref") is None:
        cannot_run("asgiref, which Flask needs for async views, is not installed")
    _lay(
        tmp_path,
        {
            "main.py": "import asyncio\nfrom flask import Flask\napp = Flask(__name__)\n"
            "async def helper():\n    await asyncio.sleep(0)\n    return 'later'\n"
            "@app.route('/')\nasync def index():\n    return await helper()\n"
        },
    )
    done = _run(tmp_path, "main.py", "--engine", "installed", "--no-files")
    assert done.returncode == 0, done.stderr
    assert "index() → 'later'" in done.stdout
    assert "helper() → 'later'" in done.stdout


@pytest.mark.parametrize(
    "line",
    [
        "from flask import Flask, blueprints\nblueprints.Blueprint('a', 'b').get",
        "from werkzeug import sansio",
    ],
)
def test_a_script_for_a_later_flask_is_shown_the_other_engine(tmp_path: Path, line: str) -> None:
    _lay(tmp_path, {"main.py": line})
    done = _run(tmp_path, "main.py", "--engine", "bundled", "--no-files")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("try --engine installed")
