"""What the whole suite says at its end, and what it needs of whoever starts it."""

import gc
import signal

import jaxtyping
import pytest

import typechecking
from browsers import NO_BROWSER

jaxtyping.jaxtyped = typechecking.jaxtyped  # before the first module of the package is imported


def pytest_configure(config: pytest.Config) -> None:
    """Let programs that tests start hear signals, also where the suite runs in the background or by nohup."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    gc.disable()  # what modules and cases are made of stays to the end


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser comes last: its loop runs until the process ends, and other tests start their own."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/browser/"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look for rubbish among what tests make alone."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last line of all: that the page was not tested, where it was not."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    left_out = [report for report in reporter.stats.get("skipped", []) if NO_BROWSER in str(report.longrepr)]
    if left_out:
        reporter.write_line(
            f"NOT TESTED: {len(left_out)} tests of the page need a Chromium, and none could be installed; "
            "run `sudo apt install chromium` (or the like) and `make test` again",
            red=True,
            bold=True,
        )
