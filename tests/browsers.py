"""A Chromium that runs: the system's own, or one that Playwright has downloaded."""

import shutil
import subprocess
import sys
from functools import cache

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = "no Chromium"  # begins the reason for which tests of the page are left out
_ANSWER_S = 60


@cache
def find_browser() -> str | None:
    """The first that says its version: some systems have a script in its place, for advice."""
    return next((path for path in _candidates() if _runs(path)), None)


def _candidates() -> list[str]:
    installed = [path for path in map(shutil.which, NAMES) if path]
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return [*installed, playwright.chromium.executable_path]


def _runs(path: str) -> bool:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=_ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


if __name__ == "__main__":
    sys.exit(find_browser() is None)
