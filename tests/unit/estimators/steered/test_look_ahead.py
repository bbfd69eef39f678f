"""Later sound: which slots judge a moment, masks of fixed blocks, frames that wait and keep their time."""

import math

import numpy as np
import pytest
from free_field import plane_wave, random_array, talker

from anydoa.estimators.steered.estimator import SteeredEstimator
from anydoa.estimators.steered.evidence import EvidenceSpan
from anydoa.estimators.steered.mask import CausalMaskStream, MaskBlocks, WideMask, WideMaskStream
from anydoa.estimators.steered.options import SteeredOptions
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.peaks.published import pick_peaks
from open_mask import OpenMask

GRID = fibonacci_grid(512)
BALL = random_array(np.random.default_rng(3), 5)
OPTIONS = SteeredOptions()


class Neighbours:
    """A wide mask whose values say how many frames it has seen before and after each."""

    def masks(self, features: np.ndarray) -> np.ndarray:
        number = np.arange(len(features), dtype=np.float32)
        return np.stack([number, number[::-1], features[:, 0, 0]], axis=1)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (0, EvidenceSpan(24, 0, 0.95)),
        (1, EvidenceSpan(24, 0, 0.95)),  # not a whole output
        (7, EvidenceSpan(24, 6, 0.95)),
        (39, EvidenceSpan(24, 24, 0.95)),
        (40, EvidenceSpan(40, 40, 0.97)),
        (math.inf, EvidenceSpan(40, 40, 0.97)),
    ],
)
def test_a_look_ahead_gives_the_widest_span_inside_it(ahead: float, expected: EvidenceSpan) -> None:
    assert EvidenceSpan.of(OPTIONS, ahead) == expected


@pytest.mark.parametrize(("asked_s", "used_s"), [(0.0, 0.0), (0.3, 0.288), (1.5, 1.152), (math.inf, 1.92)])
def test_the_look_ahead_is_what_is_used_of_the_one_asked_for(asked_s: float, used_s: float) -> None:
    assert SteeredEstimator(OpenMask()).with_look_ahead(asked_s).look_ahead_s == pytest.approx(used_s)


def test_a_wide_mask_is_used_from_the_look_ahead_it_needs() -> None:
    estimator = SteeredEstimator(OpenMask(), wide_mask=OpenMask())
    everything = estimator.with_look_ahead(math.inf)
    assert everything.look_ahead_s == pytest.approx(1.92 + 0.016 * MaskBlocks().ahead_frames)
    assert isinstance(everything.mask_stream(), WideMaskStream)
    less = estimator.with_look_ahead(everything.look_ahead_s - 0.01)
    assert isinstance(less.mask_stream(), CausalMaskStream)
    assert less.look_ahead_s == pytest.approx(1.92)


def test_masks_of_blocks_hear_their_context_whatever_the_chunks() -> None:
    assert isinstance(Neighbours(), WideMask)
    number = np.arange(23, dtype=np.float32)
    features = np.broadcast_to(number[:, None, None], (23, 2, 3)).copy()
    for cuts in ([23], [1] * 23, [5, 0, 9, 9]):
        stream = WideMaskStream(Neighbours(), MaskBlocks(num_frames=8, context_frames=3))
        ends = np.cumsum(cuts)
        pieces = [stream.push(features[end - cut : end]) for cut, end in zip(cuts, ends, strict=True)]
        told = np.concatenate([*pieces, stream.finish()])
        np.testing.assert_array_equal(told[:, 2], number)
        first = number - number % 8
        np.testing.assert_array_equal(told[:, 0], number - np.maximum(first - 3, 0))
        np.testing.assert_array_equal(told[:, 1], np.minimum(first + 8 + 3, 23) - 1 - number)


def test_a_talker_is_heard_before_the_evidence_of_the_past_would_tell() -> None:
    """Half a second of one talker, then more of another, whose first frames later evidence settles."""
    rng = np.random.default_rng(0)
    places = [angles_deg_to_direction(70, 15), angles_deg_to_direction(-50, 5)]
    lengths = (8_000, 24_000)
    parts = [plane_wave(BALL, place, talker(rng, n)) for place, n in zip(places, lengths, strict=True)]
    audio = np.concatenate(parts, axis=1)
    audio = (audio + 0.3 * rng.standard_normal(audio.shape)).astype(np.float32)
    causal = SteeredEstimator(OpenMask())
    late_deg = {}
    for estimator in (causal, causal.with_look_ahead(math.inf)):
        spectrum = estimator.spectrum(audio, BALL, GRID)
        peaks = GRID.directions[pick_peaks(spectrum.values, GRID, 1)[:, 0]]
        just_after = (spectrum.times_s > 0.53) & (spectrum.times_s < 0.9)
        late_deg[estimator] = great_circle_distance_deg(peaks[just_after], places[1]).mean()
    before, after = late_deg.values()
    assert after < before / 2
    assert after < 10


def test_a_span_weighs_what_its_slots_do() -> None:
    assert EvidenceSpan(3, 0, 0.5).weight == 1.75
    assert EvidenceSpan(3, 2, 0.5).weight == 2.5
