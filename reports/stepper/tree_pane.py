"""The call tree on the screen: only the rows in view are ever made, however long the trace is."""

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from flasktrace.reports.folded import Step
from flasktrace.reports.labels import display_name, ending, role_of
from flasktrace.reports.stepper.palette import Palette
from flasktrace.reports.stepper.session import Session
from flasktrace.reports.text import cells, shorten
from flasktrace.tracer.model import Origin, Unfinished

INDENT = 2
MIN_NAME_CELLS = 28  # kept for the name, however deep a row is
CONTEXT_ROWS = 4  # kept in view around the current one


class TreePane(ScrollView):
    """The steps of the level, one a row; what is still to come is dim, and has no result yet."""

    can_focus = True
    FOCUS_ON_CLICK = False  # a click moves, and then the arrows are to walk on

    class Chosen(Message):
        """A row was clicked."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, session: Session, palette: Palette) -> None:
        super().__init__(id="calls", classes="pane")
        self.session, self.palette = session, palette
        self.is_future_hidden = False

    def show(self) -> None:
        """Draw the current stop, in view."""
        count = len(self.session.steps)
        if self.is_future_hidden:
            count = min(count, self._last_entered() + 1)
        self.virtual_size = Size(self.size.width, count)
        current = self.session.stop.step
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        margin = min(CONTEXT_ROWS, (height - 1) // 2)
        if current < top + margin:
            top = current - margin
        elif current > top + height - 1 - margin:
            top = current - height + 1 + margin
        self.scroll_to(y=max(top, 0), animate=False, force=True, immediate=True)
        self.refresh()

    def _last_entered(self) -> int:
        """The last step whose entry is at or before the current stop."""
        return self.session.walk.entered(self.session.walk.index)

    def render_line(self, y: int) -> Strip:
        """One row."""
        width = self.scrollable_content_region.width
        index = self.scroll_offset.y + y
        base = self.rich_style
        if index >= self.virtual_size.height or index >= len(self.session.steps):
            return Strip.blank(width, base)
        segments = self._segments(index, width)
        is_current = index == self.session.stop.step
        strip = Strip(segments).adjust_cell_length(width, self.palette["current"] if is_current else None)
        if is_current:
            strip = strip.apply_style(self.palette["current"])
        return strip.apply_style(base)

    def _segments(self, index: int, width: int) -> list[Segment]:
        session, palette = self.session, self.palette
        step = session.steps[index]
        stop = session.stop
        is_future = session.walk.entry(index) > stop.index
        name = display_name(step.function, step.landmark)
        style = palette["muted"] if is_future else palette[role_of(step.function).value]
        pieces: list[tuple[str, Style]] = [(self._mark(index, step) + self._indent(index), palette["muted"])]
        if step.is_hand_over:
            pieces.append(("⇢ ", palette["muted"]))
        if step.function.origin is Origin.USER:
            pieces.append(("● ", style))
        pieces.append((name, style))
        if step.repeat_count > 1:
            pieces.append((f" ×{step.repeat_count}", palette["note"]))
        if step.hidden_count:
            pieces.append((f" +{step.hidden_count}", palette["muted"]))
        if not is_future and session.walk.end(index) <= stop.index:
            pieces.append(self._result(step))
        segments, room = [], width
        for text, text_style in pieces:
            fitted = shorten(text, room)
            segments.append(Segment(fitted, text_style))
            room -= cells(fitted)
            if fitted != text:
                break
        return segments

    def _mark(self, index: int, step: Step) -> str:
        session = self.session
        stop = session.stop
        flag = "◆" if session.has_bookmark(step.call.id) else " "
        if index != stop.step:
            return f" {flag}"
        if not stop.is_end:
            return f"▶{flag}"
        return f"{'✗' if ending(step.call).kind == 'raised' else '◀'}{flag}"

    def _indent(self, index: int) -> str:
        """Relative to the current row, which stands in the first half, so that the names stay in view."""
        depths = self.session.steps.depths
        most = max((self.size.width - MIN_NAME_CELLS) // INDENT, 4)
        level = depths[index] - max(depths[self.session.stop.step] - most // 2, 0)
        if level < 0:
            return "‹ "
        return " " * (INDENT * level) if level <= most else " " * (INDENT * most) + "› "

    def _result(self, step: Step) -> tuple[str, Style]:
        end = ending(step.call)
        if end.kind == "raised":
            return f" ✗ {end.text}", self.palette["raised"]
        if isinstance(step.call.outcome, Unfinished):
            return " …", self.palette["muted"]
        return (f" → {end.text}" if end.text else "", self.palette["returned"])

    def on_click(self, event: events.Click) -> None:
        """Go to the row."""
        index = self.scroll_offset.y + event.y - self.gutter.top
        if 0 <= index < self.virtual_size.height:
            self.post_message(self.Chosen(index))

    def on_resize(self) -> None:
        """Keep the current row in view."""
        self.show()
