"""Record which functions of the installed Flask and Werkzeug the bundled scenarios call.

    python tests/scenarios/record_installed_functions.py

plays each scenario in a process of its own and writes ``data/installed_functions.txt``, from which the
tests of the annotations learn what has to be explained. Run it when Flask or the scenarios change.
"""

import subprocess
import sys
from pathlib import Path

from flasktrace.scenarios.catalog import list_scenarios

DATA = Path(__file__).parent / "data" / "installed_functions.txt"
PLAY_ONE = """
import sys
from pathlib import Path
from flasktrace.tracer.model import Origin
from flasktrace.tracer.play import PlayOptions, Scenario, play
result = play(Scenario(sys.argv[1]), PlayOptions(engine="installed", trace_path=None))
for function in result.trace.functions.values():
    if function.origin in (Origin.FLASK, Origin.WERKZEUG, Origin.SERVER):
        print("@", f"{function.module}:{function.qualname}")
"""


def main() -> None:
    """Play all scenarios and write the names."""
    names: set[str] = set()
    for scenario in list_scenarios():
        command = [sys.executable, "-c", PLAY_ONE, str(scenario.path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        found = {line[2:] for line in done.stdout.splitlines() if line.startswith("@ ")}
        print(scenario.name, len(found))
        names |= found
    DATA.parent.mkdir(exist_ok=True)
    DATA.write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")


if __name__ == "__main__":
    main()
