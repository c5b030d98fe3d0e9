"""The options that every view shares, and what they are made into."""

import locale
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

LEVELS = ("chapters", "milestones", "pipeline", "all")


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """What of a trace is shown, and in which words.

    Attributes:
        level: chapters, milestones, pipeline or all.
        only, hide, callers_of: names of functions or modules.
        depth: calls deeper than this are left out; None for no limit.
        phase, request, thread: keep one only.
        language: "en" or "zh".
        values: show parameters and what came back.
        annotations: a user's own annotations file, or None.
        resolution: note where inherited methods were found.
        explain: say beside each landmark what it does; None for what suits the output.
        times: show times; without them the same run gives the same bytes.
        link: where the names in drawings lead to: local, upstream or none.
        split: None for all requests in one drawing; requests or chapters for a drawing each.
        graph_format: of the call graph's file.
        page: write the page in place of tree and drawings.
        state: under each call of the tree what it changed of what Flask keeps.
        hooks: behind the tree, which hooks ran, which did not, and why.
    """

    level: str = "milestones"
    only: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    callers_of: str | None = None
    depth: int | None = None
    phase: str | None = None
    request: int | None = None
    thread: str | None = None
    language: str = "en"
    values: bool = True
    annotations: Path | None = None
    resolution: bool = False
    explain: bool | None = None
    times: bool = True
    link: str = "local"
    split: str | None = None
    graph_format: str = "svg"
    page: bool = False
    state: bool = False
    hooks: bool = False


def language_of_locale() -> str:
    """``zh`` when the user's locale is Chinese, else ``en``."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


_OPTIONS = [
    click.option(
        "--level",
        type=click.Choice(LEVELS),
        default="milestones",
        show_default=True,
        help="How much is shown; what is folded away is counted.",
    ),
    click.option("--only", multiple=True, metavar="NAME", help="Show only these functions or modules."),
    click.option("--hide", multiple=True, metavar="NAME", help="Leave these functions or modules out."),
    click.option("--callers-of", metavar="NAME", help="Show only the way to this function."),
    click.option("--depth", type=click.IntRange(0), metavar="N", help="Leave out calls deeper than N."),
    click.option("--phase", metavar="ID", help="Show one phase only."),
    click.option("--request", type=click.IntRange(1), metavar="N", help="Show one request only."),
    click.option("--thread", metavar="NAME", help="Show one thread only, by name or number."),
    click.option("--lang", type=click.Choice(["en", "zh"]), help="Language; else the locale's."),
    click.option("--no-values", is_flag=True, help="Show no parameters and results."),
    click.option(
        "--annotations",
        type=click.Path(path_type=Path),
        help="A file of your own explanations, on top of the bundled ones.",
    ),
    click.option("--resolution", is_flag=True, help="Note in which class an inherited method was found."),
    click.option(
        "--explain/--no-explain",
        default=None,
        help="Say what each step does; by default on a terminal, not in a pipe.",
    ),
    click.option("--no-times", is_flag=True, help="Show no times: the same run then gives the same bytes."),
    click.option(
        "--link",
        type=click.Choice(["local", "upstream", "none"]),
        default="local",
        show_default=True,
        help="Where names in drawings lead: your files, the projects' repositories, or nowhere.",
    ),
    click.option(
        "--split",
        type=click.Choice(["requests", "chapters"]),
        help="A sequence diagram for each request, or each chapter (as wide as a page).",
    ),
    click.option(
        "--graph-format",
        type=click.Choice(["svg", "dot", "png", "pdf"]),
        default="svg",
        show_default=True,
        help="Of the call graph; png and pdf need Graphviz' `dot`.",
    ),
]

# What only the commands that print the tree can show.
_PAGE_OPTIONS = [
    click.option(
        "--view", type=click.Choice(["page"]), help="Write this, one page.html for a browser, and no tree."
    ),
    click.option(
        "--state", is_flag=True, help="Show what each call changed of contexts, session, g, headers."
    ),
    click.option("--hooks", is_flag=True, help="List each registered hook: whether it ran, and why not."),
]


def page_options(command: Command) -> Command:
    """Add the options of page, state and hooks to a command that has the shared ones (above those)."""
    decorated: Any = command
    for option in reversed(_PAGE_OPTIONS):
        decorated = option(decorated)
    result: Command = decorated
    return result


def view_options(command: Command, left_out: Sequence[str] = ()) -> Command:
    """Add the shared options to a command; it takes them as one argument, ``view``.

    Args:
        command: to add them to.
        left_out: options, by their names in :class:`ViewOptions`, that mean nothing to it.
    """
    import functools

    @functools.wraps(command)
    def with_view(*args: Any, **kwargs: Any) -> Any:
        lang = kwargs.pop("lang")
        no_values = kwargs.pop("no_values")
        no_times = kwargs.pop("no_times")
        page = kwargs.pop("view", None) == "page"
        state, hooks = kwargs.pop("state", False), kwargs.pop("hooks", False)
        names = (
            "level", "only", "hide", "callers_of", "depth", "phase",
            "request", "thread", "annotations", "resolution", "explain", "link", "split", "graph_format",
        )  # fmt: skip
        view = ViewOptions(
            **{name: kwargs.pop(name) for name in names if name not in left_out},
            language=lang or language_of_locale(),
            values=not no_values,
            times=not no_times,
            page=page,
            state=state,
            hooks=hooks,
        )
        return command(*args, view=view, **kwargs)

    decorated: Any = with_view
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    parameters = decorated.__click_params__  # where click keeps options until the command is made
    parameters[:] = [parameter for parameter in parameters if parameter.name not in left_out]
    result: Command = decorated
    return result
