"""Two long traces compared: that the time grows with their length, however much they differ.

    python benchmarks/diffing.py [--calls N]

One scenario is recorded on both engines, and each recording repeated until there are N calls. Measured is the
processor time of ``flasktrace diff``, reading included, for N calls and for a quarter of them: of a trace and
itself, of the two engines, and of a trace and itself with the functions of its calls mixed. Exit status 1
when four times the calls take eight times as long, or N calls a minute.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from long_traces import repeated

from flasktrace.tracer.model import Trace
from flasktrace.tracer.store import read_trace, write_trace

MAX_GROWTH, MAX_S = 8.0, 60.0
LEVELS = ("milestones", "pipeline", "all")


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=100_000)
    calls = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        left, right = (_recorded(folder, engine) for engine in ("bundled", "installed"))
        pairs = {
            "the same": (left, left),
            "two engines": (left, right),
            "mixed functions": (left, _mixed(left)),
        }
        print(f"| compared | level | {calls // 4:,} calls | {calls:,} calls |")
        print("|---|---|---|---|")
        is_slow = False
        for what, pair in pairs.items():
            for level in LEVELS:
                few_s, many_s = (_diff_s(folder, pair, count, level) for count in (calls // 4, calls))
                is_slow |= many_s > MAX_S or many_s > MAX_GROWTH * few_s
                print(f"| {what} | {level} | {few_s:.1f} s | {many_s:.1f} s |", flush=True)
    return int(is_slow)


def _recorded(folder: Path, engine: str) -> Trace:
    command = [sys.executable, "-m", "flasktrace", "run", "hooks", "--engine", engine, "-o", engine]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return read_trace(folder / engine / "trace.flasktrace")


def _mixed(trace: Trace) -> Trace:
    """The trace with its calls being those of other functions, by lot."""
    mixed = repeated(trace, len(trace.calls))
    random.Random(1).shuffle(mixed.calls.function_id)
    return mixed


def _diff_s(folder: Path, pair: tuple[Trace, Trace], count: int, level: str) -> float:
    paths = [folder / name for name in ("a.flasktrace", "b.flasktrace")]
    for trace, path in zip(pair, paths, strict=True):
        path.unlink(missing_ok=True)
        write_trace(repeated(trace, count), path)
    before_s = _children_s()
    command = [sys.executable, "-m", "flasktrace", "diff", *map(str, paths), "--level", level]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return _children_s() - before_s


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
