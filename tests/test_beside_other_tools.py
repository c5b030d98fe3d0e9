"""Recording beside coverage, debuggers and profilers: both work, or it is said who holds the hook."""

import cProfile
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import flasktrace
from flasktrace.tracer.engines import available_engines
from flasktrace.tracer.model import Raised
from flasktrace.tracer.store import read_trace

ENGINES = available_engines()
HAS_MONITORING = "monitoring" in ENGINES


def work(number: int) -> int:
    return helper(number) + 1


def helper(number: int) -> int:
    return number * 2


@pytest.mark.parametrize("recorder", ENGINES)
def test_a_trace_function_as_coverage_and_pdb_have_it_sees_every_line(recorder: str) -> None:
    lines: list[tuple[str, int]] = []

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename == __file__ and event == "line":
            lines.append((frame.f_code.co_name, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with flasktrace.record(recorder=recorder) as recording:
            assert work(2) == 5
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)
    assert {"work", "helper"} <= {name for name, _ in lines}
    recording.assert_calls("work -> helper")


def test_a_profile_function_that_was_there_is_there_again() -> None:
    seen: list[str] = []

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        seen.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        with flasktrace.record(recorder="setprofile") as recording:
            work(1)
        assert sys.getprofile() is profile
        helper(1)
    finally:
        sys.setprofile(before)
    assert "helper" in seen
    recording.assert_calls("work -> helper")


def test_a_profiler_that_takes_the_hook_is_named_and_left_alone() -> None:
    def profile(frame: FrameType, event: str, argument: Any) -> None:
        pass

    before = sys.getprofile()
    try:
        with (
            pytest.warns(RuntimeWarning, match=r"<locals>\.profile took the profiling hook"),
            flasktrace.record(recorder="setprofile") as recording,
        ):
            work(1)
            sys.setprofile(profile)
            work(2)
        assert sys.getprofile() is profile
    finally:
        sys.setprofile(before)
    assert len(recording.calls("work")) == 1
    recording.trace.validate()


@pytest.mark.skipif(not HAS_MONITORING, reason="up to Python 3.11 cProfile takes the only hook there is")
def test_cprofile_and_the_recording_see_the_same_calls() -> None:
    with cProfile.Profile() as profile, flasktrace.record() as recording:
        work(1)
    assert recording.trace.metadata.recorder == available_engines()[0]
    assert len(recording.calls("helper")) == 1
    profile.create_stats()
    names = {name for _, _, name in profile.stats}
    assert {"work", "helper"} <= names


@pytest.mark.skipif(HAS_MONITORING, reason="from Python 3.12 on both work")
def test_a_profiler_in_c_keeps_the_only_hook_and_is_named() -> None:
    profile = cProfile.Profile()
    profile.enable()
    try:
        with (
            pytest.warns(RuntimeWarning, match=r"Profile holds the profiling hook"),
            flasktrace.record() as recording,
        ):
            work(1)
        holder: object = sys.getprofile()
        assert holder is profile
    finally:
        profile.disable()
    assert len(recording.trace.calls) == 0
    profile.create_stats()
    assert {"work", "helper"} <= {name for _, _, name in profile.stats}


@pytest.mark.skipif(not HAS_MONITORING, reason="sys.monitoring came with Python 3.12")
def test_where_all_tool_ids_are_taken_it_records_with_setprofile() -> None:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
    taken = [tool for tool in range(6) if monitoring.get_tool(tool) is None]
    for tool in taken:
        monitoring.use_tool_id(tool, "another")
    try:
        with flasktrace.record() as recording:
            work(1)
    finally:
        for tool in taken:
            monitoring.free_tool_id(tool)
    assert recording.trace.metadata.recorder == "setprofile"
    recording.assert_calls("work -> helper")


@pytest.mark.skipif(not HAS_MONITORING, reason="sys.monitoring came with Python 3.12")
def test_no_tool_id_stays_taken() -> None:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
    before = [monitoring.get_tool(tool) for tool in range(6)]
    with pytest.raises(LookupError), flasktrace.record(recorder="monitoring"):
        raise LookupError
    assert [monitoring.get_tool(tool) for tool in range(6)] == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("recorder", ENGINES)
def test_the_calls_of_a_forked_child_come_home(recorder: str, tmp_path: Path) -> None:
    script = f"""\
import os, warnings
import flasktrace
def helper(number):
    return number
def failing():
    error = LookupError("in the child")
    raise error
def parent():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of forks where there are threads
        child = os.fork()
    if not child:
        try:
            failing()
        except LookupError:
            helper(7)
        os._exit(0)
    os.waitpid(child, 0)
with flasktrace.record({str(tmp_path / "trace.flasktrace")!r}, recorder={recorder!r}):
    parent()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    trace = read_trace(tmp_path / "trace.flasktrace")
    trace.validate()
    [call] = [call for call in trace.calls if trace.function_of(call).qualname == "helper"]
    assert call.parent_id is not None
    assert trace.function_of(trace.call(call.parent_id)).qualname == "parent"
    assert [thread.process_id > 0 for thread in trace.threads] == [False, True]
    [failed] = [call for call in trace.calls if trace.function_of(call).qualname == "failing"]
    assert isinstance(failed.outcome, Raised)
    assert (failed.outcome.class_name, failed.outcome.text) == ("LookupError", "in the child")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_leaves_the_recording_neither_hangs_nor_writes(tmp_path: Path) -> None:
    script = f"""\
import os, warnings
import flasktrace
warnings.simplefilter("ignore")
with flasktrace.record({str(tmp_path / "trace.flasktrace")!r}) as recording:
    child = os.fork()
    recording.trace
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    read_trace(tmp_path / "trace.flasktrace").validate()


def test_coverage_measures_a_program_that_is_recorded(
    tmp_path: Path, cannot_run: Callable[[str], None]
) -> None:
    if subprocess.run([sys.executable, "-c", "import coverage"], capture_output=True).returncode:
        cannot_run("coverage is not installed")
    Path(tmp_path, "shop.py").write_text(
        "import flasktrace\n"
        "def helper():\n"
        "    return 1\n"
        "with flasktrace.record() as recording:\n"
        "    helper()\n"
        "recording.assert_calls('helper')\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    for arguments in (("run", "shop.py"), ("report", "--include=shop.py", "--fail-under=100")):
        done = subprocess.run(
            [sys.executable, "-m", "coverage", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_warned_of_without_a_reason() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with flasktrace.record():
            work(1)
