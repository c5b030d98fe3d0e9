"""What was seen of values, and what came of calls: data only, and the pools in which calls share them.

Calls of a function with other objects of the same classes differ in the objects' ids alone. So the pools keep
the rest, the *shape*, once, and beside it the ids as columns; a :class:`Detail` or an :class:`Outcome` is
made when it is asked for.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it was seen, shallowly: never the object itself."""

    name: str  # of the parameter; "" where there is none
    class_name: str
    object_id: int
    text: str  # bounded, cleaned of control characters, secrets masked


@dataclass(frozen=True, slots=True)
class Returned:
    """The call came back with a value (none when values are not recorded)."""

    value: Value | None = None
    line_number: int | None = None  # of the return


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception left the call."""

    class_name: str = ""
    text: str = ""
    line_number: int | None = None  # where it left this frame


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The recording ended first."""


Outcome = Returned | Raised | Unfinished
UNFINISHED = Unfinished()
PLAIN_RETURN = Returned()


@dataclass(frozen=True, slots=True)
class Detail:
    """The values at a call's entry; equal ones are stored once."""

    receiver: Value | None = None
    parameters: tuple[Value, ...] = ()


NO_DETAIL = Detail()

ValueShape = tuple[str, str, str, bool]  # name, class, text, whether it has an object's id
DetailShape = tuple[bool, tuple[ValueShape, ...]]  # whether the first value is the receiver; the values
OutcomeShape = tuple[str, str, str, int | None, tuple[ValueShape, ...]]  # kind, class, text, line, the value


def value_shape(value: Value) -> ValueShape:
    """A value without the id of its object."""
    return value.name, value.class_name, value.text, value.object_id != 0


class _Pool:
    """Shapes, and for each entry the number of its shape and the ids of its objects.

    Attributes:
        shapes: what entries have in common.
        shape: by entry, the position in ``shapes``.
        objects: the ids of all entries, one after the other.
        ends: by entry, where its ids end in ``objects``.
    """

    __slots__ = ("_positions", "ends", "objects", "shape", "shapes")

    def __init__(self) -> None:
        self.shapes: Any = []
        self.shape = array("i")
        self.objects = array("q")
        self.ends = array("q")
        self._positions: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self.shape)

    def add(self, shape: Any, objects: Iterable[int]) -> int:
        """Add an entry, whose values marked so have these objects; gives its position."""
        position = self._positions.get(shape)
        if position is None:
            position = self._positions[shape] = len(self.shapes)
            self.shapes.append(shape)
        self.shape.append(position)
        self.objects.extend(objects)
        self.ends.append(len(self.objects))
        return len(self.shape) - 1

    def objects_of(self, position: int) -> "array[int]":
        """The ids of an entry's objects, in the order of its values."""
        return self.objects[self.ends[position - 1] if position else 0 : self.ends[position]]

    def _values(self, position: int, shapes: Iterable[ValueShape]) -> tuple[Value, ...]:
        objects = iter(self.objects_of(position))
        return tuple(
            [Value(name, kind, next(objects) if has else 0, text) for name, kind, text, has in shapes]
        )


class Details(_Pool, Sequence[Detail]):
    """The details that calls name by position; the first is :data:`NO_DETAIL`."""

    __slots__ = ()

    def __init__(self, items: Iterable[Detail] = (NO_DETAIL,)) -> None:
        super().__init__()
        self.extend(items)

    @overload
    def __getitem__(self, index: int) -> Detail: ...
    @overload
    def __getitem__(self, index: slice) -> list[Detail]: ...
    def __getitem__(self, index: int | slice) -> Detail | list[Detail]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        has_receiver, shapes = self.shapes[self.shape[index]]
        values = self._values(index % len(self), shapes)
        return Detail(values[0], values[1:]) if has_receiver else Detail(None, values)

    def append(self, detail: Detail) -> None:
        """Add one; equal ones are not looked for."""
        values = detail.parameters if detail.receiver is None else (detail.receiver, *detail.parameters)
        shape = detail.receiver is not None, tuple(map(value_shape, values))
        self.add(shape, [value.object_id for value in values if value.object_id])

    def extend(self, items: Iterable[Detail]) -> None:
        """Add several."""
        for item in items:
            self.append(item)


class Outcomes(_Pool, Sequence[Outcome]):
    """The outcomes that calls name by position; the first are :data:`UNFINISHED` and :data:`PLAIN_RETURN`."""

    __slots__ = ()

    def __init__(self, items: Iterable[Outcome] = (UNFINISHED, PLAIN_RETURN)) -> None:
        super().__init__()
        self.extend(items)

    @overload
    def __getitem__(self, index: int) -> Outcome: ...
    @overload
    def __getitem__(self, index: slice) -> list[Outcome]: ...
    def __getitem__(self, index: int | slice) -> Outcome | list[Outcome]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        kind, class_name, text, line, shapes = self.shapes[self.shape[index]]
        if kind == "returned":
            values = self._values(index % len(self), shapes)
            return Returned(values[0] if values else None, line)
        return Raised(class_name, text, line) if kind == "raised" else UNFINISHED

    def append(self, outcome: Outcome) -> None:
        """Add one; equal ones are not looked for."""
        if isinstance(outcome, Returned):
            value = outcome.value
            shapes = () if value is None else (value_shape(value),)
            objects = [value.object_id] if value is not None and value.object_id else []
            self.add(("returned", "", "", outcome.line_number, shapes), objects)
        elif isinstance(outcome, Raised):
            self.add(("raised", outcome.class_name, outcome.text, outcome.line_number, ()), ())
        else:
            self.add(("unfinished", "", "", None, ()), ())

    def extend(self, items: Iterable[Outcome]) -> None:
        """Add several."""
        for item in items:
            self.append(item)
