"""Record who calls whom in the bundled scenarios, for ``flasktrace explain``.

    python -m tests.scenarios.record_callers

plays each scenario on both engines and writes ``scenarios/annotations/callers.json``. Run it when the
pipeline, the installed Flask or a scenario changes; ``tests/scenarios/test_callers.py`` tells when.
"""

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.scenario_traces import ENGINES, record_all

from flasktrace.scenarios.callers import FILE_NAME, YOUR_CODE, script_digest
from flasktrace.scenarios.catalog import list_scenarios
from flasktrace.tracer.model import Function, Origin, Trace
from flasktrace.tracer.store import read_trace

DATA = Path(__file__).parents[2] / "scenarios" / "annotations" / FILE_NAME
PIPELINE = (Origin.FLASK, Origin.WERKZEUG, Origin.SERVER)


def caller_pairs(trace: Trace) -> set[tuple[str, str]]:
    """The functions of the pipeline that are called, each with one who calls it."""
    pairs: set[tuple[str, str]] = set()
    calls = trace.calls
    for position, parent_id in enumerate(calls.parent_id):
        function = trace.functions[calls.function_id[position]]
        if parent_id and function.origin in PIPELINE:
            caller = trace.functions[calls.function_id[calls.index_of(parent_id)]]
            pairs.add((_key(function), _key(caller)))
    return pairs


def _key(function: Function) -> str:
    return YOUR_CODE if function.origin is Origin.USER else f"{function.module}:{function.qualname}"


def caller_data(recorded: Iterable[tuple[str, str, Trace]]) -> dict[str, Any]:
    """What the file holds, of traces with their scenario's name and engine."""
    scenarios = {scenario.name: script_digest(scenario.path) for scenario in list_scenarios()}
    bits = {name: 1 << i for i, name in enumerate(scenarios)}
    engines: dict[str, dict[str, dict[str, int]]] = {engine: {} for engine in ENGINES}
    for name, engine, trace in recorded:
        for key, caller in caller_pairs(trace):
            callers = engines[engine].setdefault(key, {})
            callers[caller] = callers.get(caller, 0) | bits[name]
    written = {
        engine: {
            key: {caller: f"{of:x}" for caller, of in sorted(callers.items())}
            for key, callers in sorted(functions.items())
        }
        for engine, functions in engines.items()
    }
    return {"scenarios": scenarios, "engines": written}


def _text(data: dict[str, Any]) -> str:
    """JSON with one function a line, so that a change shows as one."""
    parts = [f'"scenarios": {json.dumps(data["scenarios"], indent=0)}', '"engines": {']
    for i, (engine, functions) in enumerate(data["engines"].items()):
        parts[-1] += "" if i == 0 else ","
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(callers)}" for key, callers in functions.items())
        parts.append(f'"{engine}": {{\n{lines}\n}}')
    return "{\n" + parts[0] + ",\n" + "\n".join(parts[1:]) + "\n}\n}\n"


def main() -> None:
    """Play all scenarios and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        recorded = ((name, engine, read_trace(path)) for name, engine, path in record_all(Path(folder)))
        data = caller_data(recorded)
    text = _text(data)
    assert json.loads(text) == data
    DATA.write_text(text, encoding="utf-8")
    print(f"wrote {DATA}: {len(text):,} characters")


if __name__ == "__main__":
    main()
