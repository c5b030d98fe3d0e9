"""Who calls whom in the bundled scenarios: recorded once, read from a data file beside the annotations.

``tests/scenarios/record_callers.py`` plays all scenarios on both engines and writes the file; the tests
check that it is current. A set of scenarios is written as a hexadecimal number, the first scenario's bit
being the lowest, so that the file stays small.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

FILE_NAME = "callers.json"
YOUR_CODE = ""
"""Stands for the caller when that is a scenario's own code."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One who calls a function.

    Attributes:
        key: ``module:qualname``, or :data:`YOUR_CODE`.
        scenarios: the names of the scenarios in which it does, in the order of the course.
    """

    key: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallerIndex:
    """The callers of each function that a bundled scenario calls, for both engines.

    Attributes:
        digests: by scenario, of the script that was played (see :func:`script_digest`).
        engines: engine, then the function's key, then its caller's key, to the set of scenarios as bits.
    """

    digests: Mapping[str, str]
    engines: Mapping[str, Mapping[str, Mapping[str, int]]]

    def keys(self, engine: str) -> set[str]:
        """The functions that are called by any scenario on this engine."""
        return set(self.engines.get(engine, {}))

    def callees(self, engine: str, caller: str) -> set[str]:
        """What a function (:data:`YOUR_CODE` for a scenario's own code) calls on this engine."""
        return {key for key, callers in self.engines.get(engine, {}).items() if caller in callers}

    def callers(self, engine: str, key: str) -> list[Caller]:
        """Who calls a function, the one that does so in most scenarios first."""
        found = [
            Caller(caller, self._names(bits)) for caller, bits in self.engines[engine].get(key, {}).items()
        ]
        return sorted(found, key=lambda caller: (-len(caller.scenarios), caller.key))

    def _names(self, bits: int) -> tuple[str, ...]:
        return tuple(name for i, name in enumerate(self.digests) if bits >> i & 1)


def load_callers() -> CallerIndex:
    """Read the bundled data file."""
    text = resources.files(__package__).joinpath("annotations", FILE_NAME).read_text("utf-8")
    return index_of(json.loads(text))


def index_of(data: Mapping[str, Any]) -> CallerIndex:
    """The index that the file's parsed text tells of."""
    engines = {
        engine: {
            key: {caller: int(bits, 16) for caller, bits in callers.items()}
            for key, callers in functions.items()
        }
        for engine, functions in data["engines"].items()
    }
    return CallerIndex(data["scenarios"], engines)


def script_digest(path: Path) -> str:
    """Tells whether a scenario is still the one that was played."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:12]
