"""What the ``flask`` command prints. Called by ``cli``."""

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from operator import attrgetter
from types import ModuleType
from typing import Any

_SET, _PROMPT = ("export", "$ ") if os.name == "posix" else ("set", "> ")

HELP = f"""\
A general utility script for Flask applications.

Provides commands from Flask, extensions, and the application. Loads the application defined in the
FLASK_APP environment variable, or from a wsgi.py file. Setting the FLASK_ENV environment variable to
'development' will enable debug mode.

\b
  {_PROMPT}{_SET} FLASK_APP=hello.py
  {_PROMPT}{_SET} FLASK_ENV=development
  {_PROMPT}flask run
"""

NOT_LOCATED = (
    'Could not locate a Flask application. You did not provide the "FLASK_APP" environment variable, and a'
    ' "wsgi.py" or "app.py" module was not found in the current directory.'
)


DOTENV_TIP = ' * Tip: There are .env or .flaskenv files present. Do "pip install python-dotenv" to use them.'
DEVELOPMENT_ONLY = "   WARNING: This is a development server. Do not use it in a production deployment."


def several_apps(module: ModuleType) -> str:
    """Say that a module has more than one application."""
    return (
        f'Detected multiple Flask applications in module "{module.__name__}". Use'
        f' "FLASK_APP={module.__name__}:name" to specify the correct one.'
    )


def no_app(module: ModuleType) -> str:
    """Say that a module has no application."""
    return (
        f'Failed to find Flask application or factory in module "{module.__name__}". Use'
        f' "FLASK_APP={module.__name__}:name to specify one.'
    )


def needs_arguments(module: ModuleType, factory_name: str) -> str:
    """Say that a factory cannot be called without arguments."""
    how = f"{module.__name__}:{factory_name}(args)"
    return (
        f'Detected factory "{factory_name}" in module "{module.__name__}", but could not call it without'
        f" arguments. Use \"FLASK_APP='{how}'\" to specify arguments."
    )


def version_text() -> str:
    """Give the versions of Python, Flask and Werkzeug, one a line."""
    from flasktrace.framework.werkzeug import __version__ as werkzeug_version

    from . import __version__ as flask_version

    return f"Python {platform.python_version()}\nFlask {flask_version}\nWerkzeug {werkzeug_version}"


def shell_banner(app: Any) -> str:
    """Give what ``flask shell`` says first."""
    python = f"Python {sys.version} on {sys.platform}"
    return f"{python}\nApp: {app.import_name} [{app.env}]\nInstance: {app.instance_path}"


def startup_names() -> dict[str, Any]:
    """Give the names that the file in ``PYTHONSTARTUP`` defines, as Python's own shell would have them."""
    names: dict[str, Any] = {}
    startup = os.environ.get("PYTHONSTARTUP")
    if startup and os.path.isfile(startup):
        with open(startup, encoding="utf-8") as source:
            exec(compile(source.read(), startup, "exec"), names)
    return names


def route_lines(rules: list[Any], sort: str, all_methods: bool) -> Iterator[str]:
    """Give the table of ``flask routes``.

    Args:
        rules: the URL rules, in matching order.
        sort: ``endpoint``, ``methods`` or ``rule``; anything else leaves the order.
        all_methods: show HEAD and OPTIONS too.
    """
    if not rules:
        yield "No routes were registered."
        return
    if sort == "methods":
        rules.sort(key=lambda rule: sorted(rule.methods))
    elif sort in ("endpoint", "rule"):
        rules.sort(key=attrgetter(sort))
    left_out = set() if all_methods else {"HEAD", "OPTIONS"}
    rows = [(rule.endpoint, ", ".join(sorted(rule.methods - left_out)), rule.rule) for rule in rules]
    yield from table_lines(("Endpoint", "Methods", "Rule"), rows)


def table_lines(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Give the lines of a table whose columns are as wide as their longest entry."""
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    dashes = ["-" * width for width in widths]
    for row in (headers, dashes, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
