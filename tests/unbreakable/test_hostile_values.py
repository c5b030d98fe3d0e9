"""Arguments that raise, block, recurse, lie, are huge, cyclic or half made: recorded, and never asked."""

import asyncio
import contextlib
import mmap
import os
import sys
import threading
from collections import OrderedDict, UserDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator
from ctypes import c_char
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from types import CodeType, FunctionType, MappingProxyType, ModuleType, SimpleNamespace
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.one_python import share
from tests.unbreakable.fuzz_traces import peak_bytes
from tests.unbreakable.odd_runs import calls_named, record, run_script

from flasktrace.tracer.capture import Texts, capture
from flasktrace.tracer.engines import available_engines
from flasktrace.tracer.model import Raised, Trace

ENGINES = available_engines()
NAMES = [
    *(
        "__repr__",
        "__str__",
        "__eq__",
        "__ne__",
        "__hash__",
        "__len__",
        "__bool__",
        "__iter__",
        "__getitem__",
    ),
    *("__contains__", "__format__", "__index__", "__int__", "__float__", "__bytes__", "__length_hint__"),
    *("__getattr__", "__getattribute__", "__call__", "__reduce_ex__", "__reduce__", "__sizeof__", "__dir__"),
    *("__lt__", "__gt__", "__le__", "__ge__", "__del__", "__fspath__", "__buffer__", "__set_name__"),
    *("__instancecheck__", "__subclasscheck__", "__missing__", "__next__", "__enter__", "__get__"),
]
BASES: list[type] = [object, str, bytes, int, float, list, tuple, dict, set, frozenset, bytearray, complex]
BASES += [OrderedDict, defaultdict, deque, UserDict, ModuleType, Exception, Decimal, Fraction]

asked: list[str] = []


def _raise(name: str) -> Callable[..., NoReturn]:
    def sprung(*_: object, **__: object) -> NoReturn:
        asked.append(name)
        raise AssertionError(f"{name} of the program's was called")

    return sprung


def _block(name: str) -> Callable[..., NoReturn]:
    def waits(*_: object, **__: object) -> NoReturn:
        asked.append(name)
        threading.Event().wait(30)
        raise AssertionError(name)

    return waits


def _recurse(name: str) -> Callable[..., Any]:
    def again(self: Any, *_: object, **__: object) -> Any:
        asked.append(name)
        return again(self)

    return again


def _lie(name: str) -> Callable[..., Any]:
    def lies(*_: object, **__: object) -> Any:
        asked.append(name)
        return {"__len__": 1 << 60, "__hash__": 7, "__class__": str}.get(name, True)

    return lies


class TrapMeta(type):
    """Whose classes are traps as well."""

    __hash__ = __eq__ = __repr__ = __call__ = __subclasscheck__ = _raise("meta")

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        asked.append("__name__")
        return "Lie"

    @property
    def __mro__(cls) -> tuple[type, ...]:
        asked.append("__mro__")
        return ()


def _property(function: Callable[..., Any]) -> property:
    return property(function, lambda *_: None)


def trap(base: type, how: Callable[[str], Callable[..., Any]]) -> Any:
    """An object whose every method is ``how``; made without calling any of them."""
    names: dict[str, Any] = {name: how(name) for name in NAMES if name != "__del__"}
    names["__class__"] = _property(how("__class__"))
    if base is not ModuleType and not issubclass(base, Exception):
        names["__dict__"] = _property(how("__dict__"))
    kind = type.__new__(TrapMeta if type(base) is type else type(base), "Trap", (base,), names)
    new: Any = base.__new__
    return new(kind, "x") if base is ModuleType else new(kind)


def take(*args: object, key: object = None, **more: object) -> object:
    return key


def passed_through(value: object) -> None:
    """Everywhere that a value can be seen: argument, result, in containers, as key, in an exception."""
    take(value, [value], (value,), {"x": value}, key=value, more=value)
    take([("pair", value)], {"password": value})

    def yields() -> Iterator[object]:
        yield value

    def raises() -> None:
        raise LookupError(value, value)

    next(yields())
    with contextlib.suppress(LookupError):
        raises()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", [_raise, _block, _recurse, _lie], ids=lambda how: how.__name__)
def test_no_method_of_an_argument_is_ever_called(how: Callable[..., Any], engine: str) -> None:
    traps = [trap(base, how) for base in BASES]
    asked.clear()
    traces: list[Trace] = []
    traces.append(record(lambda: list(map(passed_through, traps)), engine))
    assert asked == []
    taken = calls_named(traces[0], "take")
    assert len(taken) == 2 * len(BASES)
    assert all("<Trap>" in call.parameters[0].text for call in taken[::2])
    assert [type(call.outcome) for call in calls_named(traces[0], "raises")] == [Raised] * len(BASES)


class Half:
    """Shown to functions before it has any attribute."""

    __slots__ = ("name",)

    def __init__(self) -> None:
        take(self)
        self.name = "whole"

    def __repr__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Half) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]


def cyclic() -> list[object]:
    items: list[Any] = []
    items += [items, (items,), {"self": items}]
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    chained = Exception()
    chained.args = (chained,)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    nested: tuple[Any, ...] = ()
    for _ in range(1000):
        nested = (nested,)
    return [items, loop, chained, deep, nested]


@pytest.mark.parametrize("engine", ENGINES)
def test_half_made_and_cyclic_objects(engine: str) -> None:
    values = cyclic()
    trace = record(lambda: [Half(), *map(passed_through, values)], engine)
    assert calls_named(trace, "__init__")[0].receiver is not None
    assert len(calls_named(trace, "take")) == 1 + 2 * len(values)
    while values:
        values.pop()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gigabyte_is_not_touched(engine: str, tmp_path: Path) -> None:
    size = 1 << 30
    path = tmp_path / "sparse"
    path.touch()
    os.truncate(path, size)
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as mapped:
        view = memoryview(mapped)
        values: list[object] = [
            *(mapped, view, range(1 << 62), 1 << (1 << 20), bytearray(1 << 20), "x" * (1 << 22)),
            *(b"x" * (1 << 22), [None] * (1 << 20), (0,) * (1 << 20), dict.fromkeys(range(1 << 16))),
            *(set(range(1 << 16)), (c_char * (1 << 20))(), deque(range(1 << 16))),
        ]
        for value in values:
            trace = record(lambda value=value: take(value, key=value), engine)  # type: ignore[misc]
            shown = calls_named(trace, "take")[0]
            texts = [each.text for each in shown.parameters]
            assert max(map(len, texts)) < 500
            assert sum(map(len, texts)) < 2000
        view.release()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gigabyte_of_bytes_is_not_copied(engine: str) -> None:
    size = 1 << 30
    # Zeros that nobody has looked at take no memory yet: whoever reads or copies them takes a gigabyte.
    huge = bytes(size)

    def raises() -> None:
        raise LookupError(huge, "text " * (1 << 20), huge, {"x": huge}, [huge])

    def run() -> None:
        take(huge, [huge], (huge, huge), {"x": huge}, {1: huge}, key=huge, password=huge, more=[("x", huge)])
        passed_through([huge])
        with contextlib.suppress(LookupError):
            raises()

    before = peak_bytes(forget=True)
    trace = record(run, engine)
    assert peak_bytes() - before < 200 << 20
    outcome = calls_named(trace, "raises")[0].outcome
    assert isinstance(outcome, Raised) and len(outcome.text) < 1000
    texts = [value.text for call in trace.calls for value in call.parameters]
    assert max(map(len, texts)) < 3000


# Traps wherever an app can have them: settings, g, the environ, arguments, results, errors, itself.
HOSTILE_APP = """\
asked = []
def asks(name):
    def call(*a, **k):
        asked.append(name)
        raise ValueError(name)
    return call
NAMES = "repr str eq hash len bool iter getitem getattr getattribute contains format call index".split()
methods = {f"__{name}__": asks(name) for name in NAMES}
Trap = type("Trap", (), methods | {"__class__": property(asks("class")), "__dict__": property(asks("dict"))})
def trap():
    return object.__new__(Trap)
class Meta(type):
    __getattribute__ = asks("meta")
    __hash__ = None
class Kind(metaclass=Meta):
    pass
from flask import Flask, Response, g, request, session
app = Flask(__name__)
app.secret_key = "a-key-of-no-worth"
app.config.update(X=trap(), MY_TOKEN=trap(), TOKENS={"a": trap(), trap: 1, 1: [trap()]})
app.extra = trap()
class Wrapped:
    def __init__(self, inner):
        self.inner = inner
    def __call__(self, environ, start):
        environ["trap"] = trap()
        return self.inner(environ, start)
    __getattr__ = asks("getattr")
app.wsgi_app = Wrapped(app.wsgi_app)
class Shy(Response):
    __repr__ = __len__ = asks("response")
class Sly(Exception):
    __str__ = __repr__ = asks("exception")
def take(*items, **more):
    return items[0]
@app.before_request
def load():
    g.trap, g.token, session["n"] = trap(), trap(), 1
    request.trap = trap()
@app.route("/")
def index():
    take(trap(), Kind, [trap()], {1: trap()}, x=trap())
    return Shy(part for part in ["a", take("b", trap())])
@app.route("/fails")
def fails():
    raise Sly(trap())
@app.errorhandler(Sly)
def failed(error):
    return take("failed", error)
REQUESTS = ["/", "/fails"]
app.run()
print("ASKED", asked)
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_that_an_app_keeps_is_ever_asked(engine: str, tmp_path: Path) -> None:
    done = run_script(tmp_path, HOSTILE_APP, "--no-files", "--level", "all", "--state", recorder=engine)
    assert done.returncode == 0, done.stderr
    assert "ASKED []" in done.stderr
    assert "<Trap>" in done.stdout and "Sly" in done.stdout


class Colour(Enum):
    RED = 1

    def __repr__(self) -> str:
        asked.append("repr")
        return "red"


Pair = namedtuple("Pair", "left right")


@pytest.mark.parametrize("engine", ENGINES)
def test_all_kinds_of_values_of_the_standard_library(engine: str) -> None:
    async def coroutine() -> None: ...

    module = ModuleType("odd")
    module.__dict__["__name__"] = Half
    unmade = coroutine()
    values: list[object] = [
        *(
            Colour.RED,
            Pair(1, 2),
            SimpleNamespace(a=1),
            MappingProxyType({1: 2}),
            module,
            take,
            Half,
            TrapMeta,
        ),
        *(float("nan"), float("-inf"), -0.0, 1j, ..., NotImplemented, object(), type, sys, len, [].append),
        *("\ud800", "\0", "\u202e", "🦆" * 200, b"\xff" * 200, unmade, lambda: 0, Half.__init__, property()),
        *(
            asyncio.Event(),
            threading.Lock(),
            sys._getframe(),
            Decimal(1),
            Path("x"),
            iter([]),
            zip(),
            {}.keys(),
        ),
    ]
    asked.clear()
    trace = record(lambda: list(map(passed_through, values)), engine)
    unmade.close()
    assert asked == []
    for call in trace.calls:
        for value in call.parameters:
            assert value.text.isprintable() and len(value.text) < 700


@pytest.mark.parametrize("engine", ENGINES)
def test_odd_functions_are_recorded(engine: str) -> None:
    namespace: dict[str, Any] = {"__name__": __name__}
    exec("def generated(*, a=1, **k): return a\nname = lambda *a: a", namespace)
    plain: CodeType = eval("lambda: 0").__code__
    renamed = plain.replace(co_name="\x1b[31m\n", co_filename="\ud800/\0.py", co_qualname="a.b\r")
    function = FunctionType(renamed, {"__name__": Half})  # a module's name that is no text

    async def waits() -> int:
        return 1

    def run() -> None:
        namespace["generated"](b=2)
        namespace["name"](1, 2)
        function()
        asyncio.run(waits())
        type("Made", (), {"method": take})().method()
        list(x for x in (y for y in range(3)))

    trace = record(run, engine)
    assert {"generated", "waits", "take"} <= {trace.function_of(call).name for call in trace.calls}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.binary() | st.integers(), inner)
        | st.tuples(inner, inner)
        | st.sets(st.text() | st.integers())
    ),
)


@settings(max_examples=share(60), deadline=None)
@given(anything)
def test_any_value_has_a_short_printable_text(value: object) -> None:
    text = Texts(["x+"]).value("x1", capture(value)).text
    assert text.isprintable() and len(text) < 1200
