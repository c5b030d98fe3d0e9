"""Several applications on one server, each below a path of its own."""

from collections.abc import Mapping
from typing import Any

from .._internal import Environ, StartResponse, WSGIApp


class DispatcherMiddleware:
    """Passes a request to the application that is mounted at the longest prefix of its path.

    Args:
        app: for all paths where nothing is mounted.
        mounts: applications by prefix, as ``{"/shop": shop_app}``.
    """

    def __init__(self, app: WSGIApp, mounts: Mapping[str, WSGIApp] | None = None) -> None:
        self.app = app
        self.mounts = mounts or {}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        prefix, rest = environ.get("PATH_INFO", ""), ""
        while "/" in prefix and prefix not in self.mounts:
            prefix, _, segment = prefix.rpartition("/")
            rest = f"/{segment}{rest}"
        # The application must think that its mount point is the root: what it builds URLs with moves along.
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
        environ["PATH_INFO"] = rest
        return self.mounts.get(prefix, self.app)(environ, start_response)
