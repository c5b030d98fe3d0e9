"""The quick ways of the callbacks, where no values are wanted: they tell what the others tell."""

import _thread
import contextlib
import ctypes
import operator
import socket
import socketserver
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator
from functools import partial
from types import FunctionType
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.one_python import share

from flasktrace.tracer import recorder as recorder_module
from flasktrace.tracer.builder import Builder
from flasktrace.tracer.engines import available_engines, make_recorder
from flasktrace.tracer.model import Metadata, Outcome, Raised, Trace
from flasktrace.tracer.monitoring import MonitoringRecorder
from flasktrace.tracer.recorder import Recorder, RecorderOptions
from flasktrace.tracer.streams import EventList, LeanList, ThreadStream, events_in

ENGINES = available_engines()
needs_monitoring = pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python has no sys.monitoring")


@pytest.fixture(autouse=True)
def without_greenlets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever test has used them in this process before."""
    monkeypatch.delitem(sys.modules, "greenlet", raising=False)


class Expected(Exception):
    """Raised and caught by the traced functions below."""


class Interrupt(BaseException):
    """As Ctrl-C raises one, anywhere."""


def leaf() -> None:
    pass


def failing() -> None:
    raise Expected


def counting() -> Generator[None, None, None]:
    with contextlib.suppress(Expected):
        while True:
            leaf()
            yield


def act(plan: Any, made: list[Any]) -> None:
    """Does as the plan says; the generators made are there for all that is done."""
    for what, number, inner in plan:
        one = made[number % len(made)] if made else counting()
        if what == "call":
            act(inner, made)
        elif what == "call from outside":
            with contextlib.ExitStack() as stack:  # whose code makes the call
                stack.callback(act, inner, made)
        elif what == "fail":
            with contextlib.suppress(Expected):
                failing()
        elif what == "make":
            made.append(counting())
        elif what == "next":
            next(one, None)
        elif what == "close":
            one.close()
        elif what == "throw":
            with contextlib.suppress(Expected, StopIteration):
                one.throw(Expected())
        else:
            thread = threading.Thread(name="other", target=act, args=(inner, made))
            thread.start()
            thread.join()


def done(plan: Any) -> Callable[[], None]:
    def run() -> None:
        made: list[Any] = []
        act(plan, made)
        while made:  # in this order, whatever keeps them alive
            made.pop().close()

    return run


def plans(kinds: tuple[str, ...]) -> st.SearchStrategy[Any]:
    def steps(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.lists(st.tuples(st.sampled_from(kinds), st.integers(0, 3), inner), max_size=5)

    return st.recursive(steps(st.just([])), steps, max_leaves=12)


STEPS = ("call", "call from outside", "fail", "make", "next", "next", "close", "thread")


def quick_recorder() -> MonitoringRecorder:
    """One that wants no values, so that the quick ways are taken."""
    return MonitoringRecorder(RecorderOptions(with_values=False))


def built(recorder: Recorder) -> Trace:
    trace = Builder(recorder).finish(Metadata(), [])
    trace.validate()
    return trace


def record(
    run: Callable[[], object], engine: str = "monitoring", with_values: bool = False
) -> tuple[Trace, Recorder]:
    recorder = make_recorder(RecorderOptions(with_values=with_values), engine)
    with recorder:
        run()
    assert recorder.error_count == 0
    return built(recorder), recorder


def end_of(outcome: Outcome) -> tuple[str, ...]:
    name = type(outcome).__name__
    return (name, outcome.class_name, str(outcome.line_number)) if isinstance(outcome, Raised) else (name,)


def story(trace: Trace) -> list[tuple[object, ...]]:
    """What a trace tells, but for times and values."""
    told: list[tuple[object, ...]] = [
        (trace.function_of(c).qualname, c.parent_id, c.thread_id, c.depth, c.call_line, *end_of(c.outcome))
        for c in trace.calls
    ]
    return [*told, *((m.kind, m.call_id, str(m.data)) for m in trace.markers)]


@given(plans(STEPS))
@settings(max_examples=share(90), deadline=None)
def test_every_engine_tells_the_same_with_values_and_without(plan: Any) -> None:
    run = done(plan)
    reference = story(record(run, ENGINES[0], True)[0])
    for engine in ENGINES:
        if engine == "setprofile" and sys.version_info >= (3, 13):
            # There it is not told that a generator is closed.
            reference = story(record(run, engine, True)[0])
        for with_values in (False, True):
            assert story(record(run, engine, with_values)[0]) == reference, (engine, with_values)


@needs_monitoring
@given(plans((*STEPS, "throw")))
@settings(max_examples=share(90), deadline=None)
def test_exceptions_thrown_into_generators_are_told_alike(plan: Any) -> None:
    # Not by setprofile, which has to guess them.
    run = done(plan)
    reference = story(record(run, "monitoring", True)[0])
    for engine in (each for each in ENGINES if each != "setprofile"):
        assert story(record(run, engine)[0]) == reference, engine


def called_by_generated_code() -> None:
    """Code that is in no file calls outside, from where what is in scope is called."""
    names: dict[str, Any] = {"__name__": __name__, "ExitStack": contextlib.ExitStack, "leaf": leaf}
    many = "  leaf()\n" * 40  # so that another frame's place in its code is none of this one's
    exec(f"def run():\n{many}  with ExitStack() as stack:\n    stack.callback(leaf)\n", names)
    names["run"]()


def called_far_down() -> None:
    """Further from the function's beginning than most events have room to tell."""
    names: dict[str, Any] = {"__name__": __name__, "leaf": leaf, "one": 1}
    lines = "".join(f"  one + one\n{'  leaf()' * (number % 500 == 0)}\n" for number in range(4000))
    exec(f"def run():\n{lines}", names)
    names["run"]()


def gone_on_with() -> None:
    one = counting()
    for _ in range(3):
        next(one)
    one.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("run", [called_by_generated_code, called_far_down, gone_on_with])
def test_who_calls_is_told_without_values(run: Callable[[], None], engine: str) -> None:
    def twice() -> None:
        run()
        run()  # by the callbacks of functions that are known

    assert story(record(twice, engine)[0]) == story(record(twice, engine, True)[0])


@needs_monitoring
def test_generated_code_that_calls_from_outside_has_a_line() -> None:
    trace, _ = record(called_by_generated_code)
    lines = [call.call_line for call in trace.calls if trace.function_of(call).name == "leaf"]
    assert lines == [*range(2, 43)]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_flask_keeps_and_the_settings_it_reads_are_noted_without_values(engine: str) -> None:
    def index() -> str:
        raise Expected

    def state_noted(with_values: bool) -> list[tuple[object, ...]]:
        recorder = make_recorder(RecorderOptions(with_values=with_values, with_state=True), engine)
        with recorder:
            for _ in range(3):  # by the callbacks of functions that are known
                assert app.test_client().get("/").status_code == 500
                recorder.look_again()
        assert recorder.secrets.count("kept from the trace") >= 3
        return [each for each in story(built(recorder)) if each[0] == "state"]

    app = Flask("app")
    app.logger.disabled = True
    app.config["SECRET_KEY"] = "kept from the trace"
    app.add_url_rule("/", view_func=index, endpoint="index")
    app.test_client().get("/")  # the first request does more than the others
    kept = state_noted(True)
    assert kept and [each[:2] for each in state_noted(False)] == [each[:2] for each in kept]


def outer() -> None:
    """A call by the program, which makes another: the second has a caller in scope."""
    inner()


def inner() -> None:
    leaf()


def by_threading(run: Callable[[], object]) -> None:
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def by_thread_module(run: Callable[[], object]) -> None:
    done = threading.Event()

    def run_and_tell() -> None:
        run()
        done.set()

    _thread.start_new_thread(run_and_tell, ())
    assert done.wait(20)


def by_c(run: Callable[[], object]) -> None:
    """A thread that Python learns of by its first call only."""
    body = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: run() and None)
    library, thread = ctypes.CDLL(None), ctypes.c_ulong()
    assert library.pthread_create(ctypes.byref(thread), None, body, None) == 0
    assert library.pthread_join(thread, None) == 0


def story_names(trace: Trace) -> list[str]:
    return [trace.function_of(call).name for call in trace.calls]


def threads_of(trace: Trace, name: str) -> Counter[int]:
    return Counter(call.thread_id for call in trace.calls if trace.function_of(call).name == name)


@needs_monitoring
@pytest.mark.skipif(sys.platform == "win32", reason="threads of C's are made by pthread_create here")
@pytest.mark.parametrize("start", [by_threading, by_thread_module, by_c])
def test_the_first_other_thread_ends_the_quickest_way(start: Callable[[Callable[[], object]], None]) -> None:
    recorder = quick_recorder()

    def run() -> None:
        outer()
        outer()
        start(outer)

    with recorder:
        assert recorder._lone is not None
        run()
        assert recorder._lone is None
    trace = built(recorder)
    for name in ("outer", "inner", "leaf"):
        assert threads_of(trace, name) == {1: 2, 2: 1}, name


class Waiter:
    """A thread that was there before the recording, and calls when it is told to.

    Args:
        run: what it calls.
        is_amid: a call of the program's: it waits in one of a function in scope.
        before: done in the thread before it waits.
    """

    def __init__(
        self, run: Callable[[], object], is_amid: bool = False, before: Callable[[], object] = leaf
    ) -> None:
        self._is_there, self.may_go_on = threading.Event(), threading.Event()

        def wait() -> None:
            before()
            self._is_there.set()
            assert self.may_go_on.wait(20)
            run()

        # As a pool's worker does, whose code is the library's.
        elsewhere = wait.__code__.replace(co_filename=threading.__file__)
        idle = FunctionType(elsewhere, {}, closure=wait.__closure__)
        self.thread = threading.Thread(target=wait if is_amid else idle)
        self.thread.start()
        assert self._is_there.wait(20)

    def go_on(self) -> None:
        self.may_go_on.set()
        self.thread.join()


@needs_monitoring
@pytest.mark.parametrize("is_amid", [False, True], ids=["idle", "amid a call"])
def test_a_thread_that_was_there_before_has_calls_of_its_own(is_amid: bool) -> None:
    waiter = Waiter(outer, is_amid)
    recorder = quick_recorder()
    with recorder:
        assert (recorder._lone is None) is is_amid
        outer()
        outer()
        waiter.go_on()
        assert recorder._lone is None
    trace = built(recorder)
    for name in ("outer", "inner", "leaf"):
        assert threads_of(trace, name) == {1: 2, 2: 1}, name


@needs_monitoring
def test_a_greenlet_that_was_left_amid_a_call_has_calls_of_its_threads() -> None:
    greenlet = pytest.importorskip("greenlet")

    def amid() -> None:
        greenlet.getcurrent().parent.switch()
        outer()

    left: list[Any] = []
    # In C: a function of ours would be a call in scope, which tells of the thread.
    go_back: Callable[[], object] = partial(list, map(operator.methodcaller("switch"), left))

    def leave() -> None:
        left.append(greenlet.greenlet(amid))
        left[0].switch()

    waiter = Waiter(go_back, before=leave)
    with quick_recorder() as recorder:
        for _ in range(3):
            outer()
        waiter.go_on()
    trace = built(recorder)
    for name in ("outer", "inner", "leaf"):
        assert threads_of(trace, name) == {1: 3, 2: 1}, name


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        leaf()


@needs_monitoring
def test_a_thread_whose_first_functions_keep_the_clients_address_has_calls_of_its_own() -> None:
    def run() -> None:
        with socketserver.TCPServer(("127.0.0.1", 0), Handler, bind_and_activate=False) as server:
            arguments = (socket.socket(), ("127.0.0.1", 5000))
            for _ in range(3):  # so that all of it is known
                server.finish_request(*arguments)
            thread = threading.Thread(target=server.finish_request, args=arguments)
            thread.start()
            thread.join()
            arguments[0].close()

    trace, _ = record(run)
    for name in ("finish_request", "handle", "leaf"):
        assert threads_of(trace, name) == {1: 3, 2: 1}, name


@needs_monitoring
def test_a_thread_that_only_goes_on_with_a_generator_has_calls_of_its_own() -> None:
    def run() -> None:
        made = counting()
        next(made)
        by_thread_module(made.__next__)
        outer()

    trace, _ = record(run)
    assert sorted(threads_of(trace, "leaf").values()) == [1, 2]
    assert {marker.kind for marker in trace.markers} == {"resumed"}


@needs_monitoring
@pytest.mark.parametrize("known", [leaf, inner, outer], ids=lambda known: f"{known.__name__} met before")
def test_a_thread_left_out_writes_nothing_into_another_ones_list(known: Callable[[], None]) -> None:
    recorder = quick_recorder()
    waiter = Waiter(outer, before=recorder.ignore_this_thread)
    with recorder:
        for _ in range(3):
            known()
        assert recorder._lone is not None
        waiter.go_on()
    assert recorder.error_count == 0
    called = Counter(story_names(built(recorder)))
    del called["go_on"]
    within = {leaf: ["leaf"], inner: ["inner", "leaf"], outer: ["outer", "inner", "leaf"]}
    assert called == dict.fromkeys(within[known], 3)


@needs_monitoring
def test_what_fails_in_another_thread_takes_no_half_event_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def write_apart(event: object) -> None:
        raise RecursionError

    waiter, recorder = Waiter(outer), quick_recorder()
    monkeypatch.setattr(recorder, "write_apart", write_apart)
    with recorder:
        for _ in range(3):
            outer()
        events = recorder.streams[0].events
        assert isinstance(events, LeanList) and recorder._lone is not None
        begin, half = len(events), [None, 0]
        events += half  # as if this thread were made to wait in the middle of one
        waiter.may_go_on.set()
        waiter.thread.join()
        assert recorder.lost_count == 1
        assert events[begin : begin + 2] == half
        del events[begin:]


@needs_monitoring
def test_the_one_thread_there_is_may_be_left_out() -> None:
    recorder = quick_recorder()
    with recorder:
        outer()
        recorder.ignore_this_thread()
        outer()
    assert story_names(built(recorder)) == ["outer", "inner", "leaf"]


@needs_monitoring
@pytest.mark.parametrize("is_late", [False, True], ids=["in time", "late"])
def test_a_late_reader_has_the_one_thread_there_is_count(
    is_late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 1_000
    monkeypatch.setattr(recorder_module, "MAX_WAITING", most)
    with quick_recorder() as recorder:
        builder = Builder(recorder)
        builder.set_reader(True)
        for _ in range(most // 3 * (1 + is_late)):
            leaf()
        builder.take()
        assert (recorder._lone is None) is is_late
        outer()
    trace = builder.finish(Metadata(), [])
    assert Counter(story_names(trace)) == {"leaf": most // 3 * (1 + is_late) + 1, "outer": 1, "inner": 1}


@needs_monitoring
@pytest.mark.parametrize("place", range(6 * LeanList.width))
@pytest.mark.parametrize("error", [Interrupt, RecursionError])
def test_half_an_event_is_taken_back(
    error: type[BaseException], place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Breaking(LeanList):
        """A list at one of whose appends a signal handler raises, or for which there is no room."""

        left = -1

        def append(self, item: Any) -> None:
            self.left -= 1
            if self.left == -1:
                raise error
            super().append(item)

    recorder = quick_recorder()
    monkeypatch.setattr(recorder, "_new_events", Breaking)
    is_interrupted = False
    with recorder:
        outer()
        (stream,) = recorder.streams
        assert isinstance(stream.events, Breaking)
        stream.events.left = place
        try:
            outer()
        except Interrupt:
            is_interrupted = True
        outer()
    assert is_interrupted is (error is Interrupt)
    assert (recorder.lost_count, recorder.error_count) == (int(error is RecursionError), 0)
    trace = built(recorder)
    # Of outer, inner, leaf, and their returns, one is lost; what was to follow never was, if interrupted.
    names, broken = ["outer", "inner", "leaf"], place // LeanList.width
    lost = names[broken : broken + 1 if error is RecursionError else None] if broken < len(names) else []
    called = Counter(trace.function_of(call).name for call in trace.calls)
    assert called == {name: 2 if name in lost else 3 for name in names}


@pytest.mark.parametrize("kind", [EventList, LeanList])
def test_half_an_event_is_not_taken(kind: type[EventList]) -> None:
    whole, later = [None, 1, *range(2, kind.width)], [None, 2, *range(2, kind.width)]
    events = kind([*whole, *later[:2]])
    assert events.take(None) == whole
    assert events == later[:2]
    events += later[2:]
    assert events.take(1) == [] and events.take(2) == later


def test_events_of_both_kinds_of_list_have_the_same_four_parts() -> None:
    code, whole, lean = counting.__code__, EventList(), LeanList()
    whole += (code, 1, 8, None, code, 2, -2 - 6, None)
    lean += (code, 1, 8, 6, 2, code)
    whole += (code, 3, 8, (5, 6, None), code, 4, -2 - 7, (5, None), code, 5, -2 - 9, (5, ["KeyError", "'k'"]))
    lean += (5, 3, 6, code, 3, 8, 5, 4, None, 7, 4, code, 5, 5, None, "KeyError", 5, "'k'", 9, 5, code)
    whole += (code, 6, -2 - 6, ["KeyError", "'k'"], code, 7, 8, None)
    lean += ("KeyError", 6, "'k'", 6, 6, code, code, 7, 8)
    whole += (code, 8, 8, (5, 6, None), code, 9, -2 - 7, None)
    lean += (5, 8, 6, code, 8, 8, 7, 9, code)
    for events in (whole, lean):
        events.extend((code, 10, 8, (5, 6, None)))
        events.extend((None, 11, [("KeyError", "", frozenset())], "exception"))
        events.extend((None, 12, 1, None))
    parts = [list(events_in(ThreadStream(1, "", 0, each), each.take(None))) for each in (whole, lean)]
    assert parts[0] == parts[1] and [event[1] for event in parts[0]] == [*range(1, 13)]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_exception_whose_class_has_an_odd_name_is_named(engine: str) -> None:
    class Name(str):
        __slots__ = ()

        def __getattribute__(self, name: str) -> Any:
            raise AssertionError

    odd: Any = type(Name("Odd"), (Exception,), {})

    def fail() -> None:
        raise odd("text")

    def run() -> None:
        for _ in range(3):
            with contextlib.suppress(odd):
                fail()

    for with_values in (False, True):
        trace, _ = record(run, engine, with_values)
        outcomes = [call.outcome for call in trace.calls if trace.function_of(call).name == "fail"]
        named = [(o.class_name, o.text) for o in outcomes if isinstance(o, Raised)]
        assert named == [("Odd", "text")] * 3 and {type(name) for name, _ in named} == {str}
