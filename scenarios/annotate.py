"""Loads what is known about the pipeline's functions: the data lies beside, in ``annotations``.

``landmarks.toml`` says what each function is in the story, ``en.toml`` and ``zh.toml`` hold the words.
A user's own file, given with ``--annotations``, may hold both in one::

    [functions."shop.models:find_item"]
    level = "milestone"
    does = "Looks an item up by its number."
    [functions."shop.models:find_item".zh]
    does = "按编号查找商品。"
"""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from flasktrace.tracer.catalogue import Catalogue, Frame, Landmark, Phase
from flasktrace.tracer.errors import FlasktraceError

LANGUAGES = ("en", "zh")
"""The languages that there are words in; anything else is shown in the first."""

_SITES = {
    "flask:": "https://flask.palletsprojects.com/api/",
    "werkzeug:": "https://werkzeug.palletsprojects.com/",
    "python:": "https://docs.python.org/3/library/",
}
_LEVELS = ("", "milestone", "chapter")
_FACTS = {"phase": str, "level": str, "leaf": bool, "frame": str, "url": str, "like": str}
_WORDS = {"does": str, "why": str, "label": str, "caption": str}

Entry = dict[str, Any]


class AnnotationError(FlasktraceError):
    """An annotations file cannot be read, or says something that means nothing."""


@dataclass(slots=True)
class _Sources:
    """The raw tables by function key: facts, and words with the language's own over English."""

    phases: list[Phase] = field(default_factory=list)
    facts: dict[str, Entry] = field(default_factory=dict)
    words: dict[str, Entry] = field(default_factory=dict)


def load_catalogue(language: str = "en", extra: Path | None = None) -> Catalogue:
    """The catalogue in a language; where that has no words for a function, the English ones stand.

    Args:
        language: ``en`` or ``zh``, or a locale's name that begins so (``zh_CN.UTF-8``).
        extra: a user's file, whose entries are laid over the bundled ones.

    Raises:
        AnnotationError: the extra file is missing, is no TOML, or holds an unknown key or value.
    """
    language = language[:2] if language[:2] in LANGUAGES else LANGUAGES[0]
    sources = _bundled(language)
    if extra is not None:
        _lay_over(sources, _read_extra(extra), language, str(extra))
    known = {phase.id for phase in sources.phases}
    landmarks = {}
    for key in sources.facts:
        landmark = _landmark(key, sources, known)
        landmarks[landmark.module, landmark.qualname] = landmark
    return Catalogue(language, {phase.id: phase for phase in sources.phases}, landmarks)


@functools.cache  # to read one takes as long as all the rest of a catalogue; nobody changes what is read
def bundled_table(name: str) -> Mapping[str, Any]:
    """One of the bundled TOML files as it stands: ``landmarks``, ``en`` or ``zh``."""
    text = resources.files(__package__).joinpath("annotations", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def _bundled(language: str) -> _Sources:
    structure = bundled_table("landmarks")
    tables = [bundled_table(name) for name in dict.fromkeys(("en", language))]
    titles: dict[str, str] = {}
    words: dict[str, Entry] = {}
    for table in tables:
        titles.update(table.get("phases", {}))
        for key, entry in table.get("functions", {}).items():
            words[key] = {**words.get(key, {}), **entry}
    phases = [
        Phase(phase["id"], titles.get(phase["id"], phase["id"]), phase.get("startup", False))
        for phase in structure["phases"]
    ]
    return _Sources(phases, dict(structure["landmarks"]), words)


def _read_extra(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise AnnotationError(f"cannot read the annotations {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AnnotationError(f"the annotations {path} are not TOML: {error}") from error


def _lay_over(sources: _Sources, table: Mapping[str, Any], language: str, where: str) -> None:
    for key, entry in _table(table.get("functions", {}), f"functions in {where}").items():
        plain = dict(_table(entry, f"{key} in {where}"))
        for other in LANGUAGES:
            spoken = plain.pop(other, {})
            if other == language:
                plain.update(_table(spoken, f"{key}.{other} in {where}"))
        _check(key, plain, where)
        facts = {name: value for name, value in plain.items() if name in _FACTS}
        words = {name: value for name, value in plain.items() if name in _WORDS}
        sources.facts[key] = {**sources.facts.get(key, {}), **facts}
        sources.words[key] = {**sources.words.get(key, {}), **words}


def _table(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise AnnotationError(f"{what} must be a table, not {value!r}")
    return value


def _check(key: str, entry: Mapping[str, object], where: str) -> None:
    module, colon, qualname = key.partition(":")
    if not (module and colon and qualname):
        raise AnnotationError(f'{where}: "{key}" must be written "module:qualname", as in "shop:Cart.add"')
    for name, value in entry.items():
        expected = _FACTS.get(name) or _WORDS.get(name)
        if expected is None:
            known = ", ".join([*_FACTS, *_WORDS])
            raise AnnotationError(f'{where}: "{key}" has the unknown key "{name}"; known are {known}')
        if not isinstance(value, expected):
            raise AnnotationError(f'{where}: "{name}" of "{key}" must be {expected.__name__}, not {value!r}')


def _landmark(key: str, sources: _Sources, known_phases: set[str]) -> Landmark:
    facts, words = _resolve(key, sources)
    phase, level, frame = facts.get("phase", ""), facts.get("level", ""), facts.get("frame", "")
    if phase and phase not in known_phases:
        known = ", ".join(sorted(known_phases))
        raise AnnotationError(f'"{key}" is in the unknown phase "{phase}"; known are {known}')
    if level not in _LEVELS:
        raise AnnotationError(f'"{key}" has the unknown level "{level}"; known are milestone, chapter')
    if frame not in [member.value for member in Frame]:
        raise AnnotationError(f'"{key}" has the unknown frame "{frame}"; known are loop, except')
    module, _, qualname = key.partition(":")
    return Landmark(
        module=module,
        qualname=qualname,
        phase=phase,
        is_milestone=level != "",
        is_chapter=level == "chapter",
        is_leaf=facts.get("leaf", False),
        does=words.get("does", ""),
        why=words.get("why", ""),
        url=_address(facts.get("url", "")),
        frame=Frame(frame),
        frame_caption=words.get("caption", ""),
        label=words.get("label", ""),
    )


def _resolve(key: str, sources: _Sources) -> tuple[Entry, Entry]:
    """Facts and words of a function, its own over those of the one it is ``like``."""
    facts, words = sources.facts[key], sources.words.get(key, {})
    other = facts.get("like")
    if other is None:
        return facts, words
    if other not in sources.facts or "like" in sources.facts[other]:
        raise AnnotationError(f'"{key}" is said to be like "{other}", which is not described itself')
    return {**sources.facts[other], **facts}, {**sources.words.get(other, {}), **words}


def _address(url: str) -> str:
    for prefix, site in _SITES.items():
        if url.startswith(prefix):
            return site + url.removeprefix(prefix)
    return url
