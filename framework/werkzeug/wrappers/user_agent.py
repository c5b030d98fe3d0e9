"""What program the client says it is. Part of :class:`Request`."""

from typing import Any

from ..useragents import UserAgent
from ..utils import cached_property


class UserAgentMixin:
    """The request's ``User-Agent`` header."""

    environ: dict[str, Any]

    @cached_property
    def user_agent(self) -> UserAgent:
        """Browser, version, platform and language."""
        return UserAgent(self.environ)
