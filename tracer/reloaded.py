"""The reloader's child process: runs the program again and records it.

It is started by :mod:`tracer.reloading` in place of the program itself, and leaves its events in a file on
its way out, as a forked child does. When the parent's end of the link is closed, it ends.
"""

import _thread
import contextlib
import importlib
import os
import pickle
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flasktrace.tracer.capture import Texts
from flasktrace.tracer.engines import make_recorder
from flasktrace.tracer.errors import FlasktraceError
from flasktrace.tracer.forks import write_report
from flasktrace.tracer.masking import is_likely_secret
from flasktrace.tracer.play import PlayOptions, prepare_engine, run_and_serve
from flasktrace.tracer.program import Program, as_main, load, program_traceback
from flasktrace.tracer.recorder import Recorder, RecorderOptions
from flasktrace.tracer.reloading import LOOK, LOOKED, Job
from flasktrace.tracer.surroundings import loopback_ports

_WORKERS_END_S = 2.0


class Link:
    """The child's end: tells when the reloader has looked at the files since it was asked."""

    def __init__(self, address: str, recorder: Recorder) -> None:
        self._recorder = recorder
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(address)
        self._wanted = threading.Event()
        self._is_asked = False  # before the look that is under way began

    def sleep(self, _interval_s: float) -> None:
        """What the reloader does between two looks: it waits until it is asked for the next.

        That is between two requests, so that a change does not end the process amid one.
        """
        if self._is_asked:
            with contextlib.suppress(OSError):
                self._socket.sendall(LOOKED)
        self._is_asked = self._wanted.wait()
        self._wanted.clear()

    def listen(self) -> None:
        """In a thread of our own: wait for questions; the parent's going away ends the program."""
        self._recorder.ignore_this_thread()
        with contextlib.suppress(OSError):
            while self._socket.recv(1) == LOOK:
                self._let_workers_end()
                self._wanted.set()
        os.kill(os.getpid(), signal.SIGTERM)

    def _let_workers_end(self) -> None:
        """The last calls of a request come after its answer, and should be recorded before a restart."""
        deadline_s = time.monotonic() + _WORKERS_END_S
        for worker in tuple(self._recorder.workers):
            while worker.is_alive() and time.monotonic() < deadline_s:
                time.sleep(0.001)


class _Time:
    """The module ``time``, as the reloader sees it."""

    def __init__(self, link: Link) -> None:
        self.sleep = link.sleep

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def _connect(link: Link) -> None:
    """Let the reloader sleep by the link, and listen to the parent."""
    module: Any = importlib.import_module("werkzeug._reloader")
    module.time = _Time(link)
    if hasattr(module.ReloaderLoop, "_sleep"):  # up to Werkzeug 1
        module.ReloaderLoop._sleep = staticmethod(link.sleep)
    _thread.start_new_thread(link.listen, ())


def main(job_path: str, report_path: str) -> int:
    """Run the program as ordered; gives its exit status."""
    job, address = pickle.loads(Path(job_path).read_bytes())
    assert isinstance(job, Job)
    prepare_engine(PlayOptions(engine=job.engine))
    options = RecorderOptions(job.scope, job.with_values, job.with_state)
    recorder = make_recorder(options, job.recorder)
    program = load(job.scenario)
    status = 0
    try:
        with as_main(job.scenario, program), loopback_ports(lambda refusal: None):
            _connect(Link(address, recorder))
            with recorder:
                run_and_serve(program, job.scenario)
    except SystemExit as error:
        status = _status(error.code)
    except FlasktraceError as error:
        print(f"flasktrace: {error}", file=sys.stderr)
        status = 1
    except BaseException as error:
        print(program_traceback(error), file=sys.stderr, end="")
        status = 1
    finally:
        recorder.secrets += _secret_settings(program, Texts(job.mask))
        write_report(recorder, Path(report_path))
    return status


def _status(code: object) -> int:
    """As the interpreter does with what ``sys.exit`` is given."""
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1


def _secret_settings(program: Program, texts: Texts) -> Iterator[str]:
    """The secrets in the settings of the program's apps, which the parent's may differ from."""
    for value in tuple(program.namespace.values()):
        config = getattr(value, "__dict__", {}).get("config")
        for name, setting in dict.items(config) if isinstance(config, dict) else ():
            if type(name) is str and texts.is_secret_name(name) and is_likely_secret(setting):
                yield setting


if __name__ == "__main__":
    # Not the functions of this copy: they are in ``__main__``, which is the program's, and would be recorded.
    from flasktrace.tracer.reloaded import main as importable_main

    sys.exit(importable_main(*sys.argv[1:]))
