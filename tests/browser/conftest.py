"""A headless browser, the system's own, that reports whatever the page does wrong."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserType,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from browsers import NO_BROWSER, find_browser

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
SCREENSHOTS = Path(__file__).parents[2] / "out" / "screenshots"


@dataclass
class Visit:
    """A page that is looked at, and everything it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def strangers(self, port: int) -> list[str]:
        """Requests that went anywhere but to the server."""
        local = [f"127.0.0.1:{port}", ""]  # the latter for data: and blob:
        return [url for url in self.requests if urlsplit(url).netloc not in local]

    def screenshot(self, name: str, *, full_page: bool = False) -> None:
        """Keep what is seen, for people."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=full_page)

    def screenshots(self, name: str) -> None:
        """The same on a desk, in the dark and on a phone; nowhere may the page be wider than the screen."""
        for kind, size, scheme in (
            ("light", DESKTOP, "light"), ("dark", DESKTOP, "dark"), ("phone", PHONE, "light"),
        ):  # fmt: skip
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_timeout(400)  # for the canvases to follow
            self.screenshot(f"{name}_{kind}", full_page=kind == "phone")
            assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def browser_path() -> str:
    """A browser that runs; without one the tests are left out, or fail if ANYDOA_REQUIRE_BROWSER=1."""
    path = find_browser()
    if path is not None:
        return path
    reason = f"{NO_BROWSER} runs here, in which the page is tested; `apt-get install chromium`, or the like"
    if os.environ.get("ANYDOA_REQUIRE_BROWSER") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browsers() -> Iterator[BrowserType]:
    browser_path()
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def browser(browsers: BrowserType) -> Iterator[Browser]:
    with browsers.launch(executable_path=browser_path(), args=ARGUMENTS) as running:
        yield running


@pytest.fixture(scope="session")
def browser_without_webgl(browsers: BrowserType) -> Iterator[Browser]:
    arguments = [*ARGUMENTS, "--disable-3d-apis"]
    with browsers.launch(executable_path=browser_path(), args=arguments) as running:
        yield running
