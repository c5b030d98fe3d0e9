"""The texts of the panes, as rich texts; recorded text never goes through markup."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from flasktrace.reports.stepper.palette import Palette
from flasktrace.reports.stepper.scene import Crumb, Scene
from flasktrace.reports.stepper.session import Session
from flasktrace.reports.text import cells, shorten

_SEPARATOR = " › "
MIN_RIGHT_CELLS = 12  # less says nothing


def headline(scene: Scene, palette: Palette, width: int) -> Text:
    """Where we are: the stop, the call, the phase and the request."""
    sign = {"raised": "✗", "returned": "◀", "unfinished": "…"}.get(scene.ending, "▶")
    style = {"raised": "raised", "returned": "returned"}.get(scene.ending, "heading")
    left = f"{sign} #{scene.call_id} {scene.title}"
    count = f"{scene.stop.index + 1:,}/{scene.stop_count:,}"
    about = " · ".join(part for part in (scene.chapter, scene.request) if part)
    right = fitting([f"{part}  {count}" for part in (about, scene.request) if part] + [count], width // 2)
    left = shorten(left, max(width - cells(right) - 2, width // 2))
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(left, palette[style])
    text.append(" " * max(width - cells(left) - cells(right), 2))
    text.append(right, palette["muted"])
    return text


def tail(text: str, room_cells: int) -> str:
    """The end of a text, as of a path the name, with an ellipsis where it was cut."""
    if cells(text) <= room_cells:
        return text
    while text and cells(text) > room_cells - 1:
        text = text[1:]
    return f"…{text}"


def fitting(texts: Sequence[str], room_cells: int) -> str:
    """The first text there is room for, else the last one."""
    return next((text for text in texts if cells(text) <= room_cells), texts[-1])


def visible_crumbs(path: tuple[Crumb, ...], room_cells: int) -> tuple[bool, tuple[Crumb, ...]]:
    """The last crumbs that fit, and whether some are left out before them."""
    used = cells(path[-1].name) if path else 0
    first = len(path) - 1
    while first > 0:
        more = cells(path[first - 1].name) + len(_SEPARATOR)
        if used + more > room_cells - (2 if first > 1 else 0):
            break
        used += more
        first -= 1
    return first > 0, path[max(first, 0) :]


def path_line(scene: Scene, palette: Palette, width: int) -> tuple[Text, list[tuple[int, int, int]]]:
    """The callers as far as there is room, and the cells (from, to) that each step takes, for the mouse."""
    is_cut, crumbs = visible_crumbs(scene.path, width)
    text = Text(no_wrap=True, overflow="ellipsis")
    spans = []
    at = 0
    if is_cut:
        text.append("… ", palette["muted"])
        at = 2
    for i, crumb in enumerate(crumbs):
        if i:
            text.append(_SEPARATOR, palette["muted"])
            at += len(_SEPARATOR)
        text.append(crumb.name, palette[crumb.role])
        spans.append((at, at + cells(crumb.name), crumb.step))
        at += cells(crumb.name)
    return text, spans


def values_text(scene: Scene, palette: Palette) -> Text:
    """Receiver, parameters, what came of it."""
    text = Text(overflow="fold")
    for row in scene.values:
        if row.name:
            text.append(row.name, palette["muted" if row.role != "receiver" else "receiver"])
            text.append(" = ", palette["muted"])
        style = row.role if row.role in ("returned", "raised", "note") else "plain"
        text.append(row.text + "\n", palette[style])
    text.rstrip()
    return text


def explanation_text(scene: Scene, palette: Palette) -> Text:
    """What the function does and why, and where to read on."""
    text = Text(overflow="fold")
    for i, line in enumerate(scene.explanation):
        text.append(line + "\n", palette["plain" if i == 0 else "note"])
    if scene.url:
        text.append(scene.url, palette["muted"])
    text.rstrip()
    return text


def state_text(scene: Scene, session: Session, palette: Palette) -> Text:
    """What Flask keeps; a star before what the last move changed."""
    text = Text(overflow="fold")
    if not scene.state:
        text.append(session.words.no_state, palette["note"])
        return text
    for row in scene.state:
        text.append("* " if row.is_changed else "  ", palette["changed"])
        text.append(f"{row.name}: ", palette["muted"])
        text.append(row.text + "\n", palette["changed" if row.is_changed else "plain"])
    text.rstrip()
    return text


def tabs_line(titles: Mapping[str, str], selected: str, palette: Palette) -> tuple[Text, list[str]]:
    """The tabs of a small window, and for each cell the tab it belongs to."""
    text = Text(no_wrap=True)
    owners: list[str] = []
    for number, (key, name) in enumerate(titles.items(), 1):
        label = f"[{number} {name}]" if key == selected else f" {number} {name} "
        text.append(label, palette["heading" if key == selected else "muted"])
        owners += [key] * cells(label)
    return text, owners


def add_right(text: Text, more: str, palette: Palette, width: int) -> None:
    """Something at the right end of a line, as far as there is room."""
    room = width - text.cell_len - 2
    if more and room >= MIN_RIGHT_CELLS:
        shown = shorten(more, room)
        text.append(" " * (width - text.cell_len - cells(shown)) + shown, palette["muted"])
