"""HTML snippets and entities for utils, which re-exports them. No part of the lesson."""

import re
from collections.abc import Callable
from html.entities import name2codepoint
from typing import Any, ClassVar

_EMPTY = "wbr area base br col command embed frame hr img input isindex keygen link meta param source"
_BOOLEAN = "checked compact declare defer disabled ismap multiple nohref noresize noshade nowrap selected"
_ENTITY = re.compile(r"&([^;]+);")


class HTMLBuilder:
    """Builds small pieces of HTML: ``html.p(html.a("foo", href="foo.html"), class_="x")``.

    Positional arguments are children, keywords attributes (None leaves one out, a trailing underscore
    avoids Python's keywords). Calling the builder itself escapes a text.
    """

    _entities: ClassVar = {**name2codepoint, "apos": 39}
    _empty_elements = frozenset([*_EMPTY.split(), "basefont"])
    _boolean_attributes = frozenset(_BOOLEAN.split())
    _plaintext_elements = frozenset({"textarea"})
    _c_like_cdata = frozenset({"script", "style"})

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    def __call__(self, s: Any) -> str:
        from .utils import escape

        return escape(s)

    def __getattr__(self, tag: str) -> Callable[..., str]:
        if tag.startswith("__"):
            raise AttributeError(tag)

        def proxy(*children: Any, **arguments: Any) -> str:
            start = f"<{tag}{''.join(self._attribute(k, v) for k, v in arguments.items())}"
            if not children and tag in self._empty_elements:
                return start + (" />" if self._dialect == "xhtml" else ">")
            return f"{start}>{self._content(tag, children)}</{tag}>"

        return proxy

    def _attribute(self, key: str, value: Any) -> str:
        key = key.removesuffix("_")
        if value is None or (key in self._boolean_attributes and not value):
            return ""
        if key not in self._boolean_attributes:
            return f' {key}="{self(value)}"'
        return f' {key}="{key}"' if self._dialect == "xhtml" else f" {key}"

    def _content(self, tag: str, children: tuple[Any, ...]) -> str:
        content = "".join(str(child) for child in children if child is not None)
        if content and tag in self._plaintext_elements:
            return self(content)
        if content and tag in self._c_like_cdata and self._dialect == "xhtml":
            return f"/*<![CDATA[*/{content}/*]]>*/"
        return content

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._dialect!r}>"


# These two belong to utils, as far as anyone who prints the class is concerned.
HTMLBuilder.__module__ = "werkzeug.utils"
html = HTMLBuilder("html")
xhtml = HTMLBuilder("xhtml")


def _character(name: str) -> str:
    """The character of an entity's name or number, or nothing for one that does not exist."""
    if name in HTMLBuilder._entities:
        return chr(HTMLBuilder._entities[name])
    try:
        if name[:2] in ("#x", "#X"):
            return chr(int(name[2:], 16))
        return chr(int(name[1:])) if name.startswith("#") else ""
    except (ValueError, OverflowError):
        return ""


def unescape(s: str) -> str:
    """Replace every HTML entity by its character; unknown ones vanish."""
    return _ENTITY.sub(lambda match: _character(match[1]), s)
