"""The bundled scenarios, grouped as a course.

A scenario is a Flask program in this folder that ends with ``app.run()``; its title is the first line of
its docstring, read from the source, so that listing the scenarios runs none of them. The Chinese titles
and descriptions are in ``course.zh.toml``.
"""

import ast
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

# The course: each group with its scenarios, in the order to read them.
COURSE: dict[str, tuple[str, ...]] = {
    "First steps": ("hello", "startup", "hooks", "errors", "routing", "session", "blueprint"),
    "The server": (
        "threads",
        "one_thread",
        "forks",
        "inherited_methods",
        "selector",
        "flask_run",
        "reloader",
        "continue_100",
        "dropped_connection",
        "failing_app",
        "debugger",
        "shutdown",
    ),
    "Contexts": ("contexts", "nested_contexts", "local_by_thread"),
    "Routing": ("options", "url_for", "url_processors", "subdomains", "method_views"),
    "Hooks": (
        "hooks_end_chain",
        "hook_order_blueprints",
        "first_request",
        "after_this_request",
        "teardown",
        "signals",
    ),
    "Request and response": ("request_data", "return_values", "streaming", "conditional", "error_paths"),
    "Around the view": ("templates", "static_files", "flash_messages", "wsgi_middleware", "shared_data"),
}


@dataclass(frozen=True)
class Scenario:
    """A bundled scenario.

    Attributes:
        name: what ``flasktrace run`` takes.
        path: the script.
        title: one line that says what it shows.
        group: the part of the course it belongs to.
        description: what to look for in its trace, the docstring without its first line.
    """

    name: str
    path: Path
    title: str
    group: str
    description: str


def list_scenarios(language: str = "en") -> list[Scenario]:
    """Give all bundled scenarios in the order of the course.

    Args:
        language: of titles, groups and descriptions, ``en`` or ``zh``.
    """
    scenarios = [_read(name, group) for group, names in COURSE.items() for name in names]
    if language == "en":
        return scenarios
    words = tomllib.loads((FOLDER / f"course.{language}.toml").read_text(encoding="utf-8"))
    return [
        replace(scenario, group=words["groups"][scenario.group], **words["scenarios"][scenario.name])
        for scenario in scenarios
    ]


def find_scenario(name: str) -> Scenario | None:
    """Give the bundled scenario of that name, or None."""
    for group, names in COURSE.items():
        if name in names:
            return _read(name, group)
    return None


def _read(name: str, group: str) -> Scenario:
    path = FOLDER / f"{name}.py"
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or name
    title, _, description = docstring.partition("\n")
    return Scenario(name, path, title.rstrip("."), group, description.strip())
