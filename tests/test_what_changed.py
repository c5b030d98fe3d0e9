"""The tables of what changed from Flask 1.1 to 3.x are what flasktrace finds today."""

import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
LEVELS = {"milestones": (), "pipeline": ("--level", "pipeline", "--hide", "selectors")}
_NAMES = {"bundled.flasktrace": "Flask 1.1", "installed.flasktrace": "Flask 3.1"}

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="needs a checkout")


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenario's trace on each engine."""
    folder = tmp_path_factory.mktemp("engines")
    code = (
        "import sys; from pathlib import Path; from flasktrace.cli.recording import *;"
        "play_scenario(find_scenario('hooks'), RecordOptions(engine=sys.argv[1]), Path(sys.argv[2]))"
    )
    for engine in ("bundled", "installed"):
        path = folder / f"{engine}.flasktrace"
        subprocess.run(
            [sys.executable, "-c", code, engine, str(path)], check=True, timeout=60, capture_output=True
        )
    return folder


def _table(traces: Path, language: str, level: str) -> str:
    options = ("--format", "markdown", "--lang", language, *LEVELS[level])
    done = subprocess.run(
        [sys.executable, "-m", "flasktrace", "diff", *_NAMES, *options],
        cwd=traces,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    table = done.stdout
    for file_name, name in _NAMES.items():
        table = table.replace(file_name, name, 1)
    return table


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_tables_are_current(
    traces: Path, language: str, renew_golden: bool, cannot_run: Callable[[str], None]
) -> None:
    version = importlib.metadata.version("flask")
    if not version.startswith("3.1."):
        cannot_run(f"the tables are about Flask 3.1; installed is {version}")
    path = DOCS / language / "what-changed.md"
    text = path.read_text(encoding="utf-8")
    for level in LEVELS:
        table = f"<!-- {level} -->\n\n{_table(traces, language, level)}\n<!-- end -->"
        text = re.sub(rf"<!-- {level} -->.*?<!-- end -->", table.replace("\\", r"\\"), text, flags=re.DOTALL)
    if renew_golden:
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
