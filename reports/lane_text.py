"""State lane and hook ledger as lines of text, for the console tree, the stepper and the page's document."""

from collections.abc import Iterable, Mapping

from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.hooks import HookRow, Ledger
from flasktrace.reports.lane_words import lane_words
from flasktrace.reports.state import Context, Pairs, State, StateLane, Tables
from flasktrace.reports.text import cells, clean

_NO_TABLES = Tables(0)


def state_lines(state: State, language: str = "en", before: State | None = None) -> list[str]:
    """What there is at a moment, ``session: seen=3`` and so on.

    Args:
        state: of the moment.
        language: of the words.
        before: with it, only what differs from this earlier state is told.
    """
    words = lane_words(language)
    now = _state_parts(state, words)
    old = _state_parts(before, words) if before is not None else {}
    return [f"{name}: {text}" for name, text in now.items() if old.get(name) != text]


def _state_parts(state: State, words: Mapping[str, str]) -> dict[str, str]:
    parts = {
        words["request_stack"]: _stack(state.request_stack, words),
        words["app_stack"]: _stack(state.app_stack, words),
    }
    if state.storage is not None:
        shapes = [f"{identity}: [{', '.join(classes)}]" for identity, classes in state.storage]
        parts[words["storage"]] = "; ".join(shapes) or "{}"
    about = tuple((name, text) for name, text in state.request if text != "None")
    if about:
        parts[words["current"]] = _pairs(about, words)
    parts[words["session"]] = _pairs(state.session, words)
    parts[words["g"]] = _pairs(state.g, words)
    status = f" ({state.status})" if state.status else ""
    parts[words["headers"]] = words[f"headers_{state.headers.value}"] + status
    return parts


def _stack(contexts: Iterable[Context], words: Mapping[str, str]) -> str:
    shown = [f"{context.class_name} {context.shows}".rstrip() for context in contexts]
    return " > ".join(shown) or words["empty"]


def _pairs(pairs: Pairs | None, words: Mapping[str, str]) -> str:
    if pairs is None:
        return words["none"]
    return ", ".join(f"{name}={text}" for name, text in pairs) or "{}"


def table_lines(tables: Tables, language: str = "en", before: Tables | None = None) -> list[str]:
    """What has come into the app's tables since ``before``; all that is in them without it."""
    words, old = lane_words(language), before or _NO_TABLES
    groups = [
        (words["views"], [view for view in tables.view_functions if view not in old.view_functions]),
        (words["rules"], [rule for rule in tables.url_map if rule not in old.url_map]),
    ]
    for table, owner, name in tables.hooks:
        if (table, owner, name) not in old.hooks:
            groups.append((f"{table}[{owner}]" if owner else table, [name]))
    return [f"{title}: + {', '.join(entries)}" for title, entries in groups if entries]


def changes_by_step(folded: FoldedTrace, lane: StateLane, language: str = "en") -> dict[int, list[str]]:
    """What each step, and the calls folded into it, changed of the state and the tables; by its number."""
    found: dict[int, list[str]] = {}
    owners, calls = folded.owners, folded.trace.calls
    previous: dict[int, State] = {}  # by thread
    nothing = State(0)
    for state in lane.states:
        position = calls.index_of(state.call_id)
        thread_id = calls.thread_id[position]
        before = previous.get(thread_id, nothing)
        if state.shown != before.shown:
            found.setdefault(owners[position], []).extend(state_lines(state, language, before))
        previous[thread_id] = state
    old: Tables | None = None
    for tables in lane.tables:
        lines = table_lines(tables, language, old)
        found.setdefault(owners[calls.index_of(tables.call_id)], []).extend(lines)
        old = tables
    return {number: _last_of_each(lines) for number, lines in found.items() if lines}


def _last_of_each(lines: list[str]) -> list[str]:
    """Of several values of one thing the last, as a step is told when it is over."""
    kept: dict[str, str] = {}
    for line in lines:
        name = line if ": + " in line else line.partition(": ")[0]
        kept.pop(name, None)
        kept[name] = line
    return list(kept.values())


def fate(row: HookRow, language: str = "en") -> str:
    """What became of a hook: that it ran and how, or why it did not."""
    words = lane_words(language)
    if row.reason is not None:
        return words[f"reason_{row.reason.value}"].format(because=row.because)
    if row.raised:
        return words["ran_raised"].format(what=row.raised)
    return words["ended" if row.ended_chain else "ran"]


def ledger_lines(ledger: Ledger, language: str = "en", steps: Mapping[int, int] | None = None) -> list[str]:
    """A ledger as lines: a title, then a hook each in columns.

    Args:
        ledger: of one request.
        language: of the words.
        steps: the number of the step that shows a call, by its id, to be told with the hooks that ran.
    """
    words = lane_words(language)
    says = clean(f"{ledger.request.method} {ledger.request.target}")
    rows = []
    for row in ledger.rows:
        step = (steps or {}).get(row.call_id or 0)
        name = row.name + (f" ({row.handles})" if row.handles else "")
        rows.append(
            (
                f"#{row.ran_as}" if row.ran_as is not None else "-",
                row.decorator,
                f"{row.owner}.{name}" if row.owner else name,
                fate(row, language) + (f" [{step}]" if step is not None else ""),
            )
        )
    widths = [max((cells(row[i]) for row in rows), default=0) for i in range(3)]
    return [
        words["hooks_of"].format(id=ledger.request.id, says=says),
        *("  " + "  ".join([*(_padded(row[i], widths[i]) for i in range(3)), row[3]]) for row in rows),
    ]


def _padded(text: str, width_cells: int) -> str:
    return text + " " * (width_cells - cells(text))
