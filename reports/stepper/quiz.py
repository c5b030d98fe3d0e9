"""Predict the next call: a question before each milestone, what is right and why, and a score."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from flasktrace.reports.folded import Step
from flasktrace.reports.labels import display_name
from flasktrace.reports.stepper.session import Session
from flasktrace.reports.text import clean
from flasktrace.tracer.catalogue import Landmark

MAX_CHOICES = 4
_NEAR = 12  # steps looked at for siblings


@dataclass(frozen=True, slots=True)
class Question:
    """What is called next? ``right`` is the index of the true one of ``choices``."""

    step: int
    choices: tuple[str, ...]
    right: int


@dataclass(slots=True)
class Quiz:
    """Asks once about each milestone of a session."""

    session: Session
    right_count: int = 0
    asked: set[int] = field(default_factory=set)  # ids of calls

    def question_before(self, stop_index: int) -> Question | None:
        """The question to ask before a move leads to a stop; None when it passes no new milestone."""
        session = self.session
        here = session.walk.index
        for step in _ahead(session):
            if session.walk.entry(step) > max(stop_index, here):
                return None
            if session.steps[step].call.id not in self.asked:
                return self._question(step)
            return None
        return None

    def answer(self, question: Question, choice: int | None) -> list[str]:
        """Judge an answer (the index of a choice; None for skipped): lines that say what is true, and why."""
        words = self.session.words
        step = self.session.steps[question.step]
        self.asked.add(step.call.id)
        name = question.choices[question.right]
        if choice == question.right:
            self.right_count += 1
            verdict = words.quiz_right
        elif choice is None:
            verdict = words.quiz_skipped.format(name=name)
        else:
            verdict = words.quiz_wrong.format(name=name)
        lines = [verdict, *self._why(step)]
        if choice is not None and choice != question.right:
            lines.append(self._about_wrong(question.choices[choice], question.step))
        return lines

    def score(self) -> str:
        """The score so far as a sentence."""
        return self.session.words.quiz_score.format(right=self.right_count, asked=len(self.asked))

    def short_score(self) -> str:
        """``3/5``."""
        return self.session.words.quiz_score_now.format(right=self.right_count, asked=len(self.asked))

    def _question(self, step: int) -> Question:
        right = self._name(self.session.steps[step])
        names = [right]
        siblings, others = self._siblings(step), self._elsewhere(step)
        for name in _alternating(siblings, others):
            if name not in names:
                names.append(name)
            if len(names) == MAX_CHOICES:
                break
        # The same trace asks the same questions.
        random.Random(self.session.steps[step].call.id).shuffle(names)
        return Question(step, tuple(names), names.index(right))

    def _siblings(self, step: int) -> list[str]:
        """Milestones under the same caller, the later ones first; then whatever is near."""
        session = self.session
        found: list[str] = []
        near: list[str] = []
        parent = session.walk.parent(step)
        around = [*range(step + 1, step + _NEAR), *range(step - 1, step - _NEAR, -1)]
        for index in around:
            if 0 <= index < len(session.steps):
                target = found if session.walk.parent(index) == parent else near
                target.append(self._name(session.steps[index]))
        return found + near

    def _elsewhere(self, step: int) -> list[str]:
        """Milestones of the same phase that this trace has none of: another engine's, or another way's."""
        session = self.session
        phase = session.steps[step].phase
        here = {(each.module, each.qualname) for each in session.book.functions.values()}
        names = [
            clean(landmark.label or landmark.qualname.rpartition("<locals>.")[2])
            for key, landmark in sorted(session.catalogue.landmarks.items())
            if landmark.is_milestone and phase is not None and landmark.phase == phase.id and key not in here
        ]
        random.Random(session.steps[step].call.id).shuffle(names)
        return names

    def _name(self, step: Step) -> str:
        return display_name(step.function, self._landmark(step))

    def _landmark(self, step: Step) -> Landmark | None:
        return self.session.catalogue.landmark(step.function.module, step.function.qualname)

    def _why(self, step: Step) -> list[str]:
        landmark = self._landmark(step)
        if landmark is None:
            return []
        return [clean(text) for text in (landmark.does, landmark.why) if text]

    def _about_wrong(self, name: str, step: int) -> str:
        """When the wrong choice is called, if it is."""
        session, words = self.session, self.session.words
        for index in range(step + 1, len(session.steps)):
            if display_name(session.steps.function_at(index)) == name or self._is_named(index, name):
                return words.quiz_later.format(name=name, id=session.steps[index].call.id)
        for index in range(step - 1, -1, -1):
            if self._is_named(index, name):
                return words.quiz_earlier.format(name=name, id=session.steps[index].call.id)
        return words.quiz_never.format(name=name)

    def _is_named(self, index: int, name: str) -> bool:
        function = self.session.steps.function_at(index)
        landmark = self.session.catalogue.landmark(function.module, function.qualname)
        return display_name(function, landmark) == name


def _ahead(session: Session) -> Iterator[int]:
    """The milestones whose entries are ahead."""
    walk = session.walk
    for step in session.steps.milestones:
        if walk.entry(step) > walk.index:
            yield step


def _alternating(first: list[str], second: list[str]) -> Iterator[str]:
    """Two of the first, one of the second, and so on, until both are used up."""
    one, two = iter(first), iter(second)
    for _ in range(len(first) + len(second)):
        for source, count in ((one, 2), (two, 1)):
            for _ in range(count):
                name = next(source, None)
                if name is not None:
                    yield name
