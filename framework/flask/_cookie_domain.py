"""Which domain a session cookie gets when only ``SERVER_NAME`` is configured. Called by ``sessions``."""

import warnings
from typing import TYPE_CHECKING

from .helpers import is_ip

if TYPE_CHECKING:
    from .app import Flask
    from .sessions import SessionInterface


def domain_for_host(host: str, interface: "SessionInterface", app: "Flask") -> str | bool:
    """Give the cookie's domain for ``host``, or False when browsers would not take one."""
    if "." not in host:
        warnings.warn(
            f'"{host}" is not a valid cookie domain, it must contain a ".". Add an entry to your hosts'
            f' file, for example "{host}.localdomain", and use that instead.',
            stacklevel=3,
        )
        return False
    address = is_ip(host)
    if address:
        warnings.warn(
            "The session cookie domain is an IP address, which some browsers do not accept. Use a name"
            ' from your hosts file instead, for example "localhost.localdomain".',
            stacklevel=3,
        )
    # Only an application at the root of its host shares the cookie with its subdomains.
    return f".{host}" if interface.get_cookie_path(app) == "/" and not address else host
