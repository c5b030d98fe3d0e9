"""The answer to a question of a lesson, taken from a run."""

from flasktrace.reports.chain.check import find_calls
from flasktrace.reports.chain.notation import parse_names
from flasktrace.reports.labels import display_name, ending
from flasktrace.reports.lessons.lesson import Ask, Fact
from flasktrace.reports.lessons.words import lesson_words
from flasktrace.reports.text import clean
from flasktrace.tracer import query
from flasktrace.tracer.model import Call, Trace


def fact_of(ask: Ask, trace: Trace, language: str = "en") -> str | None:
    """The answer as clean text; None when the run has none."""
    known = {request.id for request in trace.requests}
    if ask.request is not None and ask.request not in known:
        return None
    shown = query.request(trace, ask.request) if ask.request is not None else trace
    positions = find_calls(shown, parse_names(ask.name)[0]).positions
    if not positions:
        return "0" if ask.fact is Fact.COUNT else None
    call = shown.calls[positions[0]]
    if ask.fact is Fact.COUNT:
        return str(len(positions))
    if ask.fact is Fact.CALLER:
        return _name(shown, _by_id(shown, call.parent_id)) or lesson_words(language).nobody
    if ask.fact is Fact.NEXT:
        return _name(shown, _next(shown, call))
    return _about(ask.fact, shown, call)


def _about(fact: Fact, trace: Trace, call: Call) -> str | None:
    function = trace.function_of(call)
    if fact is Fact.VALUE:
        end = ending(call)
        return end.text or "None"
    if fact is Fact.CLASS:
        return clean(call.receiver.class_name) if call.receiver is not None else None
    if fact is Fact.FILE:
        return clean(function.module.replace(".", "/") + ".py")
    return next((clean(thread.name) for thread in trace.threads if thread.id == call.thread_id), None)


def _by_id(trace: Trace, call_id: int | None) -> Call | None:
    return trace.call(call_id) if call_id is not None else None


def _next(trace: Trace, call: Call) -> Call | None:
    """The first call of the same caller that starts when ``call`` is over."""
    calls = trace.calls
    for i in range(calls.index_of(call.id) + 1, len(calls)):
        if calls.parent_id[i] == (call.parent_id or 0) and calls.start_ns[i] >= call.end_ns:
            return calls[i]
    return None


def _name(trace: Trace, call: Call | None) -> str | None:
    return display_name(trace.function_of(call)) if call is not None else None
