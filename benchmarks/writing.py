"""What writing a trace while recording costs: time and bytes a call, and the memory it takes.

    python benchmarks/writing.py [--requests 300] [--calls 100000 1000000] [--rounds 3]

Requests to the small app of ``benchmarks/recording.py`` are recorded into a file, each sample in a process
of its own. The time is that of the thread which builds and writes; the median of the rounds is shown. Beside
it, if viztracer is installed, the size of its JSON of the same requests, C calls left out. The memory is
the peak of a recording of so many calls, above what the process took before it.

Exit status 1 when a goal is missed: without values 1.5 microseconds and 45 bytes a call are written, and a
recording ten times as long takes at most half as much memory again.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recording import make_work

ROOT = Path(__file__).resolve().parent.parent
GOALS = {"write_us": 1.5, "bytes": 45.0}
MEMORY_GROWTH = 1.5
PIECE = 20  # requests at a time, where calls are counted


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--calls", type=int, nargs=2, default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.sample:
        kind, *rest = json.loads(arguments.sample)
        print(json.dumps(SAMPLES[kind](*rest)))
        return 0
    is_met = True
    for values in (False, True):
        rounds = [sample_apart("written", arguments.requests, values) for _ in range(arguments.rounds)]
        found = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
        told = "with values" if values else "no values  "
        print(
            f"{told}: {found['calls']:,.0f} calls, built in {found['build_us']:.1f} us, written in"
            f" {found['write_us']:.2f} us and {found['bytes']:.1f} bytes a call"
        )
        is_met = is_met and (values or all(found[name] <= limit for name, limit in GOALS.items()))
        peer = sample_apart("viztracer", arguments.requests, values)
        if peer:
            print(
                f"{told}: viztracer's JSON has {peer['bytes']:.0f} bytes a call,"
                f" {peer['bytes'] / found['bytes']:.1f} times as many"
            )
    for values in (False, True):
        small, large = (sample_apart("memory", count, values)["mb"] for count in arguments.calls)
        told = "with values" if values else "no values"
        print(f"memory, {told}: {small:.0f} MB for {arguments.calls[0]:,} calls,", end=" ")
        print(f"{large:.0f} MB for {arguments.calls[1]:,}")
        is_met = is_met and large <= MEMORY_GROWTH * small
    return 0 if is_met else 1


def sample_apart(*sample: object) -> dict[str, float]:
    """One sample in a process of its own."""
    command = [sys.executable, __file__, "--sample", json.dumps(sample)]
    settings = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, env=settings, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _written(requests: int, values: bool) -> dict[str, float]:
    from flasktrace.tracer.builder import Builder
    from flasktrace.tracer.session import Session, SessionOptions
    from flasktrace.tracer.store import TraceWriter

    times: dict[str, float] = {"build_us": 0.0, "write_us": 0.0}
    _timed(Builder, "take", "build_us", times)
    _timed(TraceWriter, "write", "write_us", times)
    make_work("in-process", 20)()
    work = make_work("in-process", requests)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.flasktrace")
        session = Session(SessionOptions(trace_path=path, with_values=values, with_state=False))
        session.start()
        work()
        session.end()
        calls = _count(path)
        size = path.stat().st_size
    return {"calls": calls, "bytes": size / calls, **{name: t * 1e6 / calls for name, t in times.items()}}


def _timed(owner: Any, name: str, key: str, times: dict[str, float]) -> None:
    original: Callable[..., object] = getattr(owner, name)

    def timed(*arguments: object) -> object:
        begin = time.thread_time()
        try:
            return original(*arguments)
        finally:
            times[key] += time.thread_time() - begin

    setattr(owner, name, timed)


def _count(path: Path) -> int:
    from flasktrace.tracer.paging import count_calls

    return count_calls(path)


def _viztracer(requests: int, values: bool) -> dict[str, float]:
    try:
        import viztracer
    except ImportError:
        return {}
    make_work("in-process", 20)()
    work = make_work("in-process", requests)
    options = {"log_func_args": True, "log_func_retval": True} if values else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.json")
        tracer = viztracer.VizTracer(
            verbose=0, tracer_entries=20_000_000, ignore_c_function=True, output_file=str(path), **options
        )
        tracer.start()
        work()
        tracer.stop()
        tracer.save()
        size = path.stat().st_size
        events = json.loads(path.read_text())["traceEvents"]
    return {"bytes": size / sum(event["ph"] == "X" for event in events)}


def _memory(calls: int, values: bool) -> dict[str, float]:
    from flasktrace.tracer.session import Session, SessionOptions

    make_work("in-process", 20)()
    work = make_work("in-process", PIECE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.flasktrace")
        limit = 2 * calls
        session = Session(SessionOptions(trace_path=path, with_values=values, limit=limit))
        before = _peak_mb()
        session.start()
        while _count(path) < calls:
            work()
        session.end()
    return {"mb": _peak_mb() - before}


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


SAMPLES: dict[str, Callable[..., dict[str, float]]] = {
    "written": _written,
    "viztracer": _viztracer,
    "memory": _memory,
}


if __name__ == "__main__":
    sys.exit(main())
