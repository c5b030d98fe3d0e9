"""Where the debugger's PIN comes from, and who may use it. No part of the lesson."""

import getpass
import hashlib
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ._internal import Environ

if TYPE_CHECKING:
    from werkzeug.sansio.utils import host_is_trusted
else:
    # Not the pipeline's own: the debugger's care must not show in the trace.
    from flasktrace.framework._leaves.sansio.utils import host_is_trusted


def _first_lines(*paths: str) -> Iterator[bytes]:
    for path in paths:
        try:
            with open(path, "rb") as file:
                yield file.readline().strip()
        except OSError:
            continue


def _linux_id() -> bytes:
    # The machine's id stays, the boot's id is the next best. Containers share it: the control group's
    # name tells them apart.
    ids = _first_lines("/etc/machine-id", "/proc/sys/kernel/random/boot_id")
    machine = next(filter(None, ids), b"")
    group = next(_first_lines("/proc/self/cgroup"), b"")
    return machine + group.rpartition(b"/")[2]


def _mac_id() -> bytes | None:
    try:
        command = ["ioreg", "-c", "IOPlatformExpertDevice", "-d", "2"]
        listing = subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout
    except OSError:
        return None
    serial = re.search(b'"serial-number" = <([^>]+)', listing)
    return serial and serial[1]


def _windows_id() -> str | bytes | None:
    if sys.platform != "win32":
        return None
    import winreg

    rights = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography", 0, rights) as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    except OSError:
        return None


def machine_id() -> str | bytes | None:
    """Something that is the same on this machine tomorrow, and that others cannot guess."""
    return _linux_id() or _mac_id() or _windows_id()


def pin_and_cookie_name(app: Any, machine: str | bytes | None) -> tuple[str | None, str | None]:
    """The PIN for an application and the name of the cookie that remembers who entered it.

    The same after a restart, so that the browser need not ask again. ``WERKZEUG_DEBUG_PIN`` sets another PIN;
    ``off`` turns it off, and both results are None.
    """
    given = os.environ.get("WERKZEUG_DEBUG_PIN", "")
    if given == "off":
        return None, None
    digest = _digest_of(app, machine)
    digest.update(b"cookie name")
    cookie_name = "__wzd" + digest.hexdigest()[:20]
    digest.update(b"pin")
    if not given.replace("-", "").isdigit():
        given = f"{int(digest.hexdigest(), 16):09d}"[:9]
    return given if "-" in given else _grouped(given), cookie_name


def _digest_of(app: Any, machine: str | bytes | None) -> Any:
    module_name = getattr(app, "__module__", type(app).__module__)
    try:
        user: str | None = getpass.getuser()
    except (ImportError, KeyError, OSError):
        # In a container the user may have a number only.
        user = None
    public = [
        user,
        module_name,
        getattr(app, "__name__", type(app).__name__),
        getattr(sys.modules.get(module_name), "__file__", None),
    ]
    digest = hashlib.sha256()
    for bit in filter(None, [*public, str(uuid.getnode()), machine]):
        digest.update(bit.encode() if isinstance(bit, str) else bit)
    return digest


def _grouped(digits: str) -> str:
    """Digits in groups of equal size, if there is one that fits."""
    size = next((size for size in (5, 4, 3) if len(digits) % size == 0), len(digits))
    return "-".join(digits[start : start + size] for start in range(0, len(digits), size))


def hashed(pin: str | bytes) -> str:
    """What the cookie has in place of the PIN."""
    text = pin.decode("utf-8", "replace") if isinstance(pin, bytes) else pin
    return hashlib.sha256(f"debugger PIN {text}".encode("utf-8", "replace")).hexdigest()[:12]


def is_trusted_host(environ: Environ, trusted_hosts: list[str]) -> bool:
    """Tell whether the request came for one of these hosts.

    Without this check any web site could point a name of its own at 127.0.0.1 and talk to the debugger.
    """
    return host_is_trusted(environ.get("HTTP_HOST"), trusted_hosts)
