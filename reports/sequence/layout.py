"""From a folded trace to the plain geometry of its sequence diagram."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.sequence.captions import Captions, captions
from flasktrace.reports.sequence.components import Component, ComponentNames
from flasktrace.reports.sequence.geometry import Box, Drawing, Group, Line, Rect, Span, Text
from flasktrace.reports.sequence.headings import chapter_count, chapter_heading, footnotes, subtitle, title
from flasktrace.reports.sequence.lanes import Columns, head_width, solve
from flasktrace.reports.sequence.legend import place_legend
from flasktrace.reports.sequence.metrics import shorten, text_width, wrap
from flasktrace.reports.sequence.notes import NOTE_PX, NOTE_WIDTH_PX, Note, NoteColumn
from flasktrace.reports.sequence.options import SequenceOptions
from flasktrace.reports.sequence.placing import BAND_PX, Placer
from flasktrace.reports.sequence.rows import Row, RowPlanner, head_texts
from flasktrace.reports.sequence.telling import tell_steps
from flasktrace.reports.sequence.timeline import Timeline, build_timeline
from flasktrace.reports.text import clean

MARGIN_PX = 20.0
MIN_WIDTH_PX = 620.0
HEAD_PX = 42.0
SMALL_PX = 11.5
NOTE_COLUMN_PX = 10 + 36 + 6 + NOTE_WIDTH_PX
LANES_TO_NOTES_PX = 20.0
# With more chapters than this, a note says what a function does, and no longer why.
LONG_NOTES_CHAPTERS = 2
# Lifelines that would reach further than this get labels with fewer arguments.
ROOMY_PX = 560.0
# Shorter drawings show the names at the top only.
REPEAT_HEADS_PX = 420.0


@dataclass(slots=True)
class _Page:
    """What the parts of one drawing share."""

    folded: FoldedTrace
    options: SequenceOptions
    words: Captions
    timeline: Timeline
    columns: Columns
    drawing: Drawing

    @property
    def leading_px(self) -> float:
        """Lines of ideographs stand further apart."""
        return 18.0 if self.drawing.language == "zh" else 15.0


def lay_out(folded: FoldedTrace, options: SequenceOptions | None = None) -> Drawing:
    """Decide where everything goes.

    Args:
        folded: what to draw.
        options: which part of it, and how.
    """
    options = options or SequenceOptions()
    words = captions(options.language)
    names = ComponentNames(words.your_code, words.more_modules, words.others)
    timeline = build_timeline(folded, options, names, words.outside, words.client)
    rows = RowPlanner(timeline, words).plan()
    columns = solve(timeline.lanes, rows)
    if columns.right_px > ROOMY_PX:
        rows = RowPlanner(timeline, words, is_brief=True).plan()
        columns = solve(timeline.lanes, rows)
    drawing = Drawing(language="zh" if options.language.lower().startswith("zh") else "en")
    page = _Page(folded, options, words, timeline, columns, drawing)
    drawing.lane_x_px = {lane.key: x for lane, x in zip(timeline.lanes, page.columns.x_px, strict=True)}
    _compose(page, rows)
    return drawing


def _compose(page: _Page, rows: Sequence[Row]) -> None:
    drawing = page.drawing
    notes = NoteColumn(_notes(page), 0.0, page.leading_px)
    # The notes stand to the right of the widest row, which is known when all are placed; a first
    # guess at the width is enough to wrap the lines under the title.
    extra = LANES_TO_NOTES_PX + NOTE_COLUMN_PX if notes.notes else 0.0
    width = max(MIN_WIDTH_PX, page.columns.right_px + extra + MARGIN_PX)
    y = _headline(page, width)
    heads_top = y
    top = y + (HEAD_PX if page.timeline.lanes else 0.0)
    notes.left_px = page.columns.right_px + LANES_TO_NOTES_PX
    placer = Placer(drawing, page.timeline, page.columns, page.words, notes, _times(page), top)
    shown = [position for position, row in enumerate(rows) if row.event.is_shown]
    for position, row in enumerate(rows):
        placer.place(row)
        if shown and position == shown[-1]:
            placer.settle()
    placer.finish()
    drawing.notes = notes.groups
    drawing.width_px = width
    bottom = placer.y_px
    _lifelines(page, heads_top + HEAD_PX, bottom)
    y = bottom
    if bottom - top > REPEAT_HEADS_PX:
        _heads(page, bottom)
        y = bottom + HEAD_PX
    _heads(page, heads_top, unit=bool(page.options.has_times))
    _bands(page)
    drawing.description = _description(page)
    tell_steps(drawing, page.timeline, page.folded, page.options, page.words)
    _foot(page, y + 14)


def _headline(page: _Page, width_px: float) -> float:
    """The title and what stands under it; the y where the heads begin, in px."""
    drawing = page.drawing
    drawing.title = title(page.folded, page.timeline, page.words)
    room = width_px - 2 * MARGIN_PX
    shown = shorten(drawing.title, room, 18.0, bold=True)
    group = Group(role="heading")
    group.shapes.append(Text(MARGIN_PX, 34.0, (Span(shown, bold=True),), 18.0))
    y = 34.0
    under = subtitle(page.folded, page.timeline, page.words, page.options)
    for line in wrap(under, room, SMALL_PX) if under else []:
        y += 20.0
        group.shapes.append(Text(MARGIN_PX, y, (Span(line, "muted"),), SMALL_PX))
    drawing.headline.append(group)
    return y + 20.0


def _notes(page: _Page) -> dict[int, Note]:
    """The explanation of each function, beside the first of its steps."""
    if not page.options.has_notes:
        return {}
    is_long = len(page.timeline.chapters) <= LONG_NOTES_CHAPTERS
    notes: dict[int, Note] = {}
    told: set[str] = set()
    for step in page.timeline.steps:
        landmark = step.landmark
        if landmark is None or not landmark.does or landmark.key in told:
            continue
        told.add(landmark.key)
        text = clean(landmark.does)
        if is_long and landmark.why:
            text += page.words.sentence_gap + clean(landmark.why)
        lines = wrap(text, NOTE_WIDTH_PX, NOTE_PX)
        notes[step.number] = Note(step.number, tuple(lines), "user-edge")
    return notes


def _times(page: _Page) -> dict[int, str]:
    """Each step's time since its request began (at start-up: since the first call), in ms.

    What accepts a connection, or has a test client ask, is part of a request that is not known of yet.
    """
    if not page.options.has_times:
        return {}
    calls = page.folded.trace.calls
    begun = {0: calls.start_ns[0] if len(calls) else 0, **_first_starts(calls.request_id, calls.start_ns)}
    chapters = {n: c for c in page.timeline.chapters for n in range(c.first, c.last + 1)}
    times = {}
    for step in page.timeline.steps:
        chapter = chapters.get(step.number)
        request = chapter.request if chapter else None
        request_id = step.call.request_id or (request.id if request else 0)
        start_ns = step.call.start_ns
        begun[request_id] = min(begun.get(request_id, start_ns), start_ns)  # the steps are in order
        times[step.number] = _milliseconds(start_ns - begun[request_id])
    return times


def _first_starts(request_ids: "array[int]", starts_ns: "array[int]") -> dict[int, int]:
    first: dict[int, int] = {}
    for request_id, start_ns in zip(request_ids, starts_ns, strict=True):
        if request_id and request_id not in first:
            first[request_id] = start_ns
    return first


def _milliseconds(time_ns: int) -> str:
    value = time_ns / 1e6
    text = f"{value:.2f}" if abs(value) < 1000 else f"{value:.0f}"
    return text if len(text) <= 8 else f"{value:.0e}"


def _lifelines(page: _Page, top_px: float, bottom_px: float) -> None:
    for x in page.columns.x_px:
        page.drawing.lifelines.shapes.append(Line(((x, top_px), (x, bottom_px)), "lifeline", 1.5))


def _heads(page: _Page, top_px: float, unit: bool = False) -> None:
    group = Group(role="presentation")
    for lane, x in zip(page.timeline.lanes, page.columns.x_px, strict=True):
        _head(group, lane, x, top_px)
    if unit and page.timeline.lanes:
        span = Span(page.words.unit, "muted")
        group.shapes.append(Text(54.0, top_px + 32, (span,), 9.5, anchor="end"))
    page.drawing.heads.append(group)


def _head(group: Group, lane: Component, x_px: float, top_px: float) -> None:
    package, name = head_texts(lane)
    width = head_width(lane)
    fill = "user" if lane.is_user else "head"
    stroke_px = 2.0 if lane.is_user else 1.2
    box = Box(x_px - width / 2, top_px, width, HEAD_PX)
    group.shapes.append(Rect(box, fill, lane.role, stroke_px, 4.0))
    if package:
        group.shapes.append(Text(x_px, top_px + 15.5, (Span(package, "muted"),), 10.0, anchor="middle"))
    baseline = top_px + (33 if package else 26)
    group.shapes.append(Text(x_px, baseline, (Span(name, bold=True),), 12.0, anchor="middle"))


def _bands(page: _Page) -> None:
    """The strips over the whole width, now that it is known."""
    chapters = {f"chapter-{chapter.number}": chapter for chapter in page.timeline.chapters}
    for group in page.drawing.bands:
        chapter = chapters[group.id]
        placed = group.shapes.pop()
        assert isinstance(placed, Rect)
        y, width = placed.box.y_px, page.drawing.width_px
        counts = chapter_count(chapter, page.words)
        heading = chapter_heading(chapter, page.timeline, page.words)
        number = str(chapter.number)
        indent = text_width(number, 12.0, bold=True) + 9
        room = width - 3 * MARGIN_PX - text_width(counts, 10.5) - indent
        heading = shorten(heading, room, 12.0, bold=True)
        group.shapes += [
            Rect(Box(0, y, width, BAND_PX), "band"),
            Rect(Box(0, y, 4, BAND_PX), "call"),
            Text(MARGIN_PX, y + 18, (Span(number, bold=True),), 12.0),
            Text(MARGIN_PX + indent, y + 18, (Span(heading, bold=True),), 12.0),
            Text(width - MARGIN_PX, y + 18, (Span(counts, "muted"),), 10.5, anchor="end"),
        ]
        group.tooltip = f"{chapter.number} {heading}"


def _description(page: _Page) -> str:
    lanes = ", ".join(lane.name for lane in page.timeline.lanes)
    chapters = [
        f"{c.number}. {clean(c.phase.title[:200])}" for c in page.timeline.chapters if c.phase is not None
    ]
    return page.words.description.format(
        steps=len(page.timeline.steps), lanes=lanes, chapters="; ".join(chapters)
    ).strip()


def _foot(page: _Page, top_px: float) -> None:
    """The small print and the legend; sets the drawing's height."""
    drawing = page.drawing
    room = drawing.width_px - 2 * MARGIN_PX
    y = place_legend(drawing, page.words, MARGIN_PX, top_px, room)
    for note in footnotes(page.folded, page.timeline, page.words):
        for line in wrap(note, room, 10.5):
            y += 17.0
            drawing.legend.shapes.append(Text(MARGIN_PX, y, (Span(line, "muted"),), 10.5))
    drawing.height_px = y + 16.0
