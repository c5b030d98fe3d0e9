"""The recorder's engines against each other: the same programs, the same traces."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flasktrace.scenarios.catalog import list_scenarios
from flasktrace.tracer import query
from flasktrace.tracer.engines import available_engines, make_recorder
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Returned, Trace, Value
from flasktrace.tracer.recorder import RecorderOptions
from flasktrace.tracer.store import read_trace

# A play wants a process for itself: a fork of one that has imported all is cheap.
_PLAYER = """
import os, sys
from pathlib import Path
import flasktrace.framework, flasktrace.tracer.play as playing
flasktrace.framework.activate()
import flask, werkzeug.serving
recorder, folder, *scenarios = sys.argv[1:]
for target in scenarios:
    name = Path(target).stem
    process_id = os.fork()
    if process_id == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        path = Path(folder, f"{name}.flasktrace")
        options = playing.PlayOptions(recorder=recorder, trace_path=path, timeout_s=60.0)
        result = playing.play(playing.Scenario(target, name), options)
        sys.exit(f"{name}: {result.failure}" if result.failure else 0)
    if os.waitpid(process_id, 0)[1]:
        sys.exit(1)
"""
_APART = {
    "forks": "which of its processes says when what differs from run to run",
    "flask_run": "the command makes its own processes",
    "reloader": "its child process is started again",
}


def _value(value: Value | None) -> tuple[str, str] | None:
    return None if value is None else (value.name, value.class_name)


def story(trace: Trace) -> list[tuple[object, ...]]:
    """What must be alike in two recordings of one program: all but times, ids and the server's polling."""
    told: list[tuple[int, tuple[object, ...]]] = []
    for call in trace.calls:
        function, outcome = trace.function_of(call), call.outcome
        if function.module.startswith("selectors") or function.name in ("service_actions", "serve_forever"):
            continue
        came_back = _value(outcome.value) if isinstance(outcome, Returned) else None
        values = (_value(call.receiver), *map(_value, call.parameters))
        kind = type(outcome).__name__, getattr(outcome, "class_name", ""), getattr(outcome, "line_number", 0)
        row = (function.dotted_name, call.depth, call.call_line, kind, came_back, values)
        told.append((call.request_id or 0, row))
    # Threads run side by side: each request's story is one of its own.
    return [(request_id, *row) for request_id, row in sorted(told, key=lambda each: each[0])]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """For each engine of the recorder a folder with the traces of all scenarios, on the bundled Flask."""
    targets = [str(each.path) for each in list_scenarios() if each.name not in _APART]
    folders = {name: tmp_path_factory.mktemp(name) for name in available_engines()}
    players = [
        subprocess.Popen(
            [sys.executable, "-c", _PLAYER, name, str(folder), *targets],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, folder in folders.items()
    ]
    for player in players:
        said, _ = player.communicate(timeout=240)
        assert player.returncode == 0, said
    yield folders


@pytest.mark.skipif(len(available_engines()) < 2, reason="this Python has one engine of the recorder only")
def test_every_scenario_has_the_same_trace_whichever_engine_records_it(recorded: dict[str, Path]) -> None:
    for scenario in list_scenarios():
        if scenario.name in _APART:
            continue
        traces = {
            name: read_trace(folder / f"{scenario.name}.flasktrace") for name, folder in recorded.items()
        }
        reference = story(traces["setprofile"])
        assert len(reference) > 100
        for name, trace in traces.items():
            assert trace.metadata.recorder == name
            assert story(trace) == reference, f"{scenario.name}, {name}"
            assert len(trace.markers) == len(traces["setprofile"].markers), f"{scenario.name}, {name}"
            assert query.contains_chain(trace, ["Flask.__init__", "Flask.wsgi_app"])


def test_the_fastest_engine_comes_first_and_others_are_had_by_name() -> None:
    names = available_engines()
    assert names[-1] == "setprofile"
    assert make_recorder().engine == names[0]
    for name in names:
        assert make_recorder(engine=name).engine == name


def test_an_engine_that_is_not_there_is_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match=r"'warp' cannot be had here: choose one of .*setprofile"):
        make_recorder(engine="warp")


def test_what_the_hooks_in_c_cannot_do_is_left_to_python() -> None:
    odd = RecorderOptions(clock=lambda: 1)
    assert "native" not in available_engines(odd)
    assert make_recorder(odd).engine != "native"
