"""``flasktrace show``: the same views of a saved trace."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flasktrace.cli.options import ViewOptions, page_options, view_options

if TYPE_CHECKING:
    from flasktrace.tracer.model import Trace


@click.command()
@click.argument("path", metavar="TRACE", type=click.Path(path_type=Path))
@page_options
@view_options
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Draw into this folder too."
)
def command(path: Path, view: ViewOptions, output: Path | None) -> None:
    """Show TRACE, a file that `flasktrace run` wrote (or its JSON export)."""
    from flasktrace.cli.drawing import write_drawings
    from flasktrace.cli.viewing import folding_in_file, make_folder, open_for, print_tree

    if view.page:
        from flasktrace.cli.paging import write_page_file

        trace = open_for(path, view)
        folder = output or (path if path.is_dir() else path.parent)
        make_folder(folder)
        click.echo(f"wrote {write_page_file(trace, view, folder, _name(trace, path))}")
        return
    folding = folding_in_file(path, view)
    folded = folding()
    print_tree(folded, view)
    if output is not None:
        make_folder(output)
        for drawing in write_drawings(folding, view, output, _name(folded.trace, path)):
            click.echo(f"wrote {drawing}")


def _name(trace: "Trace", path: Path) -> str:
    return Path(trace.metadata.scenario).stem or path.stem
