"""Lessons from the command line: checked against real runs, and built."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.commands import flasktrace
from tests.one_python import met_on

from flasktrace import scenarios

LESSONS = Path(scenarios.__path__[0], "lessons")
HELLO = Path(scenarios.__path__[0], "hello.py")
LESSON = """---
title: A small lesson
scenario: ./hello.py
engine: {engine}
language: en
---

# A small lesson

Some *Markdown* & text.

```flasktrace show tree
chapter: dispatch
caption: The dispatch
```

```flasktrace show diagram
of: Flask.full_dispatch_request
```

```flasktrace show graph
of: Flask.full_dispatch_request
```

```flasktrace show source
of: index
```

```flasktrace show state
of: RequestContext.push
```

```flasktrace expect
calls: Flask.full_dispatch_request -> Flask.dispatch_request -> index
not called: Flask.handle_exception
same thread: Flask.__call__, index
other thread: BaseServer.serve_forever, index
returns: index = 'index'
```

```flasktrace expect
request: 1
calls: BaseServer.serve_forever -> BaseServer._handle_request_noblock ~> Flask.__call__ -> index
other thread: BaseServer.serve_forever, index
not called: Flask.run, BaseServer.serve_forever
```

```flasktrace ask
question: Who calls `index`?
answer: caller of index
```
"""


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """A lesson in the current folder, with its scenario beside it."""
    (tmp_path / "hello.py").write_text(HELLO.read_text("utf-8"), "utf-8")
    (tmp_path / "small.md").write_text(LESSON.format(engine="bundled"), "utf-8")
    return tmp_path / "small.md"


def verdicts(done: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    """By what was expected: what became of it."""
    lines = (re.match(r"\s+\S+ (\S+)\s+\d+  (.+?)(?: \(.*\))?$", line) for line in done.stdout.splitlines())
    return {match[2]: match[1] for match in lines if match}


@met_on(13, "the lessons")
def test_the_bundled_lessons_are_true(tmp_path: Path) -> None:
    # The Chinese ones claim the same, see below, and are built with the site.
    lessons = sorted(str(path) for path in LESSONS.glob("*.en.md"))
    assert len(lessons) == 4
    done = flasktrace(tmp_path, "lesson", "check", "--lang", "en", *lessons, timeout_s=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(verdicts(done).values()) == {"true"}


def test_both_languages_of_a_lesson_make_the_same_claims() -> None:
    for english in LESSONS.glob("*.en.md"):
        chinese = english.with_name(english.name.replace(".en.", ".zh."))
        claims = [
            [
                re.sub(r"^(question|because|caption):.*$", r"\1", line)
                for block in re.findall(r"^```flasktrace.*?^```", path.read_text("utf-8"), re.M | re.S)
                for line in block.splitlines()
            ]
            for path in (english, chinese)
        ]
        assert claims[0] == claims[1], english.name


@pytest.mark.parametrize("engine", ["bundled", "installed"])
def test_a_lesson_with_its_scenario_beside_it(engine: str, lesson: Path) -> None:
    done = flasktrace(lesson.parent, "lesson", "check", "small.md", "--engine", engine, "--lang", "en")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(verdicts(done).values()) == ["true"] * 8


def test_editing_the_scenario_makes_the_check_fail(lesson: Path) -> None:
    scenario = lesson.parent / "hello.py"
    text = scenario.read_text("utf-8")
    scenario.write_text(text.replace("return 'index'", "raise LookupError('tea')"), "utf-8")
    done = flasktrace(lesson.parent, "lesson", "check", "small.md", "--lang", "en")
    assert done.returncode == 1
    found = verdicts(done)
    assert found["not called: Flask.handle_exception"] == "false"
    assert found["returns: index = 'index'"] == "false"
    assert "LookupError" in done.stdout
    assert found["calls: Flask.full_dispatch_request -> Flask.dispatch_request -> index"] == "true"


def test_what_happens_elsewhere_is_moved_and_no_failure(lesson: Path) -> None:
    text = lesson.read_text("utf-8").partition("```flasktrace show")[0]
    text += "```flasktrace expect\ncalls: flask.ctx.Flask.dispatch_request -> index\n```\n"
    lesson.write_text(text, "utf-8")
    done = flasktrace(lesson.parent, "lesson", "check", "small.md", "--lang", "en")
    assert done.returncode == 0
    assert list(verdicts(done).values()) == ["moved"] and "flask.app" in done.stdout


def test_markdown_with_drawings_is_built(lesson: Path) -> None:
    done = flasktrace(lesson.parent, "lesson", "build", "small.md", "--format", "markdown", "-o", "out")
    assert done.returncode == 0, done.stderr
    out = lesson.parent / "out"
    assert sorted(path.name for path in out.iterdir()) == ["small-1.svg", "small-2.svg", "small.md"]
    text = (out / "small.md").read_text("utf-8")
    assert "```flasktrace" not in text and "](small-1.svg)" in text and "Some *Markdown* & text." in text
    assert "def index():" in text and "Flask.dispatch_request" in text


@pytest.mark.parametrize("form", ["page", "site"])
def test_a_page_and_a_site_are_built_without_any_address_outside(form: str, lesson: Path) -> None:
    done = flasktrace(lesson.parent, "lesson", "build", "small.md", "--format", form, "-o", "out")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (lesson.parent / "out").iterdir()}
    assert "small.html" in names and ("index.html" in names) == (form == "site")
    text = (lesson.parent / "out" / "small.html").read_text("utf-8")
    assert "Some <em>Markdown</em> &amp; text." in text and "Who calls" in text
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//[^\"]*\.(?:js|css|png|woff2?)", text)


def test_nothing_is_built_of_a_lesson_that_is_false(lesson: Path) -> None:
    lesson.write_text(lesson.read_text("utf-8").replace("returns: index = 'index'", "times: index = 3"))
    done = flasktrace(lesson.parent, "lesson", "build", "small.md", "-o", "out")
    assert done.returncode == 1 and not (lesson.parent / "out").exists()
    again = flasktrace(lesson.parent, "lesson", "build", "small.md", "-o", "out", "--no-check")
    assert again.returncode == 0 and (lesson.parent / "out" / "small.html").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# no front matter\n", "small.md:1: a lesson begins with front matter"),
        ("---\nscenario: hello\n", "small.md:1: the front matter is not closed"),
        ("---\ntitle: x\n---\n", "names no scenario"),
        ("---\nscenario: hello\ncolour: red\n---\n", "small.md:3: the front matter has no 'colour'"),
        ("---\nscenario: nowhere\n---\n```flasktrace expect\ncalls: a -> b\n```\n", "nowhere"),
        ("---\nscenario: nowhere.py\n---\nText only.\n", "no scenario nowhere.py"),
        (
            "---\nscenario: hello\n---\n```flasktrace show tree\nchapter: x\n```\n",
            "small.md:4: no call is in",
        ),
        ("---\nscenario: hello\n---\n```flasktrace dance\n```\n", "flasktrace dance is no block"),
        ("---\nscenario: hello\n---\n```flasktrace expect\ncalls: a\n```\n", "small.md:5: no call chain"),
        ("---\nscenario: hello\n---\n```flasktrace expect\nweather: sun\n```\n", "nothing to expect"),
        ("---\nscenario: hello\n---\n```flasktrace show tree\nlevel: x\n```\n", "level: x is not known"),
        ("---\nscenario: hello\n---\n```flasktrace show tree\n", "the block is not closed"),
        ("---\nscenario: hello\n---\n```flasktrace show source\n```\n", "show source needs a function"),
        ("---\nscenario: hello\n---\n```flasktrace ask\nquestion: x\nanswer: y\n```\n", "cannot be taken"),
    ],
)
def test_a_malformed_lesson_is_told_in_one_line(text: str, said: str, lesson: Path) -> None:
    lesson.write_text(text, "utf-8")
    done = flasktrace(lesson.parent, "lesson", "check", "small.md")
    assert (done.returncode, done.stdout) == (2, ""), done.stdout
    assert said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("path", ["absent.md", "."])
def test_no_lesson_is_told_in_one_line(path: str, tmp_path: Path) -> None:
    done = flasktrace(tmp_path, "lesson", "check", path)
    assert done.returncode == 2 and "no lesson" in done.stderr and done.stderr.count("\n") == 1
