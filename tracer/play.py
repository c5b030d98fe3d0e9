"""Playing a scenario: run the program with the recorder on, send the requests, stop the server.

The program runs unmodified in this process's main thread. What is changed around it while it runs, and put
back: the default port 5000 becomes a free port of the loopback interface, and a reloader runs the server in
this process rather than in a child, unless it is to be followed there.
"""

import contextlib
import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flasktrace.tracer.ancestry import with_ancestries
from flasktrace.tracer.builder import Builder
from flasktrace.tracer.capture import Texts
from flasktrace.tracer.client import Driver, Response
from flasktrace.tracer.describing import describe, displaced
from flasktrace.tracer.engines import make_recorder
from flasktrace.tracer.errors import FlasktraceError, ScenarioError
from flasktrace.tracer.flusher import Flusher
from flasktrace.tracer.interrupts import InterruptWatch
from flasktrace.tracer.live_client import PATIENCE_S, PatientDriver
from flasktrace.tracer.live_messages import DeltaMaker
from flasktrace.tracer.live_play import LivePlay
from flasktrace.tracer.model import Metadata, Trace
from flasktrace.tracer.program import (
    Program,
    Scenario,
    as_main,
    find_app,
    load,
    own_folders,
    own_packages,
    program_traceback,
)
from flasktrace.tracer.recorder import RecorderOptions
from flasktrace.tracer.reloading import Job, ReloaderChildren, can_follow
from flasktrace.tracer.requests import PlannedRequest, planned_from, secrets_of
from flasktrace.tracer.scope import ScopeOptions
from flasktrace.tracer.store import TraceWriter
from flasktrace.tracer.surroundings import (
    DEFAULT_PORT,
    Refusal,
    as_it_was,
    leave_if_forked,
    loopback_ports,
    on_leaving,
    reloader,
)

__all__ = ["PlayOptions", "PlayResult", "Response", "Scenario", "play"]


def _activate_bundle() -> None:
    importlib.import_module("flasktrace.framework").activate()


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """How a scenario is played.

    Attributes:
        engine: ``bundled`` or ``installed``.
        requests: what to send; empty for the script's ``REQUESTS``, else each plain route.
        trace_path: where to write the trace while recording; None to keep it in memory only.
        timeout_s: for the server to listen, and for each answer.
        limit: the number of calls to keep.
        with_values: whether values are recorded.
        with_state: whether snapshots of the contexts and of the app's tables are taken.
        scope: which code is recorded.
        mask: further names of secrets, regular expressions.
        recorder: the recorder's engine; "" for the fastest that works here.
        activate: puts the bundled engine in place.
        follow_reloader: whether a reloader's child processes are run and recorded; otherwise the server
            runs in this process, unless the script has a true ``RELOADER``.
        live: holds the program at its stops for a walk; nothing is written to a file then.
        say: tells the user what cannot wait for the result, as the program ends the whole process.
    """

    engine: str = "bundled"
    requests: tuple[PlannedRequest, ...] = ()
    trace_path: Path | None = None
    timeout_s: float = 10.0
    limit: int = 1_000_000
    with_values: bool = True
    with_state: bool = True
    scope: ScopeOptions = field(default_factory=ScopeOptions)
    mask: tuple[str, ...] = ()
    recorder: str = ""
    follow_reloader: bool = False
    activate: Callable[[], None] = _activate_bundle
    live: LivePlay | None = None
    say: Callable[[str], None] = lambda message: None


@dataclass(slots=True)
class PlayResult:
    """What came of it. ``failure`` is what a user should be told in one line, and exit with status 2 on.

    Attributes:
        program_traceback: the program's own, to be printed before the failure; "" when it raised nothing.
        was_interrupted: by Ctrl-C; the trace is what there was by then.
    """

    trace: Trace
    responses: list[Response]
    failure: FlasktraceError | None = None
    program_traceback: str = ""
    was_interrupted: bool = False
    trace_path: Path | None = None


def play(scenario: Scenario, options: PlayOptions | None = None) -> PlayResult:
    """Run a scenario with the recorder on. To be called in the main thread, once for each process.

    Raises:
        ScenarioError: there is no such script, or the engine cannot be had in this process.
        TraceError: the trace's file cannot be written.
    """
    options = options or PlayOptions()
    with contextlib.suppress(SyntaxError):
        load(scenario)  # before the costly imports: a wrong path should be told at once
    prepare_engine(options)
    return _Play(scenario, options).run()


def prepare_engine(options: PlayOptions) -> None:
    """Import the engine before the recording begins: its import is no part of the story."""
    if options.engine not in ("bundled", "installed"):
        raise ScenarioError(f"there is no engine {options.engine!r}: choose bundled or installed")
    try:
        if options.engine == "bundled":
            options.activate()
        importlib.import_module("flask")
        importlib.import_module("werkzeug.serving")
    except RuntimeError as error:
        raise ScenarioError(f"cannot use the bundled engine: {error}") from None
    except ModuleNotFoundError as error:
        if error.name not in ("flask", "werkzeug"):
            raise
        raise ScenarioError(f"{error.name} is not installed: install it, or use --engine bundled") from None


def run_and_serve(
    program: Program,
    scenario: Scenario,
    has_served: Callable[[], bool] = lambda: False,
    on_app: Callable[[Any], None] = lambda app: None,
) -> None:
    """Run a program; one that only builds its app is then served as ``app.run()`` would.

    Raises:
        ScenarioError: there is no app to serve either.
    """
    leave_if_forked(program.run)
    if has_served():
        return
    app = find_app(program)
    if app is None:
        raise ScenarioError(
            f"{scenario.shown_name} starts no server and has no app:"
            " end the script with app.run(), or name its Flask object app"
        )
    on_app(app)
    if hasattr(app, "url_map") and hasattr(app, "run"):
        leave_if_forked(app.run)
    else:
        serving = importlib.import_module("werkzeug.serving")
        leave_if_forked(lambda: serving.run_simple("127.0.0.1", DEFAULT_PORT, app))


class _Play:
    """The parts of one run, and how they are taken down in whatever way it ends."""

    def __init__(self, scenario: Scenario, options: PlayOptions) -> None:
        self.scenario, self.options = scenario, options
        self.texts = Texts(options.mask)
        self.texts.learn_named(os.environ.items())
        live = options.live
        recorder_options = RecorderOptions(
            replace(
                options.scope,
                own=(*options.scope.own, *own_packages(scenario)),
                own_folders=(*options.scope.own_folders, *own_folders(scenario)),
            ),
            options.with_values,
            options.with_state,
            self._on_serve,
        )
        if live is not None:
            recorder_options = replace(recorder_options, gate=live.holder, clock=live.holder.clock)
        self.recorder = make_recorder(recorder_options, options.recorder)
        ignore = self.recorder.ignore_this_thread
        client = (self._plan, self.recorder.workers)
        if live is None:
            self.driver = Driver(*client, options.timeout_s, ignore, self.texts.learn_guess)
        else:
            self.driver = PatientDriver(
                *client, PATIENCE_S, ignore, self.texts.learn_guess, before_stop=live.before_stop
            )
        self.builder = Builder(self.recorder, self.texts, options.limit, self.driver.request_of_port)
        self.program: Program | None = None
        self.app: Any = None
        self.refusal: Refusal | None = None
        self.has_bound = False
        self.failure: FlasktraceError | None = None
        self.traceback = ""
        self.was_interrupted = False
        self.exit_status: int | None = None

    def run(self) -> PlayResult:
        writer = self._writer()
        live = self.options.live
        flusher = Flusher(
            self.builder, writer, self._metadata(), self.driver.requests, self.recorder.ignore_this_thread
        )
        leaving = on_leaving(lambda call: self._on_leaving(flusher, call))
        try:
            with as_it_was(), leaving, loopback_ports(self._on_bound), reloader(self._follow):
                flusher.start()
                if live is not None:
                    live.attach(self.recorder, self.builder, flusher, self.texts)
                self._run_program()
        finally:
            if live is not None:
                live.detach()
            flusher.stop()
            trace = self.builder.finish(self._metadata(), self.driver.requests)
            trace.metadata = with_ancestries(trace, self.program.namespace if self.program else {})
            flusher.write_rest()
        if flusher.failure is not None and self.failure is None:
            self.failure = flusher.failure
        return PlayResult(
            trace,
            self.driver.responses,
            self.failure,
            self.traceback,
            self.was_interrupted,
            self.options.trace_path,
        )

    def _writer(self) -> "TraceWriter | DeltaMaker | None":
        if self.options.live is not None:
            return self.options.live.writer
        return TraceWriter(self.options.trace_path) if self.options.trace_path else None

    def _run_program(self) -> None:
        try:
            self.program = load(self.scenario)
        except SyntaxError as error:
            self._program_failed(error)
            return
        with as_main(self.scenario, self.program):
            self.driver.start()
            interrupts = InterruptWatch()
            try:
                with interrupts, self.recorder:
                    run_and_serve(self.program, self.scenario, lambda: self.driver.has_served, self._found)
                    self.driver.end()
            except KeyboardInterrupt:
                self.was_interrupted = not self.driver.has_interrupted
            except SystemExit as error:
                self._exited(error.code)
            except FlasktraceError as error:
                self.failure = error
            except BaseException as error:
                self._program_failed(error)
            finally:
                self.driver.end()
            # A server swallows Ctrl-C: it ends its loop as if all were well.
            if interrupts.has_come() and not self.driver.has_interrupted:
                self.was_interrupted = True
        if self.recorder.displaced_by:
            self.options.say(displaced(self.recorder))
        self._judge()

    def _found(self, app: Any) -> None:
        self.app = app

    def _follow(self, module: Any) -> contextlib.AbstractContextManager[None] | None:
        """What records the children of a reloader, where they are to be recorded and can be."""
        options, scenario = self.options, self.scenario
        namespace = self.program.namespace if self.program is not None else {}
        is_wanted = options.follow_reloader or namespace.get("RELOADER") is True
        if not is_wanted or options.live is not None or not can_follow() or scenario.make_program is not None:
            return None
        recording = self.recorder.options
        job = Job(
            scenario, options.engine, self.recorder.engine, recording.scope,
            recording.with_values, recording.with_state, options.mask,
        )  # fmt: skip
        children = ReloaderChildren(job, self.recorder.forks, self.driver.on_serve, options.timeout_s)
        self.driver.children = children
        return children.followed(module)

    def _on_bound(self, refusal: Refusal | None) -> None:
        self.refusal = refusal  # a program may try one port after the other
        self.has_bound = self.has_bound or refusal is None

    def _on_leaving(self, flusher: Flusher, call: str) -> None:
        flusher.write_now()
        name, path = self.scenario.shown_name, self.options.trace_path
        kept = f"what was recorded by then is in {path}" if path else "nothing of the recording is kept"
        self.options.say(f"{name} calls {call}, which leaves no time for more: {kept}")

    def _on_serve(self, server: object) -> None:
        self.driver.on_serve(server)
        if self.options.live is not None:
            self.options.live.on_serve(server)

    def _exited(self, code: object) -> None:
        """As the interpreter does with what ``sys.exit`` is given: anything but a number is a last word."""
        if code is None or isinstance(code, int):
            self.exit_status = code
            return
        self.exit_status = 1
        with contextlib.suppress(Exception):
            self.traceback = f"{code}\n"

    def _program_failed(self, error: BaseException) -> None:
        self.traceback = program_traceback(error)
        kind = type(error).__name__
        self.failure = ScenarioError(
            f"{self.scenario.shown_name} raised {kind}, see its traceback above:"
            " mend the script, then run it again"
        )

    def _judge(self) -> None:
        """Say what went wrong, the most telling reason first."""
        driver, name = self.driver, self.scenario.shown_name
        if self.refusal is not None and not driver.has_served:
            # Told before what the program made of it, which is mostly a traceback.
            self.failure = ScenarioError(f"{name} {self.refusal}")
        elif self.failure is not None:
            return
        elif isinstance(driver.failure, FlasktraceError):
            self.failure = driver.failure
        elif driver.failure is not None:
            self.failure = ScenarioError(f"{name} could not be asked: {driver.failure!r}")
        elif driver.problem and self.has_bound and not driver.has_served and not self.was_interrupted:
            self.failure = ScenarioError(
                f"{name} listens, but not with serve_forever() of Werkzeug or the standard library:"
                " end the script with app.run(), or name its Flask object app and start no server"
            )
        elif driver.problem and not self.was_interrupted:
            self.failure = ScenarioError(
                f"{name}: {driver.problem}; give it longer with --timeout, or mend the script"
            )
        elif driver.has_served and self.exit_status not in (None, 0):
            self.failure = ScenarioError(f"{name} exited with status {self.exit_status} of its own")
        elif not driver.has_served and not self.was_interrupted:
            how = f"exited with status {self.exit_status}" if self.exit_status is not None else "ended"
            self.failure = ScenarioError(
                f"{name} {how} before it started a server: end the script with app.run()"
            )

    def _plan(self, server: object) -> Sequence[PlannedRequest]:
        """The requests to send, now that the server listens; the secrets they carry are to be masked."""
        planned = self._planned(server)
        app = self._app_of(server, self.program.namespace if self.program is not None else {})
        for request in planned:
            for secret in secrets_of(request, self.texts.is_secret_name, _rules(app)):
                self.texts.learn(secret)
        config = getattr(app, "config", None)
        if isinstance(config, dict):
            self.texts.learn_named(tuple(dict.items(config)))
        return planned

    def _planned(self, server: object) -> Sequence[PlannedRequest]:
        is_listening = self.options.live is not None and self.options.live.is_listening
        if self.options.requests or is_listening:
            return self.options.requests
        namespace = self.program.namespace if self.program is not None else {}
        given = namespace.get("REQUESTS")
        if isinstance(given, list | tuple) and given:
            return [planned_from(item) for item in given]
        planned = [PlannedRequest("GET", path) for path in plain_routes(self._app_of(server, namespace))]
        if not planned:
            raise ScenarioError(
                f"{self.scenario.shown_name} has no route without parameters to try:"
                " say what to send with -r 'GET /path'"
            )
        return planned

    def _app_of(self, server: object, namespace: Mapping[str, Any]) -> Any:
        app = self.app or getattr(server, "app", None) or namespace.get("app")
        for _ in range(10):  # middleware keeps the app it wraps under one of these names
            if app is None or hasattr(app, "url_map"):
                return app
            app = getattr(app, "app", None) or getattr(app, "wsgi_app", None)
        return None

    def _metadata(self) -> Metadata:
        scenario = self.scenario
        return describe(scenario.shown_name, self.options.engine, self.recorder, {"target": scenario.target})


def _rules(app: Any) -> list[str]:
    """The app's routes as it wrote them."""
    by_endpoint = getattr(getattr(app, "url_map", None), "_rules_by_endpoint", {})
    return [rule.rule for rules in by_endpoint.values() for rule in rules]


def plain_routes(app: Any) -> list[str]:
    """The paths of the routes that a GET needs no parameters for, static files apart, in order."""
    url_map = getattr(app, "url_map", None)
    # Not iter_rules(): that sorts the map, which is a step of the story that the first request tells.
    by_endpoint = getattr(url_map, "_rules_by_endpoint", {})
    paths = [
        rule.rule
        for rules in by_endpoint.values()
        for rule in rules
        if "GET" in (rule.methods or {"GET"})
        and not rule.arguments
        and not rule.build_only
        and not getattr(rule, "websocket", False)
        and not str(rule.endpoint).endswith("static")
    ]
    return list(dict.fromkeys(paths))
