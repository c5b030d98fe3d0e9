"""What is known about the functions of the pipeline: phases, landmarks and their explanations.

The data itself lies in ``scenarios/annotations``; the layers below and beside it take a
:class:`Catalogue` as a value, so that a test, or a user with ``--annotations``, can bring another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Frame(Enum):
    """A frame that a diagram draws around the calls made by a landmark."""

    NONE = ""
    LOOP = "loop"
    EXCEPT = "except"


@dataclass(frozen=True, slots=True)
class Phase:
    """A chapter of the story. ``title`` is in the catalogue's language."""

    id: str
    title: str
    is_startup: bool = False


@dataclass(frozen=True, slots=True)
class Landmark:
    """A function of the pipeline: its phase, whether it is a milestone, and the words about it.

    Attributes:
        module: upstream's module, ``flask.app``.
        qualname: upstream's qualified name, ``Flask.wsgi_app``.
        phase: id of the phase it belongs to; "" to stay in its caller's.
        is_milestone: shown at level ``milestones`` (and in ``chapters`` when ``is_chapter``).
        is_leaf: what it calls is plumbing: hidden at level milestones, unless it is the user's own code.
        does: one line, what it does.
        why: one line, why it is there.
        url: the upstream documentation of it, or "".
        frame: drawn around what it calls, with the caption ``frame_caption``.
        label: shown in place of the name where that says nothing to a newcomer; "" for the name.
    """

    module: str
    qualname: str
    phase: str = ""
    is_milestone: bool = False
    is_chapter: bool = False
    is_leaf: bool = False
    does: str = ""
    why: str = ""
    url: str = ""
    frame: Frame = Frame.NONE
    frame_caption: str = ""
    label: str = ""

    @property
    def key(self) -> str:
        """``module:qualname``, as the data files write it."""
        return f"{self.module}:{self.qualname}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Phases in their order, and the landmarks by ``(module, qualname)``, in one language."""

    language: str = "en"
    phases: Mapping[str, Phase] = field(default_factory=dict)
    landmarks: Mapping[tuple[str, str], Landmark] = field(default_factory=dict)

    def landmark(self, module: str, qualname: str) -> Landmark | None:
        """The landmark of a function, or None when it is not one."""
        return self.landmarks.get((module, qualname))
