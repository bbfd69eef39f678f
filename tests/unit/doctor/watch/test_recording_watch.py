"""Watches: what no array can hear in a room is said in words, and healthy sound is never complained of."""

import numpy as np
import pytest
from free_field import plane_wave, talker

from anydoa.doctor.watch.recording_watch import RecordingWatch
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.channels import named_channels
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.layouts import circular_positions, tetrahedral_positions
from anydoa.peaks.finder import PeakFinder
from voices import voice

RATE = 16_000
GRID = fibonacci_grid(1000)
BALL = MicrophoneArray(np.concatenate([tetrahedral_positions(0.05), -tetrahedral_positions(0.06)]), "ball")
RING = MicrophoneArray(circular_positions(6, 0.0463), "ring")
FOUR = MicrophoneArray(circular_positions(4, 0.03), "four")
TINY = MicrophoneArray(tetrahedral_positions(0.02), "tiny")
PAIR = MicrophoneArray([[0, 0.02, 0], [0, -0.02, 0]], "pair")
LINE = MicrophoneArray([[0, 0.04 * place, 0] for place in range(4)], "line")
ARRAYS = [BALL, RING, FOUR, TINY, PAIR, LINE]
LEFT, UP = angles_deg_to_direction(70, 25), np.array([0.0, 0.0, 1.0])
ROUNDING = 2.0**-15


def watched(
    array: MicrophoneArray, audio: np.ndarray, *, rate: int = RATE, block: int = 5000
) -> RecordingWatch:
    watch = RecordingWatch(PeakFinder(GRID, array=array), rate, 8000.0)
    for start in range(0, audio.shape[1], block):
        watch.see(audio[:, start : start + block].astype(np.float32))
    watch.finish()
    return watch


def said(array: MicrophoneArray, audio: np.ndarray, *, rate: int = RATE) -> dict[str, str]:
    return {notice.kind: notice.text for notice in watched(array, audio, rate=rate).notices()}


def speech(seconds: float = 2.0, *, seed: int = 0) -> np.ndarray:
    """A voice between pauses."""
    rng = np.random.default_rng(seed)
    return np.concatenate([0.3 * voice(120.0, seconds, rng), np.zeros(RATE)])


def room(array: MicrophoneArray, direction: np.ndarray, *, snr_db: float = 30.0, seed: int = 0) -> np.ndarray:
    """A voice in a room: direct sound, echoes from all sides, and the microphones' own noise."""
    rng = np.random.default_rng(seed)
    dry = speech(seed=seed)
    heard = plane_wave(array, direction, dry)
    for delay_s in rng.uniform(0.003, 0.06, 12):
        echo = np.concatenate([np.zeros(int(delay_s * RATE)), dry])[: len(dry)]
        side = rng.standard_normal(3)
        heard = heard + 0.3 * plane_wave(array, side / np.linalg.norm(side), echo)
    noise = rng.standard_normal(heard.shape)
    return heard + noise * heard.std() * 10 ** (-snr_db / 20)


def rounded(audio: np.ndarray, *, dither: bool = False) -> np.ndarray:
    """As a file of 16 bits keeps it."""
    rng = np.random.default_rng(1)
    added = rng.uniform(-0.5, 0.5, (2, *audio.shape)).sum(axis=0) if dither else 0.0
    return np.round(audio / ROUNDING + added) * ROUNDING


def copied(signal: np.ndarray, gains: list[float]) -> np.ndarray:
    return np.array(gains)[:, None] * signal


# One signal on several channels


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: array.name)
def test_one_microphone_on_all_channels_is_said(array: MicrophoneArray) -> None:
    gains = [1.0] * array.num_microphones
    listed = named_channels(range(array.num_microphones))
    question = "is this one microphone, copied by the sound system?"
    assert said(array, copied(room(array, LEFT)[0], gains)) == {
        "copies": f"{listed} carry the same signal; {question}"
    }


@pytest.mark.parametrize("dither", [False, True])
def test_copies_with_other_gains_and_rounding_of_their_own_are_copies(dither: bool) -> None:
    audio = rounded(copied(0.3 * room(FOUR, LEFT)[0], [1.0, 0.5, -0.8, 0.3]), dither=dither)
    assert said(FOUR, audio)["copies"].startswith("channels 0, 1, 2, 3 carry the same signal")


@pytest.mark.parametrize(("snr_db", "bits"), [(30.0, False), (60.0, True)])
def test_two_copies_among_six_are_named(snr_db: float, bits: bool) -> None:
    audio = room(RING, LEFT, snr_db=snr_db)
    audio[5] = 0.7 * audio[2]
    assert said(RING, rounded(audio) if bits else audio)["copies"].startswith("channels 2, 5 carry the same")


def test_copies_that_are_alike_only_through_another_are_one_group() -> None:
    audio = room(RING, LEFT)
    differing = 0.0006 * audio[4:, ::-1]  # with the spectrum of speech, at odds with all else
    audio[2] = audio[0] + differing[0]
    audio[5] = audio[2] + differing[1]
    assert said(RING, audio)["copies"].startswith("channels 0, 2, 5 carry the same signal; is this")
    # Of the two at the ends alone nothing is said.
    audio[2] = room(RING, LEFT)[2]
    assert said(RING, audio) == {}


def test_copies_are_named_by_the_channels_of_the_recording() -> None:
    shifted = RING.replace(channels=(1, 2, 3, 4, 5, 6), ignore_channels=(0,))
    audio = room(shifted, LEFT)
    audio[0] = audio[3]
    assert said(shifted, audio)["copies"].startswith("channels 1, 4 carry the same")


def test_copies_in_a_computed_wave_without_noise_are_found() -> None:
    audio = plane_wave(RING, LEFT, speech())
    audio[3] = audio[0]
    assert said(RING, audio)["copies"].startswith("channels 0, 3 carry the same")


def test_microphones_that_a_computed_wave_reaches_at_once_are_no_copies() -> None:
    front = np.array([1.0, 0.0, 0.0])  # the ring's microphones 1 and 5, 2 and 4 are as far ahead
    assert said(RING, plane_wave(RING, front, speech())) == {}


@pytest.mark.parametrize("array", [PAIR, FOUR, LINE], ids=lambda array: array.name)
def test_a_talker_straight_across_is_no_copy(array: MicrophoneArray) -> None:
    across = UP
    assert said(array, room(array, across, snr_db=40.0)) == {}
    assert said(array, rounded(0.02 * room(array, across, snr_db=40.0))) == {}
    anechoic = plane_wave(array, across, speech())
    noise = np.random.default_rng(0).standard_normal(anechoic.shape) * anechoic.std() * 0.01
    assert said(array, anechoic + noise) == {}


# Sound of the electronics


def hum(length: int, base_hz: float = 50.0) -> np.ndarray:
    time = np.arange(length) / RATE
    sound = sum(np.sin(2 * np.pi * base_hz * n * time + n) / n for n in range(1, 100))
    return sound / np.std(sound)


@pytest.mark.parametrize("array", [BALL, RING, PAIR, LINE], ids=lambda array: array.name)
@pytest.mark.parametrize("kind", ["hum", "hiss"])
def test_a_signal_of_the_electronics_on_all_channels_is_said(array: MicrophoneArray, kind: str) -> None:
    audio = room(array, LEFT, snr_db=60.0)
    length = audio.shape[1]
    signal = hum(length) if kind == "hum" else np.random.default_rng(5).standard_normal(length)
    found = said(array, audio + 0.1 * audio.std() * signal)
    assert list(found) == ["common"]
    assert found["common"].startswith("while it is quiet all channels carry one signal at once")
    place = {
        "pair": "square to the line",
        "line": "square to the line",
        "ring": "square to the array's plane",
    }
    assert place.get(array.name, "") in found["common"]


def test_noise_of_a_room_in_pauses_is_not_taken_for_the_electronics() -> None:
    rng = np.random.default_rng(0)
    for array in (BALL, RING, PAIR):
        audio = room(array, LEFT, snr_db=60.0)
        sides = rng.standard_normal((30, 3))
        diffuse = sum(
            plane_wave(array, side / np.linalg.norm(side), rng.standard_normal(audio.shape[1]))
            for side in sides
        )
        assert said(array, audio + 0.1 * audio.std() * diffuse / diffuse.std()) == {}


# Signals of no microphones


def b_format(audio_sources: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """W, Y, Z and X of sounds from directions."""
    return sum(np.array([1.0, y, z, x])[:, None] * sound for sound, (x, y, z) in audio_sources)


@pytest.mark.parametrize("array", [FOUR, TINY, LINE], ids=lambda array: array.name)
@pytest.mark.parametrize("azimuth_deg", [40.0, -130.0])
def test_b_format_is_not_taken_for_microphones(array: MicrophoneArray, azimuth_deg: float) -> None:
    rng = np.random.default_rng(0)
    dry = talker(rng, 2 * RATE)
    sources = [(dry, angles_deg_to_direction(azimuth_deg, 20))]
    for delay in rng.integers(50, 1000, 10):  # the room
        side = rng.standard_normal(3)
        sources.append((0.3 * np.roll(dry, delay), side / np.linalg.norm(side)))
    audio = b_format(sources)
    audio += 1e-3 * audio.std() * rng.standard_normal(audio.shape)
    found = said(array, audio)
    assert list(found) == ["coincident"]
    assert "is it B-format or a mix?" in found["coincident"]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: array.name)
@pytest.mark.parametrize("snr_db", [0.0, 20.0, 40.0])
def test_a_healthy_recording_is_not_complained_of(array: MicrophoneArray, snr_db: float) -> None:
    for seed, direction in enumerate(
        [LEFT, UP, angles_deg_to_direction(0, 0), angles_deg_to_direction(90, 0)]
    ):
        assert said(array, room(array, direction, snr_db=snr_db, seed=seed)) == {}


# One tone, and what nobody listens to


def tone(array: MicrophoneArray, direction: np.ndarray, hertz: float, *, snr_db: float = 30.0) -> np.ndarray:
    audio = plane_wave(array, direction, np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE))
    return audio + np.random.default_rng(0).standard_normal(audio.shape) * 0.7 * 10 ** (-snr_db / 20)


def test_a_tone_is_named_with_the_direction_that_fits_it() -> None:
    text = said(BALL, tone(BALL, angles_deg_to_direction(40, 25), 1000.0))["tone"]
    assert text.startswith("nearly all sound is one tone of 1000 Hz")
    assert "(17.1 cm)" in text
    azimuth, elevation = (float(part.split("°")[0]) for part in text.split("azimuth ")[1].split("elevation "))
    assert azimuth == pytest.approx(40, abs=4)
    assert elevation == pytest.approx(25, abs=4)


def test_a_tone_on_a_flat_array_is_named_with_its_mirror_image() -> None:
    flat = MicrophoneArray(circular_positions(6, 0.045), "flat")
    text = said(flat, tone(flat, angles_deg_to_direction(52, 30), 1000.0))["tone"]
    place, mirrored = text.split("azimuth ")[1].split("; ")[0].split(" (or ")
    azimuth, elevation = (float(part.rstrip("°")) for part in place.split(", elevation "))
    assert azimuth == pytest.approx(52, abs=4)
    assert abs(elevation) == pytest.approx(30, abs=5)
    assert mirrored == f"{azimuth:.0f}°, {-elevation:.0f}° mirrored)"


def test_a_tone_whose_waves_are_short_fits_several_directions() -> None:
    wide = MicrophoneArray(circular_positions(4, 0.2), "wide")
    text = said(wide, tone(wide, angles_deg_to_direction(40, 25), 3000.0))["tone"]
    assert text.count("azimuth") == 4


def test_sound_above_what_is_listened_to_is_said() -> None:
    rate = 192_000
    time = np.arange(rate // 10) / rate
    call = plane_wave(FOUR, LEFT, np.sin(2 * np.pi * (40_000 - 50_000 * time) * time), sample_rate=rate)
    call += 0.01 * np.random.default_rng(0).standard_normal(call.shape)
    assert said(FOUR, call, rate=rate)["high"].startswith("nearly all sound lies above 8 kHz")


# Channels that hear nothing


def test_dead_channels_are_listed_in_the_number_of_their_words() -> None:
    audio = room(BALL, LEFT)
    audio[3] = 0.25
    assert said(BALL, audio)["flat"] == "channel 3 never changes; is that microphone connected and unmuted?"
    audio[1] = 0
    assert said(BALL, audio)["flat"].startswith("channels 1, 3 never change; are those microphones connected")


def test_many_dead_channels_are_named_as_a_range() -> None:
    many = MicrophoneArray(circular_positions(64, 0.3), "many")
    audio = np.zeros((64, RATE))
    audio[:4] = np.random.default_rng(0).standard_normal((4, RATE))
    text = said(many, audio)["flat"]
    assert "channels 4 to 63 never change" in text


def test_what_the_living_microphones_cannot_tell_is_said() -> None:
    audio = room(BALL, LEFT)
    audio[2:] = 0
    assert said(BALL, audio)["flat"].endswith(
        "The rest of the array hears only the angle to its line: all directions of a cone around it sound "
        "alike"
    )
    audio[1] = 0
    assert said(BALL, audio)["flat"].endswith("One microphone alone does not tell where sound comes from")


def test_nothing_on_any_channel_is_said_whatever_the_constant() -> None:
    for level in (0.0, 0.3):
        assert said(FOUR, np.full((4, RATE), level))["silent"].startswith("no channel ever changes")


def test_a_microphone_that_only_hisses_is_faint() -> None:
    audio = rounded(room(RING, LEFT))
    audio[4] = ROUNDING * np.round(np.random.default_rng(0).uniform(-1, 1, audio.shape[1]))
    assert said(RING, audio)["faint"] == (
        "channel 4 is 50 dB and more below the loudest; is that microphone connected and unmuted?"
    )


# However it comes


def test_what_is_said_does_not_depend_on_blocks() -> None:
    audio = room(RING, LEFT)
    audio[5] = audio[2]
    whole, small = (watched(RING, audio, block=block) for block in (10**6, 77))
    assert whole.notices() == small.notices()
    assert len(whole.notices()) == 1


def test_directions_are_told_as_soon_as_a_second_microphone_lives() -> None:
    audio = np.zeros((4, RATE))
    audio[0, 100:] = audio[1, RATE // 2 :] = 0.1
    watch = watched(FOUR, audio, block=3000)
    assert not watch.tells_directions(0.5)
    assert watch.tells_directions(0.51)
    assert watch.flat_channels == [2, 3]
