"""Makes the reference of the commands and of the Python API from their own help and docstrings.

    python docs/make_reference.py [FILE]

writes ``docs/en/reference.md``; ``tests/test_reference.py`` tells when it must be made anew.
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

import flasktrace
from flasktrace.cli import COMMANDS, cli

REFERENCE = Path(__file__).parent / "en" / "reference.md"
WIDTH = 100


def main() -> None:
    """Write the reference into the file named, else into the documentation."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCE
    path.write_text(reference(), encoding="utf-8", newline="\n")


def reference() -> str:
    """The text."""
    return "\n".join(
        (
            "# Reference",
            "",
            "Made from the program's own help and docstrings by `python docs/make_reference.py`.",
            "",
            "## Commands",
            "",
            *commands(),
            "## Python",
            "",
            *python_api(),
            "## Files",
            "",
            "A trace is an SQLite database, `trace.flasktrace`; `flasktrace export` turns it into the JSON of"
            " `schemas/trace.schema.json`, whose times are nanoseconds from the first event."
            " Both are read back by `flasktrace show`.",
            "",
        )
    )


def commands() -> Iterator[str]:
    """Each command with its help."""
    context = click.Context(cli, info_name="flasktrace", **cli.context_settings)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield from _command(command, click.Context(command, info_name=name, parent=context))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    context.terminal_width = context.max_content_width = WIDTH
    yield from (f"### `{context.command_path}`", "", "```text", command.get_help(context), "```", "")
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _command(inner, click.Context(inner, info_name=name, parent=context))


def python_api() -> Iterator[str]:
    """Each public name with its signature and docstring."""
    for name in flasktrace.__all__:
        found = getattr(flasktrace, name)
        if not callable(found):
            continue
        signature = str(inspect.signature(found)).replace("flasktrace.tracer.", "")
        yield from (f"### `flasktrace.{name}`", "", "```text", f"{name}{signature}", "")
        yield from (inspect.getdoc(found) or "", "```", "")
        if inspect.isclass(found):
            for method, function in vars(found).items():
                if not method.startswith("_") and inspect.getdoc(function):
                    yield f"- `{method}`: {(inspect.getdoc(function) or '').partition(chr(10))[0]}"
            yield ""


if __name__ == "__main__":
    main()
