"""The Sphinx extension, in real builds: pages read in parallel, then again when a script has changed."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.one_python import met_on

if not os.environ.get("FLASKTRACE_ALL_TESTS"):
    pytest.importorskip("sphinx", reason="needs flasktrace[sphinx]")
pytestmark = [
    met_on(11, "Sphinx"),
    pytest.mark.xdist_group("sphinx"),  # built once
]

TEA = """\
from flask import Flask, abort
from leaves import kind

app = Flask(__name__)

@app.before_request
def greet():
    pass

@app.route("/tea/<int:cups>")
def tea(cups):
    if cups > 3:
        abort(400)
    return f"{cups} cups of {kind()}"

REQUESTS = ["GET /tea/2", "GET /tea/9"]
"""
PAGE = """\
Tea
===

.. flasktrace:: tea.py
   :request: 1
   :of: Flask.full_dispatch_request
   :caption: Two <cups>

.. flasktrace:: tea.py
   :show: diagram
   :request: 2
   :of: Flask.full_dispatch_request
   :caption: Nine *cups*
   :name: nine

.. flasktrace:: tea.py
   :show: graph
   :request: 1
   :of: Flask.full_dispatch_request
   :alt: Who calls whom for "two" <cups>

.. flasktrace:: /tea.py
   :show: source
   :of: tea
   :lang: zh

See :ref:`the drawing <nine>`.

.. flasktrace-expect:: tea.py
   :request: 1

   calls: Flask.preprocess_request -> greet -> Flask.dispatch_request -> tea -> kind
   returns: tea = '2 cups of green'
   not called: greet
"""
WRONG = """\
Wrong
=====

.. flasktrace:: tea.py
   :show: picture

.. flasktrace:: no_such_scenario

.. flasktrace:: broken.py

.. flasktrace:: tea.py
   :request: 3

.. flasktrace-expect:: tea.py
   :request: 1

   calls: greet -> tea
   nonsense
"""


@dataclass(frozen=True)
class Built:
    """The folder with everything, and what the first build said on stderr."""

    folder: Path
    said: str

    def build(self, builder: str, *options: str) -> "subprocess.CompletedProcess[str]":
        """Build once more, with what was kept of the builds before."""
        return _build(self.folder, builder, *options)


def _build(folder: Path, builder: str, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-d", "kept", *options, "source", builder]
    environment = os.environ | {"LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=250
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A small project: a page with everything, one with mistakes, and enough to be read in parallel."""
    folder = tmp_path_factory.mktemp("sphinx")
    source = folder / "source"
    (source / "modules").mkdir(parents=True)
    configuration = (
        "import sys\nsys.path.insert(0, 'source/modules')\nextensions = ['flasktrace.sphinx_extension']\n"
    )
    (source / "conf.py").write_text(configuration)
    (source / "tea.py").write_text(TEA)
    (source / "broken.py").write_text("import flask\n1 / 0\n")
    (source / "modules" / "leaves.py").write_text("def kind():\n    return 'green'\n")
    (source / "tea.rst").write_text(PAGE)
    (source / "wrong.rst").write_text(WRONG)
    others = [f"other{number}" for number in range(4)]
    for name in others:
        (source / f"{name}.rst").write_text(f"{name}\n======\n")
    contents = "\n   ".join(["tea", "wrong", *others])
    (source / "index.rst").write_text(f"Index\n=====\n\n.. toctree::\n\n   {contents}\n")
    return Built(folder, _build(folder, "html", "-j", "2").stderr)


def test_trees_drawings_source_and_claims_stand_in_the_page(built: Built) -> None:
    html = (built.folder / "html" / "tea.html").read_text(encoding="utf-8")
    assert "Flask.preprocess_request()" in html and "Two &lt;cups&gt;" in html
    assert html.count("<svg") == 2 and "light-dark(" in html, "drawings follow the page's colours"
    assert 'aria-label="Nine cups"' in html
    assert 'aria-label="Who calls whom for &quot;two&quot; &lt;cups&gt;"' in html
    assert re.search(r'<a [^>]*href="#nine">', html) and 'id="nine"' in html
    assert '<span class="n">cups</span>' in html, "source is highlighted"
    assert "✓ " in html and "✗ " in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    style = built.folder / "html" / "_static" / "flasktrace-embed.css"
    assert ".flasktrace-drawing" in style.read_text(encoding="utf-8") and style.name in html
    assert str(built.folder) not in html


def test_what_is_wrong_is_a_warning_with_its_place(built: Built) -> None:
    told = {
        (Path(name).name, int(line)): message
        for name, line, message in re.findall(r"^(\S+\.rst):(\d+): WARNING: (.*)$", built.said, re.M)
    }
    assert {place: message[:10] for place, message in told.items()} == {
        ("tea.rst", 34): "false: not",
        ("wrong.rst", 4): "a show blo",
        ("wrong.rst", 7): "no scenari",
        ("wrong.rst", 9): "no run of ",
        ("wrong.rst", 11): "there is n",
        ("wrong.rst", 18): "'nonsense'",
    }
    assert "broken raised ZeroDivisionError" in told["wrong.rst", 9]
    assert 'source/broken.py", line 2' in built.said, "the program's own traceback"
    assert all("[flasktrace]" in message for place, message in told.items() if place[1] != 9)


def test_other_builders_get_an_image(built: Built) -> None:
    built.build("latex")
    images = {path.name for path in (built.folder / "latex").glob("flasktrace-*.svg")}
    assert len(images) == 2
    text = next((built.folder / "latex").glob("*.tex")).read_text(encoding="utf-8")
    assert all(name.removesuffix(".svg") in text for name in images) and "<svg" not in text


def test_pages_are_made_anew_when_what_they_ran_has_changed(built: Built) -> None:
    (built.folder / "source" / "modules" / "leaves.py").write_text("def kind():\n    return 'black'\n")
    (built.folder / "source" / "broken.py").write_text("from flask import Flask\napp = Flask('mended')\n")
    done = built.build("html")
    assert "0 added, 2 changed" in done.stdout, "a module that took part; a script that failed"
    assert "2 cups of black" in (built.folder / "html" / "tea.html").read_text(encoding="utf-8")
    assert "false: returns: tea = '2 cups of green' (it is" in done.stderr
    assert "ZeroDivisionError" not in done.stderr
    assert "0 added, 0 changed" in built.build("html").stdout
