"""The bundled recording: what `make demo` shows is true."""

import json
from pathlib import Path

import numpy as np
import pytest

from anydoa.cli import main
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.localizer import locate

EXAMPLES = Path(__file__).parents[2] / "examples"
RECORDING, ARRAY = EXAMPLES / "two_talkers.wav", EXAMPLES / "two_talkers.array.toml"


def true_directions() -> np.ndarray:
    sources = json.loads((EXAMPLES / "two_talkers.truth.json").read_text())["sources"]
    angles = np.array([[source["azimuth_deg"], source["elevation_deg"]] for source in sources])
    return angles_deg_to_direction(angles[:, 0], angles[:, 1])


def test_the_command_of_the_demo_finds_both_talkers_within_five_degrees_and_draws_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "two_talkers.png"
    words = ["locate", str(RECORDING), "--array", str(ARRAY), "--sources", "2", "--plot", str(picture)]
    assert main(words) == 0
    rows = [line.replace("°", "").split() for line in capsys.readouterr().out.splitlines()[2:4]]
    angles = np.array([row[:2] for row in rows], dtype=float)
    found = angles_deg_to_direction(angles[:, 0], angles[:, 1])
    error = great_circle_distance_deg(true_directions()[:, None], found[None])
    assert error.min(axis=1).max() < 5
    assert len(set(error.argmin(axis=1).tolist())) == 2
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_both_talkers_are_found_when_nobody_says_how_many_there_are() -> None:
    result = locate(RECORDING, ARRAY)
    found = np.stack([source.direction for source in result.directions])
    assert len(found) == 2
    assert great_circle_distance_deg(true_directions()[:, None], found[None]).min(axis=1).max() < 5
