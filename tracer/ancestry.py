"""Which classes are looked through when an inherited method is called: each receiver's classes, in order.

Found after the recording, from the classes that are still there, so that the hook pays nothing for it.
A class is asked through the descriptors of ``type`` alone: no metaclass's code runs.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from flasktrace.tracer.capture import class_name_of
from flasktrace.tracer.model import Function, Metadata, Trace

EXTRA_KEY = "ancestries"
"""Under this key of ``Metadata.extra`` they are kept, as JSON: class name to the names of its classes."""

MAX_CLASSES = 2_000  # of one family; what is larger is no class of a web application

_mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_dict_of: Callable[[type], Mapping[str, object]] = type.__dict__["__dict__"].__get__
_subclasses_of: Callable[[type], list[type]] = type.__subclasses__


def with_ancestries(
    trace: Trace, namespace: Mapping[str, Any], called_on: Iterable[tuple[int, str]] | None = None
) -> Metadata:
    """The trace's metadata with the ancestries of all receivers of inherited methods.

    Args:
        trace: finished, in the process that recorded it.
        namespace: of the script, as ``__main__`` is someone else's by now.
        called_on: what :func:`receivers` finds, of a trace that is not held any more.
    """
    found: dict[str, list[str]] = {}
    for function_id, class_name in sorted(receivers(trace) if called_on is None else called_on):
        function = trace.functions[function_id]
        if class_name not in found and _is_inherited(function, class_name):
            mro = _ancestry(function, class_name, namespace)
            if mro:
                found[class_name] = mro
    if not found:
        return trace.metadata
    return replace(trace.metadata, extra={**trace.metadata.extra, EXTRA_KEY: json.dumps(found)})


def receivers(trace: Trace) -> set[tuple[int, str]]:
    """The functions that were called on objects, by id, with the objects' classes."""
    calls = trace.calls
    details, held = calls.details, set(zip(calls.function_id, calls.detail, strict=True))
    shapes = {(key, details.shape[at - details.gone_count]) for key, at in held if at >= details.gone_count}
    return {(key, details.shapes[shape][1][0][1]) for key, shape in shapes if details.shapes[shape][0]}


def ancestries(metadata: Metadata) -> dict[str, tuple[str, ...]]:
    """What :func:`with_ancestries` found; empty where a file says none, or nonsense."""
    try:
        data = json.loads(metadata.extra.get(EXTRA_KEY, "{}"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {
        name: tuple(classes)
        for name, classes in data.items()
        if isinstance(classes, list) and all(isinstance(each, str) for each in classes)
    }


def _is_inherited(function: Function, class_name: str) -> bool:
    """Whether a method was called on an object that inherits it, as far as the names tell."""
    owner = function.qualname.rpartition(".")[0]
    if class_name == "type" or not owner or owner.endswith("<locals>"):
        return False
    return owner.rpartition(".")[2] != class_name


def _ancestry(function: Function, class_name: str, namespace: Mapping[str, Any]) -> list[str]:
    owner = _defining_class(function, namespace)
    if owner is None:
        return []
    seen = {id(owner)}
    waiting = [owner]
    while waiting and len(seen) < MAX_CLASSES:
        kind = waiting.pop()
        if class_name_of(kind) == class_name:
            return [class_name_of(each) for each in _mro_of(kind)]
        for child in _subclasses_of(kind):
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)
    return []


def _defining_class(function: Function, namespace: Mapping[str, Any]) -> type | None:
    if function.module == "__main__":
        names: Mapping[str, Any] = namespace
    else:
        module = sys.modules.get(function.module)
        names = getattr(module, "__dict__", {})
    found: object = None
    for part in function.qualname.split(".")[:-1]:
        found = names.get(part)
        if not issubclass(type(found), type):
            return None
        names = _dict_of(found)  # type: ignore[arg-type]
    return found if isinstance(found, type) else None
