"""A built lesson, or any Markdown, as HTML; raw HTML in Markdown is shown, not passed on."""

import re
from collections.abc import Callable, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from flasktrace.reports.chain.report import verdict_words
from flasktrace.reports.lessons.building import Answered, BuiltLesson, Checked, Made
from flasktrace.reports.lessons.figures import Figure
from flasktrace.reports.lessons.lesson import Text
from flasktrace.reports.lessons.markdown import SIGNS, drawing_name
from flasktrace.reports.lessons.words import lesson_words

_NOT_SLUG = re.compile(r"[^\w]+")
_HIGHLIGHTED = {"python", "console", "bash", "html", "toml", "rst", "yaml"}


def markdown_to_html(text: str) -> str:
    """Markdown, with tables, as HTML; headings get ids, links to ``x.md`` lead to ``x.html``."""
    markdown = MarkdownIt("commonmark", {"html": False, "highlight": _highlight}).enable("table")
    markdown.add_render_rule("heading_open", _heading_open)
    markdown.add_render_rule("link_open", _link_open)
    rendered: str = markdown.render(text)
    return rendered.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")


def _heading_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    tokens[index].attrSet("id", slug(tokens[index + 1].content))
    return renderer.renderToken(tokens, index, options, env)


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    href = str(tokens[index].attrGet("href") or "")
    if ":" not in href:
        tokens[index].attrSet("href", re.sub(r"\.md(?=#|$)", ".html", href))
    return renderer.renderToken(tokens, index, options, env)


def _inline(text: str) -> str:
    """One line of Markdown: code, emphasis, links."""
    rendered: str = MarkdownIt("commonmark", {"html": False}).renderInline(text)
    return rendered


def slug(heading: str) -> str:
    """The id of a heading."""
    return _NOT_SLUG.sub("-", heading.lower()).strip("-")


def _highlight(code: str, language: str, attributes: str) -> str:
    if language not in _HIGHLIGHTED:
        return escape(code)
    try:
        return str(highlight(code, get_lexer_by_name(language), HtmlFormatter(nowrap=True)))
    except ClassNotFound:
        return escape(code)


def lesson_html(built: BuiltLesson, draw: Callable[[Figure, int], str] | None = None) -> str:
    """The body of a lesson.

    Args:
        built: the lesson.
        draw: the HTML of a drawing with its number; by default an image of the file beside.
    """
    parts: list[str] = []
    drawings = 0
    if not built.has_heading:
        parts.append(f"<h1>{escape(built.lesson.title)}</h1>")
    for part in built.parts:
        if isinstance(part, Figure) and part.svg:
            drawings += 1
            parts.append(draw(part, drawings) if draw is not None else _image(part, built, drawings))
        else:
            parts.append(part_html(part, built.lesson.language))
    return "\n".join(parts)


def _image(figure: Figure, built: BuiltLesson, number: int) -> str:
    name = escape(drawing_name(built, number))
    says = escape(figure.caption or figure.kind.value)
    image = f'<a class="drawing wide" href="{name}"><img src="{name}" alt="{says}"></a>'
    return f"<figure>{image}{_caption(figure)}</figure>"


def _caption(figure: Figure) -> str:
    return f"<figcaption>{escape(figure.caption)}</figcaption>" if figure.caption else ""


def part_html(part: Made, language: str) -> str:
    """Any part but a drawing.

    Args:
        part: as it was made.
        language: of the fixed words.
    """
    if isinstance(part, Text):
        return markdown_to_html(part.markdown)
    if isinstance(part, Figure):
        text = _highlight(part.text, part.syntax, "")
        return f'<figure><pre class="wide" tabindex="0"><code>{text}</code></pre>{_caption(part)}</figure>'
    if isinstance(part, Checked):
        return _checked(part, language)
    return _answered(part, language)


def _checked(checked: Checked, language: str) -> str:
    words, verdicts = lesson_words(language), verdict_words(language)
    rows = []
    for result in checked.results:
        told = f' <span class="really">{escape(result.really)}</span>' if result.really else ""
        sign = f'<span class="sign" aria-hidden="true">{SIGNS[result.verdict]}</span>'
        verdict = f'<span class="unseen">{verdicts[result.verdict]}: </span>'
        text = escape(result.text)
        rows.append(f'<li class="{result.verdict.value}">{sign}{verdict}<code>{text}</code>{told}</li>')
    title = escape(words.checked.format(scenario=checked.scenario))
    return f'<section class="checked"><p class="title">{title}</p><ul>{"".join(rows)}</ul></section>'


def _answered(answered: Answered, language: str) -> str:
    words = lesson_words(language)
    because = f" {_inline(answered.because)}" if answered.because else ""
    question = f"<strong>{words.question}</strong> {_inline(answered.question)}"
    return (
        f'<details class="ask"><summary>{question}</summary>'
        f"<p><strong>{words.answer}</strong> <code>{escape(answered.answer)}</code>{because}</p></details>"
    )
