"""The MkDocs plugin: the ``flasktrace`` blocks of lessons, in any page, made from a run at build time.

``plugins: [search, flasktrace]`` in ``mkdocs.yml``.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

from mkdocs.config import Config, config_options
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from flasktrace.embedding import Embedder, complaints, page_as_lesson, script_of
from flasktrace.reports.lessons.building import Checked
from flasktrace.reports.lessons.embed import EMBED_STYLE, embed_style, embedded_html
from flasktrace.reports.lessons.figures import Figure
from flasktrace.reports.lessons.lesson import Lesson, LessonError
from flasktrace.reports.lessons.parse import Fence, find_fences, parse_block
from flasktrace.tracer.errors import UsageError

STYLE_FILE = f"assets/flasktrace-{EMBED_STYLE}"
META = "flasktrace"  # a page's own settings, in its front matter
_logger = get_plugin_logger("flasktrace")
_MARK = re.compile(r"<p>(flasktrace[0-9a-f]{12}n\d+)</p>|(flasktrace[0-9a-f]{12}n\d+)")
_LATE = re.compile(r'<div data-flasktrace="(\w+)"></div>')


class FlasktraceConfig(Config):  # type: ignore[no-untyped-call]
    """The settings; a page's front matter may give others for that page, under ``flasktrace:``."""

    scenario = config_options.Type(str, default="")
    engine = config_options.Choice(("bundled", "installed", "both"), default="bundled")
    requests = config_options.ListOfItems(config_options.Type(str), default=[])
    lang = config_options.Type(str, default="")


class FlasktracePlugin(BasePlugin[FlasktraceConfig]):  # type: ignore[no-untyped-call]
    """Finds the blocks in a page's Markdown, and puts what they show into its HTML."""

    def __init__(self) -> None:
        self._embedder = Embedder()
        self._pieces: dict[str, str] = {}  # HTML by the mark that stands for it
        self._drawings: dict[str, str] = {}
        self._files: set[Path] = set()
        self._server: LiveReloadServer | None = None

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Begin a build: what was recorded for the one before may be out of date."""
        self._embedder = Embedder()
        self._pieces, self._drawings = {}, {}
        if STYLE_FILE not in config.extra_css:
            config.extra_css.append(STYLE_FILE)
        return config

    def on_files(self, files: Files, /, *, config: MkDocsConfig) -> Files:
        """Add the style sheet."""
        files.append(File.generated(config, STYLE_FILE, content=embed_style()))
        return files

    def on_page_markdown(
        self, markdown: str, /, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str | None:
        """Put a mark in place of each block, and make what it stands for."""
        lines = markdown.splitlines()
        fences = [fence for fence in find_fences(lines) if fence.words[:1] == ("flasktrace",)]
        if not fences:
            return None
        try:
            lesson = self._lesson(page, config)
        except UsageError as error:
            _logger.warning("%s: %s", page.file.src_uri, error)
            return None
        shift = _lines_before(markdown, page)
        for number, fence in reversed(list(enumerate(fences, 1))):
            if fence.end is None:
                _logger.warning("%s:%d: the block is not closed", page.file.src_uri, shift + fence.start + 1)
                continue
            body = [line.removeprefix(fence.indent) for line in lines[fence.start + 1 : fence.end]]
            mark = f"flasktrace{hashlib.sha256(page.file.src_uri.encode()).hexdigest()[:12]}n{number}"
            if self._make(mark, fence, body, shift, lesson, page.file.src_uri):
                lines[fence.start : fence.end + 1] = ["", f"{fence.indent}{mark}", ""]
        return "\n".join(lines)

    def _lesson(self, page: Page, config: MkDocsConfig) -> Lesson:
        meta = page.meta.get(META)
        own: dict[str, Any] = meta if isinstance(meta, dict) else {}
        theme = config.theme.get("locale") or ""
        language = own.get("lang") or self.config.lang or config.theme.get("language") or theme
        requests = own.get("requests", self.config.requests)
        return page_as_lesson(
            str(page.file.abs_src_path or Path(config.docs_dir, page.file.src_uri)),
            str(own.get("scenario", self.config.scenario)),
            str(own.get("engine", self.config.engine)),
            [requests] if isinstance(requests, str) else [str(each) for each in requests],
            str(language),
        )

    def _make(self, mark: str, fence: Fence, body: list[str], shift: int, lesson: Lesson, uri: str) -> bool:
        """Make one block; whether it could be made. Wrong ones stay as they were written, with a warning."""
        pieces: list[str] = []
        try:
            block = parse_block(fence.words[1:], body, shift + fence.start + 1, lesson)
            if script := script_of(lesson, block.run):
                self._watch((script,))
            for each in self._embedder.make(block, lesson, id_prefix=f"{mark}-"):
                self._watch(each.files)
                pieces.append(self._html(mark, each.made, lesson.language))
                if isinstance(each.made, Checked):
                    for line, message in complaints(each.made, lesson.language):
                        _logger.warning("%s:%d: %s", uri, line, message)
        except LessonError as error:
            _logger.warning("%s:%d: %s", uri, error.line, error.reason)
            return False
        self._pieces[mark] = "".join(pieces)
        return True

    def _html(self, mark: str, made: Any, language: str) -> str:
        html = embedded_html(made, language)
        if not isinstance(made, Figure) or not made.svg:
            return html
        # A drawing comes in last: its words and its style are nothing to search for.
        self._drawings[mark] = made.svg
        return html.replace(made.svg, f'<div data-flasktrace="{mark}"></div>')

    def on_page_content(self, html: str, /, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Put what was made in place of the marks."""
        return _MARK.sub(lambda match: self._pieces.get(match[1] or match[2], match[0]), html)

    def on_post_page(self, output: str, /, *, page: Page, config: MkDocsConfig) -> str:
        """Put the drawings in."""
        return _LATE.sub(lambda match: self._drawings.get(match[1], ""), output)

    def on_serve(
        self, server: LiveReloadServer, /, *, config: MkDocsConfig, builder: Any
    ) -> LiveReloadServer:
        """Build again when a script changes, too."""
        self._server = server
        for file in self._files:
            server.watch(str(file))
        return server

    def _watch(self, files: tuple[Path, ...]) -> None:
        for file in set(files) - self._files:
            self._files.add(file)
            if self._server is not None:
                self._server.watch(str(file))


def _lines_before(markdown: str, page: Page) -> int:
    """How many lines of the page's file, its front matter, come before what MkDocs hands out."""
    try:
        text = page.file.content_string
    except (OSError, ValueError):
        return 0
    before, found, _ = text.rpartition(markdown.strip("\n"))
    return before.count("\n") - (len(markdown) - len(markdown.lstrip("\n"))) if found else 0
