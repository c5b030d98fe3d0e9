"""The development server: takes connections, makes a WSGI environ of each request, calls the application.

First station of the pipeline. ``Flask.run`` calls :func:`run_simple`, which makes a server and lets it serve.
From there on the standard library drives: ``socketserver`` accepts a connection and makes a
:class:`WSGIRequestHandler` for it, ``http.server`` reads the request, and :meth:`WSGIRequestHandler.run_wsgi`
calls the application, whose answer it writes to the socket.
"""

import io
import os
import signal
import socket
import socketserver
import ssl
import sys
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from ._internal import Environ, WSGIApp, _log
from ._serving_parts import LateSSLContext as _SSLContext
from ._serving_parts import (
    add_headers,
    client_certificate,
    make_certificate,
    parse_command_line,
    pem_of,
    reserve_socket,
    send_head,
    shown_address,
    styled_request_line,
    temporary_files,
)
from ._text import text_to_wsgi
from .exceptions import InternalServerError
from .urls import uri_to_iri, url_parse, url_unquote

ThreadingMixIn = socketserver.ThreadingMixIn
can_fork = hasattr(os, "fork")
#: Windows cannot fork; the name is there all the same, so that the class below can be defined.
ForkingMixIn: Any = socketserver.ForkingMixIn if can_fork else object
af_unix = getattr(socket, "AF_UNIX", None)
#: How many connections may wait to be accepted.
LISTEN_QUEUE = 128
can_open_by_fd = not sys.platform.startswith("win") and hasattr(socket, "fromfd")


class DechunkedInput(io.RawIOBase):
    """A body that was sent in chunks (``Transfer-Encoding: chunked``), read as one stream."""

    def __init__(self, rfile: Any) -> None:
        self._rfile = rfile
        #: Bytes that are left in the current chunk.
        self._len = 0
        self._done = False

    def read_chunk_len(self) -> int:
        """Read the line before a chunk, which has its length in hexadecimal."""
        try:
            length = int(self._rfile.readline().decode("latin1").strip(), 16)
        except ValueError:
            raise OSError("Invalid chunk header") from None
        if length < 0:
            raise OSError("Negative chunk length not allowed")
        return length

    def readinto(self, buf: Any) -> int:
        """Fill ``buf`` from as many chunks as it takes; the number of bytes read, 0 at the end."""
        filled = 0
        while filled < len(buf) and not self._done:
            if not self._len:
                self._len = self.read_chunk_len()
                # An empty chunk is the last one.
                self._done = not self._len
            piece = self._rfile.read(min(self._len, len(buf) - filled)) if self._len else b""
            if self._len and not piece:
                raise OSError("The body ends within a chunk")
            buf[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._len -= len(piece)
            if not self._len and self._rfile.readline() not in (b"\r\n", b"\n", b"\r"):
                raise OSError("Missing chunk terminating newline")
        return filled

    def readable(self) -> bool:
        """A stream to read from."""
        return True


class WSGIRequestHandler(BaseHTTPRequestHandler):
    """Handles one connection: reads its requests and answers each by calling the application.

    ``socketserver`` makes one for every connection, and all the work happens inside its ``__init__``:
    ``setup``, ``handle``, ``finish``.
    """

    server: "BaseWSGIServer"

    @property
    def server_version(self) -> str:  # type: ignore[override]
        """The server's name and version for the Server header."""
        from . import __version__

        return "Werkzeug/" + __version__

    # Reading path, step 6. Next: WSGIRequestHandler.run_wsgi.execute, werkzeug/serving.py.
    def make_environ(self) -> Environ:
        """The request as a WSGI environ: all that the application will know of it."""
        url = url_parse(self.path)

        def shutdown_server() -> None:
            self.server.shutdown_signal = True

        # Unix sockets have no client address.
        if not self.client_address:
            self.client_address = "<local>"
        if isinstance(self.client_address, str):
            self.client_address = (self.client_address, 0)

        # "//a/b" without a scheme is a path; only its look is that of a host.
        is_path_only = not url.scheme and url.netloc
        path_info = url_unquote(f"/{url.netloc}{url.path}" if is_path_only else url.path)
        target = text_to_wsgi(self.path)
        environ: Environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": text_to_wsgi(path_info),
            "QUERY_STRING": text_to_wsgi(url.query),
            # Two names for the target as it was sent, after mod_wsgi's and gunicorn's example.
            "REQUEST_URI": target,
            "RAW_URI": target,
            "SERVER_PROTOCOL": self.request_version,
            "SERVER_SOFTWARE": self.server_version,
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.server_address[1]),
            "REMOTE_ADDR": self.address_string(),
            "REMOTE_PORT": self.port_integer(),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http" if self.server.ssl_context is None else "https",
            "wsgi.input": self.rfile,
            "wsgi.errors": sys.stderr,
            "wsgi.run_once": False,
            "wsgi.multithread": self.server.multithread,
            "wsgi.multiprocess": self.server.multiprocess,
            "werkzeug.server.shutdown": shutdown_server,
        }
        add_headers(environ, self.get_header_items())
        if environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower() == "chunked":
            environ |= {"wsgi.input_terminated": True, "wsgi.input": DechunkedInput(self.rfile)}
        if url.scheme and url.netloc:
            # A proxy's request line has the whole URL, and its host goes before the Host header.
            environ["HTTP_HOST"] = url.netloc
        certificate = client_certificate(self.connection, self.server.log)
        if certificate is not None:
            environ["SSL_CLIENT_CERT"] = certificate
        return environ

    # Reading path, step 5. Next: WSGIRequestHandler.make_environ, werkzeug/serving.py.
    def run_wsgi(self) -> None:
        """Call the application and send what it answers.

        Status and headers are only remembered by ``start_response``; they go out with the first piece of
        the body, so that until then an error can still become a clean error page.
        """
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

        self.environ = environ = self.make_environ()
        headers_set: list[Any] = []
        headers_sent: list[Any] = []

        # Reading path, step 32. Next: BaseResponse.close, werkzeug/wrappers/base_response.py.
        def write(data: bytes) -> None:
            assert headers_set, "write() before start_response"
            if not headers_sent:
                headers_sent[:] = headers_set
                send_head(self, *headers_sent)
            assert isinstance(data, bytes), "applications must write bytes"
            if data:
                self.wfile.write(data)
            self.wfile.flush()

        # Reading path, step 28. Next: RequestContext.auto_pop, flask/ctx.py.
        def start_response(status: str, response_headers: Any, exc_info: Any = None) -> Callable[..., None]:
            if exc_info is not None and headers_sent:
                # Too late for an error page. The traceback goes with the exception.
                raise exc_info[1].with_traceback(exc_info[2])
            if exc_info is None and headers_set:
                raise AssertionError("Headers already set")
            headers_set[:] = [status, response_headers]
            return write

        # Reading path, step 7. Next: Flask.__call__, flask/app.py.
        def execute(app: WSGIApp) -> None:
            body = app(environ, start_response)
            try:
                for data in body:
                    write(data)
                if not headers_sent:
                    # A response without a body has headers all the same.
                    write(b"")
            finally:
                if hasattr(body, "close"):
                    body.close()

        try:
            execute(self.server.app)
        except (ConnectionError, TimeoutError) as error:
            self.connection_dropped(error, environ)
        except Exception:
            if self.server.passthrough_errors:
                raise
            from .debug.tbtools import get_current_traceback

            traceback = get_current_traceback(ignore_system_exceptions=True)
            try:
                # Forget a response that has not begun, so that the error page can take its place.
                headers_set[:] = headers_sent
                execute(InternalServerError())
            except Exception:
                # The headers are out, or the client is gone: the log is all that is left.
                pass
            self.server.log("error", "Error on request:\n%s", traceback.plaintext)

    # Reading path, step 3. Next: WSGIRequestHandler.handle_one_request, werkzeug/serving.py.
    def handle(self) -> None:
        """Handle all requests of the connection; a client that goes away is no error."""
        try:
            BaseHTTPRequestHandler.handle(self)
        except (ConnectionError, TimeoutError) as error:
            self.connection_dropped(error)
        except Exception as error:
            if self.server.ssl_context is None or not is_ssl_error(error):
                raise
        if self.server.shutdown_signal:
            self.initiate_shutdown()

    def initiate_shutdown(self) -> None:
        """Make the server stop: with the reloader by killing this process, else by ending its loop."""
        if is_running_from_reloader():
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        # shutdown() would wait for the loop to end, and the loop may be waiting for us.
        self.server._BaseServer__shutdown_request = True  # type: ignore[attr-defined]

    def connection_dropped(self, error: BaseException, environ: Environ | None = None) -> None:
        """Called when the client has gone; does nothing, for subclasses to override."""

    # Reading path, step 4. Next: WSGIRequestHandler.run_wsgi, werkzeug/serving.py.
    def handle_one_request(self) -> None:
        """Read a request and run the application on it, whatever its method."""
        self.raw_requestline = self.rfile.readline()
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            self.run_wsgi()

    def send_response(self, code: int, message: str | None = None) -> None:
        """Log the request and send the status line."""
        self.log_request(code)
        if message is None:
            message = self.responses[code][0] if code in self.responses else ""
        if self.request_version != "HTTP/0.9":
            self.wfile.write(f"{self.protocol_version} {code} {message}\r\n".encode("ascii"))

    def version_string(self) -> str:
        """The value of the Server header."""
        return BaseHTTPRequestHandler.version_string(self).strip()

    def address_string(self) -> str:
        """The client's address."""
        if getattr(self, "environ", None):
            return str(self.environ["REMOTE_ADDR"])
        if not self.client_address:
            return "<local>"
        return self.client_address if isinstance(self.client_address, str) else self.client_address[0]

    def port_integer(self) -> int:
        """The client's port."""
        return self.client_address[1]

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Log the request line with the status, coloured by its kind."""
        try:
            line = f"{self.command} {uri_to_iri(self.path)} {self.request_version}"
        except AttributeError:
            # The request line made no sense, so there is no path.
            line = self.requestline
        self.log("info", '"%s" %s %s', styled_request_line(line, str(code)), str(code), size)

    def log_error(self, *args: Any) -> None:
        """Log something that went wrong."""
        self.log("error", *args)

    def log_message(self, format: str, *args: Any) -> None:
        """Log what http.server has to say."""
        self.log("info", format, *args)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log a line in the style of Apache: client, time, message."""
        _log(type, f"{self.address_string()} - - [{self.log_date_time_string()}] {message % args}\n")

    def get_header_items(self) -> Iterable[tuple[str, str]]:
        """The request's headers, in the order they were sent."""
        return self.headers.items()


#: The name that old subclasses know it by.
BaseRequestHandler = WSGIRequestHandler


def generate_adhoc_ssl_pair(cn: str | None = None) -> tuple[Any, Any]:
    """A certificate and its key for development; ``cn`` is the host's name."""
    return make_certificate(cn)


def make_ssl_devcert(base_path: str, host: str | None = None, cn: str | None = None) -> tuple[str, str]:
    """Write a certificate for development and its key to ``base_path`` with ``.crt`` and ``.key``."""
    if host is not None:
        cn = f"*.{host}/CN={host}"
    certificate_file, key_file = base_path + ".crt", base_path + ".key"
    certificate_pem, key_pem = pem_of(*generate_adhoc_ssl_pair(cn=cn))
    with open(certificate_file, "wb") as certificate_out, open(key_file, "wb") as key_out:
        certificate_out.write(certificate_pem)
        key_out.write(key_pem)
    return certificate_file, key_file


def generate_adhoc_ssl_context() -> "_SSLContext":
    """A TLS context with a certificate that lives as long as the process."""
    return load_ssl_context(*temporary_files(*pem_of(*generate_adhoc_ssl_pair())))


def load_ssl_context(cert_file: str, pkey_file: str | None = None, protocol: Any = None) -> "_SSLContext":
    """A TLS context of a certificate's file and its key's; the key may stand in the same file."""
    context = _SSLContext(ssl.PROTOCOL_TLS_SERVER if protocol is None else protocol)
    context.load_cert_chain(cert_file, pkey_file)
    return context


def is_ssl_error(error: BaseException | None = None) -> bool:
    """Tell whether an error, by default the one being handled, comes from TLS."""
    return isinstance(sys.exc_info()[1] if error is None else error, ssl.SSLError)


def select_address_family(host: str, port: int) -> socket.AddressFamily:
    """The kind of socket for a host: ``unix://`` and a path, an IPv6 address, or anything else."""
    if host.startswith("unix://"):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in host and hasattr(socket, "AF_INET6") else socket.AF_INET


def get_sockaddr(host: str, port: int, family: int) -> Any:
    """The address to bind: a path for unix sockets, else what the host resolves to."""
    if family == af_unix:
        return host.partition("://")[2]
    try:
        return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, socket.IPPROTO_TCP)[0][4]
    except socket.gaierror:
        return host, port


class BaseWSGIServer(HTTPServer):
    """Takes one connection after the other, in one thread.

    Most of its methods come from its parents: ``HTTPServer``, ``TCPServer`` and ``BaseServer``.
    """

    multithread = False
    multiprocess = False
    request_queue_size = LISTEN_QUEUE

    def __init__(
        self,
        host: str, port: int, app: WSGIApp, handler: Any = None,
        passthrough_errors: bool = False, ssl_context: Any = None, fd: int | None = None,
    ) -> None:  # fmt: skip
        self.address_family = select_address_family(host, port)
        inherited = None
        if fd is not None:
            # The reloader's parent has bound the socket. Ours is replaced below, so any port will do for it.
            inherited, port = socket.fromfd(fd, self.address_family, socket.SOCK_STREAM), 0
        server_address = get_sockaddr(host, int(port), self.address_family)
        if self.address_family == af_unix and os.path.exists(server_address):
            # What a server that was killed left behind.
            os.unlink(server_address)
        HTTPServer.__init__(self, server_address, WSGIRequestHandler if handler is None else handler)

        self.app, self.passthrough_errors = app, passthrough_errors
        self.shutdown_signal = False
        self.host, self.port = host, self.socket.getsockname()[1]
        if inherited is not None:
            self.socket.close()
            self.socket = inherited
            self.server_address = inherited.getsockname()
        if isinstance(ssl_context, tuple):
            ssl_context = load_ssl_context(*ssl_context)
        elif ssl_context == "adhoc":
            ssl_context = generate_adhoc_ssl_context()
        self.ssl_context = ssl_context
        if ssl_context is not None:
            self.socket = ssl_context.wrap_socket(self.socket, server_side=True)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log a message of the server itself."""
        _log(type, message, *args)

    # Reading path, step 1. Next: BaseWSGIServer.get_request, werkzeug/serving.py.
    def serve_forever(self) -> None:  # type: ignore[override]
        """Serve until Ctrl-C or a shutdown, then close the socket."""
        try:
            self.shutdown_signal = False
            HTTPServer.serve_forever(self)
        except KeyboardInterrupt:
            return
        finally:
            self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Called when a handler raised; a dropped connection is not worth a word."""
        error = sys.exc_info()[1]
        if self.passthrough_errors and error is not None:
            raise error
        if not isinstance(error, ConnectionError):
            HTTPServer.handle_error(self, request, client_address)

    # Reading path, step 2. Next: WSGIRequestHandler.handle, werkzeug/serving.py.
    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        return self.socket.accept()


class ThreadedWSGIServer(ThreadingMixIn, BaseWSGIServer):
    """Handles each connection in a thread of its own: ``process_request`` is the mix-in's."""

    daemon_threads = True
    multithread = True


class ForkingWSGIServer(ForkingMixIn, BaseWSGIServer):  # type: ignore[misc]
    """Handles each connection in a child process, of up to ``processes`` at a time."""

    multiprocess = True

    def __init__(
        self,
        host: str, port: int, app: WSGIApp, processes: int = 40, handler: Any = None,
        passthrough_errors: bool = False, ssl_context: Any = None, fd: int | None = None,
    ) -> None:  # fmt: skip
        if not can_fork:
            raise ValueError("This system cannot fork: serve with threads instead.")
        super().__init__(host, port, app, handler, passthrough_errors, ssl_context, fd)
        self.max_children = processes


def make_server(
    host: Any = None, port: Any = None, app: Any = None, threaded: bool = False, processes: int = 1,
    request_handler: Any = None, passthrough_errors: bool = False, ssl_context: Any = None,
    fd: int | None = None,
) -> BaseWSGIServer:  # fmt: skip
    """A server that is bound to its address: with threads, with processes, or with neither.

    Raises:
        ValueError: both at once.
    """
    if threaded and processes > 1:
        raise ValueError("cannot have a multithreaded and multi process server.")
    rest = (request_handler, passthrough_errors, ssl_context, fd)
    if threaded:
        return ThreadedWSGIServer(host, port, app, *rest)
    if processes > 1:
        return ForkingWSGIServer(host, port, app, processes, *rest)
    return BaseWSGIServer(host, port, app, *rest)


def is_running_from_reloader() -> bool:
    """Tell whether this is the reloader's child process, the one that serves."""
    return os.environ.get("WERKZEUG_RUN_MAIN") == "true"


def run_simple(
    hostname: str, port: int, application: WSGIApp, use_reloader: bool = False, use_debugger: bool = False,
    use_evalex: bool = True, extra_files: Iterable[str] | None = None, reloader_interval: float = 1,
    reloader_type: str = "auto", threaded: bool = False, processes: int = 1, request_handler: Any = None,
    static_files: Any = None, passthrough_errors: bool = False, ssl_context: Any = None,
) -> None:  # fmt: skip
    """Serve an application until Ctrl-C.

    Args:
        hostname: an address or a name, or ``unix://`` and a path.
        port: 0 for any free one.
        use_reloader: start again when a module (or one of ``extra_files``) changes.
        use_debugger: show the interactive debugger in the browser when the application fails;
            ``use_evalex`` lets it run code.
        reloader_interval: seconds between two looks at the files.
        reloader_type: ``stat``, ``watchdog``, or ``auto`` for the better one that is installed.
        threaded: a thread for each connection; or else up to so many ``processes``.
        request_handler: a class in place of :class:`WSGIRequestHandler`.
        static_files: paths to serve from folders, as for SharedDataMiddleware.
        passthrough_errors: let the application's errors end the server, for a debugger to catch.
        ssl_context: an ``ssl.SSLContext``, the two files of certificate and key, or ``"adhoc"``.

    Raises:
        TypeError: the port is no integer.
    """
    if not isinstance(port, int):
        raise TypeError("port must be an integer")
    if use_debugger:
        from .debug import DebuggedApplication

        application = DebuggedApplication(application, evalex=use_evalex)
    if static_files:
        from .middleware.shared_data import SharedDataMiddleware

        application = SharedDataMiddleware(application, static_files)

    def log_startup(sock: socket.socket) -> None:
        name = shown_address(sock, hostname, ssl_context is not None)
        _log("info", " * Running on %s %s", name, "(Press CTRL+C to quit)")

    def inner() -> None:
        fd_text = os.environ.get("WERKZEUG_SERVER_FD", "")
        fd = int(fd_text) if fd_text.isdecimal() else None
        srv = make_server(
            hostname, port, application, threaded, processes,
            request_handler, passthrough_errors, ssl_context, fd=fd,
        )  # fmt: skip
        if fd is None:
            log_startup(srv.socket)
        srv.serve_forever()

    if not use_reloader:
        inner()
        return
    # With the reloader this process only watches over a child, which runs the same program up to here.
    if not is_running_from_reloader():
        family = select_address_family(hostname, port)
        address = get_sockaddr(hostname, port, family)
        if sock := reserve_socket(family, address, LISTEN_QUEUE, port == 0, can_open_by_fd):
            log_startup(sock)
    from ._reloader import run_with_reloader as supervise

    supervise(inner, extra_files, reloader_interval, reloader_type)


def run_with_reloader(*args: Any, **kwargs: Any) -> Any:
    """Kept for those who import it from here; see ``werkzeug._reloader``."""
    from ._reloader import run_with_reloader as supervise

    return supervise(*args, **kwargs)


def main() -> None:
    """The command line ``python -m werkzeug.serving app_module:app_object``."""
    run_simple(**parse_command_line())


if __name__ == "__main__":
    main()
