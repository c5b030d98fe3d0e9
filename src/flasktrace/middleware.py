"""WSGI middleware that records single requests of a running app: ``flasktrace.TraceMiddleware``."""

import contextlib
import hmac
import os
import random
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from time import strftime
from typing import Any
from urllib.parse import parse_qs

from flasktrace.tracer.errors import FlasktraceError
from flasktrace.tracer.model import Request
from flasktrace.tracer.query import request as only_request
from flasktrace.tracer.scope import ScopeOptions
from flasktrace.tracer.session import Session, SessionOptions
from flasktrace.tracer.store import write_trace

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_PREFIX, _SUFFIX = "request-", ".flasktrace"

# Hooks are the process's: two requests recorded at the same time would record each other.
_recording = threading.Lock()
_unclosed: "list[_Recorded]" = []  # the one whose body has not ended yet


class TraceMiddleware:
    """Records requests that ask for it, or a share of all, each into a file of its own.

    ``app.wsgi_app = flasktrace.TraceMiddleware(app.wsgi_app)``, then ``curl -H 'X-Flasktrace: 1' ...``. The
    response is the app's own, byte for byte. One request is recorded at a time; another that comes
    meanwhile is answered without being recorded.

    Args:
        app: the WSGI app.
        folder: for the traces; it is made when the first one is written.
        header: the request header that asks for a trace; None for no such header.
        query: the query argument that asks for one; None for no such argument.
        key: what header or argument must say; None accepts anything but 0, so do not leave it out where
            strangers can send requests.
        share: the share of all other requests that is recorded, 0.0 to 1.0.
        max_traces: as many are kept, the oldest are removed.
        include: further modules, paths or distributions to record, as patterns.
        exclude: what not to record.
        mask: regular expressions of further names whose values are secret.
        values: whether parameters and results are recorded.
        limit: the number of calls to keep of a request.

    Raises:
        ValueError: ``share`` is not from 0 to 1, or ``max_traces`` is less than 1.
    """

    def __init__(
        self,
        app: WsgiApp,
        folder: str | os.PathLike[str] = "flasktraces",
        *,
        header: str | None = "X-Flasktrace",
        query: str | None = "flasktrace",
        key: str | None = None,
        share: float = 0.0,
        max_traces: int = 100,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        mask: Sequence[str] = (),
        values: bool = True,
        limit: int = 100_000,
    ) -> None:
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share is {share}: give a number from 0.0 to 1.0")
        if max_traces < 1:
            raise ValueError(f"max_traces is {max_traces}: keep at least one")
        self.app = app
        self.folder = Path(folder)
        self.max_traces = max_traces
        self._environ_name = f"HTTP_{header.upper().replace('-', '_')}" if header else None
        self._query, self._key, self._share = query, key, share
        # Whoever may ask for traces must not learn from them how to.
        secrets = [f"^{re.escape(name)}$" for name in (header, query) if name and key]
        self._options = SessionOptions(
            limit=limit,
            with_values=values,
            scope=ScopeOptions(include=tuple(include), exclude=tuple(exclude)),
            mask=(*mask, *secrets, *([f"^{self._environ_name}$"] if self._environ_name and key else [])),
            finds_requests=False,
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, and record it if it is to be."""
        for recorded in _unclosed:
            if recorded.thread_id == threading.get_ident():
                recorded.end()  # its body was neither read to the end nor closed, and will not be any more
        if not self._is_wanted(environ) or not _recording.acquire(blocking=False):
            return self.app(environ, start_response)
        try:
            recorded = _Recorded(self, environ, self._options)
        except BaseException:
            _recording.release()
            raise
        return recorded.answer(start_response)

    def _is_wanted(self, environ: Environ) -> bool:
        given: list[str] = []
        if self._environ_name and self._environ_name in environ:
            given.append(str(environ[self._environ_name]))
        if self._query and self._query in str(environ.get("QUERY_STRING", "")):
            given += parse_qs(environ["QUERY_STRING"], keep_blank_values=True).get(self._query, [])
        if any(self._is_accepted(value) for value in given):
            return True
        return self._share > 0 and random.random() < self._share

    def _is_accepted(self, value: str) -> bool:
        if self._key is None:
            return value != "0"
        return hmac.compare_digest(value.encode("utf-8", "replace"), self._key.encode())

    def keep(self, session: Session, request: Request) -> Path:
        """Write a trace of one request, and remove the oldest ones.

        Raises:
            FlasktraceError: it cannot be written.
        """
        trace = only_request(session.stop(), request.id)
        self.folder.mkdir(parents=True, exist_ok=True)
        place = re.sub(r"[^A-Za-z0-9]+", "-", request.target.partition("?")[0]).strip("-")[:40] or "root"
        name = (
            f"{strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{request.method[:10]}-{place}-{request.status or 0}"
        )
        path = self._free_path(re.sub(r"[^A-Za-z0-9-]", "", name))
        write_trace(trace, path)
        self._remove_oldest()
        return path

    def _free_path(self, name: str) -> Path:
        path, number = self.folder / f"{_PREFIX}{name}{_SUFFIX}", 1
        while path.exists():
            number += 1
            path = self.folder / f"{_PREFIX}{name}-{number}{_SUFFIX}"
        return path

    def _remove_oldest(self) -> None:
        found = []
        for path in self.folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            with contextlib.suppress(OSError):  # another process may remove the same one
                found.append((path.stat().st_mtime_ns, path))
        found.sort()
        for _, path in found[: max(len(found) - self.max_traces, 0)]:
            with contextlib.suppress(OSError):
                path.unlink()


class _Recorded:
    """One request being recorded, from the call of the app to the close of its body."""

    def __init__(self, middleware: TraceMiddleware, environ: Environ, options: SessionOptions) -> None:
        self._middleware, self._environ = middleware, environ
        self._request = Request(1, str(environ.get("REQUEST_METHOD", "")), _target(environ))
        self._session = Session(options)
        self._session.requests.append(self._request)
        self._session.start()
        self._mark = self._session.recorder.request(1)
        self._mark.__enter__()
        self._is_over = False
        self.thread_id, self._process_id = threading.get_ident(), os.getpid()

    def answer(self, start_response: StartResponse) -> Iterable[bytes]:
        """Call the app; a body that is made bit by bit is recorded to its end."""

        def noting_status(status: str, *rest: Any, **more: Any) -> Any:
            if status[:3].isdigit():
                self._request = Request(1, self._request.method, self._request.target, int(status[:3]))
            return start_response(status, *rest, **more)

        try:
            body = self._middleware.app(self._environ, noting_status)
        except BaseException:
            self.end()
            raise
        if isinstance(body, list | tuple):  # there is no more to record, and servers look at its length
            self.end()
            return body
        _unclosed.append(self)
        return _Body(body, self.end)

    def end(self) -> None:
        """Stop and write; whatever goes wrong with that is told on stderr, not to the client."""
        if self._is_over:
            return
        self._is_over = True
        if os.getpid() != self._process_id:
            self._session.stop()  # a forked child: the trace is its parent's
            return
        try:
            _unclosed[:] = []
            with contextlib.suppress(RuntimeError):
                self._mark.__exit__(None, None, None)
            self._session.requests[:] = [self._request]
            self._middleware.keep(self._session, self._request)
        except (FlasktraceError, OSError) as error:
            print(f"flasktrace: the trace of this request is lost: {error}", file=sys.stderr)
        finally:
            _recording.release()


class _Body:
    """The app's body, with word of its end."""

    def __init__(self, body: Iterable[bytes], on_end: Callable[[], None]) -> None:
        self._body, self._on_end = body, on_end

    def __iter__(self) -> Iterator[bytes]:
        yield from self._body
        self._on_end()  # a test client may never close what it was given

    def close(self) -> None:
        """Close the app's body, as the server asks, and end the recording."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._on_end()


def _target(environ: Environ) -> str:
    path = str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))
    query = str(environ.get("QUERY_STRING", ""))
    return f"{path}?{query}" if query else path
