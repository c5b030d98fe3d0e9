"""A hostile program, end to end: nothing of it reaches the terminal or a file unescaped, or breaks a view."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.commands import flasktrace

from flasktrace.reports.exports.registry import EXPORTERS

SCRIPT = r"""
from flask import Flask, request

app = Flask(__name__)
EVIL = "</text></svg><script>alert(1)</script>\x1b]0;owned\x07\x1b[31m\u202e\u2066\x9b2J\r\n[/bold]`${x}"
Evil = type("Evil" + EVIL, (Exception,), {"__repr__": lambda self: EVIL, "__str__": lambda self: EVIL})


def work(text, path, huge):
    raise Evil(EVIL + "\ud800")


work.__code__ = work.__code__.replace(co_name="work" + EVIL, co_qualname="work" + EVIL)
FILE = "/app/" + EVIL.replace("/", "") + ".py"
exec(compile("def named(*args):\n    return work(*args)\n", FILE, "exec"))


@app.route("/<path:rest>")
def view(rest):
    try:
        named(EVIL, rest + "\udc80", "A" * 10_000_000)
    except Evil:
        pass
    return "ok", 200, {"X-Evil": "\x9b31m" + request.headers.get("X-In", "")}


REQUESTS = ["GET /a%1b%5b31m%e2%80%ae%3Cscript%3E"]
app.run()
"""
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MAX_CHARS = 5_000_000
TEXTS = sorted(set(EXPORTERS) | {"sequence", "svg"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the hostile program was run, with the tree that it gave in ``tree.txt``."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "evil.py").write_text(SCRIPT, encoding="utf-8")
    printed = _run(folder, "run", "evil.py", "-o", "out", "--level", "all", "--explain", "--resolution")
    (folder / "tree.txt").write_text(printed, encoding="utf-8")
    return folder


def _run(folder: Path, *arguments: str) -> str:
    done = flasktrace(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _assert_safe(text: str) -> None:
    assert UNSAFE.search(text) is None, repr(text[max(0, UNSAFE.search(text).start() - 60) :][:120])  # type: ignore[union-attr]
    assert len(text) < MAX_CHARS


def test_the_tree_shows_it_as_visible_escapes(folder: Path) -> None:
    text = (folder / "tree.txt").read_text(encoding="utf-8")
    _assert_safe(text)
    assert "work</text></svg><script>" in text and "\\x1b" in text


def test_the_drawings_stay_well_formed_and_hold_no_script(folder: Path) -> None:
    for path in (folder / "out").glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        _assert_safe(text)
        names = {element.tag.rpartition("}")[2] for element in ET.fromstring(text).iter()}
        assert "script" not in names and "foreignObject" not in names


@pytest.mark.parametrize("name", TEXTS)
def test_each_export_is_clean(name: str, folder: Path) -> None:
    text = _run(folder, "export", "out", "--format", name, "--level", "all")
    _assert_safe(text)
    if text.startswith("{"):
        json.loads(text)
    if text.startswith("<svg"):
        ET.fromstring(text)
