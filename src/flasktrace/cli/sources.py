"""Finds where a function of the pipeline is written, without importing its module."""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_BUNDLED = ("flask", "werkzeug")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a function is written.

    Attributes:
        path: of the file.
        first_line, last_line: of the function, its decorators included.
        lines: its text.
    """

    path: Path
    first_line: int
    last_line: int
    lines: tuple[str, ...]


def find_source(module: str, qualname: str, engine: str) -> Source | None:
    """The source of a function; None where there is none to be found.

    Args:
        module: upstream's name of it, ``flask.app``.
        qualname: as ``co_qualname`` has it, ``Flask.route.<locals>.decorator``.
        engine: ``bundled`` or ``installed``, which decides for Flask's and Werkzeug's own modules.
    """
    path = module_path(module, engine)
    if path is None:
        return None
    node = _functions(path).get(qualname)
    if node is None:
        return None
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    last = node.end_lineno or node.lineno
    lines = path.read_text(encoding="utf-8").splitlines()[first - 1 : last]
    return Source(path, first, last, tuple(lines))


def has_function(module: str, qualname: str, engine: str) -> bool:
    """Whether the engine itself has a function; what the bundle takes from libraries does not count."""
    path = _bundled_path(module) if _is_bundled(module, engine) else _installed_path(module)
    return path is not None and qualname in _functions(path)


def module_path(module: str, engine: str) -> Path | None:
    """The file of a module, found by its name alone; None for one that has no file."""
    path = _bundled_path(module) if _is_bundled(module, engine) else None
    return path or _installed_path(module)


def _is_bundled(module: str, engine: str) -> bool:
    return engine == "bundled" and module.partition(".")[0] in _BUNDLED


def _bundled_path(module: str) -> Path | None:
    framework = importlib.util.find_spec("flasktrace.framework")
    folders = (framework and framework.submodule_search_locations) or ()
    return _in_folders(list(folders), module)


def _installed_path(module: str) -> Path | None:
    top, _, rest = module.partition(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if rest:
        return _in_folders(list(spec.submodule_search_locations or ()), rest)
    return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None


def _in_folders(folders: list[str], module: str) -> Path | None:
    for folder in folders:
        found = _file(Path(folder) / module.replace(".", "/"))
        if found is not None:
            return found
    return None


def _file(stem: Path) -> Path | None:
    for path in (stem.with_name(stem.name + ".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


_Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def _functions(path: Path) -> dict[str, _Function]:
    """The functions of a file by qualified name; of several, the last one, as when it is run."""
    try:
        return dict(_walk(ast.parse(path.read_text(encoding="utf-8")), ""))
    except (OSError, SyntaxError, ValueError):
        return {}


def _walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, _Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            yield prefix + child.name, child
            yield from _walk(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _walk(child, f"{prefix}{child.name}.")
        else:
            yield from _walk(child, prefix)
