"""Builds the documentation as a site: the guides and the lessons in both languages, and the gallery.

    python docs/build_site.py [FOLDER]

writes ``docs/site``: plain HTML without scripts or addresses outside, to be opened from the disk or put on
any web server. The lessons are checked by real runs first; nothing is written when a claim is false.
"""

import re
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from flasktrace.cli.lesson_building import build_lesson, site_files
from flasktrace.cli.lessons import Recordings, check_lessons, find_lessons, read_lesson
from flasktrace.reports.lessons.html import markdown_to_html
from flasktrace.reports.lessons.lesson import Lesson
from flasktrace.reports.lessons.site import (
    STYLE,
    Link,
    NavigationGroup,
    SitePage,
    page_html,
    style_sheet,
)
from flasktrace.reports.lessons.words import lesson_words

DOCS = Path(__file__).resolve().parent
LESSONS = DOCS.parent / "scenarios" / "lessons"
GUIDES = (
    *("run", "course", "views", "draw", "step", "page", "trace-your-app", "diff", "what-changed", "teach"),
    *("check", "embed", "performance", "safety", "reference"),
)
LANGUAGES = ("en", "zh")
OTHER = {"en": "zh", "zh": "en"}
HEADINGS = {"en": "Guides", "zh": "指南"}
GALLERY = {"en": ("Gallery", "README.html"), "zh": ("图库", "README.zh.html")}


def main() -> int:
    """Write the site into the folder named, else into ``docs/site``."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "site"
    lessons = [read_lesson(path) for path in find_lessons([LESSONS])]
    recordings = Recordings()
    if check_lessons(lessons, None, sys.stderr, "en", recordings):
        return 1
    for name, text in site(lessons, recordings):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    print(f"wrote {folder}")
    return 0


def site(lessons: list[Lesson], recordings: Recordings) -> Iterator[tuple[str, str]]:
    """The files by name."""
    built = [build_lesson(lesson, None, recordings) for lesson in lessons]
    for each in built:
        language = each.lesson.language
        more = (guide_group(language, f"../{language}/"), gallery_group(language, "../gallery/"))
        for name, text in site_files(each, built, recordings, more, "../").items():
            yield f"lessons/{name}", text.replace('href="../../docs/', 'href="../')
    for language in LANGUAGES:
        words = lesson_words(language)
        own = [each for each in built if each.lesson.language == language]
        links = tuple(Link(each.lesson.title, f"../lessons/{each.stem}.html") for each in own)
        groups = (
            NavigationGroup(words.lessons, links),
            guide_group(language, ""),
            gallery_group(language, "../gallery/"),
        )
        yield from guide_pages(language, groups)
        yield from gallery_pages(language, guide_group(language, f"../{language}/"))
        yield f"{language}/index.html", start_page(language, groups)
    for picture in sorted((DOCS / "gallery").glob("*.*")):
        if picture.suffix in (".svg", ".txt"):
            yield f"gallery/{picture.name}", picture.read_text(encoding="utf-8")
    yield STYLE, style_sheet()
    links_html = "".join(
        f'<li><a lang="{language}" href="{language}/index.html">{text}</a></li>'
        for language, text in (("en", "English"), ("zh", "中文"))
    )
    yield "index.html", page_html(SitePage("flasktrace", "en", f"<h1>flasktrace</h1><ul>{links_html}</ul>"))


def guide_group(language: str, way: str) -> NavigationGroup:
    """The guides' links."""
    found = tuple(Link(title_of(path), f"{way}{path.stem}.html") for path in guides(language))
    return NavigationGroup(HEADINGS[language], found)


def gallery_group(language: str, way: str) -> NavigationGroup:
    """The gallery's link."""
    title, name = GALLERY[language]
    return NavigationGroup(title, (Link(title, f"{way}{name}"),))


def guides(language: str) -> list[Path]:
    """The guides that there are, in order."""
    return [path for name in GUIDES if (path := DOCS / language / f"{name}.md").is_file()]


def title_of(path: Path) -> str:
    """The first heading, without marks."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ").replace("`", "")


def guide_pages(language: str, groups: tuple[NavigationGroup, ...]) -> Iterator[tuple[str, str]]:
    """Each guide as a page."""
    paths = guides(language)
    for i, path in enumerate(paths):
        near = [Link(title_of(each), f"{each.stem}.html") for each in paths]
        other = None
        if (DOCS / OTHER[language] / path.name).is_file():
            other = Link(lesson_words(language).other_language, f"../{OTHER[language]}/{path.stem}.html")
        page = SitePage(
            title_of(path), language, markdown_to_html(path.read_text(encoding="utf-8")), f"{path.stem}.html",
            groups, other, near[i - 1] if i else None, near[i + 1] if i + 1 < len(near) else None, "../",
        )  # fmt: skip
        yield f"{language}/{path.stem}.html", page_html(page)


def gallery_pages(language: str, group: NavigationGroup) -> Iterator[tuple[str, str]]:
    """The index of the gallery."""
    title, name = GALLERY[language]
    text = (DOCS / "gallery" / name.replace(".html", ".md")).read_text(encoding="utf-8")
    other = Link(lesson_words(language).other_language, GALLERY[OTHER[language]][1])
    page = SitePage(title, language, markdown_to_html(text), name, (group,), other, root="../")
    yield f"gallery/{name}", page_html(page)


def start_page(language: str, groups: tuple[NavigationGroup, ...]) -> str:
    """What there is."""
    body = [f"<h1>flasktrace</h1><p>{escape(summary(language))}</p>", markdown_to_html(first_steps(language))]
    for group in groups:
        items = "".join(
            f'<li><a href="{escape(link.href)}">{escape(link.text)}</a></li>' for link in group.links
        )
        body.append(f"<h2>{escape(group.title)}</h2><ul>{items}</ul>")
    other = Link(lesson_words(language).other_language, f"../{OTHER[language]}/index.html")
    return page_html(SitePage("flasktrace", language, "".join(body), "index.html", groups, other, root="../"))


def first_steps(language: str) -> str:
    """The first section of the README, how to try it."""
    return "## " + readme(language).split("\n## ")[1]


def readme(language: str) -> str:
    """The text of the README."""
    name = "README.md" if language == "en" else f"README.{language}.md"
    return (DOCS.parent / name).read_text(encoding="utf-8")


def summary(language: str) -> str:
    """The first paragraph of the README, without marks."""
    paragraph = readme(language).split("\n\n")[1]
    return re.sub(r"[*`]", "", paragraph.replace("\n", " " if language == "en" else ""))


if __name__ == "__main__":
    sys.exit(main())
