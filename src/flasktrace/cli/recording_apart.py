"""Records a scenario in a process of its own: one process can have one engine, and one run of a program."""

import pickle
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flasktrace.cli.recording import RecordOptions, find_scenario, play_scenario
from flasktrace.tracer.errors import FlasktraceError, ScenarioError

if TYPE_CHECKING:
    from flasktrace.tracer.model import Trace

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be recorded, and where to."""

    target: str
    arguments: tuple[str, ...]
    record: RecordOptions
    with_values: bool
    trace_path: Path


def record_apart(
    target: str,
    record: RecordOptions,
    with_values: bool = True,
    arguments: tuple[str, ...] = (),
    is_quiet: bool = False,
) -> "Trace":
    """Record a scenario in a child process; with ``is_quiet`` what it says is told only when it fails.

    Raises:
        ScenarioError: it failed; why is on stderr by then.
        KeyboardInterrupt: the child was interrupted, as this process was.
    """
    from flasktrace.tracer.store import read_trace

    find_scenario(target)  # a wrong name is told before any process is started
    with tempfile.TemporaryDirectory(prefix="flasktrace-") as folder:
        order = Order(target, arguments, record, with_values, Path(folder, "trace.flasktrace"))
        order_path = Path(folder, "order")
        order_path.write_bytes(pickle.dumps(order))
        # -P: the folder we are in is put in front by the child itself, as for any scenario.
        child = [sys.executable, "-P", "-m", "flasktrace.cli.recording_apart", str(order_path)]
        done = subprocess.run(child, check=False, stderr=subprocess.PIPE if is_quiet else None)
        status = done.returncode
        if status and is_quiet:
            sys.stderr.write(done.stderr.decode("utf-8", "replace"))
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        if status:
            raise ScenarioError(
                f"{target} could not be recorded on the {record.engine} engine: see above; "
                f"try it alone with `flasktrace run {target} --engine {record.engine}`"
            )
        return read_trace(order.trace_path)


def main(order_path: str) -> int:
    """The child: record as ordered."""
    order = pickle.loads(Path(order_path).read_bytes())
    assert isinstance(order, Order)
    scenario = find_scenario(order.target, order.arguments)
    result = play_scenario(scenario, order.record, order.trace_path, order.with_values)
    if result.failure is not None:
        raise FlasktraceError(str(result.failure))
    return INTERRUPTED if result.was_interrupted else 0


if __name__ == "__main__":
    from flasktrace.cli import guarded
    from flasktrace.cli.recording_apart import main as importable_main  # its Order is the pickle's

    sys.exit(guarded(lambda: importable_main(sys.argv[1])))
