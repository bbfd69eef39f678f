"""What sound around a moment says about directions: cells of masked phases, and what made them."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float32, Int

from anydoa.estimators.steered.band_power import BandPower, pair_products
from anydoa.estimators.steered.bin_features import NUM_FEATURES, BinAxis
from anydoa.estimators.steered.options import SteeredOptions


def mel_bands(axis: BinAxis, num_bands: int) -> Int[np.ndarray, "band_and_end"]:
    """First bin of each band and the end of the last: even on a mel axis, at least a bin wide."""
    mel = np.log1p(axis.frequencies / 700)
    edges = np.interp(np.linspace(mel[0], mel[-1], num_bands + 1), mel, np.arange(axis.num_bins))
    first = np.unique(np.rint(edges).astype(int))
    first[-1] = axis.num_bins
    return first


@dataclass(frozen=True)
class EvidenceSpan:
    """Which slots judge a moment.

    Args:
        past_slots: slots up to the judged one, itself among them.
        ahead_slots: later slots.
        decay: factor on evidence from a slot to the next, on both sides.
    """

    past_slots: int
    ahead_slots: int
    decay: float

    @classmethod
    def of(cls, options: SteeredOptions, ahead_slots: float) -> "EvidenceSpan":
        """The widest span with no more than so many later slots; whole outputs of the spectrum."""
        if ahead_slots >= options.wide_slots:
            return cls(options.wide_slots, options.wide_slots, options.wide_decay)
        ahead = int(min(ahead_slots, options.memory_slots)) // options.slots_per_output
        return cls(options.memory_slots, ahead * options.slots_per_output, options.decay)

    @property
    def weight(self) -> float:
        """What equal slots weigh together, where the judged one weighs one."""
        away = np.arange(1 - self.past_slots, self.ahead_slots + 1)
        return float(np.sum(self.decay ** np.abs(away)))


class EvidenceMemory:
    """The slots of evidence around the judged one; the oldest is overwritten by the newest.

    A slot is a few analysis windows, a cell a band of bins in a slot. Each cell has a likelihood for every
    candidate direction and for none, in a unit of its own, and a mass: how much it counts.

    Args:
        fit: compares bands with a plane wave from each candidate direction.
        axis: windows and bins.
        options: sizes and weights of the evidence.
        span: which slots are kept.
    """

    def __init__(
        self,
        fit: BandPower,
        axis: BinAxis,
        options: SteeredOptions,
        span: EvidenceSpan,
    ) -> None:
        # Sizes: bins are gathered into bands, windows into slots.
        num_candidates, num_mics = fit.num_directions, fit.num_mics
        edges = mel_bands(axis, options.num_bands)
        slots, bands = span.past_slots + span.ahead_slots, len(edges) - 1
        self._options, self._span, self._num_mics = options, span, num_mics
        self._num_pairs = num_mics * (num_mics - 1) // 2
        self._first_bins = edges[:-1]
        self._widths = np.diff(edges).astype(np.float32)
        self._bands = fit
        self._band_of_bin = np.repeat(np.arange(bands), np.diff(edges))
        self._sharpness = np.float32(options.sharpness * num_mics**options.microphone_power)
        # The memory, a ring of slots: empty slots have no mass and fit every candidate alike.
        self._likelihood = np.ones((slots, bands, num_candidates), dtype=np.float32)
        self._noise_likelihood = np.ones((slots, bands), dtype=np.float32)
        self._mass = np.zeros((slots, bands), dtype=np.float32)
        self._agreement = np.zeros((slots, bands, num_candidates), dtype=np.float32)
        self._pairs = np.zeros((axis.num_bins, slots, 2 * self._num_pairs), dtype=np.float32)
        self._sound = np.zeros((slots, NUM_FEATURES, bands), dtype=np.float32)
        self._next = 0

    def push(
        self,
        phases: Complex64[np.ndarray, "freq frame mic"],
        weight: Float32[np.ndarray, "freq frame"],
        features: Float32[np.ndarray, "frame feature freq"],
    ) -> None:
        """Take whole slots of windows.

        Args:
            phases: phases of the microphones, magnitudes one.
            weight: how much each bin counts, 0..1.
            features: features of each bin; kept as their mean in each cell.
        """
        slot_frames = self._options.slot_frames
        # (freq, frame, mic) -> (freq, slot, frame, mic) -> pair products (freq, slot, part)
        by_slot = (len(phases), -1, slot_frames)
        snapshots = (phases * np.sqrt(weight)[..., None]).reshape(*by_slot, self._num_mics)
        pairs = pair_products(snapshots)
        # (freq, slot, frame) -> (slot, band): how much each cell counts.
        mass = np.add.reduceat(weight.reshape(by_slot).sum(axis=2), self._first_bins, axis=0).T
        # -> (slot, band, candidate): mean cosine of the phase error over the pairs and bins of a cell.
        agreement = self._bands.power(snapshots, pairs)
        agreement /= self._num_pairs * np.maximum(mass, 1e-6)[..., None]
        # (frame, feature, freq) -> (slot, feature, band)
        sound = features.reshape(-1, slot_frames, *features.shape[1:]).mean(axis=1)
        sound = np.add.reduceat(sound, self._first_bins, axis=2) / self._widths
        for slot in range(len(mass)):
            row = self._next
            # Likelihoods in a unit of the cell's own, in which the best candidate has one.
            sharpness = self._sharpness * mass[slot] ** self._options.evidence_power
            evidence = agreement[slot] * sharpness[:, None]
            greatest = np.maximum(evidence.max(axis=1), 0)
            np.exp(evidence - greatest[:, None], out=self._likelihood[row])
            self._noise_likelihood[row] = np.exp(-greatest)
            self._agreement[row], self._mass[row] = agreement[slot], mass[slot]
            self._pairs[:, row], self._sound[row] = pairs[:, slot], sound[slot]
            self._next = (row + 1) % len(self._mass)

    def pass_by(self, num_slots: int) -> None:
        """Let time go on without sound: the recording has ended."""
        for _ in range(num_slots):
            row = self._next
            self._likelihood[row], self._noise_likelihood[row] = 1, 1
            for part in (self._mass, self._agreement, self._sound):
                part[row] = 0
            self._pairs[:, row] = 0
            self._next = (row + 1) % len(self._mass)

    @property
    def likelihood(self) -> Float32[np.ndarray, "cell candidate"]:
        """How well each candidate explains each cell, in a unit of the cell's own."""
        return self._likelihood.reshape(-1, self._likelihood.shape[2])

    @property
    def noise_likelihood(self) -> Float32[np.ndarray, "cell"]:
        """How well sound from nowhere in particular explains each cell, in the same unit."""
        return self._noise_likelihood.ravel()

    @property
    def mass(self) -> Float32[np.ndarray, "cell"]:
        """How much each cell counts: less the farther it is from the judged slot."""
        return (self._mass * self._decay[:, None]).ravel()

    @property
    def recent_mass(self) -> Float32[np.ndarray, "cell"]:
        """How much each cell of the slots nearest to the judged one counts; 0 for others."""
        return (self._mass * (np.abs(self._age) < self._options.recent_slots)[:, None]).ravel()

    def pairs_of(
        self, parts: Float32[np.ndarray, "talker cell"]
    ) -> Float32[np.ndarray, "talker freq product"]:
        """Pair products of masked phases, summed over slots.

        Args:
            parts: share of each cell that belongs to each talker.
        """
        # (talker, cell) -> (talker, slot, band) -> (freq, talker, slot) @ (freq, slot, product)
        per_slot = parts.reshape(len(parts), *self._mass.shape) * self._decay[:, None]
        per_bin = per_slot[:, :, self._band_of_bin].transpose(2, 0, 1)
        products: np.ndarray = (per_bin @ self._pairs).swapaxes(0, 1)
        return products

    def response(self, parts: Float32[np.ndarray, "cell"]) -> Float32[np.ndarray, "candidate"]:
        """How well each candidate fits cells together: their agreement, heavy cells counting more.

        Args:
            parts: share of each cell that counts.
        """
        weight = parts * self.mass * np.sqrt(self._mass).ravel()
        together: np.ndarray = weight @ self._agreement.reshape(len(weight), -1)
        return together

    @property
    def ahead_numbers(self) -> tuple[float, ...]:
        """Log of the number of later slots where pictures show them; nothing where they do not."""
        return (math.log1p(self._span.ahead_slots),) if self._picture_ahead else ()

    @property
    def _picture_ahead(self) -> int:
        """Later slots in a picture: none where nothing later is heard."""
        return self._options.picture_ahead if self._span.ahead_slots else 0

    def picture(
        self,
        candidate: int,
        part: Float32[np.ndarray, "cell"],
        rival_part: Float32[np.ndarray, "cell"],
    ) -> Float32[np.ndarray, "channel slot band"]:
        """What the memory holds of one talker: the last slots up to the judged one, then later ones.

        Args:
            candidate: direction nearest to the talker.
            part: share of each cell that belongs to the talker.
            rival_part: greatest share of each cell that belongs to another talker.

        Returns:
            For each cell the talker's part, the mean mask, both multiplied, how well the candidate fits, the
            greatest part of another talker, and the mean of each feature; zeros where nothing was.
        """
        heard = (self._mass > 0).astype(np.float32)
        mask = self._mass / (self._options.slot_frames * self._widths)
        own, rival = part.reshape(self._mass.shape) * heard, rival_part.reshape(self._mass.shape) * heard
        fit = self._agreement[:, :, candidate]
        channels = np.stack([own, mask, own * mask, fit, rival, *self._sound.swapaxes(0, 1)])
        # (channel, slot, band), in order of time, then as many slots as the picture has on either side.
        ordered = np.roll(channels, -self._next, axis=1)
        past, ahead = self._options.memory_slots, self._picture_ahead
        picture = np.zeros((len(channels), past + ahead, channels.shape[2]), dtype=np.float32)
        judged = self._span.past_slots
        seen = ordered[:, judged - past : judged + ahead]
        picture[:, : seen.shape[1]] = seen
        return picture

    @property
    def _decay(self) -> Float32[np.ndarray, "slot"]:
        return (self._span.decay ** np.abs(self._age)).astype(np.float32)

    @property
    def _age(self) -> Int[np.ndarray, "slot"]:
        """Slots from each row to the judged one; below 0 for later ones."""
        newest = (self._next - 1 - np.arange(len(self._mass))) % len(self._mass)
        return newest - self._span.ahead_slots
