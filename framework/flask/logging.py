"""The application's logger, and where it writes when nobody configured logging.

Place in the pipeline: ``Flask.logger`` calls :func:`create_logger` the first time it is used, which is
usually when ``log_exception`` reports a view that raised.
"""

import logging
import sys
import warnings
from typing import TYPE_CHECKING, Any

from flasktrace.framework.werkzeug.local import LocalProxy

from .globals import request

if TYPE_CHECKING:
    from .app import Flask


@LocalProxy
def wsgi_errors_stream() -> Any:
    """The error stream of the request being handled, as its WSGI server gave it, else ``sys.stderr``."""
    if request:
        return request.environ["wsgi.errors"]
    return sys.stderr


def has_level_handler(logger: logging.Logger) -> bool:
    """Tell whether some handler would show what ``logger`` lets through."""
    threshold = logger.getEffectiveLevel()
    looked_at: logging.Logger | None = logger
    while looked_at:
        if any(handler.level <= threshold for handler in looked_at.handlers):
            return True
        looked_at = looked_at.parent if looked_at.propagate else None
    return False


#: Writes to :data:`wsgi_errors_stream`.
default_handler = logging.StreamHandler(wsgi_errors_stream)
default_handler.setFormatter(logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s"))


def _has_config(logger: logging.Logger) -> bool:
    is_fresh = logger.level == logging.NOTSET and logger.propagate
    return not is_fresh or bool(logger.handlers or logger.filters)


def create_logger(app: "Flask") -> logging.Logger:
    """Give the logger named like the application, with a handler if nothing else would show its records."""
    logger = logging.getLogger(app.name)
    # Before 1.1 the logger had one of these names; configuration for them would silently do nothing.
    for former_name in ("flask.app", "flask"):
        if _has_config(logging.getLogger(former_name)) and not _has_config(logger):
            warnings.warn(
                f"'app.logger' is named '{app.name}' for this application, but configuration was found for"
                f" '{former_name}', which no longer has an effect. Configure '{app.name}' instead.",
                stacklevel=2,
            )
            break
    if app.debug and logger.level == logging.NOTSET:
        logger.setLevel(logging.DEBUG)
    if not has_level_handler(logger):
        logger.addHandler(default_handler)
    return logger
