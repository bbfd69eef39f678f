"""What physics and the protocol of streams guarantee of a beam, whoever it is aimed at."""

import pickle

import numpy as np
import pytest
from free_field import plane_wave, random_array, talker
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from anydoa.beamforming import Aim, BeamOptions, SpeechMask, TalkerBeam, sound_field
from anydoa.errors import AudioError, ConfigError
from anydoa.estimators import load
from anydoa.geometry import MicrophoneArray, MicrophonePattern
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io import load_array
from properties.strategies import chunkings, scales, seeds

RATE = 16_000
LEFT, RIGHT = angles_deg_to_direction(60, 10), angles_deg_to_direction(-70, 30)
BEAMFORMERS = ("mvdr", "delay-and-sum")
every_beamformer = pytest.mark.parametrize("beamformer", BEAMFORMERS)
few_examples = settings(max_examples=4, deadline=None)


class Standing:
    """Talkers who stand still and may sound at any time."""

    def __init__(self, *directions: np.ndarray) -> None:
        self.directions = directions
        self.num_rows = len(directions)

    def at(self, time_s: float) -> list[Aim]:
        return [Aim(id, direction) for id, direction in enumerate(self.directions)]

    def wanted(self, levels: dict[int, float]) -> list[int | None]:
        return list(range(self.num_rows))


def beam_of(
    audio: np.ndarray, array: MicrophoneArray, aims: Standing, cuts: list[int] | None = None, **named: object
) -> np.ndarray:
    beam = TalkerBeam(array, aims, **named)
    parts = [beam.push(part) for part in np.split(audio, cuts or [], axis=1)]
    return np.concatenate([*parts, beam.finish()], axis=1)


def middle_of(array: MicrophoneArray) -> int:
    return int(np.linalg.norm(array.centred_positions, axis=1).argmin())


def si_sdr_db(sound: np.ndarray, truth: np.ndarray) -> float:
    target = (sound @ truth) / (truth @ truth) * truth
    return float(10 * np.log10(np.sum(target**2) / np.sum((sound - target) ** 2)))


def two_talkers(
    array: MicrophoneArray, *, seconds: float = 1.0, noise: float = 0.03
) -> tuple[np.ndarray, list[np.ndarray]]:
    """What microphones hear of two talkers at once, and of each alone."""
    rng = np.random.default_rng(1)
    alone = [plane_wave(array, direction, talker(rng, round(seconds * RATE))) for direction in (LEFT, RIGHT)]
    mixed = sum(alone) + noise * rng.standard_normal(alone[0].shape)
    return mixed.astype(np.float32), alone


def test_each_of_two_talkers_comes_out_clearer_than_any_microphone_hears_it() -> None:
    array = load_array("respeaker-6")
    audio, alone = two_talkers(array)
    sounds = beam_of(audio, array, Standing(LEFT, RIGHT), look_ahead_s=0.3)
    added = beam_of(audio, array, Standing(LEFT, RIGHT), options=BeamOptions("delay-and-sum"))
    middle = middle_of(array)
    for sound, summed, one in zip(sounds, added, alone, strict=True):
        heard = si_sdr_db(audio[middle], one[middle])
        assert si_sdr_db(sound, one[middle]) > heard + 8
        assert si_sdr_db(summed, one[middle]) > heard


@every_beamformer
@pytest.mark.parametrize("num_microphones", [2, 3, 16, 32])
def test_a_lone_talker_in_free_field_passes_undistorted(beamformer: str, num_microphones: int) -> None:
    rng = np.random.default_rng(num_microphones)
    array = random_array(rng, num_microphones)
    heard = plane_wave(array, LEFT, talker(rng, RATE))
    noisy = heard + 1e-3 * rng.standard_normal(heard.shape)
    sound = beam_of(noisy, array, Standing(LEFT), options=BeamOptions(beamformer))[0]
    truth = heard[middle_of(array)]
    assert si_sdr_db(sound, truth) > 15
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(np.sqrt(np.mean(truth**2)), rel=0.15)


@every_beamformer
@few_examples
@given(seeds, chunkings)
def test_any_chunking_gives_what_the_whole_recording_gives(
    beamformer: str, seed: int, lengths: list[int]
) -> None:
    array = random_array(np.random.default_rng(seed), 4)
    audio, _ = two_talkers(array, seconds=0.4)
    cuts = [cut for cut in np.cumsum(lengths).tolist() if cut < audio.shape[1]]
    options, aims = BeamOptions(beamformer), Standing(LEFT, RIGHT)
    whole = beam_of(audio, array, aims, options=options, look_ahead_s=0.2)
    assert whole.shape == (2, audio.shape[1])
    streamed = beam_of(audio, array, aims, cuts, options=options, look_ahead_s=0.2)
    assert_allclose(streamed, whole, atol=1e-5)


def test_the_mask_streams_too() -> None:
    array = load_array("respeaker-6")
    audio, _ = two_talkers(array, seconds=0.5)
    mask, aims = SpeechMask.of(load("steered")), Standing(LEFT, RIGHT)
    whole = beam_of(audio, array, aims, mask=mask)
    assert_allclose(beam_of(audio, array, aims, [700, 701, 5000], mask=mask), whole, atol=1e-5)
    assert not np.allclose(whole, beam_of(audio, array, aims), atol=1e-3)


@every_beamformer
@few_examples
@given(scales)
def test_the_sound_scales_with_what_went_in(beamformer: str, scale: float) -> None:
    array = load_array("respeaker-6")
    audio, _ = two_talkers(array, seconds=0.3)
    mask, options, aims = SpeechMask.of(load("steered")), BeamOptions(beamformer), Standing(LEFT, RIGHT)
    here = beam_of(audio, array, aims, options=options, mask=mask)
    there = beam_of(np.float32(scale) * audio, array, aims, options=options, mask=mask)
    assert_allclose(there / np.float32(scale), here, atol=2e-3 * np.abs(here).max())


@every_beamformer
@pytest.mark.parametrize("look_ahead_s", [0.0, 0.3])
def test_what_a_resampler_makes_of_silence_does_not_change_the_sound_after_it(
    beamformer: str, look_ahead_s: float
) -> None:
    array = load_array("respeaker-6")
    audio, _ = two_talkers(array, seconds=1.0)
    audio *= 0.9 / np.abs(audio).max()
    audio[:, :3000] = 0
    audio[0, 9000] = 1.1  # one sample beyond full scale
    ringing = audio.copy()
    ringing[:, 2990:3000] = 4e-13
    options, aims = BeamOptions(beamformer), Standing(LEFT, RIGHT)

    def sound_of(heard: np.ndarray, cuts: list[int] | None = None) -> np.ndarray:
        return beam_of(heard, array, aims, cuts, options=options, look_ahead_s=look_ahead_s)

    expected = sound_of(audio)
    assert_allclose(sound_of(ringing), expected, atol=1e-4)
    assert_allclose(2 * sound_of(np.float32(0.5) * ringing), expected, atol=1e-4)
    assert_allclose(sound_of(ringing, [2995, 3000, 3001]), expected, atol=1e-4)


@every_beamformer
@pytest.mark.parametrize("scale", [1.0, 1e-5])
def test_levels_are_those_of_the_recording_whatever_came_before(beamformer: str, scale: float) -> None:
    array = load_array("respeaker-6")
    audio, _ = two_talkers(array, seconds=0.4)
    audio *= 0.9 / np.abs(audio).max()
    audio[:, :3500] *= 1e-12
    levels: list[dict[int, float]] = []

    class Listening(Standing):
        def wanted(self, levels_now: dict[int, float]) -> list[int | None]:
            levels.append(dict(levels_now))
            return super().wanted(levels_now)

    beam_of(np.float32(scale) * audio, array, Listening(LEFT), options=BeamOptions(beamformer))
    powers = np.array([one[0] for one in levels]) / scale**2
    assert powers[1] < 1e-18
    assert powers[-1] > 1e-2


@every_beamformer
def test_a_dead_microphone_is_as_good_as_absent(beamformer: str) -> None:
    array = random_array(np.random.default_rng(0), 6)
    audio, _ = two_talkers(array, seconds=0.5)
    dead = int(np.linalg.norm(array.centred_positions, axis=1).argmax())  # the middle stays where it is
    left = np.delete(np.arange(6), dead)
    silenced = audio.copy()
    silenced[dead] = 0
    fewer = MicrophoneArray(array.centred_positions[left] - array.centred_positions[left].mean(axis=0))
    reference = middle_of(array)
    assert left[middle_of(fewer)] == reference
    options, aims = BeamOptions(beamformer), Standing(LEFT, RIGHT)
    with_dead = beam_of(silenced, array, aims, options=options)
    assert_allclose(with_dead, beam_of(audio[left], fewer, aims, options=options), atol=1e-3)


@every_beamformer
def test_silence_gives_silence_and_sound_after_it_is_heard(beamformer: str) -> None:
    array = load_array("respeaker-6")
    audio, _ = two_talkers(array, seconds=0.5)
    quiet = np.zeros_like(audio)
    options, aims = BeamOptions(beamformer), Standing(LEFT, RIGHT)
    assert not beam_of(quiet, array, aims, options=options).any()
    late = beam_of(np.concatenate([quiet, audio], axis=1), array, aims, options=options)
    assert not late[:, : audio.shape[1] - 600].any()
    assert np.isfinite(late).all()
    assert np.abs(late[:, audio.shape[1] :]).max() > 0.1


def test_nobody_is_heard_where_nobody_is_aimed_at() -> None:
    array = load_array("respeaker-6")
    audio, _ = two_talkers(array, seconds=0.3)

    class Nobody(Standing):
        def at(self, time_s: float) -> list[Aim]:
            return []

    assert not beam_of(audio, array, Nobody(LEFT)).any()


@every_beamformer
@few_examples
@given(st.floats(0, 1), seeds)
def test_what_comes_after_the_look_ahead_changes_nothing(beamformer: str, place: float, seed: int) -> None:
    array, ahead_s = load_array("respeaker-6"), 0.1
    audio, _ = two_talkers(array, seconds=0.6)
    options, aims = BeamOptions(beamformer), Standing(LEFT, RIGHT)
    beam = TalkerBeam(array, aims, options=options, look_ahead_s=ahead_s)
    start = round(place * audio.shape[1])
    known = max(start - round(beam.latency_s * RATE), 0)
    changed = audio.copy()
    changed[:, start:] = np.random.default_rng(seed).standard_normal(changed[:, start:].shape)
    before = beam_of(audio, array, aims, options=options, look_ahead_s=ahead_s)
    after = beam_of(changed, array, aims, options=options, look_ahead_s=ahead_s)
    assert_allclose(after[:, :known], before[:, :known], atol=1e-5)
    assert len(beam.push(audio[:, :start])) == 2


def test_a_talker_who_walks_is_followed() -> None:
    array, rng = load_array("respeaker-6"), np.random.default_rng(4)
    seconds = 2.0
    walker = [angles_deg_to_direction(azimuth, 10) for azimuth in np.linspace(0, 60, 21)]
    sound = talker(rng, round(seconds * RATE))
    heard = np.concatenate(
        [
            plane_wave(array, direction, part)
            for direction, part in zip(walker, np.array_split(sound, 21), strict=True)
        ],
        axis=1,
    )
    other = plane_wave(array, RIGHT, talker(rng, round(seconds * RATE)))

    class Walking(Standing):
        def at(self, time_s: float) -> list[Aim]:
            place = min(int(21 * time_s / seconds), 20)
            return [Aim(0, walker[place]), Aim(1, RIGHT)]

    audio = heard + other
    found = beam_of(audio, array, Walking(LEFT, RIGHT), look_ahead_s=0.3)[0]
    middle = middle_of(array)
    assert si_sdr_db(found, heard[middle]) > si_sdr_db(audio[middle], heard[middle]) + 5


def test_delay_and_sum_of_a_sum_is_the_sum() -> None:
    array = load_array("respeaker-6")
    _, alone = two_talkers(array, seconds=0.3)
    options, aims = BeamOptions("delay-and-sum"), Standing(LEFT)
    parts = [beam_of(one.astype(np.float32), array, aims, options=options) for one in alone]
    assert_allclose(beam_of(sum(alone), array, aims, options=options), sum(parts), atol=1e-5)


def test_a_talker_is_heard_by_the_microphone_that_faces_it() -> None:
    """Cardioids on a square; what the others hear of the talker is faint."""
    axes = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]], dtype=float)
    patterns = [MicrophonePattern(0.5, tuple(axis)) for axis in axes.tolist()]
    array = MicrophoneArray(0.05 * axes, "cardioids", patterns=patterns)
    rng = np.random.default_rng(6)
    sound, direction = talker(rng, RATE // 2), angles_deg_to_direction(90, 0)
    omni = plane_wave(array, direction, sound)
    heard = omni * (0.5 + 0.5 * axes @ direction)[:, None] + 1e-3 * rng.standard_normal(omni.shape)
    for beamformer in BEAMFORMERS:
        found = beam_of(heard, array, Standing(direction), options=BeamOptions(beamformer))[0]
        assert si_sdr_db(found, omni[1]) > 15
        assert np.std(found) == pytest.approx(np.std(omni[1]), rel=0.2)


def test_microphones_on_a_sphere_hear_around_it() -> None:
    array = load_array("em32")
    audio, _ = two_talkers(array, seconds=0.3)
    sounds = beam_of(audio, array, Standing(LEFT, RIGHT))
    assert np.isfinite(sounds).all()
    assert np.abs(sounds).max() > 0.1


def test_a_beam_ends_once() -> None:
    array = load_array("respeaker-6")
    beam = TalkerBeam(array, Standing(LEFT))
    beam.finish()
    with pytest.raises(AudioError, match="takes no more sound; begin another"):
        beam.push(np.zeros((6, 10), dtype=np.float32))
    with pytest.raises(AudioError, match="is finished once; begin another"):
        beam.finish()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"slot_windows": 0}, "slot_windows must be at least 1, got 0"),
        ({"memory_s": 0.0}, "memory_s must be above 0 and finite, got 0.0"),
        ({"floor": 2.0}, "floor must be 0..1, got 2.0"),
        ({"diffuse": 1.0}, "diffuse must be 0 or more and below 1, got 1.0"),
    ],
)
def test_options_that_cannot_be_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BeamOptions(**wrong)


def test_talkers_who_are_long_gone_cost_nothing() -> None:
    """Streams number their talkers on and on."""
    array = load_array("respeaker-6")
    audio, _ = two_talkers(array, seconds=0.1)

    class Passing(Standing):
        num_shown = 0

        def at(self, time_s: float) -> list[Aim]:
            self.num_shown += 1
            return [Aim(self.num_shown, LEFT)]

    aims = Passing(LEFT)
    beam = TalkerBeam(array, aims, options=BeamOptions(memory_s=0.02))
    for _ in range(80):
        beam.push(audio)
    small = len(pickle.dumps(beam._beamformer))
    for _ in range(20):
        beam.push(audio)
    assert aims.num_shown > 95
    assert len(pickle.dumps(beam._beamformer)) == pytest.approx(small, rel=0.2)


def test_where_no_microphone_hears_a_talker_there_is_a_beam_all_the_same() -> None:
    positions = np.array([[0.1, 0, 0], [0, 0, 0], [-0.1, 0, 0]])
    array = MicrophoneArray(positions, patterns=[MicrophonePattern.named("cardioid", (1, 0, 0))] * 3)
    noise = np.random.default_rng(0).standard_normal((3, 8000)).astype(np.float32)
    for beamformer in ("mvdr", "delay-and-sum"):
        beam = TalkerBeam(array, Standing(np.array([-1.0, 0, 0])), options=BeamOptions(beamformer))
        assert np.isfinite(beam.push(noise)).all()


def test_many_talkers_who_stay_are_steered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    array, computed = load_array("respeaker-6"), []
    original = sound_field.steering_vectors

    def counted(directions: np.ndarray, *rest: object) -> np.ndarray:
        computed.append(directions)
        return original(directions, *rest)

    monkeypatch.setattr(sound_field, "steering_vectors", counted)
    places = angles_deg_to_direction(np.arange(20) * 18.0, np.zeros(20))
    beam = TalkerBeam(array, Standing(*places), options=BeamOptions(memory_s=0.02))
    noise = np.random.default_rng(0).standard_normal((6, 16_000)).astype(np.float32)
    beam.push(noise)
    assert len(computed) == 20


def test_what_is_refused_does_not_count() -> None:
    array = load_array("respeaker-6")
    beam = TalkerBeam(array, Standing(LEFT))
    sound = np.random.default_rng(0).standard_normal((6, 1000)).astype(np.float32)
    length = beam.push(sound).shape[1]
    with pytest.raises(AudioError):
        beam.push(np.full_like(sound, np.nan))
    assert length + beam.finish().shape[1] == 1000
