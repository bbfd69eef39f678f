"""Lines that could come all the time come ever more rarely."""

import time

import pytest

from anydoa.live.feed_log import RareReport


def test_reports_are_due_at_once_and_then_after_twice_as_long_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = []
    report = RareReport()
    for tenth in range(10 * 130):
        monkeypatch.setattr(time, "monotonic", lambda tenth=tenth: 1000 + tenth / 10)
        if report.is_due():
            moments.append(tenth / 10)
    assert moments == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 127.0]
