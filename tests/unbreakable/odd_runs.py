"""Runs of scripts by the command line and by the public functions, for the tests of this folder."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flasktrace.tracer.builder import Builder
from flasktrace.tracer.capture import Texts
from flasktrace.tracer.engines import make_recorder
from flasktrace.tracer.model import Call, Metadata, Trace
from flasktrace.tracer.recorder import Recorder, RecorderOptions

APP = """\
from flask import Flask
app = Flask(__name__)
@app.route('/')
def index():
    return 'hi'
"""
RUN = APP + "app.run()\n"


# The command, in a process that has one engine only: there is no option for it.
WITH_ENGINE = """\
import sys
from flasktrace.tracer import engines
only = [sys.argv.pop(1)]
engines.available_engines = lambda options=None: only
from flasktrace.cli import main
main()
"""


def flasktrace(
    folder: Path,
    *arguments: str,
    stdin: str = "",
    options: tuple[str, ...] = (),
    timeout_s: float = 60,
    environment: Mapping[str, str] | None = None,
    recorder: str = "",
) -> "subprocess.CompletedProcess[str]":
    """Run the command in a folder, with one of the recorder's engines."""
    command = ("-P", "-c", WITH_ENGINE, recorder) if recorder else ("-m", "flasktrace")
    return subprocess.run(
        [sys.executable, *options, *command, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        input=stdin,
        errors="surrogateescape",
        env={**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **(environment or {})},
        timeout=timeout_s,
    )


def run_script(
    folder: Path,
    source: str | bytes,
    *arguments: str,
    name: str = "shop.py",
    stdin: str = "",
    timeout_s: float = 60,
    environment: Mapping[str, str] | None = None,
    recorder: str = "",
) -> "subprocess.CompletedProcess[str]":
    """Write a script into a folder and ``flasktrace run`` it there, on the installed Flask unless told."""
    (folder / name).write_bytes(source.encode() if isinstance(source, str) else source)
    if "--engine" not in arguments:
        arguments = ("--engine", "installed", *arguments)
    return flasktrace(
        folder,
        *("run", name, "--lang", "en", "--timeout", "10", *arguments),
        stdin=stdin,
        timeout_s=timeout_s,
        environment=environment,
        recorder=recorder,
    )


def our_lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """What flasktrace itself had to say on stderr."""
    return [line for line in done.stderr.splitlines() if line.startswith("flasktrace: ")]


def record(function: Callable[[], object], engine: str, texts: Texts | None = None) -> Trace:
    """The trace of one function's calls, recorded by one engine with all values."""
    recorder = make_recorder(RecorderOptions(), engine)
    with recorder:
        function()
    return built(recorder, texts)


def built(recorder: Recorder, texts: Texts | None = None) -> Trace:
    """The checked trace of a recorder that had no trouble."""
    assert recorder.error_count == 0
    trace = Builder(recorder, texts).finish(Metadata(), [])
    trace.validate()
    return trace


def calls_named(trace: Trace, name: str) -> list[Call]:
    """The calls of the functions of a name."""
    return [call for call in trace.calls if trace.function_of(call).name == name]


@contextmanager
def recording(engine: str) -> Iterator[Recorder]:
    """A recorder at work, with all values."""
    with make_recorder(RecorderOptions(), engine) as recorder:
        yield recorder
