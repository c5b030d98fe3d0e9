"""``flasktrace show``: the same views of a saved trace."""

from pathlib import Path

import click

from flasktrace.cli.options import ViewOptions, page_options, view_options


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
    from flasktrace.cli.traces import trace_path
    from flasktrace.cli.viewing import (
        catalogue_for,
        folded_for,
        folded_in_file,
        make_folder,
        open_for,
        print_tree,
    )

    if output is None and (folded := folded_in_file(trace_path(path), view, catalogue_for(view))):
        print_tree(folded, view)
        return
    trace = open_for(path, view)
    name = Path(trace.metadata.scenario).stem or path.stem
    if view.page:
        from flasktrace.cli.paging import write_page_file

        folder = output or (path if path.is_dir() else path.parent)
        make_folder(folder)
        click.echo(f"wrote {write_page_file(trace, view, folder, name)}")
        return
    print_tree(folded_for(trace, view, catalogue_for(view)), view)
    if output is not None:
        make_folder(output)
        for drawing in write_drawings(trace, view, output, name):
            click.echo(f"wrote {drawing}")
