"""The bundle is read by people: short functions, and modules that are a half of upstream's at most."""

import ast
import statistics
from pathlib import Path

import pytest

import flasktrace.framework

FRAMEWORK = Path(flasktrace.framework.__file__).parent
# Lines of the modules of Flask 1.1.4 and Werkzeug 1.0.1.
UPSTREAM_LINES = {
    "flask/app.py": 2467,
    "flask/cli.py": 971,
    "werkzeug/serving.py": 1117,
    "werkzeug/routing.py": 2210,
}


def _lengths() -> list[int]:
    return sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in FRAMEWORK.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_functions_are_short() -> None:
    lengths = _lengths()
    assert statistics.median(lengths) <= 6
    assert lengths[int(len(lengths) * 0.95)] <= 25


@pytest.mark.parametrize("name", UPSTREAM_LINES)
def test_a_big_module_is_a_half_of_upstreams_at_most(name: str) -> None:
    count = len((FRAMEWORK / name).read_text(encoding="utf-8").splitlines())
    assert count <= UPSTREAM_LINES[name] / 2


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(FRAMEWORK))
        for path in FRAMEWORK.rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []
