"""The classes that are looked through for an inherited method."""

import json
import sys
from pathlib import Path

import pytest
from tests.scenario_traces import record_scenario

from flasktrace.tracer.ancestry import EXTRA_KEY, ancestries, with_ancestries
from flasktrace.tracer.model import (
    PLAIN_RETURN,
    Call,
    Function,
    Metadata,
    Origin,
    Thread,
    Trace,
    Value,
)
from flasktrace.tracer.store import read_trace


class _Loud(type):
    """A metaclass that must never be asked anything."""

    def __getattribute__(cls, name: str) -> object:
        raise AssertionError(f"asked for {name}")


class Base:
    """Defines the method."""


class Middle(Base):
    """Is looked through."""


class Child(Middle, metaclass=_Loud):
    """Is what the method is called on."""


def _trace(module: str, qualname: str, class_name: str) -> Trace:
    trace = Trace(
        metadata=Metadata(scenario="x", extra={"target": "x.py"}), threads=[Thread(1, "MainThread")]
    )
    trace.functions[1] = Function(1, module, qualname, "/app/x.py", 1, 2, Origin.USER)
    receiver = Value("self", class_name, 1, f"<{class_name}>")
    trace.calls.append(Call(1, None, 1, 1, None, 0, None, 0, 1, None, receiver, (), PLAIN_RETURN))
    return trace


def test_the_classes_are_those_of_the_receiver_in_the_order_of_lookup() -> None:
    metadata = with_ancestries(_trace("__main__", "Base.method", "Child"), {"Base": Base})
    assert ancestries(metadata) == {"Child": ("Child", "Middle", "Base", "object")}
    assert metadata.extra["target"] == "x.py"


def test_a_class_of_a_module_is_found_there() -> None:
    sys.modules["_ancestry_of_test"] = sys.modules[__name__]
    try:
        metadata = with_ancestries(_trace("_ancestry_of_test", "Base.method", "Middle"), {})
    finally:
        del sys.modules["_ancestry_of_test"]
    assert ancestries(metadata)["Middle"] == ("Middle", "Base", "object")


@pytest.mark.parametrize(
    ("qualname", "class_name"),
    [("Base.method", "Base"), ("Base.method", "type"), ("Gone.method", "Child"), ("f.<locals>.g", "Child")],
)
def test_what_is_not_inherited_or_not_there_has_none(qualname: str, class_name: str) -> None:
    trace = _trace("__main__", qualname, class_name)
    assert with_ancestries(trace, {"Base": Base}) is trace.metadata


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"A": "B"}', '{"A": [1]}', "[" * 100_000])
def test_nonsense_in_a_file_is_no_ancestry(text: str) -> None:
    assert ancestries(Metadata(extra={EXTRA_KEY: text})) == {}


def test_a_real_server_is_looked_through(tmp_path: Path) -> None:
    trace = read_trace(record_scenario("hello", "bundled", tmp_path))
    assert json.loads(trace.metadata.extra[EXTRA_KEY])
    assert ancestries(trace.metadata)["ThreadedWSGIServer"][:5] == (
        "ThreadedWSGIServer", "ThreadingMixIn", "BaseWSGIServer", "HTTPServer", "TCPServer",
    )  # fmt: skip
