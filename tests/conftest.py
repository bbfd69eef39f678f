"""What the whole suite says at its end."""

import pytest

from browsers import NO_BROWSER


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
