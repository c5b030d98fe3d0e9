"""What all tests share: the switch that renews golden files, and a check that nothing is left behind."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from tests.one_python import IS_SHARED, share

# A machine may be busy with other things: how long an example takes says nothing about the code.
settings.register_profile(
    "flasktrace",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=share(100),
    derandomize=False,
    **({"database": None} if IS_SHARED else {}),
)
settings.load_profile("flasktrace")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Where all tests must pass, let the examples be the same each time, and on each Python others.

    Elsewhere they are others each time, and find more.
    """
    if IS_SHARED and config.getoption("--hypothesis-seed") is None:
        config.option.hypothesis_seed = str(sys.version_info[1])


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # In the background of a shell; tests of Ctrl-C, and the processes they start, would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--renew-golden``."""
    parser.addoption(
        "--renew-golden",
        action="store_true",
        help="write the golden files anew (those of the pipeline from genuine Flask 1.1.4)",
    )


@pytest.fixture
def renew_golden(request: pytest.FixtureRequest) -> bool:
    """Tell whether golden files are to be written, not compared."""
    return bool(request.config.getoption("--renew-golden"))


@pytest.fixture
def cannot_run() -> Callable[[str], None]:
    """Skips a test for a reason; fails it where every test must run (``FLASKTRACE_ALL_TESTS``)."""

    def skip_or_fail(reason: str) -> None:
        if os.environ.get("FLASKTRACE_ALL_TESTS"):
            pytest.fail(reason)
        pytest.skip(reason)

    return skip_or_fail


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a profile hook installed or the environment variables changed."""
    hook, thread_hook = sys.getprofile(), threading.getprofile()
    environment = _environment()
    yield
    assert sys.getprofile() is hook, "a profile hook was left installed"
    assert threading.getprofile() is thread_hook, "a profile hook for threads was left installed"
    assert _environment() == environment, "environment variables were left changed"


def _environment() -> dict[str, str]:
    # pytest itself keeps the name of the running test there.
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
