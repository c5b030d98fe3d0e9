"""Tables and small decisions of setting an application up. Called by ``app``."""

import warnings
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

TOO_LATE = (
    "A setup function was called after the first request was handled. This usually indicates a bug in the"
    " application where a module was not imported and decorators or other functionality was called too late."
    "\nImport all modules with views, models and hooks before the application starts serving requests."
)

_NOTHING_SET = (
    "ENV", "DEBUG", "PROPAGATE_EXCEPTIONS", "PRESERVE_CONTEXT_ON_EXCEPTION", "SECRET_KEY", "SERVER_NAME",
    "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "SESSION_COOKIE_SAMESITE", "MAX_CONTENT_LENGTH",
    "TRAP_BAD_REQUEST_ERRORS", "TEMPLATES_AUTO_RELOAD",
)  # fmt: skip
_OFF = (
    "TESTING", "USE_X_SENDFILE", "SESSION_COOKIE_SECURE", "TRAP_HTTP_EXCEPTIONS",
    "EXPLAIN_TEMPLATE_LOADING", "JSONIFY_PRETTYPRINT_REGULAR",
)  # fmt: skip
_ON = ("SESSION_COOKIE_HTTPONLY", "SESSION_REFRESH_EACH_REQUEST", "JSON_AS_ASCII", "JSON_SORT_KEYS")

#: The settings that every application begins with.
DEFAULT_SETTINGS: dict[str, Any] = {
    **dict.fromkeys(_NOTHING_SET),
    **dict.fromkeys(_OFF, False),
    **dict.fromkeys(_ON, True),
    "APPLICATION_ROOT": "/",
    "PREFERRED_URL_SCHEME": "http",
    "SESSION_COOKIE_NAME": "session",
    "PERMANENT_SESSION_LIFETIME": timedelta(days=31),
    "SEND_FILE_MAX_AGE_DEFAULT": timedelta(hours=12),
    "JSONIFY_MIMETYPE": "application/json",
    # What browsers hold, in bytes.
    "MAX_COOKIE_SIZE": 4093,
}


def complete_methods(
    methods: Iterable[str] | None, view_func: Callable[..., Any] | None, automatic: bool | None
) -> tuple[set[str], bool]:
    """Give the methods of a rule, and whether Flask answers OPTIONS for it.

    Args:
        methods: as given with the rule, else the view function's ``methods``, else GET.
        view_func: it may also have ``required_methods`` and ``provide_automatic_options``.
        automatic: as given with the rule.

    Raises:
        TypeError: ``methods`` is a string, whose letters would be taken for methods.
    """
    if methods is None:
        methods = getattr(view_func, "methods", None) or ("GET",)
    if isinstance(methods, str):
        raise TypeError(
            'Allowed methods have to be iterables of strings, for example: @app.route(..., methods=["POST"])'
        )
    wanted = {name.upper() for name in methods}
    required = set(getattr(view_func, "required_methods", ()))
    if automatic is None:
        automatic = getattr(view_func, "provide_automatic_options", None)
    if automatic is None:
        automatic = "OPTIONS" not in wanted
        required |= {"OPTIONS"} if automatic else set()
    return wanted | required, automatic


def server_address(host: str | None, port: Any, server_name: str | None) -> tuple[str, int]:
    """Give host and port to listen on: as given, else those of ``SERVER_NAME``, else the usual ones."""
    named_host, _, named_port = (server_name or "").partition(":")
    if port is None:
        port = named_port if ":" in (server_name or "") else 5000
    return host or named_host or "127.0.0.1", int(port)


def warn_moved(name: str) -> None:
    """Warn that a method of the application is one of its session interface now."""
    warnings.warn(
        f'"{name}" is deprecated and will be removed in 2.0. Use "session_interface.{name}" instead.',
        DeprecationWarning,
        stacklevel=3,
    )


def add_hook(table: Any, name: str | None, hook: Any) -> None:
    """Append a hook to those of a blueprint, or of the application when ``name`` is None."""
    table.setdefault(name, []).append(hook)
