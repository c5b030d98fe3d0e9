"""What ``flasktrace explain`` says: where a function is, what it does, its source, who calls it."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from flasktrace.cli.sources import Source, find_source, has_function
from flasktrace.reports.text import clean, to_ascii
from flasktrace.reports.tree import stream_options
from flasktrace.reports.tree_style import PLAIN, Styles
from flasktrace.reports.words import Words, words_of
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.scenarios.callers import YOUR_CODE, Caller, CallerIndex, load_callers
from flasktrace.tracer.catalogue import Catalogue, Landmark
from flasktrace.tracer.errors import UsageError

ENGINES = ("bundled", "installed")
MAX_NEAR = 3
MAX_SCENARIOS = 6  # named for each caller; the others are counted


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known about a function, on one engine."""

    module: str
    qualname: str
    engine: str
    landmark: Landmark | None
    phase_title: str
    source: Source | None
    callers: tuple[Caller, ...]

    @property
    def key(self) -> str:
        """``module:qualname``."""
        return f"{self.module}:{self.qualname}"


def explain(name: str, engine: str, language: str, stream: TextIO) -> None:
    """Write what is known about the functions that a name means.

    Args:
        name: any tail of a dotted name: ``wsgi_app``, ``Flask.wsgi_app``, ``flask.app:Flask.wsgi_app``.
        engine: ``bundled`` or ``installed``; a function that only the other one has is explained too.
        language: of the words.
        stream: to write to.

    Raises:
        UsageError: no function of the pipeline has such a name; the message names the nearest ones.
    """
    catalogue, index = load_catalogue(language), load_callers()
    found = find_functions(name, engine, catalogue, index)
    words = words_of(language)
    options = stream_options(stream, 80)
    styles = Styles(bool(options["is_coloured"]))
    lines = _choice(name, found, words) if len(found) > 1 else _details(found[0], words, asked_engine=engine)
    for style, line in lines:
        stream.write(styles(style, to_ascii(line) if options["is_ascii"] else line) + "\n")


def find_functions(name: str, engine: str, catalogue: Catalogue, index: CallerIndex) -> list[Explanation]:
    """All functions that a name means, on the engine; on the other one when this has none.

    Raises:
        UsageError: there is none on either.
    """
    wanted = name.strip().removesuffix("()").replace(":", ".")
    for each in (engine, *(other for other in ENGINES if other != engine)):
        keys = sorted(key for key in _keys(each, catalogue, index) if _means(wanted, key))
        if keys:
            return [_explanation(key, each, catalogue, index) for key in keys]
    raise UsageError(f"no function of the pipeline is called {name!r}: {_hint(wanted, catalogue, index)}")


def _keys(engine: str, catalogue: Catalogue, index: CallerIndex) -> set[str]:
    """The functions of an engine: those that a scenario calls, and the landmarks it has a source of."""
    keys = index.keys(engine)
    uncalled = {mark.key for mark in catalogue.landmarks.values()} - keys
    return keys | {key for key in uncalled if has_function(*_parts(key), engine)}


def _parts(key: str) -> tuple[str, str]:
    module, _, qualname = key.partition(":")
    return module, qualname


def _means(wanted: str, key: str) -> bool:
    dotted = key.replace(":", ".")
    if dotted == wanted or dotted.endswith("." + wanted):
        return True
    plain = dotted.replace("<locals>.", "")  # people write run_wsgi.execute
    return plain == wanted or plain.endswith("." + wanted)


def _hint(wanted: str, catalogue: Catalogue, index: CallerIndex) -> str:
    names: dict[str, str] = {}  # what can be asked for, by how it is compared
    keys = set().union(*(index.keys(engine) for engine in ENGINES))
    for key in sorted(keys | {mark.key for mark in catalogue.landmarks.values()}):
        module, qualname = _parts(key)
        if "<" in qualname.replace("<locals>", ""):
            continue
        for shown in (qualname, f"{module}.{qualname}", qualname.rpartition(".")[2]):
            names.setdefault(shown.lower(), qualname)
    near = difflib.get_close_matches(wanted.lower(), names, 4 * MAX_NEAR, cutoff=0.6)
    nearest = list(dict.fromkeys(names[name] for name in near))[:MAX_NEAR]
    if nearest:
        return "did you mean " + ", or ".join(nearest) + "?"
    return "give a name as the tree shows it, such as Flask.wsgi_app"


def _explanation(key: str, engine: str, catalogue: Catalogue, index: CallerIndex) -> Explanation:
    module, qualname = _parts(key)
    landmark = catalogue.landmark(module, qualname)
    phase = catalogue.phases.get(landmark.phase) if landmark is not None else None
    return Explanation(
        module,
        qualname,
        engine,
        landmark,
        phase.title if phase is not None else "",
        find_source(module, qualname, engine),
        tuple(index.callers(engine, key)),
    )


_Lines = Iterator[tuple[str, str]]  # (style, clean text)


def _choice(name: str, found: list[Explanation], words: Words) -> _Lines:
    """Several functions are called so: one line each."""
    yield "note", words.several_called.format(count=len(found), name=clean(name))
    for each in found:
        yield "note", f"  {_dotted(each.module, each.qualname)}"
        if each.landmark is not None and each.landmark.does:
            yield PLAIN, f"      {clean(each.landmark.does)}"


def _details(found: Explanation, words: Words, asked_engine: str) -> _Lines:
    yield "note", _dotted(found.module, found.qualname)
    if found.engine != asked_engine:
        yield "muted", words.other_engine.format(engine=found.engine)
    if found.source is not None:
        yield "muted", f"{_shown_path(found.source.path)}:{found.source.first_line}"
    yield from _annotation(found, words)
    yield PLAIN, ""
    yield from _called_by(found, words)
    if found.source is not None:
        yield PLAIN, ""
        for line in _numbered(found.source):
            yield PLAIN, line


def _annotation(found: Explanation, words: Words) -> _Lines:
    landmark = found.landmark
    if landmark is None:
        return
    yield PLAIN, ""
    for sentence in (landmark.does, landmark.why):
        if sentence:
            yield PLAIN, clean(sentence)
    if found.phase_title or landmark.url:
        yield PLAIN, ""
    if found.phase_title:
        yield PLAIN, words.phase.format(title=found.phase_title)
    if landmark.url:
        yield PLAIN, words.documentation.format(url=landmark.url)


def _called_by(found: Explanation, words: Words) -> _Lines:
    if not found.callers:
        yield PLAIN, words.never_called
        return
    yield PLAIN, words.called_by
    for caller in found.callers:
        names = words.comma.join(caller.scenarios[:MAX_SCENARIOS])
        more = len(caller.scenarios) - MAX_SCENARIOS
        if more > 0:
            names += words.comma + words.more.format(count=more)
        who = words.your_code if caller.key == YOUR_CODE else _dotted(*_parts(caller.key))
        yield PLAIN, f"  {who}"
        yield "muted", f"      {words.in_scenarios.format(names=names)}"


def _numbered(source: Source) -> Iterator[str]:
    width = len(str(source.last_line))
    for number, line in enumerate(source.lines, start=source.first_line):
        yield f"{number:>{width}}  {clean(line.expandtabs())}".rstrip()


def _dotted(module: str, qualname: str) -> str:
    return f"{module}.{qualname}"


def _shown_path(path: Path) -> str:
    """Relative to where the user is, when it lies below."""
    try:
        return clean(str(path.relative_to(Path.cwd())))
    except (ValueError, OSError):
        return clean(str(path))
