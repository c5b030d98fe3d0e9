"""A small WebDriver client: real Chromium, driven through chromedriver, with nothing to install from PyPI."""

import base64
import http.client
import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

ARGUMENTS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1440,900"),
]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
TIMEOUT_S = 60.0
ATTEMPTS = 5
STARTED = "was started successfully"


class Browser:
    """One session; the methods raise AssertionError with the driver's own words when it refuses."""

    def __init__(self, port: int, profile: Path) -> None:
        self._port = port
        self._session = ""
        options = {
            "args": [*ARGUMENTS, f"--user-data-dir={profile}"],
            "binary": which("chromium") or which("chromium-browser") or which("google-chrome"),
        }
        capabilities = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        value = self._call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._session = f"/session/{value['sessionId']}"

    def _call(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        assert not (isinstance(value, dict) and "error" in value), value
        return value

    def post(self, path: str, **body: object) -> Any:
        """Send a command of the session."""
        return self._call("POST", self._session + path, body)

    def cdp(self, command: str, **parameters: object) -> Any:
        """Send a command of Chromium's own protocol."""
        return self.post("/goog/cdp/execute", cmd=command, params=parameters)

    def open(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        self.post("/url", url=url)

    def run(self, script: str, *arguments: object) -> Any:
        """Run the body of a function in the page; an isolated call, which the page's policy lets through."""
        return self.post("/execute/sync", script=script, args=list(arguments))

    def run_async(self, script: str, *arguments: object) -> Any:
        """As :meth:`run`; the script calls its last argument with what it found."""
        return self.post("/execute/async", script=script, args=list(arguments))

    def wait(self, condition: str) -> None:
        """Wait until an expression in the page is true."""
        is_there = self.run_async(
            "const done = arguments[0], since = Date.now();"
            f"const look = () => ({condition}) ? done(true) : Date.now() - since > 20000 ? done(false)"
            " : setTimeout(look, 15); look();"
        )
        assert is_there, f"never came true: {condition}"

    def element(self, selector: str) -> str:
        """The id of the first element of a CSS selector."""
        found = self.post("/element", using="css selector", value=selector)
        return str(found[ELEMENT])

    def click(self, selector: str) -> None:
        """Click on an element as a person would."""
        self.post(f"/element/{self.element(selector)}/click")

    def press(self, keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.post("/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def back(self) -> None:
        """Press the browser's back button."""
        self.post("/back")

    def log(self) -> list[str]:
        """What the console has said since the last time, violations of the policy included."""
        entries = self.post("/se/log", type="browser")
        return [f"{entry['level']}: {entry['message']}" for entry in entries]

    def emulate(self, width_px: int, height_px: int, is_dark: bool = False, is_touch: bool = False) -> None:
        """Set the size of the window's inside and the system's colour scheme."""
        size = {"width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": is_touch}
        self.cdp("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self) -> bytes:
        """The window as a PNG."""
        return base64.b64decode(self._call("GET", self._session + "/screenshot"))

    def pdf(self) -> bytes:
        """The page as it would be printed, on A4."""
        printed = self.post("/print", page={"width": 21.0, "height": 29.7}, background=True)
        return base64.b64decode(printed)

    def close(self) -> None:
        """End the session and its browser."""
        self._call("DELETE", self._session)


def is_installed() -> bool:
    """Whether there are a browser and its driver."""
    browsers = ("chromium", "chromium-browser", "google-chrome")
    return which("chromedriver") is not None and any(map(which, browsers))


@contextmanager
def open_browser(folder: Path, cannot_run: Callable[[str], None]) -> Iterator[Browser]:
    """A browser with a fresh profile in ``folder``; the test is skipped where none is installed."""
    if not is_installed():
        cannot_run("no chromium with chromedriver is installed to look at the page with")
    driver, port = _start()
    try:
        browser = Browser(port, folder / "profile")
        try:
            yield browser
        finally:
            browser.close()
    finally:
        _end(driver)


def _start() -> tuple["subprocess.Popen[str]", int]:
    """The driver and its port. It gives up when another process takes the port first: then once more."""
    for _ in range(ATTEMPTS):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert driver.stdout is not None
        for line in driver.stdout:
            if STARTED in line:
                return driver, port
        _end(driver)
    raise AssertionError("chromedriver does not start")


def _end(driver: "subprocess.Popen[str]") -> None:
    driver.terminate()
    driver.wait(TIMEOUT_S)
    if driver.stdout is not None:
        driver.stdout.close()
