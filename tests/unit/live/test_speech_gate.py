"""The gate opens for voices and stays shut for noise and silence."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from anydoa.live.monitors import SpeechGate
from voices import voice

RATE = 16_000
STEP = 1600


def pause_and_voice() -> np.ndarray:
    """A second of hiss, then two of a voice in both microphones."""
    rng = np.random.default_rng(0)
    spoken = voice(140.0, 2.0, rng)
    mono = np.concatenate([np.zeros(RATE), spoken]) + 0.001 * rng.standard_normal(RATE + len(spoken))
    return np.stack([mono, 0.8 * mono]).astype(np.float32)


def openings(audio: np.ndarray, step: int = STEP, rate: int = RATE) -> list[bool]:
    """What the gate says every tenth of a second."""
    gate, heard = SpeechGate(rate), []
    for start in range(0, audio.shape[1], step):
        gate.push(audio[:, start : start + step])
        if (start + step) % (rate // 10) == 0:
            heard.append(gate.speech_until((start + step) / rate))
    return heard


def test_the_gate_opens_when_somebody_speaks() -> None:
    heard = openings(pause_and_voice())
    assert not any(heard[:10])
    assert np.mean(heard[12:]) > 0.8


@pytest.mark.parametrize("level", [0.0, 0.1])
def test_silence_and_noise_do_not_open_the_gate(level: float) -> None:
    noise = level * np.random.default_rng(0).standard_normal((2, 2 * RATE))
    assert not any(openings(noise.astype(np.float32)))


def test_decisions_do_not_depend_on_how_the_sound_is_cut() -> None:
    assert openings(pause_and_voice(), step=160) == openings(pause_and_voice())


def test_the_gate_hears_the_same_at_another_sample_rate() -> None:
    fast = resample_poly(pause_and_voice(), 3, 1, axis=1).astype(np.float32)
    heard = openings(fast, step=4800, rate=48_000)
    assert not any(heard[:10])
    assert np.mean(heard[12:]) > 0.8


def test_a_dead_microphone_does_not_shut_the_gate() -> None:
    audio = pause_and_voice()
    audio[0] = 0
    assert np.mean(openings(audio)[12:]) > 0.8
