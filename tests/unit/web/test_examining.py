"""The doctor's verdict over the network: what is wrong with an array, and the array as it should be."""

import io
from collections.abc import Iterator

import pytest
import soundfile

from anydoa.io import load_array
from anydoa.web.server import PageServer
from unit.web.served import ARRAY, RECORDING, serving
from unit.web.test_listening import request


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
    assert any(5 in finding["channels"] for finding in report["findings"])
    if report["corrected"] is None:
        assert report["why_not_corrected"]
        return
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
        ({"array": "linear-4"}, "board.wav"),
        (
            {"array": ARRAY.name, "known_azimuth": "left"},
            "azimuth of the talker is -180..360 degrees, got 'left'",
        ),
    ],
)
def test_mistakes_are_told(server: PageServer, query: dict[str, str], message: str) -> None:
    status, answer = request(server, "POST", "/api/doctor", with_channels([0] * 6), name="board.wav", **query)
    assert status == 400
    assert message in answer["error"]
    assert "/tmp" not in answer["error"]
