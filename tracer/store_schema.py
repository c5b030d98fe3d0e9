"""The schema of a trace file: an SQLite database with the suffix ``.flasktrace``.

The tables are the model's lists under the model's names; a missing parent, request, call line or phase is
NULL. ``receiver``, ``parameters``, ``value`` and ``data`` are JSON (a value is ``[name, class, id, text]``).
Text that is no valid Unicode (lone surrogates) is stored as a blob. ``user_version`` is the schema's version:

1   the first one.
"""

from dataclasses import asdict
from pathlib import Path

from flasktrace.tracer.model import Metadata

APPLICATION_ID = 0x666C6B74  # "flkt"
SCHEMA_VERSION = 1
SUFFIX = ".flasktrace"
MAX_TEXT_BYTES = 1_000_000  # of one cell; nothing that we write comes near
MAX_CALLS = 50_000_000

TABLES = {
    "metadata": "key TEXT PRIMARY KEY, value TEXT",
    "threads": "id INTEGER PRIMARY KEY, name TEXT, started_by INTEGER",
    "requests": "id INTEGER PRIMARY KEY, method TEXT, target TEXT, status INTEGER",
    "functions": "id INTEGER PRIMARY KEY, module TEXT, qualname TEXT, file_path TEXT, line_number INTEGER,"
    " last_line INTEGER, origin TEXT",
    "details": "id INTEGER PRIMARY KEY, receiver TEXT, parameters TEXT",
    "outcomes": "id INTEGER PRIMARY KEY, kind TEXT, class_name TEXT, text TEXT, value TEXT,"
    " line_number INTEGER",
    "phases": "id INTEGER PRIMARY KEY, name TEXT",
    "calls": "id INTEGER PRIMARY KEY, parent_id INTEGER, function_id INTEGER, thread_id INTEGER,"
    " request_id INTEGER, depth INTEGER, call_line INTEGER, start_ns INTEGER, end_ns INTEGER,"
    " phase_id INTEGER, detail_id INTEGER, outcome_id INTEGER",
    "markers": "id INTEGER PRIMARY KEY, kind TEXT, call_id INTEGER, time_ns INTEGER, data TEXT",
}
CALL_COLUMNS = (  # the model's names, in the order of the table's columns
    *("id", "parent_id", "function_id", "thread_id", "request_id", "depth", "call_line"),
    *("start_ns", "end_ns", "phase", "detail", "outcome"),
)
COLUMN_COUNTS = {name: columns.count(",") + 1 for name, columns in TABLES.items()}
METADATA_TEXTS = tuple(name for name in asdict(Metadata()) if name != "extra")


def journal_of(path: Path) -> Path:
    """The file in which SQLite keeps what it needs to undo a batch."""
    return path.with_name(path.name + "-journal")
