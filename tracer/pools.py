"""The pools of a trace's columns: equal details and outcomes are made and stored once."""

from collections.abc import Sequence
from typing import Any

from flasktrace.tracer.capture import Captured, Texts
from flasktrace.tracer.functions import FunctionInfo
from flasktrace.tracer.model import Calls, Value
from flasktrace.tracer.values import ValueShape, value_shape

_CACHE_LIMIT = 10_000  # entries of each kind; beyond it equal ones may be stored again


class Pools:
    """Gives the position of a detail or an outcome in the columns' pools.

    Most calls differ from earlier ones in the ids of objects alone, so those are looked up apart.
    """

    def __init__(self, calls: Calls, texts: Texts) -> None:
        self._calls, self._texts = calls, texts
        self._details: dict[Any, int] = {}
        self._outcomes: dict[Any, int] = {}
        self._shapes: dict[tuple[str, str], ValueShape] = {}  # of objects, by parameter and class
        self._learned_count = 0

    def returned(self, info: FunctionInfo, lasti: int, captured: Captured | None) -> int:
        """The position of the outcome of a call that came back; ``captured`` is None without values."""
        line = info.line_at(lasti)
        is_secret = type(captured) in (str, bytes, tuple) and self._texts.is_secret_source(info.code.co_name)
        key = (line, captured, is_secret)
        position = self._outcomes.get(key)
        if position is None:
            shapes: list[ValueShape] = []
            objects: list[int] = []
            if captured is not None:
                self._add_value("", captured, is_secret, shapes, objects)
            position = self._add_outcome(key, ("returned", "", "", line, tuple(shapes)), objects)
        return position

    def raised(self, class_name: str, text: str, line: int | None) -> int:
        """The position of the outcome of a call that an exception left."""
        key = (class_name, text, line)
        position = self._outcomes.get(key)
        if position is None:
            said = self._texts.clean_exception(text)
            position = self._add_outcome(key, ("raised", class_name, said, line, ()), ())
        return position

    def _add_outcome(self, key: Any, shape: tuple[Any, ...], objects: Sequence[int]) -> int:
        self._forget_what_is_old(self._outcomes)
        position = self._outcomes[key] = self._calls.outcomes.add(shape, objects)
        return position

    def detail(self, info: FunctionInfo, captured: tuple[Captured, ...]) -> int:
        """The position of a call's receiver and parameters."""
        key = (info.id, captured)
        position = self._details.get(key)
        if position is None:
            self._forget_what_is_old(self._details)
            shapes: list[ValueShape] = []
            objects: list[int] = []
            flags = self._texts.secret_flags(info.code.co_name, info.names, captured)
            for name, item, is_secret in zip(info.names, captured, flags, strict=True):
                self._add_value(name, item, is_secret, shapes, objects)
            shape = info.has_receiver, tuple(shapes)
            position = self._details[key] = self._calls.details.add(shape, objects)
        return position

    def values(self, info: FunctionInfo, captured: tuple[Captured, ...]) -> list[Value]:
        """The receiver and parameters of a call, secrets masked."""
        flags = self._texts.secret_flags(info.code.co_name, info.names, captured)
        return [self._texts.value(*each) for each in zip(info.names, captured, flags, strict=True)]

    def _add_value(
        self, name: str, captured: Captured, is_secret: bool, shapes: list[ValueShape], objects: list[int]
    ) -> None:
        if type(captured) is tuple and len(captured) == 2:  # an object, of which the class alone is told
            class_name, object_id = captured
            shape = self._shapes.get((name, class_name))
            if shape is None:
                shape = value_shape(self._texts.value(name, captured, is_secret))
                self._shapes[name, class_name] = shape
            objects.append(object_id)
        else:
            value = self._texts.value(name, captured, is_secret)
            shape = value_shape(value)
            if value.object_id:
                objects.append(value.object_id)
        shapes.append(shape)

    def _forget_what_is_old(self, known: dict[Any, int]) -> None:
        """What was made before a secret was learned may show it; and no cache grows without bound."""
        if self._texts.learned_count != self._learned_count:
            self._learned_count = self._texts.learned_count
            self._details.clear()
            self._outcomes.clear()
        if len(known) >= _CACHE_LIMIT:
            known.clear()
        if len(self._shapes) >= _CACHE_LIMIT:
            self._shapes.clear()
