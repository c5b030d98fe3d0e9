"""The finder behind :func:`flasktrace.framework.activate`, and the loader of the leaves.

Three families of names:

``flasktrace.framework.flask...``
    loaded from this folder; the module's ``__name__`` is the upstream name.
``flask...`` and ``werkzeug...``, only after :func:`activate`
    the very same module objects.
``flasktrace.framework._leaves...``
    the installed Werkzeug's leaf modules (headers, HTTP dates, forms), as a copy of their own, since
    the name ``werkzeug`` may belong to the bundle in this process.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

_HERE = "flasktrace.framework."
_LEAVES = _HERE + "_leaves"
_UPSTREAM = ("flask", "werkzeug")


def _is_upstream(name: str) -> bool:
    return name.partition(".")[0] in _UPSTREAM


class _RenamingLoader(importlib.machinery.SourceFileLoader):
    """Loads a module from its file and lets it call itself by another name.

    A package gets its real name back once it has run, as ``from package import submodule`` looks the
    submodule up under the package's ``__name__``; while the bundle is active both names find it.
    """

    shown_name = ""

    def exec_module(self, module: ModuleType) -> None:
        module.__name__ = self.shown_name
        try:
            self._run(module)
        finally:
            if self.is_package(self.name) and not _finder.active:
                module.__name__ = self.name

    def get_source(self, fullname: str) -> str | None:
        """The module's source, for tracebacks and debuggers, which know it by the shown name."""
        return super().get_source(self.name if fullname == self.shown_name else fullname)

    def _run(self, module: ModuleType) -> None:
        # Not super().exec_module(): that insists on the name the file was found by.
        code = self.get_code(self.name)
        assert code is not None, "a source file always has code"
        exec(code, module.__dict__)


class _AliasLoader(importlib.abc.Loader):
    """Gives a module that is loaded already (or loads it now) under its upstream name.

    What else may be asked of a loader (its code, the files beside it) the real one answers.
    """

    def __init__(self, real_name: str, real: Any) -> None:
        self._real_name, self._real = real_name, real
        self._real_spec: importlib.machinery.ModuleSpec | None = None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._real_name)
        self._real_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just put the alias's spec on the module; relative imports inside it
        # go by the real one.
        module.__spec__ = self._real_spec

    def get_data(self, path: str) -> Any:
        """The bytes of a file that comes with a package."""
        return self._real.get_data(path)

    def is_package(self, fullname: str) -> Any:
        """Tell whether the module has others below it."""
        return self._real.is_package(self._real_name)

    def get_code(self, fullname: str) -> Any:
        """What ``python -m`` runs."""
        return self._real.get_code(self._real_name)

    def get_source(self, fullname: str) -> Any:
        """The module's source."""
        return self._real.get_source(self._real_name)

    def get_filename(self, fullname: str) -> Any:
        """The module's file."""
        return self._real.get_filename(self._real_name)

    def get_resource_reader(self, fullname: str) -> Any:
        """What reads the files that come with a package."""
        return self._real.get_resource_reader(self._real_name)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the bundle's modules under both names, see the module's docstring."""

    active = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.startswith(_HERE) and _is_upstream(fullname[len(_HERE) :]):
            return self._renamed(fullname, path, fullname[len(_HERE) :])
        if self.active and _is_upstream(fullname):
            return self._alias(fullname)
        return None

    def _renamed(
        self, fullname: str, path: Sequence[str] | None, shown_name: str
    ) -> importlib.machinery.ModuleSpec | None:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            loader = _RenamingLoader(fullname, spec.loader.path)
            loader.shown_name = shown_name
            spec.loader = loader
        return spec

    def _alias(self, fullname: str) -> importlib.machinery.ModuleSpec | None:
        try:
            real = importlib.util.find_spec(_HERE + fullname)
        except ModuleNotFoundError:
            return None
        if real is None:
            # Never let the installed package fill a gap of the bundle: that would mix two versions.
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return importlib.machinery.ModuleSpec(
            fullname,
            _AliasLoader(_HERE + fullname, real.loader),
            origin=real.origin,
            is_package=real.submodule_search_locations is not None,
        )


_finder = _Finder()


def _loaded_packages() -> list[tuple[str, ModuleType]]:
    """The bundle's packages that are loaded, with their real names."""
    return [
        (name, module)
        for name, module in sys.modules.items()
        if name.startswith(_HERE) and _is_upstream(name[len(_HERE) :]) and hasattr(module, "__path__")
    ]


def _install() -> None:
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def activate() -> None:
    """Make ``import flask`` and ``import werkzeug`` give the bundled modules in this process.

    Raises:
        RuntimeError: the installed Flask or Werkzeug has been imported already; two frameworks under
            one name would mix.
    """
    if _finder.active:
        return
    for name in _UPSTREAM:
        module = sys.modules.get(name)
        if module is not None and module is not sys.modules.get(_HERE + name):
            raise RuntimeError(
                f"the installed {name!r} is imported already; call activate() before anything imports it"
            )
    _install()
    _finder.active = True
    for name, package in _loaded_packages():
        package.__name__ = name[len(_HERE) :]


def deactivate() -> None:
    """Take the names ``flask`` and ``werkzeug`` away from the bundle again (for tests)."""
    _finder.active = False
    for name, module in _loaded_packages():
        module.__name__ = name
    for name in [name for name in sys.modules if _is_upstream(name)]:
        del sys.modules[name]


def is_active() -> bool:
    """Tell whether ``import flask`` gives the bundle in this process."""
    return _finder.active


def _make_leaves_package() -> None:
    """Register the installed Werkzeug's folder as a package of its own, without running its ``__init__``."""
    for folder in sys.path:
        spec = importlib.machinery.PathFinder.find_spec("werkzeug", [folder])
        if spec is not None and spec.submodule_search_locations:
            package = ModuleType(_LEAVES)
            package.__path__ = list(spec.submodule_search_locations)
            package.__spec__ = importlib.machinery.ModuleSpec(_LEAVES, None, is_package=True)
            package.__package__ = _LEAVES
            sys.modules[_LEAVES] = package
            return
    raise ModuleNotFoundError("Werkzeug 3 is not installed; the bundled framework takes its leaves from it")


_install()
if _LEAVES not in sys.modules:
    _make_leaves_package()
