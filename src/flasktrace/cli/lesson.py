"""``flasktrace lesson``: check lessons against a real run, and build them."""

import sys
from pathlib import Path

import click

from flasktrace.cli.options import language_of_locale


@click.group()
def command() -> None:
    """Lessons: Markdown with blocks that are drawn from a run, and checked by it."""


@command.command()
@click.argument("lessons", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LESSON...")
@click.option(
    "--engine",
    type=click.Choice(["bundled", "installed", "both"]),
    help="Check on this engine, whatever the lesson names; else on those it names.",
)
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Language; else the locale's.")
def check(lessons: tuple[Path, ...], engine: str | None, lang: str | None) -> int:
    """Run each LESSON's scenario and tell of each expectation whether it is true, moved or false.

    LESSON is a Markdown file, or a folder of them. Exit status 1 when something is false.
    """
    from flasktrace.cli.lessons import check_lessons, find_lessons, read_lesson

    read = [read_lesson(path) for path in find_lessons(lessons)]
    language = lang or language_of_locale()
    return check_lessons(read, engine, sys.stdout, language)


@command.command()
@click.argument("lessons", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LESSON...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "page", "site"]),
    default="site",
    show_default=True,
    help="Markdown with SVGs, an interactive page for each lesson, or a site with an index.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("lessons-site"), metavar="DIR",
    show_default=True, help="Write the files there.",
)  # fmt: skip
@click.option("--engine", type=click.Choice(["bundled", "installed"]), help="Draw the runs of this engine.")
@click.option("--no-check", is_flag=True, help="Build also when an expectation is false.")
def build(lessons: tuple[Path, ...], form: str, output: Path, engine: str | None, no_check: bool) -> int:
    """Run the scenario of each LESSON, check it, and write it with its trees and drawings.

    Nothing is written, and the exit status is 1, when an expectation of a lesson is false.
    """
    from flasktrace.cli.lesson_building import build_lessons
    from flasktrace.cli.lessons import Recordings, check_lessons, find_lessons, read_lesson

    read = [read_lesson(path) for path in find_lessons(lessons)]
    recordings = Recordings()
    if not no_check and check_lessons(read, engine, sys.stderr, language_of_locale(), recordings):
        return 1
    for path in build_lessons(read, form, output, engine, recordings):
        click.echo(f"wrote {path}")
    return 0
