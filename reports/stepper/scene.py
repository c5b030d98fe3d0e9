"""All that is shown at a stop, as plain data: the screen and the line-by-line mode draw the same scene."""

from dataclasses import dataclass, field

from flasktrace.reports.folded import Step
from flasktrace.reports.labels import arguments, display_name, duration, ending, resolution, role_of
from flasktrace.reports.stepper.book import Book, Steps
from flasktrace.reports.stepper.moves import Stop
from flasktrace.reports.stepper.source_text import SourceFiles, current_line, definition_line
from flasktrace.reports.stepper.states import StateRow
from flasktrace.reports.stepper.words import StepWords
from flasktrace.reports.text import clean
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Call, Function, Origin, Raised, Unfinished

MAX_PATH = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A line of source to look at.

    Attributes:
        path: of the file, as recorded.
        shown_path: clean, for the heading.
        line: the current one, from 1.
        first, last: of the function.
        lines: of the whole file, clean; empty when it is not here.
        note: what to know about it, or "".
    """

    path: str
    shown_path: str
    line: int
    first: int
    last: int
    lines: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A named text; ``role`` is a style: "", "receiver", "returned", "raised", "note"."""

    name: str
    text: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Crumb:
    """A caller on the path: the step's index and its name."""

    step: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What is shown at a stop. All texts are clean."""

    stop: Stop
    stop_count: int
    call_id: int
    title: str
    ending: str  # "", "returned", "raised", "unfinished"
    chapter: str
    request: str
    path: tuple[Crumb, ...]
    place: Place
    values: tuple[Row, ...]
    explanation: tuple[str, ...]
    url: str
    state: tuple[StateRow, ...] = field(default_factory=tuple)


@dataclass(slots=True)
class Stage:
    """Makes scenes of one book."""

    book: Book
    files: SourceFiles

    def title(self, step: Step, is_end: bool, words: StepWords) -> str:
        """``enters Flask.wsgi_app``, ``Flask.wsgi_app returns <Response>``."""
        name = display_name(step.function, step.landmark)
        if not is_end:
            return f"{words.enters} {name}"
        if isinstance(step.call.outcome, Unfinished):
            return f"{name}: {words.cut_short}"
        end = ending(step.call)
        verb = words.raises if end.kind == "raised" else words.returns
        return f"{name} {verb} {end.text}".rstrip()

    def place(self, function: Function, line: int | None, words: StepWords, note: str = "") -> Place:
        """A line of a function's file, its ``def`` when no line is given."""
        file = self.files.get(function.file_path)
        shown = clean(function.file_path)
        if file is None:
            note = words.no_source.format(path=shown)
        elif function.last_line > len(file.lines):
            note = words.changed_source
        return Place(
            path=function.file_path,
            shown_path=shown,
            line=line or definition_line(function, file),
            first=function.line_number,
            last=function.last_line,
            lines=() if file is None else file.lines,
            note=note,
        )

    def place_of(self, step: Step, is_end: bool, words: StepWords) -> Place:
        """Where a stop is in the source."""
        file = self.files.get(step.function.file_path)
        return self.place(step.function, current_line(step.function, step.call, is_end, file), words)

    def place_in_caller(self, step: Step, levels: int, words: StepWords) -> Place | None:
        """The line that a caller is at, so many recorded calls up; None beyond the thread's first call."""
        call = step.call
        for _ in range(levels - 1):
            if call.parent_id is None:
                return None
            call = self.book.call(call.parent_id)
        if call.parent_id is None:
            return None
        caller = self.book.call(call.parent_id)
        function = self.book.functions[caller.function_id]
        name = display_name(function)
        note = words.called_from.format(line=call.call_line or "?", name=name)
        return self.place(function, call.call_line, words, note)

    def values(self, step: Step, is_end: bool, words: StepWords) -> list[Row]:
        """The receiver, the parameters, what came of it, and what is folded away."""
        call = step.call
        rows: list[Row] = []
        if call.receiver is not None:
            rows.append(Row("self", clean(call.receiver.text), "receiver"))
        for value, text in zip(call.parameters, arguments(call), strict=True):
            name = clean(value.name)
            rows.append(Row(name, text[len(name) + 1 :] if name else text))
        if not rows:
            has_values = self.book.metadata.level_of_detail == "values"
            rows.append(Row("", words.no_arguments if has_values else words.no_values, "note"))
        rows.extend(self._end_rows(call, is_end, words))
        if called := self.how_called(step, words):
            rows.append(Row("", called, "note"))
        found = resolution(call, step.function)
        if found is not None:
            text = words.inherited.format(actual=found.actual, defining=found.defining)
            rows.append(Row("", text, "note"))
        rows.extend(self._count_rows(step, words))
        return rows

    def _end_rows(self, call: Call, is_end: bool, words: StepWords) -> list[Row]:
        if not is_end:
            return []
        end = ending(call)
        if end.kind == "unfinished":
            return [Row("", words.cut_short, "note")]
        rows = [Row(words.took, duration(call.duration_ns), "note")]
        if end.kind == "raised":
            return [Row(words.raised, end.text, "raised"), *rows]
        return [Row(words.returned, end.text or "None", "returned"), *rows]

    def how_called(self, step: Step, words: StepWords) -> str:
        """The line that calls, with its text, or the new thread or process; "" where neither is known."""
        if step.is_hand_over:
            thread = self.book.threads.get(step.call.thread_id)
            name = clean(thread.name) if thread is not None else str(step.call.thread_id)
            return (words.new_process if step.is_new_process else words.new_thread).format(name=name)
        caller = self.place_in_caller(step, 1, words) if step.call.call_line else None
        if caller is None:
            return ""
        code = caller.lines[caller.line - 1].strip() if caller.line <= len(caller.lines) else ""
        return f"{caller.note}: {code}" if code else caller.note

    def _count_rows(self, step: Step, words: StepWords) -> list[Row]:
        rows = []
        if step.repeat_count > 1:
            rows.append(Row("", words.repeated.format(count=step.repeat_count), "note"))
        if step.hidden_count:
            rows.append(Row("", words.folded.format(count=step.hidden_count), "note"))
        return rows

    def explanation(self, step: Step, catalogue: Catalogue, words: StepWords) -> tuple[str, ...]:
        """What the function does, and why it is there."""
        function = step.function
        landmark = catalogue.landmark(function.module, function.qualname)
        if landmark is None or not landmark.does:
            is_user = function.origin is Origin.USER
            return (words.your_code if is_user else words.no_explanation,)
        why = (words.why + clean(landmark.why),) if landmark.why else ()
        return (clean(landmark.does), *why)

    def path(self, steps: Steps, indices: list[int]) -> tuple[Crumb, ...]:
        """The callers from the outermost to the step itself."""
        crumbs = []
        for index in indices[-MAX_PATH:]:
            function = steps.function_at(index)
            crumbs.append(Crumb(index, display_name(function), role_of(function).value))
        return tuple(crumbs)

    def request(self, call: Call) -> str:
        """``GET /index``, or "" outside of a request."""
        found = self.book.requests.get(call.request_id or 0)
        return "" if found is None else clean(f"{found.method} {found.target}".rstrip())


def has_raised(call: Call) -> bool:
    """Whether an exception left the call."""
    return isinstance(call.outcome, Raised)
