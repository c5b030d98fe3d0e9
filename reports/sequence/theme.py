"""The colours of the drawings, light and dark, and the style sheet that changes between them.

Light colours stand as presentation attributes, which every SVG program understands; a style sheet
with one class a role overrides them in the dark. There is no ``var()`` in it: librsvg and cairosvg
know none. Printing is always light.
"""

from collections.abc import Mapping
from enum import Enum

from flasktrace.tracer.model import Origin


class Theme(Enum):
    """Which colours a drawing has."""

    AUTO = "auto"  # those the reader's system asks for
    PAGE = "page"  # those of the HTML page it stands in, which may have a switch of its own
    LIGHT = "light"
    DARK = "dark"


LIGHT: Mapping[str, str] = {
    "ground": "#ffffff",
    "ink": "#1c2026",
    "muted": "#505a66",
    "call": "#0a4aa6",
    "return": "#5b6572",
    "lifeline": "#c5cbd4",
    "bar": "#dfe5ee",
    "bar-edge": "#697483",
    "user": "#ffedb8",
    "user-edge": "#855800",
    "head": "#eef2f7",
    "band": "#e7ecf4",
    "pill": "#1c2026",
    "pill-ink": "#ffffff",
    "error": "#b01e1e",
    "error-ground": "#fdeaea",
    "flask": "#0a4aa6",
    "werkzeug": "#17702f",
    "server": "#5b6572",
    "stdlib": "#5b6572",
    "library": "#7339a8",
    "outside": "#5b6572",
}

DARK: Mapping[str, str] = {
    "ground": "#0d1117",
    "ink": "#e9eef4",
    "muted": "#a3adb8",
    "call": "#79b8ff",
    "return": "#a3adb8",
    "lifeline": "#39414b",
    "bar": "#2c343e",
    "bar-edge": "#8f99a5",
    "user": "#3d2f0b",
    "user-edge": "#e5b53c",
    "head": "#1b222b",
    "band": "#1d2530",
    "pill": "#e9eef4",
    "pill-ink": "#0d1117",
    "error": "#ff8f87",
    "error-ground": "#3a1618",
    "flask": "#79b8ff",
    "werkzeug": "#5fcf7c",
    "server": "#a3adb8",
    "stdlib": "#a3adb8",
    "library": "#cfa1f5",
    "outside": "#a3adb8",
}

# What is written on what: both schemes keep a contrast of 4.5 to 1 for each of these.
TEXT_ON_GROUND: tuple[tuple[str, str], ...] = (
    ("ink", "ground"),
    ("muted", "ground"),
    ("error", "ground"),
    ("call", "ground"),
    ("ink", "head"),
    ("muted", "head"),
    ("ink", "user"),
    ("muted", "user"),
    ("ink", "band"),
    ("muted", "band"),
    ("ink", "bar"),
    ("pill-ink", "pill"),
    ("error", "error-ground"),
    ("flask", "ground"),
    ("werkzeug", "ground"),
    ("library", "ground"),
    ("user-edge", "ground"),
)

ORIGIN_ROLES: Mapping[Origin, str] = {
    Origin.USER: "user-edge",
    Origin.FLASK: "flask",
    Origin.WERKZEUG: "werkzeug",
    Origin.SERVER: "server",
    Origin.STDLIB: "stdlib",
    Origin.LIBRARY: "library",
}

SANS = "'DejaVu Sans', Verdana, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
MONO = "'DejaVu Sans Mono', Menlo, Consolas, 'Noto Sans Mono CJK SC', 'PingFang SC', monospace"


def palette(theme: Theme) -> Mapping[str, str]:
    """The colours that go into the attributes."""
    return DARK if theme is Theme.DARK else LIGHT


def style_sheet(theme: Theme, scope: str, used: set[str]) -> str:
    """The CSS of a drawing.

    Args:
        theme: ``AUTO`` has a dark part, ``PAGE`` follows the ``color-scheme`` of what is around the drawing.
        scope: class of the drawing's root; every rule is held to it, as a page may carry many drawings.
        used: the class names in use, ``f-ink`` for a fill and ``s-ink`` for a stroke.
    """
    rules = [
        f".{scope} a{{text-decoration:none}}",
        f".{scope} a:hover .name,.{scope} a:focus .name{{text-decoration:underline}}",
    ]
    if theme is Theme.AUTO:
        changes = "".join(_rule(scope, name, "{dark}") for name in sorted(used))
        rules.append(f"@media screen and (prefers-color-scheme:dark){{{changes}}}")
    if theme is Theme.PAGE:
        # A browser that does not know light-dark() leaves the rules out: the attributes are light.
        changes = "".join(_rule(scope, name, "light-dark({light},{dark})") for name in sorted(used))
        rules.append(f"@media screen{{{changes}}}")
    rules.append(
        "@media print{" + f".{scope} a{{cursor:auto}}" + f".{scope}{{max-width:100%;height:auto}}" + "}"
    )
    return "\n".join(rules)


def _rule(scope: str, name: str, value: str) -> str:
    kind, _, role = name.partition("-")
    if role not in DARK:
        return ""
    colour = value.format(light=LIGHT[role], dark=DARK[role])
    return f".{scope} .{name}{{{'fill' if kind == 'f' else 'stroke'}:{colour}}}"


def contrast(first: str, second: str) -> float:
    """The contrast of two colours (``#rrggbb``) as WCAG 2 defines it, from 1 to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
