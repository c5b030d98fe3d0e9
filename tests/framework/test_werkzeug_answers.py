"""The bundle gives the answers that genuine Werkzeug 1.0.1 has given, see record_answers.py."""

import gc
import importlib.util
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ANSWERS: dict[str, dict[str, str]] = json.loads(
    (HERE / "data" / "werkzeug_answers.json").read_text(encoding="utf-8")
)

#: Where the bundle means to differ.
BETTER = {
    "parse_cookie('=x; a=1')": "a cookie without a name could pose as one with a name",
    "dump_cookie('k', 'v', domain='localhost')": "the same error, in words of our own",
}


@cache
def cases() -> ModuleType:
    spec = importlib.util.spec_from_file_location("answer_cases", HERE / "answer_cases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def names() -> dict[str, Any]:
    found: dict[str, Any] = cases().namespace("flasktrace.framework.werkzeug")
    return found


# The expressions leave uploads open; whoever collects them later must not be blamed for it.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("group", ANSWERS)
def test_bundle_answers_as_genuine_werkzeug_does(group: str) -> None:
    wrong = []
    for expression, expected in ANSWERS[group].items():
        found = cases().answer(expression, names())
        if found != expected and expression not in BETTER:
            wrong.append(f"{expression}\n  genuine: {expected}\n  bundle:  {found}")
    gc.collect()
    assert not wrong, f"{len(wrong)} of {len(ANSWERS[group])} answers differ:\n" + "\n".join(wrong[:20])


def test_there_are_answers_to_compare() -> None:
    assert sum(map(len, ANSWERS.values())) > 3000


def test_the_exceptions_from_the_rule_are_still_needed() -> None:
    known = {expression: answer for group in ANSWERS.values() for expression, answer in group.items()}
    assert [e for e in BETTER if cases().answer(e, names()) == known[e]] == []
