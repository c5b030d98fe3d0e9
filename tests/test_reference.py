"""The reference in the documentation says what the program says."""

import importlib.util
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"

pytestmark = [
    pytest.mark.skipif(not DOCS.is_dir(), reason="needs a checkout"),
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="signatures differ from Python to Python"),
]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_reference_is_current(language: str) -> None:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None and spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    sys.modules["make_reference"] = maker  # dataclasses look their module up
    try:
        spec.loader.exec_module(maker)
        made = maker.reference(language)
    finally:
        del sys.modules["make_reference"]
    text = (DOCS / language / "reference.md").read_text(encoding="utf-8")
    assert text == made, "run `python docs/make_reference.py` with Python 3.11"
