"""Labels of calls: names that a newcomer can find in the source, durations that can be read."""

import pytest

from flasktrace.reports.labels import (
    Role,
    arguments,
    display_name,
    duration,
    ending,
    resolution,
    role_of,
)
from flasktrace.tracer.catalogue import Landmark
from flasktrace.tracer.model import PLAIN_RETURN, Call, Function, Origin, Raised, Returned, Value


def _function(module: str, qualname: str, origin: Origin = Origin.FLASK) -> Function:
    return Function(1, module, qualname, f"/app/{module}.py", 1, 2, origin)


def _call(receiver: str = "", outcome: Returned | Raised = PLAIN_RETURN) -> Call:
    value = Value("self", receiver, 1, f"<{receiver}>") if receiver else None
    parameters = (Value("a", "int", 0, "1"), Value("b", "str", 0, "'\x1b'"))
    return Call(1, None, 1, 1, None, 0, None, 0, 1, None, value, parameters, outcome)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1.00 µs"),
        (12_345, "12.3 µs"),
        (123_456, "123 µs"),
        (999_600, "1.00 ms"),
        (45_600_000, "45.6 ms"),
        (1_500_000_000, "1.50 s"),
        (3_600_000_000_000, "3600 s"),
    ],
)
def test_durations_have_three_digits(nanoseconds: int, text: str) -> None:
    assert duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("qualname", "name"),
    [
        ("Flask.wsgi_app", "Flask.wsgi_app"),
        ("run_simple.<locals>.inner", "inner"),
        ("Map.update.<locals>.<lambda>", "Map.update.<lambda>"),
        ("<module>", "shop.py"),
    ],
)
def test_names_are_those_of_the_source(qualname: str, name: str) -> None:
    assert display_name(_function("shop", qualname)) == name


def test_a_landmarks_label_wins() -> None:
    function = _function("flask.app", "Flask.route.<locals>.decorator")
    assert display_name(function, Landmark("flask.app", function.qualname, label="@route")) == "@route"


def test_arguments_and_endings_are_clean() -> None:
    assert arguments(_call()) == ["a=1", "b='\\x1b'"]
    assert ending(_call(outcome=Returned(Value("", "str", 0, "x\n")))).text == "x\\n"
    assert ending(_call(outcome=Raised("Bad", "why"))).text == "Bad: why"
    assert ending(_call(outcome=Raised()), "异常").text == "异常"


def test_roles_follow_the_module_and_the_users_code_wins() -> None:
    assert role_of(_function("werkzeug.routing.map", "Map.add")) is Role.ROUTING
    assert role_of(_function("flask.sansio.scaffold", "Scaffold.route")) is Role.APP
    assert role_of(_function("socketserver", "TCPServer", Origin.SERVER)) is Role.SERVER
    assert role_of(_function("flask.app", "f", Origin.USER)) is Role.USER


def test_resolution_tells_an_inherited_method_only() -> None:
    method = _function("socketserver", "BaseServer.process_request")
    found = resolution(_call("ThreadedServer"), method, ("ThreadedServer", "Mixin", "BaseServer"))
    assert found is not None
    assert (found.actual, found.defining, found.looked_through) == (
        "ThreadedServer",
        "BaseServer",
        ("Mixin",),
    )
    assert resolution(_call("BaseServer"), method) is None
    assert resolution(_call(), method) is None
    assert resolution(_call("X"), _function("m", "f.<locals>.inner")) is None
