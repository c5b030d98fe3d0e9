"""The package as others get it: a wheel and an sdist, installed outside the checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from tests.one_python import met_on

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [
    pytest.mark.skipif(not (ROOT / "framework").is_dir(), reason="needs the sources beside the tests"),
    # One worker builds, once.
    pytest.mark.xdist_group("packaging"),
]


def _run(*command: str | Path, cwd: Path, **environment: str) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV_", "PYTEST"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, env=clean | environment
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the wheel, and this environment's other packages."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    site = next(home.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    # Path lines of a .pth file add folders without reading the .pth files in them: the editable
    # flasktrace of this environment stays out.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin" / "python"


def test_the_wheel_has_the_four_folders_inside_flasktrace_and_nothing_at_the_top(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = wheel.namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"flasktrace"}
    for folder in ("framework/flask", "framework/werkzeug", "tracer", "reports", "scenarios", "cli"):
        assert f"flasktrace/{folder}/__init__.py" in names
    for source in ROOT.glob("scenarios/annotations/*.toml"):
        assert f"flasktrace/scenarios/annotations/{source.name}" in names


def test_the_installed_wheel_runs_hello_and_writes_its_files(installed: Path, tmp_path: Path) -> None:
    printed = _run(installed, "-m", "flasktrace", "run", "hello", "--lang", "en", cwd=tmp_path)
    assert "full_dispatch_request" in printed
    assert "index()" in printed, "the scenario's own function, though it is installed"
    assert {path.name for path in (tmp_path / "hello-trace").iterdir()} == {
        "trace.flasktrace",
        "sequence.svg",
        "startup.svg",
        "callgraph.svg",
    }


@met_on(11, "the sdist's tests")
@pytest.mark.timeout(1200)  # it runs many tests
def test_the_unpacked_sdist_passes_its_own_tests_against_the_installed_wheel(
    built: Path, installed: Path, tmp_path: Path
) -> None:
    import tarfile

    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        sdist.extractall(tmp_path, filter="data")
    unpacked = next(tmp_path.iterdir())
    # The tests must meet the wheel, not the sources beside them.
    for folder in ("src", "framework", "tracer", "reports", "scenarios"):
        (unpacked / folder).rename(unpacked / f"unused-{folder}")
    _run(
        installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", *_what_of_the_sdist(),
        cwd=unpacked, FLASKTRACE_ALL_TESTS="",
    )  # fmt: skip


def _what_of_the_sdist() -> list[str]:
    """Which of its tests an sdist runs here: more where all tests are asked for.

    What an installed package could lack is seen by these; views and documents are made of the same files.
    """
    tracer = [f"tests/tracer/test_tracer_{name}.py" for name in ("native", "play", "recorder", "scope")]
    some = [*tracer, "tests/cli/test_cli_page.py", "tests/cli/test_cli_bad_input.py"]
    if not os.environ.get("FLASKTRACE_ALL_TESTS"):
        return some
    # Left to the checkout: the scenarios against their golden files, some of which depend on where a script
    # lies, and facts about `assert` as Python has it, which pytest rewrites in all files of a distribution
    # with a plug-in.
    answers = "tests/framework/test_werkzeug_answers.py::test_bundle_answers_as_genuine_werkzeug_does"
    left = ["--ignore=tests/framework/test_truth_scenarios.py", f"--deselect={answers}[datastructures]"]
    return ["-n", "2", *some, "tests/framework", *left]


def test_modules_of_the_user_beside_the_script_stay_theirs(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "reports.py").write_text("WHOSE = 'the user'\n")
    (tmp_path / "tracer.py").write_text("WHOSE = 'the user'\n")
    (tmp_path / "framework").mkdir()
    (tmp_path / "framework" / "__init__.py").write_text("WHOSE = 'the user'\n")
    (tmp_path / "shop.py").write_text(
        "import framework, reports, tracer\n"
        "from flask import Flask\n"
        "app = Flask(__name__)\n"
        "@app.route('/')\n"
        "def index():\n"
        "    return ', '.join(m.WHOSE for m in (framework, reports, tracer))\n"
        "if __name__ == '__main__':\n"
        "    app.run()\n"
    )
    printed = _run(
        installed, "-m", "flasktrace", "run", "shop.py", "--lang", "en", "--no-files", cwd=tmp_path
    )
    assert "the user, the user, the user" in printed


def test_none_of_the_folders_is_importable_under_its_bare_name(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys, flasktrace.tracer, flasktrace.reports, flasktrace.scenarios, flasktrace.framework\n"
        "print([m for m in ('tracer', 'reports', 'scenarios', 'framework') if m in sys.modules])"
    )
    assert _run(installed, "-c", code, cwd=tmp_path).strip() == "[]"
