"""The Sphinx extension: trees and drawings of a run, and claims that a run bears out, made at build time.

``extensions = ["flasktrace.sphinx_extension"]``; the directives are ``flasktrace`` and ``flasktrace-expect``.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.directives.code import container_wrapper
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import flasktrace
from flasktrace.embedding import Embedded, Embedder, complaints, page_as_lesson, script_of
from flasktrace.reports.chain.report import verdict_words
from flasktrace.reports.lessons.building import Checked
from flasktrace.reports.lessons.embed import EMBED_STYLE, embed_style, embedded_html, kind_name
from flasktrace.reports.lessons.figures import Figure
from flasktrace.reports.lessons.lesson import Expect, Lesson, LessonError, Show
from flasktrace.reports.lessons.markdown import SIGNS
from flasktrace.reports.lessons.parse import parse_block
from flasktrace.reports.lessons.words import lesson_words
from flasktrace.reports.sequence import Theme

FOLDER = "flasktrace"  # of the drawings, among Sphinx's own intermediate files
STYLE_FILE = f"flasktrace-{EMBED_STYLE}"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Build:
    """What holds for one build: its runs, and whether drawings stand in its pages themselves."""

    embedder: Embedder
    is_page: bool


_builds: "WeakKeyDictionary[BuildEnvironment, Build]" = WeakKeyDictionary()


class Drawing(nodes.General, nodes.Element):  # type: ignore[misc]
    """A drawing twice: as HTML, and as an image; the builder decides which of them stays."""


class _RunDirective(SphinxDirective):
    """What both directives share: a scenario as argument, and which run of it is meant."""

    required_arguments = 1
    final_argument_whitespace = True
    run_options: ClassVar[dict[str, Callable[[str], Any]]] = {
        "engine": directives.unchanged_required,
        "requests": directives.unchanged_required,
        "request": directives.unchanged_required,
        "lang": lambda value: directives.choice(value, ("en", "zh")),
    }

    def lesson(self) -> Lesson:
        """The page, with what the configuration says for all blocks."""
        language = self.options.get("lang") or self.config.flasktrace_lang or self.config.language or "en"
        path = self.env.doc2path(self.env.docname)
        return page_as_lesson(str(path), self.scenario(), self.config.flasktrace_engine, (), language)

    def scenario(self) -> str:
        """The argument; as with other directives, ``/`` stands for the folder of the sources."""
        given = str(self.arguments[0]).strip()
        rooted = Path(self.env.srcdir, given[1:]) if given.startswith("/") else None
        return str(rooted) if rooted is not None and rooted.exists() else given

    def lines(self, names: Sequence[str]) -> list[str]:
        """Options as the lines of a lesson's block."""
        given = [name for name in names if name in self.options]
        return [f"{name}: {self.options[name]}".replace("\n", "\n    ") for name in given]

    def make(
        self, words: Sequence[str], lines: Sequence[str]
    ) -> tuple[list[Embedded], Show | Expect, Lesson]:
        """Run what the block asks for, and note the files it depends on.

        Raises:
            LessonError: it is malformed, not in the run, or the run failed.
        """
        lesson = self.lesson()
        text = "\n".join(lines).split("\n")
        block = parse_block(words, text, self.lineno, lesson)
        assert isinstance(block, Show | Expect)
        self._depend(script_of(lesson, block.run))
        made = list(_builds[self.env].embedder.make(block, lesson, Theme.AUTO))
        for each in made:
            self._depend(*each.files)
        return made, block, lesson

    def _depend(self, *files: Path | None) -> None:
        for file in files:
            if file is not None:
                self.env.note_dependency(os.path.relpath(file, self.env.srcdir))

    def warn(self, line: int, message: str) -> None:
        """One warning with the place; ``suppress_warnings = ["flasktrace"]`` is possible."""
        _logger.warning("%s", message, location=(self.env.docname, line), type="flasktrace")


class ShowDirective(_RunDirective):
    """``.. flasktrace:: SCENARIO``: a tree, a drawing, source, state or hooks of a run."""

    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {
        **_RunDirective.run_options,
        "show": directives.unchanged_required,
        "chapter": directives.unchanged_required,
        "of": directives.unchanged_required,
        "until": directives.unchanged_required,
        "level": directives.unchanged_required,
        "times": directives.flag,
        "caption": directives.unchanged_required,
        "alt": directives.unchanged_required,
        "class": directives.class_option,
        "name": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """The nodes; none, and a warning, when something is wrong."""
        names = ("engine", "requests", "request", "chapter", "of", "until", "level", "caption")
        lines = self.lines(names) + (["times: yes"] if "times" in self.options else [])
        try:
            made, block, lesson = self.make(("show", self.options.get("show", "tree")), lines)
            figure = made[0].made
            assert isinstance(figure, Figure) and isinstance(block, Show)
            if not figure.svg:
                return [self._literal(figure)]
            # In an HTML page the drawing has that page's colours, and ids that no other has.
            prefix = f"{nodes.make_id(self.env.docname)}-flasktrace-{self.env.new_serialno('flasktrace')}-"
            in_page = next(_builds[self.env].embedder.make(block, lesson, Theme.PAGE, prefix)).made
            assert isinstance(in_page, Figure)
            return [self._drawing(figure, in_page, lesson)]
        except LessonError as error:
            self.warn(error.line, error.reason)
            return []

    def _literal(self, figure: Figure) -> nodes.Node:
        literal = nodes.literal_block(figure.text, figure.text, language=figure.syntax or "text")
        literal["classes"] += ["flasktrace", *self.options.get("class", [])]
        self.set_source_info(literal)
        node: nodes.Element = literal
        if figure.caption:
            node = container_wrapper(self, literal, figure.caption)
        self.add_name(node)
        return node

    def _drawing(self, figure: Figure, in_page: Figure, lesson: Lesson) -> nodes.Node:
        kind = kind_name(figure.kind, lesson.language)
        inline, messages = self.parse_inline(figure.caption)
        caption = nodes.caption("", "", *inline, *messages)
        says = str(self.options.get("alt") or caption.astext() or f"{kind}: {self.arguments[0]}")
        html = embedded_html(replace(in_page, caption=""), lesson.language, says)
        path = _keep(Path(self.env.doctreedir), figure.svg)
        here = Path(self.env.doc2path(self.env.docname)).parent
        image = nodes.image("", uri=Path(os.path.relpath(path, here)).as_posix(), alt=says)
        drawing = Drawing("", nodes.raw("", html, format="html"), image)
        node = nodes.figure("", drawing, classes=["flasktrace-figure", *self.options.get("class", [])])
        if figure.caption:
            node += caption
        self.set_source_info(node)
        self.add_name(node)
        return node


class ExpectDirective(_RunDirective):
    """``.. flasktrace-expect:: SCENARIO``: claims, one a line; a false one is a warning."""

    has_content = True
    option_spec = _RunDirective.run_options

    def run(self) -> list[nodes.Node]:
        """The claims, each with its verdict."""
        options = "\n".join(self.lines(("engine", "requests", "request"))).splitlines()
        try:
            made, _, lesson = self.make(("expect",), [*options, *self.content])
        except LessonError as error:
            self.warn(self._place(error.line, len(options)), error.reason)
            return []
        found: list[nodes.Node] = []
        for each in made:
            assert isinstance(each.made, Checked)
            for line, message in complaints(each.made, lesson.language):
                self.warn(self._place(line, len(options)), message)
            found.append(_checked(each.made, lesson.language))
        return found

    def _place(self, line: int, option_count: int) -> int:
        """The line in the file of a line of the block, where the claims stand behind the options."""
        behind = line - self.lineno - option_count
        if behind <= 0:
            return int(self.lineno)
        # MyST counts from the directive's line, docutils from the top of the file.
        start = 0 if self.content_offset >= self.lineno else self.lineno
        return int(start + self.content_offset + behind)


def _checked(checked: Checked, language: str) -> nodes.Node:
    box = nodes.container(classes=["flasktrace-checked"])
    title = lesson_words(language).checked.format(scenario=checked.scenario)
    box += nodes.paragraph("", "", nodes.strong("", title))
    items = nodes.bullet_list()
    for result in checked.results:
        told = f" — {verdict_words(language)[result.verdict]}: {result.really}" if result.really else ""
        sign = nodes.Text(f"{SIGNS[result.verdict]} ")
        text = nodes.paragraph("", "", sign, nodes.literal(result.text, result.text), nodes.Text(told))
        items += nodes.list_item("", text, classes=[f"flasktrace-{result.verdict.value}"])
    box += items
    return box


def _keep(doctrees: Path, svg: str) -> Path:
    """The file of a drawing, named by what is in it: builds in parallel may write it at the same time."""
    folder = doctrees / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"flasktrace-{hashlib.sha256(svg.encode()).hexdigest()[:16]}.svg"
    if not path.exists():
        with tempfile.NamedTemporaryFile(
            "w", dir=folder, delete=False, encoding="utf-8", newline="\n"
        ) as file:
            file.write(svg)
        Path(file.name).replace(path)
    return path


class ChooseDrawing(SphinxPostTransform):
    """HTML pages get the drawing itself, everything else an image of it."""

    default_priority = 50  # before Sphinx converts images

    def run(self, **kwargs: Any) -> None:
        """Keep one of the two."""
        is_page = _builds[self.env].is_page
        for drawing in list(self.document.findall(Drawing)):
            drawing.replace_self(drawing[0] if is_page else drawing[1])


def _begin(app: Sphinx) -> None:
    # An e-book's list of files would have to say which pages hold drawings.
    is_page = app.builder.format == "html" and app.builder.name != "epub"
    _builds[app.env] = Build(Embedder(), is_page)
    if app.builder.format == "html":
        app.add_css_file(STYLE_FILE)


def _write_style(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        folder = Path(app.outdir, "_static")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / STYLE_FILE).write_text(embed_style(), encoding="utf-8", newline="\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("flasktrace_engine", "bundled", "env", str)
    app.add_config_value("flasktrace_lang", "", "env", str)
    app.add_node(Drawing)
    app.add_directive("flasktrace", ShowDirective)
    app.add_directive("flasktrace-expect", ExpectDirective)
    app.add_post_transform(ChooseDrawing)
    app.connect("builder-inited", _begin)
    app.connect("build-finished", _write_style)
    return {"version": flasktrace.__version__, "parallel_read_safe": True, "parallel_write_safe": True}
