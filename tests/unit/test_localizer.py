"""The facade: from files and arrays of samples to directions, whole and as they come."""

import copy
import logging
import math
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from free_field import plane_wave, talker

import anydoa
from anydoa.errors import AudioError, ConfigError
from anydoa.estimators.catalogue import ESTIMATORS, make_estimator
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.geometry.layouts import circular_positions, tetrahedral_positions
from anydoa.io.array_file import load_array
from anydoa.io.results import Source
from anydoa.io.talkers import heard_s
from anydoa.localizer import MAX_TOLD_SOURCES, Localizer, locate
from properties.strategies import make_scene

RATE = 16_000
BALL = MicrophoneArray(
    np.concatenate([tetrahedral_positions(0.08), -tetrahedral_positions(0.1)]) + 0.01, "ball"
)
RING = MicrophoneArray(circular_positions(6, 0.0463), "ring")
LEFT, RIGHT = angles_deg_to_direction(70, 15), angles_deg_to_direction(-50, 5)


def error_deg(source: Source, direction: np.ndarray) -> float:
    return float(great_circle_distance_deg(source.direction, direction))


def talk(array: MicrophoneArray, direction: np.ndarray, seconds: float, seed: int = 0) -> np.ndarray:
    return make_scene(np.random.default_rng(seed), array, direction, seconds=seconds).audio


@pytest.fixture(scope="module")
def localizer() -> Localizer:
    return Localizer(BALL)


@pytest.fixture(scope="module")
def two_in_turn() -> np.ndarray:
    return np.concatenate([talk(BALL, LEFT, 3.0), talk(BALL, RIGHT, 1.0, seed=1)], axis=1)


def test_one_talker_is_found_without_being_told_how_many(localizer: Localizer) -> None:
    result = localizer.locate(talk(BALL, LEFT, 1.0), RATE)
    (source,) = result.directions
    assert error_deg(source, LEFT) < 1
    assert 0.3 < source.score <= 1
    assert (source.id, source.mirror) == (0, ())
    assert result.duration_s == 1.0
    heard = [frame.sources[0] for frame in result.frames if frame.sources]
    assert len(heard) >= 0.7 * len(result.frames)  # between syllables it falls by 25 dB: nobody may be heard
    assert all(error_deg(source, LEFT) < 3 for source in heard)


def test_one_talker_who_is_told_is_found_in_every_frame() -> None:
    result = Localizer(BALL, num_sources=1).locate(talk(BALL, LEFT, 1.0), RATE)
    assert all(error_deg(frame.sources[0], LEFT) < 3 for frame in result.frames)


def test_talkers_in_turn_are_both_found_though_one_speaks_less(
    localizer: Localizer, two_in_turn: np.ndarray
) -> None:
    result = localizer.locate(two_in_turn, RATE)
    first, second = result.directions
    assert error_deg(first, LEFT) < 1
    assert error_deg(second, RIGHT) < 2
    early, late = result.talkers
    assert great_circle_distance_deg(early.direction, LEFT) < 2
    assert great_circle_distance_deg(late.direction, RIGHT) < 3
    assert late.begin_s == pytest.approx(3.0, abs=0.4)


def test_a_source_of_the_summary_has_the_number_of_its_talker(localizer: Localizer) -> None:
    late_is_louder = np.concatenate([talk(BALL, LEFT, 1.0), 2 * talk(BALL, RIGHT, 3.0, seed=1)], axis=1)
    result = localizer.locate(late_is_louder, RATE)
    first, second = result.directions
    assert error_deg(first, RIGHT) < 2
    assert (first.id, second.id) == (1, 0)
    for source in result.directions:
        assert great_circle_distance_deg(result.talkers[source.id].direction, source.direction) < 3


def test_talkers_at_once_are_both_found() -> None:
    rng = np.random.default_rng(3)
    together = sum(plane_wave(BALL, d, talker(rng, 4 * RATE)) for d in (LEFT, RIGHT))
    for count in (2, None):
        directions = Localizer(BALL, num_sources=count).locate(together, RATE).directions
        assert len(directions) == 2
        assert min(error_deg(source, LEFT) for source in directions) < 4
        assert min(error_deg(source, RIGHT) for source in directions) < 4


def test_a_source_that_is_never_the_loudest_is_filled_in_when_two_are_asked_for() -> None:
    rng = np.random.default_rng(3)
    steady = [plane_wave(BALL, d, rng.standard_normal(2 * RATE)) for d in (LEFT, RIGHT)]
    localizer = Localizer(BALL, estimator="srp-phat", num_sources=2)
    directions = localizer.locate(steady[0] + 0.6 * steady[1], RATE).directions
    assert len(directions) == 2
    assert min(error_deg(source, LEFT) for source in directions) < 5
    assert min(error_deg(source, RIGHT) for source in directions) < 8


def test_silence_around_speech_changes_nothing(localizer: Localizer) -> None:
    speech = talk(BALL, LEFT, 1.0)
    hush = 1e-4 * np.random.default_rng(0).standard_normal((len(speech), 3 * RATE)).astype(np.float32)
    (source,) = localizer.locate(np.concatenate([hush, speech, hush], axis=1), RATE).directions
    assert error_deg(source, LEFT) < 1


def test_silence_has_no_sources(localizer: Localizer) -> None:
    audio = np.zeros((BALL.num_microphones, RATE), dtype=np.float32)
    for count in (None, 2):
        result = Localizer(BALL, num_sources=count).locate(audio, RATE)
        assert result.directions == ()
        assert all(frame.sources == () for frame in result.frames)


def test_a_flat_array_names_the_mirror() -> None:
    (source,) = Localizer(RING).locate(talk(RING, angles_deg_to_direction(70, 40), 1.0), RATE).directions
    assert source.elevation_deg == pytest.approx(40, abs=2)
    assert error_deg(Source(source.mirror[0], 1.0), angles_deg_to_direction(70, -40)) < 2


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_other_sample_rates_are_heard_alike(rate: int) -> None:
    signal = talker(np.random.default_rng(0), rate, sample_rate=rate)
    audio = plane_wave(BALL, LEFT, signal, sample_rate=rate)
    (source,) = Localizer(BALL).locate(audio, rate).directions
    assert error_deg(source, LEFT) < 2


def test_a_file_gives_what_its_samples_give(
    tmp_path: Path, localizer: Localizer, two_in_turn: np.ndarray
) -> None:
    path = tmp_path / "two.wav"
    soundfile.write(path, two_in_turn.T, RATE, subtype="FLOAT")
    from_file, from_memory = localizer.locate(path), localizer.locate(two_in_turn, RATE)
    assert from_file.header.file == str(path)
    assert [repr(s) for s in from_file.directions] == [repr(s) for s in from_memory.directions]
    assert [repr(f.sources) for f in from_file.frames] == [repr(f.sources) for f in from_memory.frames]


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_stream_gives_what_the_whole_recording_gives(rate: int, localizer: Localizer) -> None:
    rng = np.random.default_rng(0)
    audio = plane_wave(BALL, LEFT, talker(rng, rate, sample_rate=rate), sample_rate=rate).astype(np.float32)
    run = localizer.iterate(audio, rate)
    whole = list(run)
    stream = localizer.stream(rate, look_ahead_s=math.inf)
    cuts = np.sort(rng.integers(0, audio.shape[1], 9))
    frames = [frame for part in np.split(audio, cuts, axis=1) for frame in stream.push(part)]
    frames += stream.finish()
    assert [frame.time_s for frame in frames] == [frame.time_s for frame in whole]
    for mine, theirs in zip(frames, whole, strict=True):
        for one, other in zip(mine.sources, theirs.sources, strict=True):
            np.testing.assert_allclose(one.direction, other.direction, atol=1e-3)
    assert repr(stream.directions) == repr(run.directions)


def test_a_recording_is_judged_by_all_later_sound_unless_less_is_asked_for(two_in_turn: np.ndarray) -> None:
    for seconds, expected in ((0.0, 0.0), (0.3, 0.288), (None, 0.864)):
        options = {} if seconds is None else {"look_ahead_s": seconds}
        localizer = Localizer(BALL, estimator="srp-phat", **options)
        assert localizer.estimator.look_ahead_s == pytest.approx(expected)
        result = localizer.locate(two_in_turn, RATE)
        assert result.header.look_ahead_s == pytest.approx(expected)
        assert repr(locate(two_in_turn, BALL, sample_rate=RATE, estimator="srp-phat", **options)) == repr(
            result
        )
    with pytest.raises(ConfigError, match="look-ahead must be 0 or more seconds, got -1"):
        Localizer(BALL, look_ahead_s=-1)


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_a_stream_looks_ahead_as_far_as_it_is_told(seconds: float, two_in_turn: np.ndarray) -> None:
    localizer = Localizer(BALL, estimator="srp-phat")
    stream = localizer.stream(RATE, look_ahead_s=seconds)
    ahead_s = localizer.estimator.with_look_ahead(seconds).look_ahead_s
    frames = []
    for end_s, part in zip(np.arange(1, 41) / 10, np.split(two_in_turn, 40, axis=1), strict=True):
        frames += stream.push(part)
        assert frames == [] or end_s - 0.116 - 0.096 < frames[-1].time_s + ahead_s <= end_s
    frames += stream.finish()
    whole = list(Localizer(BALL, estimator="srp-phat", look_ahead_s=seconds).iterate(two_in_turn, RATE))
    assert [frame.time_s for frame in frames] == [frame.time_s for frame in whole]
    assert [repr(frame.sources) for frame in frames] == [repr(frame.sources) for frame in whole]
    with pytest.raises(ConfigError, match="look-ahead must be 0 or more seconds"):
        localizer.stream(RATE, look_ahead_s=float("nan"))


def test_frames_come_before_the_recording_ends(localizer: Localizer, two_in_turn: np.ndarray) -> None:
    run = localizer.iterate(two_in_turn, RATE)
    first = next(iter(run))
    assert first.time_s < 0.2
    assert error_deg(run.directions[0], LEFT) < 3


def test_the_mean_spectrum_is_that_of_the_estimator(two_in_turn: np.ndarray) -> None:
    localizer = Localizer(BALL, estimator="srp-phat")
    run = localizer.iterate(two_in_turn, RATE)
    assert len(list(run)) > 30
    expected = localizer.estimator.spectrum(two_in_turn, BALL, localizer.grid).mean()
    np.testing.assert_allclose(run.mean_spectrum, expected, atol=1e-5)


def test_ignored_channels_are_not_heard() -> None:
    array = load_array("respeaker-6")
    if not array.ignore_channels:
        array = array.replace(ignore_channels=(6, 7))
    audio = np.zeros((array.num_recording_channels, RATE), dtype=np.float32)
    audio[list(array.ignore_channels)] = np.random.default_rng(0).standard_normal((2, RATE))
    audio[list(array.channels)] = talk(array, LEFT, 1.0)
    (source,) = Localizer(array).locate(audio, RATE).directions
    assert source.azimuth_deg == pytest.approx(70, abs=2)


def test_a_dead_microphone_is_a_warning_that_names_its_channel(
    localizer: Localizer, caplog: pytest.LogCaptureFixture
) -> None:
    audio = talk(BALL, LEFT, 1.0)
    audio[5] = 0
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        (source,) = localizer.locate(audio, RATE).directions
    assert error_deg(source, LEFT) < 2
    assert [record.getMessage() for record in caplog.records] == [
        "recording: channel 5 never changes; is that microphone connected and unmuted?"
    ]


def test_several_dead_microphones_are_told_in_one_sentence(
    localizer: Localizer, caplog: pytest.LogCaptureFixture
) -> None:
    audio = talk(BALL, LEFT, 1.0)
    audio[[2, 5]] = 0
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        localizer.locate(audio, RATE)
    assert caplog.records[0].getMessage() == (
        "recording: channels 2, 5 never change; are those microphones connected and unmuted?"
    )


def test_wrong_channel_counts_are_refused_with_the_cure(localizer: Localizer) -> None:
    with pytest.raises(AudioError, match=r"10 channels but .* uses 8; pass ignore_channels=\[8, 9\]"):
        localizer.locate(np.zeros((10, RATE)), RATE)


def test_recordings_shorter_than_a_window_are_refused(localizer: Localizer) -> None:
    with pytest.raises(AudioError, match=r"at least 0\.112 s, one window of steered, got 0\.1 s"):
        localizer.locate(np.zeros((8, 1600)), RATE)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_are_made_by_name(name: str) -> None:
    assert make_estimator(name).name == name
    (source,) = locate(
        talk(BALL, LEFT, 1.0), BALL, estimator=name, num_sources=1, sample_rate=RATE
    ).directions
    assert error_deg(source, LEFT) < 2


def test_an_unknown_estimator_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="no estimator 'srp_phat'; did you mean 'srp-phat'"):
        make_estimator("srp_phat")


def test_estimators_are_not_joined() -> None:
    with pytest.raises(ConfigError, match=r"are not joined; take one of srp-phat, music, .*steered"):
        make_estimator("steered+agg-rl")


@pytest.mark.parametrize("name", ["x" * 5000, "srp-phat+" * 600, "mus\0ic", "x/" * 3000])
def test_names_of_any_length_are_refused_in_one_short_line(name: str) -> None:
    with pytest.raises(ConfigError, match="no estimator") as refused:
        make_estimator(name)
    assert len(str(refused.value)) < 300
    assert "\n" not in str(refused.value)


def test_everything_can_be_given_by_name_or_object(tmp_path: Path) -> None:
    array = load_array("tetrahedron-4cm")
    path = tmp_path / "a.flac"
    soundfile.write(path, talk(array, LEFT, 0.5).T, RATE)
    by_name = anydoa.locate(path, array="tetrahedron-4cm", grid="fibonacci:1024", estimator="srp-phat")
    by_object = anydoa.locate(str(path), array, grid=fibonacci_grid(1024), estimator=SrpPhat())
    assert repr(by_name.directions) == repr(by_object.directions)
    assert by_name.header.grid == "fibonacci:1024"
    assert by_name.header.array_hash == array.hash
    assert by_name.header.weights_hash is None


def test_sources_nearer_than_allowed_are_one() -> None:
    near = angles_deg_to_direction(70 - 30, 15)
    audio = np.concatenate([talk(BALL, LEFT, 2.0), talk(BALL, near, 2.0, seed=1)], axis=1)
    assert len(Localizer(BALL).locate(audio, RATE).directions) == 2
    assert len(Localizer(BALL, min_separation_deg=60).locate(audio, RATE).directions) == 1


def test_one_file_a_microphone_is_located_when_they_are_given_together(tmp_path: Path) -> None:
    audio = talk(BALL, LEFT, 0.5)
    paths = [tmp_path / f"mic{number}.wav" for number in range(len(audio))]
    for path, channel in zip(paths, audio, strict=True):
        soundfile.write(path, channel, RATE, subtype="FLOAT")
    joined = locate([str(path) for path in paths], BALL, estimator="srp-phat")
    assert repr(joined.directions) == repr(
        locate(audio, BALL, estimator="srp-phat", sample_rate=RATE).directions
    )


@pytest.mark.parametrize("shape", [(RATE, 8), (8, 8)])
def test_samples_in_the_order_of_soundfile_are_refused_with_the_cure(shape: tuple[int, int]) -> None:
    localizer = Localizer(BALL, "fibonacci:100", "srp-phat")
    with pytest.raises(anydoa.AnydoaError) as caught:
        localizer.locate(np.zeros(shape), RATE)
    assert shape == (8, 8) or str(caught.value).endswith(
        "samples are (channel, time), got (16000, 8); pass audio.T"
    )
    assert len(str(caught.value)) < 200


def test_a_stream_refuses_what_is_no_number_and_says_when(localizer: Localizer) -> None:
    stream = localizer.stream(RATE)
    stream.push(np.zeros((8, 800)))
    with pytest.raises(AudioError, match=r"channel 3 holds nan at 0\.0506 s"):
        stream.push(np.where(np.arange(8)[:, None] == 3, np.where(np.arange(800) == 10, np.nan, 0.0), 0.0))


@pytest.mark.parametrize("rate", [RATE, 48_000])
def test_a_finished_stream_takes_no_more(rate: int) -> None:
    stream = Localizer(BALL, "fibonacci:100", "srp-phat").stream(rate)
    stream.push(np.zeros((8, 800)))
    stream.finish()
    with pytest.raises(AudioError, match="takes no more sound"):
        stream.push(np.zeros((8, 800)))
    with pytest.raises(AudioError, match="finished once"):
        stream.finish()


@pytest.mark.parametrize("name", ["steered", "agg-rl", "srp-phat", "music"])
@pytest.mark.parametrize(
    "way", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))], ids=["copied", "pickled"]
)
def test_a_localizer_can_be_copied_and_sent_to_other_processes(
    name: str, way: Callable[[Localizer], Localizer]
) -> None:
    audio = talk(BALL, LEFT, 0.3)
    localizer = Localizer(BALL, "fibonacci:200", name, 1)
    expected = repr(localizer.locate(audio, RATE).directions)
    assert repr(way(localizer).locate(audio, RATE).directions) == expected


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "agg-rl"])
@pytest.mark.parametrize("alive", [0, 1])
def test_fewer_than_two_living_microphones_have_no_directions(name: str, alive: int) -> None:
    audio = np.full((6, RATE), 0.3, dtype=np.float32)
    audio[:alive] = talk(RING, LEFT, 1.0)[:alive]
    for count in (None, 2):
        result = Localizer(RING, estimator=name, num_sources=count).locate(audio, RATE)
        assert result.directions == ()
        assert all(frame.sources == () for frame in result.frames)
        assert len(result.warnings) == 1


def test_directions_begin_when_a_second_microphone_lives(localizer: Localizer) -> None:
    audio = talk(BALL, LEFT, 2.0)
    audio[:, :RATE] = 0
    audio[0, :RATE] = 0.01 * np.random.default_rng(0).standard_normal(RATE)
    result = localizer.locate(audio, RATE)
    (source,) = result.directions
    assert error_deg(source, LEFT) < 2
    assert all(frame.time_s > 0.9 for frame in result.frames if frame.sources)
    assert result.warnings == ()


def test_warnings_come_with_the_result_and_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    audio = np.tile(talk(RING, LEFT, 1.0)[:1], (6, 1))
    (line,) = Localizer(RING, estimator="srp-phat").locate(audio, RATE).warnings
    assert line.startswith("channels 0, 1, 2, 3, 4, 5 carry the same signal")
    assert [record.getMessage() for record in caplog.records] == [f"recording: {line}"]


@pytest.mark.parametrize("estimator", ["steered", "srp-phat"])
@pytest.mark.parametrize(
    "seats_deg", [(0, 90, 180, 270), (0, 72, 144, 216, 288), (0, 60, 120, 180), (0, 45, 90, 135)]
)
def test_a_talker_on_one_of_a_few_seats_is_on_no_other(estimator: str, seats_deg: tuple[float, ...]) -> None:
    array, rng = load_array("respeaker-usb-4"), np.random.default_rng(0)
    array = array.select_microphones(range(4))
    seats = DirectionGrid(angles_deg_to_direction(np.array(seats_deg, float), np.zeros(len(seats_deg))))
    heard = plane_wave(array, seats.directions[0], talker(rng, 48_000))
    audio = (0.1 * (heard + 0.2 * rng.standard_normal(heard.shape))).astype(np.float32)
    result = Localizer(array, seats, estimator).locate(audio, 16_000)
    assert [round(source.azimuth_deg) for source in result.directions] == [0]


def test_a_file_is_told_no_sample_rate(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", talk(RING, LEFT, 0.5).T, RATE)
    localizer = Localizer(RING, "fibonacci:100", SrpPhat())
    for sound in (tmp_path / "a.wav", [str(tmp_path / "a.wav")]):
        for listen in (localizer.locate, localizer.iterate):
            with pytest.raises(AudioError, match="sample_rate is for samples in memory, got 8000 for a file"):
                listen(sound, 8000)
    with pytest.raises(AudioError, match="which says its own; leave it out"):
        locate(tmp_path / "a.wav", RING, sample_rate=RATE)


def test_no_more_sources_can_be_told_than_can_be_followed() -> None:
    assert Localizer(RING, "fibonacci:100", SrpPhat(), MAX_TOLD_SOURCES).finder.num_sources == 16
    with pytest.raises(ConfigError, match="num_sources must be at most 16, got 17; give fewer, or None"):
        Localizer(RING, "fibonacci:100", SrpPhat(), 17)


def test_a_direction_is_heard_no_longer_than_the_recording(two_in_turn: np.ndarray) -> None:
    run = Localizer(BALL, "fibonacci:400", SrpPhat(), MAX_TOLD_SOURCES).iterate(two_in_turn, RATE)
    assert len(list(run)) > 0
    heard = [heard_s(run.talkers, source.direction) for source in run.directions]
    assert 0 < max(heard) <= run.info.duration_s
