"""What the extensions for Sphinx and MkDocs share: a block of a page is made from a run at build time."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flasktrace.cli.lessons import Recordings, scenario_target
from flasktrace.cli.paging import read_source
from flasktrace.cli.recording import RecordOptions
from flasktrace.cli.recording_apart import run_apart
from flasktrace.reports.chain.check import Verdict
from flasktrace.reports.chain.report import verdict_words
from flasktrace.reports.lessons.building import Answered, Checked, make_block
from flasktrace.reports.lessons.figures import Figure
from flasktrace.reports.lessons.lesson import ENGINES, Ask, Expect, Lesson, LessonError, Run, Show
from flasktrace.reports.sequence import Theme
from flasktrace.reports.text import clean
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.errors import FlasktraceError, ScenarioError, UsageError
from flasktrace.tracer.model import Origin, Trace
from flasktrace.tracer.program import Scenario

MAX_TOLD_LINES = 30


@dataclass(frozen=True, slots=True)
class Embedded:
    """A block that was made.

    Attributes:
        made: what is to stand in the page.
        files: the user's own scripts and modules that ran: when one changes the page is to be made anew.
    """

    made: Figure | Checked | Answered
    files: tuple[Path, ...]


class Embedder:
    """Makes blocks from runs, in processes of their own; each run is recorded once."""

    def __init__(self) -> None:
        self._recordings = Recordings(record_for_page)

    def make(
        self,
        block: Show | Expect | Ask,
        lesson: Lesson,
        theme: Theme = Theme.PAGE,
        id_prefix: str = "",
    ) -> Iterator[Embedded]:
        """Make a block; claims are held against a run on each of its engines, the rest takes the first.

        Args:
            block: as it was read.
            lesson: the page it is from: the path, which a script's path is relative to, and the language.
            theme: of a drawing.
            id_prefix: put before every ``id`` of a drawing.

        Raises:
            LessonError: it shows what is not in the run, or the run failed.
        """
        for engine in block.engines if isinstance(block, Expect) else block.engines[:1]:
            try:
                trace = self._recordings.trace(lesson, block.run, engine)
            except FlasktraceError as error:
                raise LessonError(lesson.path, block.line, str(error)) from None
            catalogue = load_catalogue(lesson.language)
            made = make_block(block, lesson, trace, catalogue, read_source, theme, id_prefix)
            yield Embedded(made, files_of(trace))


def record_for_page(target: str, record: RecordOptions) -> Trace:
    """Record a scenario quietly, with the modules that this process finds.

    Raises:
        ScenarioError: it failed; what was said last, the program's own traceback, stands below the message.
    """
    run = run_apart(target, record, import_path=import_path())
    if not run.status and run.trace is not None:
        return run.trace
    *said, reason = run.output.strip().splitlines() or ["it said nothing"]
    told = "".join(f"\n    {clean(line)}" for line in said[-MAX_TOLD_LINES:])
    reason = clean(reason.removeprefix("flasktrace: ")).replace(
        "see its traceback above", "see its traceback"
    )
    raise ScenarioError(f"no run of {target} on the {record.engine} engine: {reason}{told}")


def import_path() -> tuple[str, ...]:
    """The folders that this process imports from; a configuration file may have added some."""
    return tuple(dict.fromkeys(os.path.abspath(path) for path in sys.path))


def script_of(lesson: Lesson, run: Run) -> Path | None:
    """The script that a block names, whether it works or not; None where it names something else."""
    try:
        target = Path(Scenario(scenario_target(lesson, run)).path)
    except FlasktraceError:
        return None
    return target.resolve() if target.is_file() else None


def files_of(trace: Trace) -> tuple[Path, ...]:
    """The user's own files that took part in a run."""
    own = (function.file_path for function in trace.functions.values() if function.origin is Origin.USER)
    found = [path.resolve() for path in map(Path, dict.fromkeys(own)) if path.is_file()]
    return tuple(dict.fromkeys(found))


def page_as_lesson(path: str, scenario: str, engine: str, requests: Sequence[str], language: str) -> Lesson:
    """A page of documentation, for what its blocks do not say themselves.

    Args:
        path: of the page's source.
        scenario: "" where each block has to name its own.
        engine: ``bundled``, ``installed`` or ``both``.
        requests: as ``-r`` takes them.
        language: of the documentation, as its tool calls it: ``zh_CN``, ``en``, ``de``.

    Raises:
        UsageError: there is no such engine.
    """
    engines = ENGINES if engine == "both" else (engine,)
    if not set(engines) <= set(ENGINES):
        raise UsageError(f"flasktrace: there is no engine {engine!r}: write bundled, installed or both")
    return Lesson(
        path, "", "zh" if language.lower().startswith("zh") else "en", Run(scenario, tuple(requests)), engines
    )


def complaints(checked: Checked, language: str) -> Iterator[tuple[int, str]]:
    """The claims that a run did not bear out, with their lines."""
    for result in checked.results:
        if result.verdict is Verdict.FALSE:
            really = f" ({result.really})" if result.really else ""
            yield result.line, f"{verdict_words(language)[result.verdict]}: {result.text}{really}"
