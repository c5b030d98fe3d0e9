"""The source that a page carries: of each function shown its own lines, and the lines they were called at."""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

from flasktrace.reports.text import clean
from flasktrace.tracer.masked_source import masked_line
from flasktrace.tracer.model import Function, Origin

MAX_LINES = 400  # of one function
MAX_LINE_CHARS = 400
_TAB = "    "


@dataclass(slots=True)
class Sources:
    """Reads files once, through the function that it was given.

    What looks like a secret's text (``app.secret_key = "..."``) is masked: pages are passed on.
    """

    read: Callable[[str], list[str] | None]
    _files: dict[str, list[str] | None] = field(default_factory=dict)

    def lines(self, file_path: str) -> list[str] | None:
        """The lines of a file as they came, or None."""
        if file_path not in self._files:
            self._files[file_path] = self.read(file_path)
        return self._files[file_path]

    def of_function(self, function: Function) -> list[str]:
        """The function's own lines, clean; none where the file is not there or has changed since."""
        if function.origin is Origin.LIBRARY:  # of any licence, and no part of the lesson
            return []
        lines = self.lines(function.file_path)
        first, last = function.line_number, function.last_line
        if lines is None or not 1 <= first <= last <= len(lines):
            return []
        own = lines[first - 1 : min(last, first + MAX_LINES - 1)]
        name = function.name
        if name.isidentifier() and not any(re.search(rf"\b{name}\b", line) for line in own[:30]):
            return []
        return textwrap.dedent("\n".join(shown_line(line) for line in own)).split("\n")

    def line(self, file_path: str, number: int) -> str:
        """One line, clean and without its indentation; "" where there is none."""
        lines = self.lines(file_path)
        if lines is None or not 1 <= number <= len(lines):
            return ""
        return shown_line(lines[number - 1]).strip()


def shown_line(line: str) -> str:
    """A line of source made safe to show: no tabs, no characters that hide or turn what is read."""
    line = line.rstrip("\r\n")[: MAX_LINE_CHARS * 2].replace("\t", _TAB)
    return clean(masked_line(line), MAX_LINE_CHARS)
