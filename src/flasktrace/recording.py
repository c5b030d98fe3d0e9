"""Recording a part of one's own program: ``flasktrace.record()``."""

import asyncio
import functools
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from flasktrace.tracer.model import Call, Request, Trace
from flasktrace.tracer.query import contains_chain, matches, split_chain
from flasktrace.tracer.scope import ScopeOptions
from flasktrace.tracer.session import Session, SessionOptions
from flasktrace.tracer.store import write_trace

Function = TypeVar("Function", bound=Callable[..., Any])


def record(
    path: str | os.PathLike[str] | None = None,
    *,
    name: str = "",
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    mask: Sequence[str] = (),
    values: bool = True,
    limit: int = 1_000_000,
    recorder: str = "",
) -> "Recording":
    """Record what happens inside ``with flasktrace.record() as trace:``, or in a decorated function.

    Recorded are the thread it is used in and the threads that are started meanwhile (on Python 3.12 and later
    those that run already, too). Hooks that others have installed are put back at the end.

    Args:
        path: the file to write while recording; a decorated function writes it anew at each call.
        name: of the recording, as views show it.
        include: further modules, paths or distributions to record, as patterns.
        exclude: what not to record.
        mask: regular expressions of further names whose values are secret.
        values: whether parameters and results are recorded.
        limit: the number of calls to keep; what is over it is counted.
        recorder: ``native``, ``monitoring`` or ``setprofile``; "" for the fastest that works here.
    """
    options = SessionOptions(
        name=name or (Path(path).stem if path is not None else "recording"),
        trace_path=Path(path) if path is not None else None,
        limit=limit,
        with_values=values,
        scope=ScopeOptions(include=tuple(include), exclude=tuple(exclude)),
        mask=tuple(mask),
        recorder=recorder,
    )
    return Recording(options)


class Recording:
    """What :func:`record` gives: a context manager, a decorator, and then what was recorded.

    It can be asked while it records: calls that have not ended yet are unfinished then.
    """

    def __init__(self, options: SessionOptions) -> None:
        self._options = options
        self._session: Session | None = None

    def __enter__(self) -> Self:
        """Begin to record.

        Raises:
            RuntimeError: it is recording already.
            TraceError: the file cannot be written.
        """
        if self._session is not None and self._session.is_recording:
            raise RuntimeError("this recording is going on already: make another with flasktrace.record()")
        session = Session(self._options)
        session.start()
        self._session = session
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._session.end()

    def __call__(self, function: Function) -> Function:
        """Decorate a function: each call of it is recorded, and the last one is kept here."""
        if asyncio.iscoroutinefunction(function):

            @functools.wraps(function)
            async def recorded_async(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return cast(Function, recorded_async)

        @functools.wraps(function)
        def recorded(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast(Function, recorded)

    @property
    def trace(self) -> Trace:
        """The trace; of a recording that goes on, as far as it has come.

        Raises:
            RuntimeError: nothing has been recorded yet.
        """
        if self._session is None:
            raise RuntimeError("nothing is recorded yet: use it as `with flasktrace.record() as trace:`")
        with self._session.looking() as trace:
            return trace

    @property
    def requests(self) -> list[Request]:
        """The requests that the app answered, Flask's test client's too."""
        return self.trace.requests

    def calls(self, name: str) -> list[Call]:
        """The calls of a function: ``index``, ``Flask.wsgi_app``, ``flask.app.*``."""
        trace = self.trace
        ids = {key for key, function in trace.functions.items() if matches(function, name)}
        return [call for call in trace.calls if call.function_id in ids]

    def assert_calls(self, names: "Sequence[str] | str") -> None:
        """Check that these functions were called in this order; other calls may lie between.

        Args:
            names: a list of names, or ``"Flask.wsgi_app -> index"``.

        Raises:
            AssertionError: they were not; it says from which name on.
        """
        __tracebackhide__ = True
        wanted = split_chain(names) if isinstance(names, str) else list(names)
        trace = self.trace
        if contains_chain(trace, wanted) is None:
            raise AssertionError(_why_not(trace, wanted))

    def assert_not_called(self, name: str) -> None:
        """Check that a function was not called.

        Raises:
            AssertionError: it was; it says how often, and by whom first.
        """
        __tracebackhide__ = True
        found = self.calls(name)
        if not found:
            return
        trace, times = self.trace, f"{len(found)} times" if len(found) > 1 else "once"
        by = ""
        if found[0].parent_id is not None:
            by = f", by {trace.function_of(trace.call(found[0].parent_id)).qualname}"
        raise AssertionError(f"{name} was called {times}{by}")

    def tree(self, level: str = "milestones", language: str = "en", times: bool = False) -> str:
        """The console tree as text.

        Args:
            level: chapters, milestones, pipeline or all.
            language: ``en`` or ``zh``.
            times: whether times are shown; without them the same run gives the same text.
        """
        from flasktrace.reports.folded import Level
        from flasktrace.reports.folding import FoldOptions, fold
        from flasktrace.reports.tree import TreeOptions, write_tree
        from flasktrace.scenarios.annotate import load_catalogue

        stream = io.StringIO()
        folded = fold(self.trace, load_catalogue(language), FoldOptions(Level(level)))
        write_tree(folded, stream, TreeOptions(language=language, times=times))
        return stream.getvalue()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the trace to a file, for ``flasktrace show`` and its kin.

        Raises:
            TraceError: it cannot be written.
        """
        write_trace(self.trace, path)
        return Path(path)


def _why_not(trace: Trace, wanted: list[str]) -> str:
    """The first name of a chain that does not follow, and what is known of it."""
    for length in range(1, len(wanted) + 1):
        found = contains_chain(trace, wanted[: length - 1])
        if contains_chain(trace, wanted[:length]) is not None:
            continue
        missing = wanted[length - 1]
        if not any(matches(function, missing) for function in trace.functions.values()):
            told = f"{missing} was never called"
        else:
            told = f"{missing} was called, but not after {wanted[length - 2]}"
        done = " -> ".join(wanted[: length - 1]) if found else "nothing"
        return f"{told}; so far the chain holds: {done}"
    return "the chain holds"
