"""Passes the requests below some paths on to other servers. For development."""

from collections.abc import Callable, Iterator, Mapping
from http import client
from typing import Any

from .._internal import Environ, StartResponse, WSGIApp
from ..datastructures import EnvironHeaders
from ..http import is_hop_by_hop_header
from ..urls import url_parse, url_quote
from ..wsgi import get_input_stream


class ProxyMiddleware:
    """Fetches from other servers what lies below certain prefixes.

    Args:
        targets: by prefix a dict with ``target`` (the URL, needed), ``remove_prefix`` (not to send the
            prefix along), ``host`` (``"<auto>"`` for the target's, None for the client's, or a name),
            ``headers`` (more to send) and ``ssl_context``.
        chunk_size: how much to pass on at a time, in bytes.
        timeout: for the other server, in seconds.
    """

    def __init__(
        self,
        app: WSGIApp,
        targets: Mapping[str, dict[str, Any]],
        chunk_size: int = 2 << 13,
        timeout: float = 10,
    ) -> None:
        def _set_defaults(opts: dict[str, Any]) -> dict[str, Any]:
            for name, value in (("remove_prefix", False), ("host", "<auto>"), ("headers", {})):
                opts.setdefault(name, value)
            opts.setdefault("ssl_context", None)
            return opts

        self.app, self.chunk_size, self.timeout = app, chunk_size, timeout
        self.targets = {f"/{prefix.strip('/')}/": _set_defaults(opts) for prefix, opts in targets.items()}

    def proxy_to(self, opts: dict[str, Any], path: str, prefix: str) -> WSGIApp:
        """An application that fetches ``path`` from the target."""
        target = url_parse(opts["target"])

        def application(environ: Environ, start_response: StartResponse) -> Any:
            remote_path = path
            if opts["remove_prefix"]:
                remote_path = f"{target.path.rstrip('/')}/{path.removeprefix(prefix).lstrip('/')}"
            remote_url = url_quote(remote_path)
            if query := environ["QUERY_STRING"]:
                remote_url += "?" + query
            try:
                connection = self._connect(target, opts)
                connection.putrequest(environ["REQUEST_METHOD"], remote_url, skip_host=True)
                is_chunked = _send_headers(connection, environ, target, opts)
                self._send_body(connection, environ, is_chunked)
                response = connection.getresponse()
            except OSError:
                from ..exceptions import BadGateway

                return BadGateway()(environ, start_response)
            found = [(name.title(), value) for name, value in response.getheaders()]
            headers = [(name, value) for name, value in found if not is_hop_by_hop_header(name)]
            start_response(f"{response.status} {response.reason}", headers)

            def read() -> Iterator[bytes]:
                try:
                    while data := response.read(self.chunk_size):
                        yield data
                except OSError:
                    # The headers are out already, so there is no way to tell the client.
                    return

            return read()

        return application

    def _connect(self, target: Any, opts: dict[str, Any]) -> client.HTTPConnection:
        if target.scheme not in ("http", "https"):
            raise RuntimeError(f"Target scheme must be 'http' or 'https', got '{target.scheme}'.")
        make: Callable[..., client.HTTPConnection] = client.HTTPConnection
        options: dict[str, Any] = {"timeout": self.timeout}
        if target.scheme == "https":
            make, options["context"] = client.HTTPSConnection, opts["ssl_context"]
        connection = make(target.ascii_host, target.port, **options)
        connection.connect()
        return connection

    def _send_body(self, connection: client.HTTPConnection, environ: Environ, is_chunked: bool) -> None:
        stream = get_input_stream(environ)
        while data := stream.read(self.chunk_size):
            connection.send(b"%x\r\n%s\r\n" % (len(data), data) if is_chunked else data)
        if is_chunked:
            connection.send(b"0\r\n\r\n")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        path = environ["PATH_INFO"]
        for prefix, opts in self.targets.items():
            if path.startswith(prefix):
                return self.proxy_to(opts, path, prefix)(environ, start_response)
        return self.app(environ, start_response)


def _send_headers(
    connection: client.HTTPConnection, environ: Environ, target: Any, opts: dict[str, Any]
) -> bool:
    """Send the client's headers with ours; tells whether the body is to be sent in chunks."""
    ours = {"connection", "content-length", "host"}
    headers = [
        (name, value)
        for name, value in EnvironHeaders(environ).items()
        if name.lower() not in ours and not is_hop_by_hop_header(name)
    ]
    host = {"<auto>": target.ascii_host, None: environ.get("HTTP_HOST")}.get(opts["host"], opts["host"])
    headers += [("Connection", "close"), ("Host", host), *opts["headers"].items()]
    length = environ.get("CONTENT_LENGTH")
    is_chunked = length == "" and bool(environ.get("wsgi.input_terminated"))
    if length:
        headers.append(("Content-Length", length))
    elif is_chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    for name, value in headers:
        connection.putheader(name, "close" if name.lower() == "connection" else value)
    connection.endheaders()
    return is_chunked
