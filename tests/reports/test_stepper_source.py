"""Which line of the source is the current one."""

import sys
import textwrap
from pathlib import Path
from types import FrameType

import pytest
from tests.strategies_traces import TraceBuilder

from flasktrace.reports.stepper.source_text import SourceFiles, current_line
from flasktrace.tracer.model import Function, Origin, Raised, Returned, Value

SCRIPT = """\
    import contextlib

    def plain(x):
        if x:
            return 1
        return 2

    def through_finally(x):
        try:
            return [i for i in range(3)]  # true
        finally:
            x = 1
            x = 2

    def through_with(x):
        with contextlib.nullcontext(), \\
                contextlib.nullcontext():
            def inner():
                return 3
            return inner  # true

    def after_the_finally(x):
        try:
            x = 1
        finally:
            x = 2
        return x  # true

    def either(x):
        try:
            if x:
                return 1
            return 2
        finally:
            x = 1  # true
"""


def _true_line(lines: list[str], first: int) -> int:
    return next(number for number in range(first, len(lines) + 1) if "# true" in lines[number - 1])


@pytest.mark.parametrize("name", ["through_finally", "through_with", "after_the_finally", "either"])
def test_the_line_of_the_return_is_that_of_the_statement(name: str, tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(SCRIPT))
    namespace: dict[str, object] = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    function = namespace[name]
    told: list[int] = []

    def hook(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code.co_name == name:
            told.append(frame.f_lineno)

    sys.setprofile(hook)
    try:
        function(0)  # type: ignore[operator]
    finally:
        sys.setprofile(None)
    code = function.__code__  # type: ignore[attr-defined]
    lines = path.read_text().splitlines()
    last = max(line for *_, line in code.co_lines() if line)
    where = Function(2, "script", name, str(path), code.co_firstlineno, last, Origin.USER)
    builder = TraceBuilder.new()
    builder.trace.functions[2] = where
    builder.add(name, outcome=Returned(Value("", "int", 1, "3"), told[0]))
    call = next(iter(builder.trace.calls))
    file = SourceFiles().get(str(path))
    assert current_line(where, call, True, file) == _true_line(lines, code.co_firstlineno)
    assert current_line(where, call, False, file) == code.co_firstlineno


def test_without_a_value_or_with_a_raise_it_is_the_line_that_ran_last(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(SCRIPT))
    where = Function(2, "script", "through_finally", str(path), 8, 13, Origin.USER)
    file = SourceFiles().get(str(path))
    for outcome in (Returned(None, 13), Returned(Value("", "NoneType", 0, "None"), 13), Raised("E", "", 13)):
        builder = TraceBuilder.new()
        builder.trace.functions[2] = where
        builder.add("through_finally", outcome=outcome)
        assert current_line(where, next(iter(builder.trace.calls)), True, file) == 13
