"""The application's settings: a dict that can be filled from files, objects and the environment.

Place in the pipeline: ``Flask.__init__`` makes it through ``make_config``; from then on nearly every
stage asks it something. Only names in capitals are settings.
"""

import errno
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

import flasktrace.framework.flask.json as json
from flasktrace.framework.werkzeug.utils import import_string


class ConfigAttribute:
    """An attribute of the application that really is a setting, as ``app.testing`` is ``TESTING``."""

    def __init__(self, name: str, get_converter: Callable[[Any], Any] | None = None) -> None:
        self.__name__ = name
        self.get_converter = get_converter

    def __get__(self, obj: Any, type: type | None = None) -> Any:
        if obj is None:
            return self
        setting = obj.config[self.__name__]
        return setting if self.get_converter is None else self.get_converter(setting)

    def __set__(self, obj: Any, value: Any) -> None:
        obj.config[self.__name__] = value


# What "there is no such file" looks like.
_ABSENT = (errno.ENOENT, errno.EISDIR)


class Config(dict[str, Any]):
    """The settings.

    Args:
        root_path: the folder that file names are relative to.
        defaults: settings to begin with.
    """

    def __init__(self, root_path: str, defaults: Any = None) -> None:
        super().__init__(defaults or {})
        self.root_path = root_path

    def from_envvar(self, variable_name: str, silent: bool = False) -> bool:
        """Read the Python file whose name is in an environment variable.

        Raises:
            RuntimeError: the variable is not set, and not ``silent``.
        """
        file_path = os.environ.get(variable_name)
        if file_path:
            return self.from_pyfile(file_path, silent=silent)
        if silent:
            return False
        raise RuntimeError(
            f"The environment variable {variable_name!r} is not set and as such configuration could not be"
            " loaded. Set this variable and make it point to a configuration file"
        )

    def from_pyfile(self, filename: Any, silent: bool = False) -> bool:
        """Run a Python file and take the capitals it defines.

        Raises:
            OSError: the file cannot be read; with ``silent``, a missing file gives False instead.
        """
        file_path = os.path.join(self.root_path, filename)
        namespace = ModuleType("config")
        namespace.__file__ = file_path
        try:
            with open(file_path, "rb") as source:
                exec(compile(source.read(), file_path, "exec"), vars(namespace))
        except OSError as problem:
            if silent and problem.errno in (*_ABSENT, errno.ENOTDIR):
                return False
            problem.strerror = f"Unable to load configuration file ({problem.strerror})"
            raise
        self.from_object(namespace)
        return True

    def from_object(self, obj: Any) -> None:
        """Take the attributes in capitals of an object, a class, a module or the import name of one."""
        source = import_string(obj) if isinstance(obj, str) else obj
        self.update((name, getattr(source, name)) for name in dir(source) if name.isupper())

    def from_json(self, filename: Any, silent: bool = False) -> bool:
        """Take the capitals of a JSON file whose outermost value is an object.

        Raises:
            OSError: as for :meth:`from_pyfile`.
        """
        file_path = os.path.join(self.root_path, filename)
        try:
            with open(file_path) as source:
                settings = json.loads(source.read())
        except OSError as problem:
            if silent and problem.errno in _ABSENT:
                return False
            problem.strerror = f"Unable to load configuration file ({problem.strerror})"
            raise
        return self.from_mapping(settings)

    def from_mapping(self, *mapping: Any, **kwargs: Any) -> bool:
        """Take the capitals of one mapping or list of pairs, and of the keyword arguments.

        Raises:
            TypeError: more than one mapping.
        """
        if len(mapping) > 1:
            raise TypeError(f"expected at most 1 positional argument, got {len(mapping)}")
        for source in (*mapping, kwargs):
            pairs = source.items() if hasattr(source, "items") else source
            self.update((name, setting) for name, setting in pairs if name.isupper())
        return True

    def get_namespace(
        self, namespace: str, lowercase: bool = True, trim_namespace: bool = True
    ) -> dict[str, Any]:
        """Give the settings whose names begin with ``namespace``, by default without it and in lower case."""
        start = len(namespace) if trim_namespace else 0
        found = {name[start:]: setting for name, setting in self.items() if name.startswith(namespace)}
        return {name.lower(): setting for name, setting in found.items()} if lowercase else found

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {dict.__repr__(self)}>"
