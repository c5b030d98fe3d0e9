"""The page in real Chromium: stepping, links, the back button, a phone's width, and a quiet console."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.browser_driver import Browser, open_browser
from tests.tracer.test_tracer_play import run

from flasktrace.reports.page import PageOptions, write_page
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.model import Trace

SOURCE = """\
from flask import Flask, g, session

app = Flask(__name__)
app.secret_key = "planted-secret-key"

@app.before_request
def load():
    g.user = "ada"

@app.route("/index")
def index():
    session["seen"] = True
    return "index"

REQUESTS = ["GET /index", "GET /missing"]
app.run()
"""

catalogue = cache(load_catalogue)


def read_source(file_path: str) -> list[str] | None:
    path = Path(file_path)
    return path.read_text("utf-8").splitlines() if path.is_file() else None


def write(trace: Trace, path: Path, language: str = "en") -> str:
    """Write a page; gives its address."""
    catalogues = {each: catalogue(each) for each in ("en", "zh")}
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        options = PageOptions(catalogues, language=language, title="two requests", read_source=read_source)
        write_page(trace, stream, options)
    return path.as_uri()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    _, trace = run(SOURCE, folder, engine="bundled")
    assert trace is not None
    return write(trace, folder / "page.html")


@pytest.fixture
def browser(tmp_path: Path, cannot_run: Callable[[str], None]) -> Iterator[Browser]:
    with open_browser(tmp_path, cannot_run) as browser:
        browser.emulate(1440, 900)
        yield browser
        assert browser.log() == [], "the console is quiet: no errors, no violations of the policy"


READY = "document.documentElement.dataset.ready"
STEP = "Number(document.querySelector('.row.now').id.slice(4))"


def show(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.wait(READY)


def test_all_panes_move_in_step(browser: Browser, address: str) -> None:
    show(browser, address)
    assert browser.run(f"return {STEP}") == 1
    browser.press("sss")
    here = browser.run(f"return [{STEP}, scrub.value, document.getElementById('where').textContent]")
    assert here[0] > 1 and here[1] == "3"
    state = browser.run("return [...document.querySelectorAll('svg .now')].map(e => e.id)")
    assert state == [f"d-step-{here[0]}"]
    browser.press("SSS")
    assert browser.run(f"return [{STEP}, scrub.value]") == [1, "0"]
