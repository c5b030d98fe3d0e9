"""Styles and signs of the console tree: rich knows the styles, the tree writes the codes itself."""

from dataclasses import dataclass

from flasktrace.reports.labels import Role

THEME = {
    "banner": "bold reverse",
    "heading": "bold",
    "muted": "dim",
    "user": "bold yellow",
    "raised": "bold red",
    "note": "bold",
    "hand_over": "bold magenta",
    "explanation": "italic",
    Role.SERVER.value: "blue",
    Role.SERVING.value: "blue",
    Role.WERKZEUG.value: "blue",
    Role.APP.value: "green",
    Role.FLASK.value: "green",
    Role.CONTEXT.value: "magenta",
    Role.ROUTING.value: "cyan",
    Role.WRAPPERS.value: "cyan",
    Role.OTHER.value: "none",
}
"""Style by what it is for; the sixteen colours only, which follow the terminal's own scheme."""

PLAIN = Role.OTHER.value
"""The style of ordinary text."""

_MARK = "\x00"


class Styles:
    """Wraps clean text in the codes of a style, or leaves it as it is where there are no colours."""

    def __init__(self, is_coloured: bool) -> None:
        self._codes = {name: ("", "") for name in THEME}
        if is_coloured:
            from rich.color import ColorSystem
            from rich.style import Style

            for name, definition in THEME.items():
                rendered = Style.parse(definition).render(_MARK, color_system=ColorSystem.STANDARD)
                before, _, after = rendered.partition(_MARK)
                self._codes[name] = (before, after)

    def codes(self, style: str) -> tuple[str, str]:
        """What to write before and after a text of this style; empty without colours."""
        return self._codes[style]

    def __call__(self, style: str, text: str) -> str:
        before, after = self._codes[style]
        return f"{before}{text}{after}" if text and before else text


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs of the tree, all of them one or two cells wide."""

    branch: str
    last_branch: str
    bar: str
    rule: str
    arrow: str
    cross: str
    times: str
    hand_over: str
    user: str
    resumed: str
    ellipsis: str
    micro: str
    dot: str
    state: str


UNICODE = Signs("├ ", "└ ", "│ ", "─", "→", "✗", "×", "⇢", "●", "↻", "…", "µs", "·", "≡")
ASCII = Signs("|-", "`-", "| ", "-", "->", "!!", "x", "=>", "*", "@", "...", "us", "-", "=")
