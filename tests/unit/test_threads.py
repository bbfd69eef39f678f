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


# In a process whose number nobody limits, as that of a user is.
PROGRAM = """
import os, sys
from threading import Event, Thread
import numpy
from threadpoolctl import threadpool_info
from anydoa.threads import one_blas_thread

def told(what):
    numbers = {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}
    print(what, *numbers, flush=True)

def stay(inside, may_leave):
    with one_blas_thread():
        inside.set()
        may_leave.wait(10)

def begun():
    inside, may_leave = Event(), Event()
    thread = Thread(target=stay, args=(inside, may_leave))
    thread.start()
    inside.wait(10)
    return thread, may_leave

told("before")
for _ in range(2):
    with one_blas_thread():
        last, may_leave = begun()
        told("both")
    told("other")
    may_leave.set()
    last.join()
    told("none")
first, may_leave = begun()
try:
    with one_blas_thread():
        may_leave.set()
        first.join()
        told("main")
        raise KeyError
except KeyError:
    told("error")
if sys.platform != "win32" and not os.fork():
    with one_blas_thread():
        told("child")
    told("child's")
    os._exit(0)
os.wait()
"""


def test_the_last_thread_to_leave_gives_back_what_the_first_found() -> None:
    counts = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        env=os.environ | counts,
        capture_output=True,
        text=True,
        timeout=60,
    )
    rounds = ["both 1", "other 1", "none 2"]
    assert run.stderr == ""
    assert run.stdout.splitlines() == [
        "before 2", *rounds, *rounds, "main 1", "error 2", "child 1", "child's 2"
    ]  # fmt: skip


def test_a_number_that_somebody_sets_meanwhile_stays() -> None:
    with one_blas_thread():
        threadpool_limits(3, user_api="blas")
    assert blas_threads() == {3}


def test_live_pipeline_holds_the_limit_while_it_is_iterated() -> None:
    localizer = Localizer(EXAMPLES / "two_talkers.array.toml", estimator="srp-phat")
    results = iter(LivePipeline(localizer, FileFeed(EXAMPLES / "two_talkers.wav", pace=None), vad=False))
    next(results)
    assert blas_threads() == {1}
    list(results)
    assert blas_threads() == {2}


def test_variables_say_again_what_they_said_before_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    first, second = one_thread_in_children(), one_thread_in_children()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    second.__exit__(None, None, None)
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_children_start_with_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    names = "print([os.environ.get(n) for n in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS')])"
    with one_thread_in_children():
        child = subprocess.run([sys.executable, "-c", f"import os; {names}"], capture_output=True, text=True)
    assert child.stdout.strip() == "['1', '1']"
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "OPENBLAS_NUM_THREADS" not in os.environ
