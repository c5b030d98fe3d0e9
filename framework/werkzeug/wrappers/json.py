"""JSON bodies of requests and responses: a mixin that Flask's Request and Response build upon."""

import datetime
import json
import uuid
from typing import Any

from ..exceptions import BadRequest
from ..utils import detect_utf_encoding

_unset: Any = ...


class _JSONModule:
    """``dumps`` and ``loads`` with the web in mind: compact, and with dates and markup."""

    @staticmethod
    def _default(o: Any) -> str:
        if isinstance(o, datetime.date):
            return o.isoformat()
        if isinstance(o, uuid.UUID):
            return str(o)
        if hasattr(o, "__html__"):
            return str(o.__html__())
        raise TypeError()

    @classmethod
    def dumps(cls, obj: Any, **kw: Any) -> str:
        return json.dumps(obj, **{"separators": (",", ":"), "default": cls._default, "sort_keys": True, **kw})

    @staticmethod
    def loads(s: str | bytes, **kw: Any) -> Any:
        return json.loads(s.decode(detect_utf_encoding(s)) if isinstance(s, bytes) else s, **kw)


class JSONMixin:
    """``json`` and ``get_json()`` for a class with ``get_data()`` and ``mimetype``."""

    #: What reads the JSON; anything with ``dumps`` and ``loads``.
    json_module: Any = _JSONModule
    mimetype: Any
    get_data: Any

    #: The results kept: when errors are raised, and when they are silent.
    _cached_json: tuple[Any, Any] = (_unset, _unset)

    @property
    def json(self) -> Any:
        """The parsed body; None if it is not declared to be JSON."""
        return self.get_json()

    @property
    def is_json(self) -> bool:
        """Whether the mimetype says JSON: ``application/json`` or ``application/*+json``."""
        mimetype = self.mimetype
        if mimetype == "application/json":
            return True
        return bool(mimetype.startswith("application/") and mimetype.endswith("+json"))

    def _get_data_for_json(self, cache: bool) -> Any:
        try:
            return self.get_data(cache=cache)
        except TypeError:
            # A response's body is there anyway and takes no such argument.
            return self.get_data()

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Parse the body as JSON.

        Args:
            force: whatever the mimetype says.
            silent: None instead of an error.
            cache: keep the result for the next time.

        Raises:
            BadRequest: it is no JSON, see :meth:`on_json_loading_failed`.
        """
        if cache and self._cached_json[silent] is not _unset:
            return self._cached_json[silent]
        if not (force or self.is_json):
            return None
        data = self._get_data_for_json(cache=cache)
        loud, quiet = self._cached_json
        try:
            result = loud = quiet = self.json_module.loads(data)
        except ValueError as error:
            if silent:
                result = quiet = None
            else:
                result = loud = self.on_json_loading_failed(error)
        if cache:
            self._cached_json = loud, quiet
        return result

    def on_json_loading_failed(self, e: ValueError) -> Any:
        """What a body that is no JSON gives; override it to return a value instead."""
        raise BadRequest(f"Failed to decode JSON object: {e}")
