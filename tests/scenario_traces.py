"""Real traces of the bundled scenarios, each recorded by a process of its own, once in a run of the tests."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.commands import run_apart

from flasktrace.scenarios.catalog import list_scenarios
from flasktrace.tracer.play import PlayOptions, Scenario, play

ENGINES = ("bundled", "installed")
TIMEOUT_S = 120
# Python 3.11 cannot parse two modules at a time in two threads (gh-106905).
_LISTING = threading.Lock()


def record_scenario(name: str, engine: str, folder: Path) -> Path:
    """Record a bundled scenario, unless another test has.

    Args:
        name: of the scenario.
        engine: "bundled" or "installed".
        folder: where to; of a test's ``tmp_path`` all tests find it.

    Raises:
        AssertionError: it failed; the message is what it said.
    """
    beside = folder.parent.parent if folder.parent.name.startswith("popen-") else folder.parent
    is_of_pytest = beside.name.startswith("pytest-")
    shared = (beside if is_of_pytest else folder) / f"{name}-{engine}.flasktrace"
    if shared.is_file():
        return shared
    with _LISTING:
        scenario = next(each for each in list_scenarios() if each.name == name)
    path = folder / f"{name}-{engine}.new.flasktrace"
    done = run_apart(folder, _record, str(scenario.path), name, engine, str(path), timeout_s=TIMEOUT_S)
    assert path.is_file() and done.returncode == 0, f"{name} on {engine}: {done.stderr}"
    with contextlib.suppress(FileExistsError):  # another worker was quicker, and looks at what it recorded
        os.link(path, shared)
    return shared


def _record(script: str, name: str, engine: str, path: str) -> None:
    options = PlayOptions(engine=engine, trace_path=Path(path), timeout_s=60.0)
    result = play(Scenario(script, name), options)
    sys.exit(str(result.failure) if result.failure else 0)


def record_all(folder: Path, workers: int = 2) -> Iterator[tuple[str, str, Path]]:
    """Record all scenarios on both engines: name, engine, trace file, in the order of the course."""
    wanted = [(scenario.name, engine) for scenario in list_scenarios() for engine in ENGINES]
    with ThreadPoolExecutor(workers) as pool:
        recorded = pool.map(lambda each: record_scenario(each[0], each[1], folder), wanted)
        for (name, engine), path in zip(wanted, recorded, strict=True):
            yield name, engine, path
