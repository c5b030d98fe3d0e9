"""Shows objects as HTML in the debugger's console: long ones shortened, broken ones survived.

Called by ``debug.console`` for every result; ``dump`` and ``helper`` are what a user of the console calls.
"""

import codecs
import html
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable
from traceback import format_exception_only
from typing import Any

from ..utils import escape

missing = object()
RegexType = re.Pattern
_BLANK_LINES = re.compile(r"(?:\r\n|\r|\n){2,}")
_HELP = "<div class=box>\n  <h3>{}</h3>\n  <pre class=help>{}</pre>\n</div>"
_DUMP = "<div class=box>\n  <h3>{}</h3>\n  {}\n  <table>{}</table>\n</div>"


def debug_repr(obj: Any) -> str:
    """The HTML for an object."""
    return DebugReprGenerator().repr(obj)


def dump(obj: Any = missing) -> None:
    """Write all that is known of an object (by default of the caller's local variables) to the console."""
    generator = DebugReprGenerator()
    caller = sys._getframe(1)
    console: Any = sys.stdout
    console._write(generator.dump_locals(caller.f_locals) if obj is missing else generator.dump_object(obj))


class _Helper:
    """``help`` as the console has it: the text that Python gives, in a box."""

    def __repr__(self) -> str:
        return "Type help(object) for help about object."

    def __call__(self, topic: Any = None) -> None:
        import pydoc

        console: Any = sys.stdout
        if topic is None:
            console._write(f"<span class=help>{self!r}</span>")
            return
        pydoc.help(topic)
        title, *paragraphs = _BLANK_LINES.split(console.reset())
        if not paragraphs:
            title, paragraphs = "Help", [title]
        console._write(_HELP.format(title, "\n\n".join(paragraphs)))


helper = _Helper()


def _add_subclass_info(inner: str, obj: Any, base: Any) -> str:
    """Name the class around a representation, unless the object is exactly of the built-in class."""
    kind = type(obj)
    if kind in (base if isinstance(base, tuple) else (base,)):
        return inner
    return f'<span class="module">{kind.__module__}.</span>{kind.__name__}({inner})'


def _hide_from(parts: Iterable[str], limit: int) -> str:
    """The parts with commas between; those from ``limit`` on are hidden until the reader asks for them."""
    shown = list(parts)
    text = ", ".join(shown[:limit])
    if len(shown) <= limit:
        return text
    comma = ", " if limit else ""
    return f'{text}{comma}<span class="extended">{", ".join(shown[limit:])}</span>'


class DebugReprGenerator:
    """Makes the HTML for one object and those in it; remembers which it is in, so that loops end."""

    def __init__(self) -> None:
        self._stack: list[Any] = []

    # Runs while the class is made, and belongs to nobody afterwards.
    def _sequence_repr_maker(  # type: ignore[misc]
        left: str, right: str, base: type, limit: int = 8
    ) -> Callable[..., str]:
        def proxy(self: "DebugReprGenerator", obj: Any, recursive: bool) -> str:
            inner = "..." if recursive else _hide_from((self.repr(item) for item in obj), limit)
            return _add_subclass_info(left + inner + right, obj, base)

        return proxy

    list_repr = _sequence_repr_maker("[", "]", list)
    tuple_repr = _sequence_repr_maker("(", ")", tuple)
    set_repr = _sequence_repr_maker("set([", "])", set)
    frozenset_repr = _sequence_repr_maker("frozenset([", "])", frozenset)
    deque_repr = _sequence_repr_maker('<span class="module">collections.</span>deque([', "])", deque)
    del _sequence_repr_maker

    def regex_repr(self, obj: Any) -> str:
        """A compiled pattern as a raw string."""
        pattern = codecs.decode(repr(obj.pattern), "unicode-escape", "ignore")
        return f're.compile(<span class="string regex">r{pattern}</span>)'

    def string_repr(self, obj: Any, limit: int = 70) -> str:
        """Text or bytes; what is longer than ``limit`` characters by more than two is hidden."""
        text = repr(obj)
        if len(text) > limit + 2:
            inner = f'{escape(text[:limit])}<span class="extended">{escape(text[limit:])}</span>'
        else:
            inner = escape(text)
        shown = f'<span class="string">{inner}</span>'
        # A subclass with a repr of its own names itself.
        is_usual = text[0] in "'\"" or (text[0] in "ub" and text[1] in "'\"")
        return _add_subclass_info(shown, obj, (bytes, str)) if is_usual else shown

    def dict_repr(self, d: Any, recursive: bool, limit: int = 5) -> str:
        """Keys and values, all but the first few hidden."""
        pair = '<span class="pair"><span class="key">{}</span>: <span class="value">{}</span></span>'
        pairs = () if recursive else (pair.format(self.repr(k), self.repr(v)) for k, v in d.items())
        return _add_subclass_info("{" + ("..." if recursive else _hide_from(pairs, limit - 1)) + "}", d, dict)

    def object_repr(self, obj: Any) -> str:
        """Whatever the object says of itself."""
        return f'<span class="object">{escape(repr(obj))}</span>'

    def dispatch_repr(self, obj: Any, recursive: bool) -> str:
        """Pick the method for the object's class."""
        if obj is helper:
            return f'<span class="help">{helper!r}</span>'
        if isinstance(obj, int | float | complex):
            return f'<span class="number">{html.escape(repr(obj))}</span>'
        if isinstance(obj, str | bytes):
            return self.string_repr(obj)
        if isinstance(obj, RegexType):
            return self.regex_repr(obj)
        for kind in (list, tuple, set, frozenset, dict, deque):
            if isinstance(obj, kind):
                method: Callable[[Any, bool], str] = getattr(self, kind.__name__ + "_repr")
                return method(obj, recursive)
        return self.object_repr(obj)

    def fallback_repr(self) -> str:
        """What is shown for an object whose own repr raised."""
        error = sys.exc_info()[1]
        info = escape("".join(format_exception_only(error)).strip())
        return f'<span class="brokenrepr">&lt;broken repr ({info})&gt;</span>'

    def repr(self, obj: Any) -> str:
        """The HTML for an object."""
        is_inside_itself = any(outer is obj for outer in self._stack)
        self._stack.append(obj)
        try:
            return self.dispatch_repr(obj, is_inside_itself)
        except Exception:
            return self.fallback_repr()
        finally:
            self._stack.pop()

    def dump_object(self, obj: Any) -> str:
        """A table of a dict's items, or of any other object's attributes."""
        name = object.__repr__(obj)[1:-1]
        if isinstance(obj, dict) and all(isinstance(key, str) for key in obj):
            items = [(key, self.repr(value)) for key, value in obj.items()]
            return self.render_object_dump(items, f"Contents of {name}")
        whole, items = self.repr(obj), []
        for key in dir(obj):
            try:
                items.append((key, self.repr(getattr(obj, key))))
            except Exception:
                # dir() may list what is not there.
                continue
        return self.render_object_dump(items, f"Details for {name}", whole)

    def dump_locals(self, d: dict[str, Any]) -> str:
        """A table of local variables."""
        items = [(key, self.repr(value)) for key, value in d.items()]
        return self.render_object_dump(items, "Local variables in frame")

    def render_object_dump(self, items: list[tuple[str, str]], title: str, repr: str | None = None) -> str:
        """A box with a table; the values are HTML already."""
        rows = [f"<tr><th>{escape(key)}<td><pre class=repr>{value}</pre>" for key, value in items]
        whole = f"<pre class=repr>{repr}</pre>" if repr else ""
        return _DUMP.format(escape(title), whole, "\n".join(rows or ["<tr><td><em>Nothing</em>"]))
