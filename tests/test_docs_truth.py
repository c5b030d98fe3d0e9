"""What the guides name is there: options, keys, commands, files of the repository."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from flasktrace import flask_command
from flasktrace.cli import COMMANDS, cli
from flasktrace.reports.stepper.app import StepApp
from flasktrace.reports.stepper.live_app import LiveApp

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("docs/*/*.md"), *ROOT.glob("README*.md"), *ROOT.glob("docs/*.md")])
# Of pytest with the plug-in, `flask`, MkDocs, the cell magic, pip, and this repository's tests.
OF_OTHERS = {"--flasktrace", "--app", "--strict", "--show", "--require-hashes", "--no-deps"}
OF_OTHERS |= {"--renew-golden", "--help", "--debug"}
# `flasktrace show tree` and its kin are lines of a lesson's blocks as well; `show` is both.
OF_BLOCKS = {"expect", "ask", "in"}

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="needs a checkout")


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _options(inner, context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_each_option_and_command_that_is_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = {*_options(cli, click.Context(cli)), *_options(flask_command.command, click.Context(cli))}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert named - known - OF_OTHERS == set()
    commands = set(re.findall(r"(?:^\$ |`|^)flasktrace ([a-z]+)\b", text, re.M))
    assert commands - set(COMMANDS) == OF_BLOCKS & commands


def _bound() -> set[str]:
    spelled = {"less_than_sign": "<", "greater_than_sign": ">", "slash": "/", "apostrophe": "'"}
    spelled |= {"question_mark": "?"}
    bindings = [*StepApp.BINDINGS, *LiveApp.BINDINGS]
    keys = [key for each in bindings for key in getattr(each, "key", "").split(",")]
    return {spelled.get(key, key) for key in keys}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_key_of_the_stepper_in_its_guide_is_bound(language: str) -> None:
    text = (ROOT / "docs" / language / "step.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.M)
    keys = {key for cell in cells for key in re.findall(r"`([^`]+)`", cell)}
    assert len(keys) > 20 and keys - _bound() - {"1", "5"} == set()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_key_of_the_page_in_its_guide_is_bound(language: str) -> None:
    text = (ROOT / "docs" / language / "page.md").read_text(encoding="utf-8")
    keys = {
        key for cell in re.findall(r"^\| (`[^|]+) \|", text, re.M) for key in re.findall(r"`([^`]+)`", cell)
    }
    script = (ROOT / "reports" / "page" / "script" / "keys.js").read_text(encoding="utf-8")
    table = script[script.index("const keys = {") : script.index("};", script.index("const keys = {"))]
    bound = set(re.findall(r"(?:^|[{,])\s*\"?([^\s\"]+?)\"?: ", table, re.M))
    assert len(keys) > 8 and keys - bound == set(), table
