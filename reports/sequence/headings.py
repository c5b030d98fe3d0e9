"""The title, the line under it, the small print: what a drawing says about itself."""

from flasktrace.reports.folded import Chapter, FoldedTrace
from flasktrace.reports.sequence.captions import Captions
from flasktrace.reports.sequence.options import SequenceOptions
from flasktrace.reports.sequence.timeline import Timeline, is_startup
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Request


def title(folded: FoldedTrace, timeline: Timeline, words: Captions) -> str:
    """``GET /items/7: dispatch to your view``, ``shop: 3 requests``, ``shop: start-up``."""
    name = clean(folded.trace.metadata.scenario[:200]) or "flasktrace"
    requests = {c.request.id: c.request for c in timeline.chapters if c.request is not None}
    if not requests:
        return words.startup_title.format(name=name)
    if len(requests) > 1:
        return words.requests_title.format(name=name, count=len(requests))
    request = _request_words(next(iter(requests.values())), words)
    phases = [c.phase.title for c in timeline.chapters if c.phase is not None]
    if len(timeline.chapters) == 1 and phases:
        return words.chapter_title.format(request=request, phase=clean(phases[0][:200]))
    return request


def _request_words(request: Request, words: Captions) -> str:
    return words.request_title.format(method=clean(request.method[:40]), target=clean(request.target[:200]))


def subtitle(folded: FoldedTrace, timeline: Timeline, words: Captions, options: SequenceOptions) -> str:
    """The versions that ran, how much was folded, and what the times are."""
    metadata = folded.trace.metadata
    versions = [
        f"{name} {clean(version[:40])}"
        for name, version in (
            ("Flask", metadata.flask_version),
            ("Werkzeug", metadata.werkzeug_version),
            ("CPython", metadata.python_version),
        )
        if version
    ]
    parts = [", ".join(versions) + words.full_stop] if versions else []
    calls = sum(chapter.call_count for chapter in timeline.chapters)
    if calls:
        parts.append(words.folded.format(calls=calls, steps=len(timeline.steps)))
    if options.has_times:
        if all(chapter.request is None for chapter in timeline.chapters):
            parts.append(words.times_startup)
        elif any(chapter.phase is not None and chapter.phase.id == "accept" for chapter in timeline.chapters):
            parts.append(words.times)
        else:
            parts.append(words.times_in_process)
    return words.sentence_gap.join(parts)


def footnotes(folded: FoldedTrace, timeline: Timeline, words: Captions) -> list[str]:
    """What is not in the drawing, and why."""
    lines = []
    if not timeline.steps:
        lines.append(words.nothing)
    if folded.notice:
        lines.append(clean(folded.notice[:500]))
    if folded.trace.dropped_count:
        lines.append(words.dropped.format(count=folded.trace.dropped_count))
    if folded.filtered_count:
        lines.append(words.filtered.format(count=folded.filtered_count))
    apart = [c for c in folded.chapters if is_startup(c) and c not in timeline.chapters]
    if apart and any(c.request is not None for c in timeline.chapters) and len(timeline.chapters) > 1:
        count = sum(c.last - c.first + 1 for c in apart)
        lines.append(words.startup_apart.format(count=count))
    return lines


def chapter_count(chapter: Chapter, words: Captions) -> str:
    """``steps 19–25, 34 calls``."""
    pattern = words.one_step if chapter.first == chapter.last else words.steps
    if chapter.call_count == 1:
        pattern = words.one_call
    return pattern.format(first=chapter.first, last=chapter.last, calls=chapter.call_count)


def chapter_heading(chapter: Chapter, timeline: Timeline, words: Captions) -> str:
    """The chapter's title; where several requests are drawn, each one's first chapter names it."""
    text = clean(chapter.phase.title[:300]) if chapter.phase else "…"
    chapters = [c for c in timeline.chapters if c.request is not None]
    if chapter.request is None or len({c.request.id for c in chapters if c.request}) < 2:
        return text
    own = [c for c in chapters if c.request and c.request.id == chapter.request.id]
    if own[0].number != chapter.number:
        return text
    return words.chapter_title.format(request=_request_words(chapter.request, words), phase=text)
