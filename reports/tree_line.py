"""One call as a line of the console tree, fitted into the room there is."""

from dataclasses import dataclass

from flasktrace.reports.folded import Step
from flasktrace.reports.labels import arguments, display_name, ending, role_of
from flasktrace.reports.text import cells, clean, shorten
from flasktrace.reports.tree_style import Signs, Styles
from flasktrace.reports.words import Words
from flasktrace.tracer.model import Origin

MAX_VALUE_CELLS = 26  # of one argument, on a terminal: the name says more than the end of its text
MIN_ARGUMENTS_CELLS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A line in pieces, each with its style, so that it can be measured before it is drawn."""

    pieces: tuple[tuple[str, str], ...]  # (style, clean text)

    @property
    def width_cells(self) -> int:
        """How many cells it takes."""
        return sum(cells(text) for _, text in self.pieces)

    def render(self, styles: Styles) -> str:
        """The text with the codes of its styles."""
        return "".join(styles(style, text) for style, text in self.pieces)


def call_line(step: Step, room_cells: int | None, signs: Signs, words: Words) -> Line:
    """The name, the arguments, what came of it, and how much is folded away.

    Args:
        step: the call.
        room_cells: the cells there are; None to cut nothing.
        signs: of the stream.
        words: of the language.
    """
    name = _name_pieces(step, signs, words)
    counts = _count_pieces(step, signs, words)
    is_module = step.function.qualname == "<module>"
    place = _place(step) if step.function.origin is Origin.USER and not is_module else ""
    values = arguments(step.call)
    result = _result(step, signs, words)
    if room_cells is None:
        shown_arguments = ", ".join(values)
    else:
        room = room_cells - sum(cells(text) for _, text in (*name, *counts)) - len("()")
        if place and room - cells(place) >= MIN_ARGUMENTS_CELLS:
            room -= cells(place)
        else:
            place = ""
        result_room = max(room - _wish(values, signs), room // 2)
        result = (result[0], shorten(result[1], result_room, signs.ellipsis))
        shown_arguments = _fit_arguments(values, room - cells(result[1]), signs)
    brackets = "" if is_module else f"({shown_arguments})"
    pieces = [*name, ("muted", brackets), result, *counts, ("muted", place)]
    if room_cells is not None:
        pieces = _cut(pieces, room_cells, signs)
    return Line(tuple((style, text) for style, text in pieces if text))


def _cut(pieces: list[tuple[str, str]], room_cells: int, signs: Signs) -> list[tuple[str, str]]:
    """What fits of the pieces: on a very narrow terminal even a name may not."""
    fitted = []
    for style, text in pieces:
        fitted.append((style, shorten(text, room_cells, signs.ellipsis)))
        room_cells -= cells(fitted[-1][1])
        if fitted[-1][1] != text:
            break
    return fitted


def _name_pieces(step: Step, signs: Signs, words: Words) -> list[tuple[str, str]]:
    role = role_of(step.function).value
    pieces = [(role, display_name(step.function, step.landmark))]
    if step.function.origin is Origin.USER:
        pieces.insert(0, (role, signs.user + " "))
    if step.is_hand_over:
        where = words.new_process if step.is_new_process else words.new_thread
        pieces.insert(0, ("hand_over", f"{signs.hand_over} {where} "))
    return pieces


def _count_pieces(step: Step, signs: Signs, words: Words) -> list[tuple[str, str]]:
    pieces = []
    if step.repeat_count > 1:
        pieces.append(("note", f" {signs.times}{step.repeat_count}"))
    if step.resumed_count:
        pieces.append(("muted", f" {signs.resumed}{step.resumed_count}"))
    if step.hidden_count:
        pieces.append(("muted", f" +{step.hidden_count}"))
    return pieces


def _place(step: Step) -> str:
    """Where the user finds it: the file's name and the line."""
    path = step.function.file_path.replace("\\", "/").rpartition("/")[2]
    return f"  {clean(path)}:{step.function.line_number}"


def _result(step: Step, signs: Signs, words: Words) -> tuple[str, str]:
    end = ending(step.call, words.some_exception)
    if end.kind == "raised":
        return "raised", f" {signs.cross} {words.raises} {end.text}"
    if end.kind == "unfinished":
        return "muted", f" {signs.arrow} {words.unfinished}"
    return "note", f" {signs.arrow} {end.text}" if end.text else ""


def _wish(values: list[str], signs: Signs) -> int:
    """The cells that the arguments would like to have."""
    return sum(min(cells(value), MAX_VALUE_CELLS) for value in values) + 2 * max(len(values) - 1, 0)


def _fit_arguments(values: list[str], room_cells: int, signs: Signs) -> str:
    """As many arguments as there is room for, the others as an ellipsis; those that are None go first."""
    if sum(cells(value) + 2 for value in values) > room_cells:
        telling = [value for value in values if not value.endswith("=None")]
        is_cut = len(telling) < len(values)
        values = telling
    else:
        return ", ".join(values)
    shown: list[str] = []
    used = 0
    for i, value in enumerate(values):
        is_last = i == len(values) - 1 and not is_cut
        room = room_cells - used - (0 if is_last else cells(signs.ellipsis) + 2)
        if room < cells(value) and room < MIN_ARGUMENTS_CELLS:
            is_cut = True
            break
        shown.append(shorten(value, room if is_last else min(room, MAX_VALUE_CELLS), signs.ellipsis))
        used += cells(shown[-1]) + 2
    return ", ".join([*shown, signs.ellipsis] if is_cut else shown)
