"""The options of the ``flask`` command, and what values they take. Called by ``cli``."""

import importlib
import os
from collections.abc import Callable
from typing import Any

import click

from flasktrace.framework.werkzeug.utils import import_string


def optional(name: str) -> Any:
    """Import a module, or give None when it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


class CertParamType(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """The type of ``--cert``: a file, ``adhoc``, or the import name of an :class:`ssl.SSLContext`."""

    name = "path"

    def __init__(self) -> None:
        # A path is tried first.
        self.path_type = click.Path(exists=True, dir_okay=False, resolve_path=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Give the path, the word or the context."""
        import flasktrace.framework.flask.cli as cli

        if cli.ssl is None:
            raise click.BadParameter(
                'Using "--cert" requires Python to be compiled with SSL support.', ctx, param
            )
        try:
            return self.path_type(value, param, ctx)
        except click.BadParameter:
            text = click.STRING(value, param, ctx)
            if text.lower() == "adhoc":
                return self._adhoc(param, ctx)
            context = import_string(text, silent=True)
            if isinstance(context, cli.ssl.SSLContext):
                return context
            raise

    def _adhoc(self, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if optional("OpenSSL") is None:
            raise click.BadParameter("Using ad-hoc certificates requires pyOpenSSL.", ctx, param)
        return "adhoc"


def key_problem(cert: Any, is_context: bool, key: str | None) -> str | None:
    """Say what is wrong with ``--key`` beside this ``--cert``, if anything is."""
    is_adhoc = cert == "adhoc"
    if key is None:
        return 'Required when using "--cert".' if cert and not (is_adhoc or is_context) else None
    if is_adhoc or is_context:
        what = '"adhoc"' if is_adhoc else "an SSLContext object"
        return f'When "--cert" is {what}, "--key" is not used.'
    return None if cert else '"--cert" must also be specified.'


class SeparatedPathType(click.Path):
    """Several paths in one value, parted as in ``PATH``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Give the list of paths."""
        convert_one = super().convert
        return [convert_one(item, param, ctx) for item in self.split_envvar_value(value)]


#: What ``--version`` is like.
VERSION_SETTINGS: dict[str, Any] = {
    "help": "Show the flask version",
    "is_flag": True,
    "is_eager": True,
    "expose_value": False,
}

#: The options of ``flask run``: names and settings.
RUN_OPTIONS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("--host", "-h"), {"default": "127.0.0.1", "help": "The interface to bind to."}),
    (("--port", "-p"), {"default": 5000, "help": "The port to bind to."}),
    (("--cert",), {"type": CertParamType(), "help": "Specify a certificate file to use HTTPS."}),
    (
        ("--key",),
        {
            "type": click.Path(exists=True, dir_okay=False, resolve_path=True),
            "expose_value": False,
            "help": "The key file to use when specifying a certificate.",
        },
    ),
    (
        ("--reload/--no-reload",),
        {
            "default": None,
            "help": "Enable or disable the reloader. By default it is active if debug is enabled.",
        },
    ),
    (
        ("--debugger/--no-debugger",),
        {
            "default": None,
            "help": "Enable or disable the debugger. By default it is active if debug is enabled.",
        },
    ),
    (
        ("--eager-loading/--lazy-loader",),
        {
            "default": None,
            "help": "Enable or disable eager loading. By default it is enabled if the reloader is not.",
        },
    ),
    (
        ("--with-threads/--without-threads",),
        {"default": True, "help": "Enable or disable multithreading."},
    ),
    (
        ("--extra-files",),
        {
            "default": None,
            "type": SeparatedPathType(),
            "help": f"Extra files that trigger a reload on change, separated by '{os.path.pathsep}'.",
        },
    ),
]


#: The options of ``flask routes``.
ROUTES_OPTIONS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (
        ("--sort", "-s"),
        {
            "type": click.Choice(("endpoint", "methods", "rule", "match")),
            "default": "endpoint",
            "help": 'Method to sort routes by. "match" is the order in which Flask tries them.',
        },
    ),
    (("--all-methods",), {"is_flag": True, "help": "Show HEAD and OPTIONS methods."}),
]


def add_options(
    options: list[tuple[tuple[str, ...], dict[str, Any]]], **callbacks: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: give a command its options; ``key=function`` has the function check ``--key``."""

    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        for names, settings in reversed(options):
            callback = callbacks.get(names[0].lstrip("-"))
            function = click.option(*names, callback=callback, **settings)(function)
        return function

    return decorator
