"""The picture of an array: which words and numbers stand in it."""

import re
from pathlib import Path

import numpy as np
import pytest

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.layouts import circular_positions, linear_positions, rectangular_positions
from anydoa.plotting.array_picture import draw_array


def texts(array: MicrophoneArray, tmp_path: Path) -> list[str]:
    """All texts of the drawing, which Matplotlib leaves as comments in SVG."""
    draw_array(array, tmp_path / "a.svg")
    return re.findall(r"<!-- (.*?) -->", (tmp_path / "a.svg").read_text(encoding="utf-8"), flags=re.DOTALL)


def test_numbers_axes_and_0_degrees_are_in_every_picture(tmp_path: Path) -> None:
    array = MicrophoneArray(circular_positions(6, 0.0463), "ring", title="My ring", front="the door")
    found = texts(array, tmp_path)
    for text in ("My ring", "from above", "from the right", "from the front", "0° front", "0° towards you",
                 "90° left", "-90° right", "180°", "x (mm)", "y (mm)", "z (mm)", "x", "y", "z"):  # fmt: skip
        assert text in found
    assert {"0", "1", "2", "3", "4", "5"} <= set(found)
    assert any("6 microphones in a plane" in text for text in found)
    assert any("0° is the door" in text for text in found)


def test_microphones_that_fall_together_share_a_label(tmp_path: Path) -> None:
    found = texts(MicrophoneArray(rectangular_positions(2, 5, 0.04)), tmp_path)
    assert "0-4" in found  # the front row, seen from the right
    assert "5-9" in found
    assert "0 5" in found  # the left column, seen from the front


def test_titles_are_taken_as_they_are(tmp_path: Path) -> None:
    array = MicrophoneArray(linear_positions(2, 0.1), title=r"$5 \frac{ mics 麦克风 & <more>")
    draw_array(array, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_the_picture_follows_the_array_wherever_its_origin_is(tmp_path: Path, offset: float) -> None:
    array = MicrophoneArray(circular_positions(128, 0.5) + offset)
    draw_array(array, tmp_path / "a.png")
    from matplotlib.image import imread

    picture = imread(tmp_path / "a.png")
    blue = (picture[..., 2] > 0.8) & (picture[..., 0] < 0.4)
    columns = np.flatnonzero(blue.any(axis=0)) / picture.shape[1]
    assert columns.min() < 0.33  # microphones in the first view
    assert columns.max() > 0.67  # and in the last
