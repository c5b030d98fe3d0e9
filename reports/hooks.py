"""The hook ledger: each registered hook, whether a request ran it, its place in the order, and if not, why.

The tables of hooks come from the state markers; which ran is told by the calls: a hook's function called
inside the function of Flask's that runs its table. Where a hook is missing, the calls say why: the chain
ended before it, an exception came first, or its blueprint is not the request's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from flasktrace.reports.hook_calls import RequestCalls, requests_calls
from flasktrace.reports.labels import raised_text
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Call, Raised, Request, Trace


class Reason(Enum):
    """Why a hook did not run."""

    RESPONSE = "response"  # an earlier one returned a response
    OTHER_BLUEPRINT = "other_blueprint"
    EXCEPTION = "exception"
    FIRST_REQUEST_ONLY = "first_request_only"
    NO_TEMPLATE = "no_template"  # nothing was rendered
    NO_URL = "no_url"  # no address was built
    NO_ERROR = "no_error"  # none of the kind it handles
    NOT_REACHED = "not_reached"  # the request never came so far
    NOT_RECORDED = "not_recorded"  # no function whose calls are recorded


@dataclass(frozen=True, slots=True)
class Kind:
    """A table of hooks: its decorator, and the functions of Flask's that run it."""

    table: str
    decorator: str
    runners: tuple[str, ...]
    without_runner: Reason = Reason.NOT_REACHED


KINDS = (
    Kind(
        "before_first_request_funcs",
        "before_first_request",
        ("Flask.try_trigger_before_first_request_functions",),
    ),
    Kind("url_value_preprocessors", "url_value_preprocessor", ("Flask.preprocess_request",)),
    Kind("before_request_funcs", "before_request", ("Flask.preprocess_request",)),
    Kind(
        "error_handler_spec",
        "errorhandler",
        ("Flask.handle_http_exception", "Flask.handle_user_exception", "Flask.handle_exception"),
        Reason.NO_ERROR,
    ),
    Kind(
        "template_context_processors",
        "context_processor",
        ("Flask.update_template_context",),
        Reason.NO_TEMPLATE,
    ),
    Kind("url_default_functions", "url_defaults", ("Flask.inject_url_defaults",), Reason.NO_URL),
    Kind("after_this_request", "after_this_request", ("Flask.process_response",)),
    Kind("after_request_funcs", "after_request", ("Flask.process_response",)),
    Kind("teardown_request_funcs", "teardown_request", ("Flask.do_teardown_request",)),
    Kind("teardown_appcontext_funcs", "teardown_appcontext", ("Flask.do_teardown_appcontext",)),
)
_LAST_FIRST = frozenset({"after_request_funcs", "teardown_request_funcs", "teardown_appcontext_funcs"})
_BLUEPRINT_FIRST = frozenset({"after_request_funcs", "teardown_request_funcs"})


@dataclass(frozen=True, slots=True)
class HookRow:
    """One registered hook in one request; all texts are clean.

    Attributes:
        decorator: what registered it, ``before_request``.
        owner: the blueprint it belongs to; "" for the app.
        name: of the function.
        handles: the error an error handler is for, else "".
        place: among the hooks of its decorator and owner, from 1, in order of registration.
        ran_as: which one of all hooks that ran in this request, from 1; None when it did not run.
        call_id: of its call.
        ended_chain: it answered the request, so the view and the hooks after it were left out.
        raised: ``LookupError: no item``, when an exception left it.
        reason: why it did not run; None when it did.
        because: the hook or call that the reason speaks of, ``door_keeper``.
    """

    decorator: str
    owner: str
    name: str
    handles: str
    place: int
    ran_as: int | None = None
    call_id: int | None = None
    ended_chain: bool = False
    raised: str = ""
    reason: Reason | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The hooks of one request, in the order in which they would run."""

    request: Request
    rows: tuple[HookRow, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hook:
    """A registered hook before it is known whether it ran."""

    kind: Kind
    owner: str
    place: int
    entry: Mapping[str, object]

    @property
    def key(self) -> tuple[object, object] | None:
        """What its function is found by: file and first line; None for other callables."""
        line = self.entry.get("line")
        return (self.entry.get("file"), line) if isinstance(line, int) else None

    @property
    def name(self) -> str:
        return _text(self.entry.get("name"))


@dataclass(slots=True)
class _Ran:
    """Which hooks ran in a request, and the calls of the functions that run them."""

    calls: dict[int, Call] = field(default_factory=dict)  # by the hook's position
    order: dict[int, int] = field(default_factory=dict)  # call id -> 1, 2, ...


def hook_ledger(trace: Trace) -> list[Ledger]:
    """A ledger for each request of a trace that reached an app with hooks.

    Args:
        trace: recorded with states, else there is nothing to know the hooks from.
    """
    ledgers = []
    ran_before: set[tuple[object, object]] = set()
    for request, calls in requests_calls(trace):
        hooks = list(_registered(calls.tables))
        if not hooks:
            continue
        ran = _match(hooks, calls)
        rows = tuple(_row(i, hooks, ran, calls, ran_before) for i in range(len(hooks)))
        ran_before.update(key for i in ran.calls if (key := hooks[i].key) is not None)
        ledgers.append(Ledger(request, rows))
    return ledgers


def _registered(tables: Mapping[str, object]) -> Iterator[_Hook]:
    """The hooks in the order in which Flask would run them."""
    for kind in KINDS:
        owners = tables.get(kind.table)
        if not isinstance(owners, Mapping):
            continue
        groups = [(owner, entries) for owner, entries in owners.items() if isinstance(entries, list)]
        groups.sort(key=lambda group: (group[0] == "") == (kind.table in _BLUEPRINT_FIRST))
        for owner, entries in groups:
            hooks = [
                _Hook(kind, owner, place, entry)
                for place, entry in enumerate(entries, 1)
                if isinstance(entry, Mapping)
            ]
            yield from reversed(hooks) if kind.table in _LAST_FIRST else hooks


def _match(hooks: list[_Hook], calls: RequestCalls) -> _Ran:
    """Give each hook the call of its function; one that is registered twice gets two."""
    ran = _Ran()
    taken: set[int] = set()
    for i, hook in enumerate(hooks):
        for call in calls.of_code(hook.key):
            if call.id not in taken and calls.is_run_by(call, hook.kind.runners):
                ran.calls[i] = call
                taken.add(call.id)
                break
    for number, call_id in enumerate(sorted(taken), 1):
        ran.order[call_id] = number
    return ran


def _row(
    i: int, hooks: list[_Hook], ran: _Ran, calls: RequestCalls, ran_before: set[tuple[object, object]]
) -> HookRow:
    hook = hooks[i]
    handles = _text(hook.entry.get("for"))
    call = ran.calls.get(i)
    fields = (hook.kind.decorator, clean(hook.owner), hook.name, handles, hook.place)
    if call is None:
        reason, because = _why_not(i, hooks, ran, calls, ran_before)
        return HookRow(*fields, reason=reason, because=because)
    raised = raised_text(call.outcome) if isinstance(call.outcome, Raised) else ""
    return HookRow(
        *fields,
        ran_as=ran.order[call.id],
        call_id=call.id,
        ended_chain=not raised and _ended_chain(i, hooks, ran, calls),
        raised=raised,
    )


def _ended_chain(i: int, hooks: list[_Hook], ran: _Ran, calls: RequestCalls) -> bool:
    """Whether a before_request hook gave the answer: it came last, and no view was dispatched to."""
    if hooks[i].kind.table != "before_request_funcs":
        return False
    own = [k for k, hook in enumerate(hooks) if hook.kind is hooks[i].kind and k in ran.calls]
    is_last = max(own, key=lambda k: ran.calls[k].id) == i
    return (
        is_last and not calls.runs(("Flask.dispatch_request",)) and not calls.raised_by(hooks[i].kind.runners)
    )


def _why_not(
    i: int, hooks: list[_Hook], ran: _Ran, calls: RequestCalls, ran_before: set[tuple[object, object]]
) -> tuple[Reason, str]:
    hook = hooks[i]
    if hook.owner and hook.owner not in calls.blueprints:
        return Reason.OTHER_BLUEPRINT, clean(calls.endpoint)
    if hook.kind.table == "before_first_request_funcs" and calls.runs(hook.kind.runners):
        failed = calls.raised_by(hook.kind.runners)
        if failed and hook.key not in ran_before:
            return Reason.EXCEPTION, failed
        return Reason.FIRST_REQUEST_ONLY, ""
    if not calls.runs(hook.kind.runners):
        if hook.kind.without_runner is not Reason.NOT_REACHED:
            return hook.kind.without_runner, ""
        failed = calls.first_failure()
        return (Reason.EXCEPTION, failed) if failed else (Reason.NOT_REACHED, "")
    if hook.kind.without_runner is Reason.NO_ERROR:  # what finds no handler is raised again
        return Reason.NO_ERROR, ""
    if failed := calls.raised_by(hook.kind.runners):
        return Reason.EXCEPTION, failed
    for k in range(len(hooks)):
        if hooks[k].kind is hook.kind and k in ran.calls and k != i and _ended_chain(k, hooks, ran, calls):
            return Reason.RESPONSE, hooks[k].name
    if hook.kind.without_runner is Reason.NO_URL:
        return Reason.NO_URL, ""
    return Reason.NOT_RECORDED, ""


def _text(item: object) -> str:
    return clean(item, 200) if isinstance(item, str) else ""
