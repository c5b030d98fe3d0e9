"""The console tree of a long trace: its speed against printing as many plain lines, and its memory.

    python benchmarks/tree.py [--calls N] [--rounds N]

A recorded run of a bundled scenario is repeated until there are N calls; then level ``all`` of it is printed,
and as many ready lines, of the same texts, are printed one by one. An engine's figure is its best round.
Memory is what printing adds to the trace; it is also measured with a tenth of the calls. Exit status 1 when
the tree takes three times as long as the plain lines, or its memory grows as fast as the trace.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from long_traces import repeated

from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.tree import TreeOptions, tree_lines, write_tree
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.model import Trace
from flasktrace.tracer.store import read_trace

LIMIT = 3.0


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trace = _recorded(Path(folder))
    catalogue = load_catalogue("en")
    options = FoldOptions(Level.ALL, fold_repeats=False)
    folded = fold(repeated(trace, arguments.calls), catalogue, options)
    lines = list(tree_lines(folded))
    tree_s, plain_s = _best_times(folded, lines, arguments.rounds)
    ratio = tree_s / plain_s
    print(f"{len(folded.steps):,} calls, {len(lines):,} lines")
    print(f"tree {tree_s:.3f} s, plain lines {plain_s:.3f} s: {ratio:.2f} times (limit {LIMIT})")
    print(f"first line after {_first_line_s(trace) * 1e3:.1f} ms, with the folding of the trace recorded")
    large = _memory_bytes(folded)
    small = _memory_bytes(fold(repeated(trace, arguments.calls // 10), catalogue, options))
    print(f"memory while printing: {large / 1e6:.2f} MB, with a tenth of the calls {small / 1e6:.2f} MB")
    return 0 if ratio < LIMIT and large < 3 * small else 1


def _recorded(folder: Path) -> Trace:
    command = [sys.executable, "-m", "flasktrace", "run", "errors", "-o", "out"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return read_trace(folder / "out" / "trace.flasktrace")


def _best_times(folded: FoldedTrace, lines: list[str], rounds: int) -> tuple[float, float]:
    """Tree and plain lines in turns, so that a busy machine slows both."""
    tree: list[float] = []
    plain: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryFile("w+", encoding="utf-8") as stream:
            begin = time.process_time()
            write_tree(folded, stream)
            tree.append(time.process_time() - begin)
        with tempfile.TemporaryFile("w+", encoding="utf-8") as stream:
            begin = time.process_time()
            _print_plain(lines, stream)
            plain.append(time.process_time() - begin)
    return min(tree), min(plain)


def _print_plain(lines: Iterable[str], stream: TextIO) -> None:
    for line in lines:
        print(line, file=stream)


def _first_line_s(trace: Trace) -> float:
    begin = time.perf_counter()
    next(
        tree_lines(
            fold(trace, load_catalogue("en"), FoldOptions()), TreeOptions(width_cells=80, explain=True)
        )
    )
    return time.perf_counter() - begin


def _memory_bytes(folded: FoldedTrace) -> int:
    """The most that printing holds at a time, beyond the folded trace."""
    tracemalloc.start()
    try:
        for _ in tree_lines(folded):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


if __name__ == "__main__":
    sys.exit(main())
