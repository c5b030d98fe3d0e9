"""Write what genuine Flask 1.1.4 does in the cases.

    PYTHON_OF_GENUINE_FLASK tests/framework/record_flask_cases.py

writes ``data/flask_answers.json``. Runs in the environment of ``tests/golden/requirements.txt``, so it uses
the standard library only.
"""

import importlib
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ANSWERS = HERE / "data" / "flask_answers.json"
sys.path.insert(0, str(HERE.parents[1]))

CASE_MODULES = ("tests.framework.flask_cases_dispatch", "tests.framework.flask_cases_parts")
Case = Callable[[Callable[[str], Any]], Iterator[str]]


def all_cases() -> dict[str, Case]:
    """The cases by name."""
    modules = [importlib.import_module(name) for name in CASE_MODULES]
    functions = [function for module in modules for function in vars(module).items()]
    return {name.removeprefix("case_"): call for name, call in functions if name.startswith("case_")}


def main() -> None:
    """Record all cases."""
    warnings.simplefilter("ignore")
    answers = {name: list(case(importlib.import_module)) for name, case in all_cases().items()}
    ANSWERS.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
