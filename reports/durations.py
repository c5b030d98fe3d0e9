"""Durations as text for very many calls."""

from flasktrace.reports.labels import duration

MAX_KEPT = 20_000


class Durations(dict[int, str]):
    """Durations in ns as text of a fixed width between two blanks on either side, each made once.

    Times of calls are short and alike: most are asked for again.
    """

    def __init__(self, micro: str, width_cells: int) -> None:
        super().__init__()
        self._micro = micro
        self._width_cells = width_cells

    def __missing__(self, time_ns: int) -> str:
        text = f"  {duration(time_ns, self._micro):>{self._width_cells}}  "
        if len(self) >= MAX_KEPT:
            self.clear()
        self[time_ns] = text
        return text
