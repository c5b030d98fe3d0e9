"""What a page shows and how; and the plain data it is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.hooks import Ledger
from flasktrace.reports.state import StateLane
from flasktrace.tracer.catalogue import Catalogue

MAX_DRAWN_STEPS = 400


def no_source(file_path: str) -> list[str] | None:
    """The source of no file, for pages that carry none."""
    return None


@dataclass(frozen=True, slots=True)
class PageOptions:
    """The choices for one page.

    Attributes:
        catalogues: explanations by language; the page can be switched between these.
        language: the one it opens in, a key of ``catalogues``.
        title: of the page; the scenario's name when left out.
        level: how much is shown.
        filtered_count: calls that a filter took out before.
        read_source: gives the lines of a source file, or None where it cannot; the renderer opens no file.
        notices: licences of the projects whose source the page carries: a text by the project's name.
        introduction_html: trusted HTML put before the chapters, such as a lesson's text. Inline styles,
            scripts and remote images in it are not run or loaded: the page's security policy forbids them.
        max_drawn_steps: the drawing and the document without JavaScript show no more steps than this.
    """

    catalogues: Mapping[str, Catalogue]
    language: str = "en"
    title: str = ""
    level: Level = Level.MILESTONES
    filtered_count: int = 0
    read_source: Callable[[str], list[str] | None] = no_source
    notices: Mapping[str, str] = field(default_factory=dict)
    introduction_html: str = ""
    max_drawn_steps: int = MAX_DRAWN_STEPS


@dataclass(slots=True)
class PageData:
    """All that a page shows, before it is written.

    Attributes:
        options: how it is shown.
        title: clean.
        folded: the steps of the tree and of the moves.
        drawn: what the drawing and the document show; the same as ``folded`` unless that is too long.
        lane, ledgers: the state lane and the hook ledgers.
        script: what the page's script works from, JSON-able: columns by step, and tables they point to.
        function_numbers: position of each shown function in the script's table, by its id.
    """

    options: PageOptions
    title: str
    folded: FoldedTrace
    drawn: FoldedTrace
    lane: StateLane
    ledgers: list[Ledger]
    script: dict[str, Any] = field(default_factory=dict)
    function_numbers: dict[int, int] = field(default_factory=dict)

    @property
    def is_numbered_alike(self) -> bool:
        """Whether a step has one number in the drawings and in the tree."""
        return self.drawn.level is self.folded.level

    @property
    def catalogue(self) -> Catalogue:
        """The explanations in the language the page opens in."""
        return self.options.catalogues[self.options.language]
