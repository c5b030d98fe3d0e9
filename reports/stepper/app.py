"""The stepper on the screen: panes, keys, mouse."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from rich.markup import escape
from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from flasktrace.reports.stepper import dialogs, screen_texts
from flasktrace.reports.stepper.moves import Move
from flasktrace.reports.stepper.palette import Palette, is_dark_terminal
from flasktrace.reports.stepper.quiz import Question, Quiz
from flasktrace.reports.stepper.scene import Scene
from flasktrace.reports.stepper.screen_layout import (
    CSS,
    PANES,
    TALL_ROWS,
    TITLE_CELLS,
    WIDE_COLUMNS,
    WIDE_ROWS,
)
from flasktrace.reports.stepper.session import Session
from flasktrace.reports.stepper.source_pane import SourcePane
from flasktrace.reports.stepper.tree_pane import TreePane
from flasktrace.reports.stepper.words import help_lines
from flasktrace.reports.text import cells

Edit = Callable[[str, int], str]


class StepApp(App[None]):
    """The screen over one session."""

    CSS = CSS
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None  # the arrows walk, until a pane is chosen
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s,right", "go('STEP', 1)", show=False),
        Binding("S,left", "go('STEP', -1)", show=False),
        Binding("n,down", "go('OVER', 1)", show=False),
        Binding("N,up", "go('OVER', -1)", show=False),
        Binding("r", "go('OUT', 1)", show=False),
        Binding("R", "go('OUT', -1)", show=False),
        Binding("m,space", "go('MILESTONE', 1)", show=False),
        Binding("M,backspace", "go('MILESTONE', -1)", show=False),
        Binding("u", "up", show=False),
        Binding("home,0", "edge(0)", show=False),
        Binding("end,dollar_sign", "edge(1)", show=False),
        Binding("less_than_sign", "look(1)", show=False),
        Binding("greater_than_sign", "look(-1)", show=False),
        Binding("L", "milestones", show=False),
        Binding("H", "hooks", show=False),
        Binding("slash", "search", show=False),
        Binding("g", "call", show=False),
        Binding("b", "bookmark", show=False),
        Binding("apostrophe", "next_bookmark", show=False),
        Binding("l", "level", show=False),
        Binding("x", "language", show=False),
        Binding("e", "edit", show=False),
        Binding("y", "copy", show=False),
        Binding("c", "run_on", show=False),
        Binding("T", "theme", show=False),
        Binding("question_mark,h", "help", show=False),
        Binding("escape", "blur", show=False),
        Binding("q", "leave", show=False),
        Binding("ctrl+c", "leave", show=False, priority=True),
        *(Binding(str(i), f"pane('{name}')", show=False) for i, name in enumerate(PANES, 1)),
    ]

    def __init__(self, session: Session, quiz: Quiz | None = None, edit: Edit | None = None) -> None:
        # Else Textual makes greys of the colours, and grey is one.
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.session, self.quiz, self._edit = session, quiz, edit
        self.palette = Palette(is_dark_terminal())
        self.theme = self._theme_name()
        self.selected = "calls"
        self.scene: Scene | None = None
        self.message = ""
        self._crumbs: list[tuple[int, int, int]] = []
        self._tabs: list[str] = []

    def _theme_name(self) -> str:
        return "textual-dark" if self.palette.is_dark else "textual-light"

    def compose(self) -> ComposeResult:
        """All panes; which of them are seen is a matter of the window's size."""
        yield Static(id="headline")
        yield Static(id="path")
        yield Static(id="tabs")
        with Container(id="panes"):
            yield TreePane(self.session, self.palette)
            yield SourcePane(self.palette)
            for name in ("values", "state", "explanation"):  # as the grid is filled
                with VerticalScroll(id=name, classes="pane"):
                    yield Static(id=f"{name}-text")
        yield Static(id="status")

    def on_mount(self) -> None:
        """Draw the first stop."""
        self.tree_pane.is_future_hidden = self.quiz is not None
        self._fold(*self.size)
        self.show()

    @property
    def tree_pane(self) -> TreePane:
        """The calls."""
        return self.query_one(TreePane)

    def on_resize(self, event: events.Resize) -> None:
        """Fold the panes into tabs, or unfold them."""
        self._fold(event.size.width, event.size.height)
        self.call_after_refresh(self.show)

    def _fold(self, width: int, height: int) -> None:
        is_wide = width >= WIDE_COLUMNS and height >= WIDE_ROWS
        self.screen.set_class(is_wide, "wide")
        self.screen.set_class(not is_wide, "narrow")
        panes, source = self.query_one("#panes"), self.query_one(SourcePane)
        if is_wide:
            panes.move_child(source, after=self.tree_pane)
        else:
            panes.move_child(source, before=self.tree_pane)
        for name in PANES:
            is_source_kept = name == "source" and height >= TALL_ROWS
            self.query_one(f"#{name}").set_class(name != self.selected and not is_source_kept, "folded")

    def show(self) -> None:
        """Draw the current stop in every pane."""
        before, scene = self.scene, self.session.scene()
        self.scene = scene
        width, palette = max(self.size.width - 2, 1), self.palette
        is_wide = self.screen_stack[0].has_class("wide")  # else the chapter is beside the tabs
        top = scene if is_wide else replace(scene, chapter="")
        self._static("headline").update(screen_texts.headline(top, palette, width))
        path, self._crumbs = screen_texts.path_line(scene, palette, width)
        self._static("path").update(path)
        self.query_one(SourcePane).show(scene.place)
        self.tree_pane.show()
        self._static("values-text").update(screen_texts.values_text(scene, palette))
        self._static("explanation-text").update(screen_texts.explanation_text(scene, palette))
        self._static("state-text").update(screen_texts.state_text(scene, self.session, palette))
        if before is None or (before.call_id, before.ending) != (scene.call_id, scene.ending):
            for pane in self.query(VerticalScroll):
                pane.scroll_home(animate=False)
        self._show_titles(scene, width)
        self._show_status()

    def _show_titles(self, scene: Scene, width: int) -> None:
        words, place = self.session.words, scene.place
        titles = {
            "calls": words.calls_tree,
            "values": words.values,
            "explanation": words.explanation,
            "state": words.state + ("*" if any(row.is_changed for row in scene.state) else ""),
            "source": words.source,
        }
        for number, (name, title) in enumerate(titles.items(), 1):
            self.query_one(f"#{name}").border_title = escape(f"{number} {title}")
        source = self.query_one(SourcePane)
        start = f"{len(titles)} {words.source} "
        note = f" ({place.note})" if place.lines and place.note else ""
        room = (source.outer_size.width or width) - cells(start + note) - TITLE_CELLS
        where = screen_texts.tail(f"{place.shown_path}:{place.line}", room)
        source.border_title = escape(start + where + note)
        if self.size.height >= TALL_ROWS:
            del titles["source"]
        text, self._tabs = screen_texts.tabs_line(titles, self.selected, palette=self.palette)
        screen_texts.add_right(text, scene.chapter, self.palette, width)
        self._static("tabs").update(text)

    def _static(self, name: str) -> Static:
        return self.query_one(f"#{name}", Static)

    def _show_status(self) -> None:
        session, words = self.session, self.session.words
        score = f" · {self.quiz.short_score()}" if self.quiz is not None else ""
        right = f"{session.level.value} · {session.language}{score}"
        width = max(self.size.width - 2, 1)
        room = max(width - len(right) - 2, 1)
        text = Text(no_wrap=True, overflow="ellipsis")
        if self.message:
            text.append(self.message, self.palette["changed"])
        else:
            if about := self.status():
                text.append(f"{about} · ", self.palette["changed"])
            keys = screen_texts.fitting(words.key_lines, room - text.cell_len)
            text.append(keys, self.palette["muted"])
        text.truncate(room, overflow="ellipsis")
        text.append(" " * max(width - text.cell_len - len(right), 1))
        text.append(right, self.palette["heading"])
        self._static("status").update(text)

    async def on_event(self, event: events.Event) -> None:
        """What was told stays until a key or a button is pressed."""
        if isinstance(event, events.Key | events.MouseDown):
            self.message = ""
        await super().on_event(event)

    def status(self) -> str:
        """What is to be told in the last line before the keys."""
        return ""

    def tell(self, message: str) -> None:
        """Say something in the last line, until the next key."""
        self.message = message
        self._show_status()

    # ---- Moves ---------------------------------------------------------------------------------------

    def action_go(self, name: str, direction: int) -> None:
        """A move; in quiz mode a question comes before it."""
        move = Move[name]
        if direction < 0:
            self._moved(self.session.backward(move))
            return
        question = None if self.quiz is None else self.quiz.question_before(self.session.walk.target(move))
        if question is None:
            self._moved(self.session.forward(move))
        else:
            self._ask(question, lambda: self._moved(self.session.forward(move)))

    def _moved(self, has_moved: bool) -> None:
        words, walk = self.session.words, self.session.walk
        is_last = walk.index == len(walk) - 1
        if not has_moved and (is_last or not walk.index):
            self.message = words.at_end if walk.index else words.at_start
        if is_last and self.quiz is not None:
            self.message = f"{words.at_end} {self.quiz.score()}"
        self.show()

    def _ask(self, question: Question, go_on: Callable[[], None]) -> None:
        words = self.session.words
        entries = [(Text(f"{i} {name}"), True) for i, name in enumerate(question.names, 1)]

        def judged(choice: int | None) -> None:
            assert self.quiz is not None
            lines = self.quiz.answer(question, choice)
            go_on()
            self.push_screen(dialogs.Read(lines[0], Text("\n".join([*lines[1:], "", self.quiz.score()]))))

        self.push_screen(dialogs.Choose(words.quiz_ask, entries), judged)

    def action_up(self) -> None:
        """To the caller."""
        self._moved(self.session.up())

    def action_edge(self, is_end: int) -> None:
        """To the first or the last stop."""
        self._moved(self.session.to_end() if is_end else self.session.to_start())

    def action_run_on(self) -> None:
        """To the next bookmark or the end."""
        self._moved(self.session.run_on())

    def action_look(self, levels: int) -> None:
        """The source of a caller."""
        self.session.look_up(levels)
        self.show()

    def on_tree_pane_chosen(self, message: TreePane.Chosen) -> None:
        """A click on a row: its entry, or, there already, its end."""
        stop = self.session.stop
        is_end = message.step == stop.step and not stop.is_end
        self._moved(self.session.to_step(message.step, is_end))

    def on_click(self, event: events.Click) -> None:
        """A click on the path or on a tab."""
        if event.widget is None or event.widget.id not in ("path", "tabs"):
            return
        x = event.x - event.widget.gutter.left
        if event.widget.id == "tabs":
            if 0 <= x < len(self._tabs):
                self.action_pane(self._tabs[x])
            return
        for start, end, step in self._crumbs:
            if start <= x < end:
                self._moved(self.session.to_step(step))

    # ---- Finding -------------------------------------------------------------------------------------

    def action_milestones(self) -> None:
        """Choose a milestone."""
        headings = self.session.milestones()
        entries: list[tuple[Text, bool]] = []
        steps: list[int] = []
        at = 0
        for heading in headings:
            if heading.chapter:
                entries.append((Text(f"── {heading.chapter}", self.palette["muted"]), False))
                steps.append(heading.step)
            if heading.step <= self.session.stop.step:
                at = len(entries)
            entries.append((Text("  " + heading.name, no_wrap=True), True))
            steps.append(heading.step)

        def chosen(index: int | None) -> None:
            if index is not None:
                self._moved(self.session.to_step(steps[index]))

        self.push_screen(dialogs.Choose(self.session.words.milestones, entries, at), chosen)

    def action_search(self) -> None:
        """Search names and values."""
        words = self.session.words

        def typed(text: str | None) -> None:
            if text is None:
                return
            has_found = self.session.search(text)
            template = words.found_at if has_found else words.not_found
            self.message = self.session.folded_note() or template.format(text=self.session.last_search)
            self.show()

        self.push_screen(dialogs.Ask(words.search, self.session.last_search), typed)

    def action_call(self) -> None:
        """Go to a call by its number."""
        words = self.session.words

        def typed(text: str | None) -> None:
            if not text:
                return
            digits = text.strip().lstrip("#")[:18]
            try:
                has_moved = self.session.to_call(int(digits))
                self.message = self.session.folded_note()
                self._moved(has_moved)
            except (KeyError, ValueError):
                self.tell(words.no_call.format(id=digits))

        self.push_screen(dialogs.Ask(words.go_to), typed)

    def action_bookmark(self) -> None:
        """Set or remove a bookmark."""
        words = self.session.words
        self.message = words.bookmarked if self.session.toggle_bookmark() else words.unbookmarked
        self.show()

    def action_next_bookmark(self) -> None:
        """To the next bookmark."""
        moved = self.session.next_bookmark()
        if moved is None:
            self.tell(self.session.words.no_bookmark)
        else:
            self._moved(True)

    # ---- The view ------------------------------------------------------------------------------------

    def action_level(self) -> None:
        """The next level."""
        self.session.next_level()
        self.message = f"{self.session.words.level}: {self.session.level.value}"
        self.show()

    def action_language(self) -> None:
        """The other language."""
        self.session.next_language()
        self.show()

    def action_theme(self) -> None:
        """Light or dark."""
        self.palette = Palette(not self.palette.is_dark)
        self.tree_pane.palette = self.query_one(SourcePane).palette = self.palette
        self.theme = self._theme_name()
        self.show()

    def action_pane(self, name: str) -> None:
        """Open a tab and let the arrows scroll it."""
        if self.selected == name and self.focused is self.query_one(f"#{name}"):
            self.set_focus(None)
            return
        if name != "source" or self.size.height < TALL_ROWS:
            self.selected = name
        self._fold(*self.size)
        self.query_one(f"#{name}").focus()
        self.call_after_refresh(self.show)

    def action_blur(self) -> None:
        """The arrows walk again."""
        self.set_focus(None)

    def action_help(self) -> None:
        """The keys."""
        text = Text()
        for keys, about in help_lines(self.session.language):
            text.append(f"{keys:<6}", self.palette["heading"])
            text.append(about + "\n")
        self.push_screen(dialogs.Read(self.session.words.help_title, text))

    def action_hooks(self) -> None:
        """What became of each hook."""
        self.push_screen(dialogs.Read(self.session.words.hooks, Text("\n".join(self.session.hook_lines()))))

    def action_edit(self) -> None:
        """Open the file in the user's editor, which has the terminal meanwhile."""
        words = self.session.words
        place = self.session.place()
        if not place.lines or self._edit is None:
            self.tell(words.nothing_open)
            return
        with self.suspend():
            problem = self._edit(place.path, place.line)
        self.refresh()
        if problem:
            self.tell(problem)

    def action_copy(self) -> None:
        """Copy the chain so far."""
        words, names = self.session.words, self.session.chain()
        self.copy_to_clipboard(" -> ".join(names))
        title = words.copied.format(count=f"{len(names):,}")
        self.push_screen(dialogs.Read(title, Text(" -> ".join(names))))

    def action_leave(self) -> None:
        """Quit."""
        self.exit()
