"""The process in which ``flasktrace step --live`` runs the program; see ``tracer.live_play``."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from flasktrace.cli.recording import RecordOptions
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.live import Kind
from flasktrace.tracer.model import Origin


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be played live."""

    target: str
    arguments: tuple[str, ...]
    record: RecordOptions
    level: str
    is_listening: bool = False
    with_values: bool = True


def main() -> None:
    """Take the job from the pipe, play it, tell how it ended."""
    from flasktrace.tracer.errors import FlasktraceError
    from flasktrace.tracer.live_play import LivePlay
    from flasktrace.tracer.live_process import connection_of_parent

    try:
        connection = connection_of_parent()
        job = connection.recv()
    except (FlasktraceError, EOFError, OSError) as error:
        sys.exit(f"flasktrace: {error}")
    live = LivePlay(connection, kind_of(_catalogue()), job.level, job.is_listening)
    try:
        _play(job, live)
    except FlasktraceError as error:
        live.done(str(error))
    # As the walk is over, threads of the program's that still run are not waited for.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _catalogue() -> Catalogue:
    from flasktrace.scenarios.annotate import load_catalogue

    return load_catalogue("en")


def _play(job: Job, live: "object") -> None:
    from flasktrace.cli.recording import find_scenario
    from flasktrace.tracer.live_play import LivePlay
    from flasktrace.tracer.play import PlayOptions, play
    from flasktrace.tracer.scope import ScopeOptions

    assert isinstance(live, LivePlay)
    record = job.record
    options = PlayOptions(
        engine=record.engine,
        requests=record.requests,
        timeout_s=record.timeout_s,
        limit=record.limit,
        with_values=job.with_values,
        scope=ScopeOptions(include=record.include, exclude=record.exclude),
        mask=record.mask,
        live=live,
    )
    result = play(find_scenario(job.target, job.arguments), options)
    failure = "" if result.failure is None else str(result.failure)
    live.done(failure, result.program_traceback, result.was_interrupted, result.responses)


def kind_of(catalogue: Catalogue) -> Callable[[str, str, Origin, str], Kind]:
    """What functions are to a walk at each level."""

    def kind(module: str, qualname: str, origin: Origin, level: str) -> Kind:
        landmark = catalogue.landmark(module, qualname)
        is_user = origin is Origin.USER
        is_milestone = is_user or (landmark is not None and landmark.is_milestone)
        if level == "chapters":
            is_milestone = landmark is not None and landmark.is_chapter
        if is_milestone:
            return Kind.MILESTONE
        return Kind.STOP if level == "all" or (level == "pipeline" and landmark is not None) else Kind.NONE

    return kind


if __name__ == "__main__":
    main()
