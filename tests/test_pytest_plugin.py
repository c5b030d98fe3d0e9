"""The pytest plugin as a user has it: an option that keeps failing tests' traces, and a fixture."""

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flasktrace.tracer.store import read_trace

TESTS = """\
import pytest
from flask import Flask

app = Flask("shop")

@app.route("/")
def index():
    return "index"

def test_passes():
    assert app.test_client().get("/").text == "index"

def test_fails():
    assert app.test_client().get("/").text == "something else"

def test_fixture(flasktrace):
    app.test_client().get("/")
    flasktrace.assert_calls(["Flask.wsgi_app", "index", "Flask.finalize_request"])

def test_fixture_fails(flasktrace):
    app.test_client().get("/")
    flasktrace.assert_calls("index -> pay")
"""


@pytest.fixture
def run_tests(tmp_path: Path, cannot_run: Callable[[str], None]) -> Callable[..., str]:
    """Runs the tests above with pytest in a process of its own."""
    if not importlib.metadata.entry_points(group="pytest11", name="flasktrace"):
        cannot_run("flasktrace is not installed here, so pytest does not know of its plugin")
    Path(tmp_path, "test_shop.py").write_text(TESTS)
    Path(tmp_path, "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.stdout + done.stderr

    return run


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
def test_the_traces_of_failing_tests_are_kept(
    run_tests: Callable[..., str], tmp_path: Path, processes: tuple[str, ...]
) -> None:
    told = run_tests("--flasktrace", *processes)
    assert "2 failed, 2 passed" in told
    kept = sorted(path.name for path in (tmp_path / "flasktraces").iterdir())
    assert kept == ["test_shop.py-test_fails.flasktrace", "test_shop.py-test_fixture_fails.flasktrace"]
    assert f"flasktrace show {tmp_path}" in told
    trace = read_trace(tmp_path / "flasktraces" / kept[0])
    trace.validate()
    assert [(request.target, request.status) for request in trace.requests] == [("/", 200)]
    assert {"test_fails", "index"} <= {function.qualname for function in trace.functions.values()}


def test_without_the_option_nothing_is_kept_and_the_fixture_works(
    run_tests: Callable[..., str], tmp_path: Path
) -> None:
    told = run_tests("--flasktrace-dir", "elsewhere")
    assert "2 failed, 2 passed" in told
    assert "pay was never called; so far the chain holds: index" in told
    assert {path.name for path in tmp_path.iterdir()} <= {"test_shop.py", "pytest.ini", "__pycache__"}


def test_a_session_that_does_not_use_it_imports_nothing_of_it(
    run_tests: Callable[..., str], tmp_path: Path
) -> None:
    Path(tmp_path, "test_shop.py").write_text(
        "import sys\n"
        "def test_modules():\n"
        "    ours = {name for name in sys.modules if name.startswith('flasktrace')}\n"
        "    assert ours <= {'flasktrace', 'flasktrace.pytest_plugin'}\n"
        "    assert 'flask' not in sys.modules\n"
    )
    assert "1 passed" in run_tests()
