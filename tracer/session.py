"""Recording inside a running process: a part of a program, a test, one request of a server.

Unlike a play, a session changes nothing around the program: it only listens between start and stop.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flasktrace.tracer.builder import Builder
from flasktrace.tracer.capture import Texts
from flasktrace.tracer.describing import describe, displaced
from flasktrace.tracer.engines import make_recorder
from flasktrace.tracer.flusher import Flusher
from flasktrace.tracer.inprocess import RequestFinder
from flasktrace.tracer.model import Request, Trace
from flasktrace.tracer.recorder import Recorder, RecorderOptions
from flasktrace.tracer.scope import ScopeOptions
from flasktrace.tracer.store import TraceWriter, read_trace


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What a session records.

    Attributes:
        name: of the recording, as views show it.
        trace_path: where to write the trace while recording; None to keep it in memory only.
        limit: the number of calls to keep.
        with_values: whether values are recorded.
        with_state: whether snapshots of the contexts and of the app's tables are taken.
        scope: which code is recorded.
        mask: further names of secrets, regular expressions.
        recorder: the recorder's engine; "" for the fastest that works here.
        finds_requests: whether the requests are told apart by the calls of the app.
    """

    name: str = "recording"
    trace_path: Path | None = None
    limit: int = 1_000_000
    with_values: bool = True
    with_state: bool = True
    scope: ScopeOptions = field(default_factory=ScopeOptions)
    mask: tuple[str, ...] = ()
    recorder: str = ""
    finds_requests: bool = True


class Session:
    """One recording, from :meth:`start` to :meth:`stop`.

    Raises:
        TraceError: the trace's file cannot be written.
        UsageError: the recorder cannot be had.
    """

    def __init__(self, options: SessionOptions | None = None) -> None:
        self.options = options or SessionOptions()
        wanted = RecorderOptions(self.options.scope, self.options.with_values, self.options.with_state)
        self.recorder: Recorder = make_recorder(wanted, self.options.recorder)
        self.requests: list[Request] = []
        self.is_recording = False
        finder = RequestFinder() if self.options.finds_requests else None
        if finder is not None:
            self.requests = finder.requests
        self._builder = Builder(self.recorder, Texts(self.options.mask), self.options.limit, finder=finder)
        writer = TraceWriter(self.options.trace_path) if self.options.trace_path else None
        metadata = describe(self.options.name, _engine(), self.recorder)
        ignore = self.recorder.ignore_this_thread
        self._flusher = Flusher(self._builder, writer, metadata, self.requests, ignore)
        self._is_over = False
        self._whole: Trace | None = None  # read from the file once all is over, as it is not held any more
        self._process_id = os.getpid()

    def start(self) -> None:
        """Begin to record this thread and those that are started from now on.

        Raises:
            RuntimeError: it was started before.
        """
        if self.is_recording or self._is_over:
            raise RuntimeError("a session records once; make another one")
        self._flusher.start()
        try:
            self.recorder.start()
        except BaseException:
            self._flusher.stop()
            raise
        self.is_recording = True

    def stop(self) -> Trace:
        """End the recording, and give the trace, see :meth:`end`."""
        self.end()
        return self.trace

    def end(self) -> None:
        """End the recording; the hooks that were there before are put back. Harmless a second time."""
        if self._is_over:
            return
        self._is_over = True
        self.recorder.stop()
        self.is_recording = False
        if os.getpid() != self._process_id:
            return  # a forked child: the trace is its parent's, and so is the flusher
        if self.recorder.displaced_by:
            warnings.warn(displaced(self.recorder), RuntimeWarning, stacklevel=3)
        self._flusher.stop()
        self._builder.finish(self._builder.trace.metadata, self.requests)
        self._flusher.write_rest()
        if self._flusher.failure is not None:
            raise self._flusher.failure

    @property
    def trace(self) -> Trace:
        """The trace so far; of a session that is over, all of it."""
        if not self._builder.has_let_go or os.getpid() != self._process_id:
            return self._builder.trace
        assert self.options.trace_path is not None
        if not self._is_over:
            return read_trace(self.options.trace_path)
        if self._whole is None:
            self._whole = read_trace(self.options.trace_path)
        return self._whole

    @contextlib.contextmanager
    def looking(self) -> Iterator[Trace]:
        """The trace so far, which does not grow inside; calls that have not ended yet are unfinished."""
        if os.getpid() != self._process_id:
            yield self._builder.trace
            return
        with self._flusher.held() as write:
            if not self._is_over:
                self._builder.take()
                self._builder.set_requests(self.requests)
                if self._builder.has_let_go:
                    write()
            yield self.trace


def _engine() -> str:
    """Which Flask this process has: the bundled one goes by its real name in its specification."""
    spec = getattr(sys.modules.get("flask"), "__spec__", None)
    return "bundled" if str(getattr(spec, "name", "")).startswith("flasktrace.") else "installed"
