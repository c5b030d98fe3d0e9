"""``flasktrace step --live`` as a user runs it: a real server, real clients, and every way to leave."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

PATIENCE_S = 60
APP = """\
from flask import Flask

app = Flask(__name__)


@app.route("/<drink>")
def serve(drink):
    print(f"serving {drink}\\n", end="")  # at once: two threads may serve
    return drink


app.run()
"""
pytestmark = pytest.mark.skipif(os.name != "posix", reason="a live walk needs a pipe to another process")


class Client(threading.Thread):
    """A real client of its own; ``answer`` is None until it is answered."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.answer: bytes | None = None
        self.start()

    def run(self) -> None:
        with urllib.request.urlopen(self.url, timeout=PATIENCE_S) as response:
            self.answer = response.read()


class Walk:
    """The program, with a pipe to each of its ends."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def say(self, *lines: str) -> None:
        stdin: IO[str] | None = self.process.stdin
        assert stdin is not None
        stdin.write("".join(f"{line}\n" for line in lines))
        stdin.flush()

    def read_until(self, pattern: str) -> "re.Match[str]":
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{pattern!r} never came: {self.errors()}")

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def to_the_request(self) -> tuple[str, Client]:
        """Let the server start, ask it, and walk to the view of the request."""
        self.say("c", "p")
        url = self.read_until(r"serving on (http://\S+)")[1]
        client = Client(url + "tea")
        self.read_until(r"enters ThreadingMixIn.process_request_thread")
        self.say("m", "m", "m")
        self.read_until(r"enters WSGIRequestHandler.handle$")
        return url, client


@contextmanager
def _walk(folder: Path, *arguments: str) -> Iterator[Walk]:
    (folder / "drinks.py").write_text(APP)
    command = [sys.executable, "-m", "flasktrace", "step", "drinks.py", "--live", "--plain", *arguments]
    # As in a window of its own: what is run by nohup would not hear that it is closed.
    heard = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
    ) as process:
        # Whoever waits for a line that never comes gets the end of the file.
        watchdog = threading.Timer(PATIENCE_S, process.kill)
        watchdog.start()
        try:
            yield Walk(process)
        finally:
            watchdog.cancel()
            process.kill()
            signal.signal(signal.SIGHUP, heard)


def _is_gone(url: str) -> bool:
    """Wait until nothing listens any more."""
    port = int(url.rstrip("/").rpartition(":")[2])
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_two_requests_at_once_are_two_threads_and_both_get_their_true_answers(tmp_path: Path) -> None:
    arguments = ("-r", "GET /tea", "-r", "GET /coffee")
    with _walk(tmp_path, *arguments) as walk:
        walk.say("c")
        walk.read_until("enters ThreadingMixIn.process_request_thread")
        found: set[str] = set()
        deadline_s = time.monotonic() + PATIENCE_S
        while len(found) < 2 and time.monotonic() < deadline_s:
            walk.say("t")
            # The list begins with the main thread, and ends with the last that has come.
            found |= set(walk.read_until(r"MainThread|\(GET (/\w+)\): held").groups("")) - {""}
        assert found == {"/tea", "/coffee"}
        walk.say("t 3", "b", "c", "q")
        out, errors = walk.process.communicate(timeout=PATIENCE_S)
        assert walk.process.returncode == 0, errors
    assert sorted(re.findall(r"^GET /\w+ 200$", errors, re.M)) == ["GET /coffee 200", "GET /tea 200"]
    assert "serving tea" in errors and "serving tea" not in out


def test_the_client_waits_as_long_as_its_thread_is_held_and_the_state_is_live(tmp_path: Path) -> None:
    with _walk(tmp_path, "--listen") as walk:
        _, client = walk.to_the_request()
        for _ in range(16):
            walk.say("m")
        # Nobody said what this client asks for; it is seen, and so is that no header is out.
        walk.read_until(r"\(.*, \?; level milestones\)")
        walk.read_until("enters SecureCookieSessionInterface.open_session")
        walk.read_until(r"\(.*, GET /tea; level milestones\)")
        walk.read_until("request stack: RequestContext GET /tea")
        walk.read_until("headers: not set yet")
        walk.read_until("enters Flask.full_dispatch_request")
        walk.read_until("request stack: RequestContext GET /tea")
        assert client.answer is None and client.is_alive()
        walk.say("q")
        client.join(PATIENCE_S)
        assert client.answer == b"tea"
        assert walk.process.wait(PATIENCE_S) == 0


def test_a_live_quiz_asks_before_a_milestone_is_shown(tmp_path: Path) -> None:
    with _walk(tmp_path, "-r", "GET /tea", "--quiz") as walk:
        out, errors = walk.process.communicate("m\n1\nm\n\ns\nq\n", timeout=PATIENCE_S)
        assert walk.process.returncode == 0, errors
    told = re.findall(r"^What is called next\?|^\[stop .*|^Score: .*", out, re.M)
    assert [line.partition("]")[0] for line in told] == [
        "[stop 1 of 2",
        "What is called next?",
        "[stop 2 of 4",
        "What is called next?",
        "[stop 4 of 6",
        "[stop 5 of 6",
        told[-1],
    ]
    assert re.match(r"Score: [01] of 2 right", told[-1])
    assert "GET /tea 200" in errors


@pytest.mark.parametrize(
    ("leave", "status"),
    [
        pytest.param(lambda walk: walk.process.send_signal(signal.SIGINT), 130, id="ctrl-c"),
        pytest.param(lambda walk: walk.process.kill(), -signal.SIGKILL, id="killed"),
        pytest.param(
            lambda walk: walk.process.send_signal(signal.SIGHUP), -signal.SIGHUP, id="window closed"
        ),
    ],
)
def test_however_a_walk_is_left_the_client_gets_its_answer_and_the_server_ends(
    tmp_path: Path, leave: Callable[[Walk], None], status: int
) -> None:
    with _walk(tmp_path, "--listen") as walk:
        url, client = walk.to_the_request()
        assert client.answer is None
        leave(walk)
        client.join(PATIENCE_S)
        assert client.answer == b"tea"
        assert walk.process.wait(PATIENCE_S) == status
        assert _is_gone(url)


def test_a_program_that_fails_is_told_as_its_own_failure(tmp_path: Path) -> None:
    with _walk(tmp_path, "-r", "GET /") as walk:
        (tmp_path / "drinks.py").write_text("import flask\nraise LookupError('no cups')\n")
        _, errors = walk.process.communicate("c\nq\n", timeout=PATIENCE_S)
        assert walk.process.returncode == 2
    assert "LookupError: no cups" in errors
    assert errors.rstrip().splitlines()[-1].startswith("flasktrace: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["old.flasktrace"], "step through it without --live"),
        (["hello", "--only", "Flask.wsgi_app", "--depth", "3"], "without --only and --depth"),
    ],
)
def test_what_cannot_be_walked_live_is_told_in_one_line(
    arguments: list[str], told: str, tmp_path: Path
) -> None:
    (tmp_path / "old.flasktrace").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "flasktrace", "step", *arguments, "--live"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2 and told in done.stderr and done.stderr.count("\n") == 1
