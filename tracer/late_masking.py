"""Masks in what was built before what was learned to be secret only later.

A program may hand a password on as ``value`` before anything calls it ``password``. So with each secret that
is new, the texts made so far are searched for it: all of a trace of ten thousand different calls and more, of
longer ones the latest; their files are gone through once more at the end.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from flasktrace.tracer.masking import MIN_LEARNED_CHARS, Masking
from flasktrace.tracer.model import Marker, Trace
from flasktrace.tracer.values import DetailShape, OutcomeShape, ValueShape

_BUDGET_CHARS = 100_000_000  # to search at a time, of one secret, in about a tenth of a second
_LEAST_BUDGET_CHARS = 10_000_000  # of recordings that learn secrets all the time
_MANY = 100  # secrets are looked up rather than searched for; that costs as much as this many
_ENTRY_CHARS = 100  # of one call's values, on average

Clean = Callable[[str], str]


@dataclass(slots=True)
class Remade:
    """What was made anew.

    Attributes:
        values: the new text by class, text, and whether it has an object's id.
        raised: the new text of exceptions by the old one.
        markers: positions.
    """

    values: dict[tuple[str, str, bool], str] = field(default_factory=dict)
    raised: dict[str, str] = field(default_factory=dict)
    markers: list[int] = field(default_factory=list)

    def add(self, other: "Remade") -> None:
        """Take in what another has."""
        self.values |= other.values
        self.raised |= other.raised
        self.markers += other.markers

    def __bool__(self) -> bool:
        return bool(self.values or self.raised or self.markers)


class LateMasking:
    """Searches a trace that grows.

    Args:
        trace: the trace.
        texts: knows the secrets.

    Attributes:
        has_missed: whether a secret was learned when not all that may show it could be searched.
    """

    def __init__(self, trace: Trace, texts: Masking) -> None:
        self._trace, self._texts = trace, texts
        self._times = 0
        self.has_missed = False

    def run(self) -> Remade:
        """Mask the secrets that were learned since the last time."""
        remade, beginnings = Remade(), self._texts.take_late()
        if not beginnings:
            return remade
        self._times += 1
        budget = max(_BUDGET_CHARS * 10 // (9 + self._times), _LEAST_BUDGET_CHARS)
        count = budget // (min(len(beginnings), _MANY) * _ENTRY_CHARS) + 1
        trace, clean = self._trace, self._texts.clean

        def clean_values(shapes: tuple[ValueShape, ...]) -> tuple[ValueShape, ...]:
            cleaned = []
            for name, class_name, text, has_object in shapes:
                new_text = clean(text)
                if new_text != text:
                    remade.values[class_name, text, has_object] = new_text
                cleaned.append((name, class_name, new_text, has_object))
            return tuple(cleaned)

        def clean_detail(shape: DetailShape) -> DetailShape:
            return shape[0], clean_values(shape[1])

        def clean_outcome(shape: OutcomeShape) -> OutcomeShape:
            kind, class_name, text, line, values = shape
            new_text = clean(text)
            if new_text != text:
                remade.raised[text] = new_text
            return kind, class_name, new_text, line, clean_values(values)

        def clean_marker(marker: Marker) -> Marker:
            return replace(marker, data=clean_data(marker.data, clean))

        calls = trace.calls
        pools = (calls.details.shapes, calls.outcomes.shapes, trace.markers)
        if calls.details.gone_count or max(map(len, pools)) > count:
            self.has_missed = True
        _search(calls.details.shapes, count, beginnings, _detail_texts, clean_detail)
        _search(calls.outcomes.shapes, count, beginnings, _outcome_texts, clean_outcome)
        remade.markers = _search(trace.markers, count, beginnings, _marker_texts, clean_marker)
        for i, thread in enumerate(trace.threads):
            trace.threads[i] = replace(thread, name=clean(thread.name))
        return remade


def _search(
    pool: list[Any],
    count: int,
    beginnings: list[str],
    texts_of: Callable[[Any], Iterable[str]],
    cleaned: Callable[[Any], Any],
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
            item = cleaned(pool[position])
            if item != pool[position]:
                pool[position] = item
                remade.append(position)
    return remade


def _detail_texts(shape: DetailShape) -> Iterable[str]:
    return [text for _, _, text, _ in shape[1]]


def _outcome_texts(shape: OutcomeShape) -> Iterable[str]:
    return [shape[2], *(text for _, _, text, _ in shape[4])]


def _marker_texts(marker: Marker) -> Iterable[str]:
    return _texts_in(marker.data)


def _texts_in(data: Any) -> Iterable[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts_in(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _texts_in(value)


def clean_data(data: Any, clean: Clean) -> Any:
    """Data as JSON holds it, each text in it cleaned."""
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, dict):
        return {key: clean_data(value, clean) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(clean_data(value, clean) for value in data)
    return data
