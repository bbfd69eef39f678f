"""Whose each bin is: how well its microphones fit each talker's direction, and everything else.

A talker is thought of as a plane wave with some sound from everywhere, the rest as sound from everywhere.
Both are known before anything is heard, so nothing has to be learned, and a talker may walk.
"""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Complex, Complex64, Float, Float32

_TINY = 1e-30
_LEAST_PRIOR = 1e-6


@runtime_checkable
class BinShares(Protocol):
    """Anything that says whose each bin is."""

    def shares(
        self,
        spectra: Complex64[np.ndarray, "freq window mic"],
        steering: Complex64[np.ndarray, "talker freq mic"],
        prior: Float32[np.ndarray, "talker freq window"],
        alive: Bool[np.ndarray, "mic"],
    ) -> Float32[np.ndarray, "class freq window"]:
        """Share of each bin that is the rest's, then each talker's; they add up to one.

        Args:
            spectra: spectra of the microphones in the next windows, any scale.
            steering: what a plane wave from each talker does at each microphone.
            prior: probabilities of the talkers before microphones are compared; the rest has what is left.
            alive: microphones that hear anything.
        """
        ...


class SpatialMixture:
    """Compares the microphones of each bin with directions.

    Args:
        diffuse: cross-power of the microphones in sound that is nobody's.
        spread: share of a talker's power that is such sound, above 0.
        sharpness: exponent of the likelihood; there is none beyond the number of microphones.

    Reference:
        Ito, Araki and Nakatani (2016), "Complex angular central Gaussian mixture model for directional
        statistics in mask-based microphone array signal processing", equations 6 to 8. Ours has shapes that
        are known, and an exponent: bins have echoes, so that their microphones tell less than they should.
    """

    def __init__(
        self,
        diffuse: Complex[np.ndarray, "freq mic mic"] | Float[np.ndarray, "freq mic mic"],
        *,
        spread: float,
        sharpness: float,
    ) -> None:
        self._diffuse, self._spread, self._sharpness = diffuse, spread, sharpness
        self._whitening: dict[bytes, Complex64[np.ndarray, "freq living living"]] = {}

    def shares(
        self,
        spectra: Complex64[np.ndarray, "freq window mic"],
        steering: Complex64[np.ndarray, "talker freq mic"],
        prior: Float32[np.ndarray, "talker freq window"],
        alive: Bool[np.ndarray, "mic"],
    ) -> Float32[np.ndarray, "class freq window"]:
        """Probability that each bin is the rest's, then each talker's; see :meth:`BinShares.shares`."""
        whitening = self._whitening_of(alive)
        heard = spectra[:, :, alive] @ whitening.swapaxes(1, 2)
        waves = (whitening @ steering[:, :, alive, None])[..., 0]
        own = np.sum(np.square(np.abs(heard)), axis=2)
        # From (talker, freq, 1, mic) and (freq, mic, window) to (talker, freq, window).
        along = np.square(np.abs((waves.conj()[:, :, None] @ heard.swapaxes(1, 2))[:, :, 0]))
        power = np.sum(np.square(np.abs(waves)), axis=2)[:, :, None]
        spread, direct = self._spread, 1 - self._spread
        # How much better a talker's shape explains a bin than the rest's, by the matrix inversion lemma.
        fit = direct * along / np.maximum(own * (spread + direct * power), _TINY)
        exponent = min(self._sharpness, float(alive.sum()))
        volume = np.log1p(direct / spread * power) / alive.sum()
        log_odds = -exponent * (np.log(np.maximum(1 - fit, 1e-6)) + volume)
        log_odds += np.log(np.maximum(prior, _LEAST_PRIOR))
        rest = np.log(np.maximum(1 - prior.sum(axis=0, keepdims=True), _LEAST_PRIOR))
        log_odds = np.concatenate([rest, log_odds])
        log_odds -= log_odds.max(axis=0)
        shares: np.ndarray = np.exp(log_odds)
        return (shares / shares.sum(axis=0)).astype(np.float32)

    def _whitening_of(self, alive: Bool[np.ndarray, "mic"]) -> Complex64[np.ndarray, "freq living living"]:
        """Matrices that make sound that is nobody's white, for some of the microphones."""
        key = alive.tobytes()
        known = self._whitening.get(key)
        if known is None:
            root = np.linalg.cholesky(self._diffuse[:, alive][:, :, alive])
            known = np.linalg.inv(root).astype(np.complex64)
            self._whitening = {key: known}
        return known


def weighted_covariance(
    snapshots: Complex[np.ndarray, "freq window mic"], weight: Float[np.ndarray, "*class freq window"]
) -> Complex[np.ndarray, "*class freq mic mic"]:
    """Sum over windows of ``weight * x x^H``."""
    weighted = snapshots * weight[..., None]
    covariance: np.ndarray = weighted.swapaxes(-1, -2) @ snapshots.conj()
    return covariance
