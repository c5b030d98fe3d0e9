"""Short labels of calls and values, shared by the views: names, arguments, outcomes, durations, colours."""

from dataclasses import dataclass
from enum import Enum

from flasktrace.reports.text import clean
from flasktrace.tracer.catalogue import Landmark
from flasktrace.tracer.model import Call, Function, Origin, Raised, Returned, Unfinished


class Role(Enum):
    """Which colour a function has, by the part of the pipeline that it is of."""

    SERVER = "server"  # socketserver, http.server, selectors
    SERVING = "serving"  # werkzeug.serving
    APP = "app"  # flask.app and what it is made of
    CONTEXT = "context"  # flask.ctx, flask.globals, werkzeug.local
    ROUTING = "routing"  # werkzeug.routing
    WRAPPERS = "wrappers"  # requests and responses
    FLASK = "flask"  # the rest of Flask
    WERKZEUG = "werkzeug"  # the rest of Werkzeug
    USER = "user"
    OTHER = "other"


_ROLE_OF_MODULE = {
    "werkzeug.serving": Role.SERVING,
    "werkzeug.local": Role.CONTEXT,
    "werkzeug.routing": Role.ROUTING,
    "werkzeug.wrappers": Role.WRAPPERS,
    "werkzeug.sansio.request": Role.WRAPPERS,
    "werkzeug.sansio.response": Role.WRAPPERS,
    "flask.app": Role.APP,
    "flask.sansio.app": Role.APP,
    "flask.sansio.scaffold": Role.APP,
    "flask.ctx": Role.CONTEXT,
    "flask.globals": Role.CONTEXT,
    "flask.wrappers": Role.WRAPPERS,
}
_ROLE_OF_ORIGIN = {
    Origin.USER: Role.USER,
    Origin.FLASK: Role.FLASK,
    Origin.WERKZEUG: Role.WERKZEUG,
    Origin.SERVER: Role.SERVER,
    Origin.STDLIB: Role.OTHER,
    Origin.LIBRARY: Role.OTHER,
}


def role_of(function: Function) -> Role:
    """The colour role of a function; the user's own code wins over its module's name."""
    if function.origin is Origin.USER:
        return Role.USER
    module = function.module
    while module:
        if module in _ROLE_OF_MODULE:
            return _ROLE_OF_MODULE[module]
        module = module.rpartition(".")[0]
    return _ROLE_OF_ORIGIN[function.origin]


def display_name(function: Function, landmark: Landmark | None = None) -> str:
    """The name to show: the landmark's label, else class and method; an inner function by its own name."""
    if landmark is not None and landmark.label:
        return clean(landmark.label)
    qualname = function.qualname
    inner = qualname.rpartition("<locals>.")[2]
    if inner.startswith("<") and inner != qualname:  # "<lambda>" alone says nothing
        return clean(".".join(part for part in qualname.split(".") if part != "<locals>"))
    if qualname == "<module>":  # the script itself: people know it by the name of its file
        return clean(function.file_path.replace("\\", "/").rpartition("/")[2] or function.module)
    return clean(inner)


def defining_class(function: Function) -> str | None:
    """The class whose body defines a method, or None for a plain or inner function."""
    owner = function.qualname.rpartition(".")[0]
    return None if not owner or owner.endswith("<locals>") else owner.rpartition(".")[2]


def arguments(call: Call) -> list[str]:
    """The arguments as they were at the call, ``name=value`` each."""
    return [clean(f"{value.name}={value.text}" if value.name else value.text) for value in call.parameters]


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of a call: the kind, and its text ("" for a plain return)."""

    kind: str  # "returned", "raised", "unfinished"
    text: str = ""


def ending(call: Call, some_exception: str = "an exception") -> Ending:
    """What came of a call, for its label.

    Args:
        call: whose outcome it is.
        some_exception: what to say when the exception's class is not known.
    """
    outcome = call.outcome
    if isinstance(outcome, Returned):
        value = outcome.value
        return Ending("returned", "" if value is None or value.text == "None" else clean(value.text))
    if isinstance(outcome, Raised):
        return Ending("raised", raised_text(outcome, some_exception))
    assert isinstance(outcome, Unfinished)
    return Ending("unfinished")


def raised_text(outcome: Raised, some_exception: str = "an exception") -> str:
    """``LookupError: no item 7``."""
    name = outcome.class_name or some_exception
    return clean(f"{name}: {outcome.text}" if outcome.text else name)


def duration(nanoseconds: int, micro: str = "µs") -> str:
    """A duration with three digits at the most: ``950 ns``, ``1.25 ms``, ``12.3 s``.

    Args:
        nanoseconds: the time in nanoseconds.
        micro: how to write microseconds; ``us`` where only ASCII may be written.
    """
    if nanoseconds < 1_000:
        return f"{nanoseconds} ns"
    if nanoseconds < 999_500:
        value, unit = nanoseconds / 1_000, micro
    elif nanoseconds < 999_500_000:
        value, unit = nanoseconds / 1_000_000, "ms"
    else:
        value, unit = nanoseconds / 1_000_000_000, "s"
    if value < 9.995:
        return f"{value:.2f} {unit}"
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a method came from: the class it was called on, and the one that defines it."""

    actual: str
    defining: str
    looked_through: tuple[str, ...] = ()


def resolution(call: Call, function: Function, ancestry: tuple[str, ...] = ()) -> Resolution | None:
    """Where an inherited method came from; None when its class defines it itself, or it is no method.

    Args:
        call: with its receiver, so not for a trace without values.
        function: of the call.
        ancestry: names of the receiver's classes in the order of lookup, when they are known.
    """
    defining = defining_class(function)
    if defining is None or call.receiver is None or call.receiver.class_name in (defining, "type"):
        return None
    between: tuple[str, ...] = ()
    if defining in ancestry:
        between = tuple(
            name for name in ancestry[: ancestry.index(defining)] if name != call.receiver.class_name
        )
    return Resolution(clean(call.receiver.class_name), clean(defining), tuple(map(clean, between)))
