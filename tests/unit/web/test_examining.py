"""What is wrong with an array and where its microphones really are, told over the network."""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from free_field import plane_wave, talker

from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io import load_array
from anydoa.web.catalogue import Catalogue
from anydoa.web.server import PageServer
from unit.web.served import ARRAY, ESTIMATOR, RECORDING, serving
from unit.web.test_listening import request

RATE = 16_000
CUBE = 0.03 * np.array([[x, y, z] for x in (1, -1) for y in (1, -1) for z in (1, -1)], dtype=np.float64)
BENT = 0.005 * np.array([1.0, 0, 0]) * (np.arange(8) == 0)[:, None]


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with serving() as running:
        yield running


def with_channels(order: list[int]) -> bytes:
    audio, rate = soundfile.read(RECORDING)
    file = io.BytesIO()
    soundfile.write(file, audio[:, order], rate, format="WAV")
    return file.getvalue()


def test_copied_channels_are_found_and_the_corrected_array_can_be_chosen(
    server: PageServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sound = with_channels([0, 1, 2, 3, 4, 4])
    status, report = request(server, "POST", "/api/doctor", sound, array=ARRAY.name, name="board.wav")
    assert (status, report["healthy"]) == (200, False)
    assert [finding["kind"] for finding in report["findings"]] == ["duplicated"]
    assert report["corrected"]["name"] == f"{ARRAY.name} corrected"
    path = tmp_path_factory.mktemp("corrected") / "corrected.toml"
    path.write_text(report["corrected"]["toml"])
    assert load_array(path).num_microphones == report["corrected"]["num_microphones"]
    status, result = request(
        server, "POST", "/api/locate", sound, array=report["corrected"]["name"], name="board.wav"
    )
    assert (status, result["array"]["name"]) == (200, report["corrected"]["name"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "sound needs the array that heard it"),
        (
            {"array": ARRAY.name, "known_azimuth": "left"},
            "azimuth of the talker must be -180..360 degrees, got 'left'",
        ),
    ],
)
def test_mistakes_are_told(server: PageServer, query: dict[str, str], message: str) -> None:
    status, answer = request(server, "POST", "/api/doctor", with_channels([0] * 6), name="board.wav", **query)
    assert status == 400
    assert message in answer["error"]
    assert "/tmp" not in answer["error"]


def test_a_recorded_walk_tells_where_the_microphones_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    heights_deg = (-40.0, 0.0, 40.0, 15.0, -20.0)  # one height, up and down, would leave a stretch unseen
    places = [angles_deg_to_direction(18.0 * step, heights_deg[step % 5]) for step in range(20)]
    bent = MicrophoneArray(CUBE + BENT)
    walk = np.concatenate([plane_wave(bent, place, talker(rng, RATE * 3 // 4)) for place in places], axis=1)
    walk += 0.02 * rng.standard_normal(walk.shape)
    soundfile.write(tmp_path / "walk.wav", 0.1 * walk.T, RATE, subtype="FLOAT")
    catalogue = Catalogue(MicrophoneArray(CUBE, "cube"), ESTIMATOR, "fibonacci:64")
    with serving(replay=tmp_path / "walk.wav", pace=30.0, catalogue=catalogue, array="cube") as server:
        status, answer = request(server, "POST", "/api/calibrate", array="cube")
        assert (status, "no recording of a walk yet" in answer["error"]) == (400, True)
        request(server, "POST", "/api/recording", name="walk")
        while request(server, "GET", "/api/listening")[1]["recording"]["duration_s"] < 15:
            time.sleep(0.1)
        request(server, "DELETE", "/api/recording")
        status, found = request(server, "POST", "/api/calibrate", array="cube")
    assert status == 200
    assert found["after_mm"] < 0.6 * found["before_mm"]
    assert found["name"] == "cube refined"
    assert found["moves_mm"][0][0] == pytest.approx(5, abs=2)
    assert "cube refined" in found["toml"]
