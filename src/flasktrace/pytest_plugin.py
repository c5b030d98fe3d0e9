"""The pytest plugin: ``--flasktrace`` keeps the trace of each failing test; a fixture ``flasktrace``.

Without the option and the fixture nothing of flasktrace is imported and nothing is recorded.
"""

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flasktrace.recording import Recording

_MAX_NAME_CHARS = 120


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("flasktrace")
    group.addoption("--flasktrace", action="store_true", help="keep the trace of each failing test")
    group.addoption(
        "--flasktrace-dir",
        default="flasktraces",
        metavar="DIR",
        help="where to keep them (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Record tests only where it was asked for."""
    if config.getoption("--flasktrace"):
        folder = config.rootpath / config.getoption("--flasktrace-dir")
        config.pluginmanager.register(FailureTraces(folder), "flasktrace-failures")


@pytest.fixture(name="flasktrace")
def flasktrace_fixture(request: pytest.FixtureRequest) -> "Iterator[Recording]":
    """The recording of this test: ``flasktrace.assert_calls(["Flask.wsgi_app", "index"])``."""
    from flasktrace.recording import record

    failures = request.config.pluginmanager.get_plugin("flasktrace-failures")
    if isinstance(failures, FailureTraces) and failures.recording is not None:
        yield failures.recording
        return
    with record(name=request.node.name) as recording:
        yield recording


class FailureTraces:
    """Records every test, and keeps what was recorded of those that fail.

    Args:
        folder: for the traces; made when the first test fails.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recording: Recording | None = None
        self._has_failed = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Record set-up, test and tear-down."""
        from flasktrace.recording import record

        self._has_failed = False
        try:
            with record(name=item.name) as self.recording:
                result = yield
            if self._has_failed:
                self.folder.mkdir(parents=True, exist_ok=True)
                self.recording.save(self.path_of(item))
        finally:
            self.recording = None
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say in the report of a failure where its trace is."""
        report = yield
        if report.failed:
            self._has_failed = True
            told = f"flasktrace show {self.path_of(item)}"
            report.sections.append(("flasktrace: see what was called with", told))
        return report

    def path_of(self, item: pytest.Item) -> Path:
        """The file for a test's trace, named after its id."""
        name = re.sub(r"[^\w.-]+", "-", item.nodeid).strip("-")[-_MAX_NAME_CHARS:]
        return self.folder / f"{name}.flasktrace"
