"""Traces from strangers: mutates a real one and looks at it with every command.

    python -m tests.unbreakable.fuzz_traces [--count 10000] [--seed N] [--kind sqlite|json|all]

Each mutated file must be shown, or be refused in one line: no exception of ours, no hang, no great
allocation; and nothing is started, connected to, loaded or written on its word. Each break is told with the
seed that makes it again.
"""

import argparse
import contextlib
import copy
import io
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from flasktrace.cli import cli, guarded
from flasktrace.reports.callgraph.wasm import cache_folder
from flasktrace.tracer import paging

MAX_SECONDS = 20  # of CPU: a machine that does other things too is slow, and no hang
MAX_WAIT_SECONDS = 300
MAX_BYTES = 3 << 30  # of address space; the WebAssembly that lays graphs out reserves much of it
MAX_GROWTH_BYTES = 256 << 20  # of memory in use at once, while one file is looked at
# What Python tells its auditors before it does it, and no file may make it do.
FORBIDDEN = ("os.", "subprocess.", "socket.", "pickle.", "sqlite3.enable", "sqlite3.load", "shutil.")
ALLOWED = ("os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree",
           "shutil.copyfile", "os.truncate", "os.chmod", "os.putenv", "os.unsetenv")  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
TEXTS = [
    *("", "\0", "\x1b]0;title\x07\x1b[31m", "\u202e\u2066", "<script>alert(1)</script>", "]]>", "--><b>"),
    *("\ud800", "'\"`${}{{}}", "../../../etc/passwd", "javascript:alert(1)", "x" * 100_000, "\n" * 500),
    *("é🦆漢" * 999, "%s%n{0}", "/etc/passwd", "a -> b", "&#0;", "\\", "=cmd()", "flask.app", "1e999"),
    *("Flask.wsgi_app", "NaN", "[" * 3000),
]
WHOLE = [0, -1, 1, 2, 7, 1 << 31, (1 << 31) - 1, (1 << 63) - 1, -(1 << 63)]
NUMBERS = [*WHOLE, 1 << 70, 10**400, 0.5, 1e300, -0.0]
ODD: list[Any] = [None, True, float("nan"), float("inf"), [], {}, [[]], {"": None}, [None] * 50]
ODD += [*TEXTS, *NUMBERS]
SCHEMA = [
    "CREATE VIEW extra AS SELECT 1",
    "CREATE TRIGGER t AFTER INSERT ON {table} BEGIN SELECT 1; END",
    "ALTER TABLE {table} ADD COLUMN more AS (randomblob(1000000000))",
    "DROP TABLE {table}",
    "ALTER TABLE {table} RENAME TO other",
    "CREATE INDEX i ON {table} (1)",
    "CREATE TABLE more (x)",
    "CREATE VIRTUAL TABLE v USING fts5(x)",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE TABLE x (y)' WHERE name = '{table}'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET type = 'view' WHERE name = '{table}'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 1 WHERE name = '{table}'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = rootpage + 1 WHERE name = '{table}'",
    "PRAGMA user_version = {number}",
    "PRAGMA application_id = {number}",
    "PRAGMA encoding = 'UTF-16'; VACUUM",
    "PRAGMA journal_mode = WAL",
    "DELETE FROM {table}",
    "INSERT INTO {table} SELECT * FROM {table} LIMIT 1",
    "DROP TABLE {table}; CREATE VIEW {table} AS"
    " WITH RECURSIVE r(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM r) SELECT * FROM r",
]


def quoted(value: Any) -> str:
    """A value as SQL."""
    if isinstance(value, str):
        return f"CAST(x'{value.encode('utf-8', 'surrogatepass').hex()}' AS TEXT)"
    if isinstance(value, bool | None | list | dict):
        return f"'{json.dumps(value)}'" if value is not None else "NULL"
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return "9e999"
    return repr(value) if abs(value) < 1 << 63 else f"{float(min(value, 10**300))!r}"


def mutate_bytes(path: Path, chance: random.Random) -> None:
    """Change, cut or double some bytes of a file."""
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 2, 20, 200))):
        content[chance.randrange(len(content))] = chance.choice((0, 255, 65, chance.randrange(256)))
    if chance.random() < 0.2:
        del content[chance.randrange(len(content)) :]
    if chance.random() < 0.2:
        at = chance.randrange(len(content) + 1)
        content[at:at] = content[: chance.randrange(5000)]
    path.write_bytes(content)


def mutate_database(path: Path, chance: random.Random) -> None:
    """Change cells, whole columns, or the schema."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for _ in range(chance.choice((1, 1, 1, 3))):
            table = chance.choice(names)
            if chance.random() < 0.05:
                script = chance.choice(SCHEMA).format(table=table, number=chance.choice(WHOLE))
                with contextlib.suppress(sqlite3.Error):
                    connection.executescript(script)
                continue
            with contextlib.suppress(sqlite3.Error):
                _mutate_cells(connection, table, chance)
    finally:
        connection.close()


def _mutate_cells(connection: sqlite3.Connection, table: str, chance: random.Random) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    if not columns:
        return  # the table was dropped just before
    column = chance.choice(columns)
    value = quoted(chance.choice(ODD))
    if chance.random() < 0.3:
        others = (f"{column} + 1", f"-{column}", chance.choice(columns), "rowid", f"{column} || {column}")
        value = chance.choice((*others, value))
    count = chance.choice((1, 1, 5, 10**6))
    some = f"WHERE rowid IN (SELECT rowid FROM {table} ORDER BY random() LIMIT {count})"
    if chance.random() < 0.4:
        at = chance.randrange(30)
        row = connection.execute(f"SELECT {column} FROM {table} LIMIT 1 OFFSET {at}").fetchone()
        if row and isinstance(row[0], str) and row[0][:1] in ("[", "{"):
            with contextlib.suppress(ValueError):  # the text of a list is no JSON
                value = quoted(json.dumps(mutated(json.loads(row[0]), chance)))
    connection.execute(f"UPDATE OR REPLACE {table} SET {column} = {value} {some}")


def mutate_json(path: Path, chance: random.Random) -> None:
    """Change some values of a JSON file, or its bytes."""
    if chance.random() < 0.2:
        mutate_bytes(path, chance)
        return
    data = json.loads(path.read_text())
    for _ in range(chance.choice((1, 1, 3, 30))):
        data = mutated(data, chance)
    path.write_text(json.dumps(data), encoding="utf-8", errors="surrogatepass")


def mutated(data: Any, chance: random.Random) -> Any:
    """The same data with one value somewhere in it changed, gone or doubled."""
    if not data or not isinstance(data, dict | list) or chance.random() < 0.05:
        return copy.deepcopy(chance.choice(ODD))
    key: Any = chance.choice(list(data)) if isinstance(data, dict) else chance.randrange(len(data))
    what = chance.random()
    if what < 0.1:
        del data[key]
    elif what < 0.15 and isinstance(data, list):
        data.append(copy.deepcopy(data[key]))
    elif what < 0.2 and isinstance(data, dict):
        data[chance.choice(TEXTS)] = copy.deepcopy(data[key])
    else:
        data[key] = mutated(data[key], chance)
    return data


def commands(path: str, original: str, folder: str, chance: random.Random) -> Iterator[list[str]]:
    """What is done with each mutated file: it is shown, and looked at in one more way."""
    level = chance.choice(("chapters", "milestones", "pipeline", "all"))
    yield ["show", path, "--level", level, "--lang", chance.choice(("en", "zh"))]
    formats = (
        "json",
        "mermaid",
        "plantuml",
        "dot",
        "chrome",
        "speedscope",
        "otlp",
        "appmap",
        "tour",
        "sequence",
    )
    yield chance.choice(
        [
            ["export", path, "--format", chance.choice(formats), "--level", level],
            ["export", path, "--format", "json"],
            ["step", path, "--plain"],
            ["diff", path, original, "--format", chance.choice(("text", "json", "svg"))],
            ["diff", original, path],
            # A page has all drawings in it, which takes its time.
            ["show", path, "--view", "page", "-o", folder]
            if chance.random() < 0.05
            else ["step", path, "--plain"],
            ["show", path, "-o", folder]
            if chance.random() < 0.2
            else ["export", path, "--format", "sequence", "--request", "1"],
            ["show", path, "--request", "1", "--depth", "3", "--resolution", "--explain"],
            ["check", "wsgi_app -> index", path],
        ]
    )


STEPS = "s\n5s\nm\nn\nr\nu\nL\n/index\ng 5\n<\nt\nl\ny\n?\n$\nS\n3M\n0\nx\np\nq\n"


def run(arguments: Sequence[str]) -> tuple[int, str]:
    """Run a command in this process: its exit status, and what it wrote to stderr."""
    streams = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = io.StringIO(STEPS)
    sys.stdout = io.TextIOWrapper(io.BytesIO(), "utf-8")
    sys.stderr = error = io.StringIO()
    try:
        status = guarded(lambda: cli.main(list(arguments), prog_name="flasktrace", standalone_mode=False))
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
    return status, error.getvalue()


class TooSlow(BaseException):
    """A command did not come to an end in time."""


class Auditor:
    """Notes what commands do beyond reading and computing. An audit hook stays for good: it is made once."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.work: Path | None = None  # where files may be written; None while nothing is noted
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.work is None:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str) and flags & WRITING and not self._may_be_written(path):
                self.seen.append(f"writes {path}")
        elif event.startswith(FORBIDDEN) and event not in ALLOWED and not self._is_graphviz(event, arguments):
            self.seen.append(f"{event}{arguments!r:.200}")

    def _may_be_written(self, path: str) -> bool:
        allowed = (str(self.work), tempfile.gettempdir(), "/dev/null", str(cache_folder()))
        return os.path.realpath(path).startswith(allowed) or "__pycache__" in path

    def _is_graphviz(self, event: str, arguments: tuple[Any, ...]) -> bool:
        """Whether it is Graphviz that lays a graph out: the same command each time."""
        return event in ("subprocess.Popen", "os.posix_spawn") and Path(str(arguments[0])).name == "dot"

    @contextlib.contextmanager
    def listening(self, work: Path) -> Iterator[None]:
        """Note all that is done inside, other than writing into ``work``."""
        self.work = work
        try:
            yield
        finally:
            self.work = None


_auditors: list[Auditor] = []


def auditor() -> Auditor:
    """The only one of this process."""
    if not _auditors:
        _auditors.append(Auditor())
    return _auditors[0]


def peak_bytes(*, forget: bool = False) -> int:
    """The most memory that was in use at once, since the last time that it was forgotten."""
    if forget:
        with contextlib.suppress(OSError):  # else it only ever grows, which hides what comes later
            Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))


@contextlib.contextmanager
def limits() -> Iterator[None]:
    """Bound the time of what sets a timer, and the memory of the process."""

    def ring(*_: object) -> None:
        raise TooSlow

    before = {number: signal.signal(number, ring) for number in (signal.SIGALRM, signal.SIGPROF)}
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MAX_BYTES, hard))
    os.environ["FLASKTRACE_DEBUG"] = "1"  # exceptions of ours come through
    try:
        yield
    finally:
        del os.environ["FLASKTRACE_DEBUG"]
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        for number, handler in before.items():
            signal.signal(number, handler)


def fuzz(
    original: Path,
    work: Path,
    seeds: Sequence[int],
    on_done: Callable[[int, Sequence[str]], None] = lambda number, broken: None,
    kind: str = "all",
) -> list[str]:
    """Mutate a trace, once for each seed, and look at it; give what went wrong.

    Args:
        original: a trace file.
        work: a folder for what is made.
        seeds: of the mutations.
        on_done: told the number of each seed that is done, and what broke.
        kind: of the files: ``sqlite``, ``json`` or ``all``.
    """
    exported = work / "original.json"
    run(["export", str(original), "--format", "json", "-o", str(exported)])
    sqlite = [(original, mutate_database), (original, mutate_database), (original, mutate_bytes)]
    of_kind: dict[str, list[tuple[Path, Callable[[Path, random.Random], None]]]] = {
        "sqlite": [*sqlite],
        "json": [(exported, mutate_json)],
    }
    kinds = of_kind["sqlite"] + of_kind["json"] if kind == "all" else of_kind[kind]
    wrong = []
    long_calls = paging.LONG_CALLS  # files are looked at as if they were long too, and read piece by piece
    with limits(), contextlib.ExitStack() as stack:
        stack.callback(setattr, paging, "LONG_CALLS", long_calls)
        for number, seed in enumerate(seeds):
            chance = random.Random(seed)
            source, mutate = kinds[seed % len(kinds)]
            path = work / f"mutated{source.suffix}"
            shutil.copyfile(source, path)
            for rest in (f"{path}-journal", f"{path}-wal", f"{path}-shm"):
                Path(rest).unlink(missing_ok=True)
            mutate(path, chance)
            paging.LONG_CALLS = chance.choice((0, long_calls))
            before_bytes = peak_bytes(forget=True)
            broken = [f"seed {seed}: {what}" for what in looked_at(path, original, work, chance)]
            growth_bytes = peak_bytes() - before_bytes
            if growth_bytes > MAX_GROWTH_BYTES:
                broken.append(f"seed {seed}: took {growth_bytes >> 20} MiB of memory")
            wrong += broken
            on_done(number, broken)
    return wrong


def looked_at(path: Path, original: Path, work: Path, chance: random.Random) -> Iterator[str]:
    """What is wrong with how the commands take a file."""
    content, ear = path.read_bytes(), auditor()
    for arguments in commands(str(path), str(original), str(work / "drawn"), chance):
        signal.setitimer(signal.ITIMER_PROF, MAX_SECONDS)
        signal.alarm(MAX_WAIT_SECONDS)
        try:
            with ear.listening(work):
                status, said = run(arguments)
        except (Exception, TooSlow) as error:
            yield f"{' '.join(arguments)}: {type(error).__name__}: {str(error)[:200]}"
            return
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.alarm(0)
        lines = [line for line in said.splitlines() if line.startswith("flasktrace: ")]
        if status not in (0, 1, 2) or (status == 2 and (len(lines) != 1 or len(lines[0]) > 2000)):
            yield f"{' '.join(arguments)}: status {status}, {len(lines)} lines: {said[:300]!r}"
        if not said.isascii() and any(not c.isprintable() for c in said.replace("\n", "")):
            yield f"{' '.join(arguments)}: unprintable: {said[:300]!r}"
        if ear.seen:
            yield f"{' '.join(arguments)}: {'; '.join(ear.seen)}"
            ear.seen.clear()
        if path.read_bytes() != content:
            yield f"{' '.join(arguments)}: the file was changed"
        if status == 2:
            return


def main() -> None:
    """Fuzz as much as is asked for; exit status 1 when something broke."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first mutation")
    parser.add_argument("--kind", choices=("sqlite", "json", "all"), default="all", help="of the files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        recorded = work / "recorded"
        status, said = run(["run", "hello", "-r", "/index", "-r", "/none", "-o", str(recorded)])
        assert status == 0, said
        start, done = time.monotonic(), 0
        wrong: list[str] = []
        signals: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, frame: signals.append(number))

        def on_done(number: int, broken: Sequence[str]) -> None:
            nonlocal done
            done = number + 1
            wrong.extend(broken)
            for what in broken:
                print(what, flush=True)
            if sys.stderr.isatty() and number % 50 == 0:
                print(f"\r{number:,} of {options.count:,}", end="", file=sys.stderr)
            if signals:
                raise KeyboardInterrupt

        seeds = range(options.seed, options.seed + options.count)
        with contextlib.suppress(KeyboardInterrupt):  # what was done until then counts
            fuzz(recorded / "trace.flasktrace", work, seeds, on_done, options.kind)
        took_s = time.monotonic() - start
        print(f"{done:,} mutations ({options.kind}) in {took_s:.0f} s, {len(wrong)} broke something")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
