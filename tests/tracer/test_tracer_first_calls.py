"""The first calls of a function, in several threads at once: each is recorded, and recorded once."""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import pytest

from flasktrace.tracer.builder import Builder
from flasktrace.tracer.engines import available_engines, make_recorder
from flasktrace.tracer.model import Metadata, Returned, Trace
from flasktrace.tracer.monitoring import MonitoringRecorder
from flasktrace.tracer.recorder import RecorderOptions

_monitoring: Any = getattr(sys, "monitoring", None)
ENGINES = [name for name in available_engines() if name == "monitoring" or sys.version_info >= (3, 12)]
pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python has no sys.monitoring")


def step(number: int) -> int:
    """Calls itself ``number % 10`` times."""
    return step(number - 1) if number % 10 else number


def counting(number: int) -> Iterator[int]:
    """A generator that is made of others of its kind."""
    yield number
    if number % 10:
        yield from counting(number - 1)


def count(number: int) -> int:
    return sum(counting(number))


def record(engine: str, run: Callable[[], object]) -> Trace:
    recorder = make_recorder(RecorderOptions(), engine)
    with recorder:
        run()
    assert recorder.error_count == recorder.lost_count == 0
    trace = Builder(recorder).finish(Metadata(), [])
    trace.validate()
    return trace


def told(trace: Trace, name: str) -> list[int]:
    calls = [call for call in trace.calls if trace.function_of(call).name == name]
    assert all(isinstance(call.outcome, Returned) for call in calls)
    return sorted(int(call.parameters[0].text) for call in calls)


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("method", ["_get_ready", "_plan", "_keep", "_set_local_events"])
@pytest.mark.parametrize(("function", "name"), [(step, "step"), (count, "counting")])
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "setprofile"])
def test_a_thread_that_is_held_up_costs_no_other_a_call(
    engine: str,
    function: Callable[[int], int],
    name: str,
    method: str,
    is_before: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_there, may_go_on = threading.Event(), threading.Event()
    kind = type(make_recorder(RecorderOptions(), engine))
    original = getattr(kind, method)

    def held_up(self: MonitoringRecorder, code: CodeType, *rest: Any) -> Any:
        def hold() -> None:
            if code.co_name == name and threading.current_thread().name == "late" and not is_there.is_set():
                is_there.set()
                assert may_go_on.wait(20)

        if is_before:
            hold()
        result = original(self, code, *rest)
        if not is_before:
            hold()
        return result

    def run() -> None:
        late = threading.Thread(name="late", target=function, args=(12,))
        late.start()
        assert is_there.wait(20)
        function(32)  # meets what the other one has not done
        function(52)
        may_go_on.set()
        late.join()
        function(71)

    monkeypatch.setattr(kind, method, held_up)
    trace = record(engine, run)
    assert told(trace, name) == [10, 11, 12, 30, 31, 32, 50, 51, 52, 70, 71]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tool_that_has_all_told_anew_makes_no_call_two(engine: str) -> None:
    def again(number: int) -> int:
        _monitoring.restart_events()
        return step(number) if number % 10 < 2 else again(number - 1)

    def run() -> None:
        for tens in (10, 20):
            thread = threading.Thread(name=f"in {tens}", target=again, args=(tens + 4,))
            thread.start()
            thread.join()
            count(tens + 2)
            _monitoring.restart_events()

    trace = record(engine, run)
    assert told(trace, "again") == [11, 12, 13, 14, 21, 22, 23, 24]
    assert told(trace, "step") == [10, 11, 20, 21]
    assert told(trace, "counting") == [10, 11, 12, 20, 21, 22]
    assert [thread.name for thread in trace.threads if thread.started_by] == ["in 10", "in 20"]
    assert len(trace.threads) == 3


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("method", ["_keep", "_set_local_events"])
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "setprofile"])
def test_a_thread_that_is_held_up_until_the_recording_has_ended_leaves_nothing_turned_on(
    engine: str, method: str, is_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late_step(number: int) -> int:
        return number

    is_there, may_go_on = threading.Event(), threading.Event()
    kind = type(make_recorder(RecorderOptions(), engine))
    original = getattr(kind, method)

    def held_up(self: MonitoringRecorder, code: CodeType, *rest: Any) -> None:
        if not is_before:
            original(self, code, *rest)
        if code is late_step.__code__:
            is_there.set()
            assert may_go_on.wait(20)
        if is_before:
            original(self, code, *rest)

    monkeypatch.setattr(kind, method, held_up)
    late = threading.Thread(target=late_step, args=(1,))
    with make_recorder(RecorderOptions(), engine) as recorder:
        late.start()
        assert is_there.wait(20)
    may_go_on.set()
    late.join()
    monkeypatch.undo()
    assert recorder.error_count == 0
    for tool in range(6):
        _monitoring.use_tool_id(tool, "a look")
        assert _monitoring.get_local_events(tool, late_step.__code__) == 0
        _monitoring.free_tool_id(tool)
    assert told(record(engine, lambda: late_step(2)), "late_step") == [2]


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "setprofile"])
def test_a_function_that_is_met_where_there_is_no_room_for_the_recorder_is_met_again(engine: str) -> None:
    def leaf(number: int) -> int:
        return number

    def down() -> None:
        with contextlib.suppress(RecursionError):
            down()
        with contextlib.suppress(RecursionError):
            leaf(1)

    def run() -> None:
        down()
        leaf(2)

    recorder = make_recorder(RecorderOptions(), engine)
    with recorder:
        run()
    assert recorder.error_count == 0
    trace = Builder(recorder).finish(Metadata(), [])
    [last] = [call for call in trace.calls if call.parameters and call.parameters[0].text == "2"]
    assert trace.function_of(last).name == "leaf" and isinstance(last.outcome, Returned)
