"""``flasktrace explain``: what a function does, where it is, who calls it."""

import sys

import click


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--engine", type=click.Choice(["bundled", "installed"]), default="bundled", show_default=True)
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Language; else the locale's.")
def command(name: str, engine: str, lang: str | None) -> None:
    """Explain NAME, for example Flask.wsgi_app or flask.ctx:RequestContext.push."""
    from flasktrace.cli.explaining import explain
    from flasktrace.cli.options import language_of_locale

    explain(name, engine, lang or language_of_locale(), sys.stdout)
