"""Which code is recorded: decided once for each file, with the reason kept.

The default scope is the program's own code, Flask, Werkzeug, and the standard library's server. Patterns
of the user's include or exclude modules (``package`` or ``package.*``), paths (with a ``/``) and
distributions (by their published name, or that of the folder in ``site-packages``).
"""

import functools
import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from flasktrace.tracer.model import Origin

DEFAULT_ORIGINS = frozenset({Origin.USER, Origin.FLASK, Origin.WERKZEUG, Origin.SERVER})

_SERVER_MODULES = frozenset({"socketserver", "http.server", "selectors"})
_OUR_FRAMEWORK = "flasktrace.framework."
_OUR_LEAVES = "flasktrace.framework._leaves"
_LIBRARY_FOLDERS = re.compile(r"[/\\](?:site-packages|dist-packages)[/\\]")


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the code of a file is recorded, whose it is, and why it was decided so."""

    is_recorded: bool
    origin: Origin
    module: str  # as shown to a user
    reason: str


@dataclass(frozen=True, slots=True)
class ScopeOptions:
    """What is recorded. Patterns are those of ``fnmatch``; an exclusion wins over an inclusion.

    Attributes:
        origins: whose code is in scope.
        include: further modules, paths or distributions to record.
        exclude: what not to record, though its origin is in scope.
        own: packages that are the program's own wherever they are installed.
        own_folders: folders whose code is the program's own, wherever they are; packages installed in them
            are not.
    """

    origins: frozenset[Origin] = DEFAULT_ORIGINS
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    own_folders: tuple[str, ...] = ()


def shown_module(name: str) -> str:
    """The upstream name of a module: the bundle's and its leaves' own prefixes are never shown."""
    if name.startswith(_OUR_LEAVES):
        return "werkzeug" + name[len(_OUR_LEAVES) :]
    return name[len(_OUR_FRAMEWORK) :] if name.startswith(_OUR_FRAMEWORK) else name


def _folders(*names: str) -> tuple[str, ...]:
    found = {sysconfig.get_path(name) for name in names} | {
        os.path.realpath(sysconfig.get_path(name)) for name in names
    }
    return tuple(sorted(folder + os.sep for folder in found if folder))


@dataclass(slots=True)
class Scope:
    """Decides for each file of code whether it is recorded; the answers are kept in :attr:`decisions`."""

    options: ScopeOptions = field(default_factory=ScopeOptions)
    decisions: dict[str, Decision] = field(default_factory=dict)
    _stdlib: tuple[str, ...] = field(default_factory=lambda: _folders("stdlib", "platstdlib"))
    _ours: str = str(Path(__file__).parent.parent)  # the folder that holds tracer/ and framework/

    def decide(self, file_path: str, module_globals: Mapping[str, object]) -> Decision:
        """The decision for the code of a file, made when the file is first met.

        Args:
            file_path: the code's ``co_filename``.
            module_globals: the globals its functions run in; only exact strings are read from them.
        """
        name = module_globals.get("__name__")
        module = name if type(name) is str else ""
        if file_path.startswith("<"):
            return self._decide_generated(file_path, module, module_globals)
        decision = self.decisions.get(file_path)
        if decision is None:
            decision = self.decisions[file_path] = self._decide(file_path, module)
        return decision

    def _decide_generated(
        self, file_path: str, module: str, module_globals: Mapping[str, object]
    ) -> Decision:
        """Generated code (a dataclass's methods, exec) belongs to the module it runs in, if there is one."""
        source = module_globals.get("__file__")
        if type(source) is not str:  # run in a namespace of its own, as SQLAlchemy's decorators are
            source = getattr(sys.modules.get(module), "__file__", None)
        decision = self._decide(source if type(source) is str else file_path, module)
        if decision.is_recorded and (decision.origin is not Origin.USER or module not in sys.modules):
            return Decision(False, decision.origin, decision.module, "generated code, in no file to look at")
        return decision

    def _decide(self, file_path: str, module: str) -> Decision:
        shown = shown_module(module)
        if _is_ours(module):
            return Decision(False, Origin.LIBRARY, shown, "flasktrace's own")
        origin = self._origin(file_path, shown, module)
        if origin is None:
            return Decision(False, Origin.LIBRARY, shown, "a template, not Python code")
        names = _names_of(file_path, shown) if self.options.exclude or self.options.include else ()
        if pattern := _first_match(self.options.exclude, names):
            return Decision(False, origin, shown, f"excluded by {pattern!r}")
        if pattern := _first_match(self.options.include, names):
            return Decision(True, origin, shown, f"included by {pattern!r}")
        if origin in self.options.origins:
            return Decision(True, origin, shown, f"{origin.value} code is in scope")
        return Decision(False, origin, shown, f"{origin.value} code is out of scope")

    def _origin(self, file_path: str, shown: str, module: str) -> Origin | None:
        top = shown.partition(".")[0]
        if not file_path.endswith((".py", ".pyw", ".pyc")) and not file_path.startswith("<"):
            if Path(file_path).suffix:  # Jinja's compiled templates carry the template's path
                return None
        elif file_path == "<template>":
            return None
        if top in ("flask", "werkzeug") and self._is_framework(file_path, module):
            return Origin.FLASK if top == "flask" else Origin.WERKZEUG
        if shown in _SERVER_MODULES or top == "wsgiref":
            return Origin.SERVER
        if top in self.options.own or self._is_own(file_path):
            return Origin.USER
        if _LIBRARY_FOLDERS.search(file_path):
            return Origin.LIBRARY
        if file_path.startswith("<frozen") or file_path.startswith(self._stdlib):
            return Origin.STDLIB
        if file_path.startswith("<") and (top in sys.stdlib_module_names or not top):
            return Origin.STDLIB
        return Origin.USER

    def _is_own(self, file_path: str) -> bool:
        for folder in self.options.own_folders:
            if file_path.startswith(folder + os.sep) and not _LIBRARY_FOLDERS.search(file_path, len(folder)):
                # Python itself may be installed below: in the home folder, or in the project's.
                return not file_path.startswith(self._stdlib) or (folder + os.sep).startswith(self._stdlib)
        return False

    def _is_framework(self, file_path: str, module: str) -> bool:
        """A user's own ``flask/`` next to the script stays the user's."""
        if module.startswith("flasktrace.") or file_path.startswith(
            str(Path(self._ours, "framework")) + os.sep
        ):
            return True
        if _LIBRARY_FOLDERS.search(file_path):
            return True
        package = sys.modules.get(module.partition(".")[0])
        source = getattr(package, "__file__", None) if package is not None else None
        return bool(source) and file_path.startswith(os.path.dirname(str(source)) + os.sep)


def is_library_folder(path: str) -> bool:
    """Whether a folder is one that packages are installed in."""
    return _LIBRARY_FOLDERS.search(path + os.sep) is not None and os.path.basename(path).endswith("-packages")


def _is_ours(module: str) -> bool:
    # By name: the scripts in ``scenarios`` run as ``__main__`` and are programs like any user's.
    if module.startswith(_OUR_FRAMEWORK):
        return module.startswith(_OUR_FRAMEWORK + "_importing")
    return module == "flasktrace" or module.startswith("flasktrace.")


def _names_of(file_path: str, module: str) -> tuple[str, ...]:
    """What a pattern may match: the module, its packages, the path, the distribution's folder."""
    parts = module.split(".")
    packages = [".".join(parts[: i + 1]) for i in range(len(parts))]
    after = _LIBRARY_FOLDERS.split(file_path)[1:]
    distribution = [re.split(r"[/\\]", after[-1])[0].removesuffix(".py")] if after else []
    names = [name for folder in distribution for name in _distributions().get(folder, ())]
    return (*packages, file_path, os.path.basename(file_path), *distribution, *names)


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    """The names under which the packages in ``site-packages`` are published, by their folders."""
    import importlib.metadata  # only when there are patterns: it is slow

    found: dict[str, list[str]] = {}
    for folder, names in importlib.metadata.packages_distributions().items():
        # Flask-Login, flask_login and flask-login are one name.
        found[folder] = sorted(
            {form for name in names for form in (name, re.sub(r"[-_.]+", "-", name).lower())}
        )
    return found


def _first_match(patterns: Iterable[str], names: tuple[str, ...]) -> str | None:
    for pattern in patterns:
        if any(fnmatchcase(name, pattern) for name in names):
            return pattern
    return None
