"""Each arrow of a written chain, held against the calls of a trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from flasktrace.reports.chain.notation import Name
from flasktrace.tracer.model import Function, Trace


class Verdict(Enum):
    """What becomes of an arrow."""

    TRUE = "true"
    MOVED = "moved"
    FALSE = "false"


class Relation(Enum):
    """How the two ends of an arrow really stand to each other."""

    DIRECT = "calls directly"
    THROUGH = "calls through"
    ORDER = "happens in this order"
    OTHER_THREAD = "in another thread"
    REVERSED = "the other way round"
    ABSENT = "does not happen"


_VERDICTS = {
    Relation.DIRECT: Verdict.TRUE,
    Relation.THROUGH: Verdict.TRUE,
    Relation.ORDER: Verdict.TRUE,
    Relation.OTHER_THREAD: Verdict.MOVED,
    Relation.REVERSED: Verdict.FALSE,
    Relation.ABSENT: Verdict.FALSE,
}


@dataclass(frozen=True, slots=True)
class Arrow:
    """One arrow and what a real run says of it.

    Attributes:
        source, target: the two names as written.
        relation: how the calls stand to each other.
        source_call, target_call: ids of the calls that show it, or None.
        through: the calls between the two, outermost first.
        elsewhere: for a name that is defined in another place than was written: (name, real function).
        missing: names that no call has.
    """

    source: Name
    target: Name
    relation: Relation
    source_call: int | None = None
    target_call: int | None = None
    through: tuple[Function, ...] = ()
    elsewhere: tuple[tuple[Name, Function], ...] = ()
    missing: tuple[Name, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """True, moved (another thread or another place), or false."""
        verdict = _VERDICTS[self.relation]
        return Verdict.MOVED if verdict is Verdict.TRUE and self.elsewhere else verdict


def check_chain(trace: Trace, names: Sequence[Name]) -> list[Arrow]:
    """Hold each arrow of ``names`` against the calls of ``trace``.

    A name may stand for many calls. An arrow goes on from the call that the arrow before ended in
    where that gives a call at all, so that a chain is followed through one request.
    """
    finder = _Finder(trace)
    arrows: list[Arrow] = []
    previous: int | None = None
    for source, target in pairwise(names):
        arrow = finder.arrow(source, target, previous)
        arrows.append(arrow)
        previous = arrow.target_call
    return arrows


def find_calls(trace: Trace, name: Name) -> "Found":
    """The calls that a written name means."""
    return _Finder(trace).find(name)


@dataclass(frozen=True, slots=True)
class Found:
    """The calls of a name, as positions, and the real function when it is in another place."""

    positions: list[int]
    elsewhere: Function | None = None


class _Finder:
    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._by_function: dict[int, list[int]] = {}
        for position, function_id in enumerate(trace.calls.function_id):
            self._by_function.setdefault(function_id, []).append(position)

    def arrow(self, source: Name, target: Name, previous: int | None) -> Arrow:
        """The arrow between two names; ``previous`` is the call that the chain has come to."""
        sources, targets = self.find(source), self.find(target)
        missing = tuple(n for n, found in ((source, sources), (target, targets)) if not found.positions)
        if missing:
            return Arrow(source, target, Relation.ABSENT, missing=missing)
        elsewhere = tuple(
            (name, found.elsewhere)
            for name, found in ((source, sources), (target, targets))
            if found.elsewhere is not None
        )
        starts = sources.positions
        if sources.positions == targets.positions and source.parts != target.parts:
            # The same call twice: a class, then the __init__ that calling it means.
            return self._arrow(source, target, (Relation.DIRECT, starts[0], starts[0]), elsewhere)
        if previous is not None and self._trace.calls.index_of(previous) in starts:
            start = self._trace.calls.index_of(previous)
            later = [position for position in targets.positions if position > start]
            relation = self._relate([start], later)
            if relation is not None and relation[0] is not Relation.ORDER:
                return self._arrow(source, target, relation, elsewhere)
        relation = self._relate(starts, targets.positions)
        if relation is None:
            relation = (Relation.REVERSED, starts[0], targets.positions[0])
        return self._arrow(source, target, relation, elsewhere)

    def _arrow(
        self,
        source: Name,
        target: Name,
        relation: tuple[Relation, int, int],
        elsewhere: tuple[tuple[Name, Function], ...],
    ) -> Arrow:
        kind, start, end = relation
        calls = self._trace.calls
        between: list[Function] = []
        if kind in (Relation.THROUGH, Relation.OTHER_THREAD):
            above = self._parent(end)
            while above is not None and above != start:
                between.insert(0, self._trace.functions[calls.function_id[above]])
                above = self._parent(above)
        return Arrow(source, target, kind, calls.id[start], calls.id[end], tuple(between), elsewhere)

    def _relate(self, starts: list[int], ends: list[int]) -> tuple[Relation, int, int] | None:
        """The closest relation that any pair of calls has; None when every end comes first."""
        calls = self._trace.calls
        wanted = set(starts)
        best: tuple[Relation, int, int] | None = None
        for end in ends:
            above, steps = self._parent(end), 1
            while above is not None:
                if above in wanted:
                    if calls.thread_id[above] != calls.thread_id[end]:
                        kind = Relation.OTHER_THREAD
                    else:
                        kind = Relation.DIRECT if steps == 1 else Relation.THROUGH
                    if kind is Relation.DIRECT:
                        return kind, above, end
                    if best is None or (kind is Relation.THROUGH and best[0] is Relation.OTHER_THREAD):
                        best = kind, above, end
                    break
                above, steps = self._parent(above), steps + 1
        return best if best is not None else self._order(starts, ends)

    def _order(self, starts: list[int], ends: list[int]) -> tuple[Relation, int, int] | None:
        """A pair that comes in this order, in one request if any has both: else any two requests have."""
        requests = self._trace.calls.request_id
        shared = {requests[start] for start in starts} & {requests[end] for end in ends}
        groups: list[int | None] = [*sorted(shared - {0})] or [None]
        for group in groups:
            first = [start for start in starts if group is None or requests[start] == group]
            later = [end for end in ends if group is None or requests[end] == group]
            after = next((end for end in later if end > first[0]), None)
            if after is not None and not self._inside(first, after):
                return Relation.ORDER, max(start for start in first if start < after), after
        return None

    def _inside(self, starts: list[int], end: int) -> bool:
        """Whether the first start was itself called by ``end``."""
        above: int | None = starts[0]
        while above is not None:
            if above == end:
                return True
            above = self._parent(above)
        return False

    def _parent(self, position: int) -> int | None:
        parent_id = self._trace.calls.parent_id[position]
        return self._trace.calls.index_of(parent_id) if parent_id else None

    def find(self, name: Name) -> Found:
        exact = [f for f in self._trace.functions.values() if f.id in self._by_function and _is(f, name)]
        if exact:
            return Found(self._positions(exact))
        called_on = self._called_on(name)
        if called_on:
            return Found(called_on)
        for count in (2, 1):  # its class and name are right, or its name alone
            loose = Name(name.text, name.parts[-count:])
            other = [f for f in self._trace.functions.values() if f.id in self._by_function and _is(f, loose)]
            if other:
                positions = self._positions(other)
                return Found(positions, self._trace.functions[self._trace.calls.function_id[positions[0]]])
        return Found([])

    def _positions(self, functions: list[Function]) -> list[int]:
        return sorted(position for f in functions for position in self._by_function[f.id])

    def _called_on(self, name: Name) -> list[int]:
        """Calls of an inherited method that the writer named by the class it was called on."""
        if len(name.parts) < 2:
            return []
        wanted, class_name = name.parts[-1], name.parts[-2]
        calls, found = self._trace.calls, []
        for function in self._trace.functions.values():
            is_own = function.qualname.endswith(f"{class_name}.{wanted}")
            if function.name == wanted and not is_own:  # its own class's was looked for: the module is wrong
                for position in self._by_function.get(function.id, ()):
                    receiver = calls.details[calls.detail[position]].receiver
                    if receiver is not None and receiver.class_name.rpartition(".")[2] == class_name:
                        found.append(position)
        return sorted(found)


def _is(function: Function, name: Name) -> bool:
    """Whether a written name means this function: a tail of its dotted name, or its class called."""
    parts = [part for part in name.parts if part != "<locals>"]
    if not function.qualname.endswith((*parts[-1:], "__init__")):
        return False  # most are none, and this tells it soonest
    if name.module:
        module = f".{function.module}"
        if not (module.endswith(f".{name.module}") or function.file_path.endswith(f"{name.module}.py")):
            return False
    full = [part for part in function.dotted_name.split(".") if part != "<locals>"]
    return full[-len(parts) :] == parts or full[-len(parts) - 1 :] == [*parts, "__init__"]
