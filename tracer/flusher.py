"""Writes the trace while the recording goes on, so that a killed process leaves what there was."""

import _thread
import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter_ns
from typing import TYPE_CHECKING

from flasktrace.tracer.builder import Builder
from flasktrace.tracer.client import Latch
from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.model import Metadata, Request
from flasktrace.tracer.store import TraceWriter

if TYPE_CHECKING:
    from flasktrace.tracer.live_messages import DeltaMaker

_FLUSH_EVERY_S = 0.25
_MANY_CALLS, _SHORT_PAUSE_S = 10_000, 0.01
MAX_HELD_CALLS = 50_000
"""A recording of more calls is held in its file alone, and takes no more memory the longer it gets."""

_LATE_NS = 100_000_000  # an event may reach its list this long after its time


class Flusher:
    """Builds and writes what was recorded so far, every now and then, from a bare untraced thread."""

    def __init__(
        self,
        builder: Builder,
        writer: "TraceWriter | DeltaMaker | None",
        metadata: Metadata,
        requests: Sequence[Request] = (),
        on_thread: Callable[[], None] = lambda: None,
    ) -> None:
        self.failure: TraceError | None = None
        self._builder, self._writer, self._requests = builder, writer, requests
        builder.trace.metadata = metadata
        self._on_thread = on_thread
        self._stopping, self._stopped = Latch(), Latch()
        self._busy = _thread.allocate_lock()
        self._is_started = False

    def start(self) -> None:
        """Begin to write."""
        self._is_started = True
        self._builder.set_reader(True)
        _thread.start_new_thread(self._run, ())

    def stop(self) -> None:
        """End the thread; what is left is the caller's to build."""
        self._stopping.set()
        self._builder.set_reader(False)
        if self._is_started:
            self._stopped.wait()

    def write_now(self) -> None:
        """Write all that was recorded by now, from any thread: the process is about to end."""
        with self._busy:
            self._take(None)

    @contextlib.contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """While inside, nothing is built or written, but by calling what is given, which writes."""
        with self._busy:
            yield self._write

    def write_rest(self) -> None:
        """Write what was built since, and close the file."""
        self._write()
        if self._writer is None:
            return
        clean = self._builder.mask_of_rest
        if clean is not None and isinstance(self._writer, TraceWriter) and self.failure is None:
            try:
                self._writer.mask(clean)
            except TraceError as error:
                self.failure = error
        self._writer.close()

    def _run(self) -> None:
        self._on_thread()
        try:
            pause_s = _FLUSH_EVERY_S
            while not self._stopping.wait(pause_s):
                with self._busy:
                    before = self._builder.call_count
                    self._take(perf_counter_ns() - _LATE_NS)
                # What waits to be built takes memory: a busy program is given less time to add to it.
                is_busy = self._builder.call_count - before > _MANY_CALLS
                pause_s = _SHORT_PAUSE_S if is_busy else _FLUSH_EVERY_S
        except Exception as error:  # a mistake of ours: what is written stays, and it is told
            self.failure = TraceError(f"the recording broke off: {type(error).__name__}: {error}; report it")
            self._builder.set_reader(False)
            if os.environ.get("FLASKTRACE_DEBUG"):
                raise
        finally:
            self._stopped.set()

    def _take(self, until_ns: int | None) -> None:
        self._builder.take(until_ns)
        self._builder.set_requests(tuple(self._requests))
        self._write()

    def _write(self) -> None:
        if self._writer is None or self.failure is not None:
            return
        try:
            self._writer.write(self._builder.trace, self._builder.take_changed())
            remade = self._builder.take_remade()
            if remade and isinstance(self._writer, TraceWriter):
                self._writer.rewrite(self._builder.trace, remade)
        except TraceError as error:
            self.failure = error
            return
        if isinstance(self._writer, TraceWriter) and len(self._builder.trace.calls) > MAX_HELD_CALLS:
            self._builder.let_go()
            self._writer.let_go(self._builder.trace)
