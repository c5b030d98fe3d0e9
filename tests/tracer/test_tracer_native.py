"""The hooks in C by themselves: their values are those of ``capture``, and they keep nothing alive."""

import collections
import functools
import gc
import json
import math
import os
import sys
import threading
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flasktrace.tracer import compiled, native
from flasktrace.tracer.builder import Builder
from flasktrace.tracer.capture import CAPTURED_NONE, capture
from flasktrace.tracer.hidden_hooks import plain_sys_getprofile
from flasktrace.tracer.model import Metadata
from flasktrace.tracer.native import NativeRecorder

if not native.is_available():
    reason = "the hooks in C are not built here: no compiler, or FLASKTRACE_NATIVE=0"
    assert not os.environ.get("FLASKTRACE_ALL_TESTS"), reason
    pytest.skip(reason, allow_module_level=True)

captured_in_c = compiled.native.capture
new_events = compiled.native.Events


class Odd:
    """With what a hook must not ask for."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    def __hash__(self) -> int:
        raise AssertionError("hashed")

    def __repr__(self) -> str:
        raise AssertionError("shown")

    def method(self) -> None:
        """Bound below."""


class Text(str):
    """Not exactly a text."""


atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(1 << 70), max_value=1 << 70),
    st.floats(),
    st.text(max_size=130),
    st.binary(max_size=130),
    st.builds(Odd),
    st.builds(Text),
)
keys = st.one_of(
    st.text(max_size=5), st.builds(Text, st.text(max_size=5)), st.integers(), st.booleans(), st.none()
)
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.tuples(inner, inner),
        st.lists(inner, max_size=6).map(tuple),
        st.dictionaries(keys, inner, max_size=6),
        st.sets(keys, max_size=6),
        st.frozensets(keys, max_size=6),
    ),
    max_leaves=12,
)
NAMED: list[Any] = [
    *(len, "".join, Odd().method, [].append, functools.partial(len).__call__, Odd, int, type, Exception),
    *(json, sys, lambda: None, Odd.method, collections.OrderedDict(), math.nan, range(3), iter([]), object()),
    *("x" * 120, "x" * 121, b"x" * 121, "\ud800", "é" * 121, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1),
]


@given(values)
def test_any_value_is_captured_as_in_python(value: object) -> None:
    assert captured_in_c(value) == capture(value)


@pytest.mark.parametrize("value", NAMED, ids=lambda value: type(value).__name__)
def test_functions_classes_and_other_named_things_are_captured_as_in_python(value: object) -> None:
    assert captured_in_c(value) == capture(value)


def test_a_captured_none_is_the_very_object_that_masking_looks_for() -> None:
    assert captured_in_c(None) is CAPTURED_NONE


def test_capturing_leaves_no_reference_behind() -> None:
    text, name = "a text of its own " + str(id(object())), Odd.__qualname__
    value: list[Any] = [text, Odd, Odd().method, {"key": text}]
    before = [sys.getrefcount(item) for item in (text, name, Odd)]
    for _ in range(100):
        captured_in_c(value)
        captured_in_c(text)
    assert [sys.getrefcount(item) for item in (text, name, Odd)] == before


def test_events_that_nobody_takes_let_go_of_what_they_hold() -> None:
    text = "a text of its own " + str(id(object()))

    def work(*things: object, **named: object) -> object:
        return things

    before = sys.getrefcount(text)
    for is_taken in (True, False):
        recorder = NativeRecorder()
        with recorder:
            work(text, [text, (text, text)], {text: text}, {text}, work, Odd().method, 1.5, named=Odd)
        if is_taken:
            Builder(recorder).finish(Metadata(), []).validate()
        del recorder
        gc.collect()
        assert sys.getrefcount(text) <= before + 1  # a constant of Texts' cache at the most


def test_no_object_of_the_program_lives_longer_for_being_recorded() -> None:
    class Thing:
        pass

    def work(thing: Thing) -> Thing:
        return thing

    thing = Thing()
    gone = weakref.ref(thing)
    recorder = NativeRecorder()
    with recorder:
        work(thing)
        del thing
        assert gone() is None


def test_notes_are_taken_in_their_places_and_up_to_a_moment() -> None:
    events = new_events()
    for time_ns in (5, 10, 20):
        events.extend((None, time_ns, time_ns + 1, "request"))
    assert len(events) == 12
    assert events.take(10) == [None, 5, 6, "request", None, 10, 11, "request"]
    assert events.take(10) == []
    events.extend([None, 30, "what", None])
    assert events.take(None) == [None, 20, 21, "request", None, 30, "what", None]
    assert len(events) == 0
    events.extend((None, 1, object(), None))
    events.clear()
    assert events.take(None) == []


@pytest.mark.parametrize(
    "event", [(), (None, 1, 2), (None, "now", 2, 3), (len.__name__, 1, 2, 3), (None, 1, 2, 3, 4)]
)
def test_anything_but_a_note_is_refused(event: tuple[object, ...]) -> None:
    with pytest.raises((TypeError, ValueError)):
        new_events().extend(event)


def test_events_taken_while_threads_append_are_all_there_once() -> None:
    def work(number: int) -> int:
        return number

    recorder, seen, done = NativeRecorder(), [], threading.Event()

    def loop() -> None:
        for number in range(5_000):
            work(number)

    with recorder:
        threads = [threading.Thread(target=loop) for _ in range(3)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for stream in tuple(recorder.streams):
                seen += stream.events.take(None)
        done.set()
    for stream in recorder.streams:
        seen += stream.events.take(None)
    calls = [seen[i + 3] for i in range(0, len(seen), 4) if seen[i] is work.__code__ and seen[i + 2] >= -1]
    assert sorted(calls) == sorted([(number,) for number in range(5_000)] * 3)


def test_whoever_puts_the_hook_back_as_python_has_it_is_recorded_on() -> None:
    def inner() -> None:
        pass

    def work() -> None:
        sys.setprofile(plain_sys_getprofile())
        inner()

    recorder = NativeRecorder()
    with recorder:
        work()
    trace = Builder(recorder).finish(Metadata(), [])
    assert [function.name for function in trace.functions.values()][-2:] == ["work", "inner"]
    assert sys.getprofile() is None
