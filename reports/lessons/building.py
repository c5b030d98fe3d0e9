"""A lesson with its blocks made: what the Markdown and the HTML are written from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flasktrace.reports.lessons.check import Result, check_expectation
from flasktrace.reports.lessons.facts import fact_of
from flasktrace.reports.lessons.figures import Figure, ReadSource, draw_figure, selected
from flasktrace.reports.lessons.lesson import Ask, Expect, Lesson, LessonError, Run, Show, Text
from flasktrace.reports.lessons.words import lesson_words
from flasktrace.reports.sequence import Theme
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Trace


@dataclass(frozen=True, slots=True)
class Checked:
    """An *expect* block with what a run said of it."""

    scenario: str
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its answer, all clean text."""

    question: str
    answer: str
    because: str = ""


Made = Text | Figure | Checked | Answered


@dataclass(frozen=True, slots=True)
class BuiltLesson:
    """A lesson ready to be written."""

    lesson: Lesson
    parts: tuple[Made, ...]

    @property
    def stem(self) -> str:
        """The file's name without its end."""
        return self.lesson.path.replace("\\", "/").rpartition("/")[2].removesuffix(".md")

    @property
    def has_heading(self) -> bool:
        """Whether its text begins with a heading of the first level."""
        first = self.parts[0] if self.parts else None
        return isinstance(first, Text) and first.markdown.lstrip().startswith("# ")


def build_parts(
    lesson: Lesson,
    trace_of: Callable[[Run, str], Trace],
    catalogues: Mapping[str, Catalogue],
    read_source: ReadSource,
) -> BuiltLesson:
    """Make each block of a lesson from its run.

    Args:
        lesson: as it was read.
        trace_of: gives the trace of a run on an engine.
        catalogues: explanations by language.
        read_source: gives the lines of a source file.

    Raises:
        LessonError: a block shows something that is not in the run.
    """
    made: list[Made] = []
    for part in lesson.parts:
        if isinstance(part, Text):
            made.append(part)
        else:
            trace = trace_of(part.run, part.engines[0])
            made.append(make_block(part, lesson, trace, catalogues[lesson.language], read_source))
    return BuiltLesson(lesson, tuple(made))


def make_block(
    block: Show | Expect | Ask,
    lesson: Lesson,
    trace: Trace,
    catalogue: Catalogue,
    read_source: ReadSource,
    theme: Theme = Theme.AUTO,
    id_prefix: str = "",
) -> Figure | Checked | Answered:
    """Make one block from its run.

    Args:
        block: of the lesson.
        lesson: for the language, and the path in messages.
        trace: the run.
        catalogue: explanations in the lesson's language.
        read_source: gives the lines of a source file.
        theme: of a drawing.
        id_prefix: put before every ``id`` of a drawing.

    Raises:
        LessonError: it shows something that is not in the run.
    """
    if isinstance(block, Expect):
        results = [
            check_expectation(each, trace, block.request, lesson.language) for each in block.expectations
        ]
        return Checked(_described(block, trace), tuple(results))
    if isinstance(block, Ask):
        answer = fact_of(block, trace, lesson.language)
        missing = lesson_words(lesson.language).not_called.format(name=block.name)
        return Answered(block.question, answer or missing, block.because)
    try:
        return draw_figure(block, trace, catalogue, read_source, theme, id_prefix)
    except UsageError as error:
        raise LessonError(lesson.path, block.line, str(error)) from None


def check_show(show: Show, lesson: Lesson, trace: Trace, catalogue: Catalogue) -> None:
    """Find out whether what a block shows is in its run, without drawing it.

    Raises:
        LessonError: it is not.
    """
    try:
        selected(show, trace, catalogue)
    except UsageError as error:
        raise LessonError(lesson.path, show.line, str(error)) from None


def _described(block: Expect, trace: Trace) -> str:
    """``hello · Flask 1.1.4``."""
    requests = f" · {', '.join(block.run.requests)}" if block.run.requests else ""
    return f"{block.run.scenario}{requests} · Flask {trace.metadata.flask_version}"
