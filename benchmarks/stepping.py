"""Measures the stepper: its first screen, the opening of a long trace, and single steps.

    python benchmarks/stepping.py [--calls N] [--rounds N]

The first screen of a small trace is compared, in processes of their own and in turn, with the bare import of
``textual.app``: the quickest of each. The long trace is made of copies of a recorded request. All figures are
of the processor's time, as others may be at work on the machine. Exit status 1 when a goal is missed: 0.5 s
more than the import; 2 s and 400 MB to open 1,000,000 calls; 50 ms a step, 1 s a search through all.
"""

import argparse
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from long_traces import repeated

from flasktrace.tracer.store import read_trace, write_trace

IMPORT = "import textual.app"
GOALS = {"screen_s": 0.5, "open_s": 2.0, "mb": 400.0, "step_s": 0.05, "search_s": 1.0}
WALK = """
import functools, json, resource, sys, time
from pathlib import Path
import textual.app
start_s = time.process_time()
from flasktrace.reports.folded import Level
from flasktrace.reports.stepper.file_book import FileBook
from flasktrace.reports.stepper.moves import Move
from flasktrace.reports.stepper.session import Session
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.paging import TraceFile
catalogues = functools.cache(load_catalogue)
book = FileBook(TraceFile(Path(sys.argv[1])), catalogues("en"))
session = Session(book, catalogues, Level(sys.argv[2]), "en")
session.scene()
open_s = time.process_time() - start_s
steps = []
def timed(move, is_forward):
    start_s = time.process_time()
    (session.forward if is_forward else session.backward)(move)
    session.scene()
    steps.append(time.process_time() - start_s)
for move in [Move.STEP] * 200 + [Move.OVER] * 50 + [Move.MILESTONE] * 50 + [Move.OUT] * 10:
    timed(move, True)
session.to_step(len(session.steps) // 2)
for move in [Move.STEP] * 200 + [Move.MILESTONE] * 50:
    timed(move, False)
start_s = time.process_time()
session.search("no call holds this")
search_s = time.process_time() - start_s
mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
figures = {"open_s": open_s, "step_s": max(steps), "search_s": search_s, "mb": mb}
print(json.dumps(figures | {"calls": book.call_count}))
"""


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small, long = Path(folder, "out"), Path(folder, "long.flasktrace")
        command = [sys.executable, "-m", "flasktrace", "run", "hello", "-o", str(small)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        found = {"screen_s": _first_screen_s(small / "trace.flasktrace", arguments.rounds)}
        print(f"first screen: {found['screen_s']:.3f} s more than {IMPORT!r}")
        write_trace(repeated(read_trace(small / "trace.flasktrace"), arguments.calls), long)
        missed = found["screen_s"] > GOALS["screen_s"]
        for level in ("milestones", "all"):
            found = _walk(long, level)
            print(
                f"{found['calls']:,} calls, level {level}: opened in {found['open_s']:.2f} s,"
                f" {found['mb']:.0f} MB, slowest of 560 steps {found['step_s'] * 1e3:.1f} ms,"
                f" a search through all {found['search_s']:.2f} s"
            )
            # A trace is opened at level milestones; level all, once chosen, takes its time once.
            skipped = {"screen_s"} if level == "milestones" else {"screen_s", "open_s"}
            missed |= any(found[name] > limit for name, limit in GOALS.items() if name not in skipped)
    return int(missed)


def _first_screen_s(trace: Path, rounds: int) -> float:
    """How much more the quickest first screen takes than the quickest import."""
    imports, screens = [], []
    for _ in range(rounds):
        imports.append(_until(["-c", f"{IMPORT}; print('done', flush=True)"], b"done"))
        screens.append(_until(["-m", "flasktrace", "step", str(trace), "--lang", "en"], b"? help"))
    return min(screens) - min(imports)


def _until(arguments: list[str], last: bytes) -> float:
    """The processor's seconds that Python takes until a text has come to the terminal."""
    process_id, terminal = pty.fork()
    if process_id == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40", LANG="C.UTF-8")
        os.execv(sys.executable, [sys.executable, *arguments])
    seen = b""
    while last not in seen:
        seen += os.read(terminal, 65536)
    os.kill(process_id, signal.SIGKILL)  # its end is not to be measured
    usage = os.wait4(process_id, 0)[2]
    os.close(terminal)
    return usage.ru_utime + usage.ru_stime


def _walk(trace: Path, level: str) -> dict[str, float]:
    command = [sys.executable, "-c", WALK, str(trace), level]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    sys.exit(main())
