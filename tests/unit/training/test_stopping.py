"""A request to stop, by signal and by clock."""

import os
import signal
import time

import pytest

from anydoa.training.run import StopRequest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_to_stop_and_is_forgotten_afterwards(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop = StopRequest()
    with stop.listening():
        assert not stop.wanted
        os.kill(os.getpid(), number)
        assert (stop.wanted, stop.urgent, stop.reason) == (True, True, number.name)
    assert signal.getsignal(number) is before


def test_the_same_interrupt_twice_is_one_and_a_later_one_interrupts() -> None:
    with StopRequest().listening():
        for _ in range(2):  # as to a group, and passed on by its first process
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1.1)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_time_runs_out_without_hurry() -> None:
    stop = StopRequest(minutes=0.0)
    assert (stop.wanted, stop.urgent, stop.reason) == (True, False, "time is up")
    assert not StopRequest(minutes=1.0).wanted
