"""The metadata of a recording: what was run on what, as far as this process knows."""

import contextlib
import datetime
import platform
import sys
from collections.abc import Mapping

from flasktrace.tracer.model import Metadata
from flasktrace.tracer.recorder import Recorder


def describe(
    scenario: str, engine: str, recorder: Recorder, extra: Mapping[str, str] | None = None
) -> Metadata:
    """Describe a recording that begins now.

    Args:
        scenario: its name.
        engine: ``bundled`` or ``installed``.
        recorder: what records it.
        extra: further facts.
    """
    return Metadata(
        scenario=scenario,
        engine=engine,
        recorder=recorder.engine,
        python_version=platform.python_version(),
        flask_version=version_of("flask"),
        werkzeug_version=version_of("werkzeug"),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        level_of_detail="values" if recorder.options.with_values else "calls",
        extra=extra or {},
    )


def displaced(recorder: Recorder) -> str:
    """Tell that another tool has the hook, and what to do."""
    if recorder.is_kept_out:
        return (
            f"{recorder.displaced_by} holds the profiling hook, of which there is but one, so nothing is"
            " recorded: leave that out, or use Python 3.12 or later, where both work side by side"
        )
    return (
        f"{recorder.displaced_by} took the profiling hook meanwhile: the calls from then on are missing;"
        " leave that out, or use Python 3.12 or later, where both work side by side"
    )


def version_of(name: str) -> str:
    """The version a module gives itself, else its distribution's; "" when there is neither."""
    module = sys.modules.get(name)
    version = module.__dict__.get("__version__") if module is not None else None
    if isinstance(version, str):
        return version
    import importlib.metadata  # only now: it is slow to import

    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(name)
    return ""
