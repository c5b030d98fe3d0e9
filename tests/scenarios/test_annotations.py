"""The annotations: complete, in both languages, about functions that exist, and extensible."""

import ast
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import CodeType

import pytest
from tests.golden_traces import GOLDEN, golden_facts, golden_trace

from flasktrace.reports.folded import Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.scenarios.annotate import LANGUAGES, AnnotationError, bundled_table, load_catalogue
from flasktrace.scenarios.callers import load_callers
from flasktrace.scenarios.catalog import list_scenarios
from flasktrace.tracer.catalogue import Catalogue, Frame

INSTALLED = Path(__file__).parent / "data" / "installed_functions.txt"
# No part of the pipeline: headers and forms, which are leaves, and what builds the debugger's page.
LEAVES = re.compile(
    r"^(werkzeug\.(datastructures|http|urls|formparser|_internal|debug\.|sansio\.(http|multipart|utils))|__main__)"
)
NO_FUNCTION = re.compile(r"<(module|lambda|genexpr|listcomp|dictcomp|setcomp)>|:_?[A-Z]\w*$")


def _is_pipeline(key: str) -> bool:
    return not LEAVES.match(key) and not NO_FUNCTION.search(key)


def _golden_keys() -> set[str]:
    keys: set[str] = set()
    for scenario in list_scenarios():  # the other golden facts are of programs for comparison only
        keys |= {f"{module}:{qualname}" for module, qualname in golden_facts(scenario.name)["functions"]}
    return {key for key in keys if _is_pipeline(key)}


def _installed_keys() -> set[str]:
    return {key for key in INSTALLED.read_text(encoding="utf-8").split("\n") if key and _is_pipeline(key)}


@cache
def _english() -> Catalogue:
    return load_catalogue("en")


def _keys(catalogue: Catalogue) -> set[str]:
    return {landmark.key for landmark in catalogue.landmarks.values()}


def test_every_function_of_the_pipeline_that_a_scenario_calls_on_1_1_is_explained() -> None:
    assert sorted(_golden_keys() - _keys(_english())) == []


@pytest.mark.parametrize("engine", ["bundled", "installed"])
def test_every_function_that_was_called_when_the_callers_were_recorded_is_explained(engine: str) -> None:
    called = {key for key in load_callers().keys(engine) if _is_pipeline(key)}
    assert sorted(called - _keys(_english())) == []


def test_every_function_of_the_pipeline_that_a_scenario_calls_on_3_x_is_explained() -> None:
    assert sorted(_installed_keys() - _keys(_english())) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_landmark_says_what_it_does(language: str) -> None:
    catalogue = load_catalogue(language)
    assert sorted(mark.key for mark in catalogue.landmarks.values() if not mark.does) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_about_landmarks_and_phases_that_exist(language: str) -> None:
    table, structure = bundled_table(language), bundled_table("landmarks")
    assert sorted(set(table["functions"]) - set(structure["landmarks"])) == []
    assert list(table["phases"]) == [phase["id"] for phase in structure["phases"]]


def test_both_languages_say_the_same_things() -> None:
    english, chinese = bundled_table("en")["functions"], bundled_table("zh")["functions"]
    assert {key: set(words) for key, words in english.items()} == {
        key: set(words) for key, words in chinese.items()
    }


def test_chinese_is_chinese() -> None:
    for key, words in bundled_table("zh")["functions"].items():
        for text in (words["does"], words.get("why", "")):
            assert not text or re.search(r"[\u4e00-\u9fff]", text), key
            assert not re.search(r"[\u4e00-\u9fff][,;:?!]", text), f"{key}: half-width punctuation"
            assert not re.search(r"[\u4e00-\u9fff]\.$", text), key


def test_explanations_are_one_short_line() -> None:
    for language in LANGUAGES:
        for key, words in bundled_table(language)["functions"].items():
            for text in words.values():
                assert "\n" not in text and text == text.strip() and len(text) <= 110, key


def test_frames_have_captions_and_each_request_phase_one_kind_of_chapter() -> None:
    for language in LANGUAGES:
        catalogue = load_catalogue(language)
        for mark in catalogue.landmarks.values():
            assert (mark.frame is not Frame.NONE) == bool(mark.frame_caption), mark.key
    phases = {mark.phase for mark in _english().landmarks.values() if mark.is_chapter}
    assert phases == set(_english().phases)


def _qualnames(code: CodeType) -> set[str]:
    names = {code.co_qualname}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _qualnames(constant)
    return names


@cache
def _defined_in(module: str) -> set[str]:
    """All functions that a module's source defines, in the installed version and in the bundle."""
    names: set[str] = set()
    for candidate in (module, f"flasktrace.framework.{module}"):
        try:
            spec = find_spec(candidate)
        except ModuleNotFoundError:
            continue
        if spec is not None and spec.origin is not None:
            names |= _names_in(spec.origin)
    return names


@cache
def _names_in(path: str) -> set[str]:
    return _qualnames(compile(ast.parse(Path(path).read_text(encoding="utf-8")), path, "exec"))


def test_every_landmark_names_a_function_that_exists() -> None:
    golden = {
        f"{module}:{qualname}"
        for path in GOLDEN.glob("*.json")
        for module, qualname in golden_facts(path.stem)["functions"]
    }
    gone = [
        mark.key
        for mark in _english().landmarks.values()
        if mark.key not in golden
        and mark.qualname not in _defined_in(mark.module)
        and not mark.module.startswith("selectors")  # differs from one Python to the next
    ]
    assert gone == []


def test_what_was_called_of_the_installed_flask_is_still_there() -> None:
    """Fails when the installed Flask or Werkzeug has no such function any more."""
    landmarks = _keys(_english())
    gone = []
    for key in sorted(_installed_keys() & landmarks):
        module, _, qualname = key.partition(":")
        if module.partition(".")[0] in ("flask", "werkzeug"):
            spec = find_spec(module)
            if spec is None or spec.origin is None or qualname not in _names_in(spec.origin):
                gone.append(key)
    assert gone == []


def test_documentation_addresses_are_of_the_three_sites() -> None:
    sites = (
        "https://flask.palletsprojects.com/",
        "https://werkzeug.palletsprojects.com/",
        "https://docs.python.org/",
    )
    assert all(mark.url.startswith(sites) for mark in _english().landmarks.values() if mark.url)


def test_a_hello_request_has_at_most_nine_chapters_and_forty_five_milestones() -> None:
    trace = golden_trace("hello")
    trace.validate()
    folded = fold(trace, _english())
    chapters = [chapter for chapter in folded.chapters if chapter.request is not None]
    assert [chapter.phase.id for chapter in chapters if chapter.phase] == [
        "accept", "parse", "environ", "context", "dispatch", "finalize", "respond", "teardown", "send",
    ]  # fmt: skip
    assert chapters[-1].last - chapters[0].first + 1 <= 45
    overview = fold(trace, _english(), FoldOptions(Level.CHAPTERS))
    assert sum(chapter.request is not None for chapter in overview.chapters) == 9


@pytest.mark.parametrize("name", ["hello", "hooks", "errors", "routing", "session", "blueprint"])
def test_each_request_is_told_from_accepting_to_sending(name: str) -> None:
    folded = fold(golden_trace(name), _english())
    for request in folded.trace.requests:
        phases = [c.phase.id for c in folded.chapters if c.request == request and c.phase]
        assert phases[0] == "accept" and phases[-1] == "send", phases
        assert len(phases) == len(set(phases)), phases


def test_a_locale_chooses_the_language_and_unknown_ones_get_english() -> None:
    assert load_catalogue("zh_CN.UTF-8").phases["dispatch"].title == "分发到你的视图"
    assert load_catalogue("fr").phases["dispatch"].title == "Dispatch to your view"


EXTRA = """
[functions."shop.models:find_item"]
level = "milestone"
phase = "dispatch"
does = "Looks an item up."
[functions."shop.models:find_item".zh]
does = "查找商品。"
[functions."flask.app:Flask.wsgi_app"]
does = "Our own words."
"""


def test_a_user_adds_and_replaces_annotations(tmp_path: Path) -> None:
    extra = tmp_path / "mine.toml"
    extra.write_text(EXTRA, encoding="utf-8")
    mark = load_catalogue("en", extra).landmark("shop.models", "find_item")
    assert mark is not None and mark.is_milestone and mark.does == "Looks an item up."
    chinese = load_catalogue("zh", extra).landmark("shop.models", "find_item")
    assert chinese is not None and chinese.does == "查找商品。"
    own = load_catalogue("en", extra).landmark("flask.app", "Flask.wsgi_app")
    assert own is not None and own.does == "Our own words." and own.phase == "environ"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[functions."shop"]\ndoes = "x"', "module:qualname"),
        ('[functions."a:b"]\ndose = "x"', 'unknown key "dose"'),
        ('[functions."a:b"]\ndoes = 3', "must be str"),
        ('[functions."a:b"]\nphase = "lunch"', 'unknown phase "lunch"'),
        ('[functions."a:b"]\nlevel = "top"', 'unknown level "top"'),
        ('[functions."a:b"]\nframe = "box"', 'unknown frame "box"'),
        ('[functions."a:b"]\nlike = "c:d"', "not described itself"),
        ("functions = 3", "must be a table"),
        ("[functions", "not TOML"),
    ],
)
def test_what_a_users_file_gets_wrong_is_said_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    extra = tmp_path / "mine.toml"
    extra.write_text(text, encoding="utf-8")
    with pytest.raises(AnnotationError, match=re.escape(message)) as caught:
        load_catalogue("en", extra)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="cannot read"):
        load_catalogue("en", tmp_path / "none.toml")
