"""Every public name of Flask 1.1.4 and Werkzeug 1.0.1 is in the bundle, at its place, with its parameters."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.golden import record_genuine, record_names

from flasktrace.framework import flask

NAMES = Path(record_names.__file__).with_name("names.json")
# Another library's classes, of today's version, and leaves whose methods name their parameters otherwise.
OTHER_PARAMETERS = (
    "flask.cli.AppGroup.init",
    "flask.cli.SeparatedPathType.init",
    "flask.sessions.SecureCookieSession.",
    "werkzeug.datastructures.",
)
LEFT_OUT = {
    # They sent the traceback to a public site.
    "werkzeug.debug.DebuggedApplication.attributes.paste_traceback",
    "werkzeug.debug.tbtools.Traceback.attributes.paste",
    # For Python 2's dicts.
    "werkzeug.datastructures.ViewItems",
}


def names(python: str, *options: str) -> str:
    """What the script that records the names prints."""
    command = [python, "-W", "ignore", record_names.__file__, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def differences(golden: Any, actual: Any, path: str) -> Iterator[str]:
    """The dotted paths where the bundle lacks something, or takes other parameters."""
    if isinstance(golden, dict):
        for name, value in golden.items():
            inner = f"{path}.{name}" if path else name
            if name not in (actual or {}):
                yield inner
            else:
                yield from differences(value, actual[name], inner)
    elif golden not in (None, ["?"], actual) and not path.startswith(OTHER_PARAMETERS):
        yield f"{path}: {golden} but {actual}"


def test_no_public_name_is_missing() -> None:
    golden = json.loads(NAMES.read_text(encoding="utf-8"))
    assert len(golden) > 50 and "run_simple" in golden["werkzeug.serving"]
    assert set(differences(golden, json.loads(names(sys.executable, "--bundle")), "")) == LEFT_OUT


def test_the_names_are_those_of_genuine_flask(cannot_run: Callable[[str], None]) -> None:
    python = record_genuine.genuine_python()
    if python is None:
        cannot_run("no environment with genuine Flask 1.1.4 is here: see tests/golden/requirements.txt")
    assert json.loads(NAMES.read_text(encoding="utf-8")) == json.loads(names(str(python)))


def test_json_available_warns_each_time() -> None:
    with pytest.warns(DeprecationWarning, match="'flask.json_available' is deprecated") as warned:
        assert flask.json_available
        assert flask.json_available == True  # noqa: E712
        assert flask.json_available != False  # noqa: E712
    assert [warning.filename for warning in warned] == [__file__] * 3


def test_importing_the_bundle_warns_of_nothing() -> None:
    code = "from flasktrace import framework; framework.activate(); import flask.cli, werkzeug.debug"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_a_module_not_loaded_yet_is_asked_for_its_files_by_the_upstream_name() -> None:
    code = """
from flasktrace import framework
framework.activate()
import pkgutil, runpy, sys
from importlib.util import find_spec
from werkzeug.middleware.shared_data import SharedDataMiddleware
shared = SharedDataMiddleware(None, {"/pkg": ("werkzeug.debug", "shared")})
assert "werkzeug.debug" not in sys.modules
spec = find_spec("werkzeug.security")
assert spec.loader.get_source(spec.name).startswith('\"\"\"'), spec
assert spec.loader.get_filename(spec.name) == spec.origin
name, opened = shared.exports[0][1]("style.css")
assert name == "style.css" and opened()[0].read() == pkgutil.get_data("werkzeug.debug", "shared/style.css")
sys.argv = ["flask", "--version"]
runpy.run_module("flask", run_name="__main__", alter_sys=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Flask 1.1.4" in done.stdout
