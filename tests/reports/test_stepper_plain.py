"""The stepper line by line: the same moves, read from a list of commands."""

from collections.abc import Iterator
from pathlib import Path

from tests.golden_traces import golden_trace
from tests.strategies_traces import TraceBuilder

from flasktrace.reports.folded import Level
from flasktrace.reports.stepper.book import MemoryBook
from flasktrace.reports.stepper.plain import Plain
from flasktrace.reports.stepper.quiz import Quiz
from flasktrace.reports.stepper.session import Session
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer.model import Function, Origin, Raised, Trace

CATALOGUES = {language: load_catalogue(language) for language in ("en", "zh")}


def _run(trace: Trace, *commands: str, quiz: bool = False, language: str = "en") -> list[str]:
    session = Session(MemoryBook(trace, CATALOGUES["en"]), CATALOGUES.__getitem__, Level.MILESTONES, language)
    lines: list[str] = []
    waiting: Iterator[str] = iter(commands)
    plain = Plain(session, lines.append, lambda prompt: next(waiting, None), Quiz(session) if quiz else None)
    plain.run()
    return lines


def _titles(lines: list[str]) -> list[str]:
    return [line.partition("] ")[2] for line in lines if line.startswith(("[stop", "[第"))]


def test_a_pipe_of_commands_walks_the_request() -> None:
    lines = _run(golden_trace("hello"), "/dispatch_request", "s", "s", "", "S", "u", "q", "s")
    titles = [title.split(" ", 1)[1] for title in _titles(lines)]
    assert titles[1:] == [
        "enters Flask.full_dispatch_request",
        "enters Flask.try_trigger_before_first_request_functions",
        "Flask.try_trigger_before_first_request_functions returns",
        "enters Flask.preprocess_request",
        "Flask.try_trigger_before_first_request_functions returns",
        "enters Flask.full_dispatch_request",
    ]


def test_counts_repeat_a_move_and_the_same_count_takes_it_back() -> None:
    lines = _run(golden_trace("hello"), "7m", "3n", "3N", "7M")
    titles = _titles(lines)
    assert titles[1] == titles[3] and titles[0] == titles[4]


def test_the_ends_are_told() -> None:
    lines = _run(golden_trace("hello"), "S", "$", "s")
    assert "This is the first stop." in lines
    assert lines[-1] == "This is the last stop."


def test_unknown_commands_and_calls_are_told_in_one_line() -> None:
    lines = _run(golden_trace("hello"), "%%", "g", "g 99999999999999999999999", "l nothing", "'", "e")
    assert [line for line in lines if "?" in line or "g and" in line or "no call" in line] == [
        "unknown command '%%': ? lists them",
        "say which call: g and its number",
        "there is no call 999999999999999999",
        "unknown command 'nothing': ? lists them",
    ]


def test_a_raise_is_a_stop_of_its_own_with_its_line(tmp_path: Path) -> None:
    script = tmp_path / "tea.py"
    script.write_text("def index():\n    pot = {}\n    return pot['tea']\n")
    builder = TraceBuilder.new()
    builder.trace.functions[2] = Function(2, "tea", "index", str(script), 1, 3, Origin.USER)
    builder.add("index", outcome=Raised("KeyError", "'tea'", 3))
    lines = _run(builder.trace, "s")
    assert _titles(lines)[1] == "#1 index raises KeyError: 'tea'"
    assert "  >    3      return pot['tea']" in lines
    assert "  >    1  def index():" in lines


def test_the_language_and_the_level_change_on_the_fly() -> None:
    lines = _run(golden_trace("hello"), "/wsgi_app", "x", "l all", "l")
    assert any(line.startswith("[第") and "进入 Flask.wsgi_app" in line for line in lines)
    assert "级别 all" in lines and "级别 chapters" in lines


def test_the_quiz_asks_before_each_milestone_and_scores() -> None:
    # The answers are always 1: right or wrong, each has its reason.
    commands = [part for _ in range(5) for part in ("m", "1")]
    lines = _run(golden_trace("hello"), *commands, "m", "", "q", quiz=True)
    assert lines.count("What is called next?") == 6
    verdicts = [line for line in lines if line == "Right." or line.startswith(("No: it is", "It is"))]
    assert len(verdicts) == 6
    right = verdicts.count("Right.")
    assert lines[-1] == f"Score: {right} of 6 right."


def test_every_question_has_its_truth_among_the_choices() -> None:
    session = Session(MemoryBook(golden_trace("hello"), CATALOGUES["en"]), CATALOGUES.__getitem__)
    quiz = Quiz(session)
    asked = 0
    while True:
        question = quiz.question_before(session.walk.index + 1)
        if question is not None:
            asked += 1
            assert len(set(question.names)) == len(question.names) >= 2
            right = question.choices[question.right]
            function = session.book.functions[session.book.call(question.call_id).function_id]
            assert right.landmark is None or right.landmark.key.endswith(function.qualname)
            assert quiz.answer(question, question.right)[0] == "Right."
        if session.stop.index == len(session.walk) - 1:
            break
        session.walk.go_to(session.walk.index + 1)
    assert asked == len(session.steps.milestones) - 1
    assert quiz.score() == f"Score: {asked} of {asked} right."


def test_the_chain_and_the_milestones_are_written_as_text() -> None:
    lines = _run(golden_trace("hello"), "/Flask.wsgi_app", "y", "L")
    chain = next(line for line in lines if " -> " in line and "Flask.__call__" in line)
    assert chain.endswith("Flask.__call__ -> Flask.wsgi_app")
    assert any(line.startswith("# ") for line in lines)


def test_a_trace_without_hooks_says_so() -> None:
    builder = TraceBuilder.new()
    builder.add("index")
    assert "No hooks are known" in _run(builder.trace, "H")[-1]
