"""``%%flasktrace`` in a real notebook, run by a kernel of its own."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest
from tests.one_python import met_on

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("FLASKTRACE_ALL_TESTS")
        and any(find_spec(name) is None for name in ("IPython", "ipykernel", "nbclient")),
        reason="needs flasktrace[jupyter], ipykernel and nbclient",
    ),
    met_on(13, "Jupyter"),
    pytest.mark.xdist_group("jupyter"),  # one kernel
]

CELLS = {
    "load": "import flask\n%load_ext flasktrace",
    "run": """%%flasktrace -r 'GET /tea/2' -r 'POST /order' -d 'cups=3' --lang en --only tea
from flask import Flask, render_template, request
from beside import kind
app = Flask(__name__)
@app.route("/tea/<int:cups>")
def tea(cups):
    print("<pouring>")
    return render_template("tea.html", cups=cups, kind=kind())
@app.route("/order", methods=["POST"])
def order():
    return request.form["cups"]
""",
    "value": "run = _\n[(request.target, request.status) for request in run.trace.requests]",
    "same Flask": "import flask as again\nagain is flask and '1.1' not in repr(flask.Flask.__module__)",
    "scenario": "%flasktrace hello --phase dispatch --lang zh --show graph --no-times --engine installed",
    "failing": "%%flasktrace --lang en\nfrom flask import Flask\napp = Flask(__name__)\n1 / 0",
    "wrong option": "%%flasktrace --colour red\npass",
    "wrong quotes": "%%flasktrace -r 'GET /\npass",
    "no scenario": "%flasktrace",
    "both": "%%flasktrace hello\npass",
    "help": "%flasktrace -h",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What each cell showed."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "templates").mkdir()
    (folder / "templates" / "tea.html").write_text("{{ cups }} cups of {{ kind }}")
    (folder / "beside.py").write_text("def kind():\n    return 'green'\n")
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{i}",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for i, source in enumerate(CELLS.values())
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "tea.ipynb").write_text(json.dumps(notebook))
    code = "import sys; from nbclient.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "--allow-errors", "--output=done.ipynb", "tea.ipynb"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"LC_ALL": "C.UTF-8", "IPYTHONDIR": str(folder / "ipython")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    told = json.loads((folder / "done.ipynb").read_text(encoding="utf-8"))["cells"]
    return {name: cell["outputs"] for name, cell in zip(CELLS, told, strict=True)}


def _text(value: "str | list[str]") -> str:
    return value if isinstance(value, str) else "".join(value)


def _error(shown: list[dict[str, Any]]) -> str:
    return "\n".join(shown[-1]["traceback"])


def test_a_cell_shows_the_tree_and_the_drawing_of_its_program(outputs: dict[str, Any]) -> None:
    (shown,) = outputs["run"]
    tree, html = (_text(shown["data"][kind]) for kind in ("text/plain", "text/html"))
    assert re.search(r"● tea\(cups=2\) → '2 cups of green'  cell\.py:5", tree), "as the cell counts its lines"
    assert "● tea(cups=2)" in html and html.count("<svg") == 1 and "light-dark(" in html
    assert "&lt;pouring&gt;" in html, "what the program printed"
    assert "<script" not in html


def test_the_value_of_the_cell_holds_the_trace(outputs: dict[str, Any]) -> None:
    assert _text(outputs["value"][0]["data"]["text/plain"]) == "[('/tea/2', 200), ('/order', 200)]"


def test_the_notebook_keeps_its_own_flask(outputs: dict[str, Any]) -> None:
    assert _text(outputs["same Flask"][0]["data"]["text/plain"]) == "True"


def test_a_line_runs_a_scenario_in_another_language_on_another_engine(outputs: dict[str, Any]) -> None:
    data = outputs["scenario"][0]["data"]
    tree, html = _text(data["text/plain"]), _text(data["text/html"])
    assert "分发到你的视图" in tree and "Flask 3." in tree
    assert html.count("<svg") == 1 and "ft-graph" in html and "● " not in html.partition("<svg")[0]


def test_a_failing_program_shows_what_there_is_and_its_own_traceback(outputs: dict[str, Any]) -> None:
    assert "✗ raises ZeroDivisionError" in _text(outputs["failing"][0]["data"]["text/plain"])
    told = _error(outputs["failing"])
    assert 'cell.py", line 4, in <module>' in told and "ZeroDivisionError: division by zero" in told
    assert "jupyter.py" not in told and "/tracer/" not in told


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("wrong option", "No such option '--colour'"),
        ("wrong quotes", "the options cannot be read: no closing quotation"),
        ("no scenario", "name a scenario, or begin a cell with %%flasktrace"),
        ("both", "the cell is the program: leave 'hello' out"),
    ],
)
def test_wrong_use_is_one_line(outputs: dict[str, Any], cell: str, told: str) -> None:
    assert _error(outputs[cell]).startswith(f"flasktrace: {told}")
    assert len(outputs[cell][-1]["traceback"]) == 1


def test_help_lists_the_options(outputs: dict[str, Any]) -> None:
    told = _text(outputs["help"][0]["text"])
    assert "Usage: %flasktrace" in told and "--level" in told and "--split" not in told


def test_the_plain_install_needs_none_of_the_three_tools() -> None:
    from importlib.metadata import requires

    plain = [line for line in requires("flasktrace") or [] if "extra ==" not in line]
    assert plain and not [line for line in plain if re.match("sphinx|mkdocs|ipython", line)]
    code = (
        "import sys; sys.modules.update(sphinx=None, mkdocs=None, IPython=None, docutils=None)\n"
        "import flasktrace.embedding, flasktrace.cli\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
