"""The views on the command line: formats, options, and that a saved trace shows what the run showed."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest
from tests import commands
from tests.scenario_traces import record_scenario

from flasktrace.cli import cli, guarded
from flasktrace.cli.exporting import DRAWINGS
from flasktrace.reports.exports.registry import EXPORTERS


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded run with errors in it, of several requests."""
    return record_scenario("errors", "installed", tmp_path_factory.mktemp("trace"))


@pytest.fixture
def flasktrace(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., bytes]:
    """Runs a command in this process; gives what it wrote to stdout."""

    def run(*arguments: object, status: int = 0) -> bytes:
        texts = [str(argument) for argument in arguments]
        assert guarded(lambda: cli.main(texts, prog_name="flasktrace", standalone_mode=False)) == status
        out, err = capfdbinary.readouterr()
        return err if status else out

    return run


Run = Callable[..., bytes]
BEGINNINGS = {
    "json": b'{"format": "flasktrace"',
    "mermaid": b"sequenceDiagram",
    "plantuml": b"@startuml",
    "dot": b"digraph",
    "chrome": b'{"displayTimeUnit"',
    "speedscope": b'{"$schema"',
    "otlp": b'{"resourceSpans"',
    "appmap": b'{"version"',
    "tour": b"{",
    "sequence": b"<svg",
    "svg": b"<svg",
    "png": b"\x89PNG",
    "pdf": b"%PDF",
}


def test_every_format_is_tried_here() -> None:
    assert set(BEGINNINGS) == {*EXPORTERS, *DRAWINGS}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_each_format_is_written_to_stdout_and_to_a_file(
    name: str, trace: Path, tmp_path: Path, flasktrace: Run, cannot_run: Callable[[str], None]
) -> None:
    if name in ("png", "pdf") and which("dot") is None:
        cannot_run("png and pdf need Graphviz' dot")
    written = flasktrace("export", trace, "--format", name)
    assert written.startswith(BEGINNINGS[name])
    file = tmp_path / "file"
    flasktrace("export", trace, "--format", name, "-o", file)
    if name not in ("png", "pdf"):  # dot writes the time into a PDF
        assert file.read_bytes() == written


def test_an_unknown_format_is_told_the_known_ones(trace: Path, flasktrace: Run) -> None:
    said = flasktrace("export", trace, "--format", "xml", status=2).decode()
    assert all(name in said for name in BEGINNINGS)


def test_a_file_that_cannot_be_written_is_said(trace: Path, tmp_path: Path, flasktrace: Run) -> None:
    said = flasktrace("export", trace, "--format", "json", "-o", tmp_path / "no" / "x", status=2).decode()
    assert "cannot write" in said and len(said.splitlines()) == 1


def test_json_has_the_phases_and_can_be_shown(trace: Path, tmp_path: Path, flasktrace: Run) -> None:
    file = tmp_path / "trace.json"
    flasktrace("export", trace, "--format", "json", "-o", file)
    phases = {call["phase"] for call in json.loads(file.read_text())["calls"]}
    assert {"accept", "context", "dispatch", "error", "teardown", "send"} <= phases
    assert None not in phases
    assert flasktrace("show", file) == flasktrace("show", trace)


def test_without_times_the_same_calls_give_the_same_bytes(
    trace: Path, tmp_path: Path, flasktrace: Run
) -> None:
    written = json.loads(flasktrace("export", trace, "--format", "json"))
    for call in written["calls"]:
        call["start_ns"], call["end_ns"] = 3 * call["start_ns"], 3 * call["end_ns"]
    slower = tmp_path / "slower.json"
    slower.write_text(json.dumps(written))
    shown = [
        flasktrace("show", path, "--no-times", "-o", tmp_path / str(i)).partition(b"wrote")[0]
        for i, path in enumerate([trace, slower])
    ]
    assert shown[0] == shown[1]
    for name in ("sequence.svg", "startup.svg", "callgraph.svg"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes()
    assert flasktrace("show", trace) != flasktrace("show", slower)


def test_run_and_show_are_filtered_alike(tmp_path: Path) -> None:
    filters = ["--only", "Flask.wsgi_app", "--hide", "werkzeug.local", "--depth", "40", "--lang", "zh"]

    def run(*arguments: str) -> str:
        return commands.flasktrace(tmp_path, *arguments, *filters).stdout

    tree, _, files = run("run", "hello", "-o", "out").partition("\n\nwrote ")
    assert files and "过滤器" in tree
    assert run("show", "out").rstrip("\n") == tree


def test_each_request_or_chapter_may_have_a_drawing(trace: Path, tmp_path: Path, flasktrace: Run) -> None:
    def drawn(*options: str) -> list[str]:
        folder = tmp_path / "-".join(("out", *options))
        flasktrace("show", trace, "-o", folder, *options)
        return sorted(path.name for path in folder.iterdir())

    assert drawn() == ["callgraph.svg", "sequence.svg", "startup.svg"]
    requests = [f"sequence-request-{number}.svg" for number in range(1, 6)]
    assert drawn("--split", "requests") == ["callgraph.svg", *requests, "startup.svg"]
    chapters = drawn("--split", "chapters")
    assert "sequence-chapter-03-accept.svg" in chapters and "sequence.svg" not in chapters
    assert drawn("--request", "2") == ["callgraph.svg", "sequence.svg"]


def test_names_lead_to_files_repositories_or_nowhere(trace: Path, tmp_path: Path, flasktrace: Run) -> None:
    def links(mode: str) -> set[str]:
        folder = tmp_path / mode
        flasktrace("show", trace, "-o", folder, "--link", mode)
        texts = [(folder / name).read_text() for name in ("sequence.svg", "callgraph.svg")]
        return {link for text in texts for link in re.findall(r'href="([a-z]+://[^/"]*)', text)}

    assert links("none") == set()
    assert links("local") == {"file://"}
    assert links("upstream") == {"https://github.com"}


def test_the_call_graph_has_a_format(
    trace: Path, tmp_path: Path, flasktrace: Run, cannot_run: Callable[[str], None]
) -> None:
    if which("dot") is None:
        cannot_run("png needs Graphviz' dot")
    flasktrace("show", trace, "-o", tmp_path, "--graph-format", "png")
    assert (tmp_path / "callgraph.png").read_bytes().startswith(b"\x89PNG")


def test_explanations_and_ones_own_annotations_are_shown(
    trace: Path, tmp_path: Path, flasktrace: Run
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[functions."flask.app:Flask.wsgi_app"]\ndoes = "Our own words."\n')
    assert b"Our own words." in flasktrace("show", trace, "--explain", "--annotations", mine)
    assert b"Our own words." not in flasktrace("show", trace, "--annotations", mine)
    mine.write_text("x = [")
    assert b"not TOML" in flasktrace("show", trace, "--annotations", mine, status=2)


def test_where_a_method_was_found_is_noted_on_request(trace: Path, flasktrace: Run) -> None:
    note = b"called on ThreadedWSGIServer, found on BaseServer, looked through ThreadingMixIn, BaseWSGIServer"
    assert note in flasktrace("show", trace, "--resolution")
    assert b"looked through" not in flasktrace("show", trace)


def test_a_picture_is_not_written_to_a_terminal(trace: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "flasktrace", "export", str(trace), "--format", "png"]
    try:
        done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 2 and b"-o FILE" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--level", "chapters"],
        ["--level", "milestones", "-o", "drawn"],
        ["--level", "milestones", "--explain", "--resolution", "--split", "requests", "-o", "drawn"],
        ["--level", "pipeline", "--lang", "zh", "--no-times"],
        ["--request", "2", "--level", "all", "-o", "drawn"],
        ["--request", "2", "--state", "--hooks", "--hide", "werkzeug.local"],
        ["--request", "2", "--view", "page", "-o", "drawn"],
    ],
)
def test_a_trace_that_is_not_read_whole_is_shown_the_same(
    arguments: list[str],
    trace: Path,
    flasktrace: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)

    def shown() -> tuple[bytes, list[bytes]]:
        return flasktrace("show", trace, *arguments), [
            path.read_bytes() for path in sorted(tmp_path.glob("drawn/*"))
        ]

    whole = shown()
    monkeypatch.setattr("flasktrace.tracer.paging.LONG_CALLS", 10)
    monkeypatch.setattr("flasktrace.tracer.store.read_trace", lambda path: pytest.fail("it is read whole"))
    assert shown() == whole
