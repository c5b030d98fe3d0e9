"""The colours of the screen can be read on every ground that they stand on."""

import pytest
from textual.app import App

from flasktrace.reports.sequence.theme import contrast
from flasktrace.reports.stepper.palette import _DARK, _LIGHT, Palette, is_dark_terminal


def _grounds(theme: str) -> list[str]:
    app: App[None] = App()
    variables = app.get_theme(theme).to_color_system().generate()  # type: ignore[union-attr]
    return [variables[name][:7] for name in ("background", "surface", "panel")]


@pytest.mark.parametrize(
    ("is_dark", "theme"), [(True, "textual-dark"), (False, "textual-light")], ids=["dark", "light"]
)
def test_every_style_has_contrast_on_its_grounds(is_dark: bool, theme: str) -> None:
    palette = Palette(is_dark)
    names = _DARK if is_dark else _LIGHT
    marked = palette["line"].bgcolor
    assert marked is not None and marked.triplet is not None
    for name in names:
        color = palette[name].color
        if color is None:
            continue
        assert color.triplet is not None
        for ground in [*_grounds(theme), marked.triplet.hex]:
            assert contrast(color.triplet.hex, ground) >= 4.5, (name, ground)


def test_a_terminal_says_whether_its_ground_is_dark() -> None:
    assert is_dark_terminal({}) and is_dark_terminal({"COLORFGBG": "15;0"})
    assert not is_dark_terminal({"COLORFGBG": "0;15"}) and not is_dark_terminal({"COLORFGBG": "0;default;7"})
