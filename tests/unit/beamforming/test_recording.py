"""The sound of each talker of a recording, from files and from memory."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from free_field import plane_wave, talker

import anydoa
from anydoa.beamforming import TalkerAims, talker_blocks
from anydoa.errors import ChannelCountError
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.io import load_array
from anydoa.io.talkers import Talker, TalkerPath, Turn

RATE = 16_000
ARRAY = load_array("respeaker-6").replace(channels=None, ignore_channels=())
LEFT, RIGHT = angles_deg_to_direction(60, 10), angles_deg_to_direction(-70, 30)


def told(id: int, direction: np.ndarray, begin_s: float, end_s: float) -> Talker:
    times_s = np.arange(begin_s, end_s + 0.05, 0.1)
    path = TalkerPath(times_s, np.tile(direction, (len(times_s), 1)), np.ones(len(times_s)))
    return Talker(id, path, (Turn(begin_s, end_s, end_s - begin_s),))


TALKERS = (told(0, LEFT, 0.1, 0.9), told(1, RIGHT, 0.1, 0.9))


def heard(rate: int = RATE) -> tuple[np.ndarray, np.ndarray]:
    """A second of two talkers, and the first alone at the microphone nearest the middle."""
    rng = np.random.default_rng(2)
    alone = [
        plane_wave(ARRAY, direction, talker(rng, rate, sample_rate=rate), sample_rate=rate)
        for direction in (LEFT, RIGHT)
    ]
    middle = int(np.linalg.norm(ARRAY.centred_positions, axis=1).argmin())
    return (0.1 * sum(alone)).astype(np.float32), 0.1 * alone[0][middle]


def closeness(sound: np.ndarray, truth: np.ndarray) -> float:
    return float(sound @ truth / np.sqrt((sound @ sound) * (truth @ truth)))


def test_each_talker_has_a_sound_as_long_as_the_recording() -> None:
    audio, first = heard()
    sounds = anydoa.talker_audio(audio, ARRAY, TALKERS, sample_rate=RATE)
    assert sounds.shape == (2, RATE)
    assert closeness(sounds[0], first) > 0.9 > closeness(sounds[1], first)


def test_a_recording_of_another_rate_gives_sound_at_16_khz(tmp_path: Path) -> None:
    audio, first = heard(48_000)
    soundfile.write(tmp_path / "talk.wav", audio.T, 48_000, subtype="FLOAT")
    sounds = anydoa.talker_audio(tmp_path / "talk.wav", ARRAY, TALKERS)
    assert sounds.shape == (2, RATE)
    assert closeness(sounds[0], first[::3]) > 0.8


def test_an_estimator_without_a_mask_gets_that_of_the_default() -> None:
    audio, _ = heard()
    named = {"sample_rate": RATE, "array": ARRAY, "talkers": TALKERS}
    by_srp = anydoa.talker_audio(audio, estimator="srp-phat", **named)
    np.testing.assert_array_equal(by_srp, anydoa.talker_audio(audio, **named))


def test_before_the_first_turn_and_after_the_last_there_is_silence() -> None:
    audio, _ = heard()
    late = told(0, LEFT, 0.8, 0.9)
    sound = anydoa.talker_audio(audio, ARRAY, [late], sample_rate=RATE, beamformer="delay-and-sum")[0]
    assert not sound[: round(0.05 * RATE)].any()
    assert sound[round(0.6 * RATE) :].any()


def test_no_talkers_have_no_sound() -> None:
    audio, _ = heard()
    assert anydoa.talker_audio(audio, ARRAY, [], sample_rate=RATE).shape == (0, RATE)


def test_a_recording_of_another_array_is_refused() -> None:
    with pytest.raises(ChannelCountError):
        list(talker_blocks(np.zeros((3, RATE), dtype=np.float32), ARRAY, TALKERS, sample_rate=RATE))


def test_aims_follow_paths_and_turns() -> None:
    walker = TalkerPath(np.array([1.0, 3.0]), np.stack([LEFT, RIGHT]), np.ones(2))
    talker = Talker(5, walker, (Turn(1.0, 1.2, 0.2), Turn(2.8, 3.0, 0.2)))
    aims = TalkerAims([talker])
    assert aims.wanted({}) == (5,)
    assert aims.at(0.3) == []
    (begin,) = aims.at(1.1)
    (pause,) = aims.at(2.0)
    assert begin.chance == 1
    assert 0 < pause.chance < 0.5
    assert great_circle_distance_deg(begin.direction, LEFT) < great_circle_distance_deg(pause.direction, LEFT)
