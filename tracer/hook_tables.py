"""An app's tables of hooks as plain data, read inside the recording hook without running any of its code.

``{table: {owner: [entry]}}``: the owner is the name of a blueprint, or "" for the app; an entry is
``{"name", "qualname", "file", "line"}`` of the function, with ``"for"``, what it handles, in the table of
error handlers. Of a callable that is no function only its class is told: ``{"name": "<Class>"}``.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from types import FunctionType, MethodType
from typing import Any

from flasktrace.tracer.capture import class_name_of

MAX_ENTRIES = 50  # of each table
ERROR_HANDLERS = "error_handler_spec"
TABLES = (
    *("before_first_request_funcs", "url_value_preprocessors", "before_request_funcs", "after_request_funcs"),
    *("teardown_request_funcs", "teardown_appcontext_funcs", "template_context_processors"),
    "url_default_functions",
)
_MAX_CHARS = 200

Entry = dict[str, Any]
Tables = dict[str, dict[str, list[Entry]]]


def hook_tables(app: Mapping[str, Any]) -> Tables:
    """The tables that have something in them.

    Args:
        app: the app's own attributes.
    """
    tables = {name: _table(app.get(name)) for name in TABLES}
    tables[ERROR_HANDLERS] = _error_handlers(app.get(ERROR_HANDLERS))
    return {name: table for name, table in tables.items() if table}


def hook_names(tables: Tables) -> dict[str, dict[str, list[str]]]:
    """The same tables with the functions' names only, as they are shown at start-up."""
    return {
        name: {owner: [_shown_name(entry) for entry in entries] for owner, entries in table.items()}
        for name, table in tables.items()
    }


def _shown_name(entry: Entry) -> str:
    handled = entry.get("for")
    return f"{entry['name']} ({handled})" if handled else str(entry["name"])


def after_this_request(context: Mapping[str, Any]) -> list[Entry]:
    """The functions that a request has set down for itself, from its context's own attributes."""
    functions = context.get("_after_request_functions")
    return _entries(functions) if type(functions) is list else []


def _table(table: object) -> dict[str, list[Entry]]:
    if type(table) is list:
        return {"": _entries(table)} if table else {}
    return {
        _owner(key): entries
        for key, group in _items(table)
        if type(group) is list and (entries := _entries(group))
    }


def _error_handlers(spec: object) -> dict[str, list[Entry]]:
    """Owner, status and class are three levels of dicts; Flask 1.1 has None for an empty one."""
    found: dict[str, list[Entry]] = {}
    for owner, by_code in _items(spec):
        entries = [
            {**_entry(function), "for": _handled(code, kind)}
            for code, by_class in _items(by_code)
            for kind, function in _items(by_class)
        ]
        if entries:
            found[_owner(owner)] = entries[:MAX_ENTRIES]
    return found


def _handled(code: object, kind: Any) -> str:
    if type(code) is int:
        return str(code)
    # Not isinstance, which asks an object for its ``__class__``.
    return class_name_of(kind)[:_MAX_CHARS] if issubclass(type(kind), type) else ""


def _items(table: object) -> Iterator[tuple[Any, Any]]:
    if issubclass(type(table), dict):
        found: Any = table
        yield from list(islice(dict.items(found), MAX_ENTRIES))


def _owner(key: object) -> str:
    return key[:_MAX_CHARS] if type(key) is str else ""


def _entries(group: Iterable[object]) -> list[Entry]:
    return [_entry(item) for item in islice(group, MAX_ENTRIES)]


def _entry(item: object) -> Entry:
    function = item
    for _ in range(4):  # a method or partial object of another one
        if type(function) is MethodType:
            function = function.__func__
        elif type(function) is partial:
            function = function.func
    if type(function) is not FunctionType:
        return {"name": f"<{class_name_of(type(item))}>"}
    code = function.__code__
    return {
        "name": function.__name__[:_MAX_CHARS],
        "qualname": code.co_qualname[:_MAX_CHARS],
        "file": code.co_filename,
        "line": code.co_firstlineno,
    }
