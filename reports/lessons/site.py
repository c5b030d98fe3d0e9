"""Pages of a site of lessons or guides: head, navigation, body, one style sheet; no script, no network."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources

from flasktrace.reports.lessons.words import lesson_words

STYLE = "site.css"
_LANGUAGES = {"en": "en", "zh": "zh-Hans"}
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Link:
    """Where a name leads to, relative to the page."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class NavigationGroup:
    """Links under one heading."""

    title: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class SitePage:
    """One page.

    Attributes:
        title: plain text.
        language: ``en`` or ``zh``.
        body_html: trusted.
        href: of this page as the navigation links to it, to mark it there.
        navigation: groups of links.
        other: the same page in the other language.
        previous, following: neighbours.
        root: the way to the folder with the style sheet, "" or "../".
    """

    title: str
    language: str
    body_html: str
    href: str = ""
    navigation: Sequence[NavigationGroup] = field(default_factory=tuple)
    other: Link | None = None
    previous: Link | None = None
    following: Link | None = None
    root: str = ""


def style_sheet() -> str:
    """The text of ``site.css``."""
    return resources.files("flasktrace.reports.lessons").joinpath(STYLE).read_text(encoding="utf-8")


def page_html(page: SitePage) -> str:
    """The whole HTML of a page."""
    words = lesson_words(page.language)
    other = (
        f'<a class="language" href="{escape(page.other.href)}">{escape(page.other.text)}</a>'
        if page.other
        else ""
    )
    near = "".join(
        f'<a rel="{rel}" href="{escape(link.href)}"><small>{escape(label)}</small>{escape(link.text)}</a>'
        for rel, label, link in (
            ("prev", words.previous, page.previous),
            ("next", words.following, page.following),
        )
        if link is not None
    )
    return f"""<!doctype html>
<html lang="{_LANGUAGES[page.language]}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(page.title)}</title>
<link rel="stylesheet" href="{page.root}{STYLE}">
</head>
<body>
<a class="skip" href="#text">{escape(words.skip)}</a>
<header><a class="name" href="{page.root}index.html">flasktrace</a>{other}</header>
<div class="columns">
<nav aria-label="{escape(words.contents)}">{_navigation(page)}</nav>
<main id="text">
{page.body_html}
<div class="near">{near}</div>
</main>
</div>
<footer>{escape(words.built)}</footer>
</body>
</html>
"""


def _navigation(page: SitePage) -> str:
    groups = []
    for group in page.navigation:
        items = []
        for link in group.links:
            here = ' aria-current="page"' if link.href == page.href else ""
            items.append(f'<li><a href="{escape(link.href)}"{here}>{escape(link.text)}</a></li>')
        groups.append(f"<p>{escape(group.title)}</p><ul>{''.join(items)}</ul>")
    return "".join(groups)
