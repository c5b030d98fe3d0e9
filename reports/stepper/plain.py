"""The stepper line by line: for screen readers, pipes of commands, and terminals that cannot do more.

A command is a key of the screen, with a count before it if wanted (``5s``) and its text behind it
(``/index``, ``g 120``). An empty line makes the last move again.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from flasktrace.reports.folded import Level
from flasktrace.reports.stepper.live_session import LiveSession
from flasktrace.reports.stepper.moves import Move
from flasktrace.reports.stepper.quiz import Question, Quiz
from flasktrace.reports.stepper.scene import Place, Scene
from flasktrace.reports.stepper.session import LANGUAGES, Session
from flasktrace.reports.stepper.words import help_lines
from flasktrace.reports.text import clean, to_ascii

WINDOW = 3  # lines of source before and after the current one
MAX_COUNT = 10_000
_COMMAND = re.compile(r"(\d{0,6})\s*(\S)\s*(.*)", re.DOTALL)
MOVES = {"s": Move.STEP, "n": Move.OVER, "r": Move.OUT, "m": Move.MILESTONE}


@dataclass(slots=True)
class Plain:
    """The dialogue over one session.

    Args:
        session: the walk.
        write: takes one line, without its end.
        ask: shows a prompt and gives the line typed; None at the end of the input.
        quiz: whether it asks what is called next.
        edit: opens a file at a line, and tells what went wrong or "".
        settle: called after each move; it waits until a live program has come to its next stop.
    """

    session: Session
    write: Callable[[str], object]
    ask: Callable[[str], str | None]
    quiz: Quiz | None = None
    edit: Callable[[str, int], str] | None = None
    settle: Callable[[], object] = lambda: None
    _last: str = "s"
    _commands: dict[str, Callable[[str], object]] = field(init=False)

    def __post_init__(self) -> None:
        self._commands = {
            "u": lambda _: self._shown(self.session.up()),
            "<": lambda _: self._look(1),
            ">": lambda _: self._look(-1),
            "L": lambda _: self._list_milestones(),
            "H": lambda _: self._list_hooks(),
            "/": self._search,
            "g": self._go,
            "b": lambda _: self._bookmark(),
            "'": lambda _: self._next_bookmark(),
            "l": self._level,
            "x": self._language,
            "e": lambda _: self._edit(),
            "y": lambda _: self._chain(),
            "c": lambda _: self._run_on(),
            "t": self._thread,
            "p": lambda _: self.show(),
            "0": lambda _: self._shown(self.session.to_start()),
            "$": lambda _: self._shown(self.session.to_end()),
            "?": lambda _: self._help(),
            "h": lambda _: self._help(),
        }

    def run(self) -> None:
        """Show the first stop, then do what is asked until ``q`` or the end of the input."""
        book, words = self.session.book, self.session.words
        self.write(
            words.recording.format(
                calls=f"{book.call_count:,}",
                engine=clean(book.metadata.engine),
                python=clean(book.metadata.python_version),
            )
        )
        if book.dropped_count:
            self.write(words.dropped.format(count=f"{book.dropped_count:,}"))
        self.show()
        while (line := self.ask("> ")) is not None:
            if line.strip() == "q":
                break
            self.do(line)
        if self.quiz is not None:
            self.write(self.quiz.score())

    def do(self, line: str) -> None:
        """Do one command."""
        line = line.strip() or self._last
        found = _COMMAND.fullmatch(line)
        if found is None:
            self.write(self.session.words.unknown.format(text=clean(line)))
            return
        count, key, rest = found.groups()
        if line in ("0", "$"):
            key, count = line, ""
        if key.lower() in MOVES and not rest:
            self._last = line
            self._move(key, min(int(count or 1), MAX_COUNT))
        elif key in self._commands and (not count or key == "0"):
            self._commands[key](rest.strip())
        else:
            self.write(self.session.words.unknown.format(text=clean(line)))

    def show(self) -> None:
        """Write all that there is at the stop."""
        for line in scene_lines(self.session.scene(), self.session):
            self.write(line)

    def _move(self, key: str, count: int) -> None:
        session, move = self.session, MOVES[key.lower()]
        has_moved = False
        for _ in range(count):
            if key.isupper():
                moved = session.backward(move)
            else:
                if self.quiz is not None:
                    self._ask(self.quiz.question_before(session.walk.target(move)))
                moved = session.forward(move)
                self.settle()
                if self.quiz is not None and self.quiz.is_live:
                    self._ask(self.quiz.question_here())
            has_moved |= moved
        self._shown(has_moved)

    def _shown(self, has_moved: bool) -> None:
        self.show()
        if not has_moved:
            stop, words = self.session.stop, self.session.words
            if stop.index == len(self.session.walk) - 1:
                self.write(words.at_end)
            elif stop.index == 0:
                self.write(words.at_start)

    def _ask(self, question: Question | None) -> None:
        if question is None or self.quiz is None:
            return
        words = self.session.words
        self.write(words.quiz_ask)
        for number, name in enumerate(question.names, 1):
            self.write(f"  {number}. {name}")
        answer = (self.ask(words.quiz_choose) or "").strip()
        chosen = int(answer) - 1 if answer.isdecimal() and 1 <= int(answer) <= len(question.choices) else None
        for line in self.quiz.answer(question, chosen):
            self.write(line)

    def _run_on(self) -> None:
        moved = self.session.run_on()
        self.settle()
        self._shown(moved)

    def _thread(self, text: str) -> None:
        """``t`` lists the threads of a live program, ``t 3`` walks the third thread."""
        session = self.session
        if not isinstance(session, LiveSession):
            self.write(session.words.only_live)
            return
        session.hear()
        threads = session.threads()
        if text.isdecimal() and int(text) in dict(threads):
            session.choose_thread(int(text))
            self.settle()
            self.show()
            return
        for thread_id, about in threads:
            mark = "*" if thread_id == session.live.thread_id else " "
            self.write(f"{mark} {thread_id:>3}  {about}")

    def _look(self, levels: int) -> None:
        self.session.look_up(levels)
        for line in place_lines(self.session.place()):
            self.write(line)

    def _list_milestones(self) -> None:
        here = self.session.stop.step
        for heading in self.session.milestones():
            if heading.chapter:
                self.write(f"# {heading.chapter}")
            mark = "*" if heading.step == here else " "
            call_id = self.session.steps[heading.step].call.id
            self.write(f"{mark} {call_id:>6}  {heading.name}")

    def _list_hooks(self) -> None:
        for line in self.session.hook_lines():
            self.write(line)

    def _search(self, text: str) -> None:
        words = self.session.words
        if self.session.search(text):
            self.show()
            self._tell_folded()
        else:
            self.write(words.not_found.format(text=clean(self.session.last_search)))

    def _go(self, text: str) -> None:
        words = self.session.words
        if not text.isdecimal():
            self.write(words.want_number)
            return
        try:
            self.session.to_call(int(text[:18]))
            self.show()
            self._tell_folded()
        except KeyError:
            self.write(words.no_call.format(id=text[:18]))

    def _tell_folded(self) -> None:
        if note := self.session.folded_note():
            self.write(note)

    def _bookmark(self) -> None:
        words = self.session.words
        self.write(words.bookmarked if self.session.toggle_bookmark() else words.unbookmarked)

    def _next_bookmark(self) -> None:
        moved = self.session.next_bookmark()
        if moved is None:
            self.write(self.session.words.no_bookmark)
        else:
            self._shown(True)

    def _level(self, text: str) -> None:
        if text:
            names = [level for level in Level if level.value.startswith(text)]
            if not names:
                self.write(self.session.words.unknown.format(text=clean(text)))
                return
            self.session.set_level(names[0])
        else:
            self.session.next_level()
        self.write(f"{self.session.words.level} {self.session.level.value}")
        self.show()

    def _language(self, text: str) -> None:
        if text in LANGUAGES:
            self.session.language = text
        else:
            self.session.next_language()
        self.show()

    def _edit(self) -> None:
        place = self.session.place()
        if not place.lines or self.edit is None:
            self.write(self.session.words.nothing_open)
            return
        problem = self.edit(place.path, place.line)
        if problem:
            self.write(problem)

    def _chain(self) -> None:
        self.write(" -> ".join(self.session.chain()))

    def _help(self) -> None:
        for keys, text in help_lines(self.session.language):
            self.write(f"{keys:<5} {text}")


def scene_lines(scene: Scene, session: Session) -> Iterator[str]:
    """A scene as lines, each beginning with what it is about."""
    words = session.words
    request = f", {scene.request}" if scene.request else ""
    number = words.stop_of.format(number=f"{scene.stop.index + 1:,}", count=f"{scene.stop_count:,}")
    yield ""
    yield f"[{number}] #{scene.call_id} {scene.title}"
    yield f"{words.path}: {' > '.join(crumb.name for crumb in scene.path)}"
    if scene.chapter or request:
        yield f"({scene.chapter}{request}; {words.level} {session.level.value})"
    yield from place_lines(scene.place)
    yield f"{words.values}:"
    for row in scene.values:
        yield f"  {row.name} = {row.text}" if row.name else f"  {row.text}"
    yield f"{words.explanation}: {' '.join(scene.explanation)}"
    if scene.url:
        yield f"  {scene.url}"
    yield f"{words.state}:"
    for state in scene.state:
        yield f"  {'*' if state.is_changed else ' '} {state.name}: {state.text}"
    if not scene.state:
        yield f"    {words.no_state}"


def place_lines(place: Place) -> Iterator[str]:
    """The source around the current line, which has a ``>``."""
    yield f"{place.shown_path}:{place.line}"
    if place.note:
        yield f"  ({place.note})"
    first = max(place.line - WINDOW, 1)
    for number in range(first, min(place.line + WINDOW, len(place.lines)) + 1):
        mark = ">" if number == place.line else " "
        yield f"  {mark}{number:>5}  {place.lines[number - 1]}".rstrip()


def writer(stream: TextIO) -> Callable[[str], object]:
    """Writes lines to a stream, in what its encoding can say."""
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
    is_ascii = not encoding.startswith(("utf", "gb18030"))

    def write(line: str) -> None:
        stream.write((to_ascii(line) if is_ascii else line) + "\n")
        stream.flush()

    return write
