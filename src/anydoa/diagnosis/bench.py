"""The microphones that hear the room, on the bench: their delays, their geometry, its symmetries."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from anydoa.diagnosis.delays import PieceCorrelations, correlate_pieces
from anydoa.diagnosis.lateness import OFFSET_RANGE_S
from anydoa.diagnosis.near_field import curved_arrival_times, talker_distances
from anydoa.diagnosis.order import MOST_MICROPHONES
from anydoa.diagnosis.placing import Placing
from anydoa.diagnosis.symmetry import Order, symmetries
from anydoa.diagnosis.wave_fit import Hypothesis, WaveFit, arrival_times, wave_directions
from anydoa.geometry.array import MicrophoneArray

_PIECE_S = 0.125  # longer pieces mix the echoes of more syllables
_MOST_PIECES = 60  # loud ones; more cost time and say the same


@dataclass(frozen=True, eq=False)
class Bench:
    """Some microphones of an array and what they heard.

    Args:
        array: these microphones alone, in the order of their channels.
        placing: which channels and microphones of the whole array they are.
        correlations: of all pairs.
    """

    array: MicrophoneArray
    placing: Placing
    correlations: PieceCorrelations

    @cached_property
    def waves(self) -> WaveFit:
        """Fit of plane waves from anywhere."""
        return self.waves_from(wave_directions(self.array))

    @cached_property
    def near_waves(self) -> WaveFit:
        """Fit of plane waves and of those of talkers near by; takes as long again for every distance."""
        if not talker_distances(self.array):
            return self.waves
        return WaveFit(self.correlations, curved_arrival_times(self.array, wave_directions(self.array)))

    @cached_property
    def group(self) -> tuple[Order, ...]:
        """Orders of these microphones that no recording from unknown directions tells apart."""
        if self.array.num_microphones > MOST_MICROPHONES:
            return (self.as_told.order,)
        return symmetries(self.array)

    @property
    def as_told(self) -> Hypothesis:
        """Everything as placed."""
        return Hypothesis.as_told(self.array.num_microphones)

    def waves_from(self, directions: Float[np.ndarray, "direction 3"]) -> WaveFit:
        """Fit of plane waves from these directions."""
        return WaveFit(self.correlations, arrival_times(self.array, directions))


def set_up(
    recording: Float[np.ndarray, "channel time"], sample_rate: int, array: MicrophoneArray, placing: Placing
) -> Bench:
    """Correlate the channels that hear the room, in the loudest pieces of the recording.

    Args:
        recording: every channel of the card.
        sample_rate: samples a second.
        array: what the user believes.
        placing: of two channels or more.

    Raises:
        AudioError: if the recording is too short.
    """
    # The mount stays: directions are those of the user's frame.
    part = array.replace(body_positions=array.body_positions[placing.mics], channels=None, ignore_channels=())
    reach = part.span / part.speed_of_sound + OFFSET_RANGE_S
    audio = placing.aligned(recording, sample_rate)
    correlations = correlate_pieces(audio, sample_rate, max_delay_s=reach, piece_s=_PIECE_S)
    return Bench(part, placing, correlations.loudest(_MOST_PIECES))
