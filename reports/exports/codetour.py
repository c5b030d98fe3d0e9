"""A CodeTour (``.tour``): the run as a guided walk through the source, in Visual Studio Code.

Files below the folder of the traced program are named relative to it, as the format wants; others by uri.
"""

import json
import re
from pathlib import PurePath
from typing import IO

from flasktrace.reports.exports.telling import label
from flasktrace.reports.folded import FoldedTrace, Step
from flasktrace.reports.labels import ending
from flasktrace.reports.sequence.links import source_link
from flasktrace.reports.sequence.options import LinkMode
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Function, Origin, Trace

SCHEMA = "https://aka.ms/codetour-schema"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def write_codetour(folded: FoldedTrace, stream: IO[str]) -> None:
    """Write the steps shown, but for those with no source to look at."""
    root = _program_folder(folded.trace)
    steps = [made for step in folded.steps if (made := _step(step, folded.trace, root))]
    tour = {"$schema": SCHEMA, "title": clean(folded.trace.metadata.scenario) or "flasktrace", "steps": steps}
    json.dump(tour, stream, indent=2)
    stream.write("\n")


def _program_folder(trace: Trace) -> PurePath | None:
    for function in trace.functions.values():
        if function.origin is Origin.USER and not function.file_path.startswith("<"):
            return PurePath(function.file_path).parent
    return None


def _step(step: Step, trace: Trace, root: PurePath | None) -> dict[str, object] | None:
    place = _place(step.function, trace, root)
    if place is None:
        return None
    return {
        **place,
        "line": max(step.function.line_number, 1),
        "title": f"{step.number}. {label(step)}",
        "description": _description(step),
    }


def _place(function: Function, trace: Trace, root: PurePath | None) -> dict[str, object] | None:
    path = PurePath(function.file_path)
    if root is not None and path.is_relative_to(root):
        return {"file": clean(path.relative_to(root).as_posix())}
    uri = source_link(function, trace.metadata, LinkMode.LOCAL).partition("#")[0]
    return {"uri": uri} if uri else None


def _description(step: Step) -> str:
    parts = [f"**{_escape(step.function.dotted_name)}**"]
    if step.landmark is not None:
        parts += [_escape(text) for text in (step.landmark.does, step.landmark.why) if text]
    end = ending(step.call)
    if end.text:
        parts.append(f"{end.kind}: {_escape(end.text)}")
    return "\n\n".join(parts)


def _escape(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", clean(text))
