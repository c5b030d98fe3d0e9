"""Scripts that do what no tutorial shows: each is recorded, or ends in one clear line."""

import sys
from pathlib import Path

import pytest
from tests.one_python import in_turn
from tests.unbreakable.odd_runs import APP, RUN, flasktrace, our_lines, run_script

FINE = {
    "windows_lines_and_latin_1": (
        b"# -*- coding: latin-1 -*-\r\nname = '\xe9'\r\n" + RUN.replace("\n", "\r\n").encode()
    ),
    "a_byte_order_mark_and_a_reloader": (
        b"\xef\xbb\xbf"
        + APP.encode()
        + b"app.run('127.0.0.1', 5000, debug=True, use_reloader=True, use_debugger=True)\n"
    ),
    "a_server_in_a_thread_inside_asyncio": (
        "import asyncio, threading\n" + APP + "async def main():\n    t = threading.Thread(target=app.run)\n"
        "    t.start()\n    t.join()\nasyncio.run(main())\n"
    ).encode(),
    "wsgiref": (
        APP + "from wsgiref.simple_server import make_server\nmake_server('', 5000, app).serve_forever()\n"
    ).encode(),
    "two_apps": (
        APP
        + "from werkzeug.middleware.dispatcher import DispatcherMiddleware as D\n"
        + "from werkzeug.serving import run_simple\nother = Flask('other')\n"
        + "run_simple('localhost', 5000, D(app, {'/other': other}))\n"
    ).encode(),
    "an_app_that_answers_to_nothing": (
        APP
        + "class Wrapped:\n    def __init__(self, inner):\n        object.__setattr__(self, 'inner', inner)\n"
        "    def __call__(self, environ, start):\n        return self.inner(environ, start)\n"
        "    def __getattr__(self, name):\n        raise ValueError(name)\n"
        "    __eq__ = __bool__ = __hash__ = __getattr__\n"
        "from werkzeug.serving import run_simple\nREQUESTS = ['/']\n"
        "run_simple('localhost', 5000, Wrapped(app))\n"
    ).encode(),
    "all_that_can_be_changed": (
        APP + "import os, signal, sys\nsys.stdout = sys.stderr = None\nos.chdir('/')\nos.umask(0o777)\n"
        "sys.settrace(lambda *a: None)\nsys.setrecursionlimit(150)\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\napp.run(host='10.255.255.1')\n"
    ).encode(),
}


@pytest.mark.parametrize("name", FINE)
def test_an_odd_script_is_recorded(name: str, tmp_path: Path) -> None:
    done = run_script(tmp_path, FINE[name])
    assert done.returncode == 0, done.stderr
    assert not our_lines(done)
    assert "index" in done.stdout and "Traceback" not in done.stderr
    files = {path.name for path in (tmp_path / "shop-trace").iterdir()}
    assert {"trace.flasktrace", "sequence.svg", "callgraph.svg"} <= files


ONE_LINE = {
    "exits_with_a_number": (RUN + "raise SystemExit(3)\n", "exited with status 3 of its own"),
    "exits_with_a_word": (RUN + "raise SystemExit('the last word')\n", "exited with status 1 of its own"),
    "raises_afterwards": (RUN + "raise ValueError('too late')\n", "raised ValueError"),
    "exits_in_a_view": (APP.replace("return 'hi'", "raise SystemExit(4)") + "app.run()\n", "GET /"),
    "listens_by_itself": (
        APP + "import socket\ns = socket.socket()\ns.bind(('', 5000))\ns.listen()\ns.accept()\n",
        "listens, but not with serve_forever()",
    ),
    "an_exception_that_will_not_be_shown": (
        "class Sly(Exception):\n    def __str__(self):\n        raise ValueError\n    __repr__ = __str__\n"
        "raise Sly('x')\n",
        "raised Sly",
    ),
    "a_group": ("raise ExceptionGroup('all', [ValueError(1), KeyError(2)])\n", "raised ExceptionGroup"),
    "no_exception_but_a_base_one": ("class Base(BaseException): pass\nraise Base\n", "raised Base"),
    "an_alarm_that_goes_on_ringing": (
        "import signal\nclass Alarm(Exception): pass\ndef ring(*_): raise Alarm\n"
        "signal.signal(signal.SIGALRM, ring)\nsignal.setitimer(signal.ITIMER_REAL, 0.01, 0.001)\n"
        "while True: pass\n",
        "raised Alarm",
    ),
    "a_null_byte": ("x = 1\0\n", "raised SyntaxError"),
    "nothing": ("", "starts no server and has no app"),
    "output_closed": (APP + "import sys\nsys.stdout.close()\nprint('x')\n", "raised ValueError"),
    "errors_closed": (APP + "import sys\nsys.stderr.close()\n1 / 0\n", "raised ZeroDivisionError"),
    "descriptor_closed": (APP + "import os\nos.close(1)\n1 / 0\n", "raised ZeroDivisionError"),
}


@pytest.mark.parametrize("name", in_turn(ONE_LINE, "a third of the odd ends"))
def test_an_odd_end_is_one_line(name: str, tmp_path: Path) -> None:
    source, message = ONE_LINE[name]
    done = run_script(tmp_path, source, "--timeout", "1", "--no-files")
    assert done.returncode == 2, done.stderr
    assert [message in line for line in our_lines(done)] == [True], done.stderr
    assert "/tracer/" not in done.stderr and "internal error" not in done.stderr


def test_stdin_and_the_last_word_of_sys_exit_are_the_programs(tmp_path: Path) -> None:
    source = "import sys\nprint('read', sys.stdin.read())\nsys.exit('the last word')\n"
    done = run_script(tmp_path, source, "--no-files", stdin="this")
    assert "read this\n" in done.stderr and "the last word\n" in done.stderr


def test_all_that_the_program_prints_goes_to_stderr(tmp_path: Path) -> None:
    source = (
        "import atexit, os, subprocess, sys\nprint('by print')\nos.write(1, b'by descriptor\\n')\n"
        "subprocess.run([sys.executable, '-c', 'print(\"by child\")'])\n"
        "atexit.register(print, 'by atexit')\n"
    )
    done = run_script(tmp_path, source + RUN, "--no-files")
    for how in ("print", "descriptor", "child", "atexit"):
        assert f"by {how}\n" in done.stderr
        assert f"by {how}" not in done.stdout


def test_modules_beside_the_script_do_not_take_the_place_of_libraries(tmp_path: Path) -> None:
    for name in ("json", "select", "threading", "click", "tracer", "heapq"):
        (tmp_path / f"{name}.py").write_text("1 / 0\n")
    (tmp_path / "shop.py").write_text(RUN)
    done = flasktrace(tmp_path, "run", "shop.py", "--engine", "installed", "--no-files")
    assert done.returncode == 0, done.stderr


def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("other systems have no such names")
    done = run_script(tmp_path, RUN, name="caf\udce9.py")
    assert done.returncode == 0, done.stderr
    shown = flasktrace(
        tmp_path, "show", "caf\udce9-trace", environment={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    )
    assert shown.returncode == 0, shown.stderr
    assert "index" in shown.stdout


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        (("-S",), {"HOME": "/nowhere", "TERM": "unknown", "COLUMNS": "0", "LINES": "x"}),
        (("-I", "-X", "dev"), {}),
        (("-OO",), {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TERM": "dumb"}),
        ((), {"PYTHONWARNINGS": "error", "LC_ALL": "zh_CN.GB18030", "PYTHONIOENCODING": "gb18030"}),
        ((), {"TMPDIR": "/nowhere", "COLUMNS": "1", "FORCE_COLOR": "1", "PYTHONIOENCODING": "ascii"}),
    ],
    ids=lambda given: "_".join(given) or None,
)
def test_an_odd_interpreter_or_environment(
    options: tuple[str, ...], environment: dict[str, str], tmp_path: Path
) -> None:
    if options == ("-S",):
        # Without site there are no .pth files: packages come by the path alone.
        environment = environment | {"PYTHONPATH": _whole_path()}
    (tmp_path / "shop.py").write_text(RUN)
    arguments = ("run", "shop.py", "--engine", "installed")
    done = flasktrace(tmp_path, *arguments, options=options, environment=environment)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr.replace("WARNING: This is a development server", "")


def _whole_path() -> str:
    import flasktrace

    source = str(Path(flasktrace.__file__).resolve().parents[1])
    return ":".join([source, *(entry for entry in sys.path if "site-packages" in entry)])


def test_the_process_ends_as_the_program_wants_and_the_trace_is_kept(tmp_path: Path) -> None:
    done = run_script(tmp_path, APP.replace("return 'hi'", "import os; os._exit(5)") + "app.run()\n")
    assert done.returncode == 5, done.stderr
    assert len(our_lines(done)) == 1 and "shop-trace/trace.flasktrace" in our_lines(done)[0]
    shown = flasktrace(tmp_path, "show", "shop-trace", "--only", "index")
    assert shown.returncode == 0 and "index" in shown.stdout


def test_a_program_that_becomes_another_is_recorded_until_then(tmp_path: Path) -> None:
    source = APP + "index()\nimport os, sys\nos.execl(sys.executable, sys.executable, '-c', 'exit(7)')\n"
    done = run_script(tmp_path, source)
    assert done.returncode == 7
    assert len(our_lines(done)) == 1 and "os.execv()" in our_lines(done)[0]
    assert "index" in flasktrace(tmp_path, "show", "shop-trace", "--only", "index").stdout
