"""Behind a proxy every request comes from the proxy; this puts the client's own values back."""

from typing import Any

from .._internal import Environ, StartResponse, WSGIApp, _split_port
from ..http import parse_list_header

#: What the middleware may change, and keeps as it was under ``werkzeug.proxy_fix.orig``.
_CHANGED = ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME")


class ProxyFix:
    """Takes address, scheme, host, port and prefix from the ``X-Forwarded-`` headers.

    Anybody can send such headers: each number says how many proxies in front of the server are known to set
    that one, and only so many values, counted from the end, are believed.

    Args:
        x_for: for the client's address.
        x_proto: for the scheme.
        x_host: for the host.
        x_port: for the port.
        x_prefix: for the path of the application's root.
    """

    def __init__(
        self,
        app: WSGIApp, x_for: int = 1, x_proto: int = 1, x_host: int = 0, x_port: int = 0, x_prefix: int = 0,
    ) -> None:  # fmt: skip
        self.app = app
        self.x_for, self.x_proto = x_for, x_proto
        self.x_host, self.x_port, self.x_prefix = x_host, x_port, x_prefix

    def _get_real_value(self, trusted: int, value: str | None) -> str | None:
        """The value that the first of the trusted proxies has set, or None if there are too few of them."""
        if not trusted or not value:
            return None
        values = parse_list_header(value)
        return values[-trusted] if len(values) >= trusted else None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """Change the environ and call the application."""
        environ["werkzeug.proxy_fix.orig"] = {key: environ.get(key) for key in _CHANGED}
        real, header = self._get_real_value, environ.get
        if address := real(self.x_for, header("HTTP_X_FORWARDED_FOR")):
            environ["REMOTE_ADDR"] = address
        if scheme := real(self.x_proto, header("HTTP_X_FORWARDED_PROTO")):
            environ["wsgi.url_scheme"] = scheme
        if host := real(self.x_host, header("HTTP_X_FORWARDED_HOST")):
            environ["HTTP_HOST"] = host
            environ["SERVER_NAME"], port = _split_port(host)
            if port:
                environ["SERVER_PORT"] = port
        if real_port := real(self.x_port, header("HTTP_X_FORWARDED_PORT")):
            if host := header("HTTP_HOST"):
                environ["HTTP_HOST"] = f"{_split_port(host)[0]}:{real_port}"
            environ["SERVER_PORT"] = real_port
        if prefix := real(self.x_prefix, header("HTTP_X_FORWARDED_PREFIX")):
            environ["SCRIPT_NAME"] = prefix
        return self.app(environ, start_response)
