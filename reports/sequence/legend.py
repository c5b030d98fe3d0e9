"""The legend: only what the drawing uses, in as many lines as it takes."""

from dataclasses import dataclass

from flasktrace.reports.sequence.captions import Captions
from flasktrace.reports.sequence.geometry import (
    Box,
    Cross,
    Drawing,
    Group,
    Head,
    Line,
    Rect,
    Shape,
    Span,
    Text,
)
from flasktrace.reports.sequence.runs import Badge, badge_shapes

SIGN_PX = 34.0
LINE_PX = 22.0
WORD_PX = 10.5


@dataclass(frozen=True, slots=True)
class Entry:
    """A sign and what it means; the sign is drawn by ``kind``."""

    kind: str
    words: str

    @property
    def width_px(self) -> float:
        """Of the sign, the gap and the words."""
        return _sign_width(self.kind) + 8 + self.text(0, 0).width_px

    def text(self, x_px: float, y_px: float) -> Text:
        """The words, set at a place."""
        return Text(x_px, y_px, (Span(self.words, "muted"),), WORD_PX)


def _sign_width(kind: str) -> float:
    return 10.0 if kind in ("bar", "user") else SIGN_PX


def entries(drawing: Drawing, words: Captions) -> list[Entry]:
    """What the drawing makes use of."""
    shapes = [shape for group in drawing.steps for shape in group.shapes]
    texts = {text.content[:1] for group in drawing.steps for text in group.texts() if text.size_px < 10}
    lines = [shape for shape in shapes if isinstance(shape, Line)]
    candidates = [
        ("call", words.key_call, any(li.role == "call" and li.head is Head.FILLED for li in lines)),
        ("hand-over", words.key_hand_over, any(li.role == "call" and li.head is Head.OPEN for li in lines)),
        ("value", words.key_value, any(li.role == "return" for li in lines)),
        ("error", words.key_error, any(isinstance(shape, Cross) for shape in shapes)),
        ("hidden", words.key_hidden, "+" in texts),
        ("repeat", words.key_repeat, "×" in texts),
        ("resumed", words.key_resumed, "↻" in texts),
        ("bar", words.key_bar, bool(drawing.bars)),
        ("user", words.key_user, any(bar.is_user for bar in drawing.bars)),
    ]
    return [Entry(kind, text) for kind, text, is_used in candidates if is_used]


def _sign(kind: str, x: float, y: float) -> list[Shape]:
    """The sign, centred on ``y``."""
    ends = ((x, y), (x + SIGN_PX, y))
    back = ((x + SIGN_PX, y), (x, y))
    match kind:
        case "call":
            return [Line(ends, "call", 1.6, "", Head.FILLED)]
        case "hand-over":
            return [Line(ends, "call", 1.6, "7 2 1.5 2", Head.OPEN)]
        case "value":
            return [Line(back, "return", 1.3, "4 3", Head.OPEN)]
        case "error":
            return [Line(back, "error", 1.3, "6 3", Head.OPEN), Cross(x + SIGN_PX - 2, y)]
        case "hidden":
            return badge_shapes(Badge("+17", is_filled=False), x, y + 4)
        case "repeat":
            return badge_shapes(Badge("×4", is_filled=True), x + 2, y + 4)
        case "resumed":
            return badge_shapes(Badge("↻2", is_filled=True), x + 2, y + 4)
        case "user":
            return [Rect(Box(x, y - 7, 10, 14), "user", "user-edge", 1.0, 1.5)]
        case _:
            return [Rect(Box(x, y - 7, 10, 14), "bar", "bar-edge", 1.0, 1.5)]


def place_legend(drawing: Drawing, words: Captions, left_px: float, top_px: float, width_px: float) -> float:
    """Set the legend into the drawing; the y where it ends, in px."""
    group = Group(role="group", tooltip="")
    x, y = left_px, top_px + LINE_PX / 2
    used = entries(drawing, words)
    for entry in used:
        if x > left_px and x + entry.width_px > left_px + width_px:
            x, y = left_px, y + LINE_PX
        group.shapes += _sign(entry.kind, x, y)
        text = entry.text(x + _sign_width(entry.kind) + 8, y + 4)
        group.shapes.append(text)
        x += entry.width_px + 22
    drawing.legend = group
    return y + LINE_PX / 2 if used else top_px
