"""Which code is recorded, and that each decision says why."""

import json
import socketserver
import sys
import sysconfig
from pathlib import Path

import flask
import pytest
import werkzeug

from flasktrace.tracer.model import Origin
from flasktrace.tracer.program import Scenario, own_packages
from flasktrace.tracer.scope import Decision, Scope, ScopeOptions, shown_module

FLASK_FILE = str(Path(flask.__file__).parent / "app.py")
WERKZEUG_FILE = str(Path(werkzeug.__file__).parent / "serving.py")
SITE = str(Path(flask.__file__).parents[1])


def decide(path: str, module: str, options: ScopeOptions | None = None) -> Decision:
    return Scope(options or ScopeOptions()).decide(path, {"__name__": module, "__file__": path})


@pytest.mark.parametrize(
    ("path", "module", "origin", "is_recorded"),
    [
        ("/home/ada/app.py", "__main__", Origin.USER, True),
        ("/home/ada/flask/app.py", "flask.app", Origin.USER, True),
        ("/home/ada/reports.py", "reports", Origin.USER, True),
        (FLASK_FILE, "flask.app", Origin.FLASK, True),
        (WERKZEUG_FILE, "werkzeug.serving", Origin.WERKZEUG, True),
        (WERKZEUG_FILE, "flasktrace.framework._leaves.http", Origin.WERKZEUG, True),
        (FLASK_FILE, "flasktrace.framework.flask", Origin.FLASK, True),
        (socketserver.__file__, "socketserver", Origin.SERVER, True),
        (sys.modules["json"].__file__, "json", Origin.STDLIB, False),
        (f"{SITE}/jinja2/environment.py", "jinja2.environment", Origin.LIBRARY, False),
        ("<frozen importlib._bootstrap>", "importlib._bootstrap", Origin.STDLIB, False),
        ("/home/ada/templates/a.html", "", Origin.LIBRARY, False),
        ("/anywhere/tracer/play.py", "flasktrace.tracer.play", Origin.LIBRARY, False),
        ("/anywhere/cli/__init__.py", "flasktrace.cli", Origin.LIBRARY, False),
    ],
)
def test_the_default_scope(path: str, module: str, origin: Origin, is_recorded: bool) -> None:
    decision = decide(path, module)
    assert (decision.origin, decision.is_recorded) == (origin, is_recorded)
    assert decision.reason


def test_the_bundles_names_are_upstreams() -> None:
    assert shown_module("flasktrace.framework.flask.app") == "flask.app"
    assert shown_module("flasktrace.framework._leaves.http") == "werkzeug.http"


@pytest.mark.parametrize("pattern", ["jinja2", "jinja2.*", "*/jinja2/*"])
def test_an_inclusion_by_module_path_or_distribution(pattern: str) -> None:
    path = f"{SITE}/jinja2/environment.py"
    decision = decide(path, "jinja2.environment", ScopeOptions(include=(pattern,)))
    assert decision.is_recorded and pattern in decision.reason


def test_an_exclusion_wins() -> None:
    options = ScopeOptions(include=("flask",), exclude=("flask.app",))
    assert not decide(FLASK_FILE, "flask.app", options).is_recorded


def test_hostile_globals_are_not_believed() -> None:
    class Name(str):
        pass

    decision = Scope().decide("/home/ada/x.py", {"__name__": Name("flasktrace.x")})
    assert decision.module == "" and decision.is_recorded


def test_a_file_is_decided_once() -> None:
    scope = Scope()
    first = scope.decide("/home/ada/x.py", {"__name__": "__main__"})
    assert scope.decide("/home/ada/x.py", {"__name__": "x"}) is first


def test_the_package_that_the_user_names_is_theirs_wherever_it_is_installed() -> None:
    path = "/usr/lib/python3/site-packages/shop/views.py"
    theirs = Scope(ScopeOptions(own=("shop",))).decide(path, {"__name__": "shop.views"})
    assert (theirs.origin, theirs.is_recorded) == (Origin.USER, True)
    other = Scope(ScopeOptions(own=("shop",))).decide(path, {"__name__": "shopping.views"})
    assert other.origin is Origin.LIBRARY


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/env/lib/python3/site-packages/course/hello.py", Origin.USER),
        ("/env/lib/python3/site-packages/course/parts/views.py", Origin.USER),
        ("/env/lib/python3/site-packages/courses/hello.py", Origin.LIBRARY),
        ("/env/lib/python3/site-packages/course/env/site-packages/shop.py", Origin.LIBRARY),
    ],
)
def test_the_folder_of_the_script_is_the_users_wherever_it_is(path: str, origin: Origin) -> None:
    options = ScopeOptions(own_folders=("/env/lib/python3/site-packages/course",))
    assert Scope(options).decide(path, {"__name__": "__main__"}).origin is origin


def test_python_installed_below_the_script_stays_the_standard_library() -> None:
    home = str(Path(json.__file__).parents[3])
    scope = Scope(ScopeOptions(own_folders=(home,)))
    assert scope.decide(json.__file__, {"__name__": "json"}).origin is Origin.STDLIB
    assert scope.decide(f"{home}/x.py", {"__name__": "__main__"}).origin is Origin.USER


def test_generated_code_without_a_file_belongs_to_the_module_it_names() -> None:
    # As SQLAlchemy's decorators: compiled in a namespace that has the name of its module and no file.
    decision = Scope().decide("<string>", {"__name__": "pytest"})
    assert (decision.origin, decision.is_recorded) == (Origin.LIBRARY, False)


def test_a_distribution_is_named_as_it_is_published() -> None:
    import _pytest

    path, namespace = _pytest.__file__, {"__name__": "_pytest"}
    assert Scope(ScopeOptions(include=("pytest",))).decide(path, namespace).is_recorded
    assert not Scope(ScopeOptions(include=("flask",))).decide(path, namespace).is_recorded


def test_the_package_of_an_installed_command_is_the_programs_own() -> None:
    command = Path(sysconfig.get_path("scripts"), "flask")
    assert own_packages(Scenario(str(command))) == ("flask",)
    assert own_packages(Scenario("flask.py")) == ()
