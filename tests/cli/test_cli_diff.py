"""``flasktrace diff`` as a user runs it: engines, requests, saved traces, and its exit status."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.commands import flasktrace

from flasktrace.cli import main


@pytest.fixture(scope="module")
def trace_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of the first scenario with a request that works and one that does not."""
    folder = tmp_path_factory.mktemp("diff")
    requests = ("-r", "GET /index", "-r", "GET /nope")
    done = flasktrace(folder, "run", "hello", *requests, "-o", "out")
    assert done.returncode == 0, done.stderr
    return folder / "out" / "trace.flasktrace"


def test_one_scenario_on_both_engines(tmp_path: Path) -> None:
    done = flasktrace(tmp_path, "diff", "hello", "--engines", "--exit-code")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "--- hello on Flask 1.1.4 (bundled)"
    assert lines[1].startswith("+++ hello on Flask 3.")
    shown = [line for line in lines if "Flask.try_trigger_before_first_request_functions" in line]
    assert [line[0] for line in shown] == ["-"]
    assert any(line.startswith("=") and "flask.sansio" in line for line in lines)


def test_two_requests_are_sent_to_a_run_each(tmp_path: Path) -> None:
    requests = ("-r", "GET /index", "-r", "GET /nope")
    done = flasktrace(tmp_path, "diff", "hello", *requests, "--format", "json")
    assert done.returncode == 0, done.stderr
    diff = json.loads(done.stdout)
    assert (diff["left"], diff["right"]) == ("GET /index → 200", "GET /nope → 404")
    assert diff["parting"]["row"]["left"]["qualname"] == "MapAdapter.match"
    deciding = diff["parting"]["deciding"]
    assert (deciding["name"], deciding["left"], deciding["right"]) == (
        "environ['PATH_INFO']",
        "'/index'",
        "'/nope'",
    )


def test_two_requests_of_a_saved_trace(trace_path: Path, tmp_path: Path) -> None:
    done = flasktrace(tmp_path, "diff", str(trace_path), "--requests", "1", "2", "--lang", "zh")
    assert done.returncode == 0, done.stderr
    assert "--- GET /index → 200" in done.stdout
    assert any(line.startswith("!") and "MapAdapter.match" in line for line in done.stdout.splitlines())
    assert "分岔点" in done.stdout


def test_a_trace_does_not_differ_from_itself(trace_path: Path, tmp_path: Path) -> None:
    done = flasktrace(tmp_path, "diff", str(trace_path), str(trace_path), "--exit-code")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("No difference: ")


def test_the_picture_goes_to_a_file(trace_path: Path, tmp_path: Path) -> None:
    arguments = ("--requests", "1", "2", "--format", "svg", "-o", "diff.svg")
    done = flasktrace(tmp_path, "diff", str(trace_path), *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    root = ET.fromstring((tmp_path / "diff.svg").read_text(encoding="utf-8"))
    assert root.tag.endswith("svg")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("hello",), "--engines"),
        (("hello", "hello", "--engines"), "leave B out"),
        (("helo", "hooks"), "did you mean 'hello'"),
        (("nowhere.flasktrace", "hooks"), "nowhere.flasktrace"),
        (("hello", "--requests", "1"), "2"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["diff", *arguments])
    told = capsys.readouterr().err
    assert stop.value.code == 2
    assert words in told
    assert told.count("\n") == 1


def test_a_scenario_that_fails_is_told_as_its_own_failure(tmp_path: Path) -> None:
    Path(tmp_path, "broken.py").write_text("raise ValueError('no app today')\n")
    done = flasktrace(tmp_path, "diff", "broken.py", "hello")
    assert done.returncode == 2
    assert "ValueError: no app today" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("flasktrace: broken.py could not be recorded")
