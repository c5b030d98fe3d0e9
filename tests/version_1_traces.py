"""Trace files as the first version wrote them."""

import contextlib
import json
import sqlite3
from pathlib import Path

from flasktrace.tracer.model import Returned, Trace, Value
from flasktrace.tracer.store import write_trace
from flasktrace.tracer.store_schema import APPLICATION_ID, schema


def write_trace_1(trace: Trace, path: Path) -> None:
    """Write a trace as the first version did."""
    new = path.with_suffix(".new")
    write_trace(trace, new)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("ATTACH ? AS new", (str(new),))
        connection.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")
        for name, statement in schema(1).items():
            connection.execute(statement)
            if name not in ("details", "outcomes", "calls"):
                connection.execute(f"INSERT INTO {name} SELECT * FROM new.{name}")
        connection.execute("INSERT INTO calls SELECT * FROM new.calls")
        for i, detail in enumerate(trace.calls.details):
            row = (
                i,
                detail.receiver and json.dumps(_as_list(detail.receiver)),
                json.dumps([_as_list(value) for value in detail.parameters]),
            )
            connection.execute("INSERT INTO details VALUES (?, ?, ?)", row)
        connection.execute(
            "INSERT INTO outcomes SELECT id, kind, class_name, text, NULL, line_number FROM new.outcomes"
        )
        for i, outcome in enumerate(trace.calls.outcomes):
            if isinstance(outcome, Returned) and outcome.value is not None:
                value = json.dumps(_as_list(outcome.value))
                connection.execute("UPDATE outcomes SET value = ? WHERE id = ?", (value, i))
        connection.commit()


WRITERS = [write_trace, write_trace_1]
"""For tests of what both versions have in common."""


def _as_list(value: Value) -> list[object]:
    return [value.name, value.class_name, value.object_id, value.text]
