"""From a loaded program to a server that runs: what a play and a reloader's child have in common."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from flasktrace.tracer.errors import ScenarioError
from flasktrace.tracer.program import Program, Scenario, attribute, find_app
from flasktrace.tracer.surroundings import DEFAULT_PORT, leave_if_forked


def activate_bundle() -> None:
    """Put the bundled engine in place of ``flask`` and ``werkzeug``."""
    importlib.import_module("flasktrace.framework").activate()


def prepare_engine(engine: str, activate: Callable[[], None] = activate_bundle) -> None:
    """Import the engine before the recording begins: its import is no part of the story.

    Raises:
        ScenarioError: it cannot be had in this process.
    """
    if engine not in ("bundled", "installed"):
        raise ScenarioError(f"there is no engine {engine!r}: choose bundled or installed")
    try:
        if engine == "bundled":
            activate()
        importlib.import_module("flask")
        importlib.import_module("werkzeug.serving")
    except RuntimeError as error:
        raise ScenarioError(f"cannot use the bundled engine: {error}") from None
    except ModuleNotFoundError as error:
        if error.name not in ("flask", "werkzeug"):
            raise
        raise ScenarioError(f"{error.name} is not installed: install it, or use --engine bundled") from None


def run_and_serve(
    scenario: Scenario,
    program: Program,
    has_served: Callable[[], bool],
    on_app: Callable[[Any], object] = lambda app: None,
) -> None:
    """Run a program; one that has only made its app is served as ``app.run()`` would.

    Args:
        has_served: tells, when it has run, whether it has had a server.
        on_app: given the app that is served.

    Raises:
        ScenarioError: there is nothing to serve.
    """
    leave_if_forked(program.run)
    if has_served():
        return
    app = find_app(program)
    if app is None:
        raise ScenarioError(
            f"{scenario.shown_name} starts no server and has no app:"
            " end the script with app.run(), or name its Flask object app"
        )
    on_app(app)
    leave_if_forked(lambda: _serve(app))


def _serve(app: Any) -> None:
    if attribute(app, "url_map") is not None and attribute(app, "run") is not None:
        app.run()
    else:
        importlib.import_module("werkzeug.serving").run_simple("127.0.0.1", DEFAULT_PORT, app)


def app_of(server: object, namespace: Mapping[str, Any], app: Any = None) -> Any:
    """The Flask app that a server serves, under its middleware; None when there is none to be seen."""
    found = (app, attribute(server, "app"), namespace.get("app"))
    app = next((each for each in found if each is not None), None)
    for _ in range(10):  # middleware keeps the app it wraps under one of these names
        if app is None or attribute(app, "url_map") is not None:
            return app
        inner = attribute(app, "app")
        app = inner if inner is not None else attribute(app, "wsgi_app")
    return None
