"""Writes the page of a trace into a folder."""

import importlib.metadata
import io
import sys
import tokenize
from pathlib import Path

from flasktrace.cli.options import ViewOptions
from flasktrace.cli.viewing import catalogue_for, filtered, left_out_count, write_file
from flasktrace.tracer.model import Trace

PAGE = "page.html"
LANGUAGES = ("en", "zh")
_PYTHON_LICENCE = "Python Software Foundation License Version 2: https://docs.python.org/3/license.html"
MAX_SOURCE_BYTES = 4_000_000


def write_page_file(trace: Trace, view: ViewOptions, folder: Path, name: str) -> Path:
    """Write ``page.html`` into a folder that is there.

    Args:
        trace: as recorded.
        view: what of it, and how.
        folder: to write to.
        name: what was run, for the title.

    Raises:
        UsageError: the file cannot be written, or a filter names something that is not in the trace.
    """
    from flasktrace.reports.folded import Level
    from flasktrace.reports.page import PageOptions, write_page
    from flasktrace.scenarios.annotate import load_catalogue

    shown = filtered(trace, view, catalogue_for(view))
    options = PageOptions(
        {language: load_catalogue(language, view.annotations) for language in LANGUAGES},
        language=view.language,
        title=name,
        level=Level(view.level),
        filtered_count=left_out_count(trace, shown),
        read_source=read_source,
        notices=licence_notices(trace.metadata.engine),
    )
    stream = io.StringIO()
    write_page(shown, stream, options)
    return write_file(folder / PAGE, stream.getvalue())


def licence_notices(engine: str) -> dict[str, str]:
    """The licences that the source of others is passed on under, by project; the bundled engine is ours."""
    notices = {"Python": f"{sys.copyright}\n\n{_PYTHON_LICENCE}"}
    for name in ("Flask", "Werkzeug") if engine == "installed" else ():
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        texts = map(distribution.read_text, ("licenses/LICENSE.txt", "LICENSE.txt", "LICENSE.rst"))
        notices[name] = next(filter(None, texts), "BSD-3-Clause, Pallets")
    return notices


def read_source(file_path: str) -> list[str] | None:
    """The lines of a Python file; None for anything else, whatever a trace may name.

    A trace is not trusted: a page that is passed on must not carry a private file.
    """
    path = Path(file_path)
    try:
        if path.suffix not in (".py", ".pyw") or not path.is_file() or path.stat().st_size > MAX_SOURCE_BYTES:
            return None
        with tokenize.open(path) as stream:
            return stream.read().splitlines()
    except (OSError, SyntaxError, UnicodeError, ValueError):
        return None
