"""The stepper's dialogs: a line to type, a list to choose from, a text to read."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

_CSS = """
{name} {{ align: center middle; background: $background 40%; }}
{name} > Vertical {{
    width: 90%; max-width: 120; height: auto; max-height: 90%;
    border: round $primary; background: $surface; padding: 0 1;
}}
{name} OptionList {{ height: auto; max-height: 100%; border: none; background: $surface; padding: 0; }}
{name} OptionList:nocolor > .option-list--option-highlighted {{ text-style: bold underline; }}
{name} VerticalScroll {{ height: auto; }}
{name} Input {{ border: none; height: 1; padding: 0; }}
"""


class Ask(ModalScreen[str | None]):
    """One line to type; None when it was left with Escape."""

    CSS = _CSS.format(name="Ask")
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, title: str, text: str = "") -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """The title and the input."""
        with Vertical():
            yield Static(Text(self._title, "bold"))
            yield Input(placeholder=self._text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Done."""
        event.stop()
        self.dismiss(event.value)

    def action_leave(self) -> None:
        """Escape."""
        self.dismiss(None)


class Choose(ModalScreen[int | None]):
    """A list to choose from: the index of the entry, or None for Escape.

    Args:
        title: above it.
        entries: texts; None for a heading is not needed, as a heading is (text, False).
        at: the entry that is marked at first.
    """

    CSS = _CSS.format(name="Choose")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
        *(Binding(str(n), f"pick({n})", show=False) for n in range(1, 10)),
    ]

    def __init__(self, title: str, entries: Sequence[tuple[Text, bool]], at: int = 0) -> None:
        super().__init__()
        self._title, self._entries, self._at = title, entries, at

    def compose(self) -> ComposeResult:
        """The title and the list."""
        with Vertical():
            yield Static(Text(self._title, "bold"))
            yield OptionList(*(Option(text, disabled=not is_open) for text, is_open in self._entries))

    def on_mount(self) -> None:
        """Mark the current entry."""
        options = self.query_one(OptionList)
        options.focus()
        if self._entries:
            options.highlighted = self._at

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Done."""
        event.stop()
        self.dismiss(event.option_index)

    def action_down(self) -> None:
        """Next entry."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Previous entry."""
        self.query_one(OptionList).action_cursor_up()

    def action_pick(self, number: int) -> None:
        """Choose by number."""
        open_entries = [i for i, (_, is_open) in enumerate(self._entries) if is_open]
        if number <= len(open_entries):
            self.dismiss(open_entries[number - 1])

    def action_leave(self) -> None:
        """Escape."""
        self.dismiss(None)


class Read(ModalScreen[None]):
    """A text to read; any of a few keys closes it."""

    CSS = _CSS.format(name="Read")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter,space", "leave", show=False)
    ]

    def __init__(self, title: str, text: Text) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """The title and the text."""
        with Vertical():
            yield Static(Text(self._title, "bold"))
            with VerticalScroll():
                yield Static(self._text)

    def on_mount(self) -> None:
        """Let the arrows scroll."""
        self.query_one(VerticalScroll).focus()

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)
