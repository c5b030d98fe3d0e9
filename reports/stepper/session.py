"""A walk through a book at a level and in a language, with bookmarks: the stepper without any screen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from flasktrace.reports.folded import Level, Step
from flasktrace.reports.folding import LEVELS
from flasktrace.reports.labels import display_name, ending
from flasktrace.reports.lane_text import ledger_lines
from flasktrace.reports.stepper.book import Book, Steps
from flasktrace.reports.stepper.moves import Move, Stop, Walk
from flasktrace.reports.stepper.scene import Place, Scene, Stage
from flasktrace.reports.stepper.source_text import SourceFiles
from flasktrace.reports.stepper.states import StateRow, marked, state_rows
from flasktrace.reports.stepper.words import StepWords, step_words
from flasktrace.reports.text import clean
from flasktrace.tracer.catalogue import Catalogue

LANGUAGES = ("en", "zh")
MAX_CHAIN = 10_000

Spot = tuple[int, bool]  # a call's id, and whether its end is meant: it stays when the level changes


@dataclass(frozen=True, slots=True)
class Heading:
    """An entry of the list of milestones."""

    step: int
    depth: int
    name: str
    chapter: str  # where one begins, else ""


@dataclass(slots=True)
class Session:
    """Where a person is in a book.

    Args:
        book: the trace; it has at least one call.
        catalogues: gives the catalogue of a language.
        level: at first.
        language: at first, ``en`` or ``zh``.
    """

    book: Book
    catalogues: Callable[[str], Catalogue]
    level: Level = Level.MILESTONES
    language: str = "en"
    bookmarks: list[Spot] = field(default_factory=list)
    looking_up: int = 0  # how many callers up the source is shown
    last_search: str = ""
    folded_call: int | None = None  # that was looked for, when another one stands for it
    steps: Steps = field(init=False)
    walk: Walk = field(init=False)
    _stage: Stage = field(init=False)
    _before: Spot | None = None  # where the last move began

    def __post_init__(self) -> None:
        self._stage = Stage(self.book, SourceFiles())
        self._load(self.level)

    def _load(self, level: Level) -> None:
        self.steps = self.book.steps(level)
        self.walk = Walk(self.steps.depths, self.steps.milestones)
        self.level = level

    @property
    def words(self) -> StepWords:
        """Of the language."""
        return step_words(self.language)

    @property
    def catalogue(self) -> Catalogue:
        """Of the language."""
        return self.catalogues(self.language)

    @property
    def stop(self) -> Stop:
        """The current stop."""
        return self.walk.stop()

    @property
    def step(self) -> Step:
        """The current step."""
        return self.steps[self.stop.step]

    @property
    def spot(self) -> Spot:
        """The current stop in terms of the trace."""
        return self.step.call.id, self.stop.is_end

    def forward(self, move: Move) -> bool:
        """Make a move; tell whether it led anywhere."""
        return self._moved(lambda: self.walk.forward(move))

    def backward(self, move: Move) -> bool:
        """Take a move back."""
        return self._moved(lambda: self.walk.backward(move))

    def up(self) -> bool:
        """To the entry of the caller."""
        return self._moved(self.walk.up)

    def to_step(self, index: int, is_end: bool = False) -> bool:
        """To the entry, or the end, of a step."""
        stop = self.walk.end(index) if is_end else self.walk.entry(index)
        return self._moved(lambda: self.walk.go_to(stop))

    def to_start(self) -> bool:
        """To the first stop."""
        return self._moved(lambda: self.walk.go_to(0))

    def to_end(self) -> bool:
        """To the last stop."""
        return self._moved(lambda: self.walk.go_to(len(self.walk) - 1))

    def to_call(self, call_id: int, is_end: bool = False) -> bool:
        """To the step that stands for a call.

        Raises:
            KeyError: there is no such call.
        """
        index = self.steps.index_of(call_id)
        if index is None:
            raise KeyError(call_id)
        moved = self.to_step(index, is_end)
        self.folded_call = call_id if self.steps[index].call.id != call_id else None
        return moved

    def folded_note(self) -> str:
        """What to say when the call that was looked for is folded away at this level, or ""."""
        if self.folded_call is None:
            return ""
        function = self.book.functions[self.book.call(self.folded_call).function_id]
        return self.words.stands_for.format(id=self.folded_call, name=display_name(function))

    def run_on(self) -> bool:
        """To the next bookmark, or to the end."""
        ahead = [index for index in self._bookmark_stops() if index > self.walk.index]
        target = min(ahead, default=len(self.walk) - 1)
        return self._moved(lambda: self.walk.go_to(target))

    def next_bookmark(self) -> bool | None:
        """To the next bookmark, after the last to the first; None when there is none."""
        stops = sorted(self._bookmark_stops())
        if not stops:
            return None
        target = next((index for index in stops if index > self.walk.index), stops[0])
        return self._moved(lambda: self.walk.go_to(target))

    def toggle_bookmark(self) -> bool:
        """Set or remove a bookmark here; tell whether there is one now."""
        spot = self.spot
        if spot in self.bookmarks:
            self.bookmarks.remove(spot)
            return False
        self.bookmarks.append(spot)
        return True

    def has_bookmark(self, call_id: int) -> bool:
        """Whether the entry or the end of a call has a bookmark."""
        return (call_id, False) in self.bookmarks or (call_id, True) in self.bookmarks

    def _bookmark_stops(self) -> list[int]:
        found = []
        for call_id, is_end in self.bookmarks:
            index = self.steps.index_of(call_id)
            if index is not None:
                is_exact = self.steps[index].call.id == call_id
                found.append(self.walk.end(index) if is_end and is_exact else self.walk.entry(index))
        return found

    def search(self, text: str) -> bool:
        """To the next step whose names or values hold a text; "" for the last text. Tell whether one does.

        When only calls do that are folded away at this level, to the step that stands for the next of them.
        """
        self.last_search = text or self.last_search
        if not self.last_search:
            return False
        found = self.steps.find(self.last_search, self.stop.step)
        if found is not None:
            self.to_step(found)
            return True
        after = self.folded_call if self.folded_call is not None else self.step.call.id
        call_id = self.book.find_call(self.last_search, after)
        if call_id is not None and self.steps.index_of(call_id) is not None:
            self.to_call(call_id)
            return True
        return False

    def set_level(self, level: Level) -> None:
        """Show more or less; the stop stays, or becomes that of the step which stands for it."""
        call_id, is_end = self.spot
        self._load(level)
        index = self.steps.index_of(call_id) or 0
        is_exact = self.steps[index].call.id == call_id
        self.walk.go_to(self.walk.end(index) if is_end and is_exact else self.walk.entry(index))
        self._before, self.looking_up, self.folded_call = None, 0, None

    def next_level(self) -> None:
        """The next finer level, after the finest the coarsest."""
        self.set_level(LEVELS[(LEVELS.index(self.level) + 1) % len(LEVELS)])

    def next_language(self) -> None:
        """The other language."""
        self.language = LANGUAGES[(LANGUAGES.index(self.language) + 1) % len(LANGUAGES)]

    def look_up(self, levels: int) -> None:
        """Show the source some callers further up (or, negative, down)."""
        wanted = max(self.looking_up + levels, 0)
        if wanted == 0 or self._stage.place_in_caller(self.step, wanted, self.words) is not None:
            self.looking_up = wanted

    def milestones(self) -> list[Heading]:
        """The milestones of the level, with the chapters they begin."""
        found, chapter = [], ""
        catalogue = self.catalogue
        for index in islice(self.steps.milestones, MAX_CHAIN):
            step = self.steps[index]
            own = self._chapter(step, catalogue)
            landmark = catalogue.landmark(step.function.module, step.function.qualname)
            name = display_name(step.function, landmark)
            found.append(Heading(index, step.depth, name, own if own != chapter else ""))
            chapter = own
        return found

    def _chapter(self, step: Step, catalogue: Catalogue) -> str:
        phase = catalogue.phases.get(step.phase.id) if step.phase is not None else None
        return "" if phase is None else clean(phase.title)

    def chain(self) -> list[str]:
        """The names of the calls entered so far; within a request, those of that request."""
        last = self.stop.step
        request_id = self.step.call.request_id
        names: list[str] = []
        for index in range(last, max(last - MAX_CHAIN, -1), -1):
            if request_id is not None and self.steps[index].call.request_id != request_id:
                continue
            names.append(display_name(self.steps.function_at(index)))
        return names[::-1]

    def hook_lines(self) -> list[str]:
        """What became of each hook: in the request of this stop, or in all where it belongs to none."""
        ledgers, request_id = self.book.ledgers(), self.step.call.request_id
        if ledgers is None:
            return [self.words.hooks_too_many]
        own = [each for each in ledgers if each.request.id == request_id] or ledgers
        lines = [line for each in own for line in ledger_lines(each, self.language)]
        return lines or [self.words.hooks_none]

    def place(self) -> Place:
        """The source to show: the current stop's, or that of the caller looked at."""
        step, stop = self.step, self.stop
        if self.looking_up:
            found = self._stage.place_in_caller(step, self.looking_up, self.words)
            if found is not None:
                return found
        return self._stage.place_of(step, stop.is_end, self.words)

    def state(self) -> list[StateRow]:
        """The state at the stop, marked where the last move changed it."""
        step, stop = self.step, self.stop
        now = state_rows(self.book, step.call, stop.is_end, self.words)
        before = self._spot_before()
        if before is None:
            return now
        earlier = state_rows(self.book, self.book.call(before[0]), before[1], self.words)
        return marked(now, earlier)

    def scene(self) -> Scene:
        """All that is shown at the stop."""
        step, stop, words, stage = self.step, self.stop, self.words, self._stage
        catalogue = self.catalogue
        landmark = catalogue.landmark(step.function.module, step.function.qualname)
        return Scene(
            stop=stop,
            stop_count=len(self.walk),
            call_id=step.call.id,
            title=stage.title(step, stop.is_end, words),
            ending=ending(step.call).kind if stop.is_end else "",
            chapter=self._chapter(step, catalogue),
            request=stage.request(step.call),
            path=stage.path(self.steps, self.walk.path(stop.step)),
            place=self.place(),
            values=tuple(stage.values(step, stop.is_end, words)),
            explanation=stage.explanation(step, catalogue, words),
            url=landmark.url if landmark is not None else "",
            state=tuple(self.state()),
        )

    def how_called(self, step: Step) -> str:
        """Where a step is called from, as a line; "" where that is not known."""
        return self._stage.how_called(step, self.words)

    def explanation(self, step: Step) -> tuple[str, ...]:
        """What a step's function does, and why it is there."""
        return self._stage.explanation(step, self.catalogue, self.words)

    def _moved(self, make: Callable[[], object]) -> bool:
        spot, index = self.spot, self.walk.index
        make()
        self.looking_up, self.folded_call = 0, None
        if self.walk.index == index:
            return False
        self._before = spot
        return True

    def _spot_before(self) -> Spot | None:
        """Where the last move began, if it led forward; else the stop before this one."""
        if self._before is not None:
            index = self.steps.index_of(self._before[0])
            if index is not None:
                stop = self.walk.end(index) if self._before[1] else self.walk.entry(index)
                if stop < self.walk.index:
                    return self._before
        if self.walk.index == 0:
            return None
        stop_before = self.walk.stop(self.walk.index - 1)
        return self.steps[stop_before.step].call.id, stop_before.is_end
