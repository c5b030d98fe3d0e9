"""The source on the screen: the current line in view, the current function highlighted."""

from collections import OrderedDict
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from flasktrace.reports.stepper.highlight import Lines, highlighted
from flasktrace.reports.stepper.palette import Palette
from flasktrace.reports.stepper.scene import Place
from flasktrace.reports.text import cells

MAX_HIGHLIGHTED = 400  # lines; of a longer function those around the current one
MAX_KEPT = 100
GUTTER_CELLS = 7
SHIFT_CELLS = 8


class SourcePane(ScrollView):
    """A file; the lines outside of the current function are dim."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "shift(1)", show=False),
        Binding("left", "shift(-1)", show=False),
    ]

    def __init__(self, palette: Palette) -> None:
        super().__init__(id="source", classes="pane")
        self.palette = palette
        self.place: Place | None = None
        self._kept: OrderedDict[tuple[str, int, int], Lines] = OrderedDict()
        self._lines: Lines = {}
        self._left = 0  # cells of each line that are out of view

    def show(self, place: Place) -> None:
        """Draw a place."""
        if self.place is None or self.place.path != place.path:
            self._left = 0
        self.place = place
        self._lines = self._highlighted(place)
        self.virtual_size = Size(self.size.width, len(place.lines))
        self._into_view()
        self.refresh()

    def _highlighted(self, place: Place) -> Lines:
        first, last = max(place.first, 1), min(place.last, len(place.lines))
        if last - first > MAX_HIGHLIGHTED:
            first = max(first, place.line - MAX_HIGHLIGHTED // 2)
            last = min(last, first + MAX_HIGHLIGHTED)
        if first > last:
            return {}
        key = (place.path, first, last)
        if key not in self._kept:
            self._kept[key] = highlighted(place.lines, first, last)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _into_view(self) -> None:
        """The current line a third from the top, unless the whole function fits."""
        if self.place is None:
            return
        height = max(self.size.height, 1)
        top = self.place.line - 1 - height // 3
        if self.place.last - self.place.first < height - 2:
            top = min(self.place.first - 2, self.place.line - 1)
            if self.place.line - 1 >= top + height:
                top = self.place.line - height
        self.scroll_to(y=max(top, 0), animate=False, force=True, immediate=True)

    def action_shift(self, direction: int) -> None:
        """Bring the ends of long lines into view."""
        longest = max(map(cells, self.place.lines), default=0) if self.place is not None else 0
        room = max(longest - self.scrollable_content_region.width + GUTTER_CELLS, 0)
        self._left = min(max(self._left + direction * SHIFT_CELLS, 0), room)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the file, with its number and a mark at the current one."""
        width, base, place = self.scrollable_content_region.width, self.rich_style, self.place
        if place is None:
            return Strip.blank(width, base)
        if not place.lines:
            text = place.note if y == 0 else ""
            return Strip([Segment(text, self.palette["note"])]).adjust_cell_length(width).apply_style(base)
        number = self.scroll_offset.y + y + 1
        if number > len(place.lines):
            return Strip.blank(width, base)
        is_current = number == place.line
        gutter = f"{'▶' if is_current else ' '}{number:>5} "
        muted = self.palette["muted"]
        parts = self._lines.get(number, [("muted", place.lines[number - 1])])
        code = Strip(
            [Segment(text, muted if style == "muted" else self.palette[style]) for style, text in parts]
        )
        room = max(width - GUTTER_CELLS, 1)
        segments = [Segment(gutter, self.palette["heading" if is_current else "muted"])]
        segments += code.crop(self._left, self._left + room)
        if code.cell_length > self._left + room:
            segments = [*Strip(segments).crop(0, width - 1), Segment("…", muted)]
        filler = self.palette["line"] if is_current else Style.null()
        strip = Strip(segments).adjust_cell_length(width, filler)
        if is_current:
            strip = strip.apply_style(self.palette["line"])
        return strip.apply_style(base)

    def on_resize(self) -> None:
        """Keep the current line in view."""
        if self.place is not None:
            self.virtual_size = Size(self.size.width, len(self.place.lines))
        self._into_view()
