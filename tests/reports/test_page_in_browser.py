"""The page in real Chromium: stepping, links, the back button, a phone's width, and a quiet console."""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from tests.browser_driver import Browser, open_browser
from tests.one_python import met_on
from tests.reports.test_page import HOSTILE, hostile_page
from tests.strategies_traces import TraceBuilder
from tests.tracer.test_tracer_play import run

from flasktrace.reports.folded import Level
from flasktrace.reports.page import PageOptions, page_data, write_page
from flasktrace.reports.page.data import IS_MILESTONE
from flasktrace.reports.stepper.moves import Move, Walk
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.model import Trace

pytestmark = met_on(13, "the page in a browser")

SOURCE = """\
from flask import Flask, g, session

app = Flask(__name__)
app.secret_key = "planted-secret-key"

@app.before_request
def load():
    g.user = "ada"

@app.route("/in")
def index():
    session["seen"] = True
    return "index"

REQUESTS = ["GET /in"]
app.run()
"""
READY = "document.documentElement.dataset.ready"
WHERE = """
const text = (selector) => (document.querySelector(selector) || {textContent: ""}).textContent;
return {
  step: Number(document.querySelector('.row.now').id.slice(4)),
  isEnd: document.querySelector('.row.now').classList.contains('end'),
  stop: Number(document.getElementById('scrub').value),
  drawn: [...document.querySelectorAll('svg .now')].map((group) => group.id),
  name: text('#pane-explanation .name'), says: text('#pane-explanation'), line: text('#code .now'),
  values: text('#pane-values'), state: text('#pane-state'), hooks: text('#pane-hooks'),
  chapter: text('#chapters [aria-current]'), hash: location.hash,
};
"""

catalogue = cache(load_catalogue)


def read_source(file_path: str) -> list[str] | None:
    path = Path(file_path)
    return path.read_text("utf-8").splitlines() if path.is_file() else None


def write(trace: Trace, path: Path) -> str:
    """Write a page; gives its address."""
    catalogues = {each: catalogue(each) for each in ("en", "zh")}
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        write_page(trace, stream, PageOptions(catalogues, title="one request", read_source=read_source))
    return path.as_uri()


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    _, trace = run(SOURCE, tmp_path_factory.mktemp("trace"), engine="bundled")
    assert trace is not None
    return trace


@pytest.fixture(scope="module")
def address(trace: Trace, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(trace, tmp_path_factory.mktemp("page") / "page.html")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Browser]]:
    """One browser for all these tests, started when the first one asks for it."""
    with ExitStack() as stack:
        opened: list[Browser] = []

        def browser(cannot_run: Callable[[str], None]) -> Browser:
            if not opened:
                folder = tmp_path_factory.mktemp("browser")
                opened.append(stack.enter_context(open_browser(folder, cannot_run)))
            return opened[0]

        yield browser


@pytest.fixture
def browser(
    shared: Callable[..., Browser], address: str, cannot_run: Callable[[str], None]
) -> Iterator[Browser]:
    found = shared(cannot_run)
    found.emulate(1440, 900)
    found.open("about:blank")
    show(found, address)
    yield found
    said = found.log()
    found.run("try { localStorage.clear(); } catch {}")
    assert said == [], "the console is quiet: no errors, no violations of the policy"


def show(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.wait(READY)


def where(browser: Browser) -> Any:
    """What each pane shows."""
    return browser.run(WHERE)


def go_to(browser: Browser, name: str, is_end: bool = False) -> Any:
    """Go to the first step of a function by its link."""
    number = browser.run(
        "const row = [...document.querySelectorAll('ol.steps li')]"
        ".find((item) => item.querySelector('b').textContent === arguments[0]);"
        "location.hash = row.id + arguments[1]; return Number(row.id.slice(5));",
        name,
        "-end" if is_end else "",
    )
    browser.wait(f"document.querySelector('#row-{number}.now')")
    return where(browser)


def test_all_panes_move_in_step(browser: Browser) -> None:
    assert where(browser)["step"] == 1 and "from flask import" in where(browser)["line"]
    entered = go_to(browser, "index")
    assert entered["drawn"] == [f"d-step-{entered['step']}"]
    assert entered["name"].startswith("index") and "def index" in entered["line"]
    assert entered["chapter"].endswith("Dispatch to your view")
    assert "RequestContext  GET /in" in entered["state"] and "user = 'ada'" in entered["state"]
    assert "load" in entered["hooks"]
    browser.press("s")
    left = where(browser)
    assert left["isEnd"] and left["step"] == entered["step"] and left["stop"] == entered["stop"] + 1
    assert "return" in left["line"] and "'index'" in left["values"]
    browser.press("s")
    assert where(browser)["name"].startswith("Flask.dispatch_request")
    assert "seen = True" in where(browser)["state"]


def test_the_keys_are_those_of_the_stepper(browser: Browser) -> None:
    start = go_to(browser, "RequestContext.push")
    browser.press("n")
    assert where(browser)["isEnd"] and where(browser)["step"] == start["step"]
    browser.press("N")
    assert where(browser)["stop"] == start["stop"]
    browser.press("sss")
    browser.press("SSS")
    assert where(browser)["stop"] == start["stop"]
    browser.press("u")
    assert where(browser)["name"].startswith("Flask.wsgi_app")
    browser.press("m")
    assert where(browser)["step"] > start["step"] - 2 and not where(browser)["isEnd"]
    browser.press("M")
    browser.press("r")
    assert where(browser)["isEnd"] and where(browser)["name"].startswith("Flask.wsgi_app")
    browser.press("R")
    assert not where(browser)["isEnd"]
    browser.press("?")
    assert browser.run("return document.getElementById('help').open")
    browser.click("#keys-on")
    browser.click("#help > button")
    before = where(browser)["stop"]
    browser.press("s")
    assert where(browser)["stop"] == before, "single-letter keys can be switched off"


PRESS = """
return [...arguments[0]].map((key) => {
  document.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  return Number(document.getElementById('scrub').value);
});
"""
MOVES = {"s": Move.STEP, "n": Move.OVER, "r": Move.OUT, "m": Move.MILESTONE}


def test_every_way_leads_where_the_steppers_leads(browser: Browser, trace: Trace) -> None:
    data = page_data(trace, PageOptions({"en": catalogue("en")}))
    steps = data.script["steps"]
    walk = Walk(steps["depth"], [i for i, flags in enumerate(steps["flags"]) if flags & IS_MILESTONE])
    keys = "".join(random.Random(6).choices("sssnnrmuSSNRM", k=400))
    expected = []
    for key in keys:
        if key == "u":
            walk.up()
        else:
            move = MOVES[key.lower()]
            (walk.forward if key.islower() else walk.backward)(move)
        expected.append(walk.index)
    assert browser.run(PRESS, keys) == expected


def test_a_long_run_keeps_few_rows(browser: Browser, tmp_path: Path) -> None:
    builder = TraceBuilder.new(request_count=1)
    names = ("index", "Local.__getattr__", "Template.render", "LocalStack.push")
    parents = [builder.add("Flask.wsgi_app", request=1)]
    choose = random.Random(6)
    for _ in range(30_000):
        del parents[choose.randint(1, len(parents)) :]
        parents.append(builder.add(choose.choice(names), parents[-1], request=1))
    path = tmp_path / "long.html"
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        write_page(builder.trace, stream, PageOptions({"en": catalogue("en")}, level=Level.ALL))
    assert path.stat().st_size < 1_500_000
    show(browser, path.as_uri())
    last = browser.run("const s = document.getElementById('scrub'); return Number(s.max)")
    assert last > 40_000
    for stop in (last // 2, last, 0):
        browser.run(
            "const s = document.getElementById('scrub'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('input'))",
            stop,
        )
        assert where(browser)["stop"] == stop
        assert browser.run("return document.querySelectorAll('.row').length") < 100


def test_links_and_the_back_button(browser: Browser) -> None:
    first = go_to(browser, "index")
    browser.click("#chapters a[href='#chapter-1']")
    assert where(browser)["step"] == 1 and where(browser)["hash"] == "#chapter-1"
    go_to(browser, "Flask.finalize_request")
    browser.back()
    browser.wait("document.querySelector('#row-1.now')")
    browser.back()
    browser.wait(f"document.querySelector('#row-{first['step']}.now')")
    assert where(browser)["hash"] == f"#step-{first['step']}"
    browser.press("ss")
    browser.wait(f"location.hash !== '#step-{first['step']}'")
    address = browser.run("return location.href")
    there = where(browser)["stop"]
    browser.open("about:blank")
    show(browser, address)
    assert where(browser)["stop"] == there, "an address leads to its stop"


def test_search_go_to_scrub_and_clicks(browser: Browser) -> None:
    browser.press("/")
    browser.press("finalize\ue007")
    found = where(browser)
    assert found["name"].startswith("Flask.finalize_request")
    assert browser.run("return document.getElementById('hits').textContent").startswith("1/")
    browser.press("\ue00c")
    browser.press("g")
    browser.run("document.getElementById('number').value = ''")
    browser.press("7\ue007")
    assert where(browser)["step"] == 7
    browser.run(
        "const s = document.getElementById('scrub'); s.value = s.max; s.dispatchEvent(new Event('input'))"
    )
    assert where(browser)["isEnd"]
    browser.run("document.getElementById('d-step-3').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    assert where(browser)["step"] == 3 and where(browser)["hash"] == "#step-3"
    browser.click("#row-5")
    assert where(browser)["drawn"] == ["d-step-5"]


def test_language_and_colours_can_be_switched(browser: Browser) -> None:
    go_to(browser, "Flask.wsgi_app")
    browser.click("#language")
    browser.click("#theme")
    landmark = catalogue("zh").landmark("flask.app", "Flask.wsgi_app")
    assert landmark is not None and landmark.does in where(browser)["says"]
    there = browser.run(
        "const style = getComputedStyle(document.documentElement);"
        "return [document.documentElement.lang, style.backgroundColor,"
        " document.querySelector('figure svg').textContent.includes('创建')"
        " || document.querySelector('figure svg').textContent.includes('应用')]"
    )
    assert there == ["zh-Hans", "rgb(13, 17, 23)", True]


def test_it_fits_a_phone(browser: Browser, address: str) -> None:
    browser.emulate(375, 812, is_touch=True)
    browser.open("about:blank")
    show(browser, address + "#step-30")
    assert browser.run("return document.documentElement.scrollWidth") <= 375
    assert where(browser)["step"] == 30
    sizes = browser.run(
        "return [...document.querySelectorAll('#moves button, #chapters a')].slice(0, 6)"
        ".map((button) => button.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 24


def test_without_javascript_it_is_a_document(browser: Browser, address: str) -> None:
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open("about:blank")
        browser.open(address)
        assert len(browser.pdf()) > 50_000
        found = browser.cdp("DOM.getDocument", depth=-1)
        assert "js" not in str(found["root"]["children"][1].get("attributes", []))
    finally:
        browser.cdp("Emulation.setScriptExecutionDisabled", value=False)


def test_axe_finds_nothing_in_the_document(
    browser: Browser, address: str, tmp_path: Path, cannot_run: Callable[[str], None]
) -> None:
    axe = axe_source(cannot_run)
    text = Path(url2pathname(urlsplit(address).path)).read_text("utf-8")
    text = re.sub("<script>.*?</script>", "", text, flags=re.DOTALL)
    (tmp_path / "document.html").write_text(text, "utf-8")
    browser.open((tmp_path / "document.html").as_uri())
    browser.run(axe)
    assert browser.run_async(AXE) == []


def test_hostile_text_stays_text(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_bytes(hostile_page(HOSTILE).encode())
    browser.open(path.as_uri())
    browser.wait(READY)
    browser.press("ssssnnrr")
    browser.click("#language")
    browser.run("location.hash = 'step-2'")
    browser.wait("document.querySelector('#row-2.now')")
    found = browser.run(
        "return [document.scripts.length,"
        " document.querySelectorAll('img, iframe, object, [onload], [onerror]').length,"
        " document.getElementById('pane-values').textContent.includes('</script>')]"
    )
    assert found == [2, 0, True]


AXE = """
const done = arguments[0];
const kinds = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
axe.run(document, {runOnly: {type: "tag", values: kinds}, resultTypes: ["violations"]}).then(
  (result) => done(result.violations.map((found) => [found.id, found.nodes.map((node) => node.html)])),
  (error) => done([[String(error)]]));
"""


def axe_source(cannot_run: Callable[[str], None]) -> str:
    spec = find_spec("axe_core_python")
    if spec is None or spec.origin is None:
        cannot_run("axe-core-python is not installed to look for obstacles with")
        return ""
    return Path(spec.origin).with_name("axe.min.js").read_text("utf-8")


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(
    is_dark: bool, browser: Browser, address: str, cannot_run: Callable[[str], None]
) -> None:
    axe = axe_source(cannot_run)
    browser.emulate(1440, 900, is_dark)
    go_to(browser, "index", is_end=True)
    browser.run(axe)
    assert browser.run_async(AXE) == []
    browser.click("#language")
    assert browser.run_async(AXE) == []
