"""Snapshots of what Flask keeps: the context stacks during a request, the app's tables at start-up.

Taken in the hook when one of a few functions returns, with plain dict look-ups on the objects' own
attributes: no property, proxy or method of the program runs. The builder makes a
``Marker(kind="state")`` of each, on the call that returned; its data is

``request_stack``, ``app_stack``
    the contexts, the top last: ``{"class", "id", "shows"}``; ``shows`` is the request or the app
``storage``
    the Local's storage as it is on the bundled engine: ``{identity: [class of each context]}``
``request``
    of the top: ``{"endpoint", "url_rule", "view_args", ...}``, as texts
``session``, ``g``
    their items, as texts, secrets masked
``headers``
    when ``start_response`` or ``write`` of the server returns: ``{"status", "is_sent"}``
``view_functions``, ``url_map``
    at start-up, the app's tables: names of views, and rules
``hooks``, ``hook_entries``
    the tables of hooks as names, ``{table: {owner: [name]}}``, and with what finds the functions, see
    :mod:`tracer.hook_tables`; the latter also when a request's context is pushed
``after_this_request``
    such entries of what the request has set down for itself
"""

import sys
from collections.abc import Mapping
from contextvars import ContextVar
from itertools import islice
from types import BuiltinFunctionType, CodeType, FrameType
from typing import Any

from flasktrace.tracer.capture import Texts, capture, class_name_of
from flasktrace.tracer.hook_tables import MAX_ENTRIES, after_this_request, hook_names, hook_tables
from flasktrace.tracer.model import Origin
from flasktrace.tracer.scope import Decision

_SETUP = frozenset(
    {
        *("add_url_rule", "register_blueprint", "_register_error_handler", "register_error_handler"),
        *("before_request", "after_request", "teardown_request", "teardown_appcontext"),
        *("before_first_request", "context_processor", "url_value_preprocessor", "url_defaults"),
    }
)
_SERVER = "WSGIRequestHandler.run_wsgi.<locals>."
_PIPELINE = frozenset(
    {
        *("RequestContext.push", "RequestContext.pop", "AppContext.push", "AppContext.pop"),
        *("RequestContext.match_request", "LocalStack.push", "LocalStack.pop"),
        *("Flask.preprocess_request", "Flask.dispatch_request", "Flask.full_dispatch_request"),
        *("Flask.finalize_request", "Flask.process_response", "Flask.wsgi_app"),
        *(_SERVER + "start_response", _SERVER + "write"),
    }
)
_RUNNERS = frozenset(  # they call the user's hooks, views and error handlers
    {
        *("Flask.preprocess_request", "Flask.dispatch_request", "Flask.process_response"),
        *("Flask.do_teardown_request", "Flask.do_teardown_appcontext", "Flask.handle_user_exception"),
        *("Flask.handle_http_exception", "Flask.try_trigger_before_first_request_functions"),
    }
)
_PUSHES = frozenset({"RequestContext.push", "AppContext.push"})

Snapshot = dict[str, Any]


def is_wanted(code: CodeType, decision: Decision) -> bool:
    """Tell whether a snapshot may have to be taken when this function returns.

    Args:
        code: of the function.
        decision: whose it is; with the program's own, :func:`take` looks whether Flask called it.
    """
    if decision.origin is Origin.USER:
        return True
    top = decision.module.partition(".")[0]
    if top == "flask" and code.co_name in _SETUP:
        return "wrapper" not in code.co_qualname
    return top in ("flask", "werkzeug") and code.co_qualname in _PIPELINE


def take(frame: FrameType) -> Snapshot | None:
    """The snapshot when the function of ``frame`` returns; None when there is nothing to show."""
    if frame.f_code.co_name in _SETUP and "self" in frame.f_code.co_varnames:
        return _tables(frame.f_locals.get("self"))
    name = frame.f_code.co_qualname
    if name not in _PIPELINE and not _is_called_by_flask(frame):
        return None
    snapshot = _stacks()
    if name in _PUSHES:
        hooks = hook_tables(_attributes(_attributes(frame.f_locals.get("self")).get("app")))
        if hooks:
            snapshot["hook_entries"] = hooks
    elif name.startswith(_SERVER):
        snapshot["headers"] = _headers(frame.f_locals)
    return snapshot


def take_anywhere(frame: FrameType) -> Snapshot:
    """As :func:`take`, and where that shows nothing, what the context stacks hold meanwhile."""
    return take(frame) or _stacks()


def _is_called_by_flask(frame: FrameType) -> bool:
    caller = frame.f_back
    return caller is not None and caller.f_code.co_qualname in _RUNNERS


def _attributes(item: object) -> dict[str, Any]:
    """An object's own attributes, without running a ``__getattribute__`` of its class."""
    try:
        found = object.__getattribute__(item, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}


def _flask_globals() -> dict[str, Any]:
    """The namespace of ``flask.globals``: the bundle's own modules import it by its real name."""
    for name in ("flask.globals", "flasktrace.framework.flask.globals"):
        module = sys.modules.get(name)
        if module is not None:
            return module.__dict__
    return {}


def _stacks() -> Snapshot:
    flask_globals = _flask_globals()
    local = _attributes(flask_globals.get("_request_ctx_stack")).get("_local")
    snapshot: Snapshot = {}
    if local is not None:
        requests = _stack_of(local)
        apps = _stack_of(_attributes(flask_globals.get("_app_ctx_stack")).get("_local"))
        snapshot["storage"] = _storage_shape(local)
    else:
        requests, apps = (
            _from_variable(flask_globals, "_cv_request"),
            _from_variable(flask_globals, "_cv_app"),
        )
    snapshot["request_stack"] = [_context(context) for context in requests]
    snapshot["app_stack"] = [_context(context) for context in apps]
    if requests:
        top = _attributes(requests[-1])
        snapshot["request"] = _request(_attributes(top.get("request")))
        snapshot["session"] = _items(top.get("session", top.get("_session")))
        snapshot["after_this_request"] = after_this_request(top)
    if apps:
        snapshot["g"] = _items(_attributes(_attributes(apps[-1]).get("g")))
    return snapshot


def _headers(names: Mapping[str, Any]) -> dict[str, Any]:
    """What the server's closure knows: Werkzeug 1 keeps it in lists, 3 has a name for each."""
    kept = names.get("headers_set")
    status = names.get("status_set") or (kept[0] if type(kept) is list and kept else None)
    sent = names.get("status_sent") if "status_sent" in names else names.get("headers_sent")
    is_sent = type(sent) in (str, list) and bool(sent)
    return {"status": status[:120] if type(status) is str else "", "is_sent": is_sent}


def _storage(local: object) -> dict[Any, Any]:
    try:
        storage = object.__getattribute__(local, "__storage__")
    except AttributeError:
        return {}
    return storage if type(storage) is dict else {}


def _stack_of(local: object) -> list[object]:
    try:
        ident = object.__getattribute__(local, "__ident_func__")
    except AttributeError:
        return []
    if type(ident) is not BuiltinFunctionType:
        return []
    inner = _storage(local).get(ident())
    stack = inner.get("stack") if type(inner) is dict else None
    return list(stack) if type(stack) is list else []


def _storage_shape(local: object) -> dict[str, list[str]]:
    shape = {}
    for number, inner in list(islice(_storage(local).items(), MAX_ENTRIES)):
        stack = inner.get("stack") if type(inner) is dict else None
        key = str(number) if type(number) is int else f"{class_name_of(type(number))} {id(number):#x}"
        shape[key] = [class_name_of(type(context)) for context in stack] if type(stack) is list else []
    return shape


def _from_variable(flask_globals: Mapping[str, Any], name: str) -> list[object]:
    variable = flask_globals.get(name)
    context = variable.get(None) if type(variable) is ContextVar else None
    return [] if context is None else [context]


def _context(context: object) -> dict[str, Any]:
    own = _attributes(context)
    environ = _attributes(own.get("request")).get("environ")
    if type(environ) is dict:
        shows = f"{environ.get('REQUEST_METHOD', '')} {environ.get('PATH_INFO', '')}"
    else:
        name = _attributes(own.get("app")).get("import_name")
        shows = name if type(name) is str else ""
    return {"class": class_name_of(type(context)), "id": id(context), "shows": capture(shows)}


def _request(own: Mapping[str, Any]) -> list[tuple[str, Any]]:
    rule = own.get("url_rule")
    shown = [
        ("view_args", capture(own.get("view_args"))),
        ("routing_exception", capture(own.get("routing_exception"))),
    ]
    for name in ("rule", "endpoint"):
        shown.append((name, capture(_attributes(rule).get(name))))
    return shown


def _items(item: object) -> list[tuple[str, Any]] | None:
    if not issubclass(type(item), dict):
        return None
    found: Any = item
    pairs = list(islice(dict.items(found), MAX_ENTRIES))
    return [(key, capture(value)) for key, value in pairs if type(key) is str]


def _tables(app: object) -> Snapshot | None:
    own = _attributes(app)
    views, url_map = own.get("view_functions"), _attributes(own.get("url_map"))
    if type(views) is not dict or not url_map:  # a blueprint has views too, but no map
        return None
    by_endpoint = url_map.get("_rules_by_endpoint")
    rules = by_endpoint.values() if type(by_endpoint) is dict else ()
    hooks = hook_tables(own)
    return {
        "view_functions": [key for key in islice(views, MAX_ENTRIES) if type(key) is str],
        "url_map": [
            f"{_text(_attributes(rule).get('rule'))} -> {_text(_attributes(rule).get('endpoint'))}"
            for group in list(islice(rules, MAX_ENTRIES))
            for rule in (group if type(group) is list else ())
        ],
        "hooks": hook_names(hooks),
        "hook_entries": hooks,
    }


def _text(value: object) -> str:
    return value[:120] if type(value) is str else "?"


def as_json(snapshot: Snapshot, texts: Texts) -> dict[str, object]:
    """The data of the marker: captured values as texts, secrets masked."""
    data: dict[str, object] = {}
    for key, value in snapshot.items():
        if key in ("request", "session", "g"):
            data[key] = (
                None if value is None else {name: texts.value(name, item).text for name, item in value}
            )
        elif key in ("request_stack", "app_stack"):
            data[key] = [{**item, "shows": _shown(texts, item["shows"])} for item in value]
        elif key == "headers":
            data[key] = {**value, "status": _shown(texts, value["status"])}
        else:
            data[key] = value
    return data


def _shown(texts: Texts, captured: Any) -> str:
    text = texts.value("", captured).text
    return text[1:-1] if text[:1] == text[-1:] == "'" else text
