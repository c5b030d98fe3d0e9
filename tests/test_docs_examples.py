"""The examples in the guides and in the README run as they stand, in both languages."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.one_python import met_on

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
# A file's name is in its first line, as a comment; that of a Markdown file is in the sentence before it.
_BLOCK = re.compile(r"^```(python|toml|yaml|rst|console)\n(.*?)^```", re.M | re.S)
_NAME = re.compile(r"(?:#|\.\.) (\S+\.\w+)$")
_MARKDOWN = re.compile(r"`([\w/]+\.md)`[^\n]*\n\n````markdown\n(.*?)^````$", re.M | re.S)
_TRANSLATED = re.compile(r"^(title|language|caption|question|because|#.*|[^\x00-\x7f]).*\n?", re.M)

pytestmark = [
    pytest.mark.skipif(not DOCS.is_dir(), reason="needs a checkout"),
    met_on(12, "the examples"),
]


def _text(language: str, guide: str) -> str:
    return (DOCS / language / f"{guide}.md").read_text(encoding="utf-8")


def _guides() -> list[str]:
    """Those with commands to run."""
    return sorted(path.stem for path in DOCS.glob("en/*.md") if "```console" in path.read_text("utf-8"))


def _blocks_of_lessons(text: str) -> list[list[str]]:
    """The blocks of the Markdown examples, without what is in the guide's language."""
    texts = [lesson for _, lesson in _MARKDOWN.findall(text)]
    return [
        [_TRANSLATED.sub("", block) for block in re.findall(r"^```(flasktrace.*?)^```", lesson, re.M | re.S)]
        for lesson in texts
    ]


def _examples(text: str) -> list[tuple[str, str]]:
    """What is run, without what is in the guide's language."""
    return [
        (language, re.sub(r'language="\w+"|<p>.*?</p>| --lang zh', "", block))
        for language, block in _BLOCK.findall(text)
    ]


def _run(command: str, folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {
        "LC_ALL": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=250,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr}"
    assert "Traceback" not in done.stderr


def test_each_page_is_there_in_both_languages() -> None:
    english, chinese = ({path.name for path in DOCS.glob(f"{language}/*.md")} for language in ("en", "zh"))
    assert english == chinese


@pytest.mark.parametrize("guide", _guides())
def test_the_chinese_guide_has_the_same_examples(guide: str) -> None:
    english, chinese = _text("en", guide), _text("zh", guide)
    assert _examples(english) == _examples(chinese)
    assert _blocks_of_lessons(english) == _blocks_of_lessons(chinese)


@pytest.mark.parametrize("guide", _guides())
def test_the_examples_run(guide: str, tmp_path: Path) -> None:
    text = _text("en", guide)
    for name, lesson in _MARKDOWN.findall(text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(lesson, encoding="utf-8")
    commands = []
    for language, block in _BLOCK.findall(text):
        if language == "console":
            commands += [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
            continue
        name = _NAME.match(block.partition("\n")[0])
        assert name is not None, f"{block[:40]!r} does not name its file"
        (tmp_path / name[1]).write_text(block, encoding="utf-8")
    assert commands
    for command in commands:
        _run(command, tmp_path)


SHOP = """\
from flask import Flask, request

app = Flask(__name__)

@app.route("/")
def index():
    return "welcome"

@app.route("/items/<int:number>")
def item(number):
    return f"item {number}"

@app.route("/login", methods=["POST"])
def login():
    return f"welcome, {request.form['name']}"
"""


def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    commands = []
    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
        lines = [line.partition("  #")[0].rstrip() for block in blocks for line in block.splitlines()]
        commands.append([line for line in lines if line.startswith("flasktrace ")])
    assert commands[0] == commands[1] and len(commands[0]) == 3
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py").write_text(SHOP)
    for command in commands[0]:
        _run(command, tmp_path)
