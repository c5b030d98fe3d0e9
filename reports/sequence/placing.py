"""Place the rows from top to bottom: every row has a strip of height of its own, so no two can meet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flasktrace.reports.folded import Step
from flasktrace.reports.sequence.captions import Captions
from flasktrace.reports.sequence.geometry import (
    Bar,
    Box,
    Cross,
    Drawing,
    Group,
    Head,
    Line,
    Rect,
    Span,
    Text,
)
from flasktrace.reports.sequence.lanes import Columns
from flasktrace.reports.sequence.metrics import shorten
from flasktrace.reports.sequence.notes import NoteColumn
from flasktrace.reports.sequence.rows import (
    CAPTION_PX,
    CLEAR_PX,
    HALF_BAR_PX,
    HOOK_PX,
    LEVEL_PX,
    Row,
    frame_tag,
    right_edge,
)
from flasktrace.reports.sequence.runs import VALUE_PX, Run
from flasktrace.reports.sequence.timeline import Activation, Event, EventKind, Timeline
from flasktrace.tracer.catalogue import Frame
from flasktrace.tracer.model import Raised

PITCH_PX = 22.0  # from the end of one row to the line of the next
MIN_BAR_PX = 11.0
BAND_PX = 28.0
CALL_PX = 1.6
MESSAGE_PX = 2.2


@dataclass(slots=True)
class _OpenFrame:
    kind: Frame
    caption: str
    top_px: float
    left_px: float
    right_px: float
    tag_px: float
    caption_run: Run | None
    caption_left_px: float


@dataclass(slots=True)
class Placer:
    """Walks down the page. ``y_px`` is where the last row ended."""

    drawing: Drawing
    timeline: Timeline
    columns: Columns
    words: Captions
    notes: NoteColumn
    times: Mapping[int, str]  # what stands in the gutter, by step number
    y_px: float
    starts: dict[int, tuple[Activation, float]] = field(default_factory=dict)
    frames: list[tuple[int, _OpenFrame]] = field(default_factory=list)
    groups: dict[int, Group] = field(default_factory=dict)  # of the steps that are drawn
    last_time: str = ""
    index: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index = {lane.key: i for i, lane in enumerate(self.timeline.lanes)}

    def place(self, row: Row) -> None:
        """Draw one row, or only keep account of its bar when it is not shown."""
        event = row.event
        if event.kind is EventKind.BAND:
            if event.is_shown:
                self._band(event)
        elif event.own is not None:
            self._place_own(row, event, event.own)

    def _place_own(self, row: Row, event: Event, own: Activation) -> None:
        match event.kind:
            case EventKind.CALL:
                self._call(row, own) if event.is_shown else self._start(own)
            case EventKind.RETURN:
                self._return(row, own) if event.is_shown else self._stop(own, self.y_px)
            case EventKind.REQUEST:
                self._request(row, own)
            case EventKind.RESPONSE:
                self._response(row, own)
            case EventKind.FRAME_OPEN if event.is_shown:
                self._open_frame(row, own)
            case EventKind.FRAME_CLOSE:
                self._close_frame(own)

    def settle(self) -> None:
        """Go down to the bottom after the last row that is shown: what still runs runs that far."""
        self.y_px = max(self.y_px, self.notes.bottom_px) + 6

    def finish(self) -> None:
        """End what is still open at the bottom."""
        for key, _ in reversed(self.frames[:]):
            self._close_frame_of(key)
        for own, _ in list(self.starts.values()):
            self._stop(own, self.y_px)
        self.y_px += 8

    # Bars

    def _x(self, lane: str) -> float:
        return self.columns.x_px[self.index[lane]]

    def _start(self, own: Activation) -> None:
        self.starts[own.key] = (own, self.y_px)

    def _stop(self, own: Activation, end_px: float) -> None:
        started = self.starts.pop(own.key, None)
        if started is None or own.lane not in self.index:
            return
        top = started[1]
        if end_px - top < 0.5:
            return
        left = self._x(own.lane) - HALF_BAR_PX + LEVEL_PX * own.level
        box = Box(left, top, 2 * HALF_BAR_PX, end_px - top)
        is_user = self.timeline.lanes[self.index[own.lane]].is_user
        number = own.key if own.key > 0 else None
        self.drawing.bars.append(Bar(number, own.lane, box, is_user, own.level))

    def _left_of(self, own: Activation) -> float:
        return self._x(own.lane) - HALF_BAR_PX + LEVEL_PX * own.level

    def _right_of(self, own: Activation) -> float:
        return self._x(own.lane) + right_edge(own.level)

    # Labels

    def _label(self, group: Group, row: Row, run: Run, baseline_px: float) -> None:
        """Put a label beside its bar, with a mask over the lifelines that it crosses."""
        anchor = self.columns.x_px[row.anchor]
        left = anchor + row.offset_px if row.side > 0 else anchor - row.offset_px - run.width_px
        group.shapes += run.shapes(left, baseline_px)
        height = run.size_px * 1.5
        mask = Box(left - 3, baseline_px - run.size_px * 1.1, run.width_px + 4, height)
        self.drawing.masks.shapes.append(Rect(mask, "ground"))
        self._widen_frames(left, left + run.width_px)

    def _widen_frames(self, left_px: float, right_px: float) -> None:
        for _, frame in self.frames:
            frame.left_px = min(frame.left_px, left_px - CLEAR_PX)
            frame.right_px = max(frame.right_px, right_px + CLEAR_PX)

    def _group(self, step: Step) -> Group:
        if step.number not in self.groups:
            group = Group(f"step-{step.number}", role="listitem")
            self.groups[step.number] = group
            self.drawing.steps.append(group)
        return self.groups[step.number]

    def _time(self, group: Group, number: int, y_px: float) -> None:
        text = self.times.get(number, "")
        if text and text != self.last_time:
            group.shapes.append(Text(54.0, y_px, (Span(text, "muted"),), 9.5, mono=True, anchor="end"))
            self.last_time = text

    # Rows

    def _call(self, row: Row, own: Activation) -> None:
        assert own.step is not None and row.run is not None
        step = own.step
        self.y_px = max(self.y_px, self.notes.earliest_px(step.number, self.y_px))
        row_top = self.y_px
        group = self._group(step)
        caller = row.event.other
        if caller is None or caller.lane == own.lane or caller.lane not in self.index:
            self._self_call(group, row, own, caller)
        else:
            self._cross_call(group, row, own, caller)
        self.notes.add(step.number, row_top + 3)
        self._widen_frames(self._left_of(own), self._right_of(own))

    def _cross_call(self, group: Group, row: Row, own: Activation, caller: Activation) -> None:
        assert row.run is not None and own.step is not None
        y = self.y_px + PITCH_PX
        self._label(group, row, row.run, y - 7)
        to_right = self._x(own.lane) > self._x(caller.lane)
        start = self._right_of(caller) if to_right else self._left_of(caller)
        end = self._left_of(own) if to_right else self._right_of(own)
        is_handed = own.step.is_hand_over
        head = Head.OPEN if is_handed else Head.FILLED
        dash = "7 2 1.5 2" if is_handed else ""
        group.shapes.append(Line(((start, y), (end, y)), "call", CALL_PX, dash, head))
        self._time(group, own.key, y - 7)
        self.y_px = y
        self._start(own)
        self.y_px = y + 6

    def _self_call(self, group: Group, row: Row, own: Activation, caller: Activation | None) -> None:
        """A hook from the lifeline to itself; from a dot when nobody on the page called."""
        assert row.run is not None and own.step is not None
        top, bottom = self.y_px + 8, self.y_px + 20
        end = self._right_of(own)
        is_called = caller is not None and caller.lane == own.lane
        start = self._right_of(caller) if is_called and caller else end
        outer = end + HOOK_PX - LEVEL_PX
        head = Head.OPEN if own.step.is_hand_over else Head.FILLED
        dash = "7 2 1.5 2" if own.step.is_hand_over else ""
        points: tuple[tuple[float, float], ...]
        if is_called:
            points = ((start, top), (outer, top), (outer, bottom), (end, bottom))
        else:
            points = ((outer, bottom), (end, bottom))
            dot = Box(outer - 2.5, bottom - 2.5, 5, 5)
            group.shapes.append(Rect(dot, "call", radius_px=2.5))
        group.shapes.append(Line(points, "call", CALL_PX, dash, head))
        self._label(group, row, row.run, top + 9)
        self._time(group, own.key, top + 9)
        self.y_px = bottom
        self._start(own)
        self.y_px = bottom + 6

    def _return(self, row: Row, own: Activation) -> None:
        assert own.step is not None
        if own.key not in self.starts or own.lane not in self.index:
            self._stop(own, self.y_px)
            return
        top = self.starts[own.key][1]
        outcome = own.step.call.outcome
        if isinstance(outcome, Raised):
            self._raised(row, own)
            return
        if row.run is not None and row.barrier is not None and row.event.other is not None:
            self._value(row, row.run, own, row.event.other)
            return
        end = max(self.y_px, top + MIN_BAR_PX)
        self._stop(own, end)
        self.y_px = end + 3

    def _value(self, row: Row, run: Run, own: Activation, caller: Activation) -> None:
        """The value on its dashed arrow, cut to the room between the bars."""
        assert own.step is not None and row.barrier is not None
        anchor, barrier = self.columns.x_px[row.anchor], self.columns.x_px[row.barrier]
        # The lifelines stand at tenths of a px: a rounding must not cut what they were put apart for.
        room = abs(barrier - anchor) - row.offset_px - row.barrier_px - CLEAR_PX + 0.2
        text = shorten(run.spans[0].text, room, VALUE_PX, mono=True)
        y = max(self.y_px + 13, self.starts[own.key][1] + 18)
        group = self._group(own.step)
        self._label(group, row, Run((Span(text, "muted"),), size_px=VALUE_PX), y - 4)
        self._arrow_back(group, own, caller, y, "return", "4 3")
        self._stop(own, y)
        self.y_px = y + 4

    def _arrow_back(
        self, group: Group, own: Activation, caller: Activation, y_px: float, role: str, dash: str
    ) -> None:
        to_left = self._x(caller.lane) < self._x(own.lane)
        start = self._left_of(own) if to_left else self._right_of(own)
        end = self._right_of(caller) if to_left else self._left_of(caller)
        group.shapes.append(Line(((start, y_px), (end, y_px)), role, 1.3, dash, Head.OPEN))

    def _raised(self, row: Row, own: Activation) -> None:
        assert own.step is not None and row.run is not None
        group = self._group(own.step)
        caller = row.event.other
        centre = self._x(own.lane) + LEVEL_PX * own.level
        top = self.starts[own.key][1]
        if caller is None or caller.lane == own.lane or caller.lane not in self.index:
            y = max(self.y_px + 8, top + MIN_BAR_PX)
            self._label(group, row, row.run, y + 4)
            self._stop(own, y)
            self.y_px = y + 8
        else:
            y = max(self.y_px + 20, top + MIN_BAR_PX)
            self._label(group, row, row.run, y - 7)
            self._arrow_back(group, own, caller, y, "error", "6 3")
            self._stop(own, y)
            self.y_px = y + 6
        group.shapes.append(Cross(centre, y))

    def _request(self, row: Row, own: Activation) -> None:
        if row.run is None or row.event.other is None or not row.event.is_shown:
            self._start(own)
            return
        assert row.event.request is not None
        y = self.y_px + PITCH_PX
        group = Group(f"request-{row.event.request.id}", role="listitem", tooltip=row.run.spans[0].text)
        self._label(group, row, row.run, y - 7)
        end = self._left_of(row.event.other)
        points = ((self._right_of(own), y), (end, y))
        group.shapes.append(Line(points, "call", MESSAGE_PX, "", Head.FILLED))
        self.drawing.steps.append(group)
        self.y_px = y
        self._start(own)
        self.y_px = y + 6

    def _response(self, row: Row, own: Activation) -> None:
        sender = row.event.other
        if row.run is None or sender is None or not row.event.is_shown or own.lane not in self.index:
            self._stop(own, self.y_px)
            return
        assert row.event.request is not None
        y = self.y_px + PITCH_PX
        group = Group(f"response-{row.event.request.id}", role="listitem", tooltip=row.run.spans[0].text)
        self._label(group, row, row.run, y - 7)
        is_answered = row.event.request.status is not None
        role, dash = ("call", "") if is_answered else ("error", "6 3")
        points = ((self._left_of(sender), y), (self._right_of(own), y))
        group.shapes.append(Line(points, role, MESSAGE_PX, dash, Head.FILLED if is_answered else Head.OPEN))
        self.drawing.steps.append(group)
        self._stop(own, y)
        self.y_px = y + 6

    # Strips and frames

    def _band(self, event: Event) -> None:
        assert event.chapter is not None
        self.y_px = max(self.y_px + 5, self.notes.bottom_px + 8)
        self.drawing.bands.append(Group(f"chapter-{event.chapter.number}", role="heading"))
        # The strip's own shapes wait for the drawing's width: only its place is known here.
        self.drawing.bands[-1].shapes.append(Rect(Box(0, self.y_px, 0, BAND_PX), "band"))
        self.y_px += BAND_PX + 5

    def _open_frame(self, row: Row, own: Activation) -> None:
        tag = frame_tag(row.event)
        if tag is None:
            return
        word = self.words.loop if tag.kind is Frame.LOOP else self.words.handler
        tag_px = Text(0, 0, (Span(word, bold=True),), CAPTION_PX).width_px + 20
        left = self._x(own.lane) - HALF_BAR_PX - 12 - tag_px
        top = self.y_px + 4
        frame = _OpenFrame(tag.kind, word, top, left, self._right_of(own) + 40, tag_px, row.run, 0.0)
        self.frames.append((own.key, frame))
        if row.run is not None:
            frame.caption_left_px = self.columns.x_px[row.anchor] + row.offset_px
            mask = Box(frame.caption_left_px - 3, top + 2, row.run.width_px + 4, 16)
            self.drawing.masks.shapes.append(Rect(mask, "ground"))
            self._widen_frames(frame.caption_left_px, frame.caption_left_px + row.run.width_px)
        self.y_px = top + 20

    def _close_frame(self, own: Activation) -> None:
        if any(key == own.key for key, _ in self.frames):
            self._close_frame_of(own.key)

    def _close_frame_of(self, key: int) -> None:
        frame = next(frame for own, frame in self.frames if own == key)
        self.frames = [item for item in self.frames if item[0] != key]
        self._widen_frames(frame.left_px, frame.right_px)
        left = max(frame.left_px, 58.0)
        bottom = self.y_px + 5
        is_error = frame.kind is Frame.EXCEPT
        role = "error" if is_error else "bar-edge"
        group = Group(role="presentation")
        box = Box(left, frame.top_px, frame.right_px - left, bottom - frame.top_px)
        group.shapes.append(Rect(box, "", role, 1.1, 3.0, "" if is_error else "5 4"))
        tag = Box(left, frame.top_px, frame.tag_px, 17.0)
        fill = "error-ground" if is_error else "head"
        group.shapes.append(Rect(tag, fill, role, 1.1, 3.0))
        word = Span(frame.caption, "error" if is_error else "ink", bold=True)
        group.shapes.append(Text(left + 10, frame.top_px + 12.5, (word,), CAPTION_PX))
        if frame.caption_run is not None:
            group.shapes += frame.caption_run.shapes(frame.caption_left_px, frame.top_px + 13)
        self.drawing.frames.append(group)
        self.y_px = bottom + 4
