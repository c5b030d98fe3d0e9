"""Wrong use and bad input: one clear line, exit status 2, never a traceback of ours."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.commands import flasktrace

from flasktrace.cli import guarded

Run = Callable[..., "subprocess.CompletedProcess[str]"]
# A line of a traceback in a file of ours, be it in a checkout or installed.
OURS = r'File "[^"]*/(?:flasktrace/cli|(?:flasktrace/)?(?:tracer|reports))/[^"]*\.py", line'


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs ``flasktrace`` in an empty folder."""

    def run_it(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return flasktrace(tmp_path, *arguments, environment=environment)

    return run_it


def _the_line(done: "subprocess.CompletedProcess[str]", *parts: str) -> str:
    """Our one line on stderr, after checking that it has all the parts."""
    assert done.returncode == 2, done.stderr
    ours = [line for line in done.stderr.splitlines() if line.startswith("flasktrace: ")]
    assert len(ours) == 1, done.stderr
    # The program's own traceback may name files of the bundled framework, as that is what it runs on.
    assert not re.search(OURS, done.stderr), done.stderr
    for part in parts:
        assert part in ours[0]
    return ours[0]


def test_a_script_that_is_not_there(run: Run) -> None:
    _the_line(run("run", "nowhere.py"), "nowhere.py")


def test_an_unknown_scenario_gets_the_nearest_name(run: Run) -> None:
    _the_line(run("run", "helo"), "helo", "hello")


def test_a_script_that_raises_shows_its_own_traceback_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import flask\nprices = {}\nprint(prices['tea'])\n")
    done = run("run", "broken.py")
    _the_line(done, "KeyError")
    assert 'broken.py", line 3' in done.stderr
    assert done.stderr.index("Traceback") < done.stderr.index("flasktrace: ")
    assert "tracer/" not in done.stderr


def test_a_script_with_a_syntax_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "typo.py").write_text("def f(:\n")
    done = run("run", "typo.py")
    _the_line(done, "SyntaxError")
    assert 'typo.py", line 1' in done.stderr


def test_a_script_without_a_server_or_an_app(run: Run, tmp_path: Path) -> None:
    (tmp_path / "nothing.py").write_text("print('no app here')\n")
    _the_line(run("run", "nothing.py"), "nothing ", "app.run()")


def test_a_server_that_never_answers_is_given_up_after_the_timeout(run: Run, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import threading\n"
        "from flask import Flask\n"
        "app = Flask(__name__)\n"
        "@app.route('/')\n"
        "def index():\n"
        "    threading.Event().wait(20)\n"
        "    return ''\n"
        "app.run()\n"
    )
    done = run("run", "slow.py", "--timeout", "0.5")
    _the_line(done, "0.5", "--timeout")
    assert "index" in done.stdout  # the trace up to there is shown


def test_a_port_in_use_that_the_script_insists_on(run: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "busy.py").write_text(
            f"from flask import Flask\napp = Flask(__name__)\napp.run(port={port})\n"
        )
        _the_line(run("run", "busy.py", "-r", "GET /"), str(port))


@pytest.mark.parametrize("request_line", ["GET", "GET index", "/a b c", "GÉT /", "", "G@T /x"])
def test_a_malformed_request(run: Run, request_line: str) -> None:
    _the_line(run("run", "hello", "-r", request_line), "-r 'GET /path'")


def test_a_path_that_http_cannot_carry(run: Run) -> None:
    _the_line(run("run", "hello", "-r", "GET /\x7f"), "quote")


def test_a_header_without_a_colon_or_without_a_request(run: Run) -> None:
    _the_line(run("run", "hello", "-r", "/index", "-H", "nonsense"), "nonsense")
    _the_line(run("run", "hello", "-H", "A: b"), "-r")


def test_an_output_folder_that_cannot_be_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _the_line(run("run", "hello", "-o", "file/inside"), "file/inside", "-o")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_an_output_folder_that_may_not_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    _the_line(run("run", "hello", "-o", "locked"), "locked", "-o")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.flasktrace", None),
        ("empty.flasktrace", b""),
        ("text.flasktrace", b"not a database, just a text that goes on for a while" * 20),
        ("cut.flasktrace", b"SQLite format 3\x00\x10\x00"),
        ("broken.json", b'{"format": "flasktrace", "calls": [}'),
    ],
)
def test_a_trace_file_that_is_none(run: Run, tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    _the_line(run("show", name), name)


def test_a_trace_of_a_newer_version_says_so(run: Run, tmp_path: Path) -> None:
    import sqlite3

    assert run("run", "hello", "-o", "out").returncode == 0
    path = tmp_path / "out" / "trace.flasktrace"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.commit()
    connection.close()
    _the_line(run("show", str(path)), "999", "newer")


def test_a_truncated_trace(run: Run, tmp_path: Path) -> None:
    assert run("run", "hello", "-o", "out").returncode == 0
    path = tmp_path / "out" / "trace.flasktrace"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    _the_line(run("show", str(path)), "trace.flasktrace")


def test_a_dot_that_fails_costs_no_picture(run: Run, tmp_path: Path) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    dot = fake / "dot"
    dot.write_text("#!/bin/sh\necho 'Error: broken plugin' >&2\nexit 1\n")
    dot.chmod(0o755)
    done = run("run", "hello", "-o", "out", PATH=f"{fake}:{os.environ['PATH']}")
    assert done.returncode == 0
    assert "</svg>" in (tmp_path / "out" / "callgraph.svg").read_text()


def test_unknown_names_in_filters_are_told(run: Run) -> None:
    _the_line(run("run", "hello", "--no-files", "--only", "no_such_function"), "no_such_function")


def test_an_unknown_option_is_one_line(run: Run) -> None:
    _the_line(run("run", "hello", "--colour"), "--colour")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--timeout", "nan"), ("--timeout", "inf"), ("--timeout", "0"), ("--limit", "0"), ("--mask", "(")],
)
def test_an_option_that_makes_no_sense_is_one_line(run: Run, option: str, value: str) -> None:
    assert "internal" not in _the_line(run("run", "hello", "--no-files", option, value), value)


def test_a_body_that_is_no_utf_8_is_sent_as_it_is(run: Run) -> None:
    done = run("run", "hello", "--no-files", "-r", "POST /index", "-d", "\udcff=\udcfe")
    assert done.returncode == 0, done.stderr


def test_no_command_at_all_shows_the_help(run: Run) -> None:
    done = run()
    assert done.returncode == 2 and "Commands:" in done.stderr


def test_a_chain_without_an_arrow(run: Run) -> None:
    _the_line(run("check", "wsgi_app", "hello"), "a -> b")


def test_ctrl_c_keeps_the_trace_and_says_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(
        "import threading\n"
        "from flask import Flask\n"
        "app = Flask(__name__)\n"
        "@app.route('/')\n"
        "def index():\n"
        "    print('in the view', flush=True)\n"
        "    threading.Event().wait(30)\n"
        "    return ''\n"
        "app.run()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "flasktrace", "run", "waits.py", "--timeout", "50"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "in the view" in line:
            break
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "waits-trace/trace.flasktrace" in printed
    assert "index" in printed
    shown = flasktrace(tmp_path, "show", "waits-trace/trace.flasktrace")
    assert shown.returncode == 0
    assert "index" in shown.stdout


def _stumble() -> None:
    raise LookupError("no such\nthing")


def test_what_nobody_thought_of_is_one_line_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLASKTRACE_DEBUG", raising=False)
    assert guarded(_stumble) == 2
    line = capsys.readouterr().err
    assert line.startswith("flasktrace: internal error: LookupError: no such thing; set FLASKTRACE_DEBUG=1")
    assert line.count("\n") == 1


def test_the_traceback_of_an_internal_error_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASKTRACE_DEBUG", "1")
    with pytest.raises(LookupError):
        guarded(_stumble)
