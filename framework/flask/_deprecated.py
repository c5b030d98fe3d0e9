"""Names that stay for old programs and warn when they are used. No part of the lesson."""

import warnings


class DeprecatedFlag:
    """Stands for True or False and warns each time a program looks which.

    Args:
        name: the name by which programs know it.
        version: the version that will be without it.
        value: what it stands for.
    """

    def __init__(self, name: str, version: str, value: bool) -> None:
        self.message = f"'{name}' is deprecated and will be removed in version {version}."
        self.value = value

    def _look(self) -> bool:
        warnings.warn(self.message, DeprecationWarning, stacklevel=3)
        return self.value

    def __bool__(self) -> bool:
        return self._look()

    def __eq__(self, other: object) -> bool:
        return other == self._look()

    def __ne__(self, other: object) -> bool:
        return other != self._look()

    # As the original's: it compares, so it is no key.
    __hash__ = None  # type: ignore[assignment]
