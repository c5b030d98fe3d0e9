"""Guesses what browser and system a ``User-Agent`` header means. Used by the request's user_agent mixin."""

import re
from collections.abc import Iterable
from typing import Any

_Rules = Iterable[tuple[str, Any]]

_platforms = r"""
 cros |chromeos
iphone,ios|iphone
ipad|ipad
darwin,mac,os\s*x|macos
win|windows
android|android
netbsd|netbsd
openbsd|openbsd
freebsd|freebsd
dragonfly|dragonflybsd
(?:sun,i86)os|solaris
x11,lin(?:\b,ux)?|linux
nintendo\s+wii|wii
irix|irix
hp-?ux|hpux
aix|aix
sco,unix_sv|sco
bsd|bsd
amiga|amiga
blackberry,playbook|blackberry
symbian|symbian
"""
_browsers = r"""
googlebot|google
msnbot|msn
yahoo|yahoo
ask jeeves|ask
aol,america\s+online\s+browser|aol
opera,opr|opera
edge|edge
chrome,crios|chrome
seamonkey|seamonkey
firefox,firebird,phoenix,iceweasel|firefox
galeon|galeon
safari,version|safari
webkit|webkit
camino|camino
konqueror|konqueror
k-meleon|kmeleon
netscape|netscape
msie,microsoft\s+internet\s+explorer,trident/.+? rv:|msie
lynx|lynx
links|links
baiduspider|baidu
bingbot|bing
mozilla|mozilla
"""


def _read_table(table: str, form: str) -> list[tuple[str, re.Pattern[str]]]:
    """``pattern,pattern|name`` a line; ``form`` says where in the final pattern they go."""
    rows = (line.rsplit("|", 1) for line in table.strip("\n").splitlines())
    return [(name, re.compile(form % patterns.replace(",", "|"), re.IGNORECASE)) for patterns, name in rows]


class UserAgentParser:
    """Takes a header apart; the first rule that fits wins, so that their order matters."""

    platforms: _Rules = _read_table(_platforms, "%s")
    browsers: _Rules = _read_table(_browsers, r"(?:%s)[/\sa-z(]*(\d+[.\da-z]+)?")
    _language_re = re.compile(
        r"(?:;\s*|\s+)(\b\w{2}\b(?:-\b\w{2}\b)?)\s*;|(?:\(|\[|;)\s*(\b\w{2}\b(?:-\b\w{2}\b)?)\s*(?:\]|\)|;)"
    )

    def __call__(self, user_agent: str) -> tuple[str | None, str | None, str | None, str | None]:
        """Platform, browser, version and language, each None if it is not recognised."""
        platform = next((name for name, pattern in self.platforms if pattern.search(user_agent)), None)
        found = ((name, pattern.search(user_agent)) for name, pattern in self.browsers)
        browser, match = next((pair for pair in found if pair[1]), (None, None))
        version = match.group(1) if match else None
        language = self._language_re.search(user_agent)
        return platform, browser, version, (language[1] or language[2]) if language else None


class UserAgent:
    """What a client says it is.

    Args:
        environ_or_string: an environ or the header's value.
    """

    _parser = UserAgentParser()

    def __init__(self, environ_or_string: Any) -> None:
        if isinstance(environ_or_string, dict):
            environ_or_string = environ_or_string.get("HTTP_USER_AGENT", "")
        self.string: str = environ_or_string
        self.platform, self.browser, self.version, self.language = self._parser(self.string)

    def to_header(self) -> str:
        return self.string

    def __str__(self) -> str:
        return self.string

    def __bool__(self) -> bool:
        return bool(self.browser)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.browser!r}/{self.version}>"
