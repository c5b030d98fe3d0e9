"""A built lesson as Markdown, with its drawings as files beside it."""

from flasktrace.reports.chain.check import Verdict
from flasktrace.reports.chain.report import verdict_words
from flasktrace.reports.lessons.building import Answered, BuiltLesson, Checked, Made
from flasktrace.reports.lessons.figures import Figure
from flasktrace.reports.lessons.lesson import Text
from flasktrace.reports.lessons.words import lesson_words

SIGNS = {Verdict.TRUE: "✓", Verdict.MOVED: "~", Verdict.FALSE: "✗"}


def to_markdown(built: BuiltLesson) -> dict[str, str]:
    """The files of a lesson by name: its Markdown first, then the drawings."""
    drawings: dict[str, str] = {}
    texts = [_part(part, built, drawings) for part in built.parts]
    if not built.has_heading:
        texts.insert(0, f"# {built.lesson.title}")
    return {f"{built.stem}.md": "\n\n".join(texts) + "\n", **drawings}


def drawing_name(built: BuiltLesson, number: int) -> str:
    """The file of the drawing with this number, from 1."""
    return f"{built.stem}-{number}.svg"


def _part(part: Made, built: BuiltLesson, drawings: dict[str, str]) -> str:
    if isinstance(part, Text):
        return part.markdown
    if isinstance(part, Figure):
        return _figure(part, built, drawings)
    if isinstance(part, Checked):
        return _checked(part, built.lesson.language)
    return _answered(part, built.lesson.language)


def _figure(figure: Figure, built: BuiltLesson, drawings: dict[str, str]) -> str:
    caption = f"\n\n*{_escaped(figure.caption)}*" if figure.caption else ""
    if figure.svg:
        name = drawing_name(built, len(drawings) + 1)
        drawings[name] = figure.svg
        return f"![{_escaped(figure.caption or figure.kind.value)}]({name}){caption}"
    fence = _fence(figure.text)
    return f"{fence}{figure.syntax or 'text'}\n{figure.text}\n{fence}{caption}"


def _checked(checked: Checked, language: str) -> str:
    title = lesson_words(language).checked.format(scenario=_escaped(checked.scenario))
    lines = [f"> **{title}**", ">"]
    for result in checked.results:
        told = (
            f" — {verdict_words(language)[result.verdict]}: {_escaped(result.really)}"
            if result.really
            else ""
        )
        tick = "``" if "`" in result.text else "`"
        lines.append(f"> - {SIGNS[result.verdict]} {tick}{result.text}{tick}{told}")
    return "\n".join(lines)


def _answered(answered: Answered, language: str) -> str:
    words = lesson_words(language)
    because = f" {answered.because}" if answered.because else ""
    answer = f"`{answered.answer}`"
    return f"> **{words.question}** {answered.question}\n>\n> **{words.answer}** {answer}.{because}"


def _fence(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return fence


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\`*_[]<>" else char for char in text)
