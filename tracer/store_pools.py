"""Reads what the calls of a trace file share: their details and outcomes, whole or one by one."""

import sqlite3
from array import array
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from flasktrace.tracer.store_cells import (
    as_int,
    as_int_or_none,
    as_json,
    as_text,
    expect,
    numbered_rows,
    numbers_in,
    row_at,
    rows_at,
)
from flasktrace.tracer.values import (
    Detail,
    Details,
    DetailShape,
    Outcome,
    Outcomes,
    OutcomeShape,
    Raised,
    Returned,
    Unfinished,
    Value,
    ValueShape,
)

_Row = Callable[[str, int], tuple[Any, ...]]  # a table and an id: the row, without its id


class PoolReader:
    """Reads the pools of one file, of whatever version.

    All methods raise ValueError, TypeError or IndexError when what they read is not what we write.
    """

    def __init__(self, connection: sqlite3.Connection, version: int) -> None:
        self._connection, self._version = connection, version

    def details(self) -> Details:
        """All details."""
        pool = Details(())
        if self._version == 1:
            pool.extend(_detail_1(*row) for row in numbered_rows(self._connection, "details"))
            return pool
        row = self._all_rows("parameter_names", "seen_values")
        shapes = [_detail_shape(row, *cells) for cells in numbered_rows(self._connection, "detail_shapes")]
        counts = [sum(has for _, _, _, has in values) for _, values in shapes]
        self._fill(pool, "detail_rows", shapes, counts)
        return pool

    def outcomes(self) -> Outcomes:
        """All outcomes."""
        pool = Outcomes(())
        if self._version == 1:
            pool.extend(_outcome_1(*row) for row in numbered_rows(self._connection, "outcomes"))
            return pool
        row = self._all_rows("seen_values")
        shapes = [_outcome_shape(row, *cells) for cells in numbered_rows(self._connection, "outcome_shapes")]
        self._fill(pool, "outcome_rows", shapes, [sum(has for _, _, _, has in shape[4]) for shape in shapes])
        return pool

    def detail(self, detail_id: int | None) -> Detail:
        """One detail."""
        if self._version == 1:
            return _detail_1(*row_at(self._connection, "details", detail_id))
        shape_id, objects = row_at(self._connection, "detail_rows", detail_id)
        pool, shape = Details(()), self.detail_shapes((shape_id,))[shape_id]
        pool.add(shape, self._addresses(objects, shape[1]))
        return pool[0]

    def outcome(self, outcome_id: int | None) -> Outcome:
        """One outcome."""
        if self._version == 1:
            return _outcome_1(*row_at(self._connection, "outcomes", outcome_id))
        shape_id, objects = row_at(self._connection, "outcome_rows", outcome_id)
        pool, shape = Outcomes(()), self.outcome_shapes((shape_id,))[shape_id]
        pool.add(shape, self._addresses(objects, shape[4]))
        return pool[0]

    def detail_shapes(self, shape_ids: Iterable[int]) -> dict[int, DetailShape]:
        """Some shapes of details, by their ids; the file is not of version 1."""
        shapes = rows_at(self._connection, "detail_shapes", shape_ids)
        values = chain.from_iterable(numbers_in(value_ids) for _, value_ids in shapes.values())
        row = self._some_rows(
            seen_values=values, parameter_names=[names_id for names_id, _ in shapes.values()]
        )
        return {shape_id: _detail_shape(row, *cells) for shape_id, cells in shapes.items()}

    def outcome_shapes(self, shape_ids: Iterable[int]) -> dict[int, OutcomeShape]:
        """Some shapes of outcomes, by their ids; the file is not of version 1."""
        shapes = rows_at(self._connection, "outcome_shapes", shape_ids)
        row = self._some_rows(seen_values=[cells[3] for cells in shapes.values() if cells[3] is not None])
        return {shape_id: _outcome_shape(row, *cells) for shape_id, cells in shapes.items()}

    def _some_rows(self, **wanted: Iterable[int]) -> _Row:
        rows = {table: rows_at(self._connection, table, set(row_ids)) for table, row_ids in wanted.items()}
        return lambda table, row_id: rows[table][row_id]

    def _all_rows(self, *tables: str) -> _Row:
        rows = {table: list(numbered_rows(self._connection, table)) for table in tables}

        def row(table: str, row_id: int) -> tuple[Any, ...]:
            expect(0 <= row_id < len(rows[table]), f"the row {row_id} of {table} is not there")
            return rows[table][row_id]

        return row

    def _addresses(self, cell: object, values: Iterable[ValueShape]) -> list[int]:
        found = [as_int(row_at(self._connection, "objects", number)[0]) for number in numbers_in(cell)]
        expect(len(found) == sum(has for *_, has in values), "a row has not as many objects as values")
        return found

    def _fill(self, pool: Details | Outcomes, table: str, shapes: list[Any], counts: list[int]) -> None:
        """Add the rows of a table to a pool.

        Args:
            pool: an empty one.
            table: of the rows.
            shapes: that they name.
            counts: by shape, how many objects its values have.
        """
        addresses = array("q", [cell for (cell,) in numbered_rows(self._connection, "objects")])
        numbers: list[int] = []
        pool.shapes.extend(shapes)
        for shape_id, cell in numbered_rows(self._connection, table):
            expect(0 <= shape_id < len(shapes), f"a row of {table} names a shape that is not there")
            own = numbers_in(cell) if cell is not None else ()
            expect(len(own) == counts[shape_id], f"a row of {table} has not as many objects as values")
            pool.shape.append(shape_id)
            numbers.extend(own)
            pool.ends.append(len(numbers))
        expect(not numbers or min(numbers) >= 0, "a value names an object that is not there")
        pool.objects.extend(map(addresses.__getitem__, numbers))


def _detail_shape(row: _Row, names_id: int, value_ids: object) -> DetailShape:
    has_receiver, names_json = row("parameter_names", as_int(names_id))
    names = as_json(names_json)
    values = tuple(
        [_value_shape(row, name, number) for name, number in zip(names, numbers_in(value_ids), strict=True)]
    )
    expect(bool(values) or not has_receiver, "a detail has no receiver where it should")
    return bool(has_receiver), values


def _outcome_shape(
    row: _Row, kind: object, class_name: object, text: object, value_id: object, line_number: object
) -> OutcomeShape:
    line = as_int_or_none(line_number)
    if kind == "returned":
        return (
            "returned",
            "",
            "",
            line,
            () if value_id is None else (_value_shape(row, "", as_int(value_id)),),
        )
    if kind == "raised":
        return "raised", as_text(class_name), as_text(text), line, ()
    expect(kind == "unfinished", f"an outcome of the kind {kind!r:.40}")
    return "unfinished", "", "", None, ()


def _value_shape(row: _Row, name: object, value_id: int) -> ValueShape:
    class_name, text, has_object = row("seen_values", value_id)
    return as_text(name), as_text(class_name), as_text(text), bool(as_int(has_object))


def _detail_1(receiver: object, parameters: object) -> Detail:
    items: Iterable[Any] = as_json(parameters)
    return Detail(
        None if receiver is None else _value_1(as_json(receiver)), tuple(_value_1(item) for item in items)
    )


def _outcome_1(kind: object, class_name: object, text: object, value: object, line_number: object) -> Outcome:
    line = as_int_or_none(line_number)
    if kind == "returned":
        return Returned(None if value is None else _value_1(as_json(value)), line)
    if kind == "raised":
        return Raised(as_text(class_name), as_text(text), line)
    expect(kind == "unfinished", f"an outcome of the kind {kind!r:.40}")
    return Unfinished()


def _value_1(item: Any) -> Value:
    name, class_name, object_id, text = item
    return Value(as_text(name), as_text(class_name), as_int(object_id), as_text(text))
