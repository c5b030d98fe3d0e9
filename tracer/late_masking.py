"""Masks in what was built before what was learned to be secret only later.

A program may hand a password on as ``value`` before anything calls it ``password``. So with each secret that
is new, the texts made so far are searched for it: all of a trace of ten thousand different calls and more, of
longer ones the latest.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from flasktrace.tracer.masking import MIN_LEARNED_CHARS, Masking
from flasktrace.tracer.model import Detail, Marker, Outcome, Raised, Returned, Trace, Value

_BUDGET_CHARS = 100_000_000  # to search at a time, of one secret, in about a tenth of a second
_LEAST_BUDGET_CHARS = 10_000_000  # of recordings that learn secrets all the time
_MANY = 100  # secrets are looked up rather than searched for; that costs as much as this many
_ENTRY_CHARS = 100  # of one call's values, on average

Clean = Callable[[str], str]


@dataclass(slots=True)
class Remade:
    """The positions of what was made anew."""

    details: list[int] = field(default_factory=list)
    outcomes: list[int] = field(default_factory=list)
    markers: list[int] = field(default_factory=list)

    def add(self, other: "Remade") -> None:
        """Take in what another has."""
        self.details += other.details
        self.outcomes += other.outcomes
        self.markers += other.markers

    def __bool__(self) -> bool:
        return bool(self.details or self.outcomes or self.markers)


class LateMasking:
    """Searches a trace that grows.

    Args:
        trace: the trace.
        texts: knows the secrets.
    """

    def __init__(self, trace: Trace, texts: Masking) -> None:
        self._trace, self._texts = trace, texts
        self._times = 0

    def run(self) -> Remade:
        """Mask the secrets that were learned since the last time."""
        remade, beginnings = Remade(), self._texts.take_late()
        if not beginnings:
            return remade
        self._times += 1
        budget = max(_BUDGET_CHARS * 10 // (9 + self._times), _LEAST_BUDGET_CHARS)
        count = budget // (min(len(beginnings), _MANY) * _ENTRY_CHARS) + 1
        trace, clean = self._trace, self._texts.clean
        calls = trace.calls
        remade.details = _search(calls.details, count, beginnings, _detail_texts, _clean_detail, clean)
        remade.outcomes = _search(calls.outcomes, count, beginnings, _outcome_texts, _clean_outcome, clean)
        remade.markers = _search(trace.markers, count, beginnings, _marker_texts, _clean_marker, clean)
        for i, thread in enumerate(trace.threads):
            trace.threads[i] = replace(thread, name=clean(thread.name))
        return remade


def _search(
    pool: list[Any],
    count: int,
    beginnings: list[str],
    texts_of: Callable[[Any], Iterable[str]],
    cleaned: Callable[[Any, Clean], Any],
    clean: Clean,
) -> list[int]:
    """Clean the entries that show a secret, of the last ones of a pool; their positions."""
    first = max(len(pool) - count, 0)
    texts = ["\0".join(texts_of(each)) for each in pool[first:]]
    whole = "\0".join(texts)
    if len(beginnings) <= _MANY:
        found = [beginning for beginning in beginnings if beginning in whole]
    else:
        pieces = {whole[i : i + MIN_LEARNED_CHARS] for i in range(len(whole))}
        found = list(pieces.intersection(beginnings))
    remade = []
    for position, text in enumerate(texts, first):
        # In what is quoted in URLs beginnings may be written in other ways.
        if "%" in text or any(beginning in text for beginning in found):
            item = cleaned(pool[position], clean)
            if item != pool[position]:
                pool[position] = item
                remade.append(position)
    return remade


def _clean_value(value: Value, clean: Clean) -> Value:
    text = clean(value.text)
    return value if text == value.text else replace(value, text=text)


def _detail_texts(detail: Detail) -> Iterable[str]:
    return [value.text for value in (detail.receiver, *detail.parameters) if value is not None]


def _clean_detail(detail: Detail, clean: Clean) -> Detail:
    parameters = tuple(_clean_value(value, clean) for value in detail.parameters)
    receiver = detail.receiver and _clean_value(detail.receiver, clean)
    return replace(detail, receiver=receiver, parameters=parameters)


def _outcome_texts(outcome: Outcome) -> Iterable[str]:
    if isinstance(outcome, Raised):
        return [outcome.text]
    return [outcome.value.text] if isinstance(outcome, Returned) and outcome.value is not None else []


def _clean_outcome(outcome: Outcome, clean: Clean) -> Outcome:
    if isinstance(outcome, Raised):
        return replace(outcome, text=clean(outcome.text))
    if isinstance(outcome, Returned) and outcome.value is not None:
        return replace(outcome, value=_clean_value(outcome.value, clean))
    return outcome


def _marker_texts(marker: Marker) -> Iterable[str]:
    return _texts_in(marker.data)


def _clean_marker(marker: Marker, clean: Clean) -> Marker:
    return replace(marker, data=_clean_data(marker.data, clean))


def _texts_in(data: Any) -> Iterable[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts_in(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _texts_in(value)


def _clean_data(data: Any, clean: Clean) -> Any:
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, dict):
        return {key: _clean_data(value, clean) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(_clean_data(value, clean) for value in data)
    return data
