"""A project's folder as what is traced: the app that ``flask run`` would serve in it."""

import os
import re
from pathlib import Path

from flasktrace.tracer.errors import ScenarioError
from flasktrace.tracer.program import Program, load_module

_DEFAULTS = ("wsgi.py", "app.py")  # in Flask's order
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?FLASK_APP\s*=\s*(.*?)\s*$")


def load_project(folder: Path) -> Program:
    """The app of ``FLASK_APP``, else of ``wsgi.py`` or ``app.py``, else of the only package in the folder.

    ``FLASK_APP`` is the environment's, else that of ``.env`` or ``.flaskenv`` in the folder.

    Raises:
        ScenarioError: there is none of these.
    """
    named = os.environ.get("FLASK_APP") or _from_files(folder)
    if named:
        return load_module(as_module(named))
    for name in _DEFAULTS:
        if (folder / name).is_file():
            return load_module(name.removesuffix(".py"))
    inner = [path.parent for path in sorted(folder.glob("*/__init__.py")) if path.parent.name.isidentifier()]
    if len(inner) == 1:
        return load_module(inner[0].name)
    raise ScenarioError(
        f"{folder}: a folder with neither wsgi.py, app.py nor FLASK_APP in .flaskenv: set FLASK_APP,"
        " or give the path of a Python file that makes a Flask app"
    )


def as_module(named: str) -> str:
    """What ``FLASK_APP`` says as ``package.module:app``: it may be a path, such as ``src/shop.py:make()``.

    The folder that the module is to be imported from is a part of the path, so that goes as it is: dots for
    slashes.
    """
    path, colon, expression = named.strip().partition(":")
    module = path.removesuffix(".py").strip("/").replace("/", ".").lstrip(".")
    return f"{module}{colon}{expression.strip()}"


def _from_files(folder: Path) -> str:
    for name in (".env", ".flaskenv"):
        try:
            lines = (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            if found := _ASSIGNMENT.match(line):
                return found[1].strip("'\"")
    return ""
