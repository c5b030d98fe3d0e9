"""``flasktrace scenarios``: the bundled scenarios, grouped as a course."""

import click


@click.command()
def command() -> None:
    """List the bundled scenarios, in the order to read them."""
    from flasktrace.scenarios.catalog import list_scenarios

    scenarios = list_scenarios()
    width = max(len(scenario.name) for scenario in scenarios)
    group = None
    for scenario in scenarios:
        if scenario.group != group:
            click.echo(("" if group is None else "\n") + scenario.group)
            group = scenario.group
        click.echo(f"  {scenario.name:<{width}}  {scenario.title}")
    click.echo("\nflasktrace run NAME records one and shows it.")
