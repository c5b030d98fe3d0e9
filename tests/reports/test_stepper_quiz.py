"""The questions of a quiz: where their choices come from, and what is said about each answer."""

from collections.abc import Iterator

import pytest
from tests.golden_traces import golden_trace
from tests.strategies_traces import TraceBuilder

from flasktrace.reports.folded import Level
from flasktrace.reports.stepper.book import MemoryBook
from flasktrace.reports.stepper.moves import Move
from flasktrace.reports.stepper.quiz import Question, Quiz
from flasktrace.reports.stepper.session import Session
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.scenarios.callers import load_callers
from flasktrace.tracer.model import Trace

CATALOGUES = {language: load_catalogue(language) for language in ("en", "zh")}
ENGINES = load_callers()


def _quiz(trace: Trace, language: str = "en") -> Quiz:
    book = MemoryBook(trace, CATALOGUES["en"])
    return Quiz(Session(book, CATALOGUES.__getitem__, Level.MILESTONES, language), ENGINES)


def _questions(quiz: Quiz) -> Iterator[Question]:
    """Each of them in turn; whoever takes one answers it."""
    while True:
        question = quiz.question_before(quiz.session.walk.target(Move.MILESTONE))
        if question is not None:
            yield question
        if not quiz.session.forward(Move.MILESTONE):
            return


@pytest.mark.parametrize("name", ["hello", "hooks_end_chain"])
def test_each_question_has_choices_from_around_and_from_the_other_engine(name: str) -> None:
    quiz = _quiz(golden_trace(name))
    here = {quiz._choice(each).name for each in quiz.session.book.functions.values()}
    count = 0
    for question in _questions(quiz):
        count += 1
        choices = question.choices
        assert len(choices) == 4
        assert sum(bool(choice.engine) for choice in choices) >= 1
        right = choices[question.right]
        assert not right.engine
        assert here & {choice.name for choice in choices if not choice.engine and choice is not right}
        for choice in choices:
            if choice.engine:
                assert choice.engine == "installed" and choice.landmark is not None
                assert choice.landmark.key in ENGINES.keys("installed")
                assert choice.is_called_here or choice.landmark.key not in ENGINES.keys("bundled")
        quiz.answer(question, None)
    assert count == len(quiz.session.steps.milestones) - 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_answer_says_why(language: str) -> None:
    quiz = _quiz(golden_trace("hello"), language)
    for question in _questions(quiz):
        for choice in range(len(question.choices)):
            lines = quiz.answer(question, choice)
            assert len(lines) >= 2 and all(lines)
            if choice != question.right:
                told = "\n".join(lines[1:])
                assert question.choices[choice].name in told
                is_of_other = bool(question.choices[choice].engine)
                assert (quiz.session.words.engine_installed in told) == is_of_other


def test_it_is_told_when_a_wrong_choice_is_called() -> None:
    builder = TraceBuilder.new(request_count=1)
    root = builder.add("<module>")
    app = builder.add("Flask.wsgi_app", root, request=1)
    builder.add("RequestContext.push", app, request=1)
    dispatch = builder.add("Flask.full_dispatch_request", app, request=1)
    builder.add("Flask.make_response", dispatch, request=1)
    quiz = _quiz(builder.trace)
    index = quiz.session.steps.index_of(3)
    assert index is not None
    assert "comes later, at call 4" in quiz._when("Flask.full_dispatch_request", index)
    assert "as call 2" in quiz._when("Flask.wsgi_app", index)
    assert quiz._when("Scaffold.route", index) == "Scaffold.route is not called in this trace."
    quiz.is_live = True
    assert quiz._when("Scaffold.route", index) == "Scaffold.route has not been called so far."


def test_your_own_view_is_explained_too() -> None:
    quiz = _quiz(golden_trace("hello"))
    for question in _questions(quiz):
        if question.choices[question.right].name == "index":
            assert "This is your own code." in quiz.answer(question, question.right)
            return
        quiz.answer(question, None)
    raise AssertionError("nobody asked about the view")


def test_a_trace_of_no_known_engine_is_asked_about_without_the_other() -> None:
    trace = golden_trace("hello")
    quiz = Quiz(Session(MemoryBook(trace, CATALOGUES["en"]), CATALOGUES.__getitem__))
    for question in _questions(quiz):
        assert len(question.choices) >= 2 and not any(choice.engine for choice in question.choices)
        quiz.answer(question, 0)
