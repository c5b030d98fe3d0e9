"""Records a scenario in a process of its own: one process can have one engine, and one run of a program."""

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
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
    """What is to be recorded, and where to.

    Attributes:
        import_path: further folders to import from.
    """

    target: str
    arguments: tuple[str, ...]
    record: RecordOptions
    with_values: bool
    trace_path: Path
    import_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunApart:
    """What came of a run in a process of its own.

    Attributes:
        trace: as far as it came; None where nothing was recorded.
        status: of the process: 0, or 2 when the program or the recording failed.
        output: what the program and flasktrace said, where it was kept.
    """

    trace: "Trace | None"
    status: int
    output: str = ""


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
    run = run_apart(target, record, with_values, arguments, is_quiet=is_quiet)
    if not run.status and run.trace is not None:
        return run.trace
    sys.stderr.write(run.output)
    raise ScenarioError(
        f"{target} could not be recorded on the {record.engine} engine: see above; "
        f"try it alone with `flasktrace run {target} --engine {record.engine}`"
    )


def run_apart(
    target: str,
    record: RecordOptions,
    with_values: bool = True,
    arguments: tuple[str, ...] = (),
    is_quiet: bool = True,
    import_path: Sequence[str] = (),
) -> RunApart:
    """Record a scenario in a child process, and give what came of it, a failure too.

    Args:
        target: a script, the name of a bundled scenario, or ``package.module:app``.
        record: how.
        with_values: whether values are recorded.
        arguments: the script's own.
        is_quiet: keep what is said; else it goes to this process's stderr.
        import_path: where this process finds modules, which the child is to find too.

    Raises:
        ScenarioError: there is no such scenario.
        KeyboardInterrupt: the child was interrupted, as this process was.
    """
    from flasktrace.tracer.errors import TraceError
    from flasktrace.tracer.store import read_trace

    find_scenario(target)  # a wrong name is told before any process is started
    with tempfile.TemporaryDirectory(prefix="flasktrace-") as folder:
        order = Order(
            target, arguments, record, with_values, Path(folder, "trace.flasktrace"), tuple(import_path)
        )
        order_path = Path(folder, "order")
        order_path.write_bytes(pickle.dumps(order))
        # -P: the folder we are in is put in front by the child itself, as for any scenario.
        child = [sys.executable, "-P", "-m", "flasktrace.cli.recording_apart", str(order_path)]
        if is_quiet:
            # Nobody could answer a question that is not seen.
            done = subprocess.run(
                child, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
        else:
            done = subprocess.run(child, check=False)
        if done.returncode == INTERRUPTED:
            raise KeyboardInterrupt
        trace = None
        if order.trace_path.exists():
            try:
                trace = read_trace(order.trace_path)
            except TraceError:
                if not done.returncode:
                    raise
        return RunApart(trace, done.returncode, (done.stdout or b"").decode("utf-8", "replace"))


def main(order_path: str) -> int:
    """The child: record as ordered."""
    order = pickle.loads(Path(order_path).read_bytes())
    assert isinstance(order, Order)
    sys.path[:0] = [path for path in order.import_path if path not in sys.path]
    scenario = find_scenario(order.target, order.arguments)
    result = play_scenario(scenario, order.record, order.trace_path, order.with_values)
    if result.failure is not None:
        raise FlasktraceError(str(result.failure))
    return INTERRUPTED if result.was_interrupted else 0


if __name__ == "__main__":
    from flasktrace.cli import guarded
    from flasktrace.cli.recording_apart import main as importable_main  # its Order is the pickle's

    sys.exit(guarded(lambda: importable_main(sys.argv[1])))
