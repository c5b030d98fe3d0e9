"""The parts of a lesson as pieces of somebody else's HTML page: of Sphinx, MkDocs or a notebook."""

from html import escape
from importlib import resources

from flasktrace.reports.lessons.building import Made
from flasktrace.reports.lessons.figures import Figure
from flasktrace.reports.lessons.html import part_html
from flasktrace.reports.lessons.lesson import ShowKind
from flasktrace.reports.lessons.words import lesson_words

EMBED_STYLE = "embed.css"


def embed_style() -> str:
    """The style sheet for the pieces; all its rules are held to them."""
    return resources.files("flasktrace.reports.lessons").joinpath(EMBED_STYLE).read_text(encoding="utf-8")


def kind_name(kind: ShowKind, language: str) -> str:
    """What a block shows, in words: "Sequence diagram"."""
    return str(getattr(lesson_words(language), f"kind_{kind.value}"))


def embedded_html(part: Made, language: str, says: str = "") -> str:
    """A piece of a page.

    Args:
        part: as it was made; a drawing with the theme ``PAGE`` and ids of its own.
        language: of the fixed words.
        says: what a drawing shows, for screen readers; by default its caption, else its kind.
    """
    if not isinstance(part, Figure) or not part.svg:
        return f'<div class="flasktrace">{part_html(part, language)}</div>'
    label = escape(says or part.caption or kind_name(part.kind, language))
    drawing = (
        f'<div class="flasktrace-drawing" role="region" tabindex="0" aria-label="{label}">{part.svg}</div>'
    )
    if not part.caption:
        return f'<div class="flasktrace">{drawing}</div>'
    return f'<figure class="flasktrace">{drawing}<figcaption>{escape(part.caption)}</figcaption></figure>'
