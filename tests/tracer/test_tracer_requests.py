"""Planned requests: what the command line and a script's REQUESTS may say."""

import pytest

from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.requests import PlannedRequest, parse_request, planned_from

FORM = ("Content-Type", "application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /index", PlannedRequest("GET", "/index")),
        ("/index", PlannedRequest("GET", "/index")),
        ("post /a?b=c", PlannedRequest("POST", "/a?b=c")),
        ("OPTIONS *", PlannedRequest("OPTIONS", "*")),
    ],
)
def test_a_method_and_a_path(text: str, expected: PlannedRequest) -> None:
    assert parse_request(text) == expected


def test_headers_and_data_are_curls() -> None:
    request = parse_request("/x", ["X-A: b: c"], "k=v")
    assert request == PlannedRequest("POST", "/x", (("X-A", "b: c"), FORM), b"k=v")
    json = parse_request("PUT /x", ["content-type: application/json"], "{}")
    assert json.headers == (("content-type", "application/json"),)


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("", []),
        ("GET", []),
        ("GET /a b", []),
        ("GET index", []),
        ("G\u00c4T /x", []),
        ("GET /\u00e4", []),
        ("GET /x", ["nonsense"]),
        ("GET /x", [": v"]),
        ("GET /x", ["A: b\r\nC: d"]),
        ("GET /x", ["A: \u4e2d"]),
        ("GET /x", ["A B: c"]),
    ],
)
def test_malformed_ones_are_refused_in_one_line(text: str, headers: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_request(text, headers)
    assert "\n" not in str(caught.value)


def test_entries_of_a_script() -> None:
    assert planned_from("GET /x") == PlannedRequest("GET", "/x")
    entry = {"path": "/x", "data": {"a": "b c"}, "headers": {"X": "y"}}
    assert planned_from(entry) == PlannedRequest("POST", "/x", (("X", "y"), FORM), b"a=b+c")
    assert planned_from({"path": "/x", "abandoned": True}) == PlannedRequest("GET", "/x", is_abandoned=True)


@pytest.mark.parametrize("entry", [7, None, {"url": "/x"}, {"path": "x"}, {"path": "/x", "data": 3}])
def test_wrong_entries_are_refused(entry: object) -> None:
    with pytest.raises(UsageError):
        planned_from(entry)
