"""What Flask keeps at a stop, as rows: the context stacks, session, g, the headers, the app's tables.

The rows come from the snapshots in the trace; a row is marked where it differs from the stop before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flasktrace.reports.stepper.book import START_RESPONSE, WRITE, Book
from flasktrace.reports.stepper.words import StepWords
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Call

MAX_ROWS = 60


@dataclass(frozen=True, slots=True)
class StateRow:
    """A line of the state: what it is about, and how it is at the stop. All texts are clean."""

    name: str
    text: str
    is_changed: bool = False


def state_rows(book: Book, call: Call, is_end: bool, words: StepWords) -> list[StateRow]:
    """The state at a call's entry or end; empty when none was recorded up to there."""
    moment_ns = call.end_ns if is_end else call.start_ns
    rows: list[StateRow] = []
    snapshot = book.snapshot(call.thread_id, moment_ns)
    if snapshot is not None:
        rows.extend(_context_rows(snapshot.data, words))
    elif call.request_id is not None and book.has_contexts():
        # Each push is recorded: none has been made in this thread yet.
        rows += [StateRow(name, words.empty) for name in (words.request_stack, words.app_stack)]
    if call.request_id is not None:
        rows.append(_headers(book, call.request_id, moment_ns, words))
    else:
        tables = book.tables(moment_ns)
        if tables is not None:
            rows.extend(_table_rows(tables.data))
    return rows[:MAX_ROWS]


def live_rows(data: Mapping[str, object], words: StepWords) -> list[StateRow]:
    """The state as a held thread has it right now."""
    return list(_context_rows(data, words))[:MAX_ROWS]


def marked(rows: list[StateRow], before: list[StateRow]) -> list[StateRow]:
    """The rows with a mark on each that was not there, or was different, before."""
    known = {(row.name, row.text) for row in before}
    return [replace(row, is_changed=(row.name, row.text) not in known) for row in rows]


def _context_rows(data: Mapping[str, object], words: StepWords) -> Iterator[StateRow]:
    if "request_stack" not in data and "app_stack" not in data:
        return
    yield _stack_row(words.request_stack, data.get("request_stack"), words)
    yield _stack_row(words.app_stack, data.get("app_stack"), words)
    storage = data.get("storage")
    if isinstance(storage, Mapping):
        shapes = [
            f"{_ident(str(ident), words)}: {_names(stack) or words.empty}" for ident, stack in storage.items()
        ]
        yield StateRow(words.storage, "; ".join(shapes) or words.empty)
    request = data.get("request")
    if isinstance(request, Mapping):
        for name, text in request.items():
            if text != "None":
                yield StateRow(f"request.{clean(str(name))}", clean(str(text)))
    for name, title in (("session", words.session), ("g", words.context_g)):
        if name in data:
            yield StateRow(title, _items(data[name], words))


def _ident(ident: str, words: StepWords) -> str:
    """A thread's number; a greenlet's key says by itself what it is."""
    return words.thread_ident.format(ident=ident) if ident.isdecimal() else clean(ident)


def _stack_row(name: str, stack: object, words: StepWords) -> StateRow:
    contexts = stack if isinstance(stack, list) else []
    shown = [
        clean(f"{each.get('class', '?')} {each.get('shows', '')}".rstrip())
        for each in contexts
        if isinstance(each, Mapping)
    ]
    return StateRow(name, " > ".join(shown) or words.empty)


def _names(stack: object) -> str:
    return clean(", ".join(map(str, stack))) if isinstance(stack, list) else ""


def _items(items: object, words: StepWords) -> str:
    if items is None:
        return "None"
    if not isinstance(items, Mapping) or not items:
        return words.nothing
    return clean(", ".join(f"{name}={text}" for name, text in items.items()))


def _headers(book: Book, request_id: int, moment_ns: int, words: StepWords) -> StateRow:
    text = words.headers_no
    started = book.snapshot_of(START_RESPONSE, request_id, moment_ns)
    if started is not None:
        status = next((v.text for v in book.call(started.call_id).parameters if v.name == "status"), "")
        sent = book.snapshot_of(WRITE, request_id, moment_ns)
        text = f"{words.headers_set if sent is None else words.headers_sent} {clean(status)}".rstrip()
    return StateRow(words.headers, text)


def _table_rows(data: Mapping[str, Any]) -> Iterator[StateRow]:
    for name in ("view_functions", "url_map"):
        entries = data.get(name)
        if isinstance(entries, list):
            yield StateRow(name, clean(", ".join(map(str, entries))))
    hooks = data.get("hooks")
    if isinstance(hooks, Mapping):
        for name, table in hooks.items():
            if isinstance(table, Mapping):
                texts = [
                    f"{owner}: {_names(functions)}" if owner else _names(functions)
                    for owner, functions in table.items()
                ]
                yield StateRow(clean(str(name)), clean("; ".join(texts)))
