"""The colours of the screen, for dark and light terminals; each has a contrast of 4.5 or more on its ground.

Nothing is told by colour alone: signs and words say the same.
"""

import os
from collections.abc import Mapping

from rich.style import Style

from flasktrace.reports.labels import Role

_DARK = {
    Role.USER.value: "bold #ffd75f",
    Role.SERVER.value: "#87afff",
    Role.SERVING.value: "#87afff",
    Role.WERKZEUG.value: "#87afff",
    Role.APP.value: "#87d787",
    Role.FLASK.value: "#87d787",
    Role.CONTEXT.value: "#d7afff",
    Role.ROUTING.value: "#5fd7d7",
    Role.WRAPPERS.value: "#5fd7d7",
    Role.OTHER.value: "#c6c6c6",
    "plain": "#dadada",
    "muted": "#a8a8a8",
    "heading": "bold #ffffff",
    "raised": "bold #ff8787",
    "returned": "bold #afd7ff",
    "changed": "bold #ffd75f",
    "note": "italic #b2b2b2",
    "receiver": "#d7afff",
    "current": "bold on #223c58",
    "line": "on #223c58",
    "keyword": "#ff87af",
    "string": "#d7d787",
    "comment": "italic #9cae9c",
    "number": "#d7af87",
    "defined": "bold #87d7ff",
}
_LIGHT = {
    Role.USER.value: "bold #7a4f00",
    Role.SERVER.value: "#004f9f",
    Role.SERVING.value: "#004f9f",
    Role.WERKZEUG.value: "#004f9f",
    Role.APP.value: "#00601a",
    Role.FLASK.value: "#00601a",
    Role.CONTEXT.value: "#7a00a0",
    Role.ROUTING.value: "#005f5f",
    Role.WRAPPERS.value: "#005f5f",
    Role.OTHER.value: "#303030",
    "plain": "#202020",
    "muted": "#585858",
    "heading": "bold #000000",
    "raised": "bold #b00000",
    "returned": "bold #00487f",
    "changed": "bold #7a4f00",
    "note": "italic #4e4e4e",
    "receiver": "#7a00a0",
    "current": "bold on #cfe3f7",
    "line": "on #cfe3f7",
    "keyword": "#a0004f",
    "string": "#4f5f00",
    "comment": "italic #455545",
    "number": "#7a3f00",
    "defined": "bold #00487f",
}


class Palette:
    """Styles by what they are for."""

    def __init__(self, is_dark: bool) -> None:
        self.is_dark = is_dark
        self._styles = {name: Style.parse(text) for name, text in (_DARK if is_dark else _LIGHT).items()}

    def __getitem__(self, name: str) -> Style:
        return self._styles.get(name) or self._styles["plain"]


def is_dark_terminal(environ: Mapping[str, str] = os.environ) -> bool:
    """What the terminal says of its ground in ``COLORFGBG`` (``0;15`` is black on white); else dark."""
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return ground not in ("7", "15")
