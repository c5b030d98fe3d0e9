"""The stepper on the screen, driven by Textual's pilot; what is compared is the text of the screen."""

import asyncio
from array import array
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from rich.style import Style
from tests.golden_traces import golden_trace
from tests.strategies_traces import TraceBuilder
from textual.pilot import Pilot

from flasktrace.reports.folded import Level
from flasktrace.reports.stepper.app import StepApp
from flasktrace.reports.stepper.book import MemoryBook
from flasktrace.reports.stepper.quiz import Quiz
from flasktrace.reports.stepper.session import Session
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.model import Function, Origin, Raised, Returned, Trace, Value

CATALOGUES = {language: load_catalogue(language) for language in ("en", "zh")}
SMALL, LARGE = (80, 24), (200, 60)


def _app(trace: Trace, quiz: bool = False, level: Level = Level.MILESTONES) -> StepApp:
    session = Session(MemoryBook(trace, CATALOGUES["en"]), CATALOGUES.__getitem__, level)
    return StepApp(session, Quiz(session) if quiz else None)


def _drive(app: StepApp, size: tuple[int, int], steps: Callable[[Pilot[None]], Awaitable[None]]) -> None:
    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await steps(pilot)

    asyncio.run(run())


async def _rows(pilot: Pilot[None]) -> list[str]:
    """The screen as a person sees it."""
    await pilot.pause()
    width, height = pilot.app.size
    lines = pilot.app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip)[:width] for strip in lines][:height]


async def _styles(pilot: Pilot[None]) -> list[tuple[str, Style]]:
    await pilot.pause()
    strips = pilot.app.screen._compositor.render_strips()
    return [(segment.text, segment.style) for strip in strips for segment in strip if segment.style]


def _has_colours(styles: list[tuple[str, Style]]) -> bool:
    colors = [color for _, style in styles for color in (style.color, style.bgcolor)]
    return any(color is not None and not color.is_default for color in colors)


def test_a_small_window_folds_the_panes_into_tabs() -> None:
    app = _app(golden_trace("hello"))

    async def steps(pilot: Pilot[None]) -> None:
        rows = await _rows(pilot)
        assert rows[0].startswith(" ▶ #1 enters ")
        assert rows[2].startswith(" [1 Calls] 2 Values  3 Explanation  4 State")
        assert len(rows) == 24 and all(len(row) <= 80 for row in rows)
        assert "/ search  ? help  q quit" in rows[-1] and rows[0].rstrip().endswith(" 1/114")
        await pilot.press("3")
        assert "[3 Explanation]" in (await _rows(pilot))[2]
        assert app.query_one("#explanation").display and not app.query_one("#calls").display
        await pilot.press("escape", "m")
        assert app.session.stop.step == 1

    _drive(app, SMALL, steps)


def test_a_large_window_shows_all_panes_and_a_resize_folds_them() -> None:
    app = _app(golden_trace("hello"))

    async def steps(pilot: Pilot[None]) -> None:
        text = "\n".join(await _rows(pilot))
        for title in ("1 Calls", "2 Values", "3 Explanation", "4 State", "5 Source"):
            assert f"╭─ {title} " in text
        await pilot.resize_terminal(*SMALL)
        assert "[1 Calls]" in (await _rows(pilot))[2]
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert not app.query_one("#source").display
        await pilot.resize_terminal(*LARGE)
        await pilot.pause()
        assert "─ 4 State ─" in "\n".join(await _rows(pilot))

    _drive(app, LARGE, steps)


def test_the_keys_move_and_capitals_take_it_back() -> None:
    app = _app(golden_trace("hello"))

    async def steps(pilot: Pilot[None]) -> None:
        spots = [app.session.spot]
        for key in ("s", "s", "down", "m", "r", "right", "n"):
            await pilot.press(key)
            spots.append(app.session.spot)
        for key in ("N", "left", "R", "M", "up", "S", "S"):
            assert app.session.spot == spots.pop()
            await pilot.press(key)
        assert app.session.spot == spots.pop()
        await pilot.press("end")
        assert app.session.stop.index == len(app.session.walk) - 1
        await pilot.press("s")
        assert "This is the last stop." in (await _rows(pilot))[-1]
        await pilot.press("home", "u")
        assert app.session.stop.index == 0

    _drive(app, SMALL, steps)


def test_search_go_to_milestones_bookmarks_level_language_theme_and_help() -> None:
    app = _app(golden_trace("hello"))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"i_app", "enter")
        assert app.session.step.function.qualname == "Flask.wsgi_app"
        call_id = app.session.spot[0]
        await pilot.press("b", "home", "g", *str(call_id), "enter")
        assert app.session.spot == (call_id, False)
        await pilot.press("home", "c")
        assert app.session.spot == (call_id, False)
        await pilot.press("home", "apostrophe")
        assert app.session.spot == (call_id, False)
        await pilot.press("l")
        assert app.session.level is Level.PIPELINE and app.session.spot == (call_id, False)
        await pilot.press("x")
        assert "进入 Flask.wsgi_app" in (await _rows(pilot))[0]
        await pilot.press("x", "L", "down", "enter")
        assert app.session.spot[0] > call_id
        await pilot.press("question_mark")
        assert "search names and values" in "\n".join(await _rows(pilot))
        await pilot.press("escape", "T")
        assert app.theme == "textual-light"
        await pilot.press("g", "9", "9", "9", "9", "9", "enter")
        assert "there is no call 99999" in (await _rows(pilot))[-1]

    _drive(app, SMALL, steps)


def test_a_pane_that_was_scrolled_begins_anew_at_the_next_stop() -> None:
    builder = TraceBuilder.new()
    values = tuple(Value(f"a{i}", "str", 1, "'b'") for i in range(50))
    root = builder.add("index", parameters=values)
    builder.add("index", root, parameters=values)
    app = _app(builder.trace)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("2", "end")
        assert "a49 = 'b'" in "\n".join(await _rows(pilot))
        await pilot.press("s")
        text = "\n".join(await _rows(pilot))
        assert "a0 = 'b'" in text and "a49" not in text

    _drive(app, SMALL, steps)


def test_the_chain_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    app = _app(golden_trace("hello"))
    copied: list[str] = []
    monkeypatch.setattr(app, "copy_to_clipboard", copied.append)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("m", "m", "y")
        assert copied and copied[0].count(" -> ") == 2
        text = "\n".join(await _rows(pilot))
        assert "The chain so far (3 calls)" in text and "Flask.__init__ ->" in text

    _drive(app, SMALL, steps)


def test_what_is_told_stays_until_the_next_key() -> None:
    app = _app(golden_trace("hello"))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("e")
        for size in ((90, 30), SMALL):
            assert "there is no file to open here" in (await _rows(pilot))[-1]
            await pilot.resize_terminal(*size)
        await pilot.press("b")
        assert "bookmark set" in (await _rows(pilot))[-1]
        await pilot.press("m")
        assert "? help" in (await _rows(pilot))[-1]

    _drive(app, SMALL, steps)


def test_what_is_cut_off_is_marked_and_the_source_can_be_shifted(tmp_path: Path) -> None:
    script = tmp_path / "long.py"
    script.write_text(f"def index(): return '{'x' * 120}end'\n")
    builder = TraceBuilder.new()
    builder.trace.functions[2] = Function(2, "tea", "index", str(script), 1, 1, Origin.USER)
    root = builder.add("index", parameters=(Value("a", "str", 1, "'b'"),))
    builder.add("index", root, outcome=Returned(Value("", "str", 1, f"'{'y' * 100}'")))
    app = _app(builder.trace)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("end")
        rows = await _rows(pilot)
        assert next(row for row in rows if "def index" in row).rstrip().endswith("x…")
        assert next(row for row in rows if "→ 'yyy" in row).rstrip().endswith("y…")
        await pilot.press("5", *["right"] * 20)
        assert next(row for row in await _rows(pilot) if "xend'" in row)
        await pilot.press(*["left"] * 20, "escape")
        assert next(row for row in await _rows(pilot) if "def index" in row)

    _drive(app, SMALL, steps)


def test_clicks_on_the_tree_the_path_and_the_tabs() -> None:
    app = _app(golden_trace("hello"))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.click("#calls", offset=(8, 3))
        assert app.session.stop.step == 2 and not app.session.stop.is_end
        assert app.focused is None  # the arrows walk on
        await pilot.click("#calls", offset=(8, 3))
        assert app.session.stop.step == 2 and app.session.stop.is_end
        app.session.to_step(4)
        app.show()
        await pilot.click("#path", offset=(3, 0))
        assert app.session.stop.step == 2
        await pilot.click("#tabs", offset=(14, 0))
        await pilot.pause()
        assert app.selected == "values"

    _drive(app, SMALL, steps)


def test_the_quiz_asks_judges_and_hides_what_is_to_come() -> None:
    app = _app(golden_trace("hello"), quiz=True)

    async def steps(pilot: Pilot[None]) -> None:
        assert "Flask.run" not in "\n".join((await _rows(pilot))[3:])
        await pilot.press("m")
        assert "What is called next?" in "\n".join(await _rows(pilot))
        await pilot.press("1")
        assert "Score: " in "\n".join(await _rows(pilot))
        await pilot.press("enter")
        assert app.session.stop.step == 1
        assert app.quiz is not None and len(app.quiz.asked) == 1

    _drive(app, SMALL, steps)


def test_recorded_text_cannot_colour_the_screen_or_break_it(tmp_path: Path) -> None:
    builder = TraceBuilder.new(request_count=1)
    evil = "[/bold]\x1b[31m[red]\u202e" + "x" * 300
    builder.trace.functions[2] = Function(2, evil, evil, f"{tmp_path}/{evil}", 1, 3, Origin.USER)
    builder.trace.functions[3] = Function(3, "m", "f", str(tmp_path), -5, -9, Origin.USER)
    root = builder.add("<module>", parameters=(Value(evil, evil, 1, evil),))
    builder.add(evil, root, outcome=Raised(evil, evil, 10**9))
    builder.add("f", root)
    app = _app(builder.trace)

    async def steps(pilot: Pilot[None]) -> None:
        for _ in range(6):
            assert all(row.isprintable() for row in (await _rows(pilot)))
            await pilot.press("s")

    _drive(app, LARGE, steps)


def test_a_trace_cut_short_says_so() -> None:
    trace = golden_trace("hello")
    trace.calls.outcome = array("i", [0]) * len(trace.calls)
    app = _app(trace)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("end")
        assert "not finished: the recording ended first" in (await _rows(pilot))[0]

    _drive(app, LARGE, steps)


def test_nothing_is_coloured_under_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = _app(golden_trace("hello"))
    assert app.no_color

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("m")
        rows = await _rows(pilot)
        assert any(row.startswith(" ▶ ") for row in rows[4:])
        assert not _has_colours(await _styles(pilot))
        await pilot.press("L")
        styles = await _styles(pilot)
        assert not _has_colours(styles)
        here = app.session.step.function.qualname
        assert any(here in text and style.underline for text, style in styles)

    _drive(app, SMALL, steps)


SNAPSHOTS = Path(__file__).parent / "data" / "screens"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_screen_is_as_it_was(size: tuple[int, int], language: str, renew_golden: bool) -> None:
    app = _app(golden_trace("hello"))
    app.session.language = language
    app.session.search("Flask.dispatch_request")
    shown: list[str] = []

    async def steps(pilot: Pilot[None]) -> None:
        before: list[str] = []
        while (rows := await _rows(pilot)) != before:  # until nothing moves any more
            before = rows
        shown.extend(row.rstrip() for row in rows)

    _drive(app, size, steps)
    path = SNAPSHOTS / f"{'x'.join(map(str, size))}.{language}.txt"
    text = "\n".join(shown) + "\n"
    if renew_golden:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "run pytest --renew-golden if the change is meant"
