"""The folded trace: plain data that every view draws from. ``reports.folding`` makes it.

A :class:`Step` stands for one call that is shown, or for a run of equal calls. Steps are in
chronological order (pre-order of the call tree, a new thread's calls under the call that started it),
so a view that streams goes through them once.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from flasktrace.tracer.catalogue import Landmark, Phase
from flasktrace.tracer.model import Call, Function, Request, Trace


class Level(Enum):
    """How much is shown, from least to most."""

    CHAPTERS = "chapters"
    MILESTONES = "milestones"
    PIPELINE = "pipeline"  # every function the catalogue knows, and the user's own
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Step:
    """A call that is shown.

    Attributes:
        number: from 1, in order; stable for the same trace and options.
        depth: among the shown steps, 0 for a root.
        parent_number: the step it is drawn under, or None.
        hidden_count: calls folded away under this step (and under its repetitions), drawn as ``+12``.
        repeat_count: how many adjacent equal runs this one stands for; 1 for a plain step.
        repeat_ns: total time of all the repetitions of this step's call, itself included.
        is_hand_over: it is the first call of a thread that the parent step's call started.
        is_new_process: that thread is one of another process.
        resumed_count: how often the call, a generator, was resumed.
    """

    number: int
    call: Call
    function: Function
    landmark: Landmark | None
    depth: int
    parent_number: int | None
    phase: Phase | None
    hidden_count: int = 0
    repeat_count: int = 1
    repeat_ns: int = 0
    is_hand_over: bool = False
    is_new_process: bool = False
    resumed_count: int = 0


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of the story: one phase, of the start-up or of one request.

    ``first`` and ``last`` are step numbers, both inclusive; ``call_count`` counts all calls in it, the
    folded ones too.
    """

    number: int
    phase: Phase | None
    request: Request | None
    first: int
    last: int
    call_count: int


@dataclass(slots=True)
class FoldedTrace:
    """What a view draws: steps, chapters, and how much was left out and why."""

    trace: Trace
    level: Level
    steps: Sequence[Step] = field(default_factory=list)
    chapters: Sequence[Chapter] = field(default_factory=list)
    total_call_count: int = 0  # of the trace: shown + repeated + hidden + filtered
    hidden_count: int = 0  # folded away under some step
    filtered_count: int = 0  # taken out by --only, --hide, --depth, ...
    notice: str = ""  # e.g. that a view too large stepped up one level, and what it hid
    owners: Sequence[int] = field(default_factory=list)  # by position in trace.calls: its step's number
    parent_numbers: Sequence[int] = field(default_factory=list)  # by step; 0 for none
    # Steps with equal keys have equal labels, times aside: the keys of the steps from one to another number.
    label_keys: Callable[[int, int], Iterable[Hashable]] = lambda first, last: range(first, last + 1)
    times_ns: Sequence[int] = field(default_factory=list)  # by step: repeat_ns
