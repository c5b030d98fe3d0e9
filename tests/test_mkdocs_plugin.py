"""The MkDocs plugin, in a real build; what ``mkdocs serve`` watches."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.one_python import met_on

if not os.environ.get("FLASKTRACE_ALL_TESTS"):
    pytest.importorskip("mkdocs", reason="needs flasktrace[mkdocs]")
pytestmark = [
    met_on(12, "MkDocs"),
    pytest.mark.xdist_group("mkdocs"),  # built once
]

TEA = """\
from flask import Flask, abort

app = Flask(__name__)

@app.before_request
def greet():
    pass

@app.route("/tea/<int:cups>")
def tea(cups):
    if cups > 3:
        abort(400)
    return f"{cups} cups"
"""
PAGE = """\
---
title: Tea
flasktrace:
  scenario: tea.py
  requests: [GET /tea/2, GET /tea/9]
---
# Tea

```flasktrace show tree
request: 1
of: Flask.full_dispatch_request
caption: Two <cups>
```

- In a list:

    ```flasktrace show diagram
    request: 2
    of: Flask.full_dispatch_request
    caption: Nine cups
    ```

```flasktrace show graph
request: 1
of: Flask.full_dispatch_request
```

```flasktrace expect
request: 1
calls: Flask.preprocess_request -> greet -> tea
not called: greet
```

```flasktrace ask
request: 2
question: Who calls `handle_http_exception`?
answer: caller of Flask.handle_http_exception
```

````markdown
```flasktrace show tree
```
````

```flasktrace show picture
```
"""
SETTINGS = """\
site_name: Tea
plugins: [search, flasktrace]
"""


@dataclass(frozen=True)
class Site:
    """What a strict build of the project left."""

    folder: Path
    said: str
    status: int

    def text(self, name: str) -> str:
        """A file of the site."""
        return (self.folder / "site" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A project of two pages."""
    folder = tmp_path_factory.mktemp("mkdocs")
    (folder / "docs").mkdir()
    (folder / "mkdocs.yml").write_text(SETTINGS)
    (folder / "docs" / "tea.py").write_text(TEA)
    (folder / "docs" / "index.md").write_text(PAGE)
    (folder / "docs" / "other.md").write_text("# Other\n\n```flasktrace show tree\n```\n")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=folder,
        env=os.environ | {"LC_ALL": "C.UTF-8", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=250,
    )
    return Site(folder, done.stderr, done.returncode)


def test_blocks_become_trees_drawings_claims_and_questions(site: Site) -> None:
    html = site.text("index.html")
    assert "Flask.preprocess_request()" in html and "<figcaption>Two &lt;cups&gt;</figcaption>" in html
    assert html.count("<svg") == 2 and "light-dark(" in html, "drawings follow the page's colours"
    assert re.search(r'<li>\s*<p>In a list:</p>\s*<figure class="flasktrace">', html)
    assert 'aria-label="Nine cups"' in html and 'aria-label="Call graph"' in html
    assert "<summary><strong>Question</strong> Who calls <code>handle_http_exception</code>?" in html
    assert "<code>Flask.handle_user_exception</code>" in html
    assert html.count('<li class="true">') == 1 and html.count('<li class="false">') == 1
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert not re.search(r"flasktrace[0-9a-f]{12}n\d+(?!-)", html), "no mark is left"
    assert "```flasktrace show tree" in html, "a block that is quoted stays as it is"
    assert str(site.folder) not in html


def test_the_style_is_a_file_of_the_site_and_drawings_are_not_searched(site: Site) -> None:
    assert 'href="assets/flasktrace-embed.css"' in site.text("index.html")
    assert ".flasktrace-drawing" in site.text("assets/flasktrace-embed.css")
    told = " ".join(entry["text"] for entry in json.loads(site.text("search/search_index.json"))["docs"])
    assert "Flask.preprocess_request()" in told
    assert "light-dark" not in told and not re.search(r"flasktrace[0-9a-f]{12}n", told)


def test_what_is_wrong_is_a_warning_with_its_place_and_fails_a_strict_build(site: Site) -> None:
    told = re.findall(r"WARNING -\s+flasktrace: (\S+:\d+): (.{20})", site.said)
    assert sorted(told) == [
        ("index.md:31", "false: not called: g"),
        ("index.md:45", "a show block says wh"),
        ("other.md:3", "the block names no s"),
    ]
    assert site.status == 1
    assert "flasktrace show picture" in site.text("index.html"), "it stays as it was written"


def test_serve_watches_the_scripts(tmp_path: Path) -> None:
    from mkdocs.config import load_config
    from mkdocs.livereload import LiveReloadServer
    from mkdocs.structure.files import get_files

    from flasktrace.mkdocs_plugin import FlasktracePlugin

    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text(SETTINGS)
    script = tmp_path / "docs" / "tea.py"
    script.write_text("1 / 0\n")
    config = load_config(str(tmp_path / "mkdocs.yml"))
    plugin = config.plugins["flasktrace"]
    assert isinstance(plugin, FlasktracePlugin)
    server = LiveReloadServer(builder=lambda: None, host="127.0.0.1", port=0, root=str(tmp_path))
    try:
        plugin.on_config(config)
        plugin.on_serve(server, config=config, builder=None)
        from mkdocs.structure.pages import Page

        (tmp_path / "docs" / "index.md").write_text("```flasktrace show tree\nscenario: tea.py\n```\n")
        files = get_files(config)
        page = Page(None, next(file for file in files if file.src_uri == "index.md"), config)
        page.read_source(config)
        assert page.markdown is not None
        plugin.on_page_markdown(page.markdown, page=page, config=config, files=files)
        assert str(script.resolve()) in server._watched_paths, "one that fails, too: it will be mended"
    finally:
        server.server_close()
