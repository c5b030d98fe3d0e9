"""What it takes to look at a long trace, and to run a small program: the CPU time of whole commands.

    python benchmarks/viewing.py [--calls 1000000] [--rounds 5]

One long trace is made of copies of a recorded run, each with requests of its own; another is recorded:
requests to the small app of ``benchmarks/recording.py``, with all that differs from one to the next. First
``show --level milestones`` of both is timed, then the tree with the drawings, and the page, of one request
out of the copies, beside the same of the short trace; then ``run hello`` beside the same script run without
flasktrace, which is asked the same request and stopped. All commands take turns within each round; the
medians are shown, and the imports that ``run`` made and the script alone did not (``-X importtime``).

Exit status 1 when a goal is missed: 3 s; 1 s more than of the short trace; 0.6 s more than the script.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from long_traces import repeated

from flasktrace.tracer.store import read_trace, write_trace

ROOT = Path(__file__).resolve().parent.parent
GOALS = {"show": 3.0, "show, recorded": 3.0, "drawings": 1.0, "page": 1.0, "run": 0.6}
FLASKTRACE = [sys.executable, "-m", "flasktrace"]
RECORD = """
import sys, flasktrace
sys.path.insert(0, sys.argv[1])
from recording import make_app
calls, client = int(sys.argv[3]), make_app().test_client()
with flasktrace.record(sys.argv[2], limit=calls):
    for number in range(calls // 450):  # each makes a few more
        client.get(f"/item/{number}")
"""
# The script as it stands, on the bundled Flask, on a free port; who asks is a thread of the same process.
ALONE = """
import runpy, socketserver, threading, urllib.request
from flasktrace.framework import activate
activate()
bind, serve = socketserver.TCPServer.server_bind, socketserver.BaseServer.serve_forever
def bind_anywhere(server):
    server.server_address = (server.server_address[0], 0)
    bind(server)
def serve_once(server, *arguments):
    def ask():
        urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}/index").read()
        server.shutdown()
    threading.Thread(target=ask).start()
    serve(server, *arguments)
socketserver.TCPServer.server_bind, socketserver.BaseServer.serve_forever = bind_anywhere, serve_once
runpy.run_path("hello.py", run_name="__main__")
"""


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.symlink(ROOT / "scenarios" / "hello.py", folder / "hello.py")
        small, long = folder / "out" / "trace.flasktrace", folder / "long.flasktrace"
        recorded = folder / "recorded.flasktrace"
        _cpu_s([*FLASKTRACE, "run", "hello", "-o", "out"], folder)
        trace = read_trace(small)
        write_trace(repeated(trace, arguments.calls), long)
        calls, here = str(arguments.calls), str(Path(__file__).parent)
        _cpu_s([sys.executable, "-c", RECORD, here, str(recorded), calls], folder)
        request = ["--request", str(trace.requests[-1].id), "-o", "drawn"]
        commands = {
            "show": [*FLASKTRACE, "show", str(long), "--level", "milestones"],
            "show, recorded": [*FLASKTRACE, "show", str(recorded), "--level", "milestones"],
            "drawings": [*FLASKTRACE, "show", str(long), *request],
            "drawings, short": [*FLASKTRACE, "show", str(small), *request],
            "page": [*FLASKTRACE, "show", str(long), "--view", "page", *request],
            "page, short": [*FLASKTRACE, "show", str(small), "--view", "page", *request],
            "run": [*FLASKTRACE, "run", "hello", "-o", "out"],
            "script alone": [sys.executable, "-c", ALONE],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                times[name].append(_cpu_s(command, folder))
        imports = _imports(commands["run"], folder)
        alone = _imports(commands["script alone"], folder)
    medians = {name: statistics.median(each) for name, each in times.items()}
    found = {
        "show": medians["show"],
        "show, recorded": medians["show, recorded"],
        "drawings": medians["drawings"] - medians["drawings, short"],
        "page": medians["page"] - medians["page, short"],
        "run": medians["run"] - medians["script alone"],
    }
    for name, seconds in medians.items():
        print(f"{name:16} {seconds:.2f} s")
    for name, seconds in found.items():
        print(
            f"{name:16} {seconds:.2f} s {'' if name.startswith('show') else 'more '}(at most {GOALS[name]})"
        )
    extra = {name: taken_us for name, taken_us in imports.items() if name not in alone}
    print(f"{len(extra)} modules more are imported, in {sum(extra.values()) / 1e6:.2f} s; the dearest:")
    for name, taken_us in sorted(extra.items(), key=lambda each: -each[1])[:8]:
        print(f"  {name} {taken_us / 1e3:.0f} ms")
    return 0 if all(found[name] <= limit for name, limit in GOALS.items()) else 1


def _cpu_s(command: list[str], folder: Path) -> float:
    """User and system time of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=_environment(), check=True, capture_output=True, timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _imports(command: list[str], folder: Path) -> dict[str, int]:
    """What was imported, and the microseconds each module took by itself."""
    timed = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(
        timed, cwd=folder, env=_environment(), check=True, capture_output=True, text=True, timeout=300
    )
    found = {}
    for line in done.stderr.splitlines():
        parts = line.removeprefix("import time:").split("|")
        if len(parts) == 3 and parts[0].strip().isdigit():
            found[parts[2].strip()] = int(parts[0])
    return found


def _environment() -> dict[str, str]:
    """As a user has it: compiled modules are kept."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT / "src")}


if __name__ == "__main__":
    sys.exit(main())
