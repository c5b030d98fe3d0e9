"""Each expectation of a lesson, held against a run: true, moved or false, with what really happened."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from flasktrace.reports.chain.check import Arrow, Relation, Verdict, check_chain, find_calls
from flasktrace.reports.chain.notation import Name, parse_names
from flasktrace.reports.chain.report import tell
from flasktrace.reports.labels import display_name, raised_text
from flasktrace.reports.lane_text import state_lines, table_lines
from flasktrace.reports.lessons.facts import fact_of
from flasktrace.reports.lessons.lesson import Ask, Claim, Expectation
from flasktrace.reports.lessons.words import LessonWords, lesson_words
from flasktrace.reports.state import state_lane
from flasktrace.reports.text import clean
from flasktrace.tracer import query
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Call, Function, Raised, Returned, Trace, Value

MAX_TOLD = 5
# Of one request these may also name what led to it: the server's loop, say.
_WITH_CALLERS = {Claim.CALLS, Claim.SAME_THREAD, Claim.OTHER_THREAD, Claim.FILE, Claim.RECEIVER}
Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run says of one expectation or question.

    Attributes:
        line: in the lesson's file.
        text: what was expected, as written.
        verdict: true, moved (there, but in another thread or file), or false.
        really: what really happened, as one clean line; "" where the text says it all.
    """

    line: int
    text: str
    verdict: Verdict
    really: str = ""


def check_expectation(
    expectation: Expectation, trace: Trace, request: int | None = None, language: str = "en"
) -> Result:
    """Hold one expectation against a run.

    Args:
        expectation: from the lesson.
        trace: the run.
        request: the request it is about; None for the whole run.
        language: of what is told.
    """
    words = lesson_words(language)
    try:
        shown = trace
        if request is not None:
            shown = query.request(trace, request, with_callers=expectation.claim in _WITH_CALLERS)
    except UsageError:
        really = words.no_request.format(number=request, count=len(trace.requests))
        return Result(expectation.line, expectation.text, Verdict.FALSE, really)
    verdict, really = _CHECKS[expectation.claim](expectation, _Run(shown, words, language))
    return Result(expectation.line, expectation.text, verdict, really)


def check_ask(ask: Ask, trace: Trace, language: str = "en") -> Result:
    """Whether the answer of a question can be taken from a run; what it is is told."""
    answer = fact_of(ask, trace, language)
    text = f"answer: {ask.fact.value} {ask.name}"
    if answer is None:
        really = lesson_words(language).not_called.format(name=clean(ask.name))
        return Result(ask.line, text, Verdict.FALSE, really)
    return Result(ask.line, text, Verdict.TRUE, answer)


class _Run:
    """A run with what the checks ask of it."""

    def __init__(self, trace: Trace, words: LessonWords, language: str) -> None:
        self.trace = trace
        self.words = words
        self.language = language

    def calls(self, name: str) -> list[Call]:
        """The calls a written name means; one that is defined elsewhere than was written counts too."""
        return [self.trace.calls[i] for i in find_calls(self.trace, _name(name)).positions]

    def missing(self, name: str) -> tuple[Verdict, str]:
        return Verdict.FALSE, self.words.not_called.format(name=clean(name))

    def thread_name(self, call: Call) -> str:
        return next((clean(t.name) for t in self.trace.threads if t.id == call.thread_id), "?")


def _name(written: str) -> Name:
    return parse_names(written)[0]


def _chain(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    names = [_name(name) for name in wanted.names]
    arrows = check_chain(run.trace, names)
    verdicts = [_arrow_verdict(arrow, i in wanted.hand_overs) for i, arrow in enumerate(arrows)]
    told = [
        f"{'.'.join(arrow.source.parts)} -> {'.'.join(arrow.target.parts)}: {tell(arrow, run.language)}"
        for arrow, verdict in zip(arrows, verdicts, strict=True)
        if verdict is not Verdict.TRUE
    ]
    if Verdict.FALSE in verdicts:
        return Verdict.FALSE, clean("; ".join(told))
    broken = _break_in_order(run.trace, names)
    if broken is not None:
        return Verdict.FALSE, run.words.no_order.format(source=broken[0].last, target=broken[1].last)
    return (Verdict.MOVED if told else Verdict.TRUE), clean("; ".join(told))


def _arrow_verdict(arrow: Arrow, is_hand_over: bool) -> Verdict:
    if is_hand_over and arrow.relation is Relation.OTHER_THREAD:
        return Verdict.MOVED if arrow.elsewhere else Verdict.TRUE
    if is_hand_over and arrow.verdict is Verdict.TRUE:
        return Verdict.MOVED  # it is called, but in the same thread
    return arrow.verdict


def _break_in_order(trace: Trace, names: list[Name]) -> tuple[Name, Name] | None:
    """The first arrow that cannot be followed when the calls are taken in the order they start."""
    found = [find_calls(trace, name).positions for name in names]
    position = -1
    for (source, target), positions in zip(pairwise([names[0], *names]), found, strict=True):
        following = next((i for i in positions if i > position), None)
        if following is None:
            return source, target
        position = following
    return None


def _not_called(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    for name in wanted.names:
        parsed = _name(name)
        found = find_calls(run.trace, parsed)
        if found.positions and found.elsewhere is None:
            caller = _caller(run, run.trace.calls[found.positions[0]])
            return Verdict.FALSE, run.words.called.format(
                name=clean(name), count=len(found.positions), caller=caller
            )
    return Verdict.TRUE, ""


def _caller(run: _Run, call: Call) -> str:
    if call.parent_id is None:
        return run.words.nobody
    return display_name(run.trace.function_of(run.trace.call(call.parent_id)))


def _threads(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    """Compare the threads of the first calls; a function that runs in several counts with any of them."""
    sets: list[set[int]] = []
    told = []
    for name in wanted.names:
        calls = run.calls(name)
        if not calls:
            return run.missing(name)
        sets.append({call.thread_id for call in calls})
        told.append(f"{clean(name)}: {run.thread_name(calls[0])}")
    if wanted.claim is Claim.SAME_THREAD:
        holds = bool(set.intersection(*sets))
    else:
        holds = all(not sets[0] & other for other in sets[1:])
    return (Verdict.TRUE if holds else Verdict.FALSE), "" if holds else "; ".join(told)


def _file(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    calls = run.calls(wanted.names[0])
    if not calls:
        return run.missing(wanted.names[0])
    function = run.trace.function_of(calls[0])
    if any(_is_in(run.trace.function_of(call), wanted.wanted) for call in calls):
        return Verdict.TRUE, ""
    return Verdict.MOVED, run.words.really_in.format(
        name=display_name(function), file=clean(_module_path(function))
    )


def _module_path(function: Function) -> str:
    """Upstream's name of a file; for a program of the user's the file's own."""
    if "." in function.module:
        return function.module.replace(".", "/") + ".py"
    return function.file_path.replace("\\", "/").rpartition("/")[2]


def _is_in(function: Function, file: str) -> bool:
    wanted = file.strip("`").replace("\\", "/").removesuffix(".py")
    paths = (
        _module_path(function).removesuffix(".py"),
        function.file_path.replace("\\", "/").removesuffix(".py"),
    )
    return any(f"/{path}".endswith(f"/{wanted}") for path in (*paths, function.module.replace(".", "/")))


def _receiver(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    calls = run.calls(wanted.names[0])
    if not calls:
        return run.missing(wanted.names[0])
    seen = [call.receiver.class_name.rpartition(".")[2] for call in calls if call.receiver is not None]
    return _among(wanted.wanted.rpartition(".")[2], seen, lambda text: text, run)


def _argument(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    calls = run.calls(wanted.names[0])
    if not calls:
        return run.missing(wanted.names[0])
    values = [value for call in calls for value in call.parameters if value.name == wanted.subject]
    if not values:
        names = ", ".join(value.name for value in calls[0].parameters) or "-"
        return Verdict.FALSE, run.words.no_parameter.format(name=clean(wanted.subject), names=clean(names))
    return _values(wanted.wanted, values, run)


def _returns(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    calls = run.calls(wanted.names[0])
    if not calls:
        return run.missing(wanted.names[0])
    values = [
        call.outcome.value or Value("", "NoneType", 0, "None")
        for call in calls
        if isinstance(call.outcome, Returned)
    ]
    raised = [raised_text(call.outcome) for call in calls if isinstance(call.outcome, Raised)]
    if not values and raised:
        return Verdict.FALSE, run.words.raised.format(what=raised[0])
    return _values(wanted.wanted, values, run)


def _raises(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    calls = run.calls(wanted.names[0])
    if not calls:
        return run.missing(wanted.names[0])
    raised = [call.outcome for call in calls if isinstance(call.outcome, Raised)]
    class_name, _, text = (part.strip() for part in wanted.wanted.partition(":"))
    for outcome in raised:
        if outcome.class_name.rpartition(".")[2] == class_name.rpartition(".")[2] and text in outcome.text:
            return Verdict.TRUE, ""
    really = [raised_text(outcome) for outcome in raised]
    return Verdict.FALSE, run.words.raised.format(what=_told(really)) if raised else run.words.no_raise


def _times(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    count = len(run.calls(wanted.names[0]))
    if count == int(wanted.wanted):
        return Verdict.TRUE, ""
    return Verdict.FALSE, run.words.called_times.format(count=count)


def _state(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    calls = run.calls(wanted.names[0])
    if not calls:
        return run.missing(wanted.names[0])
    lane = state_lane(run.trace)
    lines: list[str] = []
    for call in calls:
        state = lane.at(call.thread_id, call.end_ns)
        lines = state_lines(state) if state is not None else []
        if any(wanted.wanted in line for line in lines):
            return Verdict.TRUE, ""
    return Verdict.FALSE, run.words.state_is.format(lines="; ".join(lines) or "-")


def _tables(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    lane = state_lane(run.trace)
    lines = table_lines(lane.tables[-1]) if lane.tables else []
    if any(wanted.wanted in line for line in lines):
        return Verdict.TRUE, ""
    return Verdict.FALSE, run.words.state_is.format(lines="; ".join(lines) or "-")


def _status(wanted: Expectation, run: _Run) -> tuple[Verdict, str]:
    seen = [str(request.status) for request in run.trace.requests]
    return _among(wanted.wanted, seen, lambda text: text, run)


def _values(wanted: str, values: list[Value], run: _Run) -> tuple[Verdict, str]:
    return _among(wanted, values, lambda value: clean(value.text), run, _is_value)


def _is_value(wanted: str, value: Value) -> bool:
    if wanted.endswith(("…", "...")):
        return value.text.startswith(wanted.removesuffix("…").removesuffix("...").rstrip())
    return wanted in (value.text, value.class_name.rpartition(".")[2])


def _among(
    wanted: str,
    seen: list[Seen],
    text_of: Callable[[Seen], str],
    run: _Run,
    is_same: Callable[[str, Seen], bool] = lambda wanted, seen: wanted == seen,
) -> tuple[Verdict, str]:
    if any(is_same(wanted, each) for each in seen):
        return Verdict.TRUE, ""
    return Verdict.FALSE, run.words.really_is.format(what=_told([text_of(each) for each in seen]))


def _told(texts: list[str]) -> str:
    different = [clean(text, 200) for text in dict.fromkeys(texts)]
    more = f", ... ({len(different)})" if len(different) > MAX_TOLD else ""
    return (", ".join(different[:MAX_TOLD]) or "-") + more


_CHECKS: dict[Claim, Callable[[Expectation, _Run], tuple[Verdict, str]]] = {
    Claim.CALLS: _chain,
    Claim.NOT_CALLED: _not_called,
    Claim.SAME_THREAD: _threads,
    Claim.OTHER_THREAD: _threads,
    Claim.FILE: _file,
    Claim.RECEIVER: _receiver,
    Claim.ARGUMENT: _argument,
    Claim.RETURNS: _returns,
    Claim.RAISES: _raises,
    Claim.TIMES: _times,
    Claim.STATE: _state,
    Claim.TABLES: _tables,
    Claim.STATUS: _status,
}
