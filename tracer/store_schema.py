"""The schema of a trace file: an SQLite database with the suffix ``.flasktrace``.

The views ``calls``, ``details`` and ``outcomes`` and the other tables are the model's lists under the model's
names; a missing parent, request, call line or phase is NULL. ``receiver``, ``parameters``, ``value`` and
``data`` are JSON (a value is ``[name, class, text]``). Text that is no valid Unicode (lone surrogates) is
stored as a blob.

A program calls the same functions from the same lines again and again, with values that look the same. So a
row of ``call_rows`` names the ``sites`` (function, depth, line, phase) and ``strands`` (thread, request) that
it has in common with others, and says how far up its parent's id is and how long it took. A row of
``detail_rows`` or ``outcome_rows`` names the shape it shares with others; the shape names the parameters and
the numbers of ``seen_values``. Which objects these were, where they have an id, is in the row: ``objects``
are their numbers in the table ``objects``, with commas between.

``user_version`` is the schema's version:

1   the first one: ``calls``, ``details`` and ``outcomes`` were the tables themselves.
2   rows of a third of the size, what is repeated stored once.
"""

from dataclasses import asdict
from pathlib import Path

from flasktrace.tracer.model import Metadata

APPLICATION_ID = 0x666C6B74  # "flkt"
SCHEMA_VERSION = 2
SUFFIX = ".flasktrace"
MAX_TEXT_BYTES = 1_000_000  # of one cell; nothing that we write comes near
MAX_CALLS = 50_000_000

_COMMON = {
    "metadata": "key TEXT PRIMARY KEY, value TEXT",
    "threads": "id INTEGER PRIMARY KEY, name TEXT, started_by INTEGER",
    "requests": "id INTEGER PRIMARY KEY, method TEXT, target TEXT, status INTEGER",
    "functions": "id INTEGER PRIMARY KEY, module TEXT, qualname TEXT, file_path TEXT, line_number INTEGER,"
    " last_line INTEGER, origin TEXT",
    "phases": "id INTEGER PRIMARY KEY, name TEXT",
    "markers": "id INTEGER PRIMARY KEY, kind TEXT, call_id INTEGER, time_ns INTEGER, data TEXT",
}
_VALUE = (
    "json_array({}, iif(typeof(v.class_name) = 'text', v.class_name, '(no Unicode)'),"
    " iif(typeof(v.text) = 'text', v.text, '(no Unicode)'))"
)
_PARAMETER = _VALUE.format("k.value")
TABLES = {
    **_COMMON,
    "sites": "id INTEGER PRIMARY KEY, function_id INTEGER, depth INTEGER, call_line INTEGER,"
    " phase_id INTEGER",
    "strands": "id INTEGER PRIMARY KEY, thread_id INTEGER, request_id INTEGER",
    "objects": "id INTEGER PRIMARY KEY, address INTEGER",
    "seen_values": "id INTEGER PRIMARY KEY, class_name TEXT, text TEXT, has_object INTEGER",
    "parameter_names": "id INTEGER PRIMARY KEY, has_receiver INTEGER, names TEXT",
    "detail_shapes": "id INTEGER PRIMARY KEY, names_id INTEGER, value_ids TEXT",
    "detail_rows": "id INTEGER PRIMARY KEY, shape_id INTEGER, objects",
    "outcome_shapes": "id INTEGER PRIMARY KEY, kind TEXT, class_name TEXT, text TEXT, value_id INTEGER,"
    " line_number INTEGER",
    "outcome_rows": "id INTEGER PRIMARY KEY, shape_id INTEGER, objects",
    "call_rows": "id INTEGER PRIMARY KEY, up INTEGER, site_id INTEGER, strand_id INTEGER, start_ns INTEGER,"
    " duration_ns INTEGER, detail_id INTEGER, outcome_id INTEGER",
}
VIEWS = {
    "calls": "SELECT c.id AS id, c.id - c.up AS parent_id, s.function_id AS function_id,"
    " t.thread_id AS thread_id, t.request_id AS request_id, s.depth AS depth, s.call_line AS call_line,"
    " c.start_ns AS start_ns, c.start_ns + c.duration_ns AS end_ns, s.phase_id AS phase_id,"
    " c.detail_id AS detail_id, c.outcome_id AS outcome_id FROM call_rows c"
    " LEFT JOIN sites s ON s.id = c.site_id LEFT JOIN strands t ON t.id = c.strand_id",
    "details": f"SELECT d.id AS id, (SELECT {_PARAMETER} FROM json_each(n.names) k, seen_values v"
    " WHERE k.key = 0 AND n.has_receiver AND v.id ="
    " json_extract('[' || s.value_ids || ']', '$[0]')) AS receiver,"
    f" (SELECT json_group_array({_PARAMETER}) FROM json_each(n.names) k"
    " JOIN json_each('[' || s.value_ids || ']') i ON i.key = k.key JOIN seen_values v ON v.id = i.value"
    " WHERE k.key >= n.has_receiver) AS parameters, d.objects AS objects FROM detail_rows d"
    " LEFT JOIN detail_shapes s ON s.id = d.shape_id LEFT JOIN parameter_names n ON n.id = s.names_id",
    "outcomes": "SELECT o.id AS id, s.kind AS kind, s.class_name AS class_name, s.text AS text,"
    f" iif(v.id IS NULL, NULL, {_VALUE.format(chr(39) * 2)}) AS value,"
    " s.line_number AS line_number, o.objects AS objects FROM outcome_rows o"
    " LEFT JOIN outcome_shapes s ON s.id = o.shape_id LEFT JOIN seen_values v ON v.id = s.value_id",
}
TABLES_1 = {
    **_COMMON,
    "details": "id INTEGER PRIMARY KEY, receiver TEXT, parameters TEXT",
    "outcomes": "id INTEGER PRIMARY KEY, kind TEXT, class_name TEXT, text TEXT, value TEXT,"
    " line_number INTEGER",
    "calls": "id INTEGER PRIMARY KEY, parent_id INTEGER, function_id INTEGER, thread_id INTEGER,"
    " request_id INTEGER, depth INTEGER, call_line INTEGER, start_ns INTEGER, end_ns INTEGER,"
    " phase_id INTEGER, detail_id INTEGER, outcome_id INTEGER",
}
"""Of version 1, for reading."""
CALL_COLUMNS = (  # the model's names, in the order of the columns of ``calls``
    *("id", "parent_id", "function_id", "thread_id", "request_id", "depth", "call_line"),
    *("start_ns", "end_ns", "phase", "detail", "outcome"),
)
COLUMN_COUNTS = {name: columns.count(",") + 1 for name, columns in TABLES.items()}
METADATA_TEXTS = tuple(name for name in asdict(Metadata()) if name != "extra")


def schema(version: int) -> dict[str, str]:
    """The statements that make a file of a version, by the name of the table or view."""
    tables, views = (TABLES, VIEWS) if version >= 2 else (TABLES_1, {})
    return {
        **{name: f"CREATE TABLE {name} ({columns})" for name, columns in tables.items()},
        **{name: f"CREATE VIEW {name} AS {query}" for name, query in views.items()},
    }


def journal_of(path: Path) -> Path:
    """The file in which SQLite keeps what it needs to undo a batch."""
    return path.with_name(path.name + "-journal")
