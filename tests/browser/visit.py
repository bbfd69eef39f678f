"""A page that is looked at: what it asks for, complains of, paints and saves."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, ViewportSize, WebSocket

SMALL: ViewportSize = {"width": 1000, "height": 640}  # less to paint than on a desk
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
        self._heard = {
            "request": self._hear_request,
            "websocket": self._hear_socket,
            "pageerror": self._hear_error,
            "console": self._hear_line,
        }
        for event, hear in self._heard.items():
            self.page.on(event, hear)  # type: ignore[call-overload] # one of four names

    def end(self) -> None:
        """Leave the page as somebody finds it who was never there."""
        for event, hear in self._heard.items():
            self.page.remove_listener(event, hear)
        self.page.evaluate("localStorage.clear()")
        self.page.context.clear_cookies()
        self.page.goto("about:blank")
        self.page.set_viewport_size(SMALL)
        self.page.emulate_media(color_scheme="light", forced_colors="none")

    def _hear_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _hear_socket(self, socket: WebSocket) -> None:
        self.requests.append(socket.url)

    def _hear_error(self, error: object) -> None:
        self.complaints.append(str(error))

    def _hear_line(self, message: ConsoleMessage) -> None:
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

    def screenshots(self, name: str, *kinds: str) -> None:
        """The same on a desk, in the dark and on a phone; nowhere may the page be wider than the screen."""
        for kind, size, scheme in (
            ("light", DESKTOP, "light"), ("dark", DESKTOP, "dark"), ("phone", PHONE, "light"),
        ):  # fmt: skip
            if kind not in kinds:
                continue
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_timeout(150)  # for the canvases to follow
            self.screenshot(f"{name}_{kind}", full_page=kind == "phone")
            assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def wait_for_talker(page: Page, azimuth: float, *, tolerance: float = 10.0) -> None:
    """Until the table of talkers has one within the tolerance."""
    page.wait_for_function(
        """([azimuth, tolerance]) => [...document.querySelectorAll("#talkers tbody tr")]
            .some((row) => Math.abs(row.dataset.azimuth - azimuth) <= tolerance)""",
        arg=[azimuth, tolerance],
        timeout=90_000,
    )


def painted(page: Page, canvas: str) -> int:
    """How many different colours a canvas shows."""
    count: int = page.evaluate(
        """(selector) => {
            const source = document.querySelector(selector);
            const copy = new OffscreenCanvas(source.width, source.height).getContext("2d");
            copy.drawImage(source, 0, 0);
            const pixels = new Uint32Array(copy.getImageData(0, 0, source.width, source.height).data.buffer);
            return new Set(pixels).size;
        }""",
        canvas,
    )
    return count


def saved(page: Page, button: str) -> str:
    """The text of the file that a button saves."""
    with page.expect_download() as download:
        page.click(button)
    return Path(download.value.path()).read_text("utf-8")
