"""Explanations for mistakes that are easy to make; asked for in debug mode only.

Place in the pipeline: beside it. ``Request._load_form_data``, ``raise_routing_exception``, the template
loader and ``Flask.run`` come here when something looks wrong.
"""

import os
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .app import Flask
from .blueprints import Blueprint
from .globals import _request_ctx_stack

if TYPE_CHECKING:
    from .wrappers import Request


class UnexpectedUnicodeError(AssertionError, UnicodeError):
    """Binary data was found where text was expected."""


class DebugFilesKeyError(KeyError, AssertionError):
    """``request.files["x"]`` although the form was not sent as multipart/form-data."""

    def __init__(self, request: "Request", key: str) -> None:
        sent_names = request.form.getlist(key)
        self.msg = (
            f'You tried to access the file "{key}" in the request.files dictionary but it does not exist.'
            f' The mimetype for the request is "{request.mimetype}" instead of "multipart/form-data", so no'
            ' file contents were transmitted. Give the form enctype="multipart/form-data".'
        )
        if sent_names:
            quoted = ", ".join(f'"{name}"' for name in sent_names)
            self.msg += "\n\nThe browser instead transmitted some file names. This was submitted: " + quoted

    def __str__(self) -> str:
        return self.msg


class FormDataRoutingRedirect(AssertionError):
    """A form was sent to a URL that redirects; browsers would drop the form's data on the way."""

    def __init__(self, request: "Request") -> None:
        target: str = request.routing_exception.new_url  # type: ignore[union-attr]
        parts = [
            f"A request was sent to this URL ({request.url}) but a redirect was issued automatically by"
            f' the routing system to "{target}".'
        ]
        if target.partition("?")[0] == f"{request.base_url}/":
            parts.append(
                "The URL was defined with a trailing slash, so requests without one are redirected to it."
            )
        parts.append(
            f"Make sure to directly send your {request.method}-request to this URL, as form data does not"
            " reliably survive a redirect.\n\nNote: this exception is only raised in debug mode"
        )
        super().__init__("  ".join(parts).encode("utf-8"))


def attach_enctype_error_multidict(request: "Request") -> None:
    """Make ``request.files[key]`` explain itself when ``key`` came as a plain form field."""
    plain_class: Any = type(request.files)

    class newcls(plain_class):  # type: ignore[misc]
        def __getitem__(self, key: str) -> Any:
            try:
                return plain_class.__getitem__(self, key)
            except KeyError:
                if key in request.form:
                    raise DebugFilesKeyError(request, key) from None
                raise

    newcls.__name__, newcls.__module__ = plain_class.__name__, plain_class.__module__
    request.files.__class__ = newcls


def _dump_loader_info(loader: Any) -> Iterator[str]:
    yield f"class: {type(loader).__module__}.{type(loader).__name__}"
    for name, value in sorted(vars(loader).items()):
        if name.startswith("_"):
            continue
        if isinstance(value, tuple | list):
            if all(isinstance(item, str) for item in value):
                yield f"{name}:"
                yield from (f"  - {item}" for item in value)
        elif isinstance(value, str | int | float):
            yield f"{name}: {value!r}"


def _describe_owner(owner: Any) -> str:
    if isinstance(owner, Flask):
        return f'application "{owner.import_name}"'
    if isinstance(owner, Blueprint):
        return f'blueprint "{owner.name}" ({owner.import_name})'
    return repr(owner)


def explain_template_loading_attempts(app: Flask, template: str, attempts: list[Any]) -> None:
    """Log where a template was looked for (``EXPLAIN_TEMPLATE_LOADING``).

    Args:
        app: whose logger to use.
        template: the template's name.
        attempts: (loader, its application or blueprint, what it found or None), in order.
    """
    lines = [f'Locating template "{template}":']
    for number, (loader, owner, found) in enumerate(attempts, 1):
        lines.append(f"{number:5d}: trying loader of {_describe_owner(owner)}")
        lines += [f"       {detail}" for detail in _dump_loader_info(loader)]
        result = "no match" if found is None else f"found ({found[1] or '<string>'!r})"
        lines.append(f"       -> {result}")

    found_count = sum(found is not None for _, _, found in attempts)
    if found_count == 0:
        lines.append("Error: the template could not be found.")
    elif found_count > 1:
        lines.append("Warning: multiple loaders returned a match for the template.")
    top = _request_ctx_stack.top
    blueprint = None if top is None else top.request.blueprint
    if blueprint is not None and found_count != 1:
        lines += [
            f'  The template was looked up from an endpoint that belongs to the blueprint "{blueprint}".',
            "  Maybe you did not place a template in the right folder?",
            "  See http://flask.pocoo.org/docs/blueprints/#templates",
        ]
    app.logger.info("\n".join(lines))


def explain_ignored_app_run() -> None:
    """Warn that ``app.run()`` does nothing, as the ``flask`` command runs the application already."""
    if os.environ.get("WERKZEUG_RUN_MAIN") != "true":
        warnings.warn(
            Warning(
                "Silently ignoring app.run() because the application is run from the flask command line"
                ' executable. Put app.run() behind an if __name__ == "__main__" guard to avoid this.'
            ),
            stacklevel=3,
        )
