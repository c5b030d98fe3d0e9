"""The sequence diagram: :func:`draw_sequence` makes an SVG of a folded trace."""

from flasktrace.reports.sequence.draw import draw_sequence
from flasktrace.reports.sequence.figures import Figure, chapter_figures, overview_figures
from flasktrace.reports.sequence.options import LinkMode, SequenceOptions
from flasktrace.reports.sequence.theme import Theme

__all__ = [
    "Figure",
    "LinkMode",
    "SequenceOptions",
    "Theme",
    "chapter_figures",
    "draw_sequence",
    "overview_figures",
]
