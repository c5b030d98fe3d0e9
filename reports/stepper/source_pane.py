"""The source on the screen: the current line in view, the current function highlighted."""

from collections import OrderedDict

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from flasktrace.reports.stepper.highlight import Lines, highlighted
from flasktrace.reports.stepper.palette import Palette
from flasktrace.reports.stepper.scene import Place

MAX_HIGHLIGHTED = 400  # lines; of a longer function those around the current one
MAX_KEPT = 100


class SourcePane(ScrollView):
    """A file; the lines outside of the current function are dim."""

    can_focus = True

    def __init__(self, palette: Palette) -> None:
        super().__init__(id="source", classes="pane")
        self.palette = palette
        self.place: Place | None = None
        self._kept: OrderedDict[tuple[str, int, int], Lines] = OrderedDict()
        self._lines: Lines = {}

    def show(self, place: Place) -> None:
        """Draw a place."""
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

    def render_line(self, y: int) -> Strip:
        """One line of the file, with its number and a mark at the current one."""
        width, base, place = self.size.width, self.rich_style, self.place
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
        segments = [Segment(gutter, self.palette["heading" if is_current else "muted"])]
        muted = self.palette["muted"]
        for style, text in self._lines.get(number, [("muted", place.lines[number - 1])]):
            segments.append(Segment(text, muted if style == "muted" else self.palette[style]))
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
