"""Record the golden facts of the scenarios from genuine Flask 1.1.4 on Werkzeug 1.0.1.

    python tests/golden/record_genuine.py [NAME ...]

writes ``tests/golden/data/<name>.json`` for the named scenarios, or for all. Genuine Flask has an
environment of its own (``tests/golden/requirements.txt`` lists it); ``FLASKTRACE_GENUINE_PYTHON`` names its
interpreter, ``.venvs/genuine/bin/python`` in the repository's root is the default.
"""

import atexit
import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import flasktrace.scenarios

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DATA = HERE / "data"
SCENARIOS = Path(flasktrace.scenarios.__file__).parent
# More programs for 1.1, that go into breadth and teach nothing.
PROGRAMS = HERE / "programs"
# How a scenario ends, which tells it from the folder's other modules.
LAST_LINE = ("app.run(", "cli.main(")


class RecordingFailed(Exception):
    """A scenario did not run to its end; the message is what its process wrote."""


def genuine_python() -> Path | None:
    """The interpreter that has genuine Flask 1.1.4, or None where there is no such environment."""
    default = ROOT / ".venvs" / "genuine" / "bin" / "python"
    path = Path(os.environ.get("FLASKTRACE_GENUINE_PYTHON", default))
    return path if path.exists() else None


def scenario_names() -> list[str]:
    """The bundled scenarios; golden facts are kept of each."""
    return sorted(path.stem for path in SCENARIOS.glob("*.py") if is_scenario(path))


def golden_names() -> list[str]:
    """All programs that golden facts are kept of."""
    return sorted([*scenario_names(), *(path.stem for path in PROGRAMS.glob("*.py"))])


def script_path(name: str) -> Path:
    """The script of a scenario or program."""
    path = PROGRAMS / f"{name}.py"
    return path if path.exists() else SCENARIOS / f"{name}.py"


def is_scenario(path: Path) -> bool:
    """Tell a scenario from the other modules of its folder."""
    lines = path.read_text(encoding="utf-8").rstrip().splitlines()
    return bool(lines) and lines[-1].strip().startswith(LAST_LINE)


def golden_path(name: str) -> Path:
    """Where the golden facts of a scenario are."""
    return DATA / f"{name}.json"


class _Server:
    """A process that records programs, each in a fork of its own; what they share is imported once."""

    def __init__(self, python: str, bundle: bool) -> None:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("FLASK_", "WERKZEUG_"))
        }
        self._process = subprocess.Popen(
            [python, str(HERE / "record_chain.py"), "--serve", *(["--bundle"] if bundle else [])],
            env={**kept, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def record(self, script: Path, output: Path) -> str:
        """Have a program recorded; gives the exit status as text, or nothing if the server has ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{script}\t{output}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@functools.cache
def _server(python: str, bundle: bool) -> _Server:
    server = _Server(python, bundle)
    atexit.register(server.close)
    return server


def record_text(python: Path | str, name: str, *, bundle: bool = False) -> str:
    """Record one scenario in a process of its own.

    Args:
        python: the interpreter.
        name: the scenario's name.
        bundle: on the bundled framework.

    Returns:
        The facts, as JSON.

    Raises:
        RecordingFailed: the scenario did not run to its end.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "facts.json")
        status = _server(str(python), bundle).record(script_path(name), output)
        if status != "0" or not output.exists():
            said = Path(folder, "stderr.txt")
            raise RecordingFailed(f"{name}: {said.read_text()[-3000:] if said.exists() else status}")
        return output.read_text(encoding="utf-8")


def renew(name: str, python: Path) -> str:
    """Record a scenario anew from genuine Flask and write its golden file; give the text."""
    text = record_text(python, name)
    DATA.mkdir(exist_ok=True)
    golden_path(name).write_text(text, encoding="utf-8")
    return text


def main() -> None:
    """The command line."""
    python = genuine_python()
    if python is None:
        sys.exit("there is no environment with genuine Flask 1.1.4; set FLASKTRACE_GENUINE_PYTHON")
    names = sys.argv[1:] or golden_names()

    def renewed(name: str) -> str:
        try:
            return f"{name}: {len(renew(name, python))} bytes"
        except RecordingFailed as failure:
            return f"FAILED {failure}"

    for name in names:
        print(renewed(name))


if __name__ == "__main__":
    main()
