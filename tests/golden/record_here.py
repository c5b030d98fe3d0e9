"""The facts of a scenario as this Python records them, on the bundle or on the installed Flask."""

import json
import os
import sys
from pathlib import Path

from tests.commands import run_apart
from tests.golden import record_chain
from tests.golden.compare import Facts
from tests.golden.record_genuine import script_path


def record_here(name: str, folder: Path, *, bundle: bool = False) -> Facts:
    """Record one scenario in a process of its own.

    Args:
        name: the scenario's name.
        folder: an empty one, the process's current folder.
        bundle: on the bundled framework.

    Raises:
        AssertionError: the scenario did not run to its end; the message is what its process wrote.
    """
    output = folder / "facts.json"
    options = ["--bundle"] if bundle else []
    done = run_apart(folder, _record, *options, "--output", str(output), str(script_path(name)))
    assert done.returncode == 0, f"{name}: {done.stderr[-3000:]}"
    facts: Facts = json.loads(output.read_text(encoding="utf-8"))
    return facts


def _record(*arguments: str) -> None:
    for variable in [name for name in os.environ if name.startswith(("FLASK_", "WERKZEUG_"))]:
        del os.environ[variable]
    script = str(record_chain.__file__)
    sys.path.insert(0, os.path.dirname(script))
    sys.argv = [script, *arguments]
    record_chain.main()
