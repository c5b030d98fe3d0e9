"""Garbage collection is put off, and never left so."""

import gc
from collections.abc import Iterator

import pytest

from flasktrace.tracer.garbage import without_garbage_collection


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    was_enabled = gc.isenabled()
    yield
    (gc.enable if was_enabled else gc.disable)()


def test_nobody_looks_for_cycles_while_inside() -> None:
    gc.enable()
    with without_garbage_collection():
        assert not gc.isenabled()
        with without_garbage_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_who_has_turned_it_off_finds_it_so() -> None:
    gc.disable()
    with without_garbage_collection():
        pass
    assert not gc.isenabled()


def test_a_function_that_fails_leaves_it_on_too() -> None:
    @without_garbage_collection()
    def fail() -> None:
        assert not gc.isenabled()
        raise OSError

    gc.enable()
    for _ in range(2):  # each call is one of its own
        with pytest.raises(OSError):
            fail()
        assert gc.isenabled()
