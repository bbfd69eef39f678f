"""A headless browser, the system's own, with one page for all tests, which reports whatever it does wrong."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from anydoa.geometry import Zone
from anydoa.web.catalogue import Catalogue
from anydoa.web.server import PageServer
from browser.visit import SMALL, Visit
from browsers import NO_BROWSER, find_browser
from unit.web.served import ARRAY, ESTIMATOR, RECORDING, serving

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--mute-audio",
]  # fmt: skip
SLOWLY = 4.0  # results a second; drawing a sphere without a graphics card takes its time
GRID = "fibonacci:256"  # half of what other tests look at: less to compute here, and to paint there
ZONES = (Zone("desk", (20, 60)), Zone("door", (-90, -60)))

WITHOUT_WEBGL = """
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (type, ...rest) {
    return type === "webgl" && location.search === "?without-webgl" ? null : get.call(this, type, ...rest);
};"""

Visiting = Callable[..., Visit]


@cache
def small_catalogue() -> Catalogue:
    """What all servers of these tests offer."""
    return Catalogue(ARRAY, ESTIMATOR, GRID)


def browser_path() -> str:
    """A browser that runs; without one the tests are left out."""
    path = find_browser()
    if path is not None:
        return path
    pytest.skip(f"{NO_BROWSER} runs here, to test the page in; `apt-get install chromium`, or the like")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = browser_path()
    expect.set_options(timeout=60_000)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=ARGUMENTS) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def shared_page(browser: Browser) -> Page:
    page = browser.new_context(viewport=SMALL).new_page()
    page.add_init_script(WITHOUT_WEBGL)
    return page


@pytest.fixture
def visit(shared_page: Page) -> Iterator[Visiting]:
    """Opens an address in the page that all tests share, as somebody who was never there."""
    visits: list[Visit] = []

    def begin(url: str, *, wait: bool = True) -> Visit:
        visits.append(Visit(shared_page))
        shared_page.goto(url)
        if wait:
            expect(shared_page.locator("main[inert]")).to_have_count(0)  # all of it answers
        return visits[-1]

    yield begin
    for each in visits:
        each.end()


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    """A live stream in which two talkers alternate, each in a zone."""
    # At half the pace there is half as much to compute and to paint.
    with serving(
        replay=RECORDING, pace=0.5, results_per_s=SLOWLY, zones=ZONES, catalogue=small_catalogue()
    ) as running:
        yield running


@pytest.fixture(scope="module")
def quiet() -> Iterator[PageServer]:
    """A server without a live stream."""
    with serving(catalogue=small_catalogue()) as running:
        yield running
