"""The console tree: what was called, with what, what came back, chapter by chapter.

Lines are written as they are made, so the first one is there at once however long the trace is.
On a terminal each line fits its width; where the output goes to a file or a pipe, each call is one
line that nothing is cut from, and all other lines begin with ``#``.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import TextIO

from flasktrace.reports.durations import Durations
from flasktrace.reports.folded import FoldedTrace, Step
from flasktrace.reports.hooks import hook_ledger
from flasktrace.reports.labels import display_name, ending, resolution
from flasktrace.reports.lane_text import changes_by_step, ledger_lines
from flasktrace.reports.lane_words import lane_words
from flasktrace.reports.state import state_lane
from flasktrace.reports.text import cells, clean, shorten, to_ascii, wrap
from flasktrace.reports.tree_line import call_line
from flasktrace.reports.tree_options import TreeOptions, default_explain, stream_options
from flasktrace.reports.tree_rows import Banner, CallRows, Heading, Row, tree_rows
from flasktrace.reports.tree_style import ASCII, PLAIN, UNICODE, Signs, Styles
from flasktrace.reports.words import Words, count_calls, step_range, words_of
from flasktrace.tracer.ancestry import ancestries
from flasktrace.tracer.model import Origin, Raised

__all__ = ["TreeOptions", "default_explain", "stream_options", "tree_lines", "write_tree"]

WIDE_CELLS = 160  # from here on the explanation stands beside the call
MAX_CALL_CELLS = 100  # which then gets so much at the most
MIN_BESIDE_CELLS = 70
MAX_EXPLANATION_LINES = 2
BLOCK = 200  # lines that are written at a time
CHUNK = 4_000  # calls whose columns are cut out at a time
MAX_LABELS = 20_000  # kept, as most calls of a long trace look like an earlier one
TIME_CELLS = 7  # "1.25 ms", "12.3 µs"


def write_tree(folded: FoldedTrace, stream: TextIO, options: TreeOptions | None = None) -> None:
    """Write the tree, line by line.

    Args:
        folded: what is shown.
        stream: a text stream; it is neither opened nor closed here.
        options: how; plain text without a limit of width when left out.

    Raises:
        OSError: whatever the stream raises, such as :class:`BrokenPipeError` when its reader is gone.
    """
    lines = tree_lines(folded, options)
    for count in chain((1, 20), repeat(BLOCK)):  # the first line at once, the others by and by
        block = list(islice(lines, count))
        if not block:
            return
        block.append("")
        stream.write("\n".join(block))


def tree_lines(folded: FoldedTrace, options: TreeOptions | None = None) -> Iterator[str]:
    """The lines of the tree without their ends; see :func:`write_tree`."""
    options = options or TreeOptions()
    return _Writer(folded, options).lines()


@dataclass(frozen=True, slots=True)
class _Label:
    """What stands behind the branches of a call, and the notes for the lines below it."""

    text: str
    notes: tuple[str, ...]


class _Writer:
    """Makes the lines of one tree, and remembers which signs the legend must explain."""

    def __init__(self, folded: FoldedTrace, options: TreeOptions) -> None:
        self.folded = folded
        self.options = options
        self.words: Words = words_of(options.language)
        self.signs: Signs = ASCII if options.is_ascii else UNICODE
        self.styles = Styles(options.is_coloured)
        self.number_cells = len(str(max(len(folded.steps), 1)))
        self.gutter_cells = self.number_cells + 2 + (TIME_CELLS + 2 if options.times else 0)
        self.used: set[str] = set()
        width = options.width_cells
        self.is_beside = options.explain and width is not None and width >= WIDE_CELLS
        self.call_cells = width
        if self.is_beside and width is not None:
            self.call_cells = min(MAX_CALL_CELLS, width - MIN_BESIDE_CELLS)
        self.max_depth = 100 if width is None else max((width - self.gutter_cells - 30) // 2, 2)
        self.ancestries = ancestries(folded.trace.metadata) if options.resolution else {}
        self.changes: Mapping[int, list[str]] = {}
        if options.state:
            self.changes = changes_by_step(folded, state_lane(folded.trace), options.language)
        self.labels: dict[Hashable, _Label] = {}
        self.insides: dict[int, str] = {}
        self.durations = Durations(self.signs.micro, TIME_CELLS)
        self.running = self._running()
        self.told: set[str] = set()  # the landmarks that were explained: once is enough
        self.branches: dict[tuple[tuple[int, ...], bytes], list[tuple[str, str]]] = {}  # by their shape

    def lines(self) -> Iterator[str]:
        """All lines, from the summary to the legend."""
        hooks = self._hooks() if self.options.hooks else ()
        lines = chain(self._summary(), self._body(), hooks, self._closing())
        return map(to_ascii, lines) if self.options.is_ascii else lines

    def _body(self) -> Iterator[str]:
        return chain.from_iterable(map(self._row, tree_rows(self.folded)))

    def _row(self, row: Row) -> Iterator[str]:
        if isinstance(row, CallRows):
            return self._calls(row)
        return self._heading(row) if isinstance(row, Heading) else self._banner(row)

    def _calls(self, row: CallRows) -> Iterator[str]:
        """A chapter's calls: this is what the time of a long tree goes into."""
        muted, plain = self.styles.codes("muted")
        has_room, labels, changes, inside = self.call_cells is not None, self.labels, self.changes, row.inside
        first, has_more = row.first, self.options.explain or self.options.resolution or bool(self.changes)
        numbers = range(first, first + len(row.depths))
        # What runs through all chapters comes last: zip must not take one more of it than this one has.
        for number, depth, (branch, bars), gutter, time, key in zip(
            numbers, row.depths, self._branches(row), *self.running, strict=False
        ):
            if not depth and number - first in inside:
                yield self._inside(inside[number - first])
            if has_room:
                key = (key, depth)  # the room depends on the depth
            label = labels.get(key) or self._new_label(key, number, branch)
            yield f"{muted}{gutter}{time}{branch}{plain}{label.text}"
            if has_more:
                if label.notes:
                    yield from self._below(bars, label.notes)
                if number in changes:
                    yield from self._changes(number, bars)

    def _branches(self, row: CallRows) -> list[tuple[str, str]]:
        """What stands before each call of a chapter, and before what is said below it; most look alike."""
        key = tuple(row.depths), bytes(row.is_last)
        found = self.branches.get(key)
        if found is None:
            if len(self.branches) >= MAX_LABELS:
                self.branches.clear()
            found = self.branches[key] = list(self._drawn(row))
        return found

    def _drawn(self, row: CallRows) -> Iterator[tuple[str, str]]:
        signs = self.signs
        guides = ((signs.bar, signs.branch), ("  ", signs.last_branch))
        bars = [""]  # by depth: what stands before the branches of the call last seen there
        for depth, is_last, has_children in zip(row.depths, row.is_last, row.has_children, strict=True):
            branch = ""
            if depth > self.max_depth:
                branch = f"{bars[-1]}{signs.ellipsis}{depth} "  # no room: its depth as a number
            elif depth:
                above = bars[depth - 1]
                del bars[depth:]
                bar, branch = guides[is_last]
                bars.append(above + bar)
                branch = above + branch
            below = signs.bar if has_children else " " * cells(signs.bar)
            yield branch, bars[min(depth, len(bars) - 1)] + below

    def _aside(self, style: str, text: str) -> str:
        """A line that is no call."""
        width = self.options.width_cells
        if width is None:
            return f"# {text}" if text else "#"
        return self.styles(style, shorten(text, width, self.signs.ellipsis))

    def _summary(self) -> Iterator[str]:
        folded, words = self.folded, self.words
        metadata = folded.trace.metadata
        about = [clean(part) for part in (metadata.scenario,) if part]
        if metadata.flask_version:
            about.append(clean(f"Flask {metadata.flask_version}, Werkzeug {metadata.werkzeug_version}"))
        if metadata.python_version:
            about.append(clean(f"Python {metadata.python_version}"))
        shown = words.summary.format(
            calls=count_calls(words, folded.total_call_count),
            steps=len(folded.steps),
            level=folded.level.value,
        )
        yield self._aside("note", f" {self.signs.dot} ".join([*about, shown]))
        if folded.notice:
            yield self._aside("raised", clean(folded.notice))
        if folded.filtered_count:
            yield self._aside("note", words.filtered.format(count=folded.filtered_count))
        if folded.trace.dropped_count:
            yield self._aside("raised", words.dropped.format(count=folded.trace.dropped_count))
        if not folded.steps:
            yield self._aside("note", words.no_calls)

    def _banner(self, row: Banner) -> Iterator[str]:
        words, request = self.words, row.request
        if request is None:
            return
        status = words.no_answer if request.status is None else str(request.status)
        text = clean(f"{request.method} {request.target}")
        yield self._aside("muted", "")
        line = f"{words.request}{text} {self.signs.arrow} {status}"
        # On a terminal it is a bar in reverse colours, with a margin.
        yield self._aside("banner", line if self.options.width_cells is None else f" {line} ")

    def _heading(self, row: Heading) -> Iterator[str]:
        chapter, words, signs = row.chapter, self.words, self.signs
        title = clean(chapter.phase.title) if chapter.phase is not None else words.calls
        left = f"{chapter.number}. {title} "
        steps = step_range(words, chapter.first, chapter.last)
        right = f" {steps}{words.then}{count_calls(words, chapter.call_count)}"
        yield self._aside("muted", "")
        width = self.options.width_cells
        if width is None:
            yield f"# {left.rstrip()} ({right.strip()})"
            return
        left = shorten(left, width, signs.ellipsis)
        gap = width - cells(left) - cells(right)
        if gap < 3:
            yield self.styles("heading", left.rstrip())
            return
        yield self.styles("heading", left) + self.styles("muted", signs.rule * gap + right)

    def _inside(self, number: int) -> str:
        """Says inside which step the next calls are made; most steps are named in several chapters."""
        line = self.insides.get(number)
        if line is None:
            if self.folded.function_at is not None:
                function, landmark = self.folded.function_at(number)
            else:
                step = self.folded.steps[number - 1]
                function, landmark = step.function, step.landmark
            text = self.words.inside.format(name=display_name(function, landmark), number=number)
            margin = " " * self.gutter_cells if self.options.width_cells else ""
            if len(self.insides) >= MAX_LABELS:
                self.insides.clear()
            line = self.insides[number] = self._aside("muted", margin + text)
        return line

    def _new_label(self, key: Hashable, number: int, branch: str) -> _Label:
        """The label of a step, kept for all that look alike at this depth."""
        if len(self.labels) >= MAX_LABELS:
            self.labels.clear()
        told_before = len(self.told)
        label = self._label(self.folded.steps[number - 1], self.gutter_cells + cells(branch))
        if len(self.told) == told_before:  # else the next one that looks alike has no explanation
            self.labels[key] = label
        return label

    def _label(self, step: Step, taken_cells: int) -> _Label:
        self._remember(step)
        room = None if self.call_cells is None else self.call_cells - taken_cells
        line = call_line(step, room, self.signs, self.words)
        text = line.render(self.styles)
        notes = self._notes(step)
        width = self.options.width_cells
        if width is None:
            return _Label(text + "".join(f"  # {note}" for note in notes), ())
        if not self.is_beside or not notes or room is None:
            return _Label(text, tuple(notes))
        gap = max(room - line.width_cells, 0) + 2
        beside = shorten(notes[0], width - taken_cells - line.width_cells - gap, self.signs.ellipsis)
        return _Label(text + " " * gap + self.styles("muted", beside), tuple(notes[1:]))

    def _changes(self, number: int, bars: str) -> Iterator[str]:
        """What was different after a call; it stands under its line, before what it called."""
        self.used.add("state")
        notes = tuple(f"{self.signs.state} {line}" for line in self.changes[number])
        if self.options.width_cells is not None:
            yield from self._below(bars, notes)
            return
        for note in notes:
            yield self._aside("muted", f"[{number}] {note}")

    def _hooks(self) -> Iterator[str]:
        ledgers = hook_ledger(self.folded.trace)
        owners, calls = self.folded.owners, self.folded.trace.calls
        for ledger in ledgers:
            ran = [row.call_id for row in ledger.rows if row.call_id is not None]
            steps = {call_id: owners[calls.index_of(call_id)] for call_id in ran}
            yield self._aside("muted", "")
            title, *lines = ledger_lines(ledger, self.options.language, steps)
            yield self._aside("heading", title)
            for line in lines:
                yield self._aside(PLAIN, line)
        if not ledgers:
            yield self._aside("muted", "")
            yield self._aside(PLAIN, lane_words(self.options.language)["no_hooks_recorded"])

    def _below(self, bars: str, notes: tuple[str, ...]) -> Iterator[str]:
        """The notes on lines of their own, with the branches drawn through.

        Args:
            bars: those branches.
            notes: what is said.
        """
        assert self.options.width_cells is not None
        signs = self.signs
        room = self.options.width_cells - self.gutter_cells - cells(bars)
        for note in notes:
            lines = wrap(note, max(room, 20))
            if len(lines) > MAX_EXPLANATION_LINES:
                lines[MAX_EXPLANATION_LINES - 1] += " " + signs.ellipsis
            for line in lines[:MAX_EXPLANATION_LINES]:
                shown = shorten(line, room, signs.ellipsis)
                yield " " * self.gutter_cells + self.styles("muted", bars + shown)

    def _notes(self, step: Step) -> list[str]:
        notes = []
        landmark = step.landmark if self.options.explain else None
        if landmark is not None and landmark.does and landmark.key not in self.told:
            self.told.add(landmark.key)
            notes.append(clean(landmark.does))
        if self.options.resolution:
            note = self._resolution_note(step)
            if note:
                notes.append(note)
        return notes

    def _resolution_note(self, step: Step) -> str:
        receiver = step.call.receiver
        ancestry = self.ancestries.get(receiver.class_name, ()) if receiver is not None else ()
        found = resolution(step.call, step.function, ancestry)
        if found is None:
            return ""
        words = self.words
        note = words.called_on.format(actual=found.actual, defining=found.defining)
        if found.looked_through:
            note += words.then + words.looked_through.format(classes=words.comma.join(found.looked_through))
        return note

    def _running(self) -> tuple[Iterator[str], Iterator[str], Iterator[Hashable]]:
        """Of all steps: number and time as shown, with their blanks, and the label's key."""
        count = len(self.folded.steps)
        parts = [(first, min(first + CHUNK - 1, count)) for first in range(1, count + 1, CHUNK)]
        shown = map(str.rjust, map(str, range(1, count + 1)), repeat(self.number_cells))
        times = map(self.durations.__getitem__, self.folded.times_ns) if self.options.times else repeat("  ")
        return shown, times, chain.from_iterable(self.folded.label_keys(*part) for part in parts)

    def _remember(self, step: Step) -> None:
        is_there = {
            "folded": step.hidden_count > 0,
            "repeated": step.repeat_count > 1,
            "hand_over": step.is_hand_over,
            "resumed": step.resumed_count > 0,
            "user": step.function.origin is Origin.USER,
            "raised": isinstance(step.call.outcome, Raised),
            "returned": ending(step.call).kind == "returned" and ending(step.call).text != "",
        }
        self.used.update(name for name, is_used in is_there.items() if is_used)

    def _closing(self) -> Iterator[str]:
        if not self.options.legend or not self.folded.steps:
            return
        words, signs = self.words, self.signs
        entries = {
            "user": f"{signs.user} {words.your_code}",
            "returned": f"{signs.arrow} {words.returned}",
            "raised": f"{signs.cross} {words.raises}",
            "hand_over": f"{signs.hand_over} {words.hand_over}",
            "folded": f"+12 {words.folded}",
            "repeated": f"{signs.times}4 {words.repeated}",
            "resumed": f"{signs.resumed}2 {words.generator_resumed}",
            "state": f"{signs.state} {lane_words(self.options.language)['after_call']}",
        }
        shown = [text for name, text in entries.items() if name in self.used]
        if self.options.times:
            shown.insert(0, words.number_and_time)
        yield self._aside("muted", "")
        line = words.legend
        for entry in shown:
            if self.options.width_cells and cells(line) + 3 + cells(entry) > self.options.width_cells:
                yield self._aside("muted", line)
                line = " " * cells(words.legend)
            line += (" " if line == words.legend else "   ") + entry
        yield self._aside("muted", line)
