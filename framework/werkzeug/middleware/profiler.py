"""Profiles each request: which functions of the application took how long."""

import os.path
import sys
import time
from collections.abc import Callable, Iterable
from cProfile import Profile
from pstats import Stats
from typing import Any, TextIO

from .._internal import Environ, StartResponse, WSGIApp

_RULE = "-" * 80


class ProfilerMiddleware:
    """Prints a profile after each request, or saves it. The body is collected first, to be timed as well.

    Args:
        stream: where to print; None for nowhere.
        sort_by: the columns to sort by, see ``pstats.Stats.sort_stats``.
        restrictions: which lines to print, see ``pstats.Stats.print_stats``.
        profile_dir: a folder for the profiles' data, a file for each request.
        filename_format: the name of such a file, with ``{method}``, ``{path}``, ``{elapsed}`` (ms) and
            ``{time}`` (seconds since 1970); or a function of the environ that gives it.
    """

    def __init__(
        self,
        app: WSGIApp,
        stream: TextIO | None = sys.stdout,
        sort_by: Iterable[str] = ("time", "calls"),
        restrictions: Iterable[Any] = (),
        profile_dir: str | None = None,
        filename_format: str | Callable[[Environ], str] = "{method}.{path}.{elapsed:.0f}ms.{time:.0f}.prof",
    ) -> None:
        self._app, self._stream = app, stream
        self._sort_by, self._restrictions = sort_by, restrictions
        self._profile_dir, self._filename_format = profile_dir, filename_format

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        body: list[bytes] = []

        def catching_start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[..., None]:
            start_response(status, headers, exc_info)
            return body.append

        def runapp() -> None:
            app_iter = self._app(environ, catching_start_response)
            body.extend(app_iter)
            if hasattr(app_iter, "close"):
                app_iter.close()

        profile = Profile()
        start = time.time()
        profile.runcall(runapp)
        response_body = b"".join(body)
        elapsed_ms = (time.time() - start) * 1000.0
        if self._profile_dir is not None:
            profile.dump_stats(os.path.join(self._profile_dir, self._filename(environ, elapsed_ms)))
        if self._stream is not None:
            self._print(profile, environ, self._stream)
        return [response_body]

    def _filename(self, environ: Environ, elapsed_ms: float) -> str:
        if callable(self._filename_format):
            return self._filename_format(environ)
        # One file name, whatever the path holds.
        path = environ.get("PATH_INFO", "").strip("/").replace("/", ".") or "root"
        method = environ["REQUEST_METHOD"]
        return self._filename_format.format(method=method, path=path, elapsed=elapsed_ms, time=time.time())

    def _print(self, profile: Profile, environ: Environ, stream: TextIO) -> None:
        print(_RULE, file=stream)
        print(f"PATH: {environ.get('PATH_INFO', '')!r}", file=stream)
        stats = Stats(profile, stream=stream)
        stats.sort_stats(*self._sort_by).print_stats(*self._restrictions)
        print(_RULE + "\n", file=stream)
