"""What may be chosen on the page, while several people add arrays at once."""

import sys
import threading
from collections.abc import Iterator

import pytest

from anydoa.geometry import MicrophoneArray
from anydoa.io.array_file import FORMATS
from anydoa.web import catalogue
from anydoa.web.catalogue import Catalogue
from unit.web.served import ARRAY, ESTIMATOR, GRID


@pytest.fixture
def offered() -> Catalogue:
    return Catalogue(ARRAY, ESTIMATOR, GRID)


@pytest.fixture
def _switching_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_every_format_of_array_files_is_offered(offered: Catalogue) -> None:
    assert offered.content()["array_suffixes"] == list(FORMATS)


def test_arrays_may_be_added_while_others_look_at_them(
    offered: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        offered.add_array(ARRAY.replace(name=f"old {number}"), "a.toml")
    numbers = iter(range(1000))

    def add_another(array: MicrophoneArray) -> dict[str, str]:
        offered.add_array(ARRAY.replace(name=f"new {next(numbers)}"), "a.toml")
        return {"name": array.name}

    monkeypatch.setattr(catalogue, "array_content", add_another)
    names = [array["name"] for array in offered.content()["arrays"]]
    assert len(names) == len(set(names)) > 50


@pytest.mark.usefixtures("_switching_often")
def test_of_arrays_added_at_once_none_is_lost(offered: Catalogue) -> None:
    problems: list[Exception] = []

    def add(person: int) -> None:
        try:
            for number in range(60):
                offered.add_array(ARRAY.replace(name=f"{person} {number}"), "a.toml")
        except (RuntimeError, KeyError) as error:
            problems.append(error)

    people = [threading.Thread(target=add, args=(person,)) for person in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert problems == []
    own = [each["name"] for each in offered.content()["arrays"] if each["name"][0] in "0123"]
    assert len(own) == 50
