"""The pools of a trace's columns: equal details and outcomes are made and stored once."""

from typing import Any

from flasktrace.tracer.capture import Captured, Texts
from flasktrace.tracer.functions import FunctionInfo
from flasktrace.tracer.model import Calls, Detail, Outcome, Raised, Returned

_CACHE_LIMIT = 100_000  # entries; beyond it equal ones may be stored again


class Pools:
    """Gives the position of a detail or an outcome in the columns' pools."""

    def __init__(self, calls: Calls, texts: Texts) -> None:
        self._calls, self._texts = calls, texts
        self._details: dict[Any, int] = {}
        self._outcomes: dict[Any, int] = {}

    def returned(self, info: FunctionInfo, lasti: int, captured: Captured | None) -> int:
        """The position of the outcome of a call that came back; ``captured`` is None without values."""
        line = info.line_at(lasti)
        is_secret = type(captured) in (str, bytes, tuple) and self._texts.is_secret_source(info.code.co_name)
        key = (line, captured, is_secret)
        position = self._outcomes.get(key)
        if position is None:
            value = None if captured is None else self._texts.value("", captured, is_secret)
            position = self._add_outcome(key, Returned(value, line))
        return position

    def raised(self, class_name: str, text: str, line: int | None) -> int:
        """The position of the outcome of a call that an exception left."""
        key = (class_name, text, line)
        position = self._outcomes.get(key)
        if position is None:
            position = self._add_outcome(key, Raised(class_name, self._texts.clean_exception(text), line))
        return position

    def _add_outcome(self, key: Any, outcome: Outcome) -> int:
        if len(self._outcomes) > _CACHE_LIMIT:
            self._outcomes.clear()
        pool = self._calls.outcomes
        position = self._outcomes[key] = len(pool)
        pool.append(outcome)
        return position

    def detail(self, info: FunctionInfo, captured: tuple[Captured, ...]) -> int:
        """The position of a call's receiver and parameters."""
        key = (info.id, captured)
        position = self._details.get(key)
        if position is None:
            if len(self._details) > _CACHE_LIMIT:
                self._details.clear()
            pool = self._calls.details
            position = self._details[key] = len(pool)
            values = self._texts.values(info.code.co_name, info.names, captured)
            pool.append(Detail(values[0], values[1:]) if info.has_receiver else Detail(None, values))
        return position
