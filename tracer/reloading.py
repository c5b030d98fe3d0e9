"""A program with a reloader: the process that it starts is recorded as well, and joined to the call that did.

Werkzeug's reloader starts the program anew and only watches; the child serves. What it starts under the
recorder is :mod:`.reloaded`, which plays the program there and reports as a forked process does. Both ends of
a socket pair keep in touch meanwhile: the child says when it serves, the parent when it has asked enough.
"""

import _socket
import contextlib
import importlib
import marshal
import os
import socket
import sys
import tempfile
import time
from _thread import start_new_thread  # now: gevent puts functions of its own in their places later
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from flasktrace.tracer.client import Latch
from flasktrace.tracer.program import Scenario
from flasktrace.tracer.recorder import Recorder

SERVING = b"s"
STOP, STOP_NOW = b"e", b"n"  # when it has answered what it is at, or without waiting for it
_START = (
    "import marshal, sys\n"
    "with open(sys.argv[1], 'rb') as file:\n"
    "    job = marshal.load(file)\n"
    "sys.path[:], sys.argv[:] = job['path'], job['argv']\n"
    "try:\n"
    "    from flasktrace.tracer.reloaded import main\n"
    "    main(job)\n"
    "except KeyboardInterrupt:\n"  # before the program has begun
    "    sys.exit(130)\n"
)


class ServerElsewhere:
    """What the driver is given for a server: its socket, which is shared, and its loop in another process.

    Attributes:
        socket: a copy of the listening socket.
        ssl_context: not None when it speaks TLS.
        app: the WSGI app as this process knows it.
    """

    def __init__(self, listening: socket.socket, wire: _socket.socket, settings: Mapping[str, Any]) -> None:
        self.socket = listening
        self.ssl_context = settings.get("ssl_context")
        self.app = settings.get("application")
        self._wire = wire
        self._started = 0  # children that have come to serve
        self._last_word = b""

    def stop_elsewhere(self, is_patient: bool) -> None:
        """Let the child end as after Ctrl-C; a patient one lets it finish what it is at."""
        self._last_word = STOP if is_patient else STOP_NOW
        self._say(self._last_word)

    def count(self) -> int:
        """The number of children that have come to serve, one after the other."""
        return self._started

    def wait_for(self, number: int, timeout_s: float) -> bool:
        """Wait until so many children have come to serve; tell whether they have."""
        deadline_s = time.monotonic() + timeout_s
        while self._started < number and time.monotonic() < deadline_s:
            time.sleep(0.005)
        return self._started >= number

    def _say(self, word: bytes) -> None:
        with contextlib.suppress(OSError):
            self._wire.send(word)

    def listen(self, on_serve: Callable[[object], None]) -> None:
        """Hear from the children until they are gone."""
        with contextlib.suppress(OSError):
            while word := self._wire.recv(1):
                if word == SERVING:
                    self._started += 1
                    on_serve(self)
                    if self._last_word:  # it was for the child before this one
                        self._say(self._last_word)


class Reloads:
    """The reloader of a program that is played.

    Args:
        scenario: what the child plays, too.
        recorder: whose recording the child joins.
        job: what the child is told besides: ``engine`` and ``mask``, as in the play's options.
        on_serve: called each time a child begins to serve, from a thread that is not recorded.
    """

    def __init__(
        self,
        scenario: Scenario,
        recorder: Recorder,
        job: Mapping[str, Any],
        on_serve: Callable[[object], None],
    ) -> None:
        self.has_begun = False
        self._recorder, self._on_serve = recorder, on_serve
        self._job = {
            **job,
            "target": os.path.abspath(scenario.target) if _is_file(scenario) else scenario.target,
            "name": scenario.name,
            "arguments": scenario.arguments,
            "argv": sys.argv[:],
            "path": sys.path[:],
            "folder": os.getcwd(),
        }
        self._server: ServerElsewhere | None = None
        self._ended = Latch()

    def stop(self) -> None:
        """Let the child end if there is one, and give it the time to report."""
        if self._server is not None:
            self._server.stop_elsewhere(is_patient=False)
            self._ended.wait(1)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """While inside, what a reloader starts is a recorded child."""
        with around_reloader(self._run):
            yield

    def _run(self, original: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        settings = sys._getframe(2).f_locals  # run_simple's
        listening = _listening()
        if listening is None:
            (args[0] if args else kwargs["main_func"])()  # no server's: no child could be asked
            return
        with self._in_touch(listening, settings):
            original(*args, **kwargs)

    @contextlib.contextmanager
    def _in_touch(self, listening: socket.socket, settings: Mapping[str, Any]) -> Iterator[None]:
        module: Any = importlib.import_module("werkzeug._reloader")
        ours, theirs = _socket.socketpair()
        os.set_inheritable(theirs.fileno(), True)
        server = self._server = ServerElsewhere(listening, ours, settings)
        self.has_begun = True
        command_of_werkzeug = module._get_args_for_reloading

        def command() -> list[str]:
            command_of_werkzeug()  # a part of the story, though it names what this process was started with
            return self._command(theirs.fileno())

        module._get_args_for_reloading = command
        start_new_thread(self._hear, (server,))
        try:
            with tempfile.TemporaryDirectory(prefix="flasktrace-reload-") as folder:
                self._folder = Path(folder)
                yield
        finally:
            module._get_args_for_reloading = command_of_werkzeug
            theirs.close()
            with contextlib.suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)
            self._ended.wait(1)
            for each in (ours, listening):
                each.close()

    def _hear(self, server: ServerElsewhere) -> None:
        self._recorder.ignore_this_thread()
        try:
            server.listen(self._on_serve)
        finally:
            self._ended.set()

    def _command(self, wire: int) -> list[str]:
        """The command that starts the recorded child."""
        report = self._recorder.forks.before_anew()
        options = self._recorder.options
        scope = {name: getattr(options.scope, name) for name in ("include", "exclude", "own", "own_folders")}
        job = {
            **self._job,
            "report": str(report or ""),
            "wire": wire,
            "recorder": self._recorder.engine,
            "with_values": options.with_values,
            "with_state": options.with_state,
            "origins": [origin.value for origin in options.scope.origins],
            "scope": scope,
        }
        path = self._folder / "job"
        path.write_bytes(marshal.dumps(job))
        return [sys.executable, *_interpreter_options(), "-c", _START, str(path)]


@contextlib.contextmanager
def around_reloader(run: Callable[..., None]) -> Iterator[None]:
    """While inside, ``run`` is called in place of Werkzeug's reloader: with that, and its arguments."""
    try:
        module: Any = importlib.import_module("werkzeug._reloader")
        original = module.run_with_reloader
    except (ImportError, AttributeError):
        yield
        return

    def run_with_reloader(*args: Any, **kwargs: Any) -> None:
        run(original, *args, **kwargs)

    module.run_with_reloader = run_with_reloader
    try:
        yield
    finally:
        module.run_with_reloader = original


def no_reloader() -> contextlib.AbstractContextManager[None]:
    """While inside, a server with a reloader runs here."""
    return around_reloader(lambda original, main_func, *args, **kwargs: main_func())


def can_reload(scenario: Scenario) -> bool:
    """Whether another process can be given the scenario and the socket."""
    return scenario.make_program is None and os.name == "posix"


def _is_file(scenario: Scenario) -> bool:
    return scenario.is_folder or (scenario.is_script and os.path.exists(scenario.target))


def _interpreter_options() -> list[str]:
    """The options that this interpreter was started with: ``-W``, ``-X``, ``-O``, ..."""
    import subprocess

    return list(subprocess._args_from_interpreter_flags())  # type: ignore[attr-defined]


def _listening() -> socket.socket | None:
    """A copy of the socket that the reloader's parent has bound and the child will serve on."""
    number = os.environ.get("WERKZEUG_SERVER_FD", "")
    if not number.isdecimal():
        return None
    try:
        found = socket.socket(fileno=os.dup(int(number)))
    except OSError:
        return None
    if found.family not in (socket.AF_INET, socket.AF_INET6):
        found.close()
        return None
    return found
