"""Standard error comes back, whoever has put it aside and in whatever order they end."""

import os
import sys
from threading import Event, Thread

import pytest

from anydoa.io.silence import silent_stderr


def test_the_last_to_end_puts_standard_error_back(capfd: pytest.CaptureFixture[str]) -> None:
    first, second = silent_stderr(), silent_stderr()
    first.__enter__()
    second.__enter__()
    os.write(2, b"both ")
    first.__exit__(None, None, None)
    os.write(2, b"second ")
    second.__exit__(None, None, None)
    os.write(2, b"none")
    assert capfd.readouterr().err == "none"


def test_threads_that_need_silence_leave_standard_error_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    inside, may_end = Event(), Event()

    def stay() -> None:
        with silent_stderr():
            inside.set()
            may_end.wait(10)

    for _ in range(2):
        thread = Thread(target=stay)
        with silent_stderr():
            thread.start()
            assert inside.wait(10)
        os.write(2, b"lost")
        may_end.set()
        thread.join()
        inside.clear()
        may_end.clear()
    os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"


def test_an_error_ends_the_silence(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), silent_stderr():
        raise KeyError
    os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_its_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with silent_stderr():
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        os.write(2, b"lost" if child else b"child ")
    if not child:
        with silent_stderr():
            os.write(2, b"lost")
        os._exit(0)
    os.write(2, b"parent")
    assert capfd.readouterr().err == "child parent"


def test_where_there_is_no_standard_error_none_is_made() -> None:
    kept = os.dup(2)
    os.close(2)
    try:
        with silent_stderr(), pytest.raises(OSError, match="Bad file descriptor"):
            os.write(2, b"lost")
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(2, b"lost")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
