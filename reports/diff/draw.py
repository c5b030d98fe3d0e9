"""The comparison as one picture: the left run on the left, the right one on the right, row by row.

What is the same is joined by a straight line, what moved by a curve; what stands on one side alone was
removed or added. Where the two part is marked, and the value that decided is told above.
"""

from dataclasses import dataclass
from typing import IO
from xml.etree import ElementTree as ET

from flasktrace.reports.callgraph.svg import Canvas
from flasktrace.reports.diff.compare import Change, DiffRow, TraceDiff
from flasktrace.reports.diff.text import CHINESE, ENGLISH, Phrases, name, note, outcome_text, parting_lines
from flasktrace.reports.folded import Step
from flasktrace.reports.sequence.metrics import shorten, text_width, wrap
from flasktrace.reports.sequence.theme import Theme
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Origin

SCOPE = "ft-diff"
MARGIN_PX = 20.0
COLUMN_PX = 460.0
GAP_PX = 150.0
ROW_PX = 25.0
CELL_PX = 19.0
INDENT_PX = 11.0
MAX_DEPTH = 18
NAME_PX = 11.5
MAX_OUTCOME_PX = 120.0
MIN_NAME_PX = 110.0
WIDTH_PX = 2 * MARGIN_PX + 2 * COLUMN_PX + GAP_PX

_ROLES = {
    Change.SAME: "lifeline",
    Change.OUTCOME: "error",
    Change.REDEFINED: "library",
    Change.REPEATED: "library",
    Change.REMOVED: "error",
    Change.ADDED: "werkzeug",
    Change.MOVED: "call",
}
_SIGNS = {
    Change.OUTCOME: "!",
    Change.REDEFINED: "=",
    Change.REPEATED: "×",
    Change.REMOVED: "–",
    Change.ADDED: "+",
    Change.MOVED: "↻",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A step's place; y is its middle."""

    x_px: float
    y_px: float
    width_px: float
    text: str
    step: Step
    change: Change

    @property
    def right_px(self) -> float:
        """The x of its right edge."""
        return self.x_px + self.width_px


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A row of the picture, before it is drawn: cells left and right, or the words for a folded stretch."""

    row: DiffRow
    y_px: float
    left: Cell | None
    right: Cell | None
    folded_text: str = ""


def lay_out(diff: TraceDiff, phrases: Phrases, top_px: float) -> list[DiffLine]:
    """The rows with their places."""
    lines = []
    for i, row in enumerate(diff.rows):
        y = top_px + (i + 0.5) * ROW_PX
        if row.folded_count:
            text = phrases.unchanged.format(count=row.folded_count)
            lines.append(DiffLine(row, y, None, None, text))
            continue
        is_moved = row.change is Change.MOVED
        left = _cell(row, row.left, MARGIN_PX, y) if row.left and (row.is_origin or not is_moved) else None
        right_x = MARGIN_PX + COLUMN_PX + GAP_PX
        right = _cell(row, row.right, right_x, y) if row.right and not row.is_origin else None
        lines.append(DiffLine(row, y, left, right))
    return lines


def _cell(row: DiffRow, step: Step, column_px: float, y: float) -> Cell:
    x = column_px + INDENT_PX * min(row.depth, MAX_DEPTH)
    sign = _SIGNS.get(row.change, "")
    more = f" +{row.below_count}" if row.below_count else ""
    text = f"{sign} {name(step)}{more}".strip()
    room = column_px + COLUMN_PX - x - 14
    if row.change is Change.OUTCOME:
        room -= MAX_OUTCOME_PX + 12
    text = shorten(text, max(room, MIN_NAME_PX), NAME_PX, mono=True, bold=True)
    return Cell(x, y, text_width(text, NAME_PX, mono=True, bold=True) + 14, text, step, row.change)


def write_diff_svg(diff: TraceDiff, stream: IO[str], language: str = "en", theme: Theme = Theme.AUTO) -> None:
    """Write the picture.

    Args:
        diff: what to draw.
        stream: where to.
        language: "en" or "zh".
        theme: light, dark, or what the reader's system asks for.
    """
    phrases = CHINESE if language.lower().startswith("zh") else ENGLISH
    canvas = Canvas(theme, SCOPE)
    root = canvas.root
    root.set("role", "graphics-document")
    root.set("aria-labelledby", "diff-title diff-desc")
    title, desc = ET.SubElement(root, "title"), ET.SubElement(root, "desc")
    title.set("id", "diff-title")
    desc.set("id", "diff-desc")
    title.text = f"{clean(diff.left_name)} ↔ {clean(diff.right_name)}"
    summary = _summary(diff, phrases)
    desc.text = " ".join(summary)
    canvas.add(root, "rect", {"width": "100%", "height": "100%"}, fill="ground")
    y = _heading(canvas, title.text, summary)
    for x, text in ((MARGIN_PX, diff.left_name), (MARGIN_PX + COLUMN_PX + GAP_PX, diff.right_name)):
        shown = shorten(clean(text), COLUMN_PX, 13, bold=True)
        canvas.text(root, shown, x, y + 14, 13, "ink", bold=True)
    lines = lay_out(diff, phrases, y + 24)
    _mark_parting(canvas, diff, lines)
    _join(canvas, lines)
    for line in lines:
        _draw_line(canvas, line, phrases)
    bottom = y + 24 + len(lines) * ROW_PX
    canvas.write(stream, WIDTH_PX, bottom + MARGIN_PX)


def _summary(diff: TraceDiff, phrases: Phrases) -> list[str]:
    if not diff.is_different:
        return [phrases.same.format(count=diff.counts.get(Change.SAME, 0))]
    counts = {change.value: diff.counts.get(change, 0) for change in Change}
    return [*parting_lines(diff, phrases), phrases.summary.format(**counts)]


def _heading(canvas: Canvas, title: str, summary: list[str]) -> float:
    y = MARGIN_PX + 18
    room = WIDTH_PX - 2 * MARGIN_PX
    canvas.text(canvas.root, shorten(title, room, 18, bold=True), MARGIN_PX, y, 18, "ink", bold=True)
    y += 22
    for text in summary:
        for line in wrap(text, room, 12):
            canvas.text(canvas.root, line, MARGIN_PX, y, 12, "muted")
            y += 17
    return y + 6


def _mark_parting(canvas: Canvas, diff: TraceDiff, lines: list[DiffLine]) -> None:
    if diff.parting is None:
        return
    for line in lines:
        if line.row is diff.parting.row:
            band: dict[str, str | float] = {"x": MARGIN_PX / 2, "y": line.y_px - ROW_PX / 2}
            band |= {"width": WIDTH_PX - MARGIN_PX, "height": ROW_PX, "rx": 4.0}
            canvas.add(canvas.root, "rect", band, fill="band")


def _join(canvas: Canvas, lines: list[DiffLine]) -> None:
    group = canvas.add(canvas.root, "g", {"fill": "none", "aria-hidden": "true"})
    origins = {
        line.row.left.number: line.left
        for line in lines
        if line.left and line.row.left and line.row.is_origin
    }
    for line in lines:
        left, right = line.left, line.right
        if right is not None and line.row.change is Change.MOVED and line.row.left is not None:
            left = origins.get(line.row.left.number)
        if left is None or right is None:
            continue
        start, end = left.right_px + 3, right.x_px - 3
        bend = MARGIN_PX + COLUMN_PX + GAP_PX / 2
        path = f"M{start:.1f} {left.y_px:.1f}H{max(start, bend - 60):.1f}"
        if left.y_px != right.y_px:
            path += (
                f"C{bend:.1f} {left.y_px:.1f} {bend:.1f} {right.y_px:.1f} {bend + 60:.1f} {right.y_px:.1f}"
            )
        path += f"H{end:.1f}"
        width = 1.0 if line.row.change is Change.SAME else 1.6
        canvas.add(group, "path", {"d": path, "stroke-width": width}, stroke=_ROLES[line.row.change])


def _draw_line(canvas: Canvas, line: DiffLine, phrases: Phrases) -> None:
    if line.folded_text:
        middle = WIDTH_PX / 2
        width = text_width(line.folded_text, 10.5) + 16
        rule = {"d": f"M{MARGIN_PX} {line.y_px:.1f}H{WIDTH_PX - MARGIN_PX}", "stroke-dasharray": "2 4"}
        canvas.add(canvas.root, "path", rule, stroke="lifeline")
        back = {"x": middle - width / 2, "y": line.y_px - 8, "width": width, "height": 16.0}
        canvas.add(canvas.root, "rect", back, fill="ground")
        canvas.text(canvas.root, line.folded_text, middle, line.y_px + 4, 10.5, "muted", anchor="middle")
        return
    group = canvas.add(canvas.root, "g")
    told = note(line.row, phrases)
    ET.SubElement(group, "title").text = f"{name(line.row.step)}\n{told}".strip()
    for cell in (line.left, line.right):
        if cell is not None:
            _draw_cell(canvas, group, cell)
            if cell.change is Change.OUTCOME:
                _draw_outcome(canvas, group, cell, outcome_text(cell.step, phrases))


def _draw_cell(canvas: Canvas, parent: ET.Element, cell: Cell) -> None:
    role = _ROLES[cell.change]
    is_user = cell.step.function.origin is Origin.USER
    is_changed = cell.change is not Change.SAME
    rect: dict[str, str | float] = {"x": cell.x_px, "y": cell.y_px - CELL_PX / 2, "rx": 4.0}
    rect |= {"width": cell.width_px, "height": CELL_PX, "stroke-width": 1.6 if is_changed else 1.0}
    if cell.change is Change.REMOVED:
        rect["stroke-dasharray"] = "4 3"
    canvas.add(parent, "rect", rect, fill="user" if is_user else "head", stroke=role)
    ink = "ink" if is_changed or is_user else "muted"
    canvas.text(parent, cell.text, cell.x_px + 7, cell.y_px + 4, NAME_PX, ink, mono=True, bold=is_changed)


def _draw_outcome(canvas: Canvas, parent: ET.Element, cell: Cell, text: str) -> None:
    """How the call ended, on its line."""
    shown = shorten(text, MAX_OUTCOME_PX, 10.5)
    x, width = cell.right_px + 6, text_width(shown, 10.5) + 6
    back = {"x": x, "y": cell.y_px - 7, "width": width, "height": 14.0, "rx": 3.0}
    canvas.add(parent, "rect", back, fill="ground")
    canvas.text(parent, shown, x + 3, cell.y_px + 4, 10.5, "error")
