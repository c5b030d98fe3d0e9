"""A small SVG writer: elements with a colour role, so that one file is light and dark."""

from collections.abc import Mapping
from typing import IO
from xml.etree import ElementTree as ET

from flasktrace.reports.sequence.metrics import is_predictable, text_width
from flasktrace.reports.sequence.theme import MONO, SANS, Theme, palette, style_sheet

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
XLINK_NAMESPACE = "http://www.w3.org/1999/xlink"


def px(value: float) -> str:
    """A number for an attribute: two decimals at most, so that files stay small and comparable."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


class Canvas:
    """Elements are added under a parent; colours are named by the theme's roles."""

    def __init__(self, theme: Theme, scope: str) -> None:
        self.root = ET.Element("svg", {"xmlns": SVG_NAMESPACE, "version": "1.1", "class": scope})
        self._theme = theme
        self._scope = scope
        self._colours = palette(theme)
        self._used: set[str] = set()

    def add(
        self,
        parent: ET.Element,
        tag: str,
        attributes: Mapping[str, str | float] | None = None,
        *,
        fill: str | None = None,
        stroke: str | None = None,
        extra_class: str = "",
    ) -> ET.Element:
        """Add an element; ``fill`` and ``stroke`` are roles, None leaves the attribute away."""
        made = ET.SubElement(parent, tag)
        for name, value in (attributes or {}).items():
            made.set(name, value if isinstance(value, str) else px(value))
        classes = [extra_class] if extra_class else []
        for kind, role in (("fill", fill), ("stroke", stroke)):
            if role is None:
                continue
            made.set(kind, self._colours[role])
            classes.append(f"{kind[0]}-{role}")
            self._used.add(f"{kind[0]}-{role}")
        if classes:
            made.set("class", " ".join(classes))
        return made

    def text(
        self,
        parent: ET.Element,
        text: str,
        x: float,
        y: float,
        size_px: float,
        fill: str,
        *,
        mono: bool = False,
        bold: bool = False,
        anchor: str = "",
        extra_class: str = "",
    ) -> ET.Element:
        """Add a text; where its width depends on the font, its length is pinned to the one reckoned with."""
        attributes: dict[str, str | float] = {"x": x, "y": y, "font-size": size_px}
        attributes["font-family"] = MONO if mono else SANS
        if bold:
            attributes["font-weight"] = "bold"
        if anchor:
            attributes["text-anchor"] = anchor
        if text and not is_predictable(text):
            attributes["textLength"] = text_width(text, size_px, mono=mono, bold=bold)
            attributes["lengthAdjust"] = "spacingAndGlyphs"
        made = self.add(parent, "text", attributes, fill=fill, extra_class=extra_class)
        made.text = text
        return made

    def write(self, stream: IO[str], width_px: float, height_px: float) -> None:
        """Write the file."""
        root = self.root
        root.set("width", px(width_px))
        root.set("height", px(height_px))
        root.set("viewBox", f"0 0 {px(width_px)} {px(height_px)}")
        style = ET.Element("style", {"type": "text/css"})  # SVG 1.1 demands the type
        style.text = style_sheet(self._theme, self._scope, self._used)
        root.insert(2, style)  # after title and desc
        stream.write(ET.tostring(root, encoding="unicode"))
        stream.write("\n")
