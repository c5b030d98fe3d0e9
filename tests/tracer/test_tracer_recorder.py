"""What the recorder records, and that the program does not notice."""

import _thread
import contextlib
import dis
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from flasktrace.tracer import recorder as recorder_module
from flasktrace.tracer.builder import Builder
from flasktrace.tracer.engines import ENGINES, available_engines, make_recorder
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Call, Metadata, Origin, Raised, Returned, Trace, Unfinished
from flasktrace.tracer.recorder import Recorder, RecorderOptions
from flasktrace.tracer.scope import ScopeOptions

AVAILABLE = [ENGINES[name] for name in available_engines()]


@pytest.fixture(params=AVAILABLE, ids=lambda engine: engine.engine)
def record(request: pytest.FixtureRequest) -> Callable[..., Trace]:
    def run(function: Callable[[], object], limit: int = 100_000, **options: Any) -> Trace:
        recorder = request.param(RecorderOptions(**options))
        with recorder, contextlib.suppress(Expected):
            function()
        assert available_engines()[0] == AVAILABLE[0].engine, "a tool id was left taken"
        assert recorder.error_count == 0
        trace = Builder(recorder, limit=limit).finish(Metadata(), [])
        trace.validate()
        return trace

    return run


class Expected(Exception):
    """Raised by the traced functions below."""


def names(trace: Trace) -> list[str]:
    return [trace.function_of(call).qualname.rpartition("<locals>.")[2] for call in trace.calls]


def by_name(trace: Trace, name: str) -> list[Call]:
    return [call for call in trace.calls if trace.function_of(call).name == name]


def raise_expected() -> None:
    raise Expected


def leaf(x: int) -> int:
    return x + 1


def test_an_exception_that_leaves_the_recorded_code_is_named(record: Callable[..., Trace]) -> None:
    def failing() -> None:
        raise Expected("out of it all")

    (call,) = by_name(record(failing), "failing")
    assert isinstance(call.outcome, Raised)
    assert (call.outcome.class_name, call.outcome.text) == ("Expected", "out of it all")


def test_calls_nest_with_their_lines_and_values(record: Callable[..., Trace]) -> None:
    def outer() -> int:
        return leaf(41)

    trace = record(outer)
    assert names(trace) == ["outer", "leaf"]
    first, second = trace.calls
    assert second.parent_id == first.id and second.depth == 1
    assert second.call_line == outer.__code__.co_firstlineno + 1
    assert [(value.name, value.text) for value in second.parameters] == [("x", "41")]
    assert isinstance(second.outcome, Returned) and second.outcome.value
    assert second.outcome.value.text == "42"
    assert second.outcome.line_number == leaf.__code__.co_firstlineno + 1
    assert trace.function_of(second).origin is Origin.USER


def test_a_call_by_generated_code_shows_the_line_there(record: Callable[..., Trace]) -> None:
    @dataclass
    class Point:
        x: int
        y: int = field(default_factory=lambda: leaf(1))

        def __post_init__(self) -> None:
            leaf(self.x)

    trace = record(lambda: Point(1))
    (made,), (post_init,) = by_name(trace, "__init__"), by_name(trace, "__post_init__")
    instructions = dis.get_instructions(Point.__init__)
    (line,) = {
        each.positions.lineno for each in instructions if each.argval == "__post_init__" and each.positions
    }
    assert post_init.call_line == line
    assert made.call_line != line


def test_a_method_shows_the_actual_class_and_the_defining_one(record: Callable[..., Trace]) -> None:
    class Base:
        def greet(self, *args: int, **kwargs: int) -> None:
            pass

    class Derived(Base):
        pass

    trace = record(lambda: Derived().greet(1, b=2))
    call = by_name(trace, "greet")[0]
    assert call.receiver is not None and call.receiver.class_name == "Derived"
    assert trace.function_of(call).qualname.endswith("Base.greet")
    assert [value.text for value in call.parameters] == ["(1,)", "{'b': 2}"]


def test_raised_is_told_from_returned_none(record: Callable[..., Trace]) -> None:
    def returns_none() -> None:
        return None

    def raises() -> None:
        raise Expected("boom")

    def passes_on() -> None:
        raises()

    def program() -> None:
        returns_none()
        with contextlib.suppress(Expected):
            passes_on()

    trace = record(program)
    assert isinstance(by_name(trace, "returns_none")[0].outcome, Returned)
    for name in ("raises", "passes_on"):
        outcome = by_name(trace, name)[0].outcome
        assert isinstance(outcome, Raised)
        assert outcome.class_name == "Expected"
    assert isinstance(by_name(trace, "program")[0].outcome, Returned)


def test_the_line_that_raises_is_told_where_the_function_has_handlers(record: Callable[..., Trace]) -> None:
    def in_place_of_another() -> None:
        try:
            raise_expected()
        except Expected:
            raise ValueError("another") from None

    def in_a_with() -> None:
        with contextlib.ExitStack():
            raise_expected()

    def run() -> None:
        for function in (in_place_of_another, in_a_with):
            with contextlib.suppress(ValueError, Expected):
                function()

    trace = record(run)
    for function, line in ((in_place_of_another, 4), (in_a_with, 2)):
        (call,) = by_name(trace, function.__name__)
        assert isinstance(call.outcome, Raised)
        assert call.outcome.line_number == function.__code__.co_firstlineno + line, function.__name__


def test_the_text_of_an_exception_comes_from_its_handler(record: Callable[..., Trace]) -> None:
    def raises() -> None:
        raise Expected("first")

    def changes() -> None:
        try:
            raises()
        except Expected as error:
            raise ValueError("second") from error

    def program() -> int:
        try:
            changes()
        except ValueError:
            return leaf(0)
        return 0

    trace = record(program)
    outcomes = [by_name(trace, name)[0].outcome for name in ("raises", "changes")]
    assert [(o.class_name, o.text) for o in outcomes if isinstance(o, Raised)] == [
        ("Expected", "first"),
        ("ValueError", "second"),
    ]


def classes(trace: Trace, name: str) -> list[str]:
    """Of the exceptions that have left the calls of a function."""
    return [call.outcome.class_name for call in by_name(trace, name) if isinstance(call.outcome, Raised)]


def test_what_a_handler_has_a_function_raise_again_is_named(record: Callable[..., Trace]) -> None:
    def fails() -> None:
        raise Expected("again")

    def look_at(error: Exception) -> None:
        leaf(0)
        if error:
            raise  # what the caller handles

    def handles() -> None:
        try:
            fails()
        except Expected as error:
            look_at(error)

    def program() -> None:
        try:
            handles()
        except Expected:
            leaf(0)

    trace = record(program)
    assert [classes(trace, name) for name in ("fails", "look_at", "handles")] == [["Expected"]] * 3


def test_what_is_handled_all_the_while_does_not_name_what_comes_meanwhile(
    record: Callable[..., Trace],
) -> None:
    def refuses() -> None:
        raise ValueError

    def through(kind: int) -> None:
        if kind:
            raise Expected
        refuses()

    def program() -> None:
        try:
            through(1)
        except Expected:
            seen = 0
            try:
                through(0)
            except ValueError:
                seen = 1  # which calls nothing
            leaf(seen)

    trace = record(program)
    assert classes(trace, "through") == ["Expected", "ValueError"]


def numbers(count: int) -> Iterator[int]:
    for i in range(count):
        yield leaf(i)


def test_a_generator_is_one_activation(record: Callable[..., Trace]) -> None:
    trace = record(lambda: list(numbers(3)))
    assert names(trace) == ["<lambda>", "numbers", "leaf", "leaf", "leaf"]
    call = by_name(trace, "numbers")[0]
    assert {inner.parent_id for inner in by_name(trace, "leaf")} == {call.id}
    assert isinstance(call.outcome, Returned) and call.outcome.value and call.outcome.value.text == "None"
    assert not trace.markers


def test_a_generator_resumed_elsewhere_leaves_a_marker(record: Callable[..., Trace]) -> None:
    def begin() -> Iterator[int]:
        iterator = numbers(2)
        next(iterator)
        return iterator

    def go_on(iterator: Iterator[int]) -> None:
        list(iterator)

    trace = record(lambda: go_on(begin()))
    generator, other = by_name(trace, "numbers")[0], by_name(trace, "go_on")[0]
    assert generator.parent_id == by_name(trace, "begin")[0].id
    assert [leaf.parent_id for leaf in by_name(trace, "leaf")] == [generator.id, other.id]
    assert {(m.kind, m.call_id, m.data["under"]) for m in trace.markers} == {
        ("resumed", generator.id, other.id)
    }
    assert isinstance(generator.outcome, Returned)


def test_a_generator_left_open_is_unfinished(record: Callable[..., Trace]) -> None:
    kept = []

    def program() -> None:
        kept.append(numbers(2))
        next(kept[0])

    trace = record(program)
    assert isinstance(by_name(trace, "numbers")[0].outcome, Unfinished)


def test_a_closed_generator_has_not_failed(record: Callable[..., Trace]) -> None:
    def program() -> None:
        iterator = numbers(2)
        next(iterator)
        iterator.close()  # type: ignore[attr-defined]

    assert not isinstance(by_name(record(program), "numbers")[0].outcome, Raised)


def test_coroutines_are_one_activation_each(record: Callable[..., Trace]) -> None:
    import asyncio

    async def inner() -> int:
        await asyncio.sleep(0)
        return 1

    async def program() -> int:
        return await inner() + await inner()

    trace = record(lambda: asyncio.run(program()))
    assert names(trace).count("inner") == 2 and names(trace).count("program") == 1


def test_a_thread_is_joined_to_the_call_that_started_it(record: Callable[..., Trace]) -> None:
    def starter() -> None:
        thread = threading.Thread(target=leaf, args=(1,), name="worker")
        thread.start()
        thread.join()

    trace = record(starter)
    call = by_name(trace, "leaf")[0]
    assert call.parent_id == by_name(trace, "starter")[0].id
    worker = next(thread for thread in trace.threads if thread.id == call.thread_id)
    assert (worker.name, worker.started_by) == ("worker", call.parent_id)


def test_two_hundred_threads_lose_nothing(record: Callable[..., Trace]) -> None:
    def work(n: int) -> None:
        for i in range(20):
            leaf(i)

    def program() -> None:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    trace = record(program)
    assert len(by_name(trace, "leaf")) == 4000 and len(by_name(trace, "work")) == 200
    assert len(trace.threads) == 201


def test_previous_hooks_are_put_back() -> None:
    def mine(*_: object) -> None:
        pass

    before = sys.getprofile(), threading.getprofile()
    sys.setprofile(mine)
    threading.setprofile(mine)
    try:
        with Recorder():
            leaf(1)
        assert (sys.getprofile(), threading.getprofile()) == (mine, mine)
    finally:
        sys.setprofile(before[0])
        threading.setprofile(before[1])


def test_what_is_over_the_limit_is_counted(record: Callable[..., Trace]) -> None:
    def program() -> None:
        for i in range(100):
            leaf(i)

    trace = record(program, limit=11)
    assert len(trace.calls) == 11
    assert trace.dropped_count == 90


def test_values_can_be_left_out(record: Callable[..., Trace]) -> None:
    trace = record(lambda: leaf(1), with_values=False)
    call = by_name(trace, "leaf")[0]
    assert call.parameters == () and isinstance(call.outcome, Returned) and call.outcome.value is None


def test_scope_can_leave_the_program_out(record: Callable[..., Trace]) -> None:
    trace = record(lambda: leaf(1), scope=ScopeOptions(exclude=("*test_tracer_recorder.py",)))
    assert len(trace.calls) == 0


def test_the_standard_library_and_ourselves_are_not_recorded(record: Callable[..., Trace]) -> None:
    import json

    trace = record(lambda: json.loads(json.dumps({"a": [1, 2]}, indent=1)))
    assert names(trace) == ["<lambda>"]


def test_an_object_is_not_kept_alive(record: Callable[..., Trace]) -> None:
    class Big:
        pass

    references: list[weakref.ref[Big]] = []

    def take(big: Big) -> Big:
        return big

    def program() -> None:
        big = Big()
        references.append(weakref.ref(big))
        take(big)

    trace = record(program)
    gc.collect()
    assert references[0]() is None
    assert by_name(trace, "take")[0].parameters[0].text == "<Big>"


def test_deep_recursion_ends_as_it_would_untraced(record: Callable[..., Trace]) -> None:
    def deeper(n: int) -> int:
        return deeper(n + 1)

    ended: list[str] = []

    def program() -> None:
        try:
            deeper(0)
        except RecursionError as error:
            ended.append(type(error).__name__)

    trace = record(program)
    assert ended == ["RecursionError"]
    assert trace.calls[-1].depth > 100


class Hostile:
    """Raises or lies whatever it is asked."""

    def __getattribute__(self, name: str) -> Any:
        raise Expected(name)

    def __repr__(self) -> str:
        raise Expected("repr")

    def __eq__(self, other: object) -> bool:
        raise Expected("eq")

    def __hash__(self) -> int:
        raise Expected("hash")


def test_hostile_arguments_do_no_harm(record: Callable[..., Trace]) -> None:
    def take(*args: object, key: object) -> object:
        return key

    hostile = Hostile()
    trace = record(lambda: take(hostile, [hostile], {1: hostile}, key=hostile))
    call = by_name(trace, "take")[0]
    assert call.parameters[0].text == "<Hostile>"
    assert names(trace) == ["<lambda>", "take"]


def test_an_exception_of_the_program_is_the_same(record: Callable[..., Trace]) -> None:
    seen: list[BaseException] = []
    error = Expected("the very same")

    def program() -> None:
        try:
            raise error
        except Expected as caught:
            seen.append(caught)

    record(program)
    assert seen == [error]


def test_requests_in_process_are_marked() -> None:
    recorder = Recorder()
    with recorder, recorder.request(7):
        leaf(1)
    from flasktrace.tracer.model import Request

    trace = Builder(recorder).finish(Metadata(), [Request(7, "GET", "/")])
    trace.validate()
    assert by_name(trace, "leaf")[0].request_id == 7


def test_recording_twice_at_once_is_refused() -> None:
    with Recorder() as recorder, pytest.raises(RuntimeError, match="already"):
        recorder.start()


def test_threads_that_outlive_the_recording_are_let_go() -> None:
    go, done = threading.Event(), threading.Event()
    hooks: list[object] = []

    def late() -> None:
        go.wait()
        hooks.append(sys.getprofile())
        done.set()

    with Recorder() as recorder:
        thread = threading.Thread(target=late)
        thread.start()
    go.set()
    done.wait()
    thread.join()
    count = sum(len(stream.events) for stream in recorder.streams)
    leaf(1)
    assert sum(len(stream.events) for stream in recorder.streams) == count


@pytest.mark.parametrize("engine", AVAILABLE, ids=lambda engine: engine.engine)
def test_a_thread_waits_for_a_reader_that_is_late(
    engine: type[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    most, calls = 4_000, 20_000
    monkeypatch.setattr(recorder_module, "MAX_WAITING", most)

    def busy() -> None:
        for _ in range(calls):
            leaf(1)

    with engine() as recorder:
        builder = Builder(recorder)
        builder.set_reader(True)
        thread = threading.Thread(target=busy)
        thread.start()
        waiting = []
        while thread.is_alive():
            waiting.append(max(len(stream.events) // stream.width for stream in recorder.streams))
            builder.take()
    assert most <= max(waiting) <= most + 2_500  # not each call looks whether it has to wait
    trace = builder.finish(Metadata(), [])
    assert len(by_name(trace, "leaf")) == calls


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no engine here reaches what threading does not start")
@pytest.mark.parametrize("engine", AVAILABLE[:-1], ids=lambda engine: engine.engine)
def test_threads_that_threading_does_not_start_have_streams_of_their_own(engine: type[Recorder]) -> None:
    def run(number: int) -> None:
        leaf(number)
        done.release()

    done = threading.Lock()
    done.acquire()
    with engine() as recorder:
        for number in range(3):  # one after the other: the ident of one may be the next one's
            _thread.start_new_thread(run, (number,))
            done.acquire()
    trace = Builder(recorder).finish(Metadata(), [])
    calls = by_name(trace, "run")
    assert len({call.thread_id for call in calls}) == len(calls) == 3
    assert [call.thread_id for call in by_name(trace, "leaf")] == [call.thread_id for call in calls]


@pytest.mark.parametrize("with_values", [False, True])
@pytest.mark.parametrize(
    "engine",
    [each for each in AVAILABLE if each.engine != "native"],  # whose clock is its own
    ids=lambda engine: engine.engine,
)
def test_a_mistake_of_a_hook_is_counted_and_never_reaches_the_program(
    engine: type[Recorder], with_values: bool
) -> None:
    def numbers() -> Iterator[int]:
        yield leaf(1)

    no_clock: list[int] = []
    with engine(RecorderOptions(clock=no_clock.pop, with_values=with_values)) as recorder:
        for _ in range(2):  # of a first start another callback tells
            assert list(numbers()) == [2]
            with pytest.raises(Expected):
                raise_expected()
    assert recorder.error_count >= 8


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python has no sys.monitoring")
def test_an_error_raised_by_the_program_while_a_hook_looks_for_the_caller_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As a signal handler may, which runs whenever it wants; not in scope itself, or it would be recorded.
    names: dict[str, Any] = {"__name__": "flasktrace.of_the_program", "frame_at": sys._getframe}
    code = """
def getframe(depth):
    if depth == 2:
        raise ValueError("from afar")
    return frame_at(depth + 1)
"""
    exec(code, names)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "_getframe", names["getframe"])
        recorder = ENGINES["monitoring"](RecorderOptions(with_values=False))
        recorder.start()
    try:
        leaf(1)  # its first start, of which the scout tells
        with pytest.raises(ValueError, match="from afar"):
            leaf(1)
    finally:
        recorder.stop()


def test_a_signal_handler_that_raises_is_heard() -> None:
    code = """
import signal, sys
from flasktrace.tracer.recorder import Recorder
class Alarm(Exception): pass
def ring(*_): raise Alarm
signal.signal(signal.SIGALRM, ring)
def spin(): pass
caught = 0
with Recorder():
    for i in range(20):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.002)
            while True: spin()
        except Alarm:
            caught += 1
print(caught)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "20", done.stderr


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="this Python has no sys.monitoring")
def test_without_free_tool_ids_setprofile_is_taken() -> None:
    monitoring: Any = getattr(sys, "monitoring", None)
    taken = [tool for tool in range(6) if tool != 4 and monitoring.get_tool(tool) is None]
    for tool in taken:
        monitoring.use_tool_id(tool, "somebody else")
    try:
        assert available_engines() == ["setprofile"]
        assert make_recorder().engine == "setprofile"
        with pytest.raises(UsageError, match="cannot be had here"):
            make_recorder(engine="monitoring")
    finally:
        for tool in taken:
            monitoring.free_tool_id(tool)


@pytest.mark.skipif("monitoring" not in available_engines(), reason="this Python has no sys.monitoring")
def test_with_two_free_tool_ids_the_same_is_recorded() -> None:
    """The third, of the quick scribe, is taken where it is free."""
    monitoring: Any = getattr(sys, "monitoring", None)

    def work() -> None:
        for number in range(2):
            leaf(number)
        list(leaf(number) for number in range(2))
        with contextlib.suppress(ValueError):
            int("no number")

    def story() -> list[tuple[str, int, object, object]]:
        recorder = make_recorder(engine="monitoring")
        with recorder:
            work()
        trace = Builder(recorder).finish(Metadata(), [])
        texts = [[value.text for value in call.parameters] for call in trace.calls]
        shown = [(call.depth, call.call_line, each) for call, each in zip(trace.calls, texts, strict=True)]
        return [(name, *rest) for name, rest in zip(names(trace), shown, strict=True)]

    free = [tool for tool in range(6) if monitoring.get_tool(tool) is None]
    assert len(free) > 2
    with_three = story()
    for tool in free[2:]:
        monitoring.use_tool_id(tool, "somebody else")
    try:
        assert story() == with_three
    finally:
        for tool in free[2:]:
            monitoring.free_tool_id(tool)
    assert [each[0] for each in with_three].count("leaf") == 4
