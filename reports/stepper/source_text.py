"""The source around a stop: which line is the current one, and the lines near it.

A trace names paths, and may come from anybody: only regular Python files of a sane size are read.
"""

import ast
import contextlib
import os
import re
import stat
import textwrap
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from flasktrace.reports.text import clean
from flasktrace.tracer.model import Call, Function, Raised, Returned

MAX_BYTES = 4_000_000
MAX_FILES = 50  # kept
MAX_LINE_CHARS = 500
_DEF = re.compile(r"\s*(?:async\s+)?(?:def|class)\b")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file's lines, clean and without tabs, and when the file was last written."""

    lines: tuple[str, ...]
    modified_s: float


@dataclass(slots=True)
class SourceFiles:
    """Reads the files, each once."""

    _files: "OrderedDict[str, SourceFile | None]" = field(default_factory=OrderedDict)

    def get(self, path: str) -> SourceFile | None:
        """A file's lines; None when it is not there, or not to be read."""
        if path not in self._files:
            self._files[path] = _read(path)
            if len(self._files) > MAX_FILES:
                self._files.popitem(last=False)
        return self._files[path]


def _read(path: str) -> SourceFile | None:
    if not path.endswith((".py", ".pyw")):
        return None
    try:
        # A pipe that a trace names must not make us wait.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
                return None
            text = file.read(MAX_BYTES).decode("utf-8", errors="replace")
    except (OSError, ValueError):
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return SourceFile(tuple(clean(line.expandtabs(4), MAX_LINE_CHARS) for line in lines), status.st_mtime)


def definition_line(function: Function, file: SourceFile | None) -> int:
    """The line of the ``def``: a decorated function's first line is that of its decorator."""
    first = function.line_number
    if file is None or function.qualname.endswith(("<module>", ">")):
        return first
    for number in range(first, min(function.last_line, len(file.lines)) + 1):
        if number > 0 and _DEF.match(file.lines[number - 1]):
            return number
    return first


def current_line(function: Function, call: Call, is_end: bool, file: SourceFile | None) -> int:
    """The line to show: that of the ``def`` at the entry, that of the return or raise at the end."""
    outcome = call.outcome
    if not is_end or not isinstance(outcome, Returned | Raised) or not outcome.line_number:
        return definition_line(function, file)
    # Without a value it may have come to its end without any return statement.
    value = outcome.value if isinstance(outcome, Returned) else None
    if file is None or value is None or value.class_name == "NoneType":
        return outcome.line_number
    return return_line(file.lines, function.line_number, function.last_line, outcome.line_number)


def return_line(lines: tuple[str, ...], first: int, last: int, line: int) -> int:
    """The line of the return statement, where Python tells that of the ``with`` or ``finally`` around it.

    Args:
        lines: of the file.
        first, last: of the function.
        line: the one that ran last.

    Returns:
        ``line`` itself where it is no such line, or more than one return leads through it.
    """
    source = textwrap.dedent("\n".join(lines[first - 1 : last]))
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        found = [
            node.lineno + first - 1
            for block in _left_through(ast.parse(source), line - first + 1)
            for node in _returns(block)
        ]
        if len(found) == 1:
            return found[0]
    return line


def _left_through(tree: ast.AST, line: int) -> Iterator[ast.stmt]:
    """The statements whose ``with`` or ``finally`` runs at a line, whatever leaves them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            if node.lineno <= line < node.body[0].lineno:
                yield from node.body
        elif isinstance(node, ast.Try | ast.TryStar) and _spans(node.finalbody, line):
            yield from (*node.body, *node.orelse)
            for handler in node.handlers:
                yield from handler.body


def _spans(body: list[ast.stmt], line: int) -> bool:
    return bool(body) and body[0].lineno <= line <= (body[-1].end_lineno or 0)


def _returns(node: ast.AST) -> Iterator[ast.Return]:
    """The return statements of a function's own, not those of functions within."""
    if isinstance(node, ast.Return):
        yield node
    elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        for child in ast.iter_child_nodes(node):
            yield from _returns(child)
