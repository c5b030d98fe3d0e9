"""The IPython extension: ``%%flasktrace`` runs a cell as a Flask program and shows what happened.

``%load_ext flasktrace``, then a cell that begins with ``%%flasktrace``; ``%flasktrace hello`` runs a bundled
scenario or a script. The program runs in a process of its own, so the notebook's own Flask stays what it is.
"""

import contextlib
import functools
import io
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

import click
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display

from flasktrace.cli.drawing import MAX_DRAWN_STEPS, graph_options, sequence_options
from flasktrace.cli.options import ViewOptions, view_options
from flasktrace.cli.recording import RecordOptions, RequestsCommand, record_options
from flasktrace.cli.recording_apart import run_apart
from flasktrace.cli.viewing import catalogue_for, folded_for
from flasktrace.reports.lessons.embed import embed_style, embedded_html
from flasktrace.reports.lessons.figures import Figure
from flasktrace.reports.lessons.lesson import ShowKind
from flasktrace.reports.sequence import Theme
from flasktrace.tracer.errors import FlasktraceError
from flasktrace.tracer.model import Trace

TREE_CELLS = 110
CELL_FILE = "cell.py"
SHOWN = ("tree", "diagram", "graph")
BESIDE = ("templates", "static")  # folders that Flask looks for beside the program
_drawings = count(1)  # a notebook is one page: no two drawings in it may have the same ids


class CellError(Exception):
    """What is wrong with the options or the program; IPython shows it without frames of ours.

    Args:
        message: one line.
        output: what the program said, its own traceback too.
    """

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output

    def _render_traceback_(self) -> list[str]:
        return [*self.output.splitlines(), f"flasktrace: {self}"]


@dataclass(frozen=True, slots=True)
class CellRun:
    """What a cell has shown; it is the cell's value.

    Attributes:
        trace: what was recorded.
        tree: as text.
        html: tree and drawings.
    """

    trace: Trace
    tree: str
    html: str

    def _repr_mimebundle_(self, **options: object) -> dict[str, str]:
        return {"text/plain": self.tree, "text/html": self.html}

    def __repr__(self) -> str:
        return self.tree


@click.command("flasktrace", cls=RequestsCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("target", metavar="[SCENARIO]", default="")
@click.option(
    "--show",
    type=click.Choice(SHOWN),
    multiple=True,
    default=("tree", "diagram"),
    help="What to show; may be given again. Else the tree and the diagram.",
)
@record_options
@functools.partial(view_options, left_out=("link", "split", "graph_format"))
def _command(target: str, show: tuple[str, ...], record: RecordOptions, view: ViewOptions) -> object:
    """Run the cell as a Flask program, send it requests, and show the calls and a drawing of them.

    On one line, %flasktrace SCENARIO runs a bundled scenario, a script, or package.module:app.
    """
    return target, show, record, view


@magics_class
class FlasktraceMagics(Magics):
    """The magics."""

    @line_cell_magic
    def flasktrace(self, line: str, cell: str | None = None) -> CellRun | None:
        """Run a cell, or a scenario, and show what happened; ``%flasktrace -h`` lists the options.

        Raises:
            CellError: wrong options, or the program failed; what was recorded by then is shown.
        """
        try:
            chosen = _chosen(line)
            if chosen is None:
                return None
            target, show, record, view = chosen
            if cell is None:
                if not target:
                    raise click.UsageError("name a scenario, or begin a cell with %%flasktrace")
                return _run(target, show, record, view)
            if target:
                raise click.UsageError(f"the cell is the program: leave {target!r} out")
            with _cell_as_script(cell) as script:
                return _run(str(script), show, record, view)
        except click.ClickException as error:
            raise CellError(f"{error.format_message()} (see %flasktrace -h)") from None
        except FlasktraceError as error:
            raise CellError(str(error)) from None


def _chosen(line: str) -> tuple[str, tuple[str, ...], RecordOptions, ViewOptions] | None:
    """The options of the magic's line; None when only help was asked for."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise click.UsageError(f"the options cannot be read: {str(error).lower()}") from None
    chosen: Any = _command.main(words, prog_name="%flasktrace", standalone_mode=False)
    return chosen if isinstance(chosen, tuple) else None


@contextlib.contextmanager
def _cell_as_script(cell: str) -> Iterator[Path]:
    """The cell as a file, whose lines have the numbers that they have in the cell."""
    with tempfile.TemporaryDirectory(prefix="flasktrace-cell-") as folder:
        for name in BESIDE:
            if Path(name).is_dir():
                with contextlib.suppress(OSError):  # links are not for everybody on Windows
                    os.symlink(os.path.abspath(name), os.path.join(folder, name))
        script = Path(folder, CELL_FILE)
        script.write_text("\n" + cell, encoding="utf-8")
        yield script


def _run(target: str, show: Sequence[str], record: RecordOptions, view: ViewOptions) -> CellRun | None:
    path = [os.getcwd(), *map(os.path.abspath, sys.path)]
    run = run_apart(target, record, view.values, import_path=tuple(dict.fromkeys(path)))
    shown = None
    if run.trace is not None and run.trace.calls:
        shown = _shown(run.trace, show, view, run.output)
    if not run.status:
        return shown
    if shown is not None:
        display(shown)  # type: ignore[no-untyped-call]
    said, _, reason = run.output.rstrip().rpartition("\n")
    raise CellError(reason.removeprefix("flasktrace: ") or f"{target} failed", said)


def _shown(trace: Trace, show: Sequence[str], view: ViewOptions, output: str) -> CellRun:
    from flasktrace.reports.tree import TreeOptions, tree_lines

    catalogue = catalogue_for(view)
    folded = folded_for(trace, view, catalogue)
    options = TreeOptions(
        language=view.language,
        width_cells=TREE_CELLS,
        resolution=view.resolution,
        times=view.times,
        explain=bool(view.explain),
    )
    tree = "\n".join(line.rstrip() for line in tree_lines(folded, options)).strip("\n")
    figures = [Figure(ShowKind.TREE, tree)] if "tree" in show else []
    figures += _drawn(trace, show, view)
    pieces = [embedded_html(figure, view.language) for figure in figures]
    said = "程序的输出" if view.language == "zh" else "What the program said"
    if output.strip():
        pieces.append(f"<details><summary>{said}</summary><pre>{escape(output.strip())}</pre></details>")
    html = f"<style>{embed_style()}</style>{''.join(pieces)}"
    return CellRun(trace, tree, html)


def _drawn(trace: Trace, show: Sequence[str], view: ViewOptions) -> Iterator[Figure]:
    """The drawings; where there was no request, the start-up is drawn."""
    from flasktrace.reports.callgraph import build_graph, write_svg
    from flasktrace.reports.sequence import LinkMode, draw_sequence

    folded = folded_for(trace, view, catalogue_for(view), MAX_DRAWN_STEPS)
    prefix = f"flasktrace-{os.getpid()}-{next(_drawings)}-"
    if "diagram" in show:
        is_startup = bool(folded.chapters) and all(chapter.request is None for chapter in folded.chapters)
        options = replace(
            sequence_options(view),
            is_startup=is_startup,
            links=LinkMode.UPSTREAM,
            theme=Theme.PAGE,
            id_prefix=prefix,
        )
        yield Figure(ShowKind.DIAGRAM, svg=draw_sequence(folded, options))
    if "graph" in show:
        stream = io.StringIO()
        graph = replace(
            graph_options(view, trace.metadata.scenario),
            links=LinkMode.UPSTREAM,
            theme=Theme.PAGE,
            id_prefix=f"{prefix}cg-",
        )
        write_svg(build_graph(folded), stream, graph)
        yield Figure(ShowKind.GRAPH, svg=stream.getvalue())


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magic."""
    shell.register_magics(FlasktraceMagics)
