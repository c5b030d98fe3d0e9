"""The page as data and as text: what is in it, its size, its policy, and that no recorded text breaks it."""

import base64
import hashlib
import io
import json
import re
import zlib
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.golden_traces import golden_trace
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.folded import Level
from flasktrace.reports.page import PageOptions, page_data, write_page
from flasktrace.reports.page.data import COLUMNS
from flasktrace.reports.page.sources import Sources, shown_line
from flasktrace.reports.page.words import WORDS
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Function, Marker, Origin, Raised, Returned, Trace, Value

MAX_PAGE_BYTES = 400_000


@cache
def catalogues() -> dict[str, Catalogue]:
    return {language: load_catalogue(language) for language in ("en", "zh")}


def options(**changes: Any) -> PageOptions:
    return PageOptions(catalogues(), **changes)


def page(trace: Trace, **changes: Any) -> str:
    stream = io.StringIO()
    write_page(trace, stream, options(**changes))
    return stream.getvalue()


class Reader(HTMLParser):
    """Collects what the tests ask about; ``violations`` is what a strict policy would refuse."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.parts: dict[str, list[str]] = {"script": [], "style": []}
        self.policy = ""
        self.violations: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in self.parts:
            self.parts[tag].append("")
        self.ids.extend(filter(None, [found.get("id")]))
        self.links.extend(filter(None, [found.get("href")]))
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found.get("content") or ""
        unwanted = [name for name in found if name.startswith("on") or name in ("style", "src", "srcset")]
        self.violations.extend(f"<{tag} {name}>" for name in unwanted)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.violations.append(f"</{tag}> out of place")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.parts:
            self.parts[self.open[-1]][-1] += data

    def script_data(self) -> dict[str, Any]:
        """What the page's own script would unpack."""
        unpacked: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(self.parts["script"][0])))
        return unpacked


def test_the_policy_lets_only_the_pages_own_script_and_style_in() -> None:
    reader = Reader(page(golden_trace("hello")))
    style, (_, script) = reader.parts["style"], reader.parts["script"]
    assert reader.policy.startswith("default-src 'none'; ") and "unsafe" not in reader.policy
    for text in (style[0], script):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in reader.policy
    assert reader.violations == [] and reader.open == []
    assert not any(link.startswith("http:") for link in reader.links)


def test_hello_is_small_and_whole() -> None:
    trace = golden_trace("hello")
    text = page(trace, title="hello")
    assert len(text.encode()) < MAX_PAGE_BYTES
    reader = Reader(text)
    assert len(reader.ids) == len(set(reader.ids)), "each id once"
    data = reader.script_data()
    count = len(data["steps"]["depth"])
    assert all(len(data["steps"][name]) == count for name in COLUMNS)
    assert {f"step-{number + 1}" for number in range(count)} <= set(reader.ids)
    assert {f"d-step-{number}" for number in data["steps"]["drawn"]} <= set(reader.ids)
    assert {f"chapter-{number + 1}" for number in range(len(data["chapters"]))} <= set(reader.ids)
    assert set(data["drawings"]["zh"]) == {str(number + 1) for number in range(len(data["chapters"]))}
    named = [link[1:] for link in reader.links if link.startswith("#")]
    assert named and set(named) <= set(reader.ids)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_the_script_it_is_a_document(language: str) -> None:
    text = page(golden_trace("hooks"), language=language, title="hooks")
    document = text[text.index("<main") : text.index("</main>")]
    said = re.sub(r"<[^>]*>", "", document)
    assert WORDS[language]["chapters"] in said
    landmark = catalogues()[language].landmark("flask.app", "Flask.wsgi_app")
    assert landmark is not None and landmark.does in said
    assert document.count("<svg") == document.count('<section class="chapter"')


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    holes = re.compile(r"\{(\w+)\}")
    for key, text in WORDS["en"].items():
        assert sorted(holes.findall(text)) == sorted(holes.findall(WORDS["zh"][key])), key


def test_each_step_knows_its_state_and_source() -> None:
    builder = TraceBuilder.new(request_count=1)
    call = builder.add("Flask.wsgi_app", request=1)
    push = builder.add("RequestContext.push", call, request=1)
    function = builder.trace.functions[builder.trace.call(push).function_id]
    state = {"request_stack": [{"class": "RequestContext", "id": 1, "shows": "GET /"}], "app_stack": []}
    moment_ns = builder.trace.call(push).end_ns
    builder.trace.markers.append(Marker(1, "state", push, moment_ns, state))
    lines = [f"line {number}" for number in range(1, 200)]
    lines[function.line_number - 1] = "def push(self):"
    data = page_data(builder.trace, options(read_source=lambda path: lines)).script
    assert data["steps"]["state"] == [-1, -1] and data["steps"]["end_state"] == [0, 0]
    assert data["states"][0]["requests"] == [["RequestContext", "GET /"]]
    own = data["functions"][data["steps"]["function"][1]]
    assert own["source"][0] == "def push(self):" and len(own["source"]) == 6


def test_source_is_left_out_where_it_is_not_the_functions() -> None:
    function = Function(1, "m", "f", "/m.py", 2, 3, Origin.USER)
    assert Sources(lambda path: ["", "def f():", "    pass"]).of_function(function) == [
        "def f():",
        "    pass",
    ]
    assert Sources(lambda path: ["", "def g():", "    pass"]).of_function(function) == []
    assert Sources(lambda path: ["def f():"]).of_function(function) == []
    assert Sources(lambda path: None).of_function(function) == []
    library = Function(1, "m", "f", "/m.py", 2, 3, Origin.LIBRARY)
    assert Sources(lambda path: ["", "def f():", "    pass"]).of_function(library) == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('app.secret_key = "s3cr3t"', 'app.secret_key = "***"'),
        ("app.config['API_TOKEN'] = b'abc'", "app.config['API_TOKEN'] = b'***'"),
        ('API_TOKEN: str = "abc"', 'API_TOKEN: str = "***"'),
        ('password = """abc"""', 'password = """***"""'),
        ('connect(host="h", password="abc")', 'connect(host="h", password="***")'),
        ('os.environ.get("API_TOKEN", "abc")', 'os.environ.get("API_TOKEN", "***")'),
        ('{"Authorization": "Bearer abc"}', '{"Authorization": "***"}'),
        ('send("Bearer abc")', 'send("Bearer ***")'),
        ('connect("postgres://u:abc@h/d")', 'connect("postgres://u:***@h/d")'),
    ],
)
def test_secrets_in_source_are_masked(line: str, shown: str) -> None:
    assert shown_line(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        *('token = session["csrf_token"]', '"""token: what a client sends"""', 'log("token: %s", token)'),
        *('url = f"https://u:{password}@h"', 'COOKIE_NAME = "session"', 'request.headers["X-Token"]'),
    ],
)
def test_source_without_secrets_is_shown_as_it_is(line: str) -> None:
    assert shown_line(line) == line


def test_source_is_shown_without_what_hides_or_turns_it() -> None:
    assert shown_line("\tname = 'ada'\u202e\x1b") == "    name = 'ada'\\u202e\\x1b"


def test_a_long_run_draws_its_beginning() -> None:
    builder = TraceBuilder.new(request_count=60)
    for request in range(1, 61):
        call = builder.add("Flask.wsgi_app", request=request)
        builder.add("RequestContext.push", call, request=request)
        view = builder.add("Flask.dispatch_request", call, request=request)
        builder.add("index", view, request=request)
    data = page_data(builder.trace, options(max_drawn_steps=100))
    count = len(data.folded.steps)
    assert count == 240 and len(data.drawn.steps) <= 100 and data.is_numbered_alike
    last = len(data.drawn.steps)
    assert data.script["steps"]["drawn"] == [*range(1, last + 1), *[0] * (count - last)]
    assert f"step {last} of 240" in page(builder.trace, max_drawn_steps=100)


def test_a_long_request_is_drawn_at_a_coarser_level() -> None:
    builder = TraceBuilder.new(request_count=1)
    call = builder.add("Flask.wsgi_app", request=1)
    for number in range(200):  # without a pattern that would be folded as a repetition
        name = "Local.__getattr__" if number * number % 7 % 3 else "Template.render"
        builder.add(name, call, request=1, thread=1)
    data = page_data(builder.trace, options(level=Level.ALL, max_drawn_steps=20))
    assert len(data.drawn.steps) <= 20 < len(data.folded.steps) and not data.is_numbered_alike
    reader = Reader(page(builder.trace, level=Level.ALL, max_drawn_steps=20))
    assert not any(name.startswith("step-") for name in reader.ids), "its numbers are not the tree's"


HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "--><!--<script>",
    "' onload='alert(1)",
    '" style="color:red',
    "]]><![CDATA[",
    "\x00\x01\x1b[31m\x7f",
    "\u202egnp\u2066",
    "\ud800",
    "{because}{0}",
    "__proto__",
]


def hostile_page(texts: list[str]) -> str:
    """A page of a trace with hostile text wherever text can be."""
    builder = TraceBuilder.new(request_count=1)
    trace = builder.trace
    text = "".join(texts)
    for key, function in list(trace.functions.items()):
        if function.origin is Origin.USER:
            name = text or "x"
            trace.functions[key] = Function(key, name, name, f"/{name}.py", 1, 2, Origin.USER)
    call = builder.add("Flask.wsgi_app", request=1)
    value = Value(text, text, 1, text)
    names = {function.qualname: key for key, function in trace.functions.items()}
    for outcome in (Returned(value), Raised(text, text)):
        builder.add(next(iter(names)), call, request=1, outcome=outcome, receiver=value, parameters=(value,))
    trace.requests[0] = type(trace.requests[0])(1, text, text, 200)
    entry = {"name": text, "file": text, "line": 1, "for": text}
    state = {
        "request_stack": [{"class": text, "id": 1, "shows": text}],
        "session": {text: text},
        "storage": {text: [text]},
        "headers": {"status": text, "is_sent": True},
        "hook_entries": {"before_request_funcs": {text: [entry], "": [entry]}},
    }
    trace.markers.append(Marker(1, "state", call, 0, state))
    tables = {"view_functions": [text], "url_map": [text], "hooks": {text: {text: [text]}}}
    trace.markers.append(Marker(2, "state", call, 0, tables))
    return page(trace, title=text, read_source=lambda path: [text, f"def {text}"])


_DOCUMENT = "html head meta link title style body header main script nav section figure div details summary"
_TEXTS = "h1 h2 h3 p small span b code pre ol li a table thead tbody tr th td"
_DRAWING = "svg g desc rect text tspan polyline polygon path line circle"
OUR_TAGS = frozenset(f"{_DOCUMENT} {_TEXTS} {_DRAWING}".split(" "))


@settings(deadline=None, max_examples=share(20), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), max_size=4))
def test_no_recorded_text_becomes_markup(texts: list[str]) -> None:
    text = hostile_page(texts)
    text.encode("utf-8")  # no lone surrogates
    reader = Reader(text)
    assert reader.violations == [] and reader.open == []
    assert reader.tags <= OUR_TAGS, reader.tags - OUR_TAGS
    assert len(reader.parts["script"]) == 2
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    reader.script_data()


def test_ten_megabytes_of_text_are_cut() -> None:
    text = hostile_page(["<x>" * 3_400_000])
    assert len(text) < 2_000_000 and Reader(text).violations == []


@settings(deadline=None, max_examples=share(15), suppress_health_check=[HealthCheck.too_slow])
@given(traces(max_calls=12, hostile=True))
def test_any_trace_gives_a_page(trace: Trace) -> None:
    reader = Reader(page(trace, level=Level.ALL))
    assert reader.violations == [] and reader.open == []
    assert sorted(reader.ids) == sorted(set(reader.ids))
