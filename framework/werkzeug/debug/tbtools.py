"""Tracebacks as objects that can be shown as text or as the debugger's page.

Called by the server when the application failed (for the log), and by ``DebuggedApplication`` (for the page).
"""

import inspect
import linecache
import os
import re
import sys
import sysconfig
import tokenize
import traceback
from types import CodeType, TracebackType
from typing import Any

from .._debug_pages import CONSOLE_HTML, FRAME_HTML, LINE_HTML, PAGE_HTML, SOURCE_LINE_HTML, SUMMARY_HTML
from .._debug_source import decode_source, javascript
from .._text import to_text
from ..filesystem import get_filesystem_encoding
from ..utils import cached_property, escape
from .console import Console

system_exceptions = (SystemExit, KeyboardInterrupt, GeneratorExit)
_DEFINITION = re.compile(r"\s*(?:(?:async\s+)?def\s|@)|.*(?<!\w)lambda[:\s]")
_FRAMEWORK_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_CAUSE = "The above exception was the direct cause of the following exception"
_CONTEXT = "During handling of the above exception, another exception occurred"


def render_console_html(secret: str, evalex_trusted: bool = True) -> str:
    """The page with nothing but a console."""
    trusted = javascript(evalex_trusted)
    page = {"title": "Console", "console": "true", "evalex": "true", "evalex_trusted": trusted}
    return CONSOLE_HTML % {**page, "secret": secret, "traceback_id": -1}


def get_current_traceback(
    ignore_system_exceptions: bool = False, show_hidden_frames: bool = False, skip: int = 0
) -> "Traceback":
    """The exception that is being handled.

    Args:
        ignore_system_exceptions: raise SystemExit and its like again, as they are no errors.
        show_hidden_frames: also those that ask not to be shown.
        skip: how many of the outermost frames to leave out.
    """
    exc_type, exc_value, tb = sys.exc_info()
    assert exc_type is not None and exc_value is not None, "no exception is being handled"
    if ignore_system_exceptions and exc_type in system_exceptions:
        raise exc_value.with_traceback(tb)
    while skip > 0 and tb is not None and tb.tb_next is not None:
        tb, skip = tb.tb_next, skip - 1
    current = Traceback(exc_type, exc_value, tb)
    if not show_hidden_frames:
        current.filter_hidden_frames()
    return current


class Line:
    """A line of source with what the renderer has to know of it."""

    __slots__ = ("code", "current", "in_frame", "lineno")

    def __init__(self, lineno: int, code: str) -> None:
        self.lineno, self.code = lineno, code
        self.current = self.in_frame = False

    @property
    def classes(self) -> list[str]:
        """The CSS classes of the row."""
        marks = (("in-frame", self.in_frame), ("current", self.current))
        return ["line", *(name for name, is_set in marks if is_set)]

    def render(self) -> str:
        """The row as HTML."""
        return SOURCE_LINE_HTML % (" ".join(self.classes), self.lineno, escape(self.code))


class Traceback:
    """An exception with those that led to it, the first one first."""

    def __init__(
        self, exc_type: type[BaseException], exc_value: BaseException, tb: TracebackType | None
    ) -> None:
        self.exc_type, self.exc_value, self.tb = exc_type, exc_value, tb
        module = exc_type.__module__
        self.exception_type = ("" if module == "builtins" else module + ".") + exc_type.__name__
        self.groups: list[Group] = []
        seen: set[int] = set()
        error: BaseException | None = exc_value
        while error is not None and id(error) not in seen:
            self.groups.insert(0, Group(type(error), error, error.__traceback__ if seen else tb))
            seen.add(id(error))
            error = error.__cause__ or error.__context__
        self.frames = [frame for group in self.groups for frame in group.frames]

    def filter_hidden_frames(self) -> None:
        """Leave out the frames that ask for it with ``__traceback_hide__``."""
        for group in self.groups:
            group.filter_hidden_frames()
        self.frames[:] = [frame for group in self.groups for frame in group.frames]

    @property
    def is_syntax_error(self) -> bool:
        """Whether the source could not even be compiled."""
        return isinstance(self.exc_value, SyntaxError)

    @property
    def exception(self) -> str:
        """The last line: class and message."""
        return self.groups[-1].exception

    def log(self, logfile: Any = None) -> None:
        """Write the text to a file, by default standard error."""
        text = self.plaintext.rstrip() + "\n"
        (sys.stderr if logfile is None else logfile).write(text)

    def render_summary(self, include_title: bool = True) -> str:
        """The frames as HTML."""
        classes, frames, title = "traceback noframe-traceback", [], ""
        if self.frames:
            classes = "traceback"
            from_libraries = [frame.is_library for frame in self.frames]
            mark_lib = len(set(from_libraries)) > 1
            frames = [group.render(mark_lib=mark_lib) for group in self.groups]
        if include_title:
            is_syntax_error = self.is_syntax_error
            words = "Syntax Error" if is_syntax_error else "Traceback <em>(most recent call last)</em>:"
            title = f"<h3>{words}</h3>"
        wrapper = "<pre class=syntaxerror>%s</pre>" if self.is_syntax_error else "<blockquote>%s</blockquote>"
        return SUMMARY_HTML % {
            "classes": classes,
            "title": title,
            "frames": "\n".join(frames),
            "description": wrapper % escape(self.exception),
        }

    def render_full(
        self, evalex: bool = False, secret: str | None = None, evalex_trusted: bool = True
    ) -> str:
        """The debugger's page."""
        message = escape(self.exception)
        return PAGE_HTML % {
            "title": message,
            "exception": message,
            "exception_type": escape(self.exception_type),
            "summary": self.render_summary(include_title=False),
            "plaintext": escape(self.plaintext),
            # Two dashes would end the comment that it stands in.
            "plaintext_cs": re.sub("-{2,}", "-", self.plaintext),
            "traceback_id": self.id,
            "console": "false",
            "evalex": javascript(evalex),
            "evalex_trusted": javascript(evalex_trusted),
            "secret": secret,
        }

    @cached_property
    def plaintext(self) -> str:
        """The traceback as Python would print it."""
        return "\n".join([group.render_text() for group in self.groups])

    @property
    def id(self) -> int:
        """The number by which the page names this traceback."""
        return id(self)


class Group:
    """The frames of one exception out of a chain of them."""

    def __init__(
        self, exc_type: type[BaseException], exc_value: BaseException, tb: TracebackType | None
    ) -> None:
        self.exc_type, self.exc_value = exc_type, exc_value
        #: How the exception before this one led to it.
        self.info: str | None = None
        if exc_value.__cause__ is not None:
            self.info = _CAUSE
        elif exc_value.__context__ is not None:
            self.info = _CONTEXT
        self.frames: list[Frame] = []
        while tb is not None:
            self.frames.append(Frame(exc_type, exc_value, tb))
            tb = tb.tb_next

    def filter_hidden_frames(self) -> None:
        """Leave out frames whose ``__traceback_hide__`` says so: themselves, all before, or all after."""
        shown: list[Frame] = []
        hidden = False
        for frame in self.frames:
            what, _, and_this = str(frame.hide).partition("_")
            if what == "before":
                shown = []
            if what in ("before", "reset", "after"):
                hidden = what == "after"
                is_shown = not and_this
            else:
                is_shown = not (frame.hide or hidden)
            if is_shown:
                shown.append(frame)
        if len(shown) == 1 and self.frames[0].module == "codeop":
            # A syntax error in the console: there is no frame to show.
            self.frames.clear()
        elif self.frames and self.frames[-1] in shown:
            # The frame that raised has to be there, whatever it asks for.
            self.frames[:] = shown

    @property
    def exception(self) -> str:
        """Class and message."""
        return "".join(traceback.format_exception_only(self.exc_type, self.exc_value)).strip()

    def render(self, mark_lib: bool = True) -> str:
        """The frames as items of a list."""
        items = [] if self.info is None else [f'<li><div class="exc-divider">{self.info}:</div>']
        for frame in self.frames:
            title = f' title="{escape(frame.info)}"' if frame.info else ""
            items.append(f"<li{title}>{frame.render(mark_lib=mark_lib)}")
        return "\n".join(items)

    def render_text(self) -> str:
        """The frames as text."""
        lines = [] if self.info is None else [f"\n{self.info}:\n"]
        lines += ["Traceback (most recent call last):", *[frame.render_text() for frame in self.frames]]
        return "\n".join([*lines, self.exception])


class Frame:
    """One line of a traceback: where it is, its source, and its variables."""

    def __init__(self, exc_type: type[BaseException], exc_value: BaseException, tb: TracebackType) -> None:
        frame = tb.tb_frame
        self.lineno = tb.tb_lineno
        self.code: CodeType = frame.f_code
        self.function_name = self.code.co_name
        self.globals, self.locals = frame.f_globals, frame.f_locals
        path = inspect.getsourcefile(tb) or inspect.getfile(tb)
        if os.path.isfile(path):
            path = os.path.realpath(path)
        self.filename: str = to_text(path, get_filesystem_encoding())
        self.module = self.globals.get("__name__", self.locals.get("__name__"))
        self.loader = self.globals.get("__loader__", self.locals.get("__loader__"))
        #: What a function may say about its own frame by such variables.
        self.hide = self.locals.get("__traceback_hide__", False)
        self.info: str | None = to_text(self.locals.get("__traceback_info__"), "utf-8", "replace")

    def render(self, mark_lib: bool = True) -> str:
        """The frame as HTML."""
        return FRAME_HTML % {
            "id": self.id,
            "lineno": self.lineno,
            "filename": escape(self.filename),
            "function_name": escape(self.function_name),
            "lines": self.render_line_context(),
            "library": "library" if mark_lib and self.is_library else "",
        }

    @cached_property
    def is_library(self) -> bool:
        """Whether this is Python's code or an installed package's, or the framework's, wherever that is."""
        return self.filename.startswith((*sysconfig.get_paths().values(), _FRAMEWORK_FOLDER))

    def render_text(self) -> str:
        """The frame as text."""
        place = f'  File "{self.filename}", line {self.lineno}, in {self.function_name}'
        return f"{place}\n    {self.current_line.strip()}"

    def render_line_context(self) -> str:
        """The current line and some around it as HTML."""

        def render_line(line: str, cls: str) -> str:
            line = line.expandtabs().rstrip()
            text = line.strip()
            return LINE_HTML % (cls, " " * (len(line) - len(text)), escape(text) or " ")

        before, current, after = self.get_context_lines()
        kinds = [
            *((line, "before") for line in before),
            (current, "current"),
            *((line, "after") for line in after),
        ]
        return "\n".join([render_line(line, kind) for line, kind in kinds])

    def get_annotated_lines(self) -> list[Line]:
        """The file's lines; those of the function and the current one are marked."""
        lines = [Line(number, text) for number, text in enumerate(self.sourcelines, 1)]
        start = min(self.code.co_firstlineno, len(lines)) - 1
        while start > 0 and not _DEFINITION.match(lines[start].code):
            start -= 1
        try:
            length = len(inspect.getblock([line.code + "\n" for line in lines[start:]]))
        except (tokenize.TokenError, SyntaxError):
            length = 0
        for line in lines[start : start + length]:
            line.in_frame = True
        if 0 < self.lineno <= len(lines):
            lines[self.lineno - 1].current = True
        return lines

    def eval(self, code: str | CodeType, mode: str = "single") -> Any:
        """Run code with the frame's variables."""
        if isinstance(code, str):
            code = compile(code, "<interactive>", mode)
        return eval(code, self.globals, self.locals)

    @cached_property
    def sourcelines(self) -> list[str]:
        """All lines of the file, or none if it cannot be read."""
        source = None
        for name, key in (("get_source", self.module), ("get_source_by_code", self.code)):
            if hasattr(self.loader, name):
                try:
                    source = getattr(self.loader, name)(key)
                except Exception:
                    # A broken loader must not hide the error that we are about to show.
                    source = None
                break
        if source is not None:
            return (decode_source(source) if isinstance(source, bytes) else str(source)).splitlines()
        try:
            path = self.filename.encode(get_filesystem_encoding(), "surrogateescape")
            with open(path, "rb") as file:
                return decode_source(file.read()).splitlines()
        except OSError:
            return [line.rstrip("\n") for line in linecache.getlines(self.filename)]

    def get_context_lines(self, context: int = 5) -> tuple[list[str], str, list[str]]:
        """The lines before, the current one, and those after it."""
        before = self.sourcelines[max(self.lineno - context - 1, 0) : self.lineno - 1]
        after = self.sourcelines[self.lineno : self.lineno + context]
        return before, self.current_line, after

    @property
    def current_line(self) -> str:
        """The line that was running, or nothing."""
        try:
            return self.sourcelines[self.lineno - 1]
        except IndexError:
            return ""

    @cached_property
    def console(self) -> Console:
        """A console with the frame's variables."""
        return Console(self.globals, self.locals)

    @property
    def id(self) -> int:
        """The number by which the page names this frame."""
        return id(self)
