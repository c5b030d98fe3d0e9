"""The build of the hooks in C: what it does where it cannot work, and that nothing needs it."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILDER, SOURCES = ROOT / "hatch_build.py", ROOT / "tracer" / "csrc"

pytestmark = pytest.mark.skipif(not SOURCES.is_dir(), reason="needs the sources beside the tests")
WITHOUT = """
import sys
sys.modules["flasktrace._native"] = None
from flasktrace.tracer.engines import available_engines
import flasktrace
def work():
    return 1
with flasktrace.record() as recording:
    work()
print(available_engines(), [function.name for function in recording.trace.functions.values()])
"""


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", BUILDER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("compiler", "complaint"),
    [("no-such-compiler", "no-such-compiler: No such file"), ("false", "false failed")],
)
def test_a_compiler_that_does_not_work_is_told_in_one_line(
    builder: ModuleType, compiler: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", compiler)
    target = tmp_path / "build" / "native.so"
    said = builder.compile_native(SOURCES, target)
    assert said.startswith(complaint) and "\n" not in said
    assert not target.exists()


def test_an_error_in_the_source_is_told_by_its_first_line(builder: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "module.c").write_text("#error this is no engine\n")
    assert "this is no engine" in builder.compile_native(tmp_path, tmp_path / "native.so")


def test_without_the_hooks_in_c_the_engines_in_python_record() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert "native" not in done.stdout and "setprofile" in done.stdout
    assert "'work'" in done.stdout
