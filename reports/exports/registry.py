"""All export formats by the name that ``flasktrace export --format`` takes."""

from collections.abc import Callable, Mapping
from typing import IO

from flasktrace.reports.exports.appmap import write_appmap
from flasktrace.reports.exports.chrome import write_chrome
from flasktrace.reports.exports.codetour import write_codetour
from flasktrace.reports.exports.dot import write_dot
from flasktrace.reports.exports.json_export import write_json
from flasktrace.reports.exports.mermaid import write_mermaid
from flasktrace.reports.exports.otlp import write_otlp
from flasktrace.reports.exports.plantuml import write_plantuml
from flasktrace.reports.exports.speedscope import write_speedscope
from flasktrace.reports.folded import FoldedTrace

Exporter = Callable[[FoldedTrace, IO[str]], None]

EXPORTERS: Mapping[str, Exporter] = {
    "json": write_json,
    "mermaid": write_mermaid,
    "plantuml": write_plantuml,
    "dot": write_dot,
    "chrome": write_chrome,
    "speedscope": write_speedscope,
    "otlp": write_otlp,
    "appmap": write_appmap,
    "tour": write_codetour,
}
"""``json``, ``chrome``, ``speedscope``, ``otlp`` and ``appmap`` write all calls; others the level's steps."""
