"""The course lists every scenario once, with a title, and each of them runs."""

import json
import re
import sys
from pathlib import Path

import pytest
from tests.golden import record_genuine
from tests.one_python import met_on

from flasktrace.scenarios import catalog

NAMES = [scenario.name for scenario in catalog.list_scenarios()]


def test_every_script_of_the_folder_is_in_the_course_once() -> None:
    assert sorted(NAMES) == record_genuine.scenario_names()


def test_every_golden_file_has_its_program() -> None:
    assert sorted(path.stem for path in record_genuine.DATA.glob("*.json")) == record_genuine.golden_names()


def test_a_scenario_is_found_by_its_name() -> None:
    scenario = catalog.find_scenario("hello")
    assert scenario is not None
    assert scenario.path.name == "hello.py"
    assert scenario.group == "First steps"
    assert scenario.title == "Hello: the smallest program, from start-up to the response"


def test_an_unknown_name_is_not_found() -> None:
    assert catalog.find_scenario("nothing") is None


@pytest.mark.parametrize("scenario", catalog.list_scenarios(), ids=NAMES)
def test_a_scenario_says_what_to_look_for(scenario: catalog.Scenario) -> None:
    assert 10 < len(scenario.title) < 80
    assert len(scenario.description) > 80


def test_the_course_says_the_same_in_chinese() -> None:
    """The code that a description names is the same in both languages."""
    for english, chinese in zip(catalog.list_scenarios(), catalog.list_scenarios("zh"), strict=True):
        assert (english.name, english.path) == (chinese.name, chinese.path)
        for text in (chinese.title, chinese.description, chinese.group):
            assert re.search("[\u4e00-\u9fff]", text), text
            assert not re.search("[\u4e00-\u9fff][,;:?!.]", text), f"{text}: half-width punctuation"
        named = [set(re.findall(r"`([^`]+)`", each.description)) for each in (english, chinese)]
        assert named[0] == named[1], english.name


@pytest.mark.parametrize("scenario", catalog.list_scenarios(), ids=NAMES)
def test_a_scenario_imports_only_the_framework_and_the_standard_library(scenario: catalog.Scenario) -> None:
    imported = {
        line.split()[1].partition(".")[0]
        for line in scenario.path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= {"flask", "werkzeug", *sys.stdlib_module_names}


def statuses(facts: str) -> list[tuple[str, str]]:
    """Each request with the status code of its response."""
    requests = json.loads(facts)["requests"]
    return [(request["request"], request["response"]["status"][:3]) for request in requests]


@met_on(12, "the scenarios on the installed Flask")
@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_answers_the_same_on_the_installed_flask(name: str) -> None:
    golden = record_genuine.golden_path(name).read_text(encoding="utf-8")
    assert statuses(record_genuine.record_text(sys.executable, name)) == statuses(golden)


def test_hello_is_the_script_of_the_walkthrough() -> None:
    script = (Path(catalog.FOLDER) / "hello.py").read_text(encoding="utf-8").split('"""\n\n', 1)[1]
    assert [line for line in script.splitlines() if line] == [
        "from flask import Flask, globals",
        "app = Flask(__name__)",
        "@app.route('/index')",
        "def index():",
        "    return 'index'",
        "if __name__ == '__main__':",
        "    app.run()",
    ]
