"""The sequence diagram in a real browser: no text meets another or leaves its drawing.

The layout reckons with widths that it holds for safe. Here headless Chromium says what they are.
"""

import html
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import islice
from operator import itemgetter
from pathlib import Path
from shutil import which

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.one_python import met_on
from tests.scenario_traces import record_scenario
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.callgraph import DrawOptions, build_graph, render
from flasktrace.reports.folded import Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.sequence import SequenceOptions, draw_sequence
from flasktrace.scenarios.annotate import LANGUAGES, load_catalogue
from flasktrace.scenarios.catalog import COURSE
from flasktrace.tracer.model import Raised, Returned, Thread, Trace, Value
from flasktrace.tracer.store import read_trace

pytestmark = met_on(11, "drawings in a browser")
catalogue = cache(load_catalogue)

# Each drawing's texts: what they say, where they are in the drawing's own px.
SCRIPT = """
const found = [...document.querySelectorAll('svg')].map(svg => {
  const size = svg.viewBox.baseVal, whole = svg.getBoundingClientRect();
  const scale = size.width / whole.width;
  const texts = [...svg.querySelectorAll('text')].map(text => {
    const box = text.getBoundingClientRect();
    return {
      says: text.textContent, x: (box.x - whole.x) * scale, y: (box.y - whole.y) * scale,
      w: box.width * scale, h: box.height * scale,
    };
  });
  return {width: size.width, height: size.height, texts};
});
const out = document.createElement('pre');
out.id = 'found';
out.textContent = JSON.stringify(found);
document.body.replaceChildren(out);
"""
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--dump-dom",
]
DRAWINGS_A_PAGE = 60
_STYLE = re.compile(r"<style[^>]*>.*?</style>", re.DOTALL)


def _browser(cannot_run: Callable[[str], None]) -> str:
    program = which("chromium") or which("chromium-browser") or which("google-chrome")
    if program is None:
        cannot_run("no chromium is installed to measure the texts with")
    assert program is not None
    return program


def _measure(program: str, drawings: list[str], folder: Path) -> list[dict[str, object]]:
    """What the browser says of each drawing. A page of hundreds takes twice as long as several of fewer."""
    measured = []
    for first in range(0, len(drawings), DRAWINGS_A_PAGE):
        measured += _measured_on_a_page(program, drawings[first : first + DRAWINGS_A_PAGE], folder)
    return measured


def _measured_on_a_page(program: str, drawings: list[str], folder: Path) -> list[dict[str, object]]:
    page = folder / "page.html"
    # One style of each kind will do for all of them: hundreds of equal ones take a browser half a minute.
    styles = dict.fromkeys(style for drawing in drawings for style in _STYLE.findall(drawing))
    body = "".join([*styles, *(_STYLE.sub("", drawing) for drawing in drawings)])
    page.write_text(f"<!doctype html><meta charset=utf-8><body>{body}<script>{SCRIPT}</script>", "utf-8")
    command = [program, *ARGUMENTS, f"--user-data-dir={folder / 'profile'}", page.as_uri()]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout.decode("utf-8"), re.DOTALL)
    assert found is not None, done.stderr.decode("utf-8", "replace")[-2000:]
    measured: list[dict[str, object]] = json.loads(html.unescape(found[1]))
    return measured


def _faults(drawing: dict[str, object]) -> list[str]:
    """Texts that meet others, or the drawing's edge."""
    texts = drawing["texts"]
    width, height = drawing["width"], drawing["height"]
    assert isinstance(texts, list) and isinstance(width, int | float) and isinstance(height, int | float)
    faults = []
    texts.sort(key=itemgetter("y"))
    for i, a in enumerate(texts):
        if a["x"] < 0 or a["y"] < 0 or a["x"] + a["w"] > width or a["y"] + a["h"] > height:
            faults.append(f"outside: {a['says']}")
        for b in islice(texts, i + 1, None):
            if a["y"] + a["h"] <= b["y"] + 1.5:  # a font's box is taller than its letters
                break  # so are all that follow
            is_beside = a["x"] + a["w"] <= b["x"] + 0.5 or b["x"] + b["w"] <= a["x"] + 0.5
            if not is_beside and b["y"] + b["h"] > a["y"] + 1.5:
                faults.append(f"{a['says']!r} meets {b['says']!r}")
    return faults


def _hostile_traces(count: int) -> list[Trace]:
    """The same few traces each time, with names of the worst kind."""
    found: list[Trace] = []

    @seed(7)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(traces(max_calls=14, hostile=True))
    def collect(trace: Trace) -> None:
        if len(trace.calls) > 5:
            found.append(trace)

    collect()
    return found


def _request_trace() -> Trace:
    """A request with names in several scripts."""
    builder = TraceBuilder.new(request_count=1, thread_count=2)
    serve = builder.add("BaseServer.serve_forever")
    start = builder.add("ThreadingMixIn.process_request", serve, request=1)
    builder.trace.threads[1] = Thread(2, "Thread-2", start)
    served = builder.add("ThreadingMixIn.process_request_thread", start, thread=2, request=1)
    app = builder.add("Flask.wsgi_app", served, thread=2, request=1)
    push = builder.add("RequestContext.push", app, thread=2, request=1)
    value = Returned(Value("", "str", 1, "'上下文 context'"))
    builder.add("LocalStack.push", push, thread=2, request=1, outcome=value)
    dispatch = builder.add("Flask.dispatch_request", app, thread=2, request=1)
    for text in ("'中文参数'", "'עברית'", "'𒐫﷽ ⸻'", "'MWMWMWMWMWMW'", "'😀👩‍👩‍👧'", "'ไทย'"):
        argument = Value("item", "str", 0, text)
        failed = Raised("查找错误", "没有")
        builder.add("index", dispatch, thread=2, request=1, outcome=failed, parameters=(argument,))
    builder.trace.validate()
    return builder.trace


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_text_meets_another_in_chromium(
    language: str, tmp_path: Path, cannot_run: Callable[[str], None]
) -> None:
    program = _browser(cannot_run)
    drawings = []
    for trace in [_request_trace(), *_hostile_traces(12)]:
        for level in (Level.MILESTONES, Level.ALL):
            folded = fold(trace, catalogue(language), FoldOptions(level=level, fold_repeats=False))
            for is_startup in (False, True):
                options = SequenceOptions(language=language, is_startup=is_startup)
                drawings.append(draw_sequence(folded, options))
    measured = _measure(program, drawings, tmp_path)
    assert len(measured) == len(drawings)
    assert [fault for drawing in measured for fault in _faults(drawing)] == []


# All of them where every test must run; else one with much in it.
IS_FULL = bool(os.environ.get("FLASKTRACE_ALL_TESTS"))
SCENARIOS = [name for names in COURSE.values() for name in names] if IS_FULL else ["hooks"]


def _drawn(trace: Trace, is_all: bool) -> Iterator[str]:
    """What `flasktrace run` draws in both languages: all of it, or the drawings with the most on them."""
    for language in LANGUAGES:
        folded = fold(trace, catalogue(language), FoldOptions(max_steps=400))
        base = SequenceOptions(language=language)
        yield draw_sequence(folded, replace(base, is_startup=True))
        if is_all:
            yield draw_sequence(folded, base)
            rendered = render(build_graph(folded), "svg", DrawOptions(language=language))
            yield rendered.data.decode("utf-8")


@pytest.mark.parametrize("engine", ["bundled", "installed"])
def test_no_text_meets_another_in_the_bundled_scenarios(
    engine: str, tmp_path: Path, cannot_run: Callable[[str], None]
) -> None:
    program = _browser(cannot_run)
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda name: record_scenario(name, engine, tmp_path), SCENARIOS))
    is_all = engine == "bundled"  # the installed Flask has other names, but the same drawings
    drawings = [drawing for path in paths for drawing in _drawn(read_trace(path), is_all)]
    measured = _measure(program, drawings, tmp_path)
    assert len(measured) == len(drawings) == (6 if is_all else 2) * len(SCENARIOS)
    assert [fault for drawing in measured for fault in _faults(drawing)] == []
