"""The comparison as one sequence diagram: the steps of both sides on the same lifelines.

A step that was removed, added or moved has its colour and a sign before its name; what did not change is
grey, and of unchanged stretches only a count is left on their caller. The merged steps are drawn by the
sequence diagram's own layout; only the colours of its steps are changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import IO

from flasktrace.reports.diff.compare import Change, DiffRow, TraceDiff
from flasktrace.reports.diff.text import CHINESE, ENGLISH, name, note, parting_lines
from flasktrace.reports.folded import FoldedTrace, Level, Step
from flasktrace.reports.sequence.draw import render
from flasktrace.reports.sequence.geometry import Drawing, Group, Line, Rect, Shape, Text
from flasktrace.reports.sequence.layout import lay_out
from flasktrace.reports.sequence.options import LinkMode, SequenceOptions
from flasktrace.reports.sequence.theme import Theme
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Function, Metadata, Trace

_SIGNS = {
    Change.SAME: "",
    Change.OUTCOME: "≠ ",
    Change.REDEFINED: "= ",
    Change.REPEATED: "× ",
    Change.REMOVED: "− ",
    Change.ADDED: "+ ",
    Change.MOVED: "→ ",
}
_ORIGIN_SIGN = "← "
_LEGEND = {
    "en": "− removed, + added, ← → moved, = defined elsewhere, ≠ ends otherwise, × another number of times.",
    "zh": "− 消失，+ 新增，← → 移动，= 换了定义处，≠ 结果不同，× 次数不同。",
}
# The theme's colours: of what is gone and of errors, of Werkzeug (green), of calls (blue), of libraries.
_ROLES = {
    Change.SAME: "muted",
    Change.OUTCOME: "error",
    Change.REDEFINED: "library",
    Change.REPEATED: "library",
    Change.REMOVED: "error",
    Change.ADDED: "werkzeug",
    Change.MOVED: "call",
}


def write_diff_sequence(
    diff: TraceDiff, stream: IO[str], language: str = "en", theme: Theme = Theme.AUTO
) -> None:
    """Write the diagram as SVG.

    Args:
        diff: what to draw.
        stream: where to.
        language: "en" or "zh".
        theme: light, dark, or what the reader's system asks for.
    """
    phrases = CHINESE if language.lower().startswith("zh") else ENGLISH
    merged = _Merged(diff.rows)
    folded = merged.folded(diff)
    counts = {change.value: diff.counts.get(change, 0) for change in Change}
    lines: list[str] = []
    if diff.is_different:
        legend = _LEGEND["zh" if phrases is CHINESE else "en"]
        lines = [*parting_lines(diff, phrases), legend, phrases.summary.format(**counts)]
    folded.notice = " ".join(lines) or phrases.same.format(count=counts[Change.SAME.value])
    options = SequenceOptions(
        has_notes=False, has_times=False, language=language, links=LinkMode.NONE, theme=theme
    )
    drawing = lay_out(folded, options)
    _entitle(drawing, folded.trace.metadata.scenario)
    _recolour(drawing, merged.rows)
    for group in drawing.steps:
        row = merged.rows.get(_number_of(group))
        told = note(row, phrases) if row is not None else ""
        if row is not None and row.change is not Change.SAME:
            sign = _sign(row)
            group.tooltip = f"{sign}{name(row.step)}\n{told}\n{group.tooltip}".replace("\n\n", "\n")
            group.label = f"{row.change.value}: {group.label or group.tooltip}"
    stream.write(render(drawing, options))


def _sign(row: DiffRow) -> str:
    """The sign of a row."""
    return _ORIGIN_SIGN if row.is_origin else _SIGNS[row.change]


@dataclass(slots=True)
class _Merged:
    """The rows as the steps of one run."""

    source: Iterable[DiffRow]
    rows: dict[int, DiffRow] = field(default_factory=dict)  # by the number of the merged step
    steps: list[Step] = field(default_factory=list)
    functions: dict[int, Function] = field(default_factory=dict)

    def __post_init__(self) -> None:
        above: list[tuple[int, int]] = []  # depth and number
        hidden: dict[int, int] = {}
        for row in self.source:
            while above and above[-1][0] >= row.depth:
                above.pop()
            parent = above[-1][1] if above else None
            if row.folded_count:
                if parent is not None:
                    hidden[parent] = hidden.get(parent, 0) + row.folded_count
                continue
            number = len(self.steps) + 1
            self.rows[number] = row
            self.steps.append(self._step(row, number, len(above), parent))
            above.append((row.depth, number))
        self.steps = [replace(s, hidden_count=hidden.get(s.number, 0)) for s in self.steps]

    def _step(self, row: DiffRow, number: int, depth: int, parent: int | None) -> Step:
        step = row.left if row.is_origin and row.left is not None else row.step
        function = replace(step.function, id=number, qualname=_signed(step.function.qualname, row))
        self.functions[number] = function
        call = replace(step.call, request_id=None, function_id=number)
        return replace(step, number=number, function=function, call=call, depth=depth, parent_number=parent)

    def folded(self, diff: TraceDiff) -> FoldedTrace:
        """The merged run, in the form that is drawn."""
        trace = Trace(
            metadata=Metadata(scenario=f"{diff.left_name} ↔ {diff.right_name}"), functions=self.functions
        )
        return FoldedTrace(trace, Level.ALL, self.steps)


def _signed(qualname: str, row: DiffRow) -> str:
    """The sign goes before the part of the name that is shown."""
    before, dot, last = qualname.rpartition(".")
    if last.startswith("__"):  # shown with its class
        return _sign(row) + qualname
    return f"{before}{dot}{_sign(row)}{last}"


def _entitle(drawing: Drawing, title: str) -> None:
    """The diagram's own title would speak of a start-up, as there are no chapters."""
    shown = clean(title)
    for group in drawing.headline:
        group.shapes = [
            replace(shape, spans=(replace(shape.spans[0], text=shown),))
            if isinstance(shape, Text) and shape.content == drawing.title
            else shape
            for shape in group.shapes
        ]
    drawing.title = shown


def _number_of(group: Group) -> int:
    _, _, number = group.id.rpartition("step-")
    return int(number) if number.isdigit() else 0


def _recolour(drawing: Drawing, rows: dict[int, DiffRow]) -> None:
    for group in drawing.steps:
        row = rows.get(_number_of(group))
        if row is not None:
            group.shapes = [_recoloured(shape, row) for shape in group.shapes]


def _recoloured(shape: Shape, row: DiffRow) -> Shape:
    role = _ROLES[row.change]
    if isinstance(shape, Line):
        dash = "5 3" if row.change is Change.REMOVED else shape.dash
        return replace(shape, role=role, dash=dash)
    if isinstance(shape, Rect) and shape.fill == "pill":
        return replace(shape, fill=role)
    if isinstance(shape, Text):
        is_same = row.change is Change.SAME
        spans = tuple(
            replace(span, role=role, bold=span.bold and not is_same)
            if span.role in ("ink", "muted")
            else span
            for span in shape.spans
        )
        return replace(shape, spans=spans)
    return shape
