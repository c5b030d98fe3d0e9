"""A run: one line of a label with the step's number in a pill before it and its counts behind it."""

from dataclasses import dataclass

from flasktrace.reports.sequence.geometry import Box, Rect, Shape, Span, Text
from flasktrace.reports.sequence.metrics import text_width

LABEL_PX = 11.5
VALUE_PX = 10.5
PILL_PX = 9.5
PILL_HEIGHT_PX = 15.0
GAP_PX = 6.0


@dataclass(frozen=True, slots=True)
class Badge:
    """A count behind a label: ``+17`` calls folded (hollow), ``×4`` repetitions (filled)."""

    text: str
    is_filled: bool

    @property
    def width_px(self) -> float:
        """With its round ends."""
        return text_width(self.text, PILL_PX, bold=True) + 11


@dataclass(frozen=True, slots=True)
class Run:
    """A label's parts from left to right."""

    spans: tuple[Span, ...]
    number: int | None = None
    badges: tuple[Badge, ...] = ()
    size_px: float = LABEL_PX
    mono: bool = True

    @property
    def width_px(self) -> float:
        """An upper bound of the whole width."""
        pill = pill_width(self.number) + GAP_PX if self.number is not None else 0.0
        badges = sum(badge.width_px + GAP_PX for badge in self.badges)
        return pill + self.text_width_px + badges

    @property
    def text_width_px(self) -> float:
        """Of the words alone."""
        return sum(text_width(s.text, self.size_px, mono=self.mono, bold=s.bold) for s in self.spans)

    def shapes(self, left_px: float, baseline_px: float) -> list[Shape]:
        """Its shapes, beginning at ``left_px``."""
        shapes: list[Shape] = []
        x = left_px
        if self.number is not None:
            shapes += pill_shapes(self.number, x, baseline_px)
            x += pill_width(self.number) + GAP_PX
        shapes.append(Text(x, baseline_px, self.spans, self.size_px, self.mono))
        x += self.text_width_px + GAP_PX
        for badge in self.badges:
            shapes += badge_shapes(badge, x, baseline_px)
            x += badge.width_px + GAP_PX
        return shapes


def pill_width(number: int) -> float:
    """The width of the pill around a step's number."""
    return max(18.0, text_width(str(number), PILL_PX, bold=True) + 9)


def pill_shapes(number: int, left_px: float, baseline_px: float) -> list[Shape]:
    """A step's number, light on dark."""
    width = pill_width(number)
    box = Box(left_px, baseline_px - 11.5, width, PILL_HEIGHT_PX)
    span = Span(str(number), "pill-ink", bold=True)
    return [
        Rect(box, "pill", radius_px=PILL_HEIGHT_PX / 2),
        Text(left_px + width / 2, baseline_px - 0.5, (span,), PILL_PX, anchor="middle"),
    ]


def badge_shapes(badge: Badge, left_px: float, baseline_px: float) -> list[Shape]:
    """A count in its round frame."""
    box = Box(left_px, baseline_px - 11.0, badge.width_px, PILL_HEIGHT_PX - 1)
    role = "ink" if badge.is_filled else "muted"
    return [
        Rect(box, "bar" if badge.is_filled else "ground", "bar-edge", radius_px=(PILL_HEIGHT_PX - 1) / 2),
        Text(
            left_px + badge.width_px / 2,
            baseline_px - 0.5,
            (Span(badge.text, role, bold=True),),
            PILL_PX,
            anchor="middle",
        ),
    ]
