"""Reads a lesson: front matter, Markdown, and fenced ``flasktrace`` blocks.

Front matter and blocks are lines of ``key: value``; a line that is indented goes on with the one before.
What cannot be read is told with its line, as one message.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from flasktrace.reports.lessons.claims import parse_claim
from flasktrace.reports.lessons.lesson import (
    ENGINES,
    Ask,
    Expect,
    Fact,
    Lesson,
    LessonError,
    Part,
    Run,
    Show,
    ShowKind,
    Text,
)
from flasktrace.tracer.errors import UsageError

MAX_CHARS = 2_000_000
_FENCE = re.compile(r"^(?P<indent>\s*)(?P<ticks>`{3,}|~{3,})\s*(?P<info>.*?)\s*$")
_KEY = re.compile(r"^(?P<key>[A-Za-z][A-Za-z ]*?)\s*[:：]\s*(?P<value>.*)$")
_HEADING = re.compile(r"^#\s+(?P<title>.+?)\s*#*$", re.MULTILINE)
_BLOCK_KEYS = {"scenario", "requests", "engine", "request"}
_SHOW_KEYS = _BLOCK_KEYS | {"chapter", "of", "until", "level", "caption", "times"}
_ASK_KEYS = _BLOCK_KEYS | {"question", "answer", "because"}
_FRONT_KEYS = {"title", "scenario", "engine", "requests", "language"}
_LEVELS = ("chapters", "milestones", "pipeline", "all")


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    key: str
    value: str


class _Fail:
    """Makes the one message for what is wrong, with the file and line."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self, line: int, message: str) -> LessonError:
        return LessonError(self.path, line, message)


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block of Markdown.

    Attributes:
        start: the index of its first line, that of the fence.
        end: the index of its last line; None where it is not closed.
        indent: what the fence is indented by.
        ticks: the fence.
        words: behind the fence, the language first.
    """

    start: int
    end: int | None
    indent: str
    ticks: str
    words: tuple[str, ...]


def parse_lesson(text: str, path: str) -> Lesson:
    """Read a lesson.

    Args:
        text: the file's.
        path: of the file, for messages.

    Raises:
        LessonError: it is malformed.
    """
    fail = _Fail(path)
    if len(text) > MAX_CHARS:
        raise fail(1, f"a lesson of {len(text)} characters is too long: {MAX_CHARS} at the most")
    lines = text.removeprefix("\ufeff").splitlines()
    front, start = _front_matter(lines, fail)
    run = Run(front["scenario"].value, _requests(front.get("requests")))
    lesson = Lesson(
        path,
        front["title"].value if "title" in front else _title(text, path),
        _one_of(front.get("language"), ("en", "zh"), "en", fail),
        run,
        _engines(front.get("engine"), fail) or ENGINES[:1],
    )
    lesson.parts = _parts(lines, start, lesson, fail)
    return lesson


def _front_matter(lines: list[str], fail: _Fail) -> tuple[dict[str, _Line], int]:
    if not lines or lines[0].strip() != "---":
        raise fail(1, "a lesson begins with front matter: a line ---, then scenario: NAME, then a line ---")
    end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None:
        raise fail(1, "the front matter is not closed: end it with a line ---")
    front: dict[str, _Line] = {}
    for line in _key_lines(lines[1:end], 2, fail):
        _known(line, _FRONT_KEYS, "the front matter", fail)
        if line.key in front:
            raise fail(line.number, f"{line.key} is given twice")
        front[line.key] = line
    if not front.get("scenario") or not front["scenario"].value:
        raise fail(1, "the front matter names no scenario: add scenario: hello, or the path of a script")
    return front, end + 1


def _parts(lines: list[str], start: int, lesson: Lesson, fail: _Fail) -> list[Part]:
    parts: list[Part] = []
    for fence in find_fences(lines, start):
        if fence.indent or fence.words[:1] != ("flasktrace",):
            continue
        if fence.end is None:
            raise fail(fence.start + 1, f"the block is not closed: end it with a line {fence.ticks}")
        parts.append(Text("\n".join(lines[start : fence.start]).strip("\n")))
        body = lines[fence.start + 1 : fence.end]
        parts.append(parse_block(fence.words[1:], body, fence.start + 1, lesson))
        start = fence.end + 1
    parts.append(Text("\n".join(lines[start:]).strip("\n")))
    return [part for part in parts if not isinstance(part, Text) or part.markdown]


def find_fences(lines: Sequence[str], start: int = 0) -> Iterator[Fence]:
    """The fenced blocks of a Markdown text, those inside others left out.

    Args:
        lines: of the text.
        start: the index of the first one to look at.
    """
    i = start
    while i < len(lines):
        fence = _FENCE.match(lines[i])
        if fence is None:
            i += 1
            continue
        end = _end_of(lines, i, fence["ticks"])
        yield Fence(i, end, fence["indent"], fence["ticks"], tuple(fence["info"].split()))
        i = (end if end is not None else len(lines)) + 1


def _end_of(lines: Sequence[str], start: int, ticks: str) -> int | None:
    for i in range(start + 1, len(lines)):
        stripped = lines[i].strip()
        if stripped.startswith(ticks) and not stripped.strip(ticks[0]):
            return i
    return None


def parse_block(
    words: Sequence[str], body: Sequence[str], number: int, lesson: Lesson
) -> Show | Expect | Ask:
    """Read one block.

    Args:
        words: behind ``flasktrace`` on the block's first line: show, expect or ask, and what to show.
        body: the lines in it.
        number: of its first line in the file, from 1.
        lesson: what holds for the block where it says nothing of its own.

    Raises:
        LessonError: it is malformed.
    """
    fail = _Fail(lesson.path)
    readers: dict[str, Callable[[Sequence[str], list[_Line], int, Lesson, _Fail], Show | Expect | Ask]] = {
        "show": _show,
        "expect": _expect,
        "ask": _ask,
    }
    if not words or words[0] not in readers:
        said = f"flasktrace {words[0]}" if words else "flasktrace alone"
        raise fail(number, f"{said} is no block: write flasktrace show, flasktrace expect or flasktrace ask")
    block = readers[words[0]](words[1:], _key_lines(body, number + 1, fail), number, lesson, fail)
    if not block.run.scenario:
        raise fail(number, "the block names no scenario: add scenario: hello, or the path of a script")
    return block


def _key_lines(lines: Sequence[str], first: int, fail: _Fail) -> list[_Line]:
    found: list[_Line] = []
    for number, raw in enumerate(lines, first):
        if not raw.strip() or raw.lstrip().startswith("# "):
            continue
        is_item = raw.lstrip().startswith("- ")
        if found and (raw[0].isspace() or is_item):
            last = found[-1]
            item = raw.strip().removeprefix("- ") if is_item else raw.strip()
            found[-1] = _Line(last.number, last.key, f"{last.value}\n{item}".lstrip("\n"))
            continue
        match = _KEY.match(raw)
        if match is None:
            raise fail(number, f"{raw.strip()[:60]!r} is no line of the form key: value")
        found.append(_Line(number, match["key"].lower(), match["value"].strip()))
    return found


def _shared(lines: list[_Line], lesson: Lesson, fail: _Fail) -> tuple[Run, tuple[str, ...], int | None]:
    given = {line.key: line for line in lines}
    run = lesson.run
    if "scenario" in given:
        run = Run(given["scenario"].value)
    if "requests" in given:
        run = Run(run.scenario, _requests(given["requests"]))
    engines = _engines(given.get("engine"), fail) or lesson.engines
    request = None
    if "request" in given:
        value = given["request"].value
        if not value.isdecimal() or not int(value):
            raise fail(given["request"].number, f"request: {value} is no number of a request: 1 is the first")
        request = int(value)
    return run, engines, request


def _show(words: Sequence[str], lines: list[_Line], number: int, lesson: Lesson, fail: _Fail) -> Show:
    kinds = [kind.value for kind in ShowKind]
    if len(words) != 1 or words[0] not in kinds:
        raise fail(number, f"a show block says what to show: flasktrace show {'|'.join(kinds)}")
    for line in lines:
        _known(line, _SHOW_KEYS, "a show block", fail)
    given = {line.key: line for line in lines}
    kind = ShowKind(words[0])
    chapter, of, until, caption = (
        given[key].value if key in given else "" for key in ("chapter", "of", "until", "caption")
    )
    if kind is ShowKind.SOURCE and not of:
        raise fail(number, "show source needs a function: add of: Flask.wsgi_app")
    if until and not of:
        raise fail(given["until"].number, "until: NAME needs of: NAME, where the range begins")
    return Show(
        number,
        *_shared(lines, lesson, fail),
        kind=kind,
        chapter=chapter,
        of=of,
        until=until,
        caption=caption,
        level=_one_of(given.get("level"), _LEVELS, "milestones", fail),
        with_times=_one_of(given.get("times"), ("yes", "no"), "no", fail) == "yes",
    )


def _expect(words: Sequence[str], lines: list[_Line], number: int, lesson: Lesson, fail: _Fail) -> Expect:
    if words:
        raise fail(number, f"flasktrace expect takes nothing more on its line, not {words[0]!r}")
    claims = [line for line in lines if line.key not in _BLOCK_KEYS]
    if not claims:
        raise fail(number, "the expect block expects nothing: add a line such as calls: a -> b")
    expectations = []
    for line in claims:
        try:
            expectations.append(parse_claim(line.key, line.value, line.number))
        except UsageError as error:
            raise fail(line.number, str(error)) from None
    shared = _shared([line for line in lines if line.key in _BLOCK_KEYS], lesson, fail)
    return Expect(number, *shared, expectations=tuple(expectations))


def _ask(words: Sequence[str], lines: list[_Line], number: int, lesson: Lesson, fail: _Fail) -> Ask:
    if words:
        raise fail(number, f"flasktrace ask takes nothing more on its line, not {words[0]!r}")
    for line in lines:
        _known(line, _ASK_KEYS, "an ask block", fail)
    given = {line.key: line for line in lines}
    if "question" not in given or "answer" not in given:
        raise fail(number, "an ask block has two lines, question: ... and answer: caller of NAME")
    answer = given["answer"]
    for fact in Fact:
        if answer.value.startswith(fact.value + " "):
            name = answer.value.removeprefix(fact.value).strip()
            because = given["because"].value if "because" in given else ""
            shared = _shared(lines, lesson, fail)
            return Ask(
                number, *shared, question=given["question"].value, fact=fact, name=name, because=because
            )
    facts = ", ".join(f"{fact.value} NAME" for fact in Fact)
    raise fail(answer.number, f"answer: {answer.value[:40]} cannot be taken from a run; write one of {facts}")


def _known(line: _Line, keys: set[str], where: str, fail: _Fail) -> None:
    if line.key not in keys:
        raise fail(line.number, f"{where} has no {line.key!r}: choose one of {', '.join(sorted(keys))}")


def _one_of(line: _Line | None, choices: tuple[str, ...], default: str, fail: _Fail) -> str:
    if line is None:
        return default
    if line.value not in choices:
        raise fail(line.number, f"{line.key}: {line.value[:40]} is not known: write {' or '.join(choices)}")
    return line.value


def _engines(line: _Line | None, fail: _Fail) -> tuple[str, ...]:
    if line is None:
        return ()
    engines = tuple(re.split(r"[\s,]+", line.value.strip()))
    if engines == ("both",):
        return ENGINES
    if not set(engines) <= set(ENGINES):
        raise fail(line.number, f"engine: {line.value[:40]} is not known: write bundled, installed or both")
    return engines


def _requests(line: _Line | None) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, line.value.splitlines()))) if line is not None else ()


def _title(text: str, path: str) -> str:
    heading = _HEADING.search(text)
    return heading["title"] if heading else path.replace("\\", "/").rpartition("/")[2].removesuffix(".md")
