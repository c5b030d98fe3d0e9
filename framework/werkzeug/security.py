"""Passwords as salted hashes, and paths that stay inside a folder.

``safe_join`` guards the pipeline's static files: ``flask.helpers`` and SharedDataMiddleware call it. The
rest is for an application's own use.
"""

import hashlib
import hmac
import os
import posixpath
import secrets
import string
from collections.abc import Callable
from functools import partial
from typing import Any

from ._text import to_bytes

SALT_CHARS = string.ascii_lowercase + string.ascii_uppercase + string.digits
DEFAULT_PBKDF2_ITERATIONS = 150000
_builtin_safe_str_cmp: Callable[[bytes, bytes], bool] | None = hmac.compare_digest
_os_alt_seps = [sep for sep in (os.path.sep, os.path.altsep) if sep not in (None, "/")]
#: Names that are devices in every folder of a Windows system, whatever their ending.
_DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
_DEVICES |= {f"{port}{number}" for port in ("COM", "LPT") for number in "123456789\xb9\xb2\xb3"}


def pbkdf2_hex(
    data: str | bytes,
    salt: str | bytes,
    iterations: int = DEFAULT_PBKDF2_ITERATIONS,
    keylen: int | None = None,
    hashfunc: str | Callable[[], Any] | None = None,
) -> str:
    """:func:`pbkdf2_bin` in hexadecimal."""
    return pbkdf2_bin(data, salt, iterations, keylen, hashfunc).hex()


def pbkdf2_bin(
    data: str | bytes,
    salt: str | bytes,
    iterations: int = DEFAULT_PBKDF2_ITERATIONS,
    keylen: int | None = None,
    hashfunc: str | Callable[[], Any] | None = None,
) -> bytes:
    """Derive a key of ``keylen`` bytes by PBKDF2, with SHA-256 unless another hash is given."""
    name = hashfunc().name if callable(hashfunc) else hashfunc or "sha256"
    return hashlib.pbkdf2_hmac(name, to_bytes(data) or b"", to_bytes(salt) or b"", iterations, keylen)


def safe_str_cmp(a: str | bytes, b: str | bytes) -> bool:
    """Compare in a time that does not tell where the two differ."""
    compare = _builtin_safe_str_cmp or hmac.compare_digest
    return compare(to_bytes(a) or b"", to_bytes(b) or b"")


def gen_salt(length: int) -> str:
    """Random letters and digits.

    Raises:
        ValueError: no length above zero.
    """
    if length <= 0:
        raise ValueError("Salt length must be positive")
    return "".join(secrets.choice(SALT_CHARS) for _ in range(length))


def _hash_internal(method: str, salt: str, password: str) -> tuple[str, str]:
    """The hash of a password and the method in full, with the iterations that were used."""
    if method == "plain":
        return password, method
    secret = password.encode()
    if method.startswith("pbkdf2:"):
        name, *given = method.removeprefix("pbkdf2:").split(":")
        if len(given) > 1:
            raise ValueError("Invalid number of arguments for PBKDF2")
        if not salt:
            raise ValueError("Salt is required for PBKDF2")
        iterations = int(given[0] or 0) if given else 0
        iterations = iterations or DEFAULT_PBKDF2_ITERATIONS
        return pbkdf2_hex(secret, salt, iterations, hashfunc=name), f"pbkdf2:{name}:{iterations}"
    if salt:
        return hmac.new(salt.encode(), secret, partial(hashlib.new, method)).hexdigest(), method
    return hashlib.new(method, secret).hexdigest(), method


def generate_password_hash(password: str, method: str = "pbkdf2:sha256", salt_length: int = 8) -> str:
    """Hash a password for storing, as ``method$salt$hash``.

    Args:
        method: ``pbkdf2:<hash>[:<iterations>]``, or the name of a hash, or ``plain``.
        salt_length: the number of random letters to mix in.
    """
    salt = "" if method == "plain" else gen_salt(salt_length)
    hashed, full_method = _hash_internal(method, salt, password)
    return f"{full_method}${salt}${hashed}"


def check_password_hash(pwhash: str, password: str) -> bool:
    """Tell whether a password is the one that was hashed."""
    parts = pwhash.split("$", 2)
    if len(parts) != 3:
        return False
    method, salt, hashed = parts
    return safe_str_cmp(_hash_internal(method, salt, password)[0], hashed)


def safe_join(directory: str, *pathnames: str) -> str | None:
    """Join paths from a URL to a folder, or give None if the result would lie outside of it."""
    parts = [directory or "."]
    for name in pathnames:
        name = posixpath.normpath(name) if name else name
        leaves = name == ".." or name.startswith(("/", "../")) or os.path.isabs(name)
        if leaves or any(sep in name for sep in _os_alt_seps):
            return None
        if os.name == "nt" and name.partition(".")[0].strip().upper() in _DEVICES:
            return None
        parts.append(name)
    return posixpath.join(*parts)
