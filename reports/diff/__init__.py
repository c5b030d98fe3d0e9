"""What differs between two traces: aligned call by call, with the point where they part.

``align`` matches the steps, ``compare`` makes the plain data of it; the others write that.
"""

from flasktrace.reports.diff.compare import Change, Deciding, DiffRow, Parting, TraceDiff, compare
from flasktrace.reports.diff.draw import write_diff_svg
from flasktrace.reports.diff.json_diff import write_diff_json
from flasktrace.reports.diff.markdown import write_diff_markdown
from flasktrace.reports.diff.sequence import write_diff_sequence
from flasktrace.reports.diff.text import write_diff_text

__all__ = [
    "Change",
    "Deciding",
    "DiffRow",
    "Parting",
    "TraceDiff",
    "compare",
    "write_diff_json",
    "write_diff_markdown",
    "write_diff_sequence",
    "write_diff_svg",
    "write_diff_text",
]
