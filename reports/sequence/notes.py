"""The explanations at the right margin, each beside its step or a little below it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flasktrace.reports.sequence.geometry import Box, Group, Rect, Span, Text
from flasktrace.reports.sequence.runs import GAP_PX, pill_shapes, pill_width

NOTE_PX = 11.5
NOTE_WIDTH_PX = 252.0
NOTE_GAP_PX = 9.0
DRIFT_PX = 14.0  # how far a note may slip below its step before the steps make room


@dataclass(frozen=True, slots=True)
class Note:
    """What is said about a step, already cut into lines; ``role`` colours its edge."""

    number: int
    lines: tuple[str, ...]
    role: str


@dataclass(slots=True)
class NoteColumn:
    """Stacks the notes so that none meets another."""

    notes: Mapping[int, Note]
    left_px: float
    leading_px: float = 15.0
    bottom_px: float = 0.0
    groups: list[Group] = field(default_factory=list)

    def earliest_px(self, number: int, y_px: float) -> float:
        """Where a step may begin at the earliest so that its note does not slip away from it."""
        if number not in self.notes:
            return y_px
        return max(y_px, self.bottom_px + NOTE_GAP_PX - DRIFT_PX)

    def add(self, number: int, top_px: float) -> None:
        """Set the step's note, if it has one, beside a row that begins at ``top_px``."""
        note = self.notes.get(number)
        if note is None:
            return
        top = max(top_px, self.bottom_px + NOTE_GAP_PX if self.bottom_px else top_px)
        height = self.leading_px * len(note.lines) + 4
        group = Group(f"note-{number}", role="note")
        group.shapes.append(Rect(Box(self.left_px, top, 2.5, height), note.role))
        baseline = top + self.leading_px - 2
        group.shapes += pill_shapes(number, self.left_px + 10, baseline)
        x = self.left_px + 10 + pill_width(number) + GAP_PX
        for line in note.lines:
            group.shapes.append(Text(x, baseline, (Span(line),), NOTE_PX))
            baseline += self.leading_px
        self.groups.append(group)
        self.bottom_px = top + height
