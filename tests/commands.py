"""``flasktrace`` as a user runs it: in a process of its own, whose end, output and files are looked at.

Most of such a process's time goes into imports. So these processes are forked from one that has imported what
the commands use, but not the installed Flask. A test of what only a real start shows (another encoding,
another interpreter's option, signals) starts ``python -m flasktrace`` itself.
"""

import atexit
import functools
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from multiprocessing import connection, forkserver
from pathlib import Path
from unittest import mock

TIMEOUT_S = 60
# Texts are UTF-8, and sets are written in one order.
STARTED_WITH = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}
_CONTEXT = multiprocessing.get_context("forkserver")
# One who begins a process asks after all others: the status of each can be read once.
_LOCK = threading.Lock()


def flasktrace(
    folder: Path,
    *arguments: str,
    stdin: str = "",
    timeout_s: float = TIMEOUT_S,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run the command in a folder."""
    return run_apart(folder, _command, *arguments, stdin=stdin, timeout_s=timeout_s, environment=environment)


def run_apart(
    folder: Path,
    function: Callable[..., None],
    *arguments: str,
    stdin: str = "",
    timeout_s: float = TIMEOUT_S,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Call a function of a module of the tests in a process of its own.

    Args:
        folder: its current folder.
        function: what to call.
        arguments: of the function.
        stdin: what it may read.
        timeout_s: for how long at most, in seconds.
        environment: variables to add to those of this process.

    Raises:
        subprocess.TimeoutExpired: it was not done in time, and has been killed.
    """
    with tempfile.TemporaryDirectory() as name:
        streams = [Path(name, stream) for stream in ("stdin", "stdout", "stderr")]
        streams[0].write_bytes(stdin.encode("utf-8", "surrogateescape"))
        with _LOCK:
            _start_server()
            variables = {**os.environ, **STARTED_WITH, **(environment or {})}
            given = (str(folder), variables, list(map(str, streams)), function, arguments)
            process = _CONTEXT.Process(target=_begin, args=given)
            process.start()
        connection.wait([process.sentinel], timeout_s)
        with _LOCK:
            status = process.exitcode
            if status is None:
                process.kill()
                process.join()
                raise subprocess.TimeoutExpired(arguments, timeout_s, *map(Path.read_bytes, streams[1:]))
        out, err = (path.read_bytes().decode("utf-8", "surrogateescape") for path in streams[1:])
        return subprocess.CompletedProcess(arguments, status, out, err)


@functools.cache
def _start_server() -> None:
    with mock.patch.dict(os.environ, STARTED_WITH):
        forkserver.set_forkserver_preload([__name__, "tests.preloaded"])
        forkserver.ensure_running()


def _begin(
    folder: str,
    variables: dict[str, str],
    streams: list[str],
    function: Callable[..., None],
    arguments: tuple[str, ...],
) -> None:
    """Make the forked process look like one that was just started."""
    for number, path in enumerate(streams):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115, it is for as long as the process
    here = os.getcwd()
    sys.path[:] = [path for path in sys.path if path not in ("", here)]
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    try:
        function(*arguments)
    finally:
        atexit._run_exitfuncs()


def _command(*arguments: str) -> None:
    import flasktrace.__main__
    from flasktrace.cli import main

    sys.argv = [str(flasktrace.__main__.__file__), *arguments]
    main()


def run_code(code: str, *arguments: str) -> None:
    """What ``python -c CODE ARGUMENT...`` does; to be run apart."""
    sys.argv = ["-c", *arguments]
    sys.path.insert(0, "")
    exec(code, {"__name__": "__main__"})
