"""Weights of the microphones for each bin: what is kept of a talker, and what is weakened."""

import numpy as np
from jaxtyping import Complex64, Float

_TINY = 1e-30


def delay_and_sum_weights(
    steering: Complex64[np.ndarray, "freq mic"], reference: int
) -> Complex64[np.ndarray, "freq mic"]:
    """Weights that let a plane wave add up, as the reference microphone hears it.

    Args:
        steering: what a plane wave does at each microphone; zeros where one hears nothing.
        reference: microphone whose sound comes out.
    """
    power = np.sum(np.square(np.abs(steering)), axis=1, keepdims=True)
    weights: np.ndarray = steering * steering[:, [reference]].conj() / np.maximum(power, _TINY)
    return weights


def with_wave(
    covariance: Complex64[np.ndarray, "freq mic mic"],
    steering: Complex64[np.ndarray, "freq mic"],
    share: float,
) -> Complex64[np.ndarray, "freq mic mic"]:
    """A covariance of which a share is that of a plane wave; all of it where nothing was heard.

    Args:
        covariance: what was heard of a talker, any scale.
        steering: what a plane wave from the talker does at each microphone.
        share: share of the plane wave in the power, 0..1.
    """
    power = np.mean(np.square(np.abs(steering)), axis=1)
    scale = (1 - share) * power / np.maximum(_mean_power(covariance), _TINY)
    mixed: np.ndarray = covariance * scale.astype(np.float32)[:, None, None]
    mixed += (np.float32(share) * steering)[:, :, None] * steering.conj()[:, None, :]
    return mixed


def mvdr_weights(
    talker: Complex64[np.ndarray, "freq mic mic"],
    rest: Complex64[np.ndarray, "freq mic mic"],
    reference: int,
    loading: float,
) -> Complex64[np.ndarray, "freq mic"]:
    """Weights that weaken the rest as far as can be, and leave the talker as the reference hears it.

    Args:
        talker: spatial covariance of the talker, any scale.
        rest: spatial covariance of everything else, any scale.
        reference: microphone whose sound comes out.
        loading: added to the diagonal of the rest, as a share of its mean there.

    Reference:
        Souden, Benesty and Affes (2010), "On optimal frequency-domain multichannel linear filtering for noise
        reduction", equation 26 with a factor of 0; for a plane wave it is the filter of Capon (1969).
    """
    count = rest.shape[-1]
    scale = 1 / np.maximum(_mean_power(rest), _TINY)
    loaded = rest * scale.astype(np.float32)[:, None, None]
    loaded += np.float32(loading) * np.eye(count, dtype=np.complex64)
    ratio = np.linalg.solve(loaded, talker)
    gain = np.trace(ratio, axis1=1, axis2=2)
    weights: np.ndarray = ratio[:, :, reference] / np.where(np.abs(gain) > _TINY, gain, 1)[:, None]
    return weights.astype(np.complex64)


def output_power(
    weights: Complex64[np.ndarray, "freq mic"], covariance: Complex64[np.ndarray, "freq mic mic"]
) -> Float[np.ndarray, "freq"]:
    """Power that weights let through of sound with this covariance."""
    turned = (covariance @ weights[:, :, None])[:, :, 0]
    power: np.ndarray = np.sum((weights.conj() * turned).real, axis=1)
    return power


def _mean_power(covariance: Complex64[np.ndarray, "freq mic mic"]) -> Float[np.ndarray, "freq"]:
    """Mean of the diagonal."""
    power: np.ndarray = np.trace(covariance, axis1=1, axis2=2).real / covariance.shape[-1]
    return power
