"""A lesson as plain data: text, and blocks that say what to show, to expect and to ask."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from flasktrace.tracer.errors import UsageError

ENGINES = ("bundled", "installed")


class LessonError(UsageError):
    """What is wrong in a lesson, and where.

    Attributes:
        line: in the file, from 1.
        reason: without the path and the line, which the message begins with.
    """

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.line = line
        self.reason = reason


class ShowKind(Enum):
    """What a block shows."""

    TREE = "tree"
    DIAGRAM = "diagram"
    GRAPH = "graph"
    SOURCE = "source"
    STATE = "state"
    HOOKS = "hooks"


class Claim(Enum):
    """What an expectation says of the run; the values are the words of the format."""

    CALLS = "calls"
    NOT_CALLED = "not called"
    SAME_THREAD = "same thread"
    OTHER_THREAD = "other thread"
    FILE = "file"
    RECEIVER = "called on"
    ARGUMENT = "argument"
    RETURNS = "returns"
    RAISES = "raises"
    TIMES = "times"
    STATE = "state"
    TABLES = "tables"
    STATUS = "status"


class Fact(Enum):
    """What the answer to a question is taken from."""

    CALLER = "caller of"
    NEXT = "next after"
    VALUE = "value of"
    CLASS = "class of"
    FILE = "file of"
    COUNT = "count of"
    THREAD = "thread of"


@dataclass(frozen=True, slots=True)
class Run:
    """What a block is about: a run of a scenario.

    Attributes:
        scenario: a path, a bundled scenario's name, or ``package.module:app``; as the lesson writes it.
        requests: as ``-r`` takes them; none for the scenario's own.
    """

    scenario: str
    requests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """Markdown that is passed on as it stands."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Block:
    """What the three kinds of block share.

    Attributes:
        line: of the block in the file, from 1.
        run: which run it is about.
        engines: the engines it holds for; a lesson's block holds for all engines of the lesson.
        request: number of the request it is about, or None for the whole run.
    """

    line: int
    run: Run
    engines: tuple[str, ...]
    request: int | None = None


@dataclass(frozen=True, slots=True)
class Show(Block):
    """Something to show.

    Attributes:
        kind: what.
        chapter: id of a phase, or "".
        of: the call of this name and all below it, or "".
        until: with ``of``: from that call on until the call of this name ends, or "".
        level: chapters, milestones, pipeline, all.
        caption: under it, or "".
        with_times: show times, which differ from run to run.
    """

    kind: ShowKind = ShowKind.TREE
    chapter: str = ""
    of: str = ""
    until: str = ""
    level: str = "milestones"
    caption: str = ""
    with_times: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line of an *expect* block: a claim and what it is about.

    Attributes:
        claim: which kind.
        text: as written, for messages.
        line: in the file, from 1.
        names: the functions it is about, as written; for ``calls`` the links of the chain.
        hand_overs: for ``calls``: the arrows, from 0, that are written ``~>``, into another thread.
        subject: the parameter's name for ``argument``.
        wanted: the value, file, class, number or text that is expected, or "".
    """

    claim: Claim
    text: str
    line: int
    names: tuple[str, ...] = ()
    hand_overs: frozenset[int] = frozenset()
    subject: str = ""
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Expect(Block):
    """Claims that a run must bear out."""

    expectations: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask(Block):
    """A question whose answer is taken from the run."""

    question: str = ""
    fact: Fact = Fact.CALLER
    name: str = ""
    because: str = ""


Part = Text | Show | Expect | Ask


@dataclass(slots=True)
class Lesson:
    """A lesson as it was written.

    Attributes:
        path: of the file, for messages.
        title: from the front matter, else the first heading.
        language: ``en`` or ``zh``.
        run: the scenario and requests of blocks that name none.
        engines: what it is checked on, the first is the one that is drawn.
        parts: in order.
    """

    path: str
    title: str
    language: str
    run: Run
    engines: tuple[str, ...]
    parts: list[Part] = field(default_factory=list)

    def blocks(self) -> Iterator[Show | Expect | Ask]:
        """All parts but the text."""
        return (part for part in self.parts if not isinstance(part, Text))

    def runs(self) -> list[tuple[Run, str]]:
        """The runs, with their engines, that its blocks need; each once, in order."""
        return list(dict.fromkeys((block.run, engine) for block in self.blocks() for engine in block.engines))
