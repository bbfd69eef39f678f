"""Delays of a recording of any length, a minute of it at a time.

What is loud is judged within each minute. Of a long recording every second piece is left out, then every
second of the rest, and so on, so that what is kept stays bounded and comes from all of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from anydoa.diagnosis.delays import PieceDelays, measure_delays
from anydoa.errors import AudioError

_PART_S = 60.0
_LEAST_PART_S = 1.0  # shorter ends of a recording are left out
_MOST_PIECES = 4000  # eight minutes of nothing but sound


def gather_delays(
    blocks: Iterable[Float[np.ndarray, "mic time"]], sample_rate: int, *, max_delay_s: float
) -> PieceDelays:
    """Delays of all pairs in the louder pieces of a recording.

    Args:
        blocks: the microphones' signals, any scale.
        sample_rate: samples a second.
        max_delay_s: delays are sought up to here, both ways.

    Raises:
        AudioError: if there is no sound, or less than a piece.
    """
    found: PieceDelays | None = None
    every, start_s = 1, 0.0
    for part in _parts(blocks, sample_rate):
        if found is None or part.shape[1] >= _LEAST_PART_S * sample_rate:
            delays = measure_delays(part, sample_rate, max_delay_s=max_delay_s)
            delays = _kept(replace(delays, start_s=delays.start_s + start_s), every)
            found = delays if found is None else _joined(found, delays)
        start_s += part.shape[1] / sample_rate
        while len(found.start_s) > _MOST_PIECES:
            every, found = 2 * every, _kept(found, 2)
    if found is None:
        raise AudioError("a recording to measure delays in holds no samples; record longer")
    return found


def _parts(
    blocks: Iterable[Float[np.ndarray, "mic time"]], sample_rate: int
) -> Iterator[Float[np.ndarray, "mic time"]]:
    """The same in parts of a minute, the last one shorter."""
    held: list[np.ndarray] = []
    num_held = 0
    for block in blocks:
        held.append(block)
        num_held += block.shape[1]
        if num_held >= _PART_S * sample_rate:
            yield np.concatenate(held, axis=1)
            held, num_held = [], 0
    if held:
        yield np.concatenate(held, axis=1)


def _kept(delays: PieceDelays, every: int) -> PieceDelays:
    """One of so many pieces."""
    return replace(
        delays,
        tdoa_s=delays.tdoa_s[::every],
        quality=delays.quality[::every],
        level=delays.level[::every],
        start_s=delays.start_s[::every],
    )


def _joined(first: PieceDelays, second: PieceDelays) -> PieceDelays:
    return replace(
        first,
        tdoa_s=np.concatenate([first.tdoa_s, second.tdoa_s]),
        quality=np.concatenate([first.quality, second.quality]),
        level=np.concatenate([first.level, second.level]),
        start_s=np.concatenate([first.start_s, second.start_s]),
    )
