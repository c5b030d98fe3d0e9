"""The page as a document: chapters with their drawings, steps, hook ledgers and the user's own code.

It is what a reader without JavaScript sees, and what is printed; the script puts its panes around it.
"""

from collections.abc import Iterator, Mapping
from html import escape

from flasktrace.reports.folded import Chapter, Step
from flasktrace.reports.hooks import HookRow, Ledger
from flasktrace.reports.labels import arguments, display_name, duration, ending
from flasktrace.reports.lane_text import changes_by_step
from flasktrace.reports.page.drawings import chapter_drawings
from flasktrace.reports.page.options import PageData
from flasktrace.reports.page.words import WORDS
from flasktrace.reports.state import state_lane
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Origin, Request

MAX_TEXT_CHARS = 300  # of the arguments, and of what came back


class DocumentWriter:
    """Makes the document's HTML, piece by piece."""

    def __init__(self, data: PageData) -> None:
        self.data = data
        self.words: Mapping[str, str] = WORDS[data.options.language]
        self.drawings = {
            drawing.chapter: drawing.svg for drawing in chapter_drawings(data.drawn, data.options.language)
        }
        self.changes = changes_by_step(data.drawn, state_lane(data.drawn.trace), data.options.language)
        self.ledgers = {ledger.request.id: ledger for ledger in data.ledgers}

    def pieces(self) -> Iterator[str]:
        """The HTML of the main part."""
        data = self.data
        if data.options.introduction_html:
            yield f'<div class="introduction">{data.options.introduction_html}</div>\n'
        if not data.is_numbered_alike:
            level = data.drawn.level.value
            yield self._word("drawn_less", "p", level=level, steps=len(data.folded.steps)) + "\n"
        if data.drawn.trace is not data.folded.trace:
            last = len(data.drawn.steps)
            yield self._word("drawn_first", "p", last=last, steps=len(data.folded.steps)) + "\n"
        yield from self._contents()
        story: tuple[int, int] | None = None
        for chapter in data.drawn.chapters:
            request_id = chapter.request.id if chapter.request is not None else 0
            if story is None or story[0] != request_id:
                if story is not None:
                    yield from self._ledger(story[0])
                story = (request_id, chapter.number)
                yield self._heading(chapter.request)
            yield from self._chapter(chapter)
        if story is not None:
            yield from self._ledger(story[0])
        yield from self._sources()

    def _word(self, key: str, tag: str = "span", **values: object) -> str:
        """An element with one of the page's own phrases, which the script can say in another language."""
        stored = "".join(f' data-{name}="{escape(str(value))}"' for name, value in values.items())
        text = self.words[key].format(**values) if values else self.words[key]
        return f'<{tag} data-w="{key}"{stored}>{escape(text)}</{tag}>'

    def _title(self, chapter: Chapter) -> str:
        phase_id = chapter.phase.id if chapter.phase is not None else ""
        title = clean(chapter.phase.title) if chapter.phase is not None else self.words["calls"]
        return f'<span data-phase="{escape(phase_id)}">{escape(title)}</span>'

    def _contents(self) -> Iterator[str]:
        yield '<nav class="contents" aria-labelledby="contents-title">'
        yield self._word("chapters", "h2").replace("<h2", '<h2 id="contents-title"', 1)
        yield "<ol>"
        for chapter in self.data.drawn.chapters:
            yield f'<li><a href="#chapter-{chapter.number}">{self._title(chapter)}</a></li>'
        yield "</ol></nav>\n"

    def _heading(self, request: Request | None) -> str:
        if request is None:
            return f'<h2 class="story">{self._word("start_up")}</h2>\n'
        status = self._word("no_answer") if request.status is None else str(request.status)
        text = escape(clean(f"{request.method} {request.target}", 300))
        return (
            f'<h2 class="story">{self._word("request")} {request.id}: <code>{text}</code> → {status}</h2>\n'
        )

    def _chapter(self, chapter: Chapter) -> Iterator[str]:
        limits = {"first": chapter.first, "last": chapter.last, "calls": chapter.call_count}
        yield f'<section class="chapter" id="chapter-{chapter.number}">'
        told = self._word("chapter_range", "small", **limits)
        yield f"<h3>{chapter.number}. {self._title(chapter)} {told}</h3>"
        svg = self.drawings.get(chapter.number)
        if svg is None:
            yield self._word("not_drawn", "p")
        else:
            yield f'<figure data-chapter="{chapter.number}" tabindex="0">{svg}</figure>'
        yield f'<ol class="steps" start="{chapter.first}">'
        for step in self.data.drawn.steps[chapter.first - 1 : chapter.last][
            : self.data.options.max_drawn_steps
        ]:
            yield self._step(step, step.depth - self.data.drawn.steps[chapter.first - 1].depth)
        yield "</ol></section>\n"

    def _step(self, step: Step, depth: int) -> str:
        level = max(0, min(depth, 8))
        name = escape(display_name(step.function, step.landmark))
        values = escape(clean(", ".join(arguments(step.call)), MAX_TEXT_CHARS))
        end = ending(step.call, self.words["some_exception"])
        text = escape(clean(end.text, MAX_TEXT_CHARS))
        result = (
            f' <span class="result">→ <code>{text}</code></span>' if end.kind == "returned" and text else ""
        )
        if end.kind == "raised":
            result = f' <span class="raised">✗ {self._word("raised")} <code>{text}</code></span>'
        elif end.kind == "unfinished":
            result = f" → {self._word('unfinished')}"
        counts = f" <small>+{step.hidden_count}</small>" if step.hidden_count else ""
        if step.repeat_count > 1:
            counts = f" <small>×{step.repeat_count}</small>{counts}"
        brackets = "" if step.function.qualname == "<module>" else f"({values})"
        user = " user" if step.function.origin is Origin.USER else ""
        number = self.data.function_numbers.get(step.function.id, -1)
        does = clean(step.landmark.does) if step.landmark is not None else ""
        told = f'<p data-does="{number}">{escape(does)}</p>' if does else ""
        changes = "".join(
            f'<p class="state">{escape(line)}</p>' for line in self.changes.get(step.number, ())
        )
        anchor = f' id="step-{step.number}"' if self.data.is_numbered_alike else ""
        return (
            f'<li{anchor} class="in-{level}{user}"><code><b>{name}</b>{brackets}</code>{result}{counts}'
            f" <small>{escape(duration(step.repeat_ns))}</small>{told}{changes}</li>"
        )

    def _ledger(self, request_id: int) -> Iterator[str]:
        ledger: Ledger | None = self.ledgers.get(request_id)
        if ledger is None:
            return
        words = ("order", "hook", "registered", "what")
        heads = "".join(f'<th scope="col">{self._word(word)}</th>' for word in words)
        yield f'<section class="ledger"><h3>{self._word("hooks")}</h3>'
        yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
        for row in ledger.rows:
            order = str(row.ran_as) if row.ran_as is not None else "–"
            name = escape(row.name + (f" ({row.handles})" if row.handles else ""))
            owner = f" <small>{escape(row.owner)}</small>" if row.owner else ""
            yield (
                f"<tr><td>{order}</td><td><code>{name}</code>{owner}</td>"
                f"<td><code>{escape(row.decorator)}</code></td><td>{self._fate(row)}</td></tr>"
            )
        yield "</tbody></table></section>\n"

    def _fate(self, row: HookRow) -> str:
        if row.reason is not None:
            return self._word(f"reason_{row.reason.value}", because=row.because)
        if row.raised:
            return self._word("ran_raised", what=row.raised)
        return self._word("ended" if row.ended_chain else "ran")

    def _sources(self) -> Iterator[str]:
        rows = self.data.script["functions"]
        own = [row for row in rows if row["role"] == "user" and row["source"]]
        if own:
            yield f'<section class="sources"><h2>{self._word("your_source")}</h2>'
            for row in own:
                lines = escape("\n".join(row["source"]))
                yield f"<h3><code>{escape(row['name'])}</code> <small>{escape(row['place'])}</small></h3>"
                yield f'<pre tabindex="0">{lines}</pre>'
            yield "</section>\n"
        if any(row["source"] and row["role"] != "user" for row in rows) and self.data.options.notices:
            yield f'<details class="licence"><summary>{self._word("licences")}</summary>'
            for project, text in self.data.options.notices.items():
                yield f'<h3>{escape(clean(project))}</h3><pre tabindex="0">{escape(_paragraphs(text))}</pre>'
            yield "</details>\n"


def _paragraphs(text: str) -> str:
    return "\n".join(clean(line) for line in text.splitlines()).strip()
