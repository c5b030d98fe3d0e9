"""The documentation built as a site: whole, and with no link that leads nowhere."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.one_python import met_on

DOCS = Path(__file__).resolve().parents[1] / "docs"

pytestmark = [
    pytest.mark.skipif(not DOCS.is_dir(), reason="needs a checkout"),
    met_on(11, "the site"),
    # Built once.
    pytest.mark.xdist_group("site"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(DOCS / "build_site.py"), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=280)
    return folder


def test_every_guide_and_lesson_is_a_page_in_its_language(site: Path) -> None:
    for language, tag in (("en", "en"), ("zh", "zh-Hans")):
        guides = {path.stem for path in (DOCS / language).glob("*.md")}
        assert guides | {"index"} == {path.stem for path in (site / language).glob("*.html")}
        lessons = sorted((DOCS.parent / "scenarios" / "lessons").glob(f"*.{language}.md"))
        pages = [
            site / language / "index.html",
            *(site / "lessons" / f"{each.stem}.html" for each in lessons),
        ]
        assert len(pages) == 5
        assert all(f'<html lang="{tag}"' in page.read_text(encoding="utf-8") for page in pages)


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_outside(site: Path) -> None:
    broken = []
    for page in site.rglob("*.html"):
        if page.name.endswith("-run.html"):
            continue  # tested as the page
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        for kind, target in re.findall(r'(href|src)="([^"]*)"', text):
            if target.startswith(("https://", "mailto:")):
                assert kind == "href" and "<link" not in target
                continue
            name, _, anchor = target.partition("#")
            file = (page.parent / unquote(name)).resolve() if name else page
            if not file.is_file() or (
                anchor and f'id="{unquote(anchor)}"' not in file.read_text(encoding="utf-8")
            ):
                broken.append(f"{page.relative_to(site)}: {target}")
    assert broken == []


def test_the_site_names_no_folder_of_this_machine(site: Path) -> None:
    here = str(DOCS.parent)
    assert [path.name for path in site.rglob("*.*") if here in path.read_text(encoding="utf-8")] == []
