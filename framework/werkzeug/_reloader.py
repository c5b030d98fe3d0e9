"""Restarts the program when its source changes. Called by serving with ``use_reloader``.

Two processes: the parent starts the same program again as a child, and starts it anew whenever the child ends
with status 3. The child serves in a thread, and watches the files of its modules in the main thread.
"""

import inspect
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from itertools import chain
from typing import Any

from ._internal import _log

#: The exit status by which the child asks for a restart.
_RELOAD_STATUS = 3


def _iter_module_files() -> Iterator[str]:
    """The source files of all modules that are loaded, or the archives they come from."""
    # A copy, as other threads go on importing.
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if not path:
            continue
        init = os.path.join(path, "__init__.py")
        path = init if os.path.exists(init) else path
        while path and not os.path.isfile(path):
            # A module inside a zip file: watch the zip file.
            parent = os.path.dirname(path)
            path = None if parent == path else parent
        if path:
            yield path[:-1] if path.endswith((".pyc", ".pyo")) else path


def _find_observable_paths(extra_files: Iterable[str] | None = None) -> set[str]:
    """The folders to watch, as few as possible: everything else to watch lies below one of them."""
    found = (os.path.abspath(path) for path in sys.path)
    folders = {os.path.dirname(path) if os.path.isfile(path) else path for path in found}
    modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    files = chain(extra_files or (), filter(None, modules))
    return _find_common_roots(folders | {os.path.dirname(os.path.abspath(file)) for file in files})


def _find_common_roots(paths: Iterable[str]) -> set[str]:
    """Those of the folders that lie below no other one."""
    roots: set[str] = set()
    for path in sorted(set(paths), key=lambda path: path.split(os.path.sep)):
        parts = path.split(os.path.sep)
        if not any(os.path.sep.join(parts[:end]) in roots for end in range(1, len(parts) + 1)):
            roots.add(path)
    return roots


def _get_args_for_reloading() -> list[str]:
    """The command line that starts this program again, be it a file or a module (``python -m``)."""
    script, *arguments = sys.argv
    main = sys.modules["__main__"]
    package: str | None = getattr(main, "__package__", None)
    if os.name == "nt" and package == "" and not os.path.exists(script) and os.path.exists(script + ".exe"):
        # An entry point on Windows names itself without its ending.
        package = None
    if package is None:
        return _args_of_file(os.path.abspath(script), arguments)
    if script == "-m":
        # Flask's command line leaves "-m flask ..." as it was typed.
        return [sys.executable, *sys.argv]
    if os.path.isfile(script):
        # Python has put the file's path where "-m package.module" was.
        module = os.path.splitext(os.path.basename(script))[0]
        name = package if module == "__main__" else f"{package}.{module}"
    else:
        # pydevd leaves the module's name.
        name = script
    return [sys.executable, "-m", name.lstrip("."), *arguments]


def _args_of_file(script: str, arguments: list[str]) -> list[str]:
    if os.name != "nt":
        return [sys.executable, script, *arguments]
    if not os.path.exists(script) and os.path.exists(script + ".exe"):
        script += ".exe"
    both_are_programs = script.endswith(".exe") and sys.executable.endswith(".exe")
    return [script, *arguments] if both_are_programs else [sys.executable, script, *arguments]


class ReloaderLoop:
    """What both reloaders share: the parent's loop, and how the child asks for a restart.

    Args:
        extra_files: more files to watch than those of the modules.
        interval: seconds between two looks.
    """

    name: str | None = None
    #: A name of its own, so that tests, and green threads, can replace it.
    _sleep = staticmethod(time.sleep)

    def __init__(self, extra_files: Iterable[str] | None = None, interval: float = 1) -> None:
        self.extra_files = {os.path.abspath(path) for path in extra_files or ()}
        self.interval = interval

    def run(self) -> None:
        """Watch the files until one changes."""

    def restart_with_reloader(self) -> int:
        """Run the program as a child, again and again while it asks for that; its last exit status."""
        while True:
            _log("info", f" * Restarting with {self.name}")
            environment = {**os.environ, "WERKZEUG_RUN_MAIN": "true"}
            # The child inherits the server's socket.
            status = subprocess.call(_get_args_for_reloading(), env=environment, close_fds=False)
            if status != _RELOAD_STATUS:
                return status

    def trigger_reload(self, filename: str) -> None:
        """A file has changed: end this child."""
        self.log_reload(filename)
        sys.exit(_RELOAD_STATUS)

    def log_reload(self, filename: str) -> None:
        """Say which file it was."""
        _log("info", f" * Detected change in {os.path.abspath(filename)!r}, reloading")


class StatReloaderLoop(ReloaderLoop):
    """Looks at the time of the last change of every file; works everywhere."""

    name = "stat"

    def run(self) -> None:
        """Look, sleep, look again."""
        seen: dict[str, float] = {}
        while True:
            for path in chain(_iter_module_files(), self.extra_files):
                try:
                    changed = os.stat(path).st_mtime
                except OSError:
                    continue
                if changed > seen.setdefault(path, changed):
                    self.trigger_reload(path)
            self._sleep(self.interval)


def _only_changes(observer_class: Any) -> dict[str, Any]:
    """The argument by which a watchdog that knows it (from version 4 on) keeps other events from us.

    Every file that any process opens is an event too: enough of them, and those that matter get lost.
    """
    from watchdog import events

    if "event_filter" not in inspect.signature(observer_class.schedule).parameters:
        return {}
    kinds = ("FileCreatedEvent", "FileModifiedEvent", "FileMovedEvent", "FileDeletedEvent")
    return {"event_filter": [getattr(events, kind) for kind in kinds]}


class WatchdogReloaderLoop(ReloaderLoop):
    """Lets the operating system tell about changes, through the watchdog package."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from watchdog.events import FileSystemEventHandler
        from watchdog.observers import Observer

        kind: Any = Observer
        self.observable_paths: set[str] = set()
        check = self._check_modification

        class _CustomHandler(FileSystemEventHandler):
            def on_created(self, event: Any) -> None:
                check(event.src_path)

            def on_modified(self, event: Any) -> None:
                check(event.src_path)

            def on_moved(self, event: Any) -> None:
                check(event.src_path)
                check(event.dest_path)

            def on_deleted(self, event: Any) -> None:
                check(event.src_path)

        self.name = kind.__name__.lower().removesuffix("observer") + " reloader"
        self.observer_class = kind
        self.watch_options = {"recursive": True, **_only_changes(kind)}
        self.event_handler = _CustomHandler()
        self.should_reload = False

    def _check_modification(self, path: str) -> None:
        is_source = path.endswith((".py", ".pyc", ".pyo"))
        is_observed = os.path.dirname(path).startswith(tuple(self.observable_paths))
        if path in self.extra_files or (is_source and is_observed):
            self.trigger_reload(path)

    def trigger_reload(self, filename: str) -> None:
        """Let :meth:`run` end this child: watchdog's own thread, which calls this, cannot."""
        self.should_reload = True
        self.log_reload(filename)

    def run(self) -> None:
        """Watch the folders, also those of modules that are imported later."""
        observer = self.observer_class()
        observer.start()
        watches: dict[str, Any] = {}
        try:
            while not self.should_reload:
                paths = _find_observable_paths(self.extra_files)
                for path in paths - watches.keys():
                    try:
                        watches[path] = observer.schedule(self.event_handler, path, **self.watch_options)
                    except OSError:
                        # It cannot be watched: do not try again at every turn.
                        watches[path] = None
                self.observable_paths = paths
                for path in watches.keys() - paths:
                    if watch := watches.pop(path):
                        observer.unschedule(watch)
                self._sleep(self.interval)
        finally:
            observer.stop()
            observer.join()
        sys.exit(_RELOAD_STATUS)


reloader_loops: dict[str, type[ReloaderLoop]] = {"stat": StatReloaderLoop, "watchdog": WatchdogReloaderLoop}
# Finding it is enough here: to import it takes as long as all of this package beside it.
reloader_loops["auto"] = WatchdogReloaderLoop if find_spec("watchdog") else StatReloaderLoop


def ensure_echo_on() -> None:
    """Let the terminal show again what is typed, as a debugger open at the restart may have stopped that."""
    try:
        import termios
    except ImportError:
        # Windows, where this does not happen.
        return
    if sys.stdin.isatty():
        attributes = termios.tcgetattr(sys.stdin)
        attributes[3] |= termios.ECHO
        termios.tcsetattr(sys.stdin, termios.TCSANOW, attributes)


def run_with_reloader(
    main_func: Callable[[], None],
    extra_files: Iterable[str] | None = None,
    interval: float = 1,
    reloader_type: str = "auto",
) -> None:
    """In the parent: run this program as a child. In the child: run ``main_func`` and watch the files."""
    import signal

    reloader = reloader_loops[reloader_type](extra_files, interval)
    signal.signal(signal.SIGTERM, lambda *args: sys.exit(0))
    try:
        if os.environ.get("WERKZEUG_RUN_MAIN") != "true":
            sys.exit(reloader.restart_with_reloader())
        ensure_echo_on()
        threading.Thread(target=main_func, daemon=True).start()
        reloader.run()
    except KeyboardInterrupt:
        pass
