"""What a recording must be before anything is said of it, for the doctor and for profiles of a start."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest

from anydoa.calibration.channel_profile import profile_channels
from anydoa.doctor.examination import diagnose
from anydoa.doctor.recording import check_sound, checked_recording
from anydoa.errors import AnydoaError, AudioError, ConfigError, ShapeError
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.array_file import load_array
from card_starts import CARD, RATE, card_recording

Talk = Callable[..., np.ndarray]
LINE = load_array("kinect-v1")


@pytest.mark.parametrize("judge", [diagnose, profile_channels])
@pytest.mark.parametrize(
    ("damaged", "rate", "kind", "message"),
    [
        (
            lambda talk: talk[:, : RATE // 5],
            RATE,
            AudioError,
            "2 s of sound or more, better 4, got 0.20 s",
        ),
        (lambda talk: talk[0], RATE, ShapeError, "got float32 of shape (57600,)"),
        (lambda talk: talk[:, :0], RATE, AudioError, "holds no samples"),
        (lambda talk: talk, 0, AudioError, "sample rate must be a whole number of Hz, got 0"),
        (lambda talk: talk, 10**9, AudioError, "sample rate must be at most"),
        (lambda talk: (9000 * talk).astype(np.int16), RATE, ShapeError, "divide integers by full scale"),
        (lambda talk: np.where(talk == talk.max(), np.nan, talk), RATE, AudioError, "must be numbers below"),
        (lambda talk: talk * (np.arange(talk.shape[1]) // 800 == 20), RATE, AudioError, "something sounds"),
    ],
)
def test_a_recording_of_which_nothing_can_be_said_is_refused_in_one_line(
    talk: Talk,
    judge: Callable[..., object],
    damaged: Callable[[np.ndarray], object],
    rate: int,
    kind: type[AnydoaError],
    message: str,
) -> None:
    with pytest.raises(kind) as raised:
        judge(damaged(talk(LINE)), rate, LINE)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("azimuth_deg", [float("nan"), 1000.0])
def test_an_azimuth_that_cannot_be_is_refused(talk: Talk, azimuth_deg: float) -> None:
    with pytest.raises(ConfigError, match=r"must be -180..360 degrees"):
        diagnose(talk(LINE), RATE, LINE, known_azimuth_deg=azimuth_deg)


@pytest.mark.parametrize("gain", [1e11, 1e-25])
def test_the_scale_of_a_recording_changes_nothing_and_warns_nobody(talk: Talk, gain: float) -> None:
    plain = diagnose(talk(LINE), RATE, LINE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = diagnose(talk(LINE).astype(np.float64) * gain, RATE, LINE)
    assert scaled.findings == plain.findings
    assert scaled.order is not None
    assert plain.order is not None
    assert (scaled.order.status, scaled.order.channels) == (plain.order.status, plain.order.channels)


def test_samples_are_a_numpy_array() -> None:
    with pytest.raises(ShapeError, match=r"must be a numpy array .* got list"):
        checked_recording([[0.0, 0.1]], RATE)


def test_a_recording_within_full_scale_is_left_as_it_is(talk: Talk) -> None:
    recording = talk(LINE)
    assert np.array_equal(checked_recording(recording, RATE), recording)


def test_one_clap_in_silence_is_no_sound_but_several_are() -> None:
    silence = 1e-4 * np.random.default_rng(0).standard_normal((2, 4 * RATE)).astype(np.float32)
    clap = np.exp(-np.arange(RATE // 5) / 500) * np.random.default_rng(1).standard_normal(RATE // 5)
    one, many = silence.copy(), silence.copy()
    one[:, : RATE // 5] += clap
    for number in range(8):
        many[:, number * RATE // 2 : number * RATE // 2 + RATE // 5] += clap
    check_sound(many, RATE)
    with pytest.raises(AudioError, match="record somebody who talks on"):
        check_sound(one, RATE)


def test_a_profile_is_not_made_of_one_signal_on_all_channels() -> None:
    audio = card_recording(CARD, seed=6)
    audio[list(CARD.channels)] = audio[0]
    with pytest.raises(AudioError, match="channels 0 and 1 carry the same signal"):
        profile_channels(audio, RATE, CARD)


def test_shares_of_clipped_samples_are_plain_numbers(talk: Talk) -> None:
    array = MicrophoneArray(LINE.body_positions)
    recording = 0.5 * np.sign(talk(array)).astype(np.float32)
    texts = [finding.text for finding in diagnose(recording, RATE, array).findings]
    assert any("up to 100 % of the samples" in text for text in texts)
