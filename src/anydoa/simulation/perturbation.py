"""What real arrays get wrong: microphones not quite where the file says, nor quite alike."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float
from scipy import fft

from anydoa.simulation.limits import check_within


@dataclass(frozen=True)
class Mismatch:
    """How far microphones stray; standard deviations, all normal. Zero is perfect.

    Args:
        position_m: of each coordinate that is told, metres.
        gain_db: of the gain of each microphone.
        phase_deg: of the phase of each microphone, the same at every frequency.

    Raises:
        ConfigError: if one is negative, or more than any microphone strays.
    """

    position_m: float = 0.0
    gain_db: float = 0.0
    phase_deg: float = 0.0

    def __post_init__(self) -> None:
        check_within("the error of positions", (1000 * self.position_m,), 0, 1000, " mm")
        check_within("the error of gains", (self.gain_db,), 0, 40, " dB")
        check_within("the error of phases", (self.phase_deg,), 0, 180, " degrees")


def misplace(
    positions: Float[np.ndarray, "mic 3"], mismatch: Mismatch, rng: np.random.Generator
) -> Float[np.ndarray, "mic 3"]:
    """Positions as a careless person measures them, centred anew."""
    if mismatch.position_m == 0:
        return positions
    told = positions + mismatch.position_m * rng.standard_normal(positions.shape)
    centred: np.ndarray = told - told.mean(axis=0)
    return centred


def mismatch_response(
    num_mics: int, mismatch: Mismatch, rng: np.random.Generator
) -> Complex[np.ndarray, "mic"]:
    """Complex gain of each microphone at positive frequencies."""
    gain_db = mismatch.gain_db * rng.standard_normal(num_mics)
    phase = np.deg2rad(mismatch.phase_deg) * rng.standard_normal(num_mics)
    response: np.ndarray = 10 ** (gain_db / 20) * np.exp(1j * phase)
    return response


def apply_mismatch(
    audio: Float[np.ndarray, "*signal mic time"], response: Complex[np.ndarray, "mic"]
) -> Float[np.ndarray, "*signal mic time"]:
    """Signals as microphones of given gains and phases deliver them."""
    if (response == 1).all():
        return audio
    spectrum = fft.rfft(audio, axis=-1) * response.astype(np.complex64)[:, None]
    changed: np.ndarray = fft.irfft(spectrum, audio.shape[-1], axis=-1)
    return changed
