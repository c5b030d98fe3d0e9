"""The cells of a trace file that may come from anybody: each is what it should be, or an error is raised."""

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flasktrace.tracer.compiled import native

PIECE = 20_000
"""Rows of which the columns are read at a time."""

NAMED = 500
"""Rows that are named one by one in a query: SQLite takes no more than 999 of them everywhere."""


def as_text(cell: object) -> str:
    """A text, which is a blob where it has no UTF-8."""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogatepass")
    if not isinstance(cell, str):
        raise TypeError(f"a text was expected, not {cell!r:.40}")
    return cell


def as_int(cell: object) -> int:
    """A number of 64 bits."""
    if not isinstance(cell, int) or not -(1 << 63) <= cell < 1 << 63:
        raise TypeError(f"a number was expected, not {cell!r:.40}")
    return cell


def as_int_or_none(cell: object) -> int | None:
    """A number, or none."""
    return None if cell is None else as_int(cell)


def as_json(cell: object) -> Any:
    """What a text of JSON says."""
    return json.loads(as_text(cell))


def expect(condition: bool, what: str) -> None:
    """Raise a ValueError that says what is wrong, unless all is well."""
    if not condition:
        raise ValueError(what)


def numbers_in(cell: object) -> list[int]:
    """The numbers in a cell: none, one, or several with commas between."""
    if cell is None or cell == "":
        return []
    return (
        [as_int(cell)] if isinstance(cell, int) else [as_int(int(part)) for part in as_text(cell).split(",")]
    )


def rows_of(connection: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """All rows of a table of ours, in order."""
    if table == "metadata":
        yield from connection.execute("SELECT * FROM metadata ORDER BY key LIMIT 1000")
        return
    last_id = None
    for row in connection.execute(f"SELECT * FROM {table} ORDER BY id"):
        # In a damaged file the pages may go in a circle.
        expect(last_id is None or row[0] > last_id, f"the rows of {table} are not in order")
        last_id = row[0]
        yield row


def numbered_rows(connection: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """The rows, without their ids, of a table whose ids are the positions in a list."""
    for position, row in enumerate(rows_of(connection, table)):
        expect(row[0] == position, f"the rows of {table} are not numbered")
        yield row[1:]


def row_at(connection: sqlite3.Connection, table: str, row_id: int | None) -> tuple[Any, ...]:
    """One row, without its id."""
    row = connection.execute(f"SELECT * FROM {table} WHERE id = ?", (row_id,)).fetchone()
    expect(row is not None, f"the row {row_id} of {table} is not there")
    return tuple(row[1:])


def rows_at(connection: sqlite3.Connection, table: str, row_ids: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    """Some rows, without their ids, by these."""
    wanted = list(map(as_int, row_ids))
    rows = {}
    for begin in range(0, len(wanted), NAMED):
        part = wanted[begin : begin + NAMED]
        # Not the ids themselves: a query that was made before need not be understood again.
        marks = ",".join("?" * len(part))
        for row_id, *cells in connection.execute(f"SELECT * FROM {table} WHERE id IN ({marks})", part):
            rows[row_id] = tuple(cells)
    missing = set(wanted) - rows.keys()
    expect(not missing, f"the row {min(missing, default=None)} of {table} is not there")
    return rows


def read_columns(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> "list[array[int]]":
    """Columns of numbers of a long table, see :func:`pieces_of_columns`."""
    found = [array("q") for _ in columns]
    for piece in pieces_of_columns(connection, table, columns):
        for column, numbers in zip(found, piece, strict=True):
            column += numbers
    return found


def shared_columns(connection: sqlite3.Connection, table: str, names: Sequence[str]) -> "list[array[int]]":
    """Columns of what calls share, by number, with 0 for what is missing."""
    columns = read_columns(connection, table, [f"coalesce({name}, 0)" for name in names])
    (last_id,) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()
    # The ids differ, and none is negative.
    expect(last_id is None or last_id + 1 == len(columns[0]), f"the rows of {table} are not numbered")
    return columns


def pieces_of_columns(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], condition: str = "1"
) -> "Iterator[list[array[int]]]":
    """The columns of :func:`pieces_of_texts` as numbers."""
    for count, texts in pieces_of_texts(connection, table, columns, condition):
        yield [numbers_of(text, count) for text in texts]


def pieces_of_texts(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], condition: str = "1"
) -> Iterator[tuple[int, list[str]]]:
    """Columns of numbers of a long table, in order of its ids, piece by piece: their count, and the texts.

    A row a time takes twice as long as to have SQLite write the numbers down, and a parser read them.

    Args:
        connection: to a file that was found to have our tables.
        table: whose ids are positive, or begin with 0.
        columns: expressions of ours, which are never NULL.
        condition: which of the rows, in SQL.
    """
    names = [f"c{number}" for number in range(len(columns))]
    query = (
        f"SELECT max(id), count(*), {', '.join(f'group_concat({name})' for name in names)} FROM"
        f" (SELECT id, {', '.join(map(' AS '.join, zip(columns, names, strict=True)))}"
        f" FROM {table} WHERE id > ? AND ({condition}) ORDER BY id LIMIT {PIECE})"
    )
    last_id = -1
    while True:
        before_id = last_id
        last_id, count, *texts = connection.execute(query, (before_id,)).fetchone()
        if last_id is None:
            return
        # In a damaged file the pages may go in a circle.
        expect(last_id - before_id >= count, f"the rows of {table} are not in order")
        yield count, texts


def numbers_of(text: str, count: int) -> "array[int]":
    """The numbers of a column, with commas between.

    Raises:
        ValueError: there are not so many, as a cell of text may look like several, or one is none.
        TypeError, OverflowError: one is no number of 64 bits.
    """
    return array("q", listed(text, count) if native is None else native.numbers(text, count))


def listed(text: str, count: int) -> list[int]:
    """The same without what is compiled, in a list, which is gone through faster."""
    numbers: list[int] = json.loads(f"[{text}]")
    expect(len(array("q", numbers)) == count, "a row is odd")
    return numbers
