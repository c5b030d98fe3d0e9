"""The stepper on the screen while the program runs: held threads, live state."""

from rich.text import Text
from textual.binding import Binding

from flasktrace.reports.stepper import dialogs
from flasktrace.reports.stepper.app import Edit, StepApp
from flasktrace.reports.stepper.live_session import LiveSession
from flasktrace.reports.stepper.quiz import Question, Quiz
from flasktrace.tracer.live import Go


class LiveApp(StepApp):
    """The screen over a live session."""

    BINDINGS = [Binding("t", "threads", show=False)]  # noqa: RUF012 (as Textual has it)

    def __init__(self, session: LiveSession, quiz: Quiz | None = None, edit: Edit | None = None) -> None:
        super().__init__(session, quiz, edit)
        self.live_session = session
        self._is_listening = False
        self._has_told_end = False
        self._is_asking = False

    def on_mount(self) -> None:
        """Begin to listen to the program."""
        self._is_listening = True
        super().on_mount()
        self.heard()

    def wake(self) -> None:
        """A message has come; called in any thread."""
        if self._is_listening and self.is_running:
            self.call_later(self.heard)

    def heard(self) -> None:
        """Draw what has changed; in quiz mode a question comes before a milestone is seen."""
        session, live, words = self.live_session, self.live_session.live, self.session.words
        before = session.spot
        has_changed = session.hear()
        if live.done is not None and not self._has_told_end:
            self._has_told_end = True
            self.message = ". ".join([words.live_done, *answer_lines(session)])
            has_changed = True
        question = self._question() if has_changed else None
        if question is not None:
            session.to_call(*before)
            self._is_asking = True
            self._ask(question, self._answered)
        elif has_changed:
            self.show()
        else:
            self._show_status()

    def _question(self) -> Question | None:
        session = self.live_session
        if self.quiz is None or self._is_asking or not session.is_at_front():
            return None
        # After a run it is anything but the next.
        return None if session.live.last_go is Go.RUN else self.quiz.question_here()

    def _answered(self) -> None:
        self._is_asking = False
        self.session.to_end()
        self.show()

    def status(self) -> str:
        """What the program is doing, for the last line."""
        live, words = self.live_session.live, self.session.words
        if live.done is not None:
            return words.live_done
        others = len(live.held) - (live.thread_id in live.held)
        more = f" (+{others})" if others else ""
        address = f" {live.address}" if live.address else ""
        return f"{words.live}{address}: {words.runs if live.waits else words.held}{more}"

    def action_threads(self) -> None:
        """Choose another thread."""
        threads = self.live_session.threads()
        ids = [thread_id for thread_id, _ in threads]
        if not ids:
            self.tell(self.session.words.live_done)
            return
        entries = [(Text(f"{i} {about}", no_wrap=True), True) for i, (_, about) in enumerate(threads, 1)]
        here = self.live_session.live.thread_id

        def chosen(index: int | None) -> None:
            if index is not None:
                self.live_session.choose_thread(ids[index])
                self.show()

        at = ids.index(here) if here in ids else 0
        self.push_screen(dialogs.Choose(self.session.words.threads, entries, at), chosen)

    def action_leave(self) -> None:
        """Let the requests finish, and quit."""
        self.live_session.live.let_go()
        self.exit()


def answer_lines(session: LiveSession) -> list[str]:
    """What the clients got: ``GET /index 200``."""
    done = session.live.done
    if done is None:
        return []
    return [f"{method} {target} {status or error}" for method, target, status, error in done.answers]
