"""The drawings of a page: one a chapter, with the page's style sheet in place of their own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from xml.etree import ElementTree

from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.sequence import LinkMode, SequenceOptions, Theme, chapter_figures, draw_sequence
from flasktrace.reports.sequence.theme import MONO

PREFIX = "d-"  # of every id in a drawing: the document has ids of its own
MARGIN_PX = 6
MAX_DRAWINGS = 120
_NAMESPACE = re.compile(r"^\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chapter's drawing as an ``<svg>`` element that stands in an HTML document."""

    chapter: int
    svg: str


def chapter_drawings(folded: FoldedTrace, language: str) -> Iterator[Drawing]:
    """The drawings of the first chapters, as many as :data:`MAX_DRAWINGS`.

    Args:
        folded: with a catalogue of the same language.
        language: of the drawings' own words.
    """
    options = SequenceOptions(
        has_notes=False, language=language, links=LinkMode.NONE, theme=Theme.LIGHT, id_prefix=PREFIX
    )
    for figure in islice(chapter_figures(folded, options), MAX_DRAWINGS):
        assert figure.options.chapters is not None
        chapter = folded.chapters[figure.options.chapters[0] - 1]
        svg = draw_sequence(folded, figure.options)
        ids = {f"{PREFIX}step-{number}" for number in range(chapter.first, chapter.last + 1)}
        yield Drawing(chapter.number, for_page(svg, f"{PREFIX}{chapter.number}-", ids))


def for_page(svg: str, prefix: str, ids: set[str]) -> str:
    """A drawing without its style sheet, tooltips and repeated fonts: the page has those.

    Args:
        svg: as :func:`draw_sequence` gives it.
        prefix: for the ids of title and description, which each drawing has.
        ids: of the elements that keep theirs.
    """
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            name = _NAMESPACE.sub("", child.tag)
            is_tooltip = name == "title" and parent is not root
            if name == "style" or is_tooltip:
                parent.remove(child)
    for element in root.iter():
        element.tag = _NAMESPACE.sub("", element.tag)
        element.tail = None
        if element.text is not None and not element.text.strip():
            element.text = None
        if element.get("id", "") not in ids:
            element.attrib.pop("id", None)  # a request, and a step that ends later, are in several drawings
        if element.get("font-family") == MONO:
            del element.attrib["font-family"]
            element.set("class", f"{element.get('class', '')} mono".strip())
    _crop(root)
    _name(root, prefix)
    return ElementTree.tostring(root, encoding="unicode")


def _crop(root: ElementTree.Element) -> None:
    """Cut off the drawing's own title, which the page has as a heading; its lines stand above the lanes."""
    heads = [float(rect.get("y", "0")) for rect in root.iter("rect") if "f-head" in rect.get("class", "")]
    if not heads:
        return
    top = min(heads) - MARGIN_PX
    for text in list(root):
        if text.tag == "text" and float(text.get("y", "0")) < top:
            root.remove(text)
    left, _, width, height = (float(number) for number in root.get("viewBox", "0 0 0 0").split())
    root.set("viewBox", f"{left:g} {top:g} {width:g} {height - top:g}")
    root.set("height", f"{height - top:g}")


def _name(root: ElementTree.Element, prefix: str) -> None:
    for attribute in ("font-family", "{http://www.w3.org/XML/1998/namespace}lang"):
        root.attrib.pop(attribute, None)
    for child in root:
        if child.tag in ("title", "desc"):
            child.set("id", prefix + child.tag)
    root.set("role", "group")
    root.set("aria-labelledby", prefix + "title")
    root.set("aria-describedby", prefix + "desc")
