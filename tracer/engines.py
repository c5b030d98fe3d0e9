"""The engines of the recorder behind one choice: the fastest that this Python has, or the one asked for."""

from flasktrace.tracer import monitoring
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.monitoring import MonitoringRecorder
from flasktrace.tracer.recorder import Recorder, RecorderOptions

ENGINES: dict[str, type[Recorder]] = {engine.engine: engine for engine in (Recorder, MonitoringRecorder)}


def available_engines() -> list[str]:
    """The names of the engines that work here, the one that is taken by default first."""
    return ["monitoring", "setprofile"] if monitoring.is_available() else ["setprofile"]


def make_recorder(options: RecorderOptions | None = None, engine: str = "") -> Recorder:
    """Make a recorder.

    Args:
        engine: its engine; "" for the fastest available.

    Raises:
        UsageError: there is no such engine, or not on this Python.
    """
    available = available_engines()
    name = engine or available[0]
    if name not in available:
        raise UsageError(f"the recorder {name!r} cannot be had here: choose one of {', '.join(available)}")
    return ENGINES[name](options)
