"""Tells in words what became of each arrow of a written chain."""

import os
from collections.abc import Mapping, Sequence
from typing import TextIO

from flasktrace.reports.chain.check import Arrow, Relation, Verdict
from flasktrace.reports.chain.notation import Name
from flasktrace.reports.text import cells, clean
from flasktrace.tracer.model import Function

_MAX_THROUGH = 6

_RELATIONS = {
    "en": {
        Relation.DIRECT: "calls directly",
        Relation.THROUGH: "calls through {through}",
        Relation.ORDER: "does not call it, but happens in this order",
        Relation.OTHER_THREAD: "in another thread, started on the way through {through}",
        Relation.REVERSED: "the other way round: {target} comes first",
        Relation.ABSENT: "does not happen: no call of {missing}",
    },
    "zh": {
        Relation.DIRECT: "直接调用",
        Relation.THROUGH: "经由 {through} 调用",
        Relation.ORDER: "没有调用关系，但先后顺序正确",
        Relation.OTHER_THREAD: "发生在另一个线程，途经 {through}",
        Relation.REVERSED: "顺序反了：{target} 在前",
        Relation.ABSENT: "没有发生：没有对 {missing} 的调用",
    },
}
_VERDICTS = {
    "en": {Verdict.TRUE: "true", Verdict.MOVED: "moved", Verdict.FALSE: "false"},
    "zh": {Verdict.TRUE: "正确", Verdict.MOVED: "有出入", Verdict.FALSE: "错误"},
}
_ELSEWHERE = {"en": "; {name} is in {module}, as {qualname}", "zh": "；{name} 在 {module} 中，即 {qualname}"}
SUMMARY = {
    "en": "{true} true, {moved} moved, {false} false",
    "zh": "{true} 处正确，{moved} 处有出入，{false} 处错误",
}
_STARTED = {"en": "in another thread, which it starts", "zh": "发生在由它启动的另一个线程"}
_NOTHING_BETWEEN = {"en": "nothing recorded", "zh": "未记录的代码"}
VERDICT_COLOURS = {Verdict.TRUE: "32", Verdict.MOVED: "33", Verdict.FALSE: "31"}
_SIGNS = {Verdict.TRUE: "✓", Verdict.MOVED: "~", Verdict.FALSE: "✗"}
_ASCII_SIGNS = {Verdict.TRUE: "+", Verdict.MOVED: "~", Verdict.FALSE: "x"}


def write_arrows(
    arrows: Sequence[Arrow], stream: TextIO, language: str = "en", is_coloured: bool = False
) -> None:
    """Write one line for each arrow, and a summary.

    Args:
        arrows: from :func:`~flasktrace.reports.chain.check.check_chain`.
        stream: to write to.
        language: "en" or "zh".
        is_coloured: write colour codes (``NO_COLOR`` overrides it).
    """
    is_coloured = is_coloured and not os.environ.get("NO_COLOR")
    can_draw = _can_draw(stream)
    signs, words = signs_for(stream), verdict_words(language)
    width = max(cells(word) for word in words.values())
    for arrow in arrows:
        word = words[arrow.verdict]
        head = f"{signs[arrow.verdict]} {word}{' ' * (width - cells(word))}"
        if is_coloured:
            head = f"\x1b[{VERDICT_COLOURS[arrow.verdict]}m{head}\x1b[0m"
        ends = f"{_text(arrow.source)} {'→' if can_draw else '->'} {_text(arrow.target)}"
        stream.write(f"{head}  {ends}: {tell(arrow, language)}\n")
    counts = {v.value: sum(arrow.verdict is v for arrow in arrows) for v in Verdict}
    stream.write(SUMMARY[language].format(**counts) + "\n")


def verdict_words(language: str) -> Mapping[Verdict, str]:
    """The verdicts' words in a language."""
    return _VERDICTS[language]


def signs_for(stream: TextIO) -> Mapping[Verdict, str]:
    """The verdicts' signs, as a stream can take them."""
    return _SIGNS if _can_draw(stream) else _ASCII_SIGNS


def _can_draw(stream: TextIO) -> bool:
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def tell(arrow: Arrow, language: str = "en") -> str:
    """What a real run says of one arrow, as a phrase."""
    is_started = arrow.relation is Relation.OTHER_THREAD and not arrow.through
    phrase = (_STARTED[language] if is_started else _RELATIONS[language][arrow.relation]).format(
        through=_between(arrow.through, language),
        target=_text(arrow.target),
        missing=", ".join(_text(name) for name in arrow.missing),
    )
    for name, function in arrow.elsewhere:
        phrase += _ELSEWHERE[language].format(
            name=_text(name), module=clean(function.module), qualname=clean(function.qualname)
        )
    return phrase


def _between(functions: Sequence[Function], language: str) -> str:
    names = [clean(function.qualname) for function in functions]
    if len(names) > _MAX_THROUGH:
        half = _MAX_THROUGH // 2
        names = [*names[:half], f"... ({len(names) - 2 * half}) ...", *names[-half:]]
    return " -> ".join(names) or _NOTHING_BETWEEN[language]


def _text(name: Name) -> str:
    return clean(".".join(name.parts))
