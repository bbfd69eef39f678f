"""The network without torch: the same answer as with it, whole and in pieces, one array or several."""

import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import CheckpointError, ConfigError, ShapeError
from anydoa.estimators.agg_rl import AggRlEstimator
from anydoa.estimators.model.folder import AUGEONET_FILE, GRIDNET_FILE, ModelFolder, find_model
from anydoa.export.agg_rl import compare_with_torch, export_agg_rl
from anydoa.export.graph import store_in_half
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid, icosphere_grid
from anydoa.geometry.layouts import circular_positions
from anydoa.io.array_file import load_array
from anydoa.io.resampling import resample
from anydoa.networks.agg_rl import AggRl
from tiny_network import make_card, make_model
from typechecking import unchecked

GRIDS = (fibonacci_grid(60), icosphere_grid(1))
EXAMPLES = Path(__file__).parents[3] / "examples"


def noise(num_mics: int, num_samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((num_mics, num_samples)).astype(np.float32)


@pytest.fixture(scope="module")
def estimator(tiny_folder: Path) -> AggRlEstimator:
    return AggRlEstimator(ModelFolder(tiny_folder), frames_per_output=1)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)
@pytest.mark.parametrize("num_samples", [256, 1500, 9000])
@pytest.mark.parametrize("num_mics", [2, 5, 9])
def test_the_spectrum_is_that_of_torch(
    estimator: AggRlEstimator, tiny_model: AggRl, num_mics: int, num_samples: int, grid: DirectionGrid
) -> None:
    array = MicrophoneArray(
        circular_positions(num_mics, 0.05) if num_mics > 2 else [[0.03, 0, 0], [-0.03, 0, 0.01]]
    )
    audio = noise(num_mics, num_samples)
    found = estimator.spectrum(audio, array, grid)
    positions = torch.from_numpy(array.positions.astype(np.float32))[None]
    directions = torch.from_numpy(grid.directions.astype(np.float32))
    with torch.no_grad():
        expected = tiny_model(torch.from_numpy(audio)[None], positions, directions)[0, -1].T.numpy()
    np.testing.assert_allclose(found.values, expected[: found.num_frames], atol=1e-4)


def test_several_streams_at_once_give_what_each_gives_alone(estimator: AggRlEstimator) -> None:
    arrays = [circular_positions(3, 0.04), circular_positions(6, 0.06)]
    pieces = [noise(len(positions), 256 + 128 * 9, seed) for seed, positions in enumerate(arrays)]
    alone = []
    for positions, piece in zip(arrays, pieces, strict=True):
        state = estimator.initial_state(1, len(positions))
        alone.append(estimator.step(piece[None], positions.astype(np.float32)[None], state)[0][0])
    audio, places = np.zeros((2, 6, pieces[0].shape[1]), np.float32), np.zeros((2, 6, 3), np.float32)
    mask = np.zeros((2, 6), dtype=bool)
    for row, (positions, piece) in enumerate(zip(arrays, pieces, strict=True)):
        count = len(positions)
        audio[row, :count], places[row, :count], mask[row, :count] = piece, positions, True
    half = 256 + 128 * 4
    first, state = estimator.step(audio[..., :half], places, estimator.initial_state(2, 6), mask)
    second, _ = estimator.step(audio[..., half - 128 :], places, state, mask)
    together = np.concatenate([first, second], axis=1)
    for row in range(2):
        np.testing.assert_allclose(together[row], alone[row], atol=1e-4)


def test_beside_an_absent_microphone_plane_waves_bend_as_they_were_told() -> None:
    estimator = AggRlEstimator(find_model("agg-rl"))
    places = 0.1 * fibonacci_grid(6).directions
    array = MicrophoneArray(places, rigid_sphere_radius=0.1)
    audio, waves = noise(6, 512 + 256 * 5)[None], estimator.plane_waves(array)
    assert waves is not None
    positions = array.centred_positions.astype(np.float32)[None]
    alone, _ = estimator.step(audio, positions, estimator.initial_state(1, 6), plane_waves=waves[None])
    # An absent microphone between the others: its cosines and sines say nothing.
    present = np.array([[True, True, False, True, True, True, True]])

    def with_absent(tensor: np.ndarray, axis: int) -> np.ndarray:
        return np.insert(tensor, 2, 0, axis=axis)

    both = np.concatenate([with_absent(half, 2) for half in np.split(waves[None], 2, axis=2)], axis=2)
    beside, _ = estimator.step(
        with_absent(audio, 1), with_absent(positions, 1), estimator.initial_state(1, 7), present, both
    )
    np.testing.assert_allclose(beside, alone, atol=1e-4)


def test_what_was_heard_louder_or_fainter_is_remembered_alike() -> None:
    estimator = AggRlEstimator(find_model("agg-rl"))
    array = MicrophoneArray(circular_positions(4, 0.05))
    positions, audio = array.positions.astype(np.float32)[None], 0.1 * noise(4, 512 + 256 * 9)[None]
    _, memory = estimator.step(audio, positions, estimator.initial_state(1, 4))
    _, expected = estimator.step(np.float32(256) * audio, positions, estimator.initial_state(1, 4))
    found = estimator.rescaled(memory, 256.0)
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor, atol=1e-3)
    assert max(np.abs(memory[name] - expected[name]).max() for name in memory) > 1


def test_threads_that_share_an_estimator_may_ask_for_any_grid(estimator: AggRlEstimator) -> None:
    sharing = estimator.with_look_ahead(0.3)
    asked = [0] * 9

    def ask_for_others() -> None:
        for more in range(5):  # more than are kept
            sharing.grid_representation(fibonacci_grid(20 + more))

    class Forgotten(DirectionGrid):
        """A grid that another thread pushes out of the memory while it is looked up."""

        @property
        def hash(self) -> str:  # type: ignore[override] # to see when it is asked for
            asked.append(0)
            if len(asked) == 2:
                thread = threading.Thread(target=ask_for_others)
                thread.start()
                thread.join(1)
            return "forgotten"

    grid = Forgotten(GRIDS[0].directions)
    first = estimator.grid_representation(grid)
    asked.clear()
    np.testing.assert_array_equal(estimator.grid_representation(grid), first)
    assert sharing.grid_representation(GRIDS[1]) is estimator.grid_representation(GRIDS[1])


def test_an_estimator_is_sent_to_another_process_without_its_grids(estimator: AggRlEstimator) -> None:
    estimator.grid_representation(GRIDS[0])
    sent = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(sent.grid_representation(GRIDS[0]), estimator.grid_representation(GRIDS[0]))


@pytest.mark.parametrize(("frames_per_output", "averaged"), [(4, 4), (8, 6)])
def test_an_output_is_the_mean_of_the_newest_twentieth_of_a_second(
    estimator: AggRlEstimator, tiny_folder: Path, frames_per_output: int, averaged: int
) -> None:
    array, audio = MicrophoneArray(circular_positions(4, 0.05)), noise(4, 8000)
    single = estimator.spectrum(audio, array, GRIDS[0])
    grouping = AggRlEstimator(ModelFolder(tiny_folder), frames_per_output=frames_per_output)
    grouped = grouping.spectrum(audio, array, GRIDS[0])
    groups = single.values[: frames_per_output * grouped.num_frames].reshape(
        grouped.num_frames, frames_per_output, -1
    )
    np.testing.assert_allclose(grouped.values, groups[:, -averaged:].mean(axis=1), atol=1e-5)
    times_s = single.times_s[frames_per_output - 1 :: frames_per_output]
    np.testing.assert_allclose(grouped.times_s, times_s[: grouped.num_frames])


def test_the_representation_of_a_grid_is_computed_once(estimator: AggRlEstimator) -> None:
    same_again = DirectionGrid(GRIDS[0].directions)
    assert estimator.grid_representation(GRIDS[0]) is estimator.grid_representation(same_again)


def test_plane_waves_are_computed_once_for_recordings_of_one_array() -> None:
    estimator = AggRlEstimator(find_model("agg-rl"))
    small, wide = (MicrophoneArray(circular_positions(5, radius)) for radius in (0.03, 0.06))
    first = estimator.plane_waves(small)
    assert first is not None
    assert estimator.plane_waves(small) is first
    other = estimator.plane_waves(wide)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(estimator.plane_waves(small), first)


def test_weights_in_half_the_space_stay_close(tiny_model: AggRl, tiny_folder: Path, tmp_path: Path) -> None:
    for name in (AUGEONET_FILE, GRIDNET_FILE):
        (tmp_path / name).write_bytes((tiny_folder / name).read_bytes())
        store_in_half(tmp_path / name)
    assert (tmp_path / AUGEONET_FILE).stat().st_size < 0.75 * (tiny_folder / AUGEONET_FILE).stat().st_size
    assert compare_with_torch(tiny_model, tmp_path) < 2e-2


def test_audio_of_another_array_is_refused(estimator: AggRlEstimator) -> None:
    stream = estimator.stream(MicrophoneArray(circular_positions(4, 0.05)), GRIDS[0])
    with pytest.raises(ShapeError, match="4 microphones"):
        stream.push(noise(5, 100))


def test_no_frame_an_output_is_refused(tiny_folder: Path) -> None:
    with pytest.raises(ConfigError, match="at least 1, got 0"):
        AggRlEstimator(ModelFolder(tiny_folder), frames_per_output=0)


def test_a_folder_without_a_graph_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes((tiny_folder / "card.json").read_bytes())
    with pytest.raises(CheckpointError, match="is missing"):
        ModelFolder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x08\x07" * 50])
def test_a_damaged_graph_is_refused(tiny_folder: Path, tmp_path: Path, content: bytes) -> None:
    for file in tiny_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / AUGEONET_FILE).write_bytes(content)
    with pytest.raises(CheckpointError, match="not a graph"):
        AggRlEstimator(ModelFolder(tmp_path))


def test_an_unknown_model_names_those_that_exist() -> None:
    with pytest.raises(CheckpointError, match="no model 'nothing'; bundled"):
        find_model("nothing")


def test_a_wide_array_is_warned_about(tiny_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = ModelFolder(tiny_folder)
    array = MicrophoneArray(circular_positions(40, 0.5), "ring")
    AggRlEstimator(folder).stream(array, GRIDS[0])
    assert "40 microphones" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"mic_frame": "absolute", "mic_encoding": "pm", "transform": "uniform"},
        {"compat": "reference", "grid_encoding": "phases"},
        {"plane_waves": True, "plane_wave_directions": 30, "plane_wave_bands": 6, "plane_wave_bins": 5},
    ],
    ids=["absolute", "reference", "plane waves"],
)
def test_other_kinds_of_network_run_without_torch_too(changes: dict[str, object], tmp_path: Path) -> None:
    model = make_model(**changes)
    with unchecked():
        export_agg_rl(model, make_card(model), tmp_path)
    # Scattered: on a circle the published model lets rounding choose its reference.
    scattered = np.random.default_rng(1).uniform(-0.05, 0.05, (5, 3))
    array, audio = MicrophoneArray(scattered), noise(5, 4000)
    found = AggRlEstimator(ModelFolder(tmp_path), frames_per_output=1).spectrum(audio, array, GRIDS[0])
    positions = torch.from_numpy(array.centred_positions.astype(np.float32))[None]
    directions = torch.from_numpy(GRIDS[0].directions.astype(np.float32))
    with torch.no_grad():
        expected = model(torch.from_numpy(audio)[None], positions, directions)[0, -1].T.numpy()
    np.testing.assert_allclose(found.values, expected[: found.num_frames], atol=1e-4)


def test_exporting_leaves_the_network_as_it_was(tmp_path: Path) -> None:
    model = make_model().train()
    with unchecked():
        export_agg_rl(model, make_card(model), tmp_path)
    assert model.training
    assert model.augeonet.transform.frozen_kernels is None


def test_with_look_ahead_a_frame_is_the_mean_around_it(tiny_folder: Path) -> None:
    # A frame of the network every 8 ms: without average they are what is averaged.
    single = AggRlEstimator(ModelFolder(tiny_folder), frames_per_output=1)
    estimator = AggRlEstimator(ModelFolder(tiny_folder), frames_per_output=4).with_look_ahead(0.1)
    array, grid = MicrophoneArray(circular_positions(4, 0.05)), GRIDS[0]
    hop, rate = single.network_hop, single.sample_rate
    audio = noise(4, single.network_window + 59 * hop)
    frames = single.spectrum(audio, array, grid).values
    found = estimator.spectrum(audio, array, grid)
    num_ahead = round(estimator.look_ahead_s * rate / hop)
    assert num_ahead % 4 == 0
    assert found.num_frames == len(frames) // 4
    for number, row in enumerate(found.values):
        newest = np.arange(number * 4 + 4 - estimator.frames_averaged, number * 4 + 4)
        away = np.abs(np.arange(len(frames))[:, None] - newest).min(axis=1)
        num_behind = round(0.16 * rate / hop)
        before, after = newest[0] - num_behind, newest[-1] + num_ahead
        inside = (np.arange(len(frames)) >= before) & (np.arange(len(frames)) <= after)
        weights = np.where(inside, np.exp(-away * hop / (0.15 * rate)), 0)
        np.testing.assert_allclose(row, weights @ frames / weights.sum(), atol=1e-5)


def test_where_a_resampler_left_nothing_nobody_is_heard() -> None:
    samples, _ = soundfile.read(EXAMPLES / "two_talkers.wav", dtype="float32")
    low = resample(resample(samples[:32_000].T, SAMPLE_RATE, SAMPLE_RATE // 2), SAMPLE_RATE // 2, SAMPLE_RATE)
    array, grid = load_array(EXAMPLES / "two_talkers.array.toml"), fibonacci_grid(512)
    values = AggRlEstimator(find_model("agg-rl")).spectrum(array.select_channels(low), array, grid).values
    talker, above = angles_deg_to_direction([40, 0], [46, 90]) @ grid.directions.T > np.cos(np.deg2rad(15))
    assert values[:, talker].max() > 0.4
    assert values[:, above].max() < 0.1  # what is left is alike in all microphones, as from straight above
