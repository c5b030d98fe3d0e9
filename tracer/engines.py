"""The engines of the recorder behind one choice: the fastest that this Python has, or the one asked for."""

from flasktrace.tracer import monitoring, native
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.monitoring import MonitoringRecorder
from flasktrace.tracer.native import NativeRecorder
from flasktrace.tracer.recorder import Recorder, RecorderOptions

ENGINES: dict[str, type[Recorder]] = {
    engine.engine: engine for engine in (NativeRecorder, MonitoringRecorder, Recorder)
}


def available_engines(options: RecorderOptions | None = None) -> list[str]:
    """The names of the engines that work here, the one that is taken by default first.

    Args:
        options: what is to be recorded, which not every engine can do.
    """
    works = {
        "native": native.is_available() and native.can_record(options),
        "monitoring": monitoring.is_available(),
        "setprofile": True,
    }
    return [name for name in ENGINES if works[name]]


def make_recorder(options: RecorderOptions | None = None, engine: str = "") -> Recorder:
    """Make a recorder.

    Args:
        engine: its engine; "" for the fastest available.

    Raises:
        UsageError: there is no such engine, or not on this Python.
    """
    available = available_engines(options)
    name = engine or available[0]
    if name not in available:
        raise UsageError(f"the recorder {name!r} cannot be had here: choose one of {', '.join(available)}")
    return ENGINES[name](options)
