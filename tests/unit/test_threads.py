"""Streams run their matrix products on one thread, and give back what they took."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from anydoa.live.feeds import FileFeed
from anydoa.live.pipeline import LivePipeline
from anydoa.localizer import Localizer
from anydoa.threads import one_blas_thread, one_thread_in_children

EXAMPLES = Path(__file__).parents[2] / "examples"


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    with threadpool_limits(2, user_api="blas"):
        yield


def test_limit_ends_with_the_outermost() -> None:
    with one_blas_thread():
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == {2}


def test_limits_may_end_in_another_order_than_they_began() -> None:
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas_threads() == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == {2}


def test_a_thread_that_stays_longer_leaves_no_limit_behind() -> None:
    inside, may_leave = Event(), Event()

    def hold() -> None:
        with one_blas_thread():
            inside.set()
            may_leave.wait(10)

    other = Thread(target=hold)
    with one_blas_thread():
        other.start()
        assert inside.wait(10)
    may_leave.set()
    other.join()
    assert blas_threads() == {2}


def test_live_pipeline_holds_the_limit_while_it_is_iterated() -> None:
    localizer = Localizer(EXAMPLES / "two_talkers.array.toml", estimator="srp-phat")
    results = iter(LivePipeline(localizer, FileFeed(EXAMPLES / "two_talkers.wav", pace=None), vad=False))
    next(results)
    assert blas_threads() == {1}
    list(results)
    assert blas_threads() == {2}


def test_children_start_with_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    names = "print([os.environ.get(n) for n in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS')])"
    with one_thread_in_children():
        child = subprocess.run([sys.executable, "-c", f"import os; {names}"], capture_output=True, text=True)
    assert child.stdout.strip() == "['1', '1']"
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "OPENBLAS_NUM_THREADS" not in os.environ
