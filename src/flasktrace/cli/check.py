"""``flasktrace check``: is a call chain that someone wrote down what really happens?"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flasktrace.cli.recording import (
    RecordOptions,
    RequestsCommand,
    find_scenario,
    play_scenario,
    record_options,
)
from flasktrace.tracer.errors import UsageError

if TYPE_CHECKING:
    from flasktrace.tracer.model import Trace


@click.command(cls=RequestsCommand)
@click.argument("chain", metavar="CHAIN")
@click.argument("target", metavar="SCENARIO|TRACE")
@record_options
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Language; else the locale's.")
def command(chain: str, target: str, record: RecordOptions, lang: str | None) -> int:
    """Hold CHAIN, 'a -> b -> c', against a real run; exit status 1 when something in it is false.

    CHAIN is the text itself, a file with it, or - for stdin. The notation is that of blogs: arrows or
    line breaks, bare or dotted names, arguments, remarks in brackets, `name: expression`.
    """
    from flasktrace.cli.options import language_of_locale
    from flasktrace.reports.chain import Verdict, check_chain, parse_chain
    from flasktrace.reports.chain.report import write_arrows

    names = parse_chain(_read_chain(chain))
    arrows = check_chain(load_trace(target, record), names)
    write_arrows(arrows, sys.stdout, lang or language_of_locale(), is_coloured=sys.stdout.isatty())
    return 1 if any(arrow.verdict is Verdict.FALSE for arrow in arrows) else 0


def _read_chain(chain: str) -> str:
    if chain == "-":
        return sys.stdin.read()
    try:
        is_file = len(chain) < 4096 and "\n" not in chain and Path(chain).is_file()
    except (OSError, ValueError):
        is_file = False
    if not is_file:
        return chain
    try:
        return Path(chain).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the chain in {chain}: {error}") from None


def load_trace(target: str, record: RecordOptions) -> "Trace":
    """The trace that a SCENARIO|TRACE argument names: read, or recorded now without printing anything.

    Raises:
        FlasktraceError: it cannot be read, or the scenario fails.
    """
    from flasktrace.cli.traces import looks_like_trace, open_trace

    if looks_like_trace(Path(target)):
        return open_trace(Path(target))
    result = play_scenario(find_scenario(target), record, None)
    if result.failure is not None:
        raise result.failure
    return result.trace
