"""How wide a text will be, before any font has drawn it; and cutting and wrapping by that width.

The widths are those of DejaVu, which is about the widest of the fonts in common use: a browser that
takes another font draws a narrower text, so what fits here fits there. Characters whose width depends
too much on the font (emoji, most scripts) are guessed and reported by :func:`is_predictable`; the drawing
then pins their length with ``textLength``.
"""

import unicodedata

MONO_EM = 0.602
WIDE_EM = 1.0
GUESS_EM = 1.2

# Advance of U+0020 to U+007E in thousandths of an em.
# fmt: off
_REGULAR = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775,
    752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390,
    337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
    635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)
_BOLD = (
    348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696,
    696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683, 683, 821,
    837, 372, 372, 775, 637, 995, 837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771, 724, 725, 457,
    365, 457, 838, 500, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687,
    716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
)
# fmt: on

# Signs the drawings use themselves; none is wider than one em in any font tried.
_OWN_SIGNS = frozenset("…–—→←×·“”‘’↻")


def _em(char: str, mono: bool, bold: bool) -> float:
    code = ord(char)
    if 0x20 <= code <= 0x7E:
        return MONO_EM if mono else (_BOLD if bold else _REGULAR)[code - 0x20] / 1000
    if unicodedata.combining(char):
        return 0.0
    if _is_ideograph(char):
        return WIDE_EM
    if char in _OWN_SIGNS:
        return MONO_EM if mono else WIDE_EM
    return GUESS_EM


def _is_ideograph(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF" and unicodedata.category(char) != "So"


def text_width(text: str, size_px: float, *, mono: bool = False, bold: bool = False) -> float:
    """An upper bound of a text's width in px, at a font size in px."""
    return sum(_em(char, mono, bold) for char in text) * size_px


def is_predictable(text: str) -> bool:
    """Whether :func:`text_width` can be trusted whatever the font."""
    return all(0x20 <= ord(char) <= 0x7E or char in _OWN_SIGNS or _is_ideograph(char) for char in text)


def shorten(text: str, room_px: float, size_px: float, *, mono: bool = False, bold: bool = False) -> str:
    """The text, or as much of it as fits into ``room_px`` with an ellipsis; "" when not even that does."""
    # A hostile text may be megabytes long: nothing beyond this many characters can fit.
    limit = int(room_px / (size_px * 0.2)) + 8
    if len(text) <= limit and text_width(text, size_px, mono=mono, bold=bold) <= room_px:
        return text
    left_px = room_px - _em("…", mono, bold) * size_px
    if left_px < 0:
        return ""
    kept = []
    for char in text[:limit]:
        left_px -= _em(char, mono, bold) * size_px
        if left_px < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def wrap(text: str, room_px: float, size_px: float, *, max_lines: int = 12) -> list[str]:
    """Break a text into lines that fit into ``room_px``; the last one is cut when there are too many."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        candidate = line + piece
        if text_width(candidate.rstrip(), size_px) <= room_px or not line:
            line = candidate
        else:
            lines.append(line.rstrip())
            line = piece.lstrip()
    lines.append(line.rstrip())
    lines = [cut for line in lines for cut in _hard_cut(line, room_px, size_px)]
    if len(lines) > max_lines:
        lines = [*lines[: max_lines - 1], shorten(lines[max_lines - 1] + "…", room_px, size_px)]
    return lines


# A line may not begin with these.
_CLOSING = frozenset("，。；：、！？）》」』”’…")
_OPENING = frozenset("（《「『“‘")


def _pieces(text: str) -> list[str]:
    """Cut where a line may break: after spaces, and between ideographs but before closing marks."""
    pieces: list[str] = []
    current = ""
    for char in text:
        breaks = bool(current) and (
            (current[-1] == " " and char != " ")
            or ((_is_ideograph(char) or _is_ideograph(current[-1])) and char != " ")
        )
        if breaks and char not in _CLOSING and current[-1] not in _OPENING:
            pieces.append(current)
            current = ""
        current += char
    if current:
        pieces.append(current)
    return pieces


def _hard_cut(line: str, room_px: float, size_px: float) -> list[str]:
    """Cut a line with no place to break; an empty line stays one."""
    cuts = []
    while line and text_width(line, size_px) > room_px:
        length = 1
        while length < len(line) and text_width(line[: length + 1], size_px) <= room_px:
            length += 1
        cuts.append(line[:length])
        line = line[length:]
    return [*cuts, line] if line or not cuts else cuts
