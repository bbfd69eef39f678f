"""Speech is found where somebody speaks, and nowhere else."""

import os

import numpy as np
import pytest

from anydoa.errors import AudioError
from anydoa.simulation.activity import (
    ACTIVITY_CHUNK,
    SpeechDetector,
    detect_sound,
    detect_speech,
    is_spoken,
    speech_by_level,
)
from voices import voice


def test_speech_between_silences_is_found_there() -> None:
    rng = np.random.default_rng(3)
    silence = np.zeros(16 * ACTIVITY_CHUNK * 2, dtype=np.float32)
    speech = voice(140.0, 3.0, rng)
    active = detect_speech(np.concatenate([silence, speech, silence]))
    assert len(active) == -(-(2 * len(silence) + len(speech)) // ACTIVITY_CHUNK)
    assert not active[:30].any()
    assert active[40:120].mean() > 0.8
    assert not active[-15:].any()


def test_loud_noise_is_not_speech() -> None:
    hiss = 0.1 * np.random.default_rng(0).standard_normal(64_000)
    assert detect_speech(hiss).mean() < 0.05


def test_barks_are_heard_between_their_pauses() -> None:
    bark = np.random.default_rng(1).standard_normal(8 * ACTIVITY_CHUNK).astype(np.float32)
    pause = 0.001 * np.ones(8 * ACTIVITY_CHUNK, dtype=np.float32)
    heard = detect_sound(np.concatenate([bark, pause, 0.1 * bark, pause]))
    assert heard.tolist() == ([True] * 8 + [False] * 8) * 2


def test_silence_holds_no_event() -> None:
    assert not detect_sound(np.zeros(4 * ACTIVITY_CHUNK, dtype=np.float32)).any()


def test_a_chunk_says_the_same_alone_as_in_a_recording() -> None:
    speech = voice(140.0, 1.0, np.random.default_rng(3))
    detector = SpeechDetector("a test", "live")
    chunks = speech[: len(speech) // ACTIVITY_CHUNK * ACTIVITY_CHUNK].reshape(-1, ACTIVITY_CHUNK)
    assert [detector.decide(chunk) for chunk in chunks] == detect_speech(chunks.ravel()).tolist()


def test_opening_a_detector_leaves_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, "7"):
        if value is None:
            monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
        else:
            monkeypatch.setenv("OMP_THREAD_LIMIT", value)
        SpeechDetector("a test", "live")
        assert os.environ.get("OMP_THREAD_LIMIT") == value


def test_other_sample_rates_are_refused() -> None:
    with pytest.raises(AudioError, match="needs 16000 Hz, got 8000"):
        detect_speech(np.zeros(8000), sample_rate=8000)


def test_two_thirds_of_a_frame_make_it_spoken() -> None:
    assert is_spoken(np.array([341, 342]), 512).tolist() == [False, True]
    assert is_spoken(np.array([[2], [1]]), np.array([3])).tolist() == [[True], [False]]


def test_sound_near_the_loudest_is_speech_and_a_click_is_not_the_loudest() -> None:
    rng = np.random.default_rng(4)
    audio = 0.1 * rng.standard_normal((2, 32_000)).astype(np.float32)
    audio[:, 16_000:] *= 0.01  # 40 dB below
    audio[:, 30_000] = 1.0
    active = speech_by_level(audio, 16_000)
    assert active[1000:15_000].all()
    assert not active[17_000:29_000].any()
