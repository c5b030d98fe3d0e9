"""The page of the course in the documentation is that of the bundled scenarios."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="needs a checkout")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_course_is_current(language: str) -> None:
    spec = importlib.util.spec_from_file_location("make_course", DOCS / "make_course.py")
    assert spec is not None and spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    text = maker.page_path(language).read_text(encoding="utf-8")
    assert text == maker.course_page(language), "run `python docs/make_course.py`"
