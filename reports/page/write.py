"""Writes a page: the document, the script's data compressed, and a policy that lets nothing else run."""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any, TextIO

from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.page.data import page_data
from flasktrace.reports.page.document import DocumentWriter
from flasktrace.reports.page.drawings import chapter_drawings
from flasktrace.reports.page.options import PageData, PageOptions
from flasktrace.reports.page.words import WORDS
from flasktrace.reports.sequence.theme import DARK, LIGHT, MONO, SANS
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Trace

SCRIPT_PARTS = (
    *("start", "walk", "addresses", "frame", "tree", "drawing", "panes", "state", "words"),
    *("render", "keys"),
)


def write_page(trace: Trace, stream: TextIO, options: PageOptions) -> None:
    """Write the page of a trace.

    Args:
        trace: as recorded or filtered; it is not changed.
        stream: a text stream that takes UTF-8 and leaves line ends as they are (``newline="\\n"``), as
            the page holds hashes of its parts; it is neither opened nor closed here.
        options: with the catalogues of the page's languages.

    Raises:
        OSError: whatever the stream raises.
    """
    for piece in page_pieces(page_data(trace, options)):
        stream.write(piece)


def page_pieces(data: PageData) -> Iterator[str]:
    """The page's HTML, piece by piece."""
    language, words = data.options.language, WORDS[data.options.language]
    style, script = style_sheet(), page_script()
    yield "<!doctype html>\n"
    yield f'<html lang="{_language_tag(language)}">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy(script, style)}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
    yield '<link rel="icon" href="data:,">\n'
    yield f"<title>{escape(data.title)} – flasktrace</title>\n<style>{style}</style>\n</head>\n<body>\n"
    yield from _bar(data, words)
    yield f'<main id="document" aria-label="{escape(words["diagram"])}">\n'
    yield from DocumentWriter(data).pieces()
    yield "</main>\n"
    yield f'<script type="application/octet-stream" id="data">{_packed(data)}</script>\n'
    yield f"<script>{script}</script>\n</body>\n</html>\n"


def _bar(data: PageData, words: Mapping[str, str]) -> Iterator[str]:
    metadata = data.folded.trace.metadata
    about = [
        words["summary"].format(calls=data.folded.total_call_count, steps=len(data.folded.steps)),
        f"Flask {metadata.flask_version}" if metadata.flask_version else "",
        f"Werkzeug {metadata.werkzeug_version}" if metadata.werkzeug_version else "",
        f"Python {metadata.python_version}" if metadata.python_version else "",
    ]
    shown = escape(clean(" · ".join(part for part in about if part), 300))
    yield f'<header id="bar"><h1>{escape(data.title)}</h1><p class="about">{shown}</p></header>\n'


def policy(script: str, style: str) -> str:
    """The content security policy: this script, this style sheet, and nothing else."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _packed(data: PageData) -> str:
    """The script's data, with the drawings of the other languages."""
    script: dict[str, Any] = {**data.script, "drawings": _other_drawings(data)}
    text = json.dumps(script, ensure_ascii=True, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")


def _other_drawings(data: PageData) -> dict[str, dict[int, str]]:
    options = data.options
    found = {}
    for language, catalogue in options.catalogues.items():
        if language != options.language:
            folded = fold(data.drawn.trace, catalogue, FoldOptions(data.drawn.level))
            drawings = chapter_drawings(folded, language)
            found[language] = {drawing.chapter: drawing.svg for drawing in drawings}
    return found


def style_sheet() -> str:
    """The page's style sheet; the colours are those of the drawings."""
    dark = "".join(f"--{role}:{colour};" for role, colour in DARK.items())
    light = "".join(f"--{role}:{colour};" for role, colour in LIGHT.items())
    roles = "".join(f".f-{role}{{fill:var(--{role})}}.s-{role}{{stroke:var(--{role})}}" for role in LIGHT)
    return (
        f":root{{color-scheme:light;{light}--sans:{SANS};--mono:{MONO}}}\n"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light])"
        f"{{color-scheme:dark;{dark}}}}}\n"
        f"{roles}\n{_resource('page.css')}"
    )


def page_script() -> str:
    """The page's script: its parts in order, in one function, so that they share their names with no one."""
    parts = "\n".join(_resource(f"script/{name}.js") for name in SCRIPT_PARTS)
    return f'"use strict";\n(async () => {{\n{parts}}})();\n'


def _resource(name: str) -> str:
    text = files("flasktrace.reports.page").joinpath(name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def _language_tag(language: str) -> str:
    return "zh-Hans" if language == "zh" else language
