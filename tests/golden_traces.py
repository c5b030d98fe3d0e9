"""Traces made of the golden facts: what genuine Flask 1.1.4 calls, by name and nesting."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from flasktrace.tracer.model import PLAIN_RETURN, Call, Function, Origin, Request, Thread, Trace

GOLDEN = Path(__file__).parent / "golden" / "data"
_ORIGINS = {
    "flask": Origin.FLASK,
    "werkzeug": Origin.WERKZEUG,
    "socketserver": Origin.SERVER,
    "http": Origin.SERVER,
    "selectors": Origin.SERVER,
}
_HAND_OVER = "ThreadingMixIn.process_request"


@cache
def golden_facts(name: str) -> dict[str, Any]:
    """The golden facts of a scenario."""
    facts: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return facts


def golden_trace(name: str) -> Trace:
    """The trace that the golden facts of a scenario tell of; each call takes two microseconds."""
    facts = golden_facts(name)
    trace = Trace(threads=[Thread(1, "MainThread")])
    for i, (module, qualname) in enumerate(facts["functions"], start=1):
        origin = _ORIGINS.get(module.partition(".")[0], Origin.USER)
        trace.functions[i] = Function(i, module, qualname, f"/x/{module}.py", i, i, origin)
    _append(trace, facts["startup"], 1, None, None, -1)
    server_loop = _last(trace, "BaseServer.serve_forever")
    for i, fact in enumerate(facts["requests"], start=1):
        method, _, target = fact["request"].partition(" ")
        trace.requests.append(Request(i, method, target, 200))
        trace.threads.append(Thread(i + 1, f"Thread-{i}"))
        main = fact["threads"].get("main")
        if main:
            _append(trace, main, 1, None, server_loop, trace.calls.depth[server_loop - 1])
        for key, chain in fact["threads"].items():
            if key != "main":
                starter = _last(trace, _HAND_OVER)
                _append(trace, chain, i + 1, i, starter, trace.calls.depth[starter - 1])
    _close(trace)
    return trace


def _append(
    trace: Trace, chain: dict[str, Any], thread: int, request: int | None, under: int | None, depth: int
) -> None:
    stack: list[tuple[int, int]] = []  # (depth in the chain, call id)
    for function, own_depth in zip(chain["functions"], chain["depths"], strict=True):
        while stack and stack[-1][0] >= own_depth:
            stack.pop()
        parent = stack[-1][1] if stack else under
        call_id = len(trace.calls) + 1
        below = len(stack) + 1 + depth
        start_ns = call_id * 1000
        trace.calls.append(
            Call(
                call_id, parent, function + 1, thread, request, below, None, start_ns, start_ns + 500,
                None, None, (), PLAIN_RETURN,
            )
        )  # fmt: skip
        stack.append((own_depth, call_id))


def _last(trace: Trace, qualname: str) -> int:
    return next(
        call.id for call in reversed(list(trace.calls)) if trace.function_of(call).qualname == qualname
    )


def _close(trace: Trace) -> None:
    calls = trace.calls
    for i in range(len(calls) - 1, -1, -1):
        parent = calls.parent_id[i]
        if parent:
            calls.end_ns[parent - 1] = max(calls.end_ns[parent - 1], calls.end_ns[i])
