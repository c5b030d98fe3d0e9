"""Writes lessons: Markdown with SVGs, interactive pages, or a site with an index."""

import html
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from flasktrace.cli.lessons import Recordings, on_engine
from flasktrace.cli.paging import LANGUAGES, licence_notices, read_source
from flasktrace.cli.viewing import make_folder, write_file
from flasktrace.reports.lessons.building import BuiltLesson, build_parts
from flasktrace.reports.lessons.figures import Figure
from flasktrace.reports.lessons.html import lesson_html
from flasktrace.reports.lessons.lesson import Lesson
from flasktrace.reports.lessons.markdown import drawing_name, to_markdown
from flasktrace.reports.lessons.site import (
    STYLE,
    Link,
    NavigationGroup,
    SitePage,
    page_html,
    style_sheet,
)
from flasktrace.reports.lessons.words import lesson_words
from flasktrace.scenarios.annotate import load_catalogue

OTHER = {"en": "zh", "zh": "en"}


def build_lessons(
    lessons: Sequence[Lesson], form: str, folder: Path, engine: str | None, recordings: Recordings
) -> Iterator[Path]:
    """Write lessons into a folder, and give the files as they are written.

    Args:
        lessons: as they were read.
        form: ``markdown``, ``page`` or ``site``.
        folder: is made when it is not there.
        engine: draw the runs of this engine; None for the first that each lesson names.
        recordings: what was recorded for the check already.

    Raises:
        UsageError: a lesson shows what is not in its run, or a file cannot be written.
    """
    built = [build_lesson(lesson, engine, recordings) for lesson in lessons]
    make_folder(folder)
    for each in built:
        if form == "markdown":
            yield from _write_all(folder, to_markdown(each))
        elif form == "page":
            yield write_file(folder / f"{each.stem}.html", run_page(each, recordings))
        else:
            yield from _write_all(folder, site_files(each, built, recordings))
    if form == "site":
        yield write_file(folder / STYLE, style_sheet())
        yield write_file(folder / "index.html", _index(built))


def build_lesson(lesson: Lesson, engine: str | None, recordings: Recordings) -> BuiltLesson:
    """Record a lesson's runs and make its parts."""
    moved = on_engine(lesson, engine) if engine is not None else lesson
    catalogues = {language: load_catalogue(language) for language in LANGUAGES}
    return build_parts(moved, lambda run, each: recordings.trace(moved, run, each), catalogues, read_source)


def _write_all(folder: Path, files: dict[str, str]) -> Iterator[Path]:
    for name, text in files.items():
        yield write_file(folder / name, text)


def site_files(
    built: BuiltLesson,
    all_built: Sequence[BuiltLesson],
    recordings: Recordings,
    more: Sequence[NavigationGroup] = (),
    root: str = "",
) -> dict[str, str]:
    """The files of one lesson of a site by name: its text, its drawings, and the run to step through.

    Args:
        built: the lesson.
        all_built: all lessons of the site, for the navigation.
        recordings: the runs.
        more: further groups of the navigation.
        root: the way to the folder with the style sheet.
    """
    lesson = built.lesson
    same = [each for each in all_built if each.lesson.language == lesson.language]
    links = [Link(each.lesson.title, f"{each.stem}.html") for each in same]
    i = same.index(built)
    words = lesson_words(lesson.language)
    run = f'<p><a href="{html.escape(built.stem)}-run.html">{html.escape(words.page)}</a></p>'
    page = SitePage(
        lesson.title,
        lesson.language,
        lesson_html(built) + run,
        f"{built.stem}.html",
        (*more, NavigationGroup(words.lessons, tuple(links))),
        _other(built, all_built),
        links[i - 1] if i else None,
        links[i + 1] if i + 1 < len(links) else None,
        root,
    )
    drawings = [part.svg for part in built.parts if isinstance(part, Figure) and part.svg]
    return {
        f"{built.stem}.html": page_html(page),
        f"{built.stem}-run.html": run_page(built, recordings, is_alone=False),
        **{drawing_name(built, number): svg for number, svg in enumerate(drawings, 1)},
    }


def _other(built: BuiltLesson, all_built: Sequence[BuiltLesson]) -> Link | None:
    """The same lesson in the other language: ``a.zh.md`` beside ``a.en.md``."""
    language = built.lesson.language
    stem = built.stem.removesuffix(f".{language}") + f".{OTHER[language]}"
    if any(each.stem == stem for each in all_built):
        return Link(lesson_words(language).other_language, f"{stem}.html")
    return None


def run_page(built: BuiltLesson, recordings: Recordings, is_alone: bool = True) -> str:
    """The interactive page of a lesson's run; alone, it begins with the lesson's text."""
    from flasktrace.reports.page import PageOptions, write_page

    lesson = built.lesson
    trace = recordings.trace(lesson, lesson.run, lesson.engines[0])
    stream = io.StringIO()
    options = PageOptions(
        {language: load_catalogue(language) for language in LANGUAGES},
        language=lesson.language,
        title=lesson.title,
        read_source=read_source,
        notices=licence_notices(lesson.engines[0]),
        introduction_html=lesson_html(built, _no_drawing) if is_alone else "",
    )
    write_page(trace, stream, options)
    return stream.getvalue()


def _no_drawing(figure: Figure, number: int) -> str:
    """The page draws the run itself: its own drawing stands for those of the lesson."""
    return f"<p><em>{html.escape(figure.caption)}</em></p>" if figure.caption else ""


def _index(built: Sequence[BuiltLesson]) -> str:
    language = built[0].lesson.language
    parts = []
    for each in dict.fromkeys(lesson.lesson.language for lesson in built):
        words = lesson_words(each)
        items = "".join(
            f'<li><a href="{html.escape(lesson.stem)}.html">{html.escape(lesson.lesson.title)}</a></li>'
            for lesson in built
            if lesson.lesson.language == each
        )
        parts.append(f'<h2 lang="{each}">{html.escape(words.lessons)}</h2><ol lang="{each}">{items}</ol>')
    title = lesson_words(language).lessons
    return page_html(
        SitePage(title, language, f"<h1>{html.escape(title)}</h1>{''.join(parts)}", "index.html")
    )
