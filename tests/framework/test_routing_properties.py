"""Laws of the bundle's routing that hold for any values, and what many threads may do to a map."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flasktrace.framework.werkzeug.exceptions import MethodNotAllowed, NotFound
from flasktrace.framework.werkzeug.routing import Map, RequestRedirect, Rule, Submount
from flasktrace.framework.werkzeug.urls import url_decode, url_unquote

segments = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1)
paths = st.lists(segments, min_size=1, max_size=4).map("/".join)

RULES = Map(
    [
        Rule("/text/<value>", endpoint="text"),
        Rule("/path/<path:value>", endpoint="path"),
        Rule("/int/<int:value>", endpoint="int"),
        Rule("/signed/<int(signed=True):value>", endpoint="signed"),
        Rule("/fixed/<int(6):value>", endpoint="fixed"),
        Rule("/uuid/<uuid:value>", endpoint="uuid"),
        Rule("/any/<any(alpha, beta, gamma):value>", endpoint="any"),
        Rule("/pair/<first>-<int:second>/", endpoint="pair"),
    ]
)


def there_and_back(endpoint: str, value: Any) -> None:
    """What is built matches the same endpoint with the same value."""
    adapter = RULES.bind("example.com")
    url = adapter.build(endpoint, {"value": value})
    assert adapter.match(url_unquote(url)) == (endpoint, {"value": value})


@given(segments)
def test_text_survives_building_and_matching(value: str) -> None:
    # A line break at the end is where "$" may stop early.
    assume(not value.endswith("\n"))
    there_and_back("text", value)


@given(paths)
def test_paths_survive_building_and_matching(value: str) -> None:
    assume("\n" not in value)
    there_and_back("path", value)


@given(st.integers(min_value=0))
def test_whole_numbers_survive_building_and_matching(value: int) -> None:
    assume(value < 10**4000)
    there_and_back("int", value)


@given(st.integers())
def test_signed_numbers_survive_building_and_matching(value: int) -> None:
    assume(abs(value) < 10**4000)
    there_and_back("signed", value)


@given(st.integers(0, 999_999))
def test_numbers_of_fixed_width_survive_building_and_matching(value: int) -> None:
    there_and_back("fixed", value)


@given(st.uuids())
def test_uuids_survive_building_and_matching(value: uuid.UUID) -> None:
    there_and_back("uuid", value)


@given(st.sampled_from(["alpha", "beta", "gamma"]))
def test_words_survive_building_and_matching(value: str) -> None:
    there_and_back("any", value)


@given(st.text(max_size=30), st.sampled_from(["GET", "POST", "PUT"]))
def test_any_path_gives_a_match_or_one_of_three_exceptions(path: str, method: str) -> None:
    adapter = RULES.bind("example.com")
    try:
        endpoint, _ = adapter.match(path, method)
    except (NotFound, MethodNotAllowed):
        assert not adapter.test(path, method)
    except RequestRedirect as redirect:
        assert redirect.new_url.startswith("http://example.com/")
    else:
        assert endpoint in {rule.endpoint for rule in RULES.iter_rules()}


@given(st.lists(st.sampled_from(["/", "a", "b", "pair", "x-1"]), max_size=8).map("".join))
def test_a_redirect_leads_to_a_match(path: str) -> None:
    adapter = RULES.bind("example.com")
    try:
        adapter.match(path)
    except RequestRedirect as redirect:
        target = redirect.new_url.removeprefix("http://example.com")
        assert adapter.match(url_unquote(target))
    except NotFound:
        pass


@given(st.permutations(list(range(12))))
def test_the_order_of_adding_does_not_decide_between_static_and_dynamic(order: list[int]) -> None:
    patterns = [
        f"/{'<x>' if bits & 1 else 'a'}/{'<y>' if bits & 2 else 'b'}/{n}"
        for n, bits in enumerate([0, 1, 2, 3] * 3)
    ]
    rules = Map([Rule(patterns[n], endpoint=patterns[n]) for n in order])
    assert rules.bind("h").match("/a/b/0")[0] == "/a/b/0"
    assert rules.bind("h").match("/a/q/2")[0] == "/a/<y>/2"


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=4))
def test_unknown_values_become_the_query_string(values: dict[str, str]) -> None:
    assume("value" not in values)
    try:
        url = RULES.bind("h").build("int", {**values, "value": 3})
    except UnicodeEncodeError:
        return
    path, _, query = url.partition("?")
    assert path == "/int/3"
    assert url_decode(query).to_dict() == values


def test_the_first_match_sorts_the_rules_once_however_many_threads_make_it() -> None:
    rules = Map(
        [Submount(f"/{n % 7}", [Rule(f"/{n}", endpoint=n), Rule("/<x>", endpoint="x")]) for n in range(60)]
    )
    barrier = threading.Barrier(8)

    def work(number: int) -> list[object]:
        barrier.wait(5)
        return [rules.bind("h").match(f"/{n % 7}/{n}")[0] for n in range(number, 60, 8)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(8)))
    assert found == [list(range(number, 60, 8)) for number in range(8)]


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "///evil.example//"])
def test_a_redirect_stays_on_the_server(path: str) -> None:
    rules = Map([Rule("/<path:p>/", endpoint="branch")])
    try:
        rules.bind("good.example").match(path)
    except RequestRedirect as redirect:
        assert redirect.new_url.startswith("http://good.example/")


def test_rules_sort_by_what_is_static_then_by_weight() -> None:
    rules = Map(
        [
            Rule(pattern, endpoint=pattern)
            for pattern in ("/<path:p>", "/<x>", "/<int:n>", "/a/<x>", "/a", "/a/b")
        ]
    )
    assert [rule.rule for rule in rules.iter_rules()] == [
        "/a/b",
        "/a",
        "/a/<x>",
        "/<int:n>",
        "/<x>",
        "/<path:p>",
    ]
