"""``flasktrace export``: a saved trace in another format."""

from pathlib import Path

import click

from flasktrace.cli.options import ViewOptions, view_options
from flasktrace.tracer.errors import UsageError


@click.command()
@click.argument("path", metavar="TRACE", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    required=True,
    metavar="FORMAT",
    help="json, mermaid, plantuml, chrome (for Perfetto), speedscope, otlp, appmap, tour; "
    "dot, svg, png or pdf of the call graph; sequence, the diagram as SVG.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there, not to stdout."
)
@click.option("--send", "url", metavar="URL", help="otlp: send it to this collector, not to stdout.")
@view_options
def command(path: Path, format_name: str, output: Path | None, url: str | None, view: ViewOptions) -> None:
    """Write TRACE in another format, to stdout or to a file."""
    from flasktrace.cli.exporting import DRAWINGS, export_trace
    from flasktrace.cli.traces import open_trace
    from flasktrace.cli.viewing import catalogue_for, filtered, open_for

    if url is not None:
        from flasktrace.cli.sending import send_trace

        if format_name != "otlp" or output is not None:
            raise UsageError("--send goes with --format otlp, and without -o: collectors take OTLP by HTTP")
        trace = filtered(open_trace(path), view, catalogue_for(view))
        click.echo(f"sent {send_trace(trace, url)} spans to {url}")
        return
    trace = open_for(path, view) if format_name in DRAWINGS else open_trace(path)
    export_trace(trace, format_name, output, view)
