"""The layout of a drawing as plain data: where every line, box and text goes. Lengths are in px."""

from dataclasses import dataclass, field
from enum import Enum

from flasktrace.reports.sequence.metrics import text_width


class Head(Enum):
    """What an arrow ends with."""

    NONE = "none"
    FILLED = "filled"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text in one colour and weight."""

    text: str
    role: str = "ink"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; ``x_px`` is where its anchor is, ``y_px`` its baseline."""

    x_px: float
    y_px: float
    spans: tuple[Span, ...]
    size_px: float = 11.5
    mono: bool = False
    anchor: str = "start"  # or "middle", "end"

    @property
    def content(self) -> str:
        """What it says."""
        return "".join(span.text for span in self.spans)

    @property
    def width_px(self) -> float:
        """An upper bound of its width."""
        return sum(text_width(s.text, self.size_px, mono=self.mono, bold=s.bold) for s in self.spans)

    @property
    def box(self) -> "Box":
        """What it covers, with room for a font taller than DejaVu."""
        left = self.x_px - self.width_px * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]
        ascent, descent = (1.16, 0.3) if not self.content.isascii() else (0.95, 0.25)
        return Box(left, self.y_px - ascent * self.size_px, self.width_px, (ascent + descent) * self.size_px)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its top left corner and size."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float

    def overlaps(self, other: "Box", slack_px: float = 0.01) -> bool:
        """Whether both cover some of the same area."""
        return (
            self.x_px + self.width_px > other.x_px + slack_px
            and other.x_px + other.width_px > self.x_px + slack_px
            and self.y_px + self.height_px > other.y_px + slack_px
            and other.y_px + other.height_px > self.y_px + slack_px
        )

    def contains(self, other: "Box", slack_px: float = 0.01) -> bool:
        """Whether the other lies inside."""
        return (
            other.x_px >= self.x_px - slack_px
            and other.y_px >= self.y_px - slack_px
            and other.x_px + other.width_px <= self.x_px + self.width_px + slack_px
            and other.y_px + other.height_px <= self.y_px + self.height_px + slack_px
        )


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle; an empty role paints nothing."""

    box: Box
    fill: str = ""
    stroke: str = ""
    stroke_px: float = 1.0
    radius_px: float = 0.0
    dash: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, with an arrow's head at the last."""

    points: tuple[tuple[float, float], ...]
    role: str
    stroke_px: float = 1.5
    dash: str = ""
    head: Head = Head.NONE


@dataclass(frozen=True, slots=True)
class Cross:
    """Where an exception left a call."""

    x_px: float
    y_px: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed shape."""

    points: tuple[tuple[float, float], ...]
    fill: str
    stroke: str = ""


Shape = Rect | Line | Cross | Polygon | Text


@dataclass(slots=True)
class Group:
    """Shapes that belong together: a step, a chapter's strip, a lifeline's head.

    Attributes:
        id: stable from run to run, ``step-42``; "" for none.
        tooltip: shown on hovering.
        label: what a screen reader says.
        href: what it leads to, or "".
        role: of ARIA: "listitem", "heading", or "" for mere decoration.
        shapes: in the order of painting.
    """

    id: str = ""
    tooltip: str = ""
    label: str = ""
    href: str = ""
    role: str = ""
    shapes: list[Shape] = field(default_factory=list)

    def texts(self) -> list[Text]:
        """The texts among the shapes."""
        return [shape for shape in self.shapes if isinstance(shape, Text)]


@dataclass(slots=True)
class Bar:
    """The time for which a call runs, on its lifeline."""

    step_number: int | None  # None for the client
    lane_key: str
    box: Box
    is_user: bool
    level: int


@dataclass(slots=True)
class Drawing:
    """A whole diagram, ready to be drawn; layers are in the order of painting."""

    width_px: float = 0.0
    height_px: float = 0.0
    title: str = ""
    description: str = ""
    language: str = "en"
    lane_x_px: dict[str, float] = field(default_factory=dict)
    lifelines: Group = field(default_factory=Group)
    masks: Group = field(default_factory=Group)
    bars: list[Bar] = field(default_factory=list)
    bar_tooltips: dict[int, str] = field(default_factory=dict)
    frames: list[Group] = field(default_factory=list)
    bands: list[Group] = field(default_factory=list)
    steps: list[Group] = field(default_factory=list)
    notes: list[Group] = field(default_factory=list)
    heads: list[Group] = field(default_factory=list)
    headline: list[Group] = field(default_factory=list)
    legend: Group = field(default_factory=Group)

    def groups(self) -> list[Group]:
        """Every group, in the order of painting."""
        return [
            self.lifelines,
            self.masks,
            *self.frames,
            *self.bands,
            *self.steps,
            *self.notes,
            *self.heads,
            *self.headline,
            self.legend,
        ]

    def texts(self) -> list[Text]:
        """Every text of the drawing."""
        return [text for group in self.groups() for text in group.texts()]
