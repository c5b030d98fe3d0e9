"""The gallery in the documentation: complete, small, and what the scenarios show today."""

import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
from tests.scenario_traces import record_scenario

from flasktrace.scenarios.annotate import LANGUAGES
from flasktrace.scenarios.catalog import Scenario, list_scenarios
from flasktrace.tracer.model import Trace
from flasktrace.tracer.store import read_trace

DOCS = Path(__file__).parents[1] / "docs"
GALLERY = DOCS / "gallery"
RENEW = "run `python docs/make_gallery.py`"
MAX_MB = 16
pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="a source distribution has no docs")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The command that makes the gallery."""
    spec = importlib.util.spec_from_file_location("make_gallery", DOCS / "make_gallery.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _file_names() -> set[str]:
    kinds = [f"{kind}{language}.{end}" for language in LANGUAGES for kind, end in
             (("", "txt"), ("sequence.", "svg"), ("graph.", "svg"))]  # fmt: skip
    return {f"{scenario.name}.{kind}" for scenario in list_scenarios() for kind in kinds}


def test_each_scenario_has_its_pictures_in_both_languages() -> None:
    there = {path.name for path in GALLERY.iterdir()}
    assert there == _file_names() | {"README.md", "README.zh.md"}, RENEW


def test_the_index_is_that_of_the_course(maker: ModuleType) -> None:
    for language in LANGUAGES:
        text = (GALLERY / maker.index_name(language)).read_text(encoding="utf-8")
        assert text == maker.index_text(language), RENEW
        assert {link for link in re.findall(r"\]\(([^)]+)\)", text)} <= _file_names()


def test_the_gallery_stays_small_and_names_no_machine() -> None:
    files = [path for path in GALLERY.iterdir() if path.suffix in (".svg", ".txt")]
    assert sum(path.stat().st_size for path in files) < MAX_MB * 1e6
    folders = re.compile(r"file://|/home/|/root/|/tmp/|site-packages|/Users/")
    assert [path.name for path in files if folders.search(path.read_text(encoding="utf-8"))] == []


def _told(name: str, text: str) -> list[str]:
    """What a picture says, without counts: how often a thread looks whether anything came differs."""
    if name.endswith(".svg"):
        root = ET.fromstring(text)
        lines = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
    else:
        lines = text.splitlines()
    # The width of a rule depends on the counts beside it.
    return [re.sub(r"[\d,]+|─+", "", line) for line in lines]


def _changed(maker: ModuleType, scenario: Scenario, trace: Trace) -> list[str]:
    pictures = dict(maker.pictures(scenario, trace))
    return [
        name
        for name, text in pictures.items()
        if _told(name, text) != _told(name, (GALLERY / name).read_text(encoding="utf-8"))
    ]


# Which values and which functions of the library are seen depends on the Python.
IS_FULL = bool(os.environ.get("FLASKTRACE_ALL_TESTS"))


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the gallery is made on Python 3.11")
@pytest.mark.parametrize("scenario", list_scenarios(), ids=lambda scenario: scenario.name)
def test_the_pictures_are_current(scenario: Scenario, maker: ModuleType, tmp_path: Path) -> None:
    if not IS_FULL and scenario.name not in ("hello", "errors"):
        pytest.skip("one of all scenarios: set FLASKTRACE_ALL_TESTS=1")
    trace = maker.evened(read_trace(record_scenario(scenario.name, "bundled", tmp_path)))
    # Once more if need be: where two threads run at a time, either may come first.
    if _changed(maker, scenario, trace):
        assert _changed(maker, scenario, maker.record(scenario)) == [], RENEW
