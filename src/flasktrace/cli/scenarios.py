"""``flasktrace scenarios``: the bundled scenarios, grouped as a course."""

import shutil
import sys

import click

_ENDING = {
    "en": "flasktrace run NAME records one and shows it.",
    "zh": "flasktrace run NAME 记录其中一个并展示经过。",
}


@click.command()
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Language; else the locale's.")
def command(lang: str | None) -> None:
    """List the bundled scenarios, in the order to read them."""
    from flasktrace.cli.options import language_of_locale
    from flasktrace.reports.text import wrap
    from flasktrace.scenarios.catalog import list_scenarios

    language = lang or language_of_locale()
    scenarios = list_scenarios(language)
    width = max(len(scenario.name) for scenario in scenarios)
    room = shutil.get_terminal_size().columns - width - 4 if sys.stdout.isatty() else sys.maxsize
    group = None
    for scenario in scenarios:
        if scenario.group != group:
            click.echo(("" if group is None else "\n") + scenario.group)
            group = scenario.group
        first, *more = wrap(scenario.title, max(room, 20))
        click.echo(f"  {scenario.name:<{width}}  {first}")
        for line in more:
            click.echo(" " * (width + 4) + line)
    click.echo(f"\n{_ENDING[language]}")
