"""At the limits: the end of the stack, many threads, open generators, kills, full disks, forks, shutdown."""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.unbreakable.odd_runs import (
    APP,
    built,
    calls_named,
    flasktrace,
    our_lines,
    record,
    recording,
    run_script,
)

from flasktrace.tracer import query
from flasktrace.tracer.engines import available_engines
from flasktrace.tracer.model import Unfinished
from flasktrace.tracer.store import read_trace

ENGINES = available_engines()


def down(n: int) -> int:
    return 0 if n == 0 else 1 + down(n - 1)


def deepest() -> int:
    reached = 0

    def deeper() -> None:
        nonlocal reached
        reached += 1
        deeper()

    try:
        deeper()
    except RecursionError:
        return reached
    raise AssertionError("there was no limit")


@pytest.mark.parametrize("engine", ENGINES)
def test_recursion_goes_as_deep_as_untraced(engine: str) -> None:
    plain = deepest()
    reached: list[int] = []

    def run() -> None:
        reached.append(deepest())
        reached.append(deepest())  # the first must not have hurt anything
        down(200)

    trace = record(run, engine)
    assert min(reached) >= plain - 6
    assert max(call.depth for call in trace.calls) >= plain - 20
    if engine == "setprofile":
        # The interpreter takes a hook away that it has no room to call; that is counted, and said.
        assert trace.dropped_count > 0
    else:
        assert len(calls_named(trace, "down")) == 201


@pytest.mark.parametrize("engine", ENGINES)
def test_recursion_in_many_threads_at_once(engine: str) -> None:
    results: list[int] = []

    def run() -> None:
        threads = [threading.Thread(target=lambda: results.append(deepest())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    trace = record(run, engine)
    assert len(results) == 8 and min(results) > 900
    assert len([thread for thread in trace.threads if thread.started_by]) == 8


@pytest.mark.parametrize("engine", ENGINES)
def test_two_hundred_threads_at_once_are_all_there(engine: str) -> None:
    barrier = threading.Barrier(200)

    def work(number: int) -> int:
        barrier.wait()
        return down(5) + number

    def run() -> None:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    trace = record(run, engine)
    assert sorted(call.parameters[0].text for call in calls_named(trace, "work")) == sorted(
        map(str, range(200))
    )
    assert len(calls_named(trace, "down")) == 200 * 6
    threads = {thread.id: thread for thread in trace.threads}
    assert len({call.thread_id for call in calls_named(trace, "work")}) == 200
    for call in calls_named(trace, "work"):
        assert threads[call.thread_id].started_by is not None


def counting(n: int) -> Generator[int, int, None]:
    yield from range(n)


@pytest.mark.parametrize("engine", ENGINES)
def test_generators_left_open_are_unfinished(engine: str) -> None:
    kept = []

    def run() -> None:
        for _ in range(100):
            each = counting(3)
            next(each)
            kept.append(each)
        for each in kept[:50]:
            each.close()

    trace = record(run, engine)
    calls = calls_named(trace, "counting")
    assert len(calls) == 100
    assert sum(isinstance(call.outcome, Unfinished) for call in calls[50:]) == 50
    for each in kept:
        each.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_threads_that_are_still_running_do_not_hold_the_trace_up(engine: str) -> None:
    stop, begun = threading.Event(), threading.Event()

    def spin() -> None:
        while not stop.is_set():
            down(1)
            begun.set()

    with recording(engine) as recorder:
        thread = threading.Thread(target=spin, daemon=True)
        thread.start()
        begun.wait()
    trace = built(recorder)
    stop.set()
    thread.join()
    assert isinstance(calls_named(trace, "spin")[0].outcome, Unfinished)


SPINS = """\
import threading
def work():
    pass
def spin():
    while True:
        work()
threading.Thread(target=spin, daemon=True).start()
"""


def test_a_daemon_thread_that_never_rests_lets_the_run_end(tmp_path: Path) -> None:
    done = run_script(tmp_path, APP + SPINS + "app.run()\n", "--limit", "5000", "--no-values")
    assert done.returncode == 0, done.stderr
    trace = read_trace(tmp_path / "shop-trace" / "trace.flasktrace")
    assert len(trace.calls) == 5_000 and trace.dropped_count > 0


def test_daemon_threads_at_the_end_of_the_interpreter(tmp_path: Path) -> None:
    source = (
        "import atexit, threading\n"
        + APP
        + "def forever():\n    while True:\n        threading.Event().wait(0.001)\n        work()\n"
        + "def work():\n    threading.current_thread().name\n"
        + "for _ in range(20):\n    threading.Thread(target=forever, daemon=True).start()\n"
        + "atexit.register(work)\napp.run()\n"
    )
    done = run_script(tmp_path, source, "--no-files", "--only", "index")
    assert done.returncode == 0, done.stderr
    assert "Fatal" not in done.stderr and "Traceback" not in done.stderr


# The program itself waits until the trace on disk has come so far: a slow machine is no failure.
WAITS = """\
def wait_for(name):
    import time
    from flasktrace.tracer.store import read_trace
    for _ in range(200):
        trace = read_trace("shop-trace/trace.flasktrace")
        if any(function.name == name for function in trace.functions.values()):
            return
        time.sleep(0.1)
"""
STARTS = APP + "def begins(): pass\nbegins()\n"


@pytest.mark.parametrize("ending", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_a_process_ended_by_force_in_a_request_leaves_its_trace(ending: str, tmp_path: Path) -> None:
    view = f"import os; middle(); wait_for('middle'); {ending}"
    source = STARTS.replace("return 'hi'", view) + WAITS + "def middle(): pass\napp.run()\n"
    done = run_script(tmp_path, source)
    assert done.returncode == (0 if "_exit" in ending else -signal.SIGKILL)
    assert len(our_lines(done)) == (1 if "_exit" in ending else 0)
    trace = read_trace(tmp_path / "shop-trace" / "trace.flasktrace")
    assert query.contains_chain(trace, ["begins", "Flask.run", "wsgi_app", "index", "middle"])
    shown = flasktrace(tmp_path, "show", "shop-trace", "--only", "middle")
    assert shown.returncode == 0 and "middle" in shown.stdout


MANY = STARTS + "def work(n): return [n] * 3\nfor i in range(6000):\n    work(str(i) * 9)\napp.run()\n"


def test_a_full_disk_in_the_middle_is_one_line_and_the_trace_until_then_is_kept(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(MANY)

    def at_most_so_much() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = subprocess.run(
        [sys.executable, "-m", "flasktrace", "run", "shop.py", "--engine", "installed", "--only", "index"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, preexec_fn=at_most_so_much,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert len(our_lines(done)) == 1 and "trace.flasktrace" in our_lines(done)[0]
    assert "Traceback" not in done.stderr
    trace = read_trace(tmp_path / "shop-trace" / "trace.flasktrace")
    trace.validate()


def test_a_full_disk_under_a_drawing_is_one_line(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = run_script(tmp_path, APP + "app.run()\n")
    assert done.returncode == 0
    for words in (("export", "shop-trace", "--format", "json"), ("show", "shop-trace")):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "flasktrace", *words],
                cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
            )  # fmt: skip
        assert done.returncode == 2
        assert len(our_lines(done)) == 1 and "No space left" in done.stderr and "internal" not in done.stderr


FORKS = """\
import os, threading, multiprocessing, subprocess, sys
def in_child(n):
    return n * 2
def main():
    pids = []
    for n in range(5):
        pid = os.fork()
        if not pid:
            in_child(n)
            os._exit(n)
        pids.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == list(range(5))
    killed = os.fork()
    if not killed:
        in_child("killed")
        os.kill(os.getpid(), 9)
    os.waitpid(killed, 0)
    other = os.fork()
    if not other:
        os.execv(sys.executable, [sys.executable, "-c", "raise SystemExit(7)"])
    assert os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]) == 7
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(in_child, range(4)) == [0, 2, 4, 6]
    assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout == b"1\\n"
main()
"""


def test_forks_and_execs_of_the_program_go_on_as_ever(tmp_path: Path) -> None:
    done = run_script(tmp_path, APP + FORKS + "app.run()\n", "--only", "in_child")
    assert done.returncode == 0, done.stderr
    assert not our_lines(done)
    trace = read_trace(tmp_path / "shop-trace" / "trace.flasktrace")
    seen = [call.parameters[0].text for call in calls_named(trace, "in_child")]
    assert {"0", "1", "2", "3", "4"} <= set(seen)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_over_the_limit_costs_no_memory(engine: str) -> None:
    from flasktrace.tracer.builder import Builder
    from flasktrace.tracer.model import Metadata

    with recording(engine) as recorder:
        down(500)
        for n in range(500):
            down(n % 3)
    trace = Builder(recorder, limit=100).finish(Metadata(), [])
    trace.validate()
    assert len(trace.calls) == 100
    assert trace.dropped_count == 501 + sum(n % 3 + 1 for n in range(500)) - 100


def test_a_killed_run_leaves_no_file_behind_that_is_open_to_others(tmp_path: Path) -> None:
    before = set(os.listdir("/tmp"))
    done = run_script(tmp_path, APP + FORKS + "app.run()\n", "--no-files")
    assert done.returncode == 0
    assert not [name for name in set(os.listdir("/tmp")) - before if name.startswith("flasktrace-forks")]
