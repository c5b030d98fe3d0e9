"""From steps to what happens one after the other: calls, returns, frames, chapters, messages.

The steps come in pre-order; this module says where each call ends, on which lifeline and at which
level of nesting it runs, and which of it belongs to the chapters that are to be drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from flasktrace.reports.folded import Chapter, FoldedTrace, Step
from flasktrace.reports.sequence.components import (
    CLIENT_KEY,
    SERVER_KEY,
    Component,
    ComponentNames,
    assign,
    client_component,
    component_of,
)
from flasktrace.reports.sequence.options import SequenceOptions
from flasktrace.tracer.catalogue import Frame
from flasktrace.tracer.model import Raised, Request, Unfinished


class EventKind(Enum):
    """What happens."""

    BAND = "band"
    REQUEST = "request"
    RESPONSE = "response"
    CALL = "call"
    RETURN = "return"
    FRAME_OPEN = "frame open"
    FRAME_CLOSE = "frame close"


@dataclass(frozen=True, slots=True)
class Activation:
    """A running call: its lifeline and its level of nesting there. ``step`` is None for the client."""

    key: int  # the step's number; negative, the request's id, for the client
    lane: str
    level: int
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that takes place in the drawing; ``other`` is the caller, or the message's other end."""

    kind: EventKind
    is_shown: bool
    chapter: Chapter | None = None
    own: Activation | None = None
    other: Activation | None = None
    request: Request | None = None
    is_leaf: bool = False


@dataclass(slots=True)
class Timeline:
    """The events in order, and the lifelines they need, from left to right."""

    events: list[Event]
    lanes: list[Component]
    steps: list[Step]  # the ones shown
    chapters: list[Chapter]


def select_chapters(folded: FoldedTrace, options: SequenceOptions) -> list[Chapter]:
    """The chapters that the options ask for: by default all but the start-up, which is drawn apart."""
    chosen = list(folded.chapters)
    if options.chapters is not None:
        return [chapter for chapter in chosen if chapter.number in options.chapters]
    if options.request_id is not None:
        return [c for c in chosen if c.request is not None and c.request.id == options.request_id]
    startup = [c for c in chosen if is_startup(c)]
    if options.is_startup:
        return startup
    return [c for c in chosen if not is_startup(c)] or startup


def is_startup(chapter: Chapter) -> bool:
    """Whether a chapter tells of the time before the first request."""
    return chapter.request is None and (chapter.phase is None or chapter.phase.is_startup)


def build_timeline(
    folded: FoldedTrace, options: SequenceOptions, names: ComponentNames, outside: str, client: str
) -> Timeline:
    """All events of the trace, each marked whether it is part of the drawing.

    Args:
        folded: the steps and chapters.
        options: which of them to draw.
        names: the words in the heads.
        outside: the small line in the client's head.
        client: its name.
    """
    chosen = select_chapters(folded, options)
    numbers = {number for chapter in chosen for number in range(chapter.first, chapter.last + 1)}
    shown = [step for step in folded.steps if step.number in numbers or not folded.chapters]
    components = assign([step.function for step in shown], names)
    has_startup = any(is_startup(chapter) for chapter in chosen)
    builder = _Builder(folded, {c.number for c in chosen}, components, has_startup)
    events = builder.run()
    lanes = {c.key: c for c in components.values()}
    for function in {step.function.id: step.function for step in folded.steps}.values():
        # A message or an exception may reach a lifeline where no step of this drawing begins.
        unseen = component_of(function, names.user_caption)
        lanes.setdefault(unseen.key, unseen)
    lanes[CLIENT_KEY] = client_component(outside, client)
    used = {a.lane for e in events if _needs_lanes(e) for a in (e.own, e.other) if a is not None}
    ordered = sorted((c for c in lanes.values() if c.key in used), key=lambda c: c.order)
    visible = _without_lanes_hidden(events, used & lanes.keys())
    return Timeline(_without_empty_frames(visible), ordered, shown, chosen)


def _needs_lanes(event: Event) -> bool:
    """A plain return alone is no reason to draw a lifeline."""
    if not event.is_shown or event.kind in (EventKind.FRAME_OPEN, EventKind.FRAME_CLOSE):
        return False
    step = event.own.step if event.own else None
    return event.kind is not EventKind.RETURN or (
        step is not None and isinstance(step.call.outcome, Raised) and event.other is not None
    )


def _without_lanes_hidden(events: Sequence[Event], lanes: set[str]) -> list[Event]:
    """The events, those on a lifeline that is not drawn marked as hidden."""
    return [
        replace(event, is_shown=False) if event.own is not None and event.own.lane not in lanes else event
        for event in events
    ]


def _without_empty_frames(events: Sequence[Event]) -> list[Event]:
    """The events without the frames in which no call is drawn."""
    open_frames: list[tuple[int, int]] = []  # key of the owner, calls shown before it
    shown_calls = 0
    empty: set[int] = set()
    for event in events:
        key = event.own.key if event.own else 0
        if event.kind is EventKind.CALL and event.is_shown:
            shown_calls += 1
        elif event.kind is EventKind.FRAME_OPEN:
            open_frames.append((key, shown_calls))
        elif event.kind is EventKind.FRAME_CLOSE:
            empty |= {owner for owner, before in open_frames if owner == key and before == shown_calls}
            open_frames = [item for item in open_frames if item[0] != key]
    empty |= {owner for owner, before in open_frames if before == shown_calls}
    frames = (EventKind.FRAME_OPEN, EventKind.FRAME_CLOSE)
    return [e for e in events if e.kind not in frames or (e.own and e.own.key not in empty)]


@dataclass(slots=True)
class _Builder:
    folded: FoldedTrace
    chosen: set[int]
    components: Mapping[int, Component]
    has_startup: bool  # whether some of the start-up is drawn
    events: list[Event] = field(default_factory=list)
    open: dict[int, Activation] = field(default_factory=dict)  # insertion order: outermost first
    chapter: Chapter | None = None
    last_below: dict[int, int] = field(default_factory=dict)
    parents: dict[int, Step] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)
    answers: dict[int, Request] = field(default_factory=dict)  # after the return of this step

    def run(self) -> list[Event]:
        steps = list(self.folded.steps)
        self._survey(steps)
        chapters = {chapter.first: chapter for chapter in self.folded.chapters}
        for position, step in enumerate(steps):
            # A step that is called by the one before it ends none.
            if not position or steps[position - 1].number != step.parent_number:
                self._close_all_but(self._ancestors(step))
            if step.number in chapters:
                self.chapter = chapters[step.number]
                self._emit(EventKind.BAND)
            self._ask(step)
            is_leaf = position + 1 == len(steps) or steps[position + 1].parent_number != step.number
            self._call(step, is_leaf)
        self._close_all_but(set())
        return self.events

    def _survey(self, steps: Sequence[Step]) -> None:
        by_number = {step.number: step for step in steps}
        for step in steps:
            if step.parent_number in by_number:
                self.parents[step.number] = by_number[step.parent_number]
        for step in reversed(steps):
            last = max(self.last_below.get(step.number, 0), step.number)
            self.last_below[step.number] = last
            if step.parent_number is not None:
                self.last_below[step.parent_number] = max(self.last_below.get(step.parent_number, 0), last)
        for request in self.folded.trace.requests:
            answering = _answering_step([s for s in steps if s.call.request_id == request.id])
            if answering is not None:
                self.answers[answering.number] = request

    def _ancestors(self, step: Step) -> set[int]:
        found = set()
        parent = self.parents.get(step.number)
        while parent is not None:
            found.add(parent.number)
            parent = self.parents.get(parent.number)
        return found

    @property
    def _is_shown(self) -> bool:
        return self.chapter is None or self.chapter.number in self.chosen

    def _emit(
        self,
        kind: EventKind,
        own: Activation | None = None,
        other: Activation | None = None,
        request: Request | None = None,
        is_leaf: bool = False,
    ) -> None:
        self.events.append(Event(kind, self._is_shown, self.chapter, own, other, request, is_leaf))

    def _activation(self, key: int, lane: str, step: Step | None) -> Activation:
        levels = [a.level for a in self.open.values() if a.lane == lane]
        return Activation(key, lane, max(levels, default=-1) + 1, step)

    def _lane(self, step: Step) -> str:
        component = self.components.get(step.function.id)
        return component.key if component else component_of(step.function).key

    def _ask(self, step: Step) -> None:
        """The request's arrival, before the first step that serves it."""
        request_id = step.call.request_id
        if request_id is None or request_id in self.asked:
            return
        self.asked.add(request_id)
        request = next((r for r in self.folded.trace.requests if r.id == request_id), None)
        if request is None:
            return
        listening = [a for a in self.open.values() if a.lane == SERVER_KEY]
        target = listening[-1] if listening else self._activation(step.number, self._lane(step), None)
        client = self._activation(-request_id, CLIENT_KEY, None)
        self._emit(EventKind.REQUEST, client, target, request)
        self.open[client.key] = client

    def _call(self, step: Step, is_leaf: bool) -> None:
        parent = self.parents.get(step.number)
        caller = self.open.get(parent.number) if parent else None
        own = self._activation(step.number, self._lane(step), step)
        if self._is_scenery(own):
            return
        self._emit(EventKind.CALL, own, caller, is_leaf=is_leaf)
        self.open[step.number] = own
        if step.is_hand_over:
            self._close_starters(step)
        if step.landmark is not None and step.landmark.frame is not Frame.NONE and not is_leaf:
            self._emit(EventKind.FRAME_OPEN, own)

    def _is_scenery(self, own: Activation) -> bool:
        """Whether it runs on behind every request and says nothing there: ``app.run`` and its like.

        The listening server stays: it is what the client speaks to.
        """
        return (
            not self.has_startup
            and not self._is_shown
            and self.chapter is not None
            and is_startup(self.chapter)
            and own.lane != SERVER_KEY
        )

    def _close_starters(self, child: Step) -> None:
        """What started the thread goes on by itself: its bars end here, unless it calls more later."""
        parent = self.parents.get(child.number)
        while parent is not None:
            is_over = parent.call.end_ns <= child.call.end_ns and not isinstance(
                parent.call.outcome, Unfinished
            )
            if self.last_below[parent.number] > self.last_below[child.number] or not is_over:
                return
            self._close(parent.number)
            parent = self.parents.get(parent.number)

    def _close_all_but(self, kept: set[int]) -> None:
        for key in reversed(list(self.open)):
            if key > 0 and key not in kept:
                self._close(key)

    def _close(self, key: int) -> None:
        own = self.open.get(key)
        if own is None or own.step is None:
            return
        step = own.step
        if step.landmark is not None and step.landmark.frame is not Frame.NONE:
            self._emit(EventKind.FRAME_CLOSE, own)
        parent = self.parents.get(key)
        if not isinstance(step.call.outcome, Unfinished):
            del self.open[key]
            caller = self.open.get(parent.number) if parent and not step.is_hand_over else None
            is_leaf = self.last_below[key] == key
            self._emit(EventKind.RETURN, own, caller, is_leaf=is_leaf)
        if key in self.answers:
            self._answer(self.answers[key], own)

    def _answer(self, request: Request, own: Activation) -> None:
        client = self.open.pop(-request.id, None)
        if client is not None:
            parent = self.parents.get(own.key)
            sender = self.open.get(parent.number, own) if parent else own
            self._emit(EventKind.RESPONSE, client, sender, request)


# What sends the response, the best witness first.
_SENDERS = ("write", "run_wsgi", "handle_one_request", "handle", "process_request_thread", "process_request")


def _answering_step(steps: Sequence[Step]) -> Step | None:
    for name in _SENDERS:
        for step in reversed(steps):
            if step.function.name == name and step.function.module in (
                "werkzeug.serving",
                "http.server",
                "socketserver",
            ):
                return step
    return next((step for step in steps if step.parent_number not in {s.number for s in steps}), None)
