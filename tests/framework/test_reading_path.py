"""The reading path: README.md, the marks in the source and a real request say the same."""

import ast
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import flasktrace.framework

FRAMEWORK = Path(flasktrace.framework.__file__).parent
HELLO = Path(__file__).resolve().parents[1] / "golden" / "data" / "hello.json"
MARK = re.compile(r"^ *# Reading path, step (\d+)\. (.*)$")
ROW = re.compile(r"^\| (\d+) \| `([^`]+)` \| \[([^]]+)\]\(([^)]+)\) \| .+ \|$")


class Step(NamedTuple):
    """A function of the path; ``qualname`` without ``<locals>``."""

    number: int
    qualname: str
    file: str


def steps_in_readme() -> list[Step]:
    lines = (FRAMEWORK / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [match for line in lines if (match := ROW.match(line))]
    assert all(row[3] == row[4] for row in rows)
    return [Step(int(row[1]), row[2], row[3]) for row in rows]


def functions_by_first_line(tree: ast.AST, prefix: str = "") -> Iterator[tuple[int, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first_line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield first_line, prefix + node.name
            yield from functions_by_first_line(node, f"{prefix}{node.name}.")
        else:
            yield from functions_by_first_line(node, prefix)


def marks_in_source() -> list[tuple[Step, str]]:
    found = []
    for path in FRAMEWORK.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        functions = dict(functions_by_first_line(ast.parse(source)))
        for line_number, line in enumerate(source.splitlines(), 1):
            if match := MARK.match(line):
                file = path.relative_to(FRAMEWORK).as_posix()
                found.append((Step(int(match[1]), functions[line_number + 1], file), match[2]))
    return sorted(found)


def calls_of_hello() -> list[tuple[str, str]]:
    facts = json.loads(HELLO.read_text(encoding="utf-8"))
    threads = facts["requests"][0]["threads"]
    parts = [facts["startup"], threads["main"], threads["worker"]]
    named = [facts["functions"][index] for part in parts for index in part["functions"]]
    return [(module, qualname.replace(".<locals>", "")) for module, qualname in named]


def test_path_has_consecutive_steps() -> None:
    steps = steps_in_readme()
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert len(steps) > 30


def test_each_step_is_marked_above_its_function() -> None:
    assert [step for step, _ in marks_in_source()] == steps_in_readme()


def test_each_mark_names_the_next_step() -> None:
    marks = marks_in_source()
    for (_, text), (following, _) in itertools.pairwise(marks):
        assert text == f"Next: {following.qualname}, {following.file}."


def test_genuine_flask_calls_the_steps_in_this_order() -> None:
    calls = iter(calls_of_hello())
    for step in steps_in_readme():
        module = step.file.removesuffix(".py").replace("/", ".")
        assert (module, step.qualname) in calls, f"step {step.number} is not called after the one before it"
