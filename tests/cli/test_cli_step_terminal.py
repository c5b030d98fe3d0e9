"""The stepper in a real terminal: what a person sees, from the first screen to the shell's prompt."""

import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PATIENCE_S = 60.0
DRINKS = """\
from flask import Flask

app = Flask(__name__)


@app.route("/<drink>")
def serve(drink):
    return drink


app.run()
"""


class Terminal:
    """A window of a tmux server of its own."""

    def __init__(self, server: str) -> None:
        self.server = server

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self.server, "-f", os.devnull, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    def keys(self, *names: str) -> None:
        self.tmux("send-keys", "-t", "w", *names)

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-t", "w", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        return self.tmux("capture-pane", "-t", "w", "-p")

    def until(self, pattern: str) -> str:
        """The screen, once it shows what is waited for."""
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            screen = self.screen()
            if re.search(pattern, screen):
                return screen
            time.sleep(0.05)
        raise AssertionError(f"{pattern!r} never came:\n{self.screen()}")


@contextmanager
def _terminal(folder: Path, columns: int, rows: int, command: str) -> Iterator[Terminal]:
    terminal = Terminal(f"flasktrace-{uuid.uuid4().hex[:12]}")
    shell = f"cd {shlex.quote(str(folder))}; {command}; echo ended with $?; exec sh"
    environment = [
        "env",
        "-u",
        "COLUMNS",
        "-u",
        "LINES",
        "LANG=C.UTF-8",
        "LC_ALL=C.UTF-8",
        "TERM=xterm-256color",
    ]
    size = ["-x", str(columns), "-y", str(rows)]
    terminal.tmux("new-session", "-d", "-s", "w", *size, shlex.join([*environment, "sh", "-c", shell]))
    try:
        yield terminal
    finally:
        terminal.tmux("kill-server")


@pytest.fixture(autouse=True)
def _needs_tmux(cannot_run: Callable[[str], None]) -> None:
    if shutil.which("tmux") is None:
        cannot_run("there is no tmux")


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of hooks that end the chain."""
    folder = tmp_path_factory.mktemp("terminal")
    command = [sys.executable, "-m", "flasktrace", "run", "hooks_end_chain", "-o", "out"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=100)
    return folder / "out" / "trace.flasktrace"


def _step(trace: Path, *arguments: str) -> str:
    return shlex.join([sys.executable, "-m", "flasktrace", "step", str(trace), *arguments])


def test_a_small_terminal_folds_the_panes_and_a_large_one_shows_them(trace: Path, tmp_path: Path) -> None:
    with _terminal(tmp_path, 80, 24, _step(trace, "--lang", "en")) as terminal:
        small = terminal.until(r"(?s)\[1 Calls\] 2 Values  3 Explanation  4 State.*step  n over.*q quit")
        assert "╭─" not in small
        assert max(map(len, small.splitlines())) <= 80
        terminal.keys("/")
        terminal.until("Search names and values")
        terminal.keys("preprocess_request", "Enter")
        terminal.until(r"▶ #\d+ .*Flask.preprocess_request")
        terminal.resize(200, 60)
        panes = ("1 Calls", "2 Values", "3 Explanation", "4 State", "5 Source")
        # All on one screen; the terminal draws them one after the other.
        shown = (*(f"╭─ {pane}" for pane in panes), "def preprocess_request")
        terminal.until("(?s)" + "".join(f"(?=.*{text})" for text in shown))
        terminal.resize(80, 24)
        terminal.until(r"\[1 Calls\]")
        terminal.keys("q")
        assert "ended with 0" in terminal.until("ended with")


def test_hooks_level_language_and_help_are_a_key_away(trace: Path, tmp_path: Path) -> None:
    with _terminal(tmp_path, 120, 40, _step(trace, "--lang", "en")) as terminal:
        terminal.until("╭─ 1 Calls")
        terminal.keys("/")
        terminal.until("Search names")
        terminal.keys("door_keeper", "Enter")
        terminal.until("door_keeper")
        terminal.keys("H")
        terminal.until(r"(?s)Hooks of request.*#2\s+before_request\s+door_keeper")
        terminal.keys("q")
        terminal.until(r"(?s)\A(?!.*Hooks of request)")
        terminal.keys("l")
        terminal.until("pipeline · en")
        terminal.keys("x")
        terminal.until("╭─ 1 调用")
        terminal.keys("?")
        terminal.until("按键")
        terminal.keys("Enter")
        terminal.until(r"(?s)\A(?!.*按键)")
        terminal.keys("q")
        assert "ended with 0" in terminal.until("ended with")


def test_a_live_walk_holds_the_client_and_ctrl_c_lets_it_have_its_answer(tmp_path: Path) -> None:
    arguments = ["step", "hello", "--live", "--quiz", "--lang", "en"]
    with _terminal(
        tmp_path, 100, 30, shlex.join([sys.executable, "-m", "flasktrace", *arguments])
    ) as terminal:
        terminal.until(r"live: held .* 0/0")
        terminal.keys("m")
        terminal.until(r"(?s)#1 enters hello\.py.*What is called next\?")
        terminal.keys("1")
        terminal.until(r"(?s)#2 enters Flask\.__init__.*Score: [01] of 1 right")
        terminal.keys("Enter")
        terminal.until(r"(?s)\A(?!.*Score)")
        terminal.keys("c")
        terminal.until(r"enters ThreadingMixIn\.process_request_thread")
        terminal.keys("C-c")
        last = terminal.until("ended with 0")
        assert re.search(r"^Score: [01] of 1 right", last, re.M) and re.search("^GET /index 200", last, re.M)


def test_two_clients_get_their_answers_though_the_window_is_closed_in_mid_request(tmp_path: Path) -> None:
    (tmp_path / "drinks.py").write_text(DRINKS)
    command = [sys.executable, "-m", "flasktrace", "step", "drinks.py", "--live", "--listen", "--lang", "en"]
    with ThreadPoolExecutor() as pool:
        with _terminal(tmp_path, 120, 36, shlex.join(command)) as terminal:
            terminal.until(r"live: held")
            terminal.keys("c")
            url = terminal.until(r"live http://\S+/: running").rpartition("live ")[2].partition(": ")[0]
            answers = {drink: pool.submit(_get, url + drink) for drink in ("tea", "coffee")}
            terminal.until(r"held \(\+1\)")
            terminal.keys("t")
            terminal.until(r"(?s)Threads.*Thread-1.*held #.*Thread-2.*held #")
            terminal.keys("2")
            terminal.until(r"(?s)\A(?!.*Threads)")
            for name in ("BaseServer.finish_request", "BaseRequestHandler.__init__"):
                terminal.keys("m")
                terminal.until(rf"▶ #\d+ enters {re.escape(name)}")
            assert not any(answer.done() for answer in answers.values())
        # The window is closed now, and the terminal is gone.
        assert {drink: answer.result(PATIENCE_S) for drink, answer in answers.items()} == {
            "tea": b"tea",
            "coffee": b"coffee",
        }
    deadline_s = time.monotonic() + PATIENCE_S
    while _listens(url) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not _listens(url)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as response:
        answer: bytes = response.read()
        return answer


def _listens(url: str) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), 1):
        return True
    return False


def test_a_dumb_terminal_gets_lines(trace: Path, tmp_path: Path) -> None:
    with _terminal(tmp_path, 80, 24, f"TERM=dumb {_step(trace, '--lang', 'en')}") as terminal:
        terminal.until(r"\[stop 1 of \d+\]")
        terminal.keys("/door_keeper", "Enter", "H", "Enter")
        assert "before_request" in terminal.until("never_for_strangers")
        terminal.keys("q", "Enter")
        terminal.until("ended with 0")
