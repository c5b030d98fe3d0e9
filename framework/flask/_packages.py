"""Where modules and packages lie on the disk. Called by ``helpers`` when an application is made."""

import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec


def folder_of_module(import_name: str) -> str:
    """Give the folder of a module; the current one if it has none. See ``helpers.get_root_path``."""
    module = sys.modules.get(import_name)
    known_file: str | None = getattr(module, "__file__", None)
    if known_file is not None:
        return os.path.dirname(os.path.abspath(known_file))
    try:
        spec = importlib.util.find_spec(import_name)
    except (ImportError, ValueError):
        spec = None
    # An interactive session has no file.
    if spec is None or import_name == "__main__":
        return os.getcwd()
    if not spec.has_location or spec.origin is None:
        raise RuntimeError(
            f'No root path can be found for the provided module "{import_name}". It may be a namespace'
            " package, or come from an import hook that gives no file names: pass root_path explicitly."
        )
    return os.path.dirname(os.path.abspath(spec.origin))


def folder_of_spec(spec: ModuleSpec) -> str:
    """Give the folder that must be on ``sys.path`` to import what ``spec`` describes."""
    if spec.origin in ("namespace", None):
        return os.path.dirname(next(iter(spec.submodule_search_locations or [os.getcwd()])))
    assert spec.origin is not None
    folder = os.path.dirname(spec.origin)
    return os.path.dirname(folder) if spec.submodule_search_locations else folder


def split_prefix(package_path: str) -> str | None:
    """Give the prefix that a package is installed under; None for one that just lies somewhere."""
    python_prefix = os.path.abspath(sys.prefix)
    if package_path.startswith(python_prefix):
        return python_prefix
    parent, folder = os.path.split(package_path)
    if folder.lower() != "site-packages":
        return None
    grandparent, parent_name = os.path.split(parent)
    if parent_name.lower() == "lib":
        # Windows: PREFIX\Lib\site-packages
        return grandparent
    if os.path.basename(grandparent).lower() == "lib":
        # POSIX: PREFIX/lib/pythonX.Y/site-packages
        return os.path.dirname(grandparent)
    return parent
