"""How well the phases of each band and slot fit a plane wave of each candidate direction."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Complex64, Float32, Int


class BandPower:
    """Sum over pairs of microphones and bins of the cosine of the phase error, for every direction.

    Args:
        steering: phases of a plane wave from each direction.
        first_bins: first bin of each band.
    """

    def __init__(
        self, steering: Complex64[np.ndarray, "freq direction mic"], first_bins: Int[np.ndarray, "band"]
    ) -> None:
        ends = np.append(first_bins[1:], len(steering))
        bands = [slice(first, end) for first, end in zip(first_bins, ends, strict=True)]
        self._by_pairs = _PairBands(steering, bands) if takes_pairs(steering.shape[2]) else None
        self._beams = [] if self._by_pairs else [(band, _BeamBand(steering[band])) for band in bands]
        self.num_directions, self.num_mics = steering.shape[1:]

    def power(
        self,
        snapshots: Complex64[np.ndarray, "freq slot frame mic"],
        pairs: Float32[np.ndarray, "freq slot part"],
    ) -> Float32[np.ndarray, "slot band direction"]:
        """The sum for each slot and band; both arguments say the same, the cheaper one is used.

        Args:
            snapshots: weighted phases.
            pairs: :func:`pair_products` of the snapshots.
        """
        if self._by_pairs is not None:
            return self._by_pairs.power(pairs)
        power = np.empty((snapshots.shape[1], len(self._beams), self.num_directions), dtype=np.float32)
        for index, (bins, band) in enumerate(self._beams):
            power[:, index] = band.power(snapshots[bins])
        return power


class _PairBands:
    """Compares the products of all pairs with those of plane waves.

    Neighbouring bins turn alike, so a few mixtures of a band's bins hold nearly all that a comparison with
    plane waves can see. Bands of as many mixtures are compared together.
    """

    def __init__(self, steering: Complex64[np.ndarray, "freq direction mic"], bands: Sequence[slice]) -> None:
        fits = [pair_steering(steering[band]) for band in bands]
        mixtures = [_strongest_mixtures(fit) for fit in fits]  # of each band (mixture, bin)
        self._num_bands = len(bands)
        self._groups: list[tuple[list[int], Float32[np.ndarray, "band part direction"]]] = []
        rows: list[Complex64[np.ndarray, "mixture freq"]] = []
        for rank in sorted({len(mixture) for mixture in mixtures}):
            members = [index for index, mixture in enumerate(mixtures) if len(mixture) == rank]
            # (mixture, bin) x (bin, pair, direction) -> (band, mixture and pair, direction)
            mixed = [np.tensordot(mixtures[index], fits[index], 1) for index in members]
            flat = np.stack(mixed).reshape(len(members), -1, steering.shape[1])
            self._groups.append((members, np.concatenate([flat.real, flat.imag], axis=1)))
            # Mixtures of a band's bins become mixtures of all bins: one product serves all bands.
            for index in members:
                placed = np.zeros((rank, len(steering)), dtype=np.complex64)
                placed[:, bands[index]] = mixtures[index]
                rows.append(placed)
        self._mixtures = np.concatenate(rows)

    def power(
        self, pairs: Float32[np.ndarray, "freq slot part"]
    ) -> Float32[np.ndarray, "slot band direction"]:
        freq, slots, parts = pairs.shape
        # (mixture of any band, freq) @ (freq, slot and pair) -> (mixture, slot, pair)
        products = pairs[..., : parts // 2] + np.complex64(1j) * pairs[..., parts // 2 :]
        mixed = (self._mixtures @ products.reshape(freq, -1)).reshape(-1, slots, parts // 2)
        power = np.empty((slots, self._num_bands, self._groups[0][1].shape[2]), dtype=np.float32)
        start = 0
        for members, matrix in self._groups:
            end = start + len(members) * matrix.shape[1] // parts
            # (band and mixture, slot, pair) -> (slot, band, 1, mixture and pair, real then imaginary)
            group = mixed[start:end].reshape(len(members), -1, slots, parts // 2).transpose(2, 0, 1, 3)
            vectors = np.concatenate([group.real, group.imag], axis=2).reshape(slots, len(members), 1, -1)
            # Slot by slot, as products of a vector, faster than products of two rows.
            for slot in range(slots):
                power[slot, members] = (vectors[slot] @ matrix)[:, 0]
            start = end
        return power


def _strongest_mixtures(
    fit: Complex64[np.ndarray, "freq pair direction"],
) -> Complex64[np.ndarray, "mixture freq"]:
    """The fewest mixtures of bins that hold nearly all of a band's plane waves."""
    flat = fit.reshape(len(fit), -1)
    power, mixtures = np.linalg.eigh(flat @ flat.conj().T / flat.shape[1])
    missing = np.cumsum(np.maximum(power, 0)) / len(fit)
    # The weakest are left out, together at most 0.05 % of the power.
    kept = mixtures[:, min(int(np.searchsorted(missing, 5e-4)), len(fit) - 1) :]
    mixed: np.ndarray = kept.conj().T.astype(np.complex64)
    return mixed


class _BeamBand:
    """Points a beam in every direction, for each window of a band."""

    def __init__(self, steering: Complex64[np.ndarray, "freq direction mic"]) -> None:
        phases = steering.swapaxes(1, 2)
        self._count = steering.shape[1]
        self._matrix = np.concatenate([phases.real, phases.imag], axis=2)

    def power(
        self, snapshots: Complex64[np.ndarray, "freq slot frame mic"]
    ) -> Float32[np.ndarray, "slot direction"]:
        freq, slots, frames, mics = snapshots.shape
        windows, count = snapshots.reshape(freq, slots * frames, mics), self._count
        # Real and imaginary parts of windows below each other, those of plane waves side by side:
        # (freq, 2 windows, mic) @ (freq, mic, 2 directions).
        products = np.concatenate([windows.real, windows.imag], axis=1) @ self._matrix
        upper, lower = products[:, : slots * frames], products[:, slots * frames :]
        real, imag = upper[..., :count] + lower[..., count:], lower[..., :count] - upper[..., count:]
        np.square(real, out=real)
        real += np.square(imag, out=imag)
        # (freq, window, direction) -> (slot, direction)
        power = real.reshape(freq, slots, frames, -1).sum(axis=(0, 2))
        # A pair of a microphone with itself fits every direction.
        own = np.square(np.abs(snapshots)).sum(axis=(0, 2, 3))
        excess: np.ndarray = (power - own[:, None]) / 2
        return excess


def takes_pairs(num_mics: int) -> bool:
    """Whether one product of all pairs costs less than a beam for every window."""
    return num_mics <= 8  # measured


def pair_steering(
    steering: Complex64[np.ndarray, "freq direction mic"],
) -> Complex64[np.ndarray, "freq pair direction"]:
    """Steering vector at each microphone times its conjugate at each later one."""
    first, second = np.triu_indices(steering.shape[2], k=1)
    phases = np.ascontiguousarray(steering.transpose(2, 0, 1))
    products: np.ndarray = (phases[first] * phases[second].conj()).swapaxes(0, 1)
    return products


def pair_matrix(
    steering: Complex64[np.ndarray, "freq direction mic"],
) -> Float32[np.ndarray, "part direction"]:
    """Matrix that turns pair products of all bins into sums of the cosines of phase errors."""
    # Real parts times real parts and imaginary times imaginary: together the cosine of the phase error.
    fit = pair_steering(steering)
    return np.concatenate([fit.real, fit.imag], axis=1).reshape(-1, steering.shape[1])


def pair_products(
    snapshots: Complex64[np.ndarray, "freq slot frame mic"],
) -> Float32[np.ndarray, "freq slot part"]:
    """Each microphone times the conjugate of each later one, summed over frames.

    Returns:
        Real parts of all pairs, then imaginary ones.
    """
    first, second = np.triu_indices(snapshots.shape[3], k=1)
    covariance = snapshots.swapaxes(-1, -2) @ snapshots.conj()
    products = covariance[:, :, first, second]
    return np.concatenate([products.real, products.imag], axis=2)


def half_covariance(
    pairs: Float32[np.ndarray, "freq part"], num_mics: int
) -> Complex64[np.ndarray, "freq mic mic"]:
    """Matrices with these pair products above their diagonals and zeros elsewhere."""
    count = num_mics * (num_mics - 1) // 2
    products = np.zeros((len(pairs), count + 1), dtype=np.complex64)
    products.real[:, :count], products.imag[:, :count] = pairs[:, :count], pairs[:, count:]
    place = np.full((num_mics, num_mics), count)
    place[np.triu_indices(num_mics, k=1)] = np.arange(count)
    return products[:, place]
