"""The process that a reloader starts, recorded: it plays the program as its parent does, asks nothing itself,
and on its way out puts its events where the parent will find them. See :mod:`.reloading`.
"""

import _thread
import contextlib
import importlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from flasktrace.tracer.client import interrupt_main_thread, wake
from flasktrace.tracer.engines import make_recorder
from flasktrace.tracer.forks import report
from flasktrace.tracer.masking import Masking
from flasktrace.tracer.model import Origin
from flasktrace.tracer.program import Program, Scenario, as_main, load, program_traceback
from flasktrace.tracer.recorder import Recorder, RecorderOptions
from flasktrace.tracer.reloading import SERVING, STOP_NOW, around_reloader
from flasktrace.tracer.scope import ScopeOptions
from flasktrace.tracer.serving import app_of, prepare_engine, run_and_serve
from flasktrace.tracer.surroundings import loopback_ports, on_leaving

_LAST_CALLS_S, _NO_PATIENCE_S = 2.0, 0.1


def main(job: Mapping[str, Any]) -> None:
    """Play the program, report, and exit as it does."""
    os.chdir(job["folder"])
    prepare_engine(job["engine"])
    child = _Child(job)
    sys.exit(child.play())


class _Child:
    """One life of the program, from its start to the next change of a file."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self._job = job
        self._scenario = Scenario(job["target"], job["name"], tuple(job["arguments"]))
        self._wire = socket.socket(fileno=job["wire"])
        self._server: Any = None
        self._has_begun = self._is_stopped = self._is_over = False
        self._has_looked = True
        self._unsaid = [SERVING]
        self._program: Program | None = None
        scope = ScopeOptions(frozenset(map(Origin, job["origins"])), **job["scope"])
        options = RecorderOptions(scope, job["with_values"], job["with_state"], self._on_serve)
        self.recorder: Recorder = make_recorder(options, job["recorder"])

    def play(self) -> int | str | None:
        """Run the program with the recorder on; give what it exits with."""
        _thread.start_new_thread(self._hear, ())
        with loopback_ports(lambda refusal: None), on_leaving(lambda call: self._report()):
            try:
                self._program = load(self._scenario)
                with as_main(self._scenario, self._program), around_reloader(self._reload), self.recorder:
                    run_and_serve(self._scenario, self._program, lambda: self._has_begun)
            except SystemExit as error:
                return error.code
            except KeyboardInterrupt:
                return 0 if self._is_stopped else 130
            except BaseException as error:
                return program_traceback(error).rstrip("\n")
            finally:
                self._is_over = True
                self._report()
        return 0

    def _reload(self, original: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        self._has_begun = True
        try:
            with self._noticing_the_first_look():
                original(*args, **kwargs)
        except SystemExit:  # a file has changed: what changed it may be at work still
            self._let_workers_end(time.monotonic() + _LAST_CALLS_S)
            raise

    @contextlib.contextmanager
    def _noticing_the_first_look(self) -> Iterator[None]:
        """While inside, note when the reloader first sleeps.

        Werkzeug up to 1.0 begins to serve before it has looked at the files: it would never notice a change
        that a request makes by then.
        """
        loop: Any = importlib.import_module("werkzeug._reloader").ReloaderLoop
        original = vars(loop).get("_sleep")
        if original is None:
            yield
            return
        self._has_looked = False

        def _sleep(interval_s: float) -> None:
            self._has_looked = True
            self._say_serving()
            original.__func__(interval_s)

        loop._sleep = staticmethod(_sleep)
        try:
            yield
        finally:
            loop._sleep = original

    def _report(self) -> None:
        if not self._job["report"]:
            return  # nothing of the thread that started this process is recorded
        namespace = self._program.namespace if self._program is not None else {}
        app = app_of(self._server, namespace)
        config = getattr(app, "config", None)
        is_secret = Masking(self._job["mask"]).is_secret_name
        secrets = [
            value
            for name, value in (tuple(dict.items(config)) if isinstance(config, dict) else ())
            if type(name) is str and is_secret(name)
        ]
        with contextlib.suppress(Exception):
            report(self.recorder, Path(self._job["report"]), secrets)

    def _on_serve(self, server: object) -> None:
        if self._server is None:
            self._server = server
            self._say_serving()

    def _say_serving(self) -> None:
        """Say it once, when requests may come."""
        if self._server is not None and self._has_looked:
            with contextlib.suppress(IndexError, OSError):
                self._wire.send(self._unsaid.pop())

    def _hear(self) -> None:
        """Wait, in a thread of ours, for the word that no more requests come; then do as Ctrl-C does."""
        self.recorder.ignore_this_thread()
        word = b""
        with contextlib.suppress(OSError):
            word = self._wire.recv(1)  # or the parent has gone
        patience_s = _LAST_CALLS_S if word != STOP_NOW else _NO_PATIENCE_S
        server, deadline_s = self._server, time.monotonic() + patience_s
        self._let_workers_end(deadline_s)
        if server is not None:
            server._BaseServer__shutdown_request = True
            wake(server)
            _wait_for(server._BaseServer__is_shut_down.is_set, deadline_s)
        self._is_stopped = True
        if not self._is_over:
            interrupt_main_thread()
            _wait_for(lambda: self._is_over, time.monotonic() + _LAST_CALLS_S)
        if not self._is_over:  # where Ctrl-C is ignored, as in the background of a shell
            self._report()
            os._exit(0)

    def _let_workers_end(self, deadline_s: float) -> None:
        _wait_for(lambda: not any(map(threading.Thread.is_alive, tuple(self.recorder.workers))), deadline_s)


def _wait_for(is_so: Callable[[], bool], deadline_s: float) -> None:
    while not is_so() and time.monotonic() < deadline_s:
        time.sleep(0.001)
