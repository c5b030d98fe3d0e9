"""The sequence diagram: :func:`draw_sequence` makes an SVG of a folded trace."""

from flasktrace.reports.sequence.draw import draw_sequence
from flasktrace.reports.sequence.options import LinkMode, SequenceOptions
from flasktrace.reports.sequence.theme import Theme

__all__ = ["LinkMode", "SequenceOptions", "Theme", "draw_sequence"]
