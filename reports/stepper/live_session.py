"""A live walk: a session whose book grows, and whose last stop is where a thread of the program is held."""

import queue
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from flasktrace.reports.folded import Level
from flasktrace.reports.stepper.book import MemoryBook
from flasktrace.reports.stepper.moves import Move
from flasktrace.reports.stepper.session import Session, Spot
from flasktrace.reports.stepper.states import StateRow, live_rows, marked, state_rows
from flasktrace.reports.text import clean
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.live import Bookmark, Go
from flasktrace.tracer.live_messages import (
    Delta,
    Done,
    GoOn,
    HeldAt,
    LeftAlone,
    LetGo,
    Serving,
    SetBookmark,
    SetLevel,
    empty_trace,
)
from flasktrace.tracer.model import Trace

_GO = {Move.STEP: Go.STEP, Move.OVER: Go.OVER, Move.OUT: Go.OUT, Move.MILESTONE: Go.MILESTONE}


class Process(Protocol):
    """The other side of the pipe."""

    messages: "queue.SimpleQueue[object]"

    def send(self, message: object, /) -> None:
        """Tell it something."""
        ...


@dataclass(slots=True)
class Hold:
    """Where a thread is held, and the state as it is there."""

    spot: Spot
    state: dict[str, object]
    before: dict[str, object] | None = None  # where it was held last


@dataclass(slots=True)
class Live:
    """What is known of the program: which threads are held, and whether it has ended.

    Attributes:
        process: that plays it.
        trace: so far.
        held: by thread.
        thread_id: the thread that is walked; 0 before the first is held.
        waits: the thread that is walked was let go, and has not come to its next stop yet.
    """

    process: Process
    trace: Trace = field(default_factory=empty_trace)
    held: dict[int, Hold] = field(default_factory=dict)
    thread_id: int = 0
    waits: bool = True
    address: str = ""
    done: Done | None = None
    last_go: Go = Go.STEP
    last_states: dict[int, dict[str, object]] = field(default_factory=dict)

    def hear(self, message: object) -> None:
        """Take in one message."""
        if isinstance(message, Delta):
            message.apply(self.trace)
            if self.waits and self.held and self._has_ended(self.thread_id):
                self._turn_to_another()
        elif isinstance(message, HeldAt):
            before = self.last_states.get(message.thread_id)
            self.held[message.thread_id] = Hold((message.call_id, message.is_end), message.state, before)
            self.last_states[message.thread_id] = message.state
            if message.thread_id == self.thread_id or self.thread_id not in self.held:
                self.thread_id, self.waits = message.thread_id, False
        elif isinstance(message, LeftAlone):
            self.held.pop(message.thread_id, None)
            self._turn_to_another()
        elif isinstance(message, Serving):
            self.address = message.address
        elif isinstance(message, Done):
            if self.done is None:
                self.done = message
            self.held.clear()
            self.waits = False

    def _has_ended(self, thread_id: int) -> bool:
        """Whether the first call of a thread, the one all others are made by, has ended."""
        calls = self.trace.calls
        if thread_id not in calls.thread_id:
            return False
        # Not all of its calls: a generator that nobody ends stays open for good.
        return bool(calls.outcome[calls.thread_id.index(thread_id)])

    def _turn_to_another(self) -> None:
        if self.thread_id not in self.held and self.held:
            self.thread_id = next(iter(self.held))
        self.waits = not self.held and self.done is None

    def go(self, go: Go) -> None:
        """Let the walked thread go on."""
        self.last_go = go
        self.process.send(GoOn(self.thread_id, go))
        self.held.pop(self.thread_id, None)
        self.waits = True

    def let_go(self) -> None:
        """Let everything go to its end."""
        self.process.send(LetGo())
        self.held.clear()
        self.waits = self.done is None


class LiveSession(Session):
    """A walk through what has happened so far; at the front, a move lets the program go on.

    Made when the first thread is held, by :func:`live_session`.
    """

    live: Live

    def forward(self, move: Move) -> bool:
        """Make a move; at the front the held thread goes on, and the stop comes later."""
        hold = self._hold()
        if hold is None:
            return self.live.done is not None and super().forward(move)
        if self.spot == hold.spot:
            self.live.go(_GO[move])
            return True
        super().forward(move)
        front = self._stop_of(hold.spot)
        if self.walk.index > front:
            self.walk.go_to(front)
        return True

    def run_on(self) -> bool:
        """Let the thread run to the next bookmark, or to the end of the program."""
        hold = self._hold()
        if hold is None:
            return self.live.done is not None and super().run_on()
        self.live.go(Go.RUN)
        return True

    def to_end(self) -> bool:
        """To where the thread is held."""
        hold = self._hold()
        if hold is None:
            return self.live.done is not None and super().to_end()
        return self.to_call(*hold.spot)

    def toggle_bookmark(self) -> bool:
        """A bookmark is one in the code, too: the next time it is reached, every thread stops there."""
        is_set = super().toggle_bookmark()
        function = self.step.function
        bookmark = Bookmark(function.module, function.qualname, self.stop.is_end)
        self.live.process.send(SetBookmark(bookmark, is_set))
        return is_set

    def set_level(self, level: Level) -> None:
        """The program is held at this level's stops from now on."""
        super().set_level(level)
        self.live.process.send(SetLevel(level.value))

    def state(self) -> list[StateRow]:
        """At the front the live state; earlier what was recorded."""
        hold = self._hold()
        if hold is None or self.spot != hold.spot:
            return super().state()
        words = self.words
        rows = state_rows(self.book, self.step.call, True, words)
        recorded = [row for row in rows if row.name in (words.headers, "url_map", "view_functions")]
        now = live_rows(hold.state, words) + recorded
        if hold.before is None:
            return now
        return marked(now, [*live_rows(hold.before, words), *recorded])

    def is_at_front(self) -> bool:
        """Whether the stop is where the walked thread is held."""
        hold = self._hold()
        return hold is not None and self.spot == hold.spot

    def threads(self) -> list[tuple[int, str]]:
        """The threads that can be walked: their ids, and what each is doing."""
        found = []
        trace = self.live.trace  # what the book was made of may be older
        requests = {request.id: request for request in trace.requests}
        for thread in trace.threads:
            hold = self.live.held.get(thread.id)
            if hold is None:
                if self.live.done is None:
                    found.append((thread.id, f"{clean(thread.name)}: {self.words.runs}"))
                continue
            call = trace.call(hold.spot[0])
            request = requests.get(call.request_id or 0)
            asks = "" if request is None else clean(f"{request.method} {request.target}".rstrip())
            about = f" ({asks})" if asks else ""
            name = clean(trace.functions[call.function_id].qualname)
            found.append((thread.id, f"{clean(thread.name)}{about}: {self.words.held} #{call.id} {name}"))
        return found

    def choose_thread(self, thread_id: int) -> None:
        """Walk another thread; one that runs is stopped at its next stop."""
        self.live.thread_id = thread_id
        hold = self.live.held.get(thread_id)
        if hold is None:
            self.live.process.send(GoOn(thread_id, Go.STEP))
            self.live.waits = True
        else:
            self.live.waits = False
            self._renew()
            self._to_front(hold)

    def hear(self, message: object = None) -> bool:
        """Take in what the program says; tell whether the stop has changed, or the program has ended.

        Args:
            message: one that was taken from the queue already.
        """
        live = self.live
        was_held, was_done = live.held.get(live.thread_id), live.done
        if message is not None:
            live.hear(message)
        while True:
            try:
                live.hear(live.process.messages.get_nowait())
            except queue.Empty:
                break
        hold = live.held.get(live.thread_id)
        if (hold is was_held or hold is None) and live.done is was_done:
            return False
        self._renew()
        if hold is not None:
            self._to_front(hold)
        return not live.waits

    def _hold(self) -> Hold | None:
        return self.live.held.get(self.live.thread_id)

    def _to_front(self, hold: Hold) -> None:
        index = self.steps.index_of(hold.spot[0])
        if index is None or self.steps[index].call.id != hold.spot[0]:
            self.live.go(self.live.last_go)  # folded away at this level, as below a leaf: not a stop of it
            return
        self.to_call(*hold.spot)

    def _stop_of(self, spot: Spot) -> int:
        index = self.steps.index_of(spot[0]) or 0
        return self.walk.end(index) if spot[1] else self.walk.entry(index)

    def _renew(self) -> None:
        """Read the book anew, and stay where we are."""
        spot, before = self.spot, self._before
        self.book = MemoryBook(self.live.trace, self.catalogue, folds_repeats=False)
        self._stage.book = self.book
        self._load(self.level)
        self.walk.go_to(self._stop_of(spot))
        self._before = before


def live_session(
    live: Live, catalogues: Callable[[str], Catalogue], level: Level, language: str
) -> LiveSession | None:
    """Begin a live walk, once the first thread is held; None as long as there is nothing to show."""
    if not live.trace.calls:
        return None
    book = MemoryBook(live.trace, catalogues(language), folds_repeats=False)
    session = LiveSession(book, catalogues, level, language)
    session.live = live
    hold = live.held.get(live.thread_id)
    if hold is not None:
        session._to_front(hold)
    return session
