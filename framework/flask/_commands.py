"""Texts, options and tables of the ``flask`` command. Called by ``cli``."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

_SET, _PROMPT = ("export", "$ ") if os.name == "posix" else ("set", "> ")

HELP = f"""\
A general utility script for Flask applications.

Provides commands from Flask, extensions, and the application. Loads the application defined in the
FLASK_APP environment variable, or from a wsgi.py file. Setting the FLASK_ENV environment variable to
'development' will enable debug mode.

\b
  {_PROMPT}{_SET} FLASK_APP=hello.py
  {_PROMPT}{_SET} FLASK_ENV=development
  {_PROMPT}flask run
"""

#: The options of ``flask run``: names and settings. "cert_type" and the like are filled in by cli.
RUN_OPTIONS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("--host", "-h"), {"default": "127.0.0.1", "help": "The interface to bind to."}),
    (("--port", "-p"), {"default": 5000, "help": "The port to bind to."}),
    (("--cert",), {"type": "cert_type", "help": "Specify a certificate file to use HTTPS."}),
    (
        ("--key",),
        {
            "type": click.Path(exists=True, dir_okay=False, resolve_path=True),
            "callback": "check_key",
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
            "type": "files_type",
            "help": f"Extra files that trigger a reload on change, separated by '{os.path.pathsep}'.",
        },
    ),
]


def add_options(
    options: list[tuple[tuple[str, ...], dict[str, Any]]], **named: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: give a command its options; the settings "type" and "callback" may name one of ``named``."""

    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        for names, settings in reversed(options):
            filled = {
                key: named.get(value, value) if key in ("type", "callback") else value
                for key, value in settings.items()
            }
            function = click.option(*names, **filled)(function)
        return function

    return decorator


def table_lines(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Give the lines of a table whose columns are as wide as their longest entry."""
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    dashes = ["-" * width for width in widths]
    for row in (headers, dashes, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
