"""Channels that a board has processed: beams, noise suppression, gain control.

A processor on the board hands out sound that follows the room, but whose loudness against the microphones
changes from moment to moment. Microphones beside each other differ by nearly the same all the time.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.acoustics import hann_window, short_time_spectra
from anydoa.doctor.channels import largest_group, linked_groups


@dataclass(frozen=True)
class ProcessingOptions:
    """What tells processed sound from a microphone.

    Args:
        max_span_m: largest array that is looked at; farther apart, loudness depends on who talks, and where.
        window_s: seconds in which loudness is compared; longer than the delays of rooms and small arrays.
        band_hz: frequencies that are compared; a body in the middle of an array shadows higher ones.
        loud_share: share of the windows, the loudest, in which microphones differ steadily.
        pause_share: share of the windows, the quietest, that count as pauses.
        steady_db: spread of the difference in level, from the lowest to the highest tenth of the loud
            windows, up to which two channels belong together; neighbours in rooms keep below 2.
        apart_db: spread up to which a channel hears what its neighbour hears; one beyond it against every
            microphone is processed.
        pause_db: how much deeper than the microphones' its pauses are; rooms make 0.7.
    """

    max_span_m: float = 0.12
    window_s: float = 0.064
    band_hz: tuple[float, float] = (150.0, 1_000.0)
    loud_share: float = 0.6
    pause_share: float = 0.25
    steady_db: float = 3.0
    apart_db: float = 4.0
    pause_db: float = 2.5


def find_processed_channels(
    signals: Float[np.ndarray, "channel time"],
    sample_rate: int,
    options: ProcessingOptions = ProcessingOptions(),
) -> list[int]:
    """Numbers of the channels whose loudness against the microphones changes from moment to moment.

    The largest group of channels that differ steadily are microphones, and so is what hears the same from
    neighbour to neighbour: far sides of an array may differ. Where the group has less than three, or half of
    the channels look processed, nothing is said. Noise suppression shows in pauses, gain control where it is
    loud.

    Args:
        signals: channels that hear one room, none of them late.
        sample_rate: samples a second.
        options: what tells processed sound from a microphone.
    """
    level_db = _levels(signals, sample_rate, options)
    loudness = np.median(level_db, axis=0)
    loud = loudness >= np.quantile(loudness, 1 - options.loud_share)
    # (channel, window) -> (channel, channel): how much the difference of each pair changes
    difference_db = level_db[:, None, loud] - level_db[:, loud]
    low, high = np.quantile(difference_db, [0.1, 0.9], axis=2)
    spread_db = high - low
    np.fill_diagonal(spread_db, np.inf)
    group = largest_group(spread_db < options.steady_db)
    # (channel) -> (channel): how much farther than the group each falls in pauses
    pauses = loudness <= np.quantile(loudness, options.pause_share)
    fall_db = np.median(level_db[:, loud], axis=1) - np.median(level_db[:, pauses], axis=1)
    is_processed = fall_db - np.median(fall_db[list(group)]) > options.pause_db
    near = next(part for part in linked_groups(spread_db <= options.apart_db) if group[0] in part)
    is_processed[np.setdiff1d(np.arange(len(signals)), near)] = True
    if len(group) < 3 or 2 * np.count_nonzero(is_processed) >= len(signals):
        return []
    return np.flatnonzero(is_processed).tolist()


def _levels(
    signals: Float[np.ndarray, "channel time"], sample_rate: int, options: ProcessingOptions
) -> Float[np.ndarray, "channel window"]:
    """Level of each channel in the band, in dB."""
    length = 2 * round(options.window_s * sample_rate / 2)
    frequency = np.fft.rfftfreq(length, 1 / sample_rate)
    band = (frequency >= options.band_hz[0]) & (frequency <= options.band_hz[1])
    spectra = short_time_spectra(signals.astype(np.float32), hann_window(length), length // 2)[..., band]
    return 10 * np.log10(np.square(np.abs(spectra)).sum(axis=2) + 1e-20)
