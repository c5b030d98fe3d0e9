"""The steps of a folded trace as a tree of small integers, made to be compared.

Steps are in pre-order, so the steps below step ``i`` are those from ``i + 1`` to ``i + size[i] - 1``. Index
``len(steps)`` stands for the root above all.
"""

from dataclasses import dataclass, field

from flasktrace.reports.folded import FoldedTrace, Step
from flasktrace.reports.sequence.components import component_of
from flasktrace.tracer.model import Function, Origin, Outcome, Raised, Returned

MatchKey = tuple[str, str]


def match_key(function: Function) -> MatchKey:
    """What makes two functions the same step of the pipeline, whatever the engine.

    The lane of the diagram and the name: ``Flask.before_request`` of 1.1 and the one that 3.x inherits from
    ``flask.sansio.scaffold`` are the same step. The user's own code is told apart by its full name.
    """
    if function.origin is Origin.USER:
        return ("user", function.qualname)
    return (component_of(function).key, function.name)


def outcome_key(outcome: Outcome) -> str:
    """How a call ended, without its value."""
    if isinstance(outcome, Raised):
        return f"raised {outcome.class_name}"
    return "returned" if isinstance(outcome, Returned) else "unfinished"


@dataclass(slots=True)
class StepTree:
    """A folded trace's steps, ready to be aligned."""

    steps: list[Step] = field(default_factory=list)
    keys: list[MatchKey] = field(default_factory=list)
    children: list[list[int]] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    digest: list[int] = field(default_factory=list)  # equal for subtrees of equal calls and outcomes

    @property
    def root(self) -> int:
        """The index of the root above all steps."""
        return len(self.steps)


def step_tree(folded: FoldedTrace) -> StepTree:
    """Read all steps once."""
    tree = StepTree(steps=list(folded.steps))
    count = len(tree.steps)
    tree.children = [[] for _ in range(count + 1)]
    tree.parents = [count] * count
    keys_of: dict[int, MatchKey] = {}
    for i, step in enumerate(tree.steps):
        function = step.function
        if function.id not in keys_of:
            keys_of[function.id] = match_key(function)
        tree.keys.append(keys_of[function.id])
        parent = count if step.parent_number is None else step.parent_number - 1
        tree.parents[i] = parent
        tree.children[parent].append(i)
    tree.size = [1] * (count + 1)
    tree.digest = [0] * (count + 1)
    for i in (*range(count - 1, -1, -1), count):
        below = tree.children[i]
        tree.size[i] += sum(tree.size[child] for child in below)
        own = _own_digest(tree.steps[i]) if i < count else 0
        tree.digest[i] = hash((own, tuple(tree.digest[child] for child in below)))
    return tree


def _own_digest(step: Step) -> int:
    function = step.function
    where = (function.qualname,) if function.origin is Origin.USER else (function.module, function.qualname)
    return hash((where, outcome_key(step.call.outcome), step.repeat_count))
