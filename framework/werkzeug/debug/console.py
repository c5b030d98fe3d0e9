"""A Python console that writes HTML, one for each frame of a traceback that the debugger shows.

Called by ``DebuggedApplication.execute_command`` with each line that is typed in the browser.
"""

import code
import sys
from types import CodeType
from typing import Any

from ..local import Local
from ..utils import escape
from .repr import debug_repr, dump, helper

_local = Local()
_displayhook = sys.displayhook


class HTMLStringO:
    """Collects what is printed, made safe for HTML."""

    def __init__(self) -> None:
        self._buffer: list[str] = []

    def close(self) -> None:
        """As files have it."""

    def isatty(self) -> bool:
        """No terminal."""
        return False

    def seek(self, n: int, mode: int = 0) -> None:
        """As files have it."""

    def flush(self) -> None:
        """As files have it."""

    def readline(self) -> str:
        """The first piece that was written."""
        return self._buffer.pop(0) if self._buffer else ""

    def reset(self) -> str:
        """All that was written; begins anew."""
        written = "".join(self._buffer)
        self._buffer.clear()
        return written

    def _write(self, x: str | bytes) -> None:
        """Write what is HTML already."""
        self._buffer.append(x.decode("utf-8", "replace") if isinstance(x, bytes) else x)

    def write(self, x: str) -> None:
        """Write text."""
        self._write(escape(x))

    def writelines(self, x: list[str]) -> None:
        """Write several texts."""
        self._write(escape("".join(x)))


class ThreadedStream:
    """Stands in for ``sys.stdout``: in a console's thread it collects, in all others it prints."""

    @staticmethod
    def push() -> None:
        """Begin to collect in this thread."""
        if not isinstance(sys.stdout, ThreadedStream):
            sys.stdout = ThreadedStream()
        _local.stream = HTMLStringO()

    @staticmethod
    def fetch() -> str:
        """What this thread has printed since."""
        try:
            return str(_local.stream.reset())
        except AttributeError:
            return ""

    @staticmethod
    def displayhook(obj: Any) -> None:
        """Show the value of an expression that was typed."""
        try:
            stream = _local.stream
        except AttributeError:
            _displayhook(obj)
            return
        if obj is not None:
            _local._current_ipy.locals["_"] = obj
            # debug_repr gives HTML: it must not be made safe a second time.
            stream._write(debug_repr(obj))

    def __getattribute__(self, name: str) -> Any:
        return getattr(getattr(_local, "stream", sys.__stdout__), name)

    def __repr__(self) -> str:
        return repr(sys.__stdout__)

    def __dir__(self) -> list[str]:
        return dir(sys.__stdout__)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"read only attribute {name}")


class _ConsoleLoader:
    """Remembers the source of what was typed, for tracebacks that go through it."""

    def __init__(self) -> None:
        self._storage: dict[int, str] = {}

    def register(self, code: CodeType, source: str) -> None:
        """Remember the source of a code object and of the functions defined in it."""
        inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        self._storage |= {id(one): source for one in (code, *inner)}

    def get_source_by_code(self, code: CodeType) -> str | None:
        """The source that a code object was compiled from."""
        return self._storage.get(id(code))


def _wrap_compiler(console: "_InteractiveConsole") -> None:
    """Let the console's compiler register all that it compiles."""
    compile = console.compile

    def func(source: str, filename: str, symbol: str) -> CodeType | None:
        compiled = compile(source, filename, symbol)
        if compiled is not None:
            # None: the statement is not complete yet.
            console.loader.register(compiled, source)
        return compiled

    console.compile = func  # type: ignore[assignment]


class _InteractiveConsole(code.InteractiveInterpreter):
    """Runs lines in a frame's variables, which it cannot change for the frame itself."""

    def __init__(self, globals: dict[str, Any], locals: dict[str, Any]) -> None:
        self.loader = _ConsoleLoader()
        helpers = {"dump": dump, "help": helper, "__loader__": self.loader}
        super().__init__({**globals, **locals, **helpers})
        self.more = False
        self.buffer: list[str] = []
        _wrap_compiler(self)

    def runsource(self, source: str, filename: str = "<debugger>", symbol: str = "single") -> Any:
        """Run a line; the prompt, the line and what it printed, as HTML."""
        source = source.rstrip() + "\n"
        prompt = "... " if self.more else ">>> "
        ThreadedStream.push()
        try:
            self.buffer.append(source)
            self.more = super().runsource("".join(self.buffer), filename, symbol)
            if not self.more:
                self.buffer.clear()
        finally:
            output = ThreadedStream.fetch()
        return prompt + escape(source) + output

    def runcode(self, code: CodeType) -> None:
        """Run compiled code; its errors are shown."""
        try:
            exec(code, self.locals)
        except Exception:
            self.showtraceback()

    def write(self, data: str) -> None:
        """Print what the interpreter itself has to say."""
        sys.stdout.write(data)

    def showtraceback(self) -> None:
        """Show the error that is being handled."""
        self._show(skip=1)

    def showsyntaxerror(self, filename: str | None = None, **kwargs: Any) -> None:
        """Show a syntax error: all frames are the compiler's, so none of them."""
        self._show(skip=sys.getrecursionlimit())

    def _show(self, skip: int) -> None:
        from .tbtools import get_current_traceback

        console: Any = sys.stdout
        console._write(get_current_traceback(skip=skip).render_summary())


class Console:
    """A console with its own variables."""

    def __init__(self, globals: dict[str, Any] | None = None, locals: dict[str, Any] | None = None) -> None:
        self._ipy = _InteractiveConsole(globals or {}, locals or {})

    def eval(self, code: str) -> str:
        """Run a line and give what the browser should show."""
        _local._current_ipy = self._ipy
        stdout = sys.stdout
        try:
            return str(self._ipy.runsource(code))
        finally:
            sys.stdout = stdout


sys.displayhook = ThreadedStream.displayhook
