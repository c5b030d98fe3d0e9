"""From a trace to the plain data of a page: columns by step, and the tables that they point into."""

from typing import Any

from flasktrace.reports.folded import FoldedTrace, Step
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.hooks import Ledger, hook_ledger
from flasktrace.reports.labels import display_name, ending, resolution, role_of
from flasktrace.reports.page.drawn import drawn_part
from flasktrace.reports.page.options import PageData, PageOptions
from flasktrace.reports.page.sources import Sources
from flasktrace.reports.page.words import WORDS
from flasktrace.reports.state import State, Tables, state_lane
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Function, Origin, Raised, Returned, Trace, Value

COLUMNS = (
    *("depth", "function", "detail", "time", "hidden", "repeat", "resumed", "flags", "thread"),
    *("at", "end_line", "state", "end_state", "tables", "end_tables", "drawn"),
)
IS_HAND_OVER, IS_MILESTONE, IS_USER, IS_NEW_PROCESS = 1, 2, 4, 8


def page_data(trace: Trace, options: PageOptions) -> PageData:
    """Fold a trace and collect what its page shows.

    Args:
        trace: as recorded or filtered; it is not changed.
        options: with the catalogues of the page's languages.
    """
    fold_options = FoldOptions(options.level, filtered_count=options.filtered_count)
    folded = fold(trace, options.catalogues[options.language], fold_options)
    drawn = drawn_part(folded, options)
    title = clean(options.title or trace.metadata.scenario or "flasktrace", 200)
    data = PageData(options, title, folded, drawn, state_lane(trace), hook_ledger(trace))
    collector = _Collector(data)
    data.script = collector.script()
    data.function_numbers = collector.functions
    return data


class _Collector:
    """Goes through the steps once; equal rows of a table are kept once."""

    def __init__(self, data: PageData) -> None:
        self.data = data
        self.folded: FoldedTrace = data.folded
        self.trace = data.folded.trace
        self.sources = Sources(data.options.read_source)
        self.columns: dict[str, list[int]] = {name: [] for name in COLUMNS}
        self.functions: dict[int, int] = {}
        self.function_rows: list[dict[str, Any]] = []
        self.details: dict[tuple[int, int, str], int] = {}
        self.detail_rows: list[list[Any]] = []
        self.places: dict[tuple[int, int], int] = {}
        self.place_rows: list[list[Any]] = []
        self.threads = {thread.id: i for i, thread in enumerate(self.trace.threads)}

    def script(self) -> dict[str, Any]:
        """The page's data for its script."""
        for step in self.folded.steps:
            self._add(step)
        data, trace = self.data, self.trace
        return {
            "title": data.title,
            "language": data.options.language,
            "languages": list(data.options.catalogues),
            "words": {language: WORDS[language] for language in data.options.catalogues},
            "total": self.folded.total_call_count,
            "requests": [
                {"id": r.id, "says": clean(f"{r.method} {r.target}", 300), "status": r.status}
                for r in trace.requests
            ],
            "threads": [clean(thread.name, 80) for thread in trace.threads],
            "phases": self._phases(),
            "chapters": self._chapters(),
            "functions": self.function_rows,
            "details": self.detail_rows,
            "places": self.place_rows,
            "steps": self.columns,
            "states": [_state(state) for state in data.lane.states],
            "tables": [_tables(tables) for tables in data.lane.tables],
            "ledgers": [self._ledger(ledger) for ledger in data.ledgers],
        }

    def _phases(self) -> dict[str, dict[str, str]]:
        """Titles by phase and language; "" is the phase of calls that have none."""
        titles = {"": {language: WORDS[language]["calls"] for language in self.data.options.catalogues}}
        for language, catalogue in self.data.options.catalogues.items():
            for phase in catalogue.phases.values():
                titles.setdefault(phase.id, {})[language] = clean(phase.title)
        return titles

    def _chapters(self) -> list[dict[str, Any]]:
        return [
            {
                "phase": chapter.phase.id if chapter.phase is not None else "",
                "request": chapter.request.id if chapter.request is not None else 0,
                "first": chapter.first,
                "last": chapter.last,
                "calls": chapter.call_count,
            }
            for chapter in self.folded.chapters
        ]

    def _add(self, step: Step) -> None:
        call, columns, lane = step.call, self.columns, self.data.lane
        position = self.trace.calls.index_of(call.id)
        outcome = call.outcome
        landmark = step.landmark
        is_user = step.function.origin is Origin.USER
        is_milestone = is_user or (landmark is not None and landmark.is_milestone)
        flags = IS_HAND_OVER * step.is_hand_over + IS_NEW_PROCESS * step.is_new_process
        row = {
            "depth": step.depth,
            "function": self._function(step.function, step),
            "detail": self._detail(step, position),
            "time": step.repeat_ns,
            "hidden": step.hidden_count,
            "repeat": step.repeat_count,
            "resumed": step.resumed_count,
            "flags": flags + IS_MILESTONE * is_milestone + IS_USER * is_user,
            "thread": self.threads.get(call.thread_id, -1),
            "at": self._place(call.parent_id, call.call_line),
            "end_line": (outcome.line_number or 0) if isinstance(outcome, Returned | Raised) else 0,
            "state": lane.index_at(call.thread_id, call.start_ns),
            "end_state": lane.index_at(call.thread_id, call.end_ns),
            "tables": lane.table_index_at(call.start_ns),
            "end_tables": lane.table_index_at(call.end_ns),
            "drawn": self._drawn(call.id, position),
        }
        for name, value in row.items():
            columns[name].append(value)

    def _drawn(self, call_id: int, position: int) -> int:
        """The number that a step has in the drawings; 0 when they end before it."""
        drawn = self.data.drawn
        if drawn.trace is not self.trace:
            try:
                position = drawn.trace.calls.index_of(call_id)
            except KeyError:
                return 0
        return drawn.owners[position]

    def _function(self, function: Function, step: Step) -> int:
        index = self.functions.get(function.id)
        if index is None:
            index = self.functions[function.id] = len(self.function_rows)
            self.function_rows.append(self._function_row(function, step))
        return index

    def _function_row(self, function: Function, step: Step) -> dict[str, Any]:
        row: dict[str, Any] = {
            "name": display_name(function, step.landmark),
            "dotted": clean(function.dotted_name, 300),
            "module": clean(function.module, 200),
            "place": f"{_file_name(function)}:{function.line_number}",
            "line": function.line_number,
            "role": role_of(function).value,
            "source": self.sources.of_function(function),
            "says": {},
        }
        for language, catalogue in self.data.options.catalogues.items():
            landmark = catalogue.landmark(function.module, function.qualname)
            if landmark is not None:
                row["says"][language] = [clean(landmark.does), clean(landmark.why)]
                if landmark.url.startswith("https://"):
                    row["url"] = clean(landmark.url, 500)
        return row

    def _detail(self, step: Step, position: int) -> int:
        calls, call = self.trace.calls, step.call
        found = resolution(call, step.function)
        key = (calls.detail[position], calls.outcome[position], found.defining if found is not None else "")
        index = self.details.get(key)
        if index is None:
            index = self.details[key] = len(self.detail_rows)
            end = ending(call, "")
            came_back = call.outcome.value if isinstance(call.outcome, Returned) else None
            self.detail_rows.append(
                [
                    _value(call.receiver) if call.receiver is not None else None,
                    [_value(value) for value in call.parameters],
                    end.kind,
                    end.text,
                    clean(came_back.class_name, 80) if came_back is not None else "",
                    [found.actual, found.defining] if found is not None else None,
                ]
            )
        return index

    def _place(self, caller_id: int | None, line: int | None) -> int:
        """Where a call was made: index of ``[function's name, file and line, the line]``; -1 for nowhere."""
        if caller_id is None or line is None:
            return -1
        calls = self.trace.calls
        function = self.trace.functions[calls.function_id[calls.index_of(caller_id)]]
        key = (function.id, line)
        index = self.places.get(key)
        if index is None:
            index = self.places[key] = len(self.place_rows)
            text = self.sources.line(function.file_path, line)
            shown = self.functions.get(function.id, -1)
            name = display_name(function)
            self.place_rows.append([name, f"{_file_name(function)}:{line}", text, shown, line])
        return index

    def _ledger(self, ledger: Ledger) -> dict[str, Any]:
        owners, calls = self.folded.owners, self.trace.calls
        return {
            "request": ledger.request.id,
            "rows": [
                {
                    "decorator": row.decorator,
                    "owner": row.owner,
                    "name": row.name,
                    "handles": row.handles,
                    "ran": row.ran_as or 0,
                    "step": owners[calls.index_of(row.call_id)] if row.call_id is not None else 0,
                    "ended": row.ended_chain,
                    "raised": row.raised,
                    "reason": row.reason.value if row.reason is not None else "",
                    "because": row.because,
                }
                for row in ledger.rows
            ],
        }


def _file_name(function: Function) -> str:
    return clean(function.file_path.replace("\\", "/").rpartition("/")[2], 200)


def _value(value: Value) -> list[str]:
    return [clean(value.name, 200), clean(value.text), clean(value.class_name, 80)]


def _state(state: State) -> dict[str, Any]:
    return {
        "requests": [[context.class_name, context.shows] for context in state.request_stack],
        "apps": [[context.class_name, context.shows] for context in state.app_stack],
        "storage": None
        if state.storage is None
        else [[who, list(classes)] for who, classes in state.storage],
        "request": [list(pair) for pair in state.request],
        "session": None if state.session is None else [list(pair) for pair in state.session],
        "g": None if state.g is None else [list(pair) for pair in state.g],
        "headers": state.headers.value,
        "status": state.status,
    }


def _tables(tables: Tables) -> dict[str, Any]:
    return {
        "views": list(tables.view_functions),
        "rules": list(tables.url_map),
        "hooks": [list(hook) for hook in tables.hooks],
    }
