"""Lessons joined to their runs: read, recorded, checked; ``lesson_building`` writes them."""

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from flasktrace.cli.recording import RecordOptions, find_scenario, join_requests, split_request
from flasktrace.cli.recording_apart import record_apart
from flasktrace.reports.chain.check import Verdict
from flasktrace.reports.lessons import Ask, Expect, Lesson, Result, check_ask, check_expectation, parse_lesson
from flasktrace.reports.lessons.building import check_show
from flasktrace.reports.lessons.lesson import ENGINES, Run
from flasktrace.reports.lessons.report import write_results
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.errors import ScenarioError, UsageError
from flasktrace.tracer.model import Trace
from flasktrace.tracer.program import Scenario
from flasktrace.tracer.requests import PlannedRequest


def find_lessons(paths: Sequence[Path]) -> list[Path]:
    """The lessons that the arguments name, the Markdown files of folders among them, each once.

    Raises:
        UsageError: a path is neither, or a folder holds none.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.glob("*.md") if _is_lesson(each))
            if not inside:
                raise UsageError(f"no lesson in {path}: a lesson is a .md file that begins with ---")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError(f"no lesson {path}: give the path of a Markdown file, or of a folder of them")
    return list(dict.fromkeys(found))


def _is_lesson(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            return stream.readline(80).strip() == "---"
    except OSError:
        return False


def read_lesson(path: Path) -> Lesson:
    """Read a lesson's file.

    Raises:
        UsageError: it cannot be read, or is malformed.
    """
    try:
        return parse_lesson(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the lesson {path}: {error}") from None


class Recordings:
    """The runs that lessons ask for, each recorded once.

    Args:
        record: records a scenario.
    """

    def __init__(self, record: "Callable[[str, RecordOptions], Trace] | None" = None) -> None:
        self._record = record or _record
        self._traces: dict[tuple[str, tuple[str, ...], str], Trace] = {}

    def trace(self, lesson: Lesson, run: Run, engine: str) -> Trace:
        """The trace of a run on an engine.

        Raises:
            FlasktraceError: the scenario cannot be found, or fails.
        """
        target = scenario_target(lesson, run)
        key = (target, run.requests, engine)
        if key not in self._traces:
            requests = tuple(_request(lesson, text) for text in run.requests)
            self._traces[key] = self._record(target, RecordOptions(engine=engine, requests=requests))
        return self._traces[key]


def _record(target: str, record: RecordOptions) -> Trace:
    if sys.stderr.isatty():
        print(f"flasktrace: recording {target} on the {record.engine} engine", file=sys.stderr)
    return record_apart(target, record, is_quiet=True)


def scenario_target(lesson: Lesson, run: Run) -> str:
    """What a lesson's scenario names: a path is meant relative to the lesson.

    Raises:
        ScenarioError: there is no such scenario.
    """
    path = Scenario(run.scenario).path
    is_path = path.endswith((".py", "/")) or "/" in path
    beside = Path(lesson.path).parent / path
    target = str(beside) + run.scenario[len(path) :] if is_path and beside.exists() else run.scenario
    find_scenario(target)
    if is_path and not Path(Scenario(target).path).exists():
        raise ScenarioError(f"no scenario {run.scenario}: a path is meant relative to {lesson.path}")
    return target


def _request(lesson: Lesson, text: str) -> PlannedRequest:
    try:
        words = join_requests(["-r", *_words(text)])
        if len(words) != 2:
            raise UsageError(f"the request {text!r} holds {words[2]!r}: only -H and -d go with a request")
        return split_request(words[1])
    except UsageError as error:
        raise UsageError(f"{lesson.path}: {error}") from None


def _words(text: str) -> list[str]:
    """``POST /login -d a=b`` as the arguments behind ``-r``."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"the request {text!r} has {str(error).lower()}") from None
    options = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    return [" ".join(words[:options]), *words[options:]]


def check_lesson(lesson: Lesson, engine: str, recordings: Recordings, language: str) -> list[Result]:
    """Hold a lesson's expectations and questions against runs on one engine.

    Raises:
        UsageError: its scenario cannot be found, or a block shows what is not in its run.
    """
    results: list[Result] = []
    scenario_target(lesson, lesson.run)
    catalogue = load_catalogue(lesson.language)
    for block in lesson.blocks():
        if engine not in block.engines:
            continue
        trace = recordings.trace(lesson, block.run, engine)
        if isinstance(block, Expect):
            results += [
                check_expectation(each, trace, block.request, language) for each in block.expectations
            ]
        elif isinstance(block, Ask):
            results.append(check_ask(block, trace, language))
        else:
            check_show(block, lesson, trace, catalogue)
    return results


def engines_of(lesson: Lesson, engine: str | None) -> Iterator[str]:
    """The engines to check a lesson on: the one asked for, else those it names anywhere."""
    if engine is not None:
        yield from ENGINES if engine == "both" else (engine,)
        return
    named = {each for block in lesson.blocks() for each in block.engines} | set(lesson.engines)
    yield from (each for each in ENGINES if each in named)


def on_engine(lesson: Lesson, engine: str) -> Lesson:
    """The lesson with the blocks that name no engine of their own moved to ``engine``."""
    from dataclasses import replace

    from flasktrace.reports.lessons.lesson import Text

    parts = [
        part if isinstance(part, Text) or part.engines != lesson.engines else replace(part, engines=(engine,))
        for part in lesson.parts
    ]
    return replace(lesson, engines=(engine,), parts=parts)


def check_lessons(
    lessons: Sequence[Lesson],
    engine: str | None,
    stream: TextIO,
    language: str,
    recordings: Recordings | None = None,
) -> int:
    """Check lessons, write what was found, and give the exit status: 1 when something is false."""
    recordings = recordings or Recordings()
    is_false = False
    for lesson in lessons:
        for each in engines_of(lesson, engine):
            asked = on_engine(lesson, each) if engine is not None else lesson
            results = check_lesson(asked, each, recordings, language)
            title = f"{lesson.path} ({each})"
            write_results(title, results, stream, language, is_coloured=stream.isatty())
            is_false |= any(result.verdict is Verdict.FALSE for result in results)
    return 1 if is_false else 0
