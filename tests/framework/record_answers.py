"""Renew ``data/werkzeug_answers.json``: what genuine Werkzeug 1.0.1 answers to the expressions in it.

    GENUINE/bin/python tests/framework/record_answers.py

GENUINE is an environment with ``tests/golden/requirements.txt``. To ask something new, add the expression
with an empty answer to the file and run this.
"""

import json
import runpy
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
ANSWERS = HERE / "data" / "werkzeug_answers.json"


def main() -> None:
    version = metadata.version("werkzeug")
    if version != "1.0.1":
        raise SystemExit(f"Werkzeug 1.0.1 is wanted here, this is {version}")
    cases = runpy.run_path(str(HERE / "answer_cases.py"))
    answer, names = cases["answer"], cases["namespace"]("werkzeug")
    asked = json.loads(ANSWERS.read_text(encoding="utf-8"))
    answers = {
        group: {expression: answer(expression, names) for expression in expressions}
        for group, expressions in asked.items()
    }
    ANSWERS.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{sum(map(len, answers.values()))} answers in {ANSWERS}")


if __name__ == "__main__":
    main()
