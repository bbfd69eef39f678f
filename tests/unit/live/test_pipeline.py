"""The pipeline: the same results however the sound comes, right times after gaps, clean ends."""

import io
import itertools
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from free_field import plane_wave

from anydoa.errors import AudioError, ConfigError
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.geometry.layouts import circular_positions, tetrahedral_positions
from anydoa.live.feed_log import ArrivalPace
from anydoa.live.feeds import FileFeed, RawFeed
from anydoa.live.feeds.pcm import PcmFormat
from anydoa.live.listener import Listener, LiveResult
from anydoa.live.outputs import ResultFile
from anydoa.live.pipeline import LivePipeline
from anydoa.live.queue import AudioBlock
from anydoa.localizer import Localizer
from anydoa.spectrum import SpatialSpectrum, SpectrumStream
from voices import voice

RATE = 16_000
BALL = MicrophoneArray(tetrahedral_positions(0.1), "ball")
PAIR = MicrophoneArray([[0, 0.05, 0], [0, -0.05, 0]], "pair")
GRID = fibonacci_grid(400)
FAST = SrpPhat()
LEFT, RIGHT = angles_deg_to_direction(70, 15), angles_deg_to_direction(-50, 25)


def two_voices(seconds: float = 1.2) -> np.ndarray:
    """A voice left, then another right, then a pause."""
    rng = np.random.default_rng(0)
    talks = [
        plane_wave(BALL, direction, voice(pitch, seconds, rng))
        for direction, pitch in ((LEFT, 120.0), (RIGHT, 200.0))
    ]
    audio = np.concatenate([*talks, np.zeros((4, RATE * 2 // 5))], axis=1)
    return (0.5 * audio + 0.002 * rng.standard_normal(audio.shape)).astype(np.float32)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("live") / "voices.wav"
    soundfile.write(path, two_voices().T, RATE, subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def fast_path(path: Path) -> Path:
    """The same at 44.1 kHz."""
    from anydoa.io.resampling import resample

    soundfile.write(
        path.with_name("fast.wav"), resample(two_voices(), RATE, 44_100).T, 44_100, subtype="FLOAT"
    )
    return path.with_name("fast.wav")


def listen(path: Path, **options: object) -> list[LiveResult]:
    feed = FileFeed(path, pace=None, block_s=options.pop("block_s", 0.02))
    return list(LivePipeline(Localizer(BALL, GRID, FAST), feed, **options))


@pytest.fixture(scope="module")
def results(path: Path) -> list[LiveResult]:
    return listen(path)


def assert_same(first: list[LiveResult], second: list[LiveResult]) -> None:
    assert len(first) == len(second) > 20
    for one, other in zip(first, second, strict=True):
        assert one.time_s == other.time_s
        assert (one.speech, one.dropped_s) == (other.speech, other.dropped_s)
        np.testing.assert_allclose(one.spectrum, other.spectrum, atol=1e-5)
        np.testing.assert_allclose(one.levels_db, other.levels_db, atol=1e-3)
        assert [track.id for track in one.tracks] == [track.id for track in other.tracks]
        for track, twin in zip(one.tracks, other.tracks, strict=True):
            np.testing.assert_allclose(track.direction, twin.direction, atol=1e-3)
        for source, twin in zip(one.sources, other.sources, strict=True):
            np.testing.assert_allclose(source.direction, twin.direction, atol=1e-3)


@pytest.mark.parametrize("recording", ["path", "fast_path"])
def test_results_do_not_depend_on_the_blocks_the_sound_comes_in(
    recording: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(recording)
    whole = listen(path, block_s=10.0)
    for block_s in (0.0131, 0.5):
        assert_same(listen(path, block_s=block_s), whole)


def test_two_voices_become_two_tracks_where_they_are(results: list[LiveResult]) -> None:
    directions = {track.id: track.direction for result in results for track in result.tracks}
    assert len(directions) == 2
    assert float(great_circle_distance_deg(directions[0], LEFT)) < 6
    assert float(great_circle_distance_deg(directions[1], RIGHT)) < 6


def test_the_summary_names_both_voices(path: Path) -> None:
    pipeline = LivePipeline(Localizer(BALL, GRID, FAST), FileFeed(path, pace=None))
    assert len(list(pipeline)) == 29
    assert pipeline.duration_s == pytest.approx(2.8)
    found = sorted(source.azimuth_deg for source in pipeline.directions)
    assert found == pytest.approx([-50, 70], abs=3)


def test_results_are_those_of_the_estimator(results: list[LiveResult]) -> None:
    spectrum = FAST.spectrum(two_voices(), BALL, GRID)
    np.testing.assert_allclose([result.time_s for result in results], spectrum.times_s)
    np.testing.assert_allclose([result.spectrum for result in results], spectrum.values, atol=1e-5)


def test_fewer_results_a_second_average_more_frames(path: Path) -> None:
    results = listen(path, results_per_s=2.0)
    spectrum = FAST.spectrum(two_voices(), BALL, GRID)
    assert len(results) == -(-spectrum.num_frames // 5)
    assert results[-1].time_s == spectrum.times_s[-1]  # over the frames that are left
    first = SpatialSpectrum(spectrum.values[:5], spectrum.times_s[:5], spectrum.level[:5], GRID)
    np.testing.assert_allclose(results[0].spectrum, first.mean(), atol=1e-5)
    assert results[0].time_s == spectrum.times_s[4]


def test_the_gate_says_when_somebody_speaks(path: Path, results: list[LiveResult]) -> None:
    assert np.mean([result.speech for result in results if 0.3 < result.time_s < 2.4]) > 0.8
    assert not results[-1].speech
    assert all(result.speech for result in listen(path, vad=False))


def test_levels_are_those_of_every_recorded_channel(tmp_path: Path) -> None:
    array = PAIR.replace(channels=(2, 1), ignore_channels=(0, 3))
    audio = np.array([0.1, 0.01, 1.0, 0.0])[:, None] * np.ones((4, RATE))
    soundfile.write(tmp_path / "a.wav", audio.T, RATE, subtype="FLOAT")
    pipeline = LivePipeline(Localizer(array, GRID, FAST), FileFeed(tmp_path / "a.wav", pace=None))
    for result in pipeline:
        np.testing.assert_allclose(result.levels_db, [-20, -40, 0, -120], atol=1e-3)


def test_silence_gives_results_without_sources(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((RATE, 2)), RATE)
    results = list(LivePipeline(Localizer(PAIR, GRID, FAST), FileFeed(tmp_path / "a.wav", pace=None)))
    assert len(results) == 10
    for result in results:
        assert (result.sources, result.tracks) == ((), ())
        assert not result.spectrum.any()


@dataclass(frozen=True)
class SlowEstimator:
    """SRP-PHAT on a machine that needs longer to compute sound than the sound lasts."""

    seconds_a_frame: float
    name: str = "slow"
    sample_rate: int = RATE
    window_length: int = FAST.window_length
    hop_length: int = FAST.hop_length
    look_ahead_s: float = 0.0
    threshold: float = 0.1

    @property
    def values_are_chances(self) -> bool:
        return False

    def with_look_ahead(self, seconds: float) -> "SlowEstimator":
        return self

    def spectrum(self, audio: np.ndarray, array: MicrophoneArray, grid: DirectionGrid) -> SpatialSpectrum:
        return FAST.spectrum(audio, array, grid)

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> SpectrumStream:
        return _SlowStream(FAST.stream(array, grid), self.seconds_a_frame)


@dataclass(frozen=True)
class _SlowStream:
    inner: SpectrumStream
    seconds_a_frame: float

    def push(self, audio: np.ndarray) -> SpatialSpectrum:
        spectrum = self.inner.push(audio)
        time.sleep(self.seconds_a_frame * spectrum.num_frames)
        return spectrum

    def finish(self) -> SpatialSpectrum:
        return self.inner.finish()


def test_a_slow_machine_drops_sound_says_so_and_loses_nothing_else(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    localizer = Localizer(BALL, GRID, SlowEstimator(0.05))
    pipeline = LivePipeline(localizer, FileFeed(path, pace=6.0), vad=False, max_queue_s=0.3)
    start = time.monotonic()
    with caplog.at_level(logging.WARNING):
        results = list(pipeline)
    most_lines = 3 + np.log2(1 + time.monotonic() - start)  # ever more rarely, and a last one
    dropped_s = [result.dropped_s for result in results]
    assert dropped_s == sorted(dropped_s)
    assert pipeline.dropped_s >= dropped_s[-1] > 0
    assert pipeline.duration_s == pytest.approx(2.8)
    computed = round((pipeline.duration_s - pipeline.dropped_s) * RATE)
    assert len(results) == (computed - FAST.window_length) // FAST.hop_length + 1
    assert 1 <= caplog.text.count("dropped so far") <= most_lines
    assert "--" not in caplog.text  # whoever runs the pipeline may have other options, or none


def test_a_file_piped_as_if_live_is_not_blamed_on_the_machine(caplog: pytest.LogCaptureFixture) -> None:
    content = np.zeros((20 * RATE, 2), "<i2").tobytes()
    feed = RawFeed(io.BytesIO(content), PcmFormat(RATE, 2), name="the pipe")
    with caplog.at_level(logging.WARNING):
        list(LivePipeline(Localizer(PAIR, GRID, FAST), feed, vad=False))
    assert "times as fast as 16000 Hz would" in caplog.text
    assert "A file is to be read fast" in caplog.text
    assert "fewer directions" not in caplog.text


@pytest.mark.parametrize(("pace", "said"), [(3.0, "3.0"), (0.5, "0.5"), (1.0, None), (1.1, None)])
def test_sound_at_another_rate_than_was_said_shows_by_the_clock(
    pace: float, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("anydoa.live.feed_log.time.monotonic", lambda: now)
    arrival = ArrivalPace(RATE)
    arrival.count(5 * RATE)  # what had waited until somebody listened
    for _ in range(500):
        now += 0.02
        arrival.count(round(0.02 * pace * RATE))
    assert arrival.odd_pace == (None if said is None else pytest.approx(float(said), rel=0.05))


def test_a_sender_that_pauses_is_not_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("anydoa.live.feed_log.time.monotonic", lambda: now)
    arrival = ArrivalPace(RATE)
    for _ in range(10):
        now += 10.0
        for _ in range(50):
            now += 0.02
            arrival.count(round(0.02 * RATE))
    assert arrival.odd_pace is None


@pytest.mark.parametrize(
    ("num_samples", "message"),
    [(0, "no sound came, less than one window"), (800, "only 0.050 s of sound came, less than one window")],
)
def test_less_than_a_window_of_sound_is_said_to_be_that(
    num_samples: int, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    feed = RawFeed(io.BytesIO(bytes(4 * num_samples)), PcmFormat(RATE, 2), name="the pipe", can_wait=True)
    with caplog.at_level(logging.WARNING):
        assert list(LivePipeline(Localizer(PAIR, GRID, FAST), feed, vad=False)) == []
    assert message in caplog.text
    assert "sound comes again" not in caplog.text


def test_a_pipe_that_ends_while_it_is_silent_does_not_come_again(caplog: pytest.LogCaptureFixture) -> None:
    reading, writing = os.pipe()

    def send() -> None:
        with open(writing, "wb", buffering=0) as sender:
            sender.write(np.zeros((RATE, 2), "<i2").tobytes())
            while not caplog.records:
                time.sleep(0.05)

    with open(reading, "rb") as stream, caplog.at_level(logging.WARNING):
        sender = threading.Thread(target=send)
        sender.start()
        feed = RawFeed(stream, PcmFormat(RATE, 2), name="the pipe", can_wait=True)
        list(LivePipeline(Localizer(PAIR, GRID, FAST), feed, vad=False))
        sender.join()
    assert [record.getMessage() for record in caplog.records] == [
        "the pipe: no sound for 2 s; is it still there?",
        "the pipe: no channel ever changes; is the recording muted, or the microphones off?",
    ]


def test_latency_counts_from_the_arrival_of_the_newest_sample(path: Path) -> None:
    localizer = Localizer(BALL, GRID, SlowEstimator(0.04))
    # A queue for all of it, for a busy machine would drop sound, and a gap makes what came before it older.
    results = list(LivePipeline(localizer, FileFeed(path), vad=False, max_queue_s=60))
    for result in results:
        assert result.processing_s >= 0.04
        assert result.latency_s == pytest.approx(result.processing_s + 0.016)


def test_after_a_gap_times_are_those_of_the_recording() -> None:
    # Noise that grows by 10 dB a second: its level tells the time.
    growth = 10 ** ((np.arange(6 * RATE) / RATE * 10 - 70) / 20)
    audio = (growth * np.random.default_rng(0).standard_normal((2, 6 * RATE))).astype(np.float32)
    listener = Listener(Localizer(PAIR, GRID, FAST), RATE, results_per_s=10.0, tracker=None, vad=False)
    heard = [(0, 16_000), (16_000, 24_500), (40_000, 40_320), (47_123, 70_000), (80_000, 96_000)]
    results = [
        result
        for start, end in heard
        for result in listener.hear(AudioBlock(start, audio[:, start:end], time.monotonic()))
    ]
    assert listener.duration_s == 6
    assert results[-1].dropped_s == pytest.approx((40_000 - 24_500 + 47_123 - 40_320 + 10_000) / RATE)
    missing_s = [result.dropped_s for result in results]
    steady = [
        number for number in range(1, len(results) - 1) if len(set(missing_s[number - 1 : number + 2])) == 1
    ]
    assert len(steady) > 25
    for number in steady:  # others have a level from both sides of a gap
        heard_at_s = (results[number].levels_db.mean() + 70) / 10
        assert heard_at_s == pytest.approx(results[number].time_s - 0.032, abs=0.06)
    for before, after in itertools.pairwise(results):
        assert after.time_s - before.time_s == pytest.approx(0.096 + after.dropped_s - before.dropped_s)


def test_with_look_ahead_the_same_frames_come_with_what_came_after_them(
    path: Path, results: list[LiveResult]
) -> None:
    ahead = FAST.with_look_ahead(0.3)
    spectrum = ahead.spectrum(two_voices(), BALL, GRID)
    found = listen(path, look_ahead_s=0.3)
    np.testing.assert_allclose([result.spectrum for result in found], spectrum.values, atol=1e-5)
    assert [result.time_s for result in found] == [result.time_s for result in results]
    # What is no direction is of the time of the frame, as ever.
    assert [result.speech for result in found] == [result.speech for result in results]
    for result, causal in zip(found, results, strict=True):
        np.testing.assert_allclose(result.levels_db, causal.levels_db, atol=1e-3)
    assert {track.id for result in found for track in result.tracks} == {0, 1}
    assert_same(found, listen(path, look_ahead_s=0.3, block_s=0.5))


def test_latency_says_how_old_a_moment_is_when_it_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("anydoa.live.listener.time.monotonic", lambda: now)
    localizer = Localizer(PAIR, GRID, FAST).looking_ahead(0.3)
    listener = Listener(localizer, RATE, results_per_s=10.0, tracker=None, vad=False)
    audio = np.random.default_rng(0).standard_normal((2, 3 * RATE)).astype(np.float32)
    block, gap = RATE // 100, range(RATE, RATE + RATE // 5)
    results = []
    for start in range(0, 3 * RATE, block):
        if start in gap:
            continue
        now = (start + block) / RATE
        for result in listener.hear(AudioBlock(start, audio[:, start : start + block], now)):
            assert result.processing_s == 0
            assert now - 0.01 - 1e-9 <= result.time_s + result.latency_s <= now + 1e-9
            results.append(result)
    crossing = [result for result in results if result.latency_s > 0.4]  # their future lay behind the gap
    assert 0 < len(crossing) <= 4
    for result in results:
        extra_s = 0.2 if result in crossing else 0.0
        assert result.latency_s == pytest.approx(0.016 + 0.288 + extra_s, abs=1e-6)
    now += 0.5
    last = list(listener.finish())
    assert len(results) + len(last) == (3 * RATE - len(gap) - FAST.window_length) // FAST.hop_length + 1
    assert len(last) == 3
    for result in last:
        assert result.processing_s == pytest.approx(0.5)
        assert result.time_s + result.latency_s == pytest.approx(3.5)


def test_a_feed_that_falls_silent_is_said_so_and_so_is_its_return(caplog: pytest.LogCaptureFixture) -> None:
    reading, writing = os.pipe()
    second = np.zeros((RATE, 2), "<i2").tobytes()

    def send() -> None:
        with open(writing, "wb", buffering=0) as sender:
            sender.write(second)
            while not caplog.records:
                time.sleep(0.05)
            sender.write(second)

    with open(reading, "rb") as stream, caplog.at_level(logging.WARNING):
        sender = threading.Thread(target=send)
        sender.start()
        feed = RawFeed(stream, PcmFormat(RATE, 2), name="the pipe", can_wait=True)
        assert len(list(LivePipeline(Localizer(PAIR, GRID, FAST), feed))) == 20
        sender.join()
    said = [record.getMessage() for record in caplog.records]
    assert said[:2] == ["the pipe: no sound for 2 s; is it still there?", "the pipe: sound comes again"]
    assert [line[:33] for line in said[2:]] == [
        "the pipe: no channel ever changes"
    ]  # zeros are all that came


def test_another_number_of_channels_is_refused_with_the_cure(path: Path) -> None:
    with pytest.raises(
        AudioError, match=r"voices\.wav: recording has 4 channels but array 'pair' uses 2; pass"
    ):
        LivePipeline(Localizer(PAIR, GRID, FAST), FileFeed(path))


@pytest.mark.parametrize(
    "options",
    [
        {"results_per_s": 0.0},
        {"results_per_s": float("nan")},
        {"max_queue_s": 0.0},
        {"max_queue_s": float("inf")},
        {"look_ahead_s": -0.1},
        {"look_ahead_s": float("nan")},
    ],
)
def test_impossible_numbers_are_refused(path: Path, options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"above 0|0 or more seconds"):
        LivePipeline(Localizer(BALL, GRID, FAST), FileFeed(path), **options)


@pytest.fixture
def threads() -> Iterator[None]:
    """Nothing runs on after a test that ran before it."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


@pytest.mark.usefixtures("threads")
def test_leaving_the_loop_ends_the_reading_thread(path: Path) -> None:
    pipeline = LivePipeline(Localizer(BALL, GRID, FAST), FileFeed(path, repeat=True))
    for _ in pipeline:
        break
    pipeline.close()


@pytest.mark.usefixtures("threads")
def test_closing_from_another_thread_ends_the_loop(path: Path) -> None:
    pipeline = LivePipeline(Localizer(BALL, GRID, FAST), FileFeed(path, repeat=True))
    closer = threading.Timer(0.4, pipeline.close)
    closer.start()
    assert len(list(pipeline)) < 100
    closer.join()


@pytest.mark.usefixtures("threads")
def test_a_pipeline_closed_before_it_began_gives_nothing(path: Path) -> None:
    pipeline = LivePipeline(Localizer(BALL, GRID, FAST), FileFeed(path))
    pipeline.close()
    pipeline.close()
    assert list(pipeline) == []


@pytest.mark.usefixtures("threads")
def test_an_error_of_the_feed_comes_after_the_results_before_it(tmp_path: Path) -> None:
    audio = two_voices()
    audio[3, 2 * RATE :] = np.nan
    soundfile.write(tmp_path / "a.wav", audio.T, RATE, subtype="FLOAT")
    results = iter(LivePipeline(Localizer(BALL, GRID, FAST), FileFeed(tmp_path / "a.wav", pace=None)))
    assert [next(results).time_s for _ in range(19)][-1] > 1.8
    with pytest.raises(AudioError, match=r"channel 3 holds nan at 2\.0000 s"):
        list(results)


@pytest.mark.usefixtures("threads")
def test_an_interrupt_while_it_waits_leaves_nothing_running(path: Path) -> None:
    import signal

    pipeline = LivePipeline(Localizer(BALL, GRID, FAST), FileFeed(path, pace=0.05))
    interrupter = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        list(pipeline)
    interrupter.join()


def test_the_mirror_of_a_track_is_that_of_where_it_is_now() -> None:
    ring = MicrophoneArray(circular_positions(6, 0.05), "ring")
    rng = np.random.default_rng(0)
    steps = [angles_deg_to_direction(azimuth, 40) for azimuth in np.arange(0, 60, 4.0)]
    walk = np.concatenate([plane_wave(ring, one, voice(120.0, 0.15, rng)) for one in steps], axis=1)
    audio = np.concatenate([0.5 * walk, np.zeros((6, 2 * RATE))], axis=1)
    audio = audio + 0.002 * rng.standard_normal(audio.shape)
    listener = Listener(Localizer(ring, GRID, FAST), RATE, results_per_s=10, tracker=None, vad=False)
    results = list(listener.hear(AudioBlock(0, audio.astype(np.float32), time.monotonic())))
    tracks = [track for result in results for track in result.tracks]
    assert len(tracks) > 20
    assert not all(track.active for track in tracks)
    for track in tracks:
        for twin in track.mirror:
            np.testing.assert_allclose(twin, track.direction * [1, 1, -1], atol=1e-6)


def test_what_is_wrong_with_the_sound_is_said_once_and_stays_in_the_results_as_long_as_it_lasts(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    audio = np.tile(two_voices(3.0)[:1], (4, 2))
    soundfile.write(tmp_path / "copies.wav", audio.T, RATE, subtype="FLOAT")
    results = listen(tmp_path / "copies.wav")
    assert results[0].warnings == ()
    (line,) = results[-1].warnings
    assert line.startswith("channels 0, 1, 2, 3 carry the same signal")
    assert [record.getMessage() for record in caplog.records] == [f"{tmp_path / 'copies.wav'}: {line}"]
    first = next(result for result in results if result.warnings)
    assert first.time_s == pytest.approx(1.0, abs=0.2)


def test_what_was_mended_is_in_the_summary_and_no_more_in_the_results(tmp_path: Path) -> None:
    sound = np.concatenate([np.tile(two_voices(2.3)[:1], (4, 1)), two_voices(2.5)], axis=1)  # each a span
    soundfile.write(tmp_path / "mended.wav", sound.T, RATE, subtype="FLOAT")
    feed = FileFeed(tmp_path / "mended.wav", pace=None)
    pipeline, text = LivePipeline(Localizer(BALL, GRID, FAST), feed, vad=False), io.StringIO()
    file = ResultFile(text, "json", pipeline)
    results = list(pipeline)
    file.close()
    assert any(result.warnings for result in results)
    assert results[-1].warnings == ()
    (line,) = pipeline.warnings
    assert "carry the same signal" in line
    assert json.loads(text.getvalue().splitlines()[-1])["summary"]["warnings"] == [line]


@pytest.mark.parametrize("alive", [0, 1, 3])
def test_dead_channels_are_said_and_one_microphone_has_no_sources(tmp_path: Path, alive: int) -> None:
    audio = two_voices(3.0)
    audio[alive:] = 0
    soundfile.write(tmp_path / "dead.wav", audio.T, RATE, subtype="FLOAT")
    results = listen(tmp_path / "dead.wav", vad=False)
    (line,) = results[-1].warnings
    assert ("no channel ever changes" in line) == (alive == 0)
    assert any(result.sources for result in results) == (alive == 3)
    assert all(not result.tracks for result in results) == (alive < 3)


@pytest.mark.parametrize("count", [None, 3])
def test_the_directions_of_a_feed_are_those_of_the_same_recording(path: Path, count: int | None) -> None:
    localizer = Localizer(BALL, GRID, FAST, count, look_ahead_s=0.0)
    pipeline = LivePipeline(localizer, FileFeed(path, pace=None), vad=False)
    assert list(pipeline)
    assert repr(pipeline.directions) == repr(localizer.locate(path).directions)
    assert len(pipeline.directions) == (count or 2)
