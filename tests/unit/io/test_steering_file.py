"""Measured steering out of SOFA files of several conventions, whole and damaged."""

import logging
from pathlib import Path

import numpy as np
import pytest
import sofar

from anydoa.acoustics.plane_wave import steering_vectors
from anydoa.errors import AnydoaError, ArrayFileError, GeometryError
from anydoa.geometry.coordinates import angles_deg_to_direction, rotate, rotation_from_rpy_deg
from anydoa.geometry.measured_steering import MeasuredSteering
from anydoa.io import steering_file
from anydoa.io.array_file import load_array, save_array
from anydoa.io.formats.sofa_responses import read_responses
from anydoa.io.steering_file import load_steering
from body_scenes import SAMPLE_RATE, measured_ball, turned_directions, write_sofa

BODY = measured_ball(0, 4, num_directions=60)
FREQUENCIES = np.arange(8, 243, 20) * 31.25
DIRECTIONS = turned_directions(30)


class Opened:
    """An open file, as netCDF4 gives it, of what sofar would write: without HDF5 a test takes no second."""

    def __init__(self, content: sofar.Sofa) -> None:
        self.SOFAConventions, self.DataType = content.GLOBAL_SOFAConventions, content.GLOBAL_DataType
        self.variables = {}
        for name, value in content.__dict__.items():
            if not name.startswith(("GLOBAL", "_")) and np.asarray(value).dtype.kind in "fi":
                kinds = [getattr(content, f"{name}_{word}", "") for word in ("Type", "Units")]
                key = name.replace("Data_", "Data.")
                self.variables[key] = Variable(np.atleast_1d(np.asarray(value, dtype=float)), *kinds)


class Variable:
    """A variable of an open file."""

    def __init__(self, values: np.ndarray, kind: str, units: str) -> None:
        self.values, self.Type, self.Units = values, kind, units
        self.shape, self.dtype = values.shape, values.dtype

    def __getitem__(self, chosen: slice) -> np.ndarray:
        return self.values[chosen]


def read(content: sofar.Sofa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MeasuredSteering:
    """What is read of a content, in this process."""
    numbers = tmp_path / "numbers.npz"
    monkeypatch.setattr("sys.argv", ["reader", "file", str(numbers)])
    facts = read_responses(Opened(content))
    with np.load(numbers) as arrays:
        return steering_file.SofaResponses(facts, dict(arrays)).steering(tmp_path / "a.sofa")


def content_of(convention: str = "GeneralFIR") -> sofar.Sofa:
    """The body as the content of a file of impulse responses."""
    assert BODY.steering is not None
    content = sofar.Sofa(convention)
    content.SourcePosition = 1.5 * BODY.steering.directions
    content.SourcePosition_Type, content.SourcePosition_Units = "cartesian", "metre"
    content.ReceiverPosition = BODY.body_positions
    content.Data_IR, content.Data_SamplingRate = BODY.steering.responses.astype(float), SAMPLE_RATE
    content.Data_Delay = np.zeros((1, 4))
    return content


def unlikeness(first: MeasuredSteering, second: MeasuredSteering | None = BODY.steering) -> float:
    """Share of power in which steering vectors of two measurements differ, but for phases of directions."""
    one, other = (
        steering_vectors(DIRECTIONS, BODY.replace(steering=steering), FREQUENCIES)
        for steering in (first, second)
    )
    product = np.abs(np.sum(one * other.conj(), axis=2))
    return float(np.max(1 - (product / np.linalg.norm(one, axis=2) / np.linalg.norm(other, axis=2)) ** 2))


def test_an_array_file_names_its_measured_steering(tmp_path: Path) -> None:
    write_sofa(tmp_path / "body.sofa", BODY)
    rows = "".join(f"[[microphone]]\nposition = {row}\n" for row in BODY.body_positions.tolist())
    (tmp_path / "body.toml").write_text(f'steering = "body.sofa"\n{rows}')
    array = load_array(tmp_path / "body.toml")
    assert array.steering is not None
    assert unlikeness(array.steering) < 1e-4
    # Written elsewhere, with other microphones, it still finds the file.
    (tmp_path / "some").mkdir()
    some = array.select_microphones([2, 0])
    save_array(some, tmp_path / "some" / "pair.toml")
    again = load_array(tmp_path / "some" / "pair.toml")
    assert again.hash == some.hash
    assert again.steering is not None
    assert again.steering.receivers == (2, 0)
    assert '"../body.sofa"' in (tmp_path / "some" / "pair.toml").read_text()


def test_microphones_of_a_file_are_its_receivers_where_none_are_named(tmp_path: Path) -> None:
    write_sofa(tmp_path / "body.sofa", BODY)
    (tmp_path / "body.toml").write_text('steering = "body.sofa"\n')
    np.testing.assert_array_equal(load_array(tmp_path / "body.toml").positions, BODY.positions)


def test_a_receiver_is_one_microphone(tmp_path: Path) -> None:
    write_sofa(tmp_path / "body.sofa", BODY)
    rows = "".join(
        f"[[microphone]]\nposition = {row}\nreceiver = {receiver}\n"
        for row, receiver in zip(BODY.body_positions.tolist(), (0, 1, 2, 2), strict=True)
    )
    (tmp_path / "body.toml").write_text(f'steering = "body.sofa"\n{rows}')
    with pytest.raises(ArrayFileError, match="receiver 2 is used twice; each is one microphone"):
        load_array(tmp_path / "body.toml")


def test_the_unit_of_receivers_is_that_of_the_sofa_file_or_told(tmp_path: Path) -> None:
    write_sofa(tmp_path / "body.sofa", BODY)
    (tmp_path / "body.toml").write_text('steering = "body.sofa"\n')
    with pytest.raises(GeometryError, match="with its numbers taken as mm"):
        load_array(tmp_path / "body.toml", unit="mm")
    (tmp_path / "body.toml").write_text('steering = "body.sofa"\nunit = "mm"\n')
    with pytest.raises(ArrayFileError, match="a SOFA file says its own; leave it out"):
        load_array(tmp_path / "body.toml")


def test_formats_without_room_for_it_say_what_they_lose(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        save_array(BODY, tmp_path / "a.csv")
    assert "do not keep steering; .toml does" in caplog.text
    with pytest.raises(ArrayFileError, match="measured steering from memory has no file to name"):
        save_array(BODY, tmp_path / "a.toml")


def test_other_places_than_those_measured_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_sofa(tmp_path / "body.sofa", BODY)
    rows = "".join(f"[[microphone]]\nposition = {row}\n" for row in (-BODY.body_positions).tolist())
    (tmp_path / "body.toml").write_text(f'steering = "body.sofa"\n{rows}')
    with caplog.at_level(logging.WARNING):
        load_array(tmp_path / "body.toml")
    assert "measured delays are not those of the microphones' positions (correlation -0.9" in caplog.text


@pytest.mark.parametrize("convention", ["GeneralFIR", "SingleRoomSRIR", "GeneralFIR-E"])
def test_conventions_of_impulse_responses_are_read(
    convention: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = content_of(convention)
    if convention == "GeneralFIR-E":
        content.Data_IR, content.Data_Delay = content.Data_IR[..., None], np.zeros((1, 4, 1))
    assert unlikeness(read(content, tmp_path, monkeypatch)) < 1e-4


def test_directions_are_those_from_the_listener_s_view(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, turn = content_of(), rotation_from_rpy_deg((20.0, -30.0, 100.0))
    content.SourcePosition = rotate(content.SourcePosition, turn) + np.array([1.0, 2.0, 3.0])
    content.ListenerPosition = np.array([[1.0, 2.0, 3.0]])
    content.ListenerView = 2 * turn[None, :, 0]
    opened = Opened(content)
    opened.variables["ListenerUp"] = Variable(turn[None, :, 2], "", "")
    monkeypatch.setattr(f"{__name__}.Opened", lambda _: opened)
    assert unlikeness(read(content, tmp_path, monkeypatch)) < 1e-4


def test_delays_beside_the_responses_belong_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = content_of()
    content.Data_IR = np.stack(
        [np.roll(content.Data_IR[:, mic], -3 * mic, axis=-1) for mic in range(4)], axis=1
    )
    content.Data_Delay = 10.0 + 3.0 * np.arange(4)[None]
    assert unlikeness(read(content, tmp_path, monkeypatch)) < 1e-3


@pytest.mark.parametrize(("first", "least"), [(0, 1e-4), (1, 1e-2)])
def test_transfer_functions_are_read(
    first: int, least: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, responses = sofar.Sofa("GeneralTF"), content_of()
    content.SourcePosition, content.SourcePosition_Type = responses.SourcePosition, "cartesian"
    content.SourcePosition_Units = "metre"
    spectra = np.fft.rfft(np.roll(responses.Data_IR, -64, axis=2))[..., first:]
    content.N = np.fft.rfftfreq(256, 1 / SAMPLE_RATE)[first:]
    content.Data_Real, content.Data_Imag = spectra.real, spectra.imag
    assert unlikeness(read(content, tmp_path, monkeypatch)) < least


def test_directivities_of_sources_are_read_backwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, responses = sofar.Sofa("FreeFieldDirectivityTF"), content_of()
    content.ReceiverPosition, content.ReceiverPosition_Type = responses.SourcePosition, "cartesian"
    content.ReceiverPosition_Units = "metre"
    spectra = np.fft.rfft(responses.Data_IR).swapaxes(0, 1)
    content.N = np.fft.rfftfreq(256, 1 / SAMPLE_RATE)
    content.Data_Real, content.Data_Imag = spectra.real, spectra.imag
    assert unlikeness(read(content, tmp_path, monkeypatch)) < 1e-4


def test_walls_are_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, rng = content_of(), np.random.default_rng(2)
    room = np.pad(content.Data_IR, ((0, 0), (0, 0), (0, 3000)))
    echoes = room[..., 400:2800]
    echoes += 0.2 * np.abs(content.Data_IR).max() * rng.standard_normal(echoes.shape)
    for row, late in zip(room, rng.integers(0, 200, len(room)), strict=True):
        row[:] = np.roll(row, late, axis=1)
    content.Data_IR = room
    steering = read(content, tmp_path, monkeypatch)
    assert steering.responses.shape[2] < 300
    assert unlikeness(steering) < 1e-3


def test_of_one_direction_the_farthest_source_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = content_of()
    near = 0.5 * content.SourcePosition[:10]
    content.SourcePosition = np.vstack([near, content.SourcePosition])
    content.Data_IR = np.vstack([0.1 + content.Data_IR[:10], content.Data_IR])
    steering = read(content, tmp_path, monkeypatch)
    assert len(steering.directions) == 60
    assert unlikeness(steering) < 1e-4


def test_angles_from_straight_above_are_taken_for_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    content = content_of()
    azimuth_deg, elevation_deg = np.linspace(0, 300, 60), np.linspace(-80, 80, 60)
    content.SourcePosition = np.column_stack([azimuth_deg, 90 - elevation_deg, np.ones(60)])
    content.SourcePosition_Type, content.SourcePosition_Units = "spherical", "degree, degree, metre"
    steering = read(content, tmp_path, monkeypatch)
    expected = angles_deg_to_direction(azimuth_deg, elevation_deg)
    np.testing.assert_allclose(steering.directions, expected, atol=1e-12)
    assert "taken as angles from straight above" in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Data_IR": np.zeros((60, 4, 5, 2))}, r"of one emitter, got shape \(60, 4, 5, 2\)"),
        ({"Data_IR": np.full((60, 4, 5), np.nan)}, "values that are missing or not finite"),
        ({"Data_SamplingRate": np.array([44100.0, 48000.0])}, "must be one number, got"),
        ({"Data_SamplingRate": np.array([np.nan])}, "16000 to 1000000 samples a second, got nan"),
        ({"Data_Delay": np.full((1, 4), np.inf)}, "must be finite numbers of samples"),
        ({"Data_Delay": np.zeros((1, 3))}, "must be finite numbers of samples"),
        ({"SourcePosition": np.zeros((60, 3))}, "lies where the listener is"),
        ({"SourcePosition": np.ones((7, 3))}, r"SourcePosition must be \(1 or 60, 3\), got shape \(7, 3\)"),
        ({"ListenerView": np.array([[0.0, 0.0, 1.0]])}, "point the same way"),
        ({"ListenerView": np.zeros((1, 3))}, "ListenerView must not be 0"),
        ({"GLOBAL_DataType": "SOS"}, "give impulse responses"),
        ({"SourcePosition": np.ones((60, 3))}, "two directions or more"),
    ],
)
def test_other_contents_are_refused(
    changes: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = content_of()
    content.protected = False
    for name, value in changes.items():
        object.__setattr__(content, name, value)
    with pytest.raises(AnydoaError, match=message):
        read(content, tmp_path, monkeypatch)


def test_frequencies_that_are_not_even_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = sofar.Sofa("GeneralTF")
    content.SourcePosition, content.N = np.eye(3), np.array([100.0, 125.0, 160.0])
    content.Data_Real, content.Data_Imag = np.ones((3, 2, 3)), np.ones((3, 2, 3))
    with pytest.raises(ArrayFileError, match=r"multiples of one step, got 100, 125, 160, \.\.\. Hz"):
        read(content, tmp_path, monkeypatch)


def test_what_is_no_sofa_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sofa").write_text("x,y,z")
    with pytest.raises(ArrayFileError, match=r"a\.sofa: no readable responses"):
        load_steering(tmp_path / "a.sofa")
    with pytest.raises(ArrayFileError, match="no such file"):
        load_steering(tmp_path / "b.sofa")
