"""Print the public names of Flask and Werkzeug, each module's own, as JSON; for genuine's Python.

    .venvs/genuine/bin/python tests/golden/record_names.py > tests/golden/names.json

Of a function its parameters are told, of a class those of its public methods too. What a class inherits from
outside of the two packages is left out: that may be another version elsewhere. ``--bundle`` tells the
bundle's names instead, and also those that a module or a class has from elsewhere.
"""

import importlib
import inspect
import json
import pkgutil
import sys
import warnings
from types import FunctionType, ModuleType
from typing import Any

PACKAGES = ("flask", "werkzeug")


def is_ours(thing: Any) -> bool:
    """Tell whether something was defined in one of the packages."""
    return str(getattr(thing, "__module__", None)).partition(".")[0] in PACKAGES


def parameters(function: Any) -> list[str]:
    """The parameters as they are written, but without the values of defaults."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ["?"]
    stars: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [stars.get(p.kind, "") + p.name + ("" if p.default is p.empty else "=") for p in found]


def attributes(cls: type, inherits: bool) -> dict[str, Any]:
    """The public attributes of a class, those of the packages or all."""
    bases = [base for base in cls.__mro__ if inherits or is_ours(base)]
    names = {name for base in bases for name in vars(base) if not name.startswith("_")}
    found = {name: getattr(cls, name, None) for name in names}
    told = {name: parameters(value) if inspect.isroutine(value) else None for name, value in found.items()}
    return dict(sorted(told.items()))


def describe(thing: Any, inherits: bool) -> Any:
    """A class by its attributes and the parameters of its constructor, a function by its parameters."""
    # By its type: asking a proxy like flask.request would ask what it stands for, and nothing is there.
    if issubclass(type(thing), type):
        init = ["self"] if thing.__init__ is object.__init__ else parameters(thing.__init__)
        return {"init": init, "attributes": attributes(thing, inherits)}
    return parameters(thing) if type(thing) is FunctionType else None


def names_of(module: Any, is_all: bool) -> dict[str, Any]:
    """What a module defines or, if asked, all that is in it; of the packages always all."""
    offers_all = hasattr(module, "__path__") and module.__name__ in ("flask", "werkzeug.wrappers")
    found = {}
    for name, value in sorted(vars(module).items()):
        if name.startswith("_") or type(value) is ModuleType:
            continue
        is_own = getattr(value, "__module__", None) == module.__name__
        if is_own or is_all or offers_all:
            found[name] = describe(value, is_all) if is_own or is_all else None
    return found


def record(is_all: bool) -> dict[str, dict[str, Any]]:
    """All public modules with their names."""
    warnings.simplefilter("ignore")
    found = {}
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        for info in pkgutil.walk_packages(path, package + "."):
            if not any(part.startswith("_") for part in info.name.split(".")):
                found[info.name] = names_of(importlib.import_module(info.name), is_all)
        found[package] = names_of(importlib.import_module(package), is_all)
    return dict(sorted(found.items()))


if __name__ == "__main__":
    if "--bundle" in sys.argv:
        from flasktrace import framework

        framework.activate()
    json.dump(record("--bundle" in sys.argv), sys.stdout, separators=(",", ":"))
