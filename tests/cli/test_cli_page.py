"""``--view page``, ``--state`` and ``--hooks`` on the command line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.commands import flasktrace

from flasktrace.cli.paging import licence_notices, read_source


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli-page")
    done = flasktrace(folder, "run", "hooks_end_chain", "--view", "page", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        *("wrote", str(Path("hooks_end_chain-trace", "trace.flasktrace"))),
        *("wrote", str(Path("hooks_end_chain-trace", "page.html"))),
    ]
    return folder / "hooks_end_chain-trace"


def test_a_page_in_place_of_the_usual_files(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["page.html", "trace.flasktrace"]
    text = (folder / "page.html").read_text("utf-8")
    assert "<title>hooks_end_chain" in text and 'lang="en"' in text
    assert "def door_keeper" in text, "the user's own source"


def test_hello_takes_no_more_than_400_kilobytes(tmp_path: Path) -> None:
    done = flasktrace(tmp_path, "run", "hello", "--view", "page", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "page.html").stat().st_size < 400_000


def test_show_writes_the_page_of_a_saved_trace(folder: Path, tmp_path: Path) -> None:
    done = flasktrace(tmp_path, "show", str(folder), "--view", "page", "--lang", "zh", "-o", "out")
    assert done.returncode == 0 and done.stdout == f"wrote {Path('out', 'page.html')}\n"
    assert 'lang="zh-Hans"' in (tmp_path / "out" / "page.html").read_text("utf-8")


def test_state_and_hooks_in_the_tree(folder: Path) -> None:
    plain = flasktrace(folder, "show", ".", "--lang", "en").stdout
    told = flasktrace(folder, "show", ".", "--lang", "en", "--state", "--hooks").stdout
    assert "≡" not in plain and "Hooks of" not in plain
    assert re.search(r"^# \[\d+\] ≡ request stack: RequestContext GET /room$", told, re.MULTILINE)
    assert "did not run: door_keeper had returned a response" in told
    without_notes = [line for line in told.splitlines() if not line.startswith("#")]
    assert without_notes == [line for line in plain.splitlines() if not line.startswith("#")]


def test_only_python_files_are_read_for_their_source(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("# -*- coding: latin-1 -*-\nname = 'é'\n", "latin-1")
    assert read_source(str(tmp_path / "app.py")) == ["# -*- coding: latin-1 -*-", "name = 'é'"]
    (tmp_path / "secret.txt").write_text("private", "utf-8")
    (tmp_path / "odd.py").write_bytes(b"\xff\xfe\x00")
    for name in ("secret.txt", "odd.py", "missing.py", "", "a\x00b.py"):
        assert read_source(str(tmp_path / name)) is None


def test_the_licences_of_the_source_that_is_shown() -> None:
    assert list(licence_notices("bundled")) == ["Python"]
    installed = licence_notices("installed")
    assert "Redistribution" in installed["Flask"] and "Redistribution" in installed["Werkzeug"]


def test_flask_trace_writes_a_page_too(tmp_path: Path) -> None:
    source = "from flask import Flask\napp = Flask(__name__)\n@app.route('/')\ndef index():\n    return ''\n"
    (tmp_path / "app.py").write_text(source, "utf-8")
    command = [sys.executable, "-m", "flask", "trace", "/", "--view", "page", "-o", "out", "--lang", "en"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"wrote {Path('out', 'page.html')}\n"
    assert "def index" in (tmp_path / "out" / "page.html").read_text("utf-8")
