"""The examples in the guides run as they stand, in both languages."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
GUIDES = ("run", "trace-your-app", "diff", "step", "teach", "check")

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="needs a checkout")


def _blocks(path: Path) -> list[tuple[str, str]]:
    return re.findall(r"^```(python|console)\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("guide", GUIDES)
def test_the_chinese_guide_has_the_same_examples(guide: str) -> None:
    english, chinese = (_blocks(DOCS / language / f"{guide}.md") for language in ("en", "zh"))
    assert english == chinese


@pytest.mark.parametrize("guide", GUIDES)
def test_the_examples_run(guide: str, tmp_path: Path) -> None:
    blocks = _blocks(DOCS / "en" / f"{guide}.md")
    assert blocks
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {
        "LC_ALL": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    guide_text = (DOCS / "en" / f"{guide}.md").read_text(encoding="utf-8")
    for name, text in re.findall(r"`(\w+\.md)`[^\n]*\n\n````markdown\n(.*?)^````$", guide_text, re.M | re.S):
        (tmp_path / name).write_text(text, encoding="utf-8")
    commands = []
    for language, text in blocks:
        if language == "python":
            name = text.partition("\n")[0].removeprefix("# ")
            (tmp_path / name).write_text(text, encoding="utf-8")
        else:
            commands += [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    for command in commands:
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr}"
        assert "Traceback" not in done.stderr
