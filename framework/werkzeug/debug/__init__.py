"""The interactive debugger: a middleware that shows the traceback of a failing application in the browser.

``run_simple`` puts it around the application with ``use_debugger``. The requests of its own pages
(``?__debugger__=yes``) it answers itself; code it runs only for those who have entered the PIN that stands in
the server's log.
"""

import json
import mimetypes
import os
import pkgutil
import time
from collections.abc import Callable, Iterator
from os.path import basename, join
from typing import Any

from .._debug_pin import hashed, is_trusted_host, machine_id, pin_and_cookie_name
from .._internal import Environ, StartResponse, WSGIApp, _log
from ..exceptions import SecurityError
from ..http import parse_cookie
from ..security import gen_salt
from ..wrappers import BaseRequest as Request
from ..wrappers import BaseResponse as Response
from .console import Console
from .tbtools import get_current_traceback, render_console_html

#: How long a PIN that was entered is remembered, in seconds: a week.
PIN_TIME = 60 * 60 * 24 * 7
#: After this many wrong PINs the server has to be restarted.
_MAX_FAILURES = 10
#: Stands in for the ``close`` that an iterable need not have.
_nothing = bool
_machine_id: str | bytes | None = None


def hash_pin(pin: str | bytes) -> str:
    """What the cookie has in place of the PIN."""
    return hashed(pin)


def get_machine_id() -> str | bytes | None:
    """What tells this machine from others; looked up once."""

    def _generate() -> str | bytes | None:
        return machine_id()

    global _machine_id
    if _machine_id is None:
        _machine_id = _generate()
    return _machine_id


class _ConsoleFrame:
    """The console that belongs to no frame, in the place of a frame."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.console = Console(namespace)
        self.id = 0


def get_pin_and_cookie_name(app: WSGIApp) -> tuple[str | None, str | None]:
    """The PIN and the cookie's name, both None if ``WERKZEUG_DEBUG_PIN`` is ``off``."""
    if os.environ.get("WERKZEUG_DEBUG_PIN") == "off":
        return None, None
    return pin_and_cookie_name(app, get_machine_id())


class DebuggedApplication:
    """Puts the debugger around an application.

    Args:
        app: the application.
        evalex: offer a console in each frame.
        request_key: not used any more.
        console_path: where a console without a traceback is; None for nowhere.
        console_init_func: gives that console its variables.
        show_hidden_frames: also those that ask not to be shown.
        pin_security: ask for the PIN before any code is run.
        pin_logging: print the PIN.
    """

    _pin: str | None
    _pin_cookie: str | None

    def __init__(
        self,
        app: WSGIApp,
        evalex: bool = False,
        request_key: str = "werkzeug.request",
        console_path: str | None = "/console",
        console_init_func: Callable[[], dict[str, Any]] | None = None,
        show_hidden_frames: bool = False,
        pin_security: bool = True,
        pin_logging: bool = True,
    ) -> None:
        self.app, self.evalex, self.request_key = app, evalex, request_key
        self.console_path, self.console_init_func = console_path, console_init_func or None
        self.show_hidden_frames, self.pin_logging = show_hidden_frames, pin_logging
        #: Frames and tracebacks that a page in some browser may ask for, by their id.
        self.frames: dict[int, Any] = {}
        self.tracebacks: dict[int, Any] = {}
        #: Stands in our pages only, so that no other page can send commands.
        self.secret = gen_salt(20)
        #: Hosts by which the debugger can be used; a leading dot includes all subdomains.
        self.trusted_hosts = [".localhost", "127.0.0.1", "[::1]"]
        self._failed_pin_auth = 0
        if not pin_security:
            self.pin = None
        elif pin_logging and os.environ.get("WERKZEUG_RUN_MAIN") == "true":
            # Only the reloader's child prints it: the parent's line would be the second one.
            _log("warning", " * Debugger is active!")
            if self.pin is None:
                _log("warning", " * Debugger PIN disabled. DEBUGGER UNSECURED!")
            else:
                _log("info", f" * Debugger PIN: {self.pin}")

    @property
    def pin_cookie_name(self) -> str:
        """The name of the cookie that remembers the PIN."""
        if not hasattr(self, "_pin_cookie"):
            self._pin, self._pin_cookie = get_pin_and_cookie_name(self.app)
        return self._pin_cookie or ""

    @property
    def pin(self) -> str | None:
        """The PIN; None if none is asked for."""
        if not hasattr(self, "_pin"):
            self._pin, self._pin_cookie = get_pin_and_cookie_name(self.app)
        return self._pin

    @pin.setter
    def pin(self, value: str | None) -> None:
        self._pin = value

    def debug_application(self, environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        """Run the application; if it fails, keep the traceback and show the page."""
        app_iter: Any = None
        try:
            app_iter = self.app(environ, start_response)
            yield from app_iter
            getattr(app_iter, "close", _nothing)()
        except Exception:
            getattr(app_iter, "close", _nothing)()
            traceback = get_current_traceback(
                ignore_system_exceptions=True, show_hidden_frames=self.show_hidden_frames, skip=1
            )
            self.frames |= {frame.id: frame for frame in traceback.frames}
            self.tracebacks[traceback.id] = traceback
            # The page shows source, which a browser's filter may take for an attack.
            headers = [("Content-Type", "text/html; charset=utf-8"), ("X-XSS-Protection", "0")]
            try:
                start_response("500 INTERNAL SERVER ERROR", headers)
            except Exception:
                environ["wsgi.errors"].write(
                    "The application failed after its response had begun: too late for the debugger's page.\n"
                )
            else:
                is_trusted = bool(self.check_pin_trust(environ))
                evalex = self.evalex and is_trusted_host(environ, self.trusted_hosts)
                page = traceback.render_full(evalex=evalex, evalex_trusted=is_trusted, secret=self.secret)
                yield page.encode("utf-8", "replace")
            traceback.log(environ["wsgi.errors"])

    def execute_command(self, request: Any, command: str, frame: Any) -> Any:
        """Run a line in a frame's console."""
        return Response(frame.console.eval(command), mimetype="text/html")

    def display_console(self, request: Any) -> Any:
        """The page with the console that belongs to no frame."""
        if 0 not in self.frames:
            namespace = dict(self.console_init_func()) if self.console_init_func else {}
            self.frames[0] = _ConsoleFrame({"app": self.app, **namespace})
        is_trusted = bool(self.check_pin_trust(request.environ))
        page = render_console_html(secret=self.secret, evalex_trusted=is_trusted)
        return Response(page, mimetype="text/html")

    def get_resource(self, request: Any, filename: str) -> Any:
        """A file of the debugger's own."""
        path = join("shared", basename(filename))
        try:
            data = pkgutil.get_data(__package__ or __name__, path)
        except OSError:
            data = None
        if data is None:
            return Response("Not Found", status=404)
        return Response(data, mimetype=mimetypes.guess_type(path)[0] or "application/octet-stream")

    def check_pin_trust(self, environ: Environ) -> bool | None:
        """Tell whether this browser has entered the PIN; None if its cookie is for another PIN."""
        if self.pin is None:
            return True
        if self._failed_pin_auth > _MAX_FAILURES:
            return False
        time_text, separator, pin_hash = parse_cookie(environ).get(self.pin_cookie_name, "").partition("|")
        if not separator or not time_text.isdigit():
            return False
        if pin_hash != hash_pin(self.pin):
            return None
        return int(time_text) > time.time() - PIN_TIME

    def _fail_pin_auth(self) -> None:
        """Make guessing slow."""
        self._failed_pin_auth += 1
        time.sleep(5.0 if self._failed_pin_auth > 6 else 0.5)

    def pin_auth(self, request: Any) -> Any:
        """Check a PIN that was entered."""
        trust = self.check_pin_trust(request.environ)
        auth = bool(trust)
        exhausted = not auth and self._failed_pin_auth > _MAX_FAILURES
        if trust is None:
            # A cookie for another PIN counts as a wrong one: else cookies could be tried out for free.
            self._fail_pin_auth()
        elif not auth and not exhausted:
            entered = request.args.get("pin", "").strip().replace("-", "")
            auth = entered == (self.pin or "").replace("-", "")
            if auth:
                self._failed_pin_auth = 0
            else:
                self._fail_pin_auth()
        answer = Response(json.dumps({"auth": auth, "exhausted": exhausted}), mimetype="application/json")
        if auth:
            secure = request.environ["wsgi.url_scheme"] == "https"
            answer.set_cookie(
                self.pin_cookie_name,
                f"{int(time.time())}|{hash_pin(self.pin or '')}",
                httponly=True,
                samesite="Strict",
                secure=secure,
            )
        elif trust is None:
            answer.delete_cookie(self.pin_cookie_name)
        return answer

    def log_pin_request(self) -> Any:
        """Print the PIN, now that somebody wants to enter it."""
        if self.pin is not None and self.pin_logging:
            _log("info", " * To enable the debugger you need to enter the security pin:")
            _log("info", f" * Debugger pin code: {self.pin}")
        return Response("")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """Answer the debugger's own requests, pass all others on."""
        # Nothing here may read the body: it belongs to the application.
        request: Any = Request(environ)
        response: Any = self.debug_application
        if request.args.get("__debugger__") == "yes":
            cmd, resource, secret = (request.args.get(name) for name in ("cmd", "f", "s"))
            frame = self.frames.get(request.args.get("frm", type=int))
            if cmd == "resource" and resource:
                response = self.get_resource(request, resource)
            elif secret != self.secret:
                # A page that is not ours, or older than the server.
                return response(environ, start_response)
            elif not is_trusted_host(environ, self.trusted_hosts):
                response = SecurityError()
            elif cmd == "pinauth":
                response = self.pin_auth(request)
            elif cmd == "printpin":
                response = self.log_pin_request()
            elif self.evalex and None not in (cmd, frame) and self.check_pin_trust(environ):
                response = self.execute_command(request, cmd, frame)
        elif self.evalex and self.console_path is not None and request.path == self.console_path:
            trusted = is_trusted_host(environ, self.trusted_hosts)
            response = self.display_console(request) if trusted else SecurityError()
        return response(environ, start_response)
