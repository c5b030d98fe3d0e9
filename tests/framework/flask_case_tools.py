"""What the cases share: making an application, and putting what happened into words."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Gives a module of the framework under test by its upstream name.
Load = Callable[[str], Any]

FILES = Path(__file__).resolve().parent / "data" / "flask_app"
# They change from run to run.
VOLATILE = ("Date", "Expires", "Last-Modified", "ETag", "Content-Disposition")


def make_app(load: Load, **options: Any) -> Any:
    """Make an application whose files are those of ``data/flask_app`` and that logs to nobody."""
    options.setdefault("root_path", str(FILES))
    app = load("flask").Flask("case", **options)
    app.secret_key = "key"
    app.logger.handlers[:] = [logging.NullHandler()]
    app.logger.propagate = False
    return app


def told(response: Any) -> str:
    """Say what a response is: status, headers that do not vary, body."""
    headers = {name: value for name, value in response.headers if name not in VOLATILE}
    if "Allow" in headers:
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    if "Set-Cookie" in headers:
        name, _, rest = headers["Set-Cookie"].partition("=")
        headers["Set-Cookie"] = f"{name}=...;{rest.partition(';')[2]}"
    body = response.get_data()
    response.close()
    return f"{response.status} {headers} {body!r}"


def outcome(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Say what a call gave, or which exception with which first line."""
    try:
        return repr(call(*args, **kwargs))
    except Exception as error:
        first_line = str(error).partition("\n")[0]
        return f"{type(error).__name__}: {first_line}"


def answer(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The same for a call that gives a response."""
    try:
        return told(call(*args, **kwargs))
    except Exception as error:
        return f"{type(error).__name__}: {str(error).partition('. ')[0].rstrip('.')}"
