"""Plan the labels of the events: what each says, on which side of its bar, and how far it may reach.

A label stands beside the bar it starts from and may run over idle lifelines, but not into a bar that is
running at the time: that lifeline is its barrier. The barriers are what puts the lifelines apart.
"""

from dataclasses import dataclass, field, replace
from http import HTTPStatus

from flasktrace.reports.folded import Step
from flasktrace.reports.sequence.captions import Captions
from flasktrace.reports.sequence.components import Component
from flasktrace.reports.sequence.geometry import Span
from flasktrace.reports.sequence.metrics import MONO_EM, shorten
from flasktrace.reports.sequence.runs import LABEL_PX, VALUE_PX, Run
from flasktrace.reports.sequence.timeline import Activation, Event, EventKind, Timeline
from flasktrace.reports.sequence.wording import raised_run, returned_text, step_run
from flasktrace.reports.text import clean
from flasktrace.tracer.catalogue import Frame
from flasktrace.tracer.model import Raised, Request, Returned

HALF_BAR_PX = 5.0
LEVEL_PX = 5.0
HOOK_PX = 18.0
GAP_AFTER_HOOK_PX = 6.0
CLEAR_PX = 8.0
TARGET_CHARS = 30
CAPTION_PX = 10.5
VALUE_ROOM_PX = 116.0


@dataclass(frozen=True, slots=True)
class Row:
    """An event with its label.

    Attributes:
        side: 1 when the label runs to the right of its anchor, -1 to the left.
        anchor: index of the lifeline that it stands at; ``offset_px`` is the distance from it.
        most_px: the width beyond which the label puts no lifelines apart, but is cut.
        barrier: index of the lifeline that it must not reach, or None; ``barrier_px`` is how far that
            one's bars stand out on this side.
    """

    event: Event
    run: Run | None = None
    side: int = 1
    anchor: int = 0
    offset_px: float = 0.0
    most_px: float = 1e6
    barrier: int | None = None
    barrier_px: float = 0.0


@dataclass(frozen=True, slots=True)
class FrameTag:
    """What stands in the corner of a frame, and beside it."""

    kind: Frame
    caption: str


def frame_tag(event: Event) -> FrameTag | None:
    """The frame that an event opens."""
    step = event.own.step if event.own else None
    if step is None or step.landmark is None or step.landmark.frame is Frame.NONE:
        return None
    return FrameTag(step.landmark.frame, clean(step.landmark.frame_caption[:300]))


def right_edge(level: int) -> float:
    """How far the bar of a level reaches to the right of its lifeline, in px."""
    return HALF_BAR_PX + LEVEL_PX * level


@dataclass(slots=True)
class RowPlanner:
    """Goes through the events and keeps account of the bars that are running."""

    timeline: Timeline
    words: Captions
    is_brief: bool = False  # whether the framework's functions show few of their arguments
    index: dict[str, int] = field(default_factory=dict)
    running: dict[int, dict[int, int]] = field(default_factory=dict)  # lane -> activation -> level

    def __post_init__(self) -> None:
        self.index = {lane.key: i for i, lane in enumerate(self.timeline.lanes)}
        self.running = {i: {} for i in range(len(self.timeline.lanes))}

    def plan(self) -> list[Row]:
        """One row an event, hidden ones too: they move the bars."""
        return [self._row(event) for event in self.timeline.events]

    def _row(self, event: Event) -> Row:
        # A label is planned for the bars that run beside it: a call's before its own bar begins.
        if event.kind is EventKind.RETURN or event.kind is EventKind.RESPONSE:
            row = self._labelled(event)
            self._stop(event.own)
            return row
        row = self._labelled(event)
        if event.kind in (EventKind.CALL, EventKind.REQUEST):
            self._start(event.own)
        return row

    def _start(self, own: Activation | None) -> None:
        if own is not None and own.lane in self.index:
            self.running[self.index[own.lane]][own.key] = own.level

    def _stop(self, own: Activation | None) -> None:
        if own is not None and own.lane in self.index:
            self.running[self.index[own.lane]].pop(own.key, None)

    def _labelled(self, event: Event) -> Row:
        if not event.is_shown or event.own is None:
            return Row(event)
        match event.kind:
            case EventKind.CALL:
                return self._call(event, event.own)
            case EventKind.RETURN:
                return self._return(event, event.own)
            case EventKind.REQUEST | EventKind.RESPONSE:
                return self._message(event, event.own)
            case EventKind.FRAME_OPEN:
                return self._frame(event, event.own)
            case _:
                return Row(event)

    def _outer(self, lane: int) -> float:
        """How far the running bars of a lane reach to its right."""
        levels = self.running[lane].values()
        return right_edge(max(levels)) if levels else 0.0

    def _bounded(self, row: Row) -> Row:
        """The row with its barrier: the next lifeline on its side with a running bar."""
        lane = row.anchor + row.side
        while 0 <= lane < len(self.timeline.lanes):
            if self.running[lane]:
                reach = HALF_BAR_PX if row.side > 0 else self._outer(lane)
                return replace(row, barrier=lane, barrier_px=reach)
            lane += row.side
        return row

    def _beside(self, event: Event, run: Run, lane: int, side: int, extra_px: float = 0.0) -> Row:
        offset = (self._outer(lane) if side > 0 else HALF_BAR_PX) + CLEAR_PX + extra_px
        return self._bounded(Row(event, run, side, lane, offset))

    def _call(self, event: Event, own: Activation) -> Row:
        assert own.step is not None
        run = step_run(own.step, self.is_brief)
        lane = self.index[own.lane]
        caller = self.index.get(event.other.lane) if event.other else None
        if caller is None or caller == lane:
            offset = max(right_edge(own.level), self._outer(lane)) + HOOK_PX + GAP_AFTER_HOOK_PX
            return self._bounded(Row(event, run, 1, lane, offset))
        side = 1 if lane > caller else -1
        return self._beside(event, run, caller, side)

    def _return(self, event: Event, own: Activation) -> Row:
        assert own.step is not None
        outcome = own.step.call.outcome
        lane = self.index[own.lane]
        caller = self.index.get(event.other.lane) if event.other else None
        if not isinstance(outcome, Raised):
            value = self._value(event, own.step)
            if value is None or caller is None or caller == lane:
                return Row(event, anchor=lane)
            row = self._beside(event, value, lane, -1 if caller < lane else 1)
            return replace(row, most_px=VALUE_ROOM_PX) if row.barrier is not None else Row(event, anchor=lane)
        run = raised_run(outcome, self.words)
        if caller is None or caller == lane:
            return self._beside(event, run, lane, 1, extra_px=2.0)
        return self._beside(event, run, lane, -1 if caller < lane else 1)

    def _value(self, event: Event, step: Step) -> Run | None:
        """The label of a value returned: only for the innermost steps, whose arrows cross no others."""
        if not event.is_leaf or step.repeat_count > 1 or not isinstance(step.call.outcome, Returned):
            return None
        text = returned_text(step.call.outcome)
        return Run((Span(text, "muted"),), size_px=VALUE_PX) if text else None

    def _message(self, event: Event, own: Activation) -> Row:
        assert event.request is not None
        if event.other is None or event.other.lane not in self.index:
            return Row(event)
        is_request = event.kind is EventKind.REQUEST
        text = request_line(event.request) if is_request else status_line(event.request, self.words)
        role = "error" if not is_request and event.request.status is None else "ink"
        run = Run((Span(text, role, bold=True),))
        lane = self.index[own.lane] if is_request else self.index[event.other.lane]
        return self._beside(event, run, lane, 1 if is_request else -1)

    def _frame(self, event: Event, own: Activation) -> Row:
        tag = frame_tag(event)
        caption = shorten(f"[{tag.caption}]", 300.0, CAPTION_PX) if tag and tag.caption else ""
        if not caption:
            return Row(event, anchor=self.index[own.lane])
        run = Run((Span(caption, "muted"),), size_px=CAPTION_PX, mono=False)
        return self._beside(event, run, self.index[own.lane], 1)


def request_line(request: Request) -> str:
    """``GET /items/7``, cut to what the distance to the server can take."""
    text = f"{clean(request.method[:40])} {clean(request.target[:400])}"
    return shorten(text, TARGET_CHARS * MONO_EM * LABEL_PX + 0.5, LABEL_PX, mono=True)


def status_line(request: Request, words: Captions) -> str:
    """``404 NOT FOUND``."""
    if request.status is None:
        return words.no_response
    try:
        return f"{request.status} {HTTPStatus(request.status).phrase}"
    except ValueError:
        return str(request.status)


def head_texts(component: Component, max_name_px: float = 150.0) -> tuple[str, str]:
    """The small and the large line of a lifeline's head, cut to fit."""
    package = shorten(component.package, max_name_px, 10.0)
    return package, shorten(component.name, max_name_px, 12.0, bold=True)
