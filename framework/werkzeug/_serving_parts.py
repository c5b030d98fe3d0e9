"""What serving needs besides its lesson: colours of log lines, headers, certificates, reserved sockets."""

import argparse
import atexit
import os
import re
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from ._internal import Environ, _log

#: How the log shows a request line, by the first pattern that the status matches.
_STYLES: list[tuple[str, dict[str, Any]]] = [
    ("1", {"bold": True}),
    ("2", {"fg": "white"}),
    ("304", {"fg": "cyan"}),
    ("3", {"fg": "green"}),
    ("404", {"fg": "yellow"}),
    ("4", {"fg": "red", "bold": True}),
    ("", {"fg": "magenta", "bold": True}),
]
#: A request line is the client's: nothing in it may steer the terminal that shows the log.
_CONTROL_CHARACTERS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}


def styled_request_line(line: str, code: str) -> str:
    """The request line as the log shows it, coloured by the status."""
    style = next(style for start, style in _STYLES if code.startswith(start))
    return click.style(line.translate(_CONTROL_CHARACTERS), **style)


def add_headers(environ: Environ, items: Iterable[tuple[str, str]]) -> None:
    """Put a request's headers into its environ; values of one that is sent twice are joined by a comma."""
    for name, value in items:
        key = name.upper().replace("-", "_")
        is_of_the_body = key in ("CONTENT_TYPE", "CONTENT_LENGTH")
        if "_" in name and (key in environ or not is_of_the_body):
            # "X_Real" and "X-Real" would be one key: a way to forge what a proxy vouches for.
            continue
        value = value.replace("\r\n", "")
        if not is_of_the_body:
            key = f"HTTP_{key}"
            value = f"{environ[key]},{value}" if key in environ else value
        environ[key] = value


def send_head(handler: Any, status: str, headers: list[tuple[str, str]]) -> None:
    """Send status line and headers, with those that the application left out."""
    code_text, _, reason = status.partition(" ")
    code = int(code_text)
    handler.send_response(code, reason.lstrip())
    for name, value in headers:
        handler.send_header(name, value)
    sent = {name.lower() for name, _ in headers}
    has_no_body = handler.environ["REQUEST_METHOD"] == "HEAD" or code < 200 or code in (204, 304)
    if "content-length" not in sent and not has_no_body:
        # Only the end of the connection tells where this body ends.
        handler.close_connection = True
        handler.send_header("Connection", "close")
    if "server" not in sent:
        handler.send_header("Server", handler.version_string())
    if "date" not in sent:
        handler.send_header("Date", handler.date_time_string())
    handler.end_headers()


def shown_address(sock: socket.socket, hostname: str, is_tls: bool) -> str:
    """Where a server says that it is running."""
    name = "localhost" if hostname in ("", "*") else hostname
    if sock.family == getattr(socket, "AF_UNIX", None):
        return name
    name = f"[{name}]" if ":" in name else name
    return f"{'https' if is_tls else 'http'}://{name}:{sock.getsockname()[1]}/"


def reserve_socket(
    family: int, address: Any, backlog: int, is_any_port: bool, by_fd: bool
) -> socket.socket | None:
    """Bind the server's socket ahead of the reloader's child process, so that errors show at once.

    Args:
        by_fd: keep it open for the child, which finds its number in ``WERKZEUG_SERVER_FD``. Else it is
            closed again, and the result is None.

    Raises:
        ValueError: it would be closed, and the child would find another free port.
    """
    if is_any_port and not by_fd:
        raise ValueError("Cannot bind to a random port with enabled reloader: sockets cannot be passed on.")
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(address)
    sock.set_inheritable(True)
    if by_fd:
        os.environ["WERKZEUG_SERVER_FD"] = str(sock.fileno())
        sock.listen(backlog)
        return sock
    sock.close()
    if family == getattr(socket, "AF_UNIX", None):
        _log("info", f"Unlinking {address}")
        os.unlink(address)
    return None


class LateSSLContext:
    """As much of ``ssl.SSLContext`` as the server uses, made when the first socket is wrapped."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._files: tuple[str, str, Any] | None = None

    def load_cert_chain(self, certfile: str, keyfile: str | None = None, password: Any = None) -> None:
        """Remember the files of the certificate and its key."""
        self._files = (certfile, keyfile or certfile, password)

    def wrap_socket(self, sock: socket.socket, **kwargs: Any) -> ssl.SSLSocket:
        """Put TLS around a socket."""
        context = ssl.SSLContext(self._protocol)
        if self._files:
            context.load_cert_chain(*self._files)
        return context.wrap_socket(sock, **kwargs)


def make_certificate(common_name: str | None) -> tuple[Any, Any]:
    """A self-signed certificate and its private key, good for a year and trusted by nobody.

    Raises:
        TypeError: the cryptography package is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.x509.oid import ExtendedKeyUsageOID
    except ImportError:
        raise TypeError("Using ad-hoc certificates requires the cryptography library.") from None
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    oid = x509.NameOID
    names = {oid.ORGANIZATION_NAME: "Dummy Certificate", oid.COMMON_NAME: common_name or "*"}
    subject = x509.Name([x509.NameAttribute(name, text) for name, text in names.items()])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=365))
    for extension in (
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        x509.SubjectAlternativeName([x509.DNSName(common_name or "*")]),
    ):
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()), key


def pem_of(certificate: Any, key: Any) -> tuple[bytes, bytes]:
    """A certificate and its key in the form that files hold them."""
    from cryptography.hazmat.primitives import serialization as form

    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption())
    return certificate.public_bytes(form.Encoding.PEM), private


def temporary_files(*contents: bytes) -> list[str]:
    """Files with these contents, that only this user can read and that go when the process ends."""
    paths = []
    for content in contents:
        handle, path = tempfile.mkstemp()
        atexit.register(os.remove, path)
        os.write(handle, content)
        os.close(handle)
        paths.append(path)
    return paths


def client_certificate(connection: Any, log: Callable[..., None]) -> str | None:
    """The certificate that a client has shown over TLS, as PEM, like nginx and Apache give it."""
    if not isinstance(connection, ssl.SSLSocket):
        return None
    try:
        certificate = connection.getpeercert(binary_form=True)
    except ValueError:
        log("error", "Cannot fetch SSL peer certificate info")
        return None
    return None if certificate is None else ssl.DER_cert_to_PEM_cert(certificate)


def split_address(address: str | None) -> tuple[str, int]:
    """Host and port of ``host:port``, with the usual ones for what is missing."""
    match = re.fullmatch(r"([^:]*)(?::(\d+))?.*", address or "")
    host, port = match.groups() if match else ("", None)
    return host or "127.0.0.1", int(port or 5000)


def parse_command_line() -> dict[str, Any]:
    """The arguments of ``python -m werkzeug.serving`` as those of ``run_simple``."""
    from .utils import import_string

    parser = argparse.ArgumentParser(usage="%(prog)s [options] app_module:app_object")
    parser.add_argument("application", nargs="*")
    parser.add_argument("-b", "--bind", metavar="HOST:PORT", help="Where the app should listen on.")
    parser.add_argument("-d", "--debug", action="store_true", help="Use Werkzeug's debugger.")
    parser.add_argument("-r", "--reload", action="store_true", help="Restart if modules change.")
    options = parser.parse_args()
    if len(options.application) != 1:
        sys.exit("No application supplied, or too much. See --help")
    hostname, port = split_address(options.bind)
    return {
        "hostname": hostname,
        "port": port,
        "application": import_string(options.application[0]),
        "use_reloader": options.reload,
        "use_debugger": options.debug,
    }
