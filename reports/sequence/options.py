"""What a sequence diagram shows, and how."""

from dataclasses import dataclass
from enum import Enum

from flasktrace.reports.sequence.theme import Theme


class LinkMode(Enum):
    """Where the names lead to."""

    NONE = "none"
    LOCAL = "local"  # the file on this machine
    UPSTREAM = "upstream"  # the project's repository, at the tag of the version that ran


@dataclass(frozen=True, slots=True)
class SequenceOptions:
    """The choices for one drawing.

    Attributes:
        chapters: chapter numbers to draw; None for all that the other choices leave.
        request_id: draw this request only.
        is_startup: draw the start-up, which has a drawing of its own, in place of the requests.
        has_notes: whether explanations stand beside their steps.
        has_times: without, the same run gives the same bytes each time.
        language: "en" or "zh", for the drawing's own words; the notes are in the catalogue's.
        links: where the names lead to.
        theme: light, dark, or what the reader's system or the page around asks for.
        id_prefix: put before every ``id``, for a page with more than one drawing.
    """

    chapters: tuple[int, ...] | None = None
    request_id: int | None = None
    is_startup: bool = False
    has_notes: bool = True
    has_times: bool = True
    language: str = "en"
    links: LinkMode = LinkMode.LOCAL
    theme: Theme = Theme.AUTO
    id_prefix: str = ""
