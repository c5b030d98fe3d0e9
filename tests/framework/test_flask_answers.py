"""The bundle does in each case what genuine Flask 1.1.4 did, see record_flask_cases.py."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.framework.record_flask_cases import all_cases

HERE = Path(__file__).resolve().parent
ANSWERS: dict[str, list[str]] = json.loads((HERE / "data" / "flask_answers.json").read_text(encoding="utf-8"))
BUNDLED = ("flask", "werkzeug")


def load_bundled(name: str) -> Any:
    """Import a module of the bundle by its upstream name, without switching ``import flask`` over."""
    prefix = "flasktrace.framework." if name.partition(".")[0] in BUNDLED else ""
    return importlib.import_module(prefix + name)


def test_every_case_was_recorded() -> None:
    assert sorted(all_cases()) == sorted(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_bundle_answers_like_genuine_flask(name: str) -> None:
    assert list(all_cases()[name](load_bundled)) == ANSWERS[name]
