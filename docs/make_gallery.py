"""Makes the gallery: each bundled scenario's tree, sequence diagram and call graph, in both languages.

    python docs/make_gallery.py [FOLDER]

plays each scenario on the bundled engine and writes ``docs/gallery``. What differs from one run to the next,
or from one machine to the next (times, ports, folders), is left out or made equal, so that what Git shows as
changed has changed; only a count may differ where a thread waited longer. ``tests/test_gallery.py`` tells
when the gallery must be made anew.
"""

import os
import re
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from flasktrace.reports.callgraph import DrawOptions, build_graph, render
from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.sequence import LinkMode, SequenceOptions, draw_sequence
from flasktrace.reports.tree import TreeOptions, tree_lines
from flasktrace.scenarios.annotate import LANGUAGES, load_catalogue
from flasktrace.scenarios.catalog import Scenario, list_scenarios
from flasktrace.tracer import query
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Detail, Function, Origin, Outcome, Raised, Returned, Trace, Value
from flasktrace.tracer.phases import phase_ids
from flasktrace.tracer.store import read_trace

GALLERY = Path(__file__).parent / "gallery"
ROOT = str(Path(__file__).resolve().parents[1])
TREE_CELLS = 120
MAX_STEPS = 400
WHOLE = ("hello", "The server")  # the scenario and the group that are drawn from accepting to sending
_PORT = re.compile(r"(127\.0\.0\.1(?:', |:)|'(?:REMOTE|SERVER)_PORT': '?)\d+")
# The file that the scenario on the reloader edits.
_TEMPORARY = re.compile(re.escape(tempfile.gettempdir()) + r"/lesson-\d+")
_INDENT = re.compile(r"\n +(?=<)")
_RECORD = """
import sys
from pathlib import Path
from flasktrace.tracer.play import PlayOptions, Scenario, play
result = play(Scenario(sys.argv[1], sys.argv[2]), PlayOptions(trace_path=Path(sys.argv[3]), timeout_s=60.0))
sys.exit(str(result.failure) if result.failure else 0)
"""
_WORDS = {
    "en": (
        "Gallery",
        "What `flasktrace run NAME` shows of each bundled scenario, on the bundled Flask 1.1: the tree of all"
        " requests; the sequence diagram and the call graph of the one with most steps.",
        "tree",
        "sequence diagram",
        "call graph",
    ),
    "zh": (
        "图库",
        "每个内置场景运行 `flasktrace run NAME` 后的结果（内置的 Flask 1.1）：全部请求的调用树，"
        "以及步骤最多的那个请求的时序图和调用图。",
        "调用树",
        "时序图",
        "调用图",
    ),
}


def main() -> None:
    """Write the gallery into the folder named, else into ``docs/gallery``."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else GALLERY
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    for scenario in list_scenarios():
        for path, text in pictures(scenario, record(scenario)):
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
            size += len(text.encode())
        print(f"{scenario.name}: {size / 1e6:.1f} MB so far")
    for language in LANGUAGES:
        (folder / index_name(language)).write_text(index_text(language), encoding="utf-8", newline="\n")


def record(scenario: Scenario) -> Trace:
    """The trace of a scenario on the bundled engine, without what differs from run to run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.flasktrace"
        command = [sys.executable, "-c", _RECORD, str(scenario.path), scenario.name, str(path)]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}  # sets are written in one order
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True, timeout=120)
        return evened(read_trace(path))


def evened(trace: Trace) -> Trace:
    """The trace with the same folders and ports wherever it was recorded."""
    calls = trace.calls
    named = sorted(
        trace.functions.values(), key=lambda function: (function.dotted_name, function.line_number)
    )
    numbers = {function.id: number for number, function in enumerate(named, start=1)}
    trace.functions = {numbers[each.id]: _evened_function(each, numbers[each.id]) for each in named}
    calls.function_id = array(calls.function_id.typecode, [numbers[key] for key in calls.function_id])
    calls.details = [
        Detail(detail.receiver, tuple(_evened_value(value) for value in detail.parameters))
        for detail in calls.details
    ]
    calls.outcomes = [_evened_outcome(outcome) for outcome in calls.outcomes]
    return trace


def _evened_outcome(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Returned) and outcome.value is not None:
        return Returned(_evened_value(outcome.value))
    if isinstance(outcome, Raised):
        return replace(outcome, text=_PORT.sub(r"\g<1>5000", outcome.text))
    return outcome


def _evened_function(function: Function, number: int) -> Function:
    if function.origin is Origin.USER:
        path = Path(function.file_path).name
    else:
        path = function.module.replace(".", "/") + ".py"
    return replace(function, id=number, file_path=path)


def _evened_value(value: Value) -> Value:
    text = _PORT.sub(r"\g<1>5000", value.text).replace(ROOT, "/srv/flasktrace")
    text = _TEMPORARY.sub("/srv/lesson", text)
    return replace(value, text=text) if text != value.text else value


def pictures(scenario: Scenario, trace: Trace) -> Iterator[tuple[str, str]]:
    """The files of a scenario: name and text."""
    for language in LANGUAGES:
        catalogue = load_catalogue(language)
        whole = fold(trace, catalogue)
        options = TreeOptions(language=language, width_cells=TREE_CELLS, explain=True, times=False)
        yield f"{scenario.name}.{language}.txt", "".join(line + "\n" for line in tree_lines(whole, options))
        request = query.request(trace, _longest_request(whole))
        one = fold(request, catalogue, FoldOptions(max_steps=MAX_STEPS))
        wanted = _wanted_phases(scenario, catalogue)
        chapters = tuple(each.number for each in one.chapters if each.phase and each.phase.id in wanted)
        diagram = SequenceOptions(chapters, language=language, has_times=False, links=LinkMode.NONE)
        yield f"{scenario.name}.sequence.{language}.svg", _INDENT.sub("\n", draw_sequence(one, diagram))
        phases = phase_ids(request, catalogue)
        part = fold(query.select(request, lambda i: phases[i] in wanted), catalogue)  # noqa: B023
        graph = DrawOptions(name=scenario.name, language=language, has_times=False, links=LinkMode.NONE)
        rendered = render(build_graph(part), "svg", graph)
        yield f"{scenario.name}.graph.{language}.svg", rendered.data.decode("utf-8")


def _wanted_phases(scenario: Scenario, catalogue: Catalogue) -> set[str]:
    """The server's part is the same for all: it is drawn where it is the lesson."""
    if scenario.name in WHOLE or scenario.group in WHOLE:
        return set(catalogue.phases)
    return set(catalogue.phases) - {"accept", "parse", "environ", "send"}


def _longest_request(folded: FoldedTrace) -> int:
    """The request that most steps are told of; of equals the first."""
    counts = dict.fromkeys((request.id for request in folded.trace.requests), 0)
    for chapter in folded.chapters:
        if chapter.request is not None:
            counts[chapter.request.id] += chapter.last - chapter.first + 1
    return max(counts, key=lambda request_id: counts[request_id])


def index_name(language: str) -> str:
    """The index's file."""
    return "README.md" if language == "en" else f"README.{language}.md"


def index_text(language: str) -> str:
    """The index: each scenario with its three pictures."""
    title, about, tree, sequence, graph = _WORDS[language]
    lines = [f"# {title}", "", about, ""]
    group = None
    for scenario in list_scenarios(language):
        if scenario.group != group:
            lines += ([] if group is None else [""]) + [f"## {scenario.group}", ""]
            group = scenario.group
        name = scenario.name
        lines.append(
            f"- **{name}**: {scenario.title}"
            f" ([{tree}]({name}.{language}.txt), [{sequence}]({name}.sequence.{language}.svg),"
            f" [{graph}]({name}.graph.{language}.svg))"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
