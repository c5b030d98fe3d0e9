"""Predict the next call: a question before each milestone, what is right and why, and a score.

The wrong choices are calls around the true one, and what the other engine has in its place.
"""

import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from flasktrace.reports.folded import Step
from flasktrace.reports.labels import display_name
from flasktrace.reports.stepper.session import Session
from flasktrace.reports.text import clean
from flasktrace.tracer.catalogue import Landmark
from flasktrace.tracer.model import Function, Origin

MAX_CHOICES = 4
_NEAR = 12  # steps looked at for siblings


class Engines(Protocol):
    """Who calls whom on each engine, by ``module:qualname``; ``""`` stands for the user's own code."""

    def keys(self, engine: str, /) -> set[str]:
        """The functions of an engine."""
        ...

    def callees(self, engine: str, caller: str, /) -> set[str]:
        """What a function calls on an engine."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A possible answer.

    Attributes:
        name: as it is shown.
        landmark: what is known about it.
        engine: the other one, when the choice is from there; else "".
        is_called_here: whether that engine calls it at this place.
    """

    name: str
    landmark: Landmark | None = None
    engine: str = ""
    is_called_here: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is called next? ``right`` is the index of the true one of ``choices``, the call of this id."""

    call_id: int
    choices: tuple[Choice, ...]
    right: int

    @property
    def names(self) -> list[str]:
        """Of the choices."""
        return [choice.name for choice in self.choices]


@dataclass(slots=True)
class Quiz:
    """Asks once about each milestone of a session.

    Args:
        session: the walk.
        engines: what each engine calls; None to ask without the other one.
        is_live: whether more may be called than the session knows of.
    """

    session: Session
    engines: Engines | None = None
    is_live: bool = False
    right_count: int = 0
    asked: set[int] = field(default_factory=set)  # ids of calls

    def question_before(self, stop_index: int) -> Question | None:
        """The question to ask before a move leads to a stop; None when it passes no new milestone."""
        session, walk = self.session, self.session.walk
        milestones = session.steps.milestones
        ahead = bisect_right(milestones, walk.entered(walk.index))
        if ahead == len(milestones) or walk.entry(milestones[ahead]) > stop_index:
            return None
        return self._unasked(milestones[ahead])

    def question_here(self) -> Question | None:
        """The question about the milestone that a live walk has just come to, before it is shown."""
        stop, milestones = self.session.stop, self.session.steps.milestones
        at = bisect_right(milestones, stop.step) - 1
        if stop.is_end or at < 0 or milestones[at] != stop.step:
            return None
        return self._unasked(stop.step)

    def answer(self, question: Question, choice: int | None) -> list[str]:
        """Judge an answer (the index of a choice; None for skipped): lines that say what is true, and why."""
        words = self.session.words
        index = self.session.steps.index_of(question.call_id) or 0
        step = self.session.steps[index]
        self.asked.add(step.call.id)
        name = question.choices[question.right].name
        if choice == question.right:
            self.right_count += 1
            verdict = words.quiz_right
        elif choice is None:
            verdict = words.quiz_skipped.format(name=name)
        else:
            verdict = words.quiz_wrong.format(name=name)
        lines = [verdict, *self._why(step)]
        if choice is not None and choice != question.right:
            lines += self._about_wrong(question.choices[choice], index)
        return lines

    def score(self) -> str:
        """The score so far as a sentence."""
        return self.session.words.quiz_score.format(right=self.right_count, asked=len(self.asked))

    def short_score(self) -> str:
        """``3/5``."""
        return self.session.words.quiz_score_now.format(right=self.right_count, asked=len(self.asked))

    # ---- The choices ---------------------------------------------------------------------------------

    def _unasked(self, index: int) -> Question | None:
        return None if self.session.steps[index].call.id in self.asked else self._question(index)

    def _question(self, index: int) -> Question:
        step = self.session.steps[index]
        right = self._choice(step.function)
        found = {right.name: right}
        # The same trace asks the same questions.
        shuffled = random.Random(step.call.id)
        sources = [self._siblings(index), self._of_other_engine(step, shuffled)]
        while sources and len(found) < MAX_CHOICES:
            source = sources.pop(0)  # one of each in turn, until both are used up
            choice = next((each for each in source if each.name not in found), None)
            if choice is not None:
                found[choice.name] = choice
                sources.append(source)
        choices = list(found.values())
        shuffled.shuffle(choices)
        return Question(step.call.id, tuple(choices), choices.index(right))

    def _siblings(self, index: int) -> Iterator[Choice]:
        """The steps under the same caller, the later ones first; then what is near, and what it may call."""
        session, near = self.session, []
        parent = session.walk.parent(index)
        for other in (*range(index + 1, index + _NEAR), *range(index - 1, index - _NEAR, -1)):
            if not 0 <= other < len(session.steps):
                continue
            choice = self._choice(session.steps.function_at(other))
            if session.walk.parent(other) == parent:
                yield choice
            else:
                near.append(choice)
        possible = []
        if self.engines is not None:
            caller = self._caller_key(session.steps[index])
            keys = self.engines.callees(session.book.metadata.engine, caller)
            possible = list(self._milestones(sorted(keys)))
        # Of a live walk only the past is known, and that is too easy a choice.
        yield from (*possible, *near) if self.is_live else (*near, *possible)

    def _of_other_engine(self, step: Step, shuffled: random.Random) -> Iterator[Choice]:
        """What the other engine calls at this place; then what it alone has, of this phase first.

        Without it, the phase's milestones that this trace has none of.
        """
        this, phase = self.session.book.metadata.engine, step.phase.id if step.phase is not None else ""
        others = [] if self.engines is None else [each for each in ("bundled", "installed") if each != this]
        if self.engines is None or len(others) != 1:
            here = {_key(each) for each in self.session.book.functions.values()}
            yield from self._milestones(_shuffled(set(self._keys_of(phase)) - here, shuffled))
            return
        other = others[0]
        caller = self._caller_key(step)
        called = self._callees_like(other, caller) - self._callees_like(this, caller) if caller else set()
        for landmark in self._landmarks(_shuffled(called, shuffled)):
            yield Choice(_name_of(landmark), landmark, other, is_called_here=True)
        alone = self.engines.keys(other) - self.engines.keys(this)
        of_phase = set(self._keys_of(phase))
        for keys in (alone & of_phase, alone - of_phase):
            for landmark in self._landmarks(_shuffled(keys, shuffled)):
                if landmark.is_milestone:
                    yield Choice(_name_of(landmark), landmark, other)

    def _callees_like(self, engine: str, caller: str) -> set[str]:
        """What a function calls on an engine, under whatever class and module it is there."""
        assert self.engines is not None
        package, name = caller.partition(".")[0], caller.rpartition(".")[2]
        found = self.engines.callees(engine, caller)
        if not found and name:
            for key in self.engines.keys(engine):
                if key.startswith(f"{package}.") and key.endswith(f".{name}"):
                    found = found | self.engines.callees(engine, key)
        return found

    def _caller_key(self, step: Step) -> str:
        """Of the true caller, whether the level shows it or not."""
        if step.call.parent_id is None:
            return ""
        book = self.session.book
        caller = book.functions[book.call(step.call.parent_id).function_id]
        return "" if caller.origin is Origin.USER else _key(caller)

    def _keys_of(self, phase: str) -> Iterator[str]:
        return (each.key for each in self.session.catalogue.landmarks.values() if each.phase == phase)

    def _landmarks(self, keys: Iterable[str]) -> Iterator[Landmark]:
        for key in keys:
            landmark = self.session.catalogue.landmark(*key.split(":", 1))
            if landmark is not None:
                yield landmark

    def _milestones(self, keys: Iterable[str]) -> Iterator[Choice]:
        return (Choice(_name_of(each), each) for each in self._landmarks(keys) if each.is_milestone)

    def _choice(self, function: Function) -> Choice:
        landmark = self.session.catalogue.landmark(function.module, function.qualname)
        return Choice(display_name(function, landmark), landmark)

    # ---- The reasons ---------------------------------------------------------------------------------

    def _why(self, step: Step) -> list[str]:
        """Where it is called from, what it does, and what for."""
        session = self.session
        called = session.how_called(step)
        return [text for text in (called, *session.explanation(step)) if text]

    def _about_wrong(self, choice: Choice, index: int) -> list[str]:
        """When the wrong choice is called, if it is; of which engine it is; what it does."""
        words, name = self.session.words, choice.name
        sentences = [self._when(name, index)]
        if choice.engine:
            engine = words.engine_bundled if choice.engine == "bundled" else words.engine_installed
            template = words.quiz_engine_here if choice.is_called_here else words.quiz_engine_only
            sentences.append(template.format(engine=engine))
        lines = [" ".join(sentences) if self.session.language != "zh" else "".join(sentences)]
        if choice.landmark is not None and choice.landmark.does:
            lines.append(f"{name}: {clean(choice.landmark.does)}")
        return lines

    def _when(self, name: str, index: int) -> str:
        steps, words, functions = self.session.steps, self.session.words, self.session.book.functions
        named = {key for key, each in functions.items() if name in self._names(each)}
        later = steps.next_of(named, index)
        if later is not None:
            return words.quiz_later.format(name=name, id=steps[later].call.id)
        earlier = steps.next_of(named, -1)
        if earlier is not None and earlier < index:
            return words.quiz_earlier.format(name=name, id=steps[earlier].call.id)
        if named:
            return words.quiz_folded.format(name=name)
        return (words.quiz_not_yet if self.is_live else words.quiz_never).format(name=name)

    def _names(self, function: Function) -> tuple[str, str]:
        return display_name(function), self._choice(function).name


def _key(function: Function) -> str:
    return f"{function.module}:{function.qualname}"


def _name_of(landmark: Landmark) -> str:
    return clean(landmark.label or landmark.qualname.rpartition("<locals>.")[2])


def _shuffled(keys: Iterable[str], shuffled: random.Random) -> list[str]:
    found = sorted(keys)
    shuffled.shuffle(found)
    return found
