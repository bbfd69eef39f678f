"""What the score network sees: pictures of cells, whatever the order of microphones."""

import numpy as np
from free_field import plane_wave, random_array, talker

from anydoa.estimators.steered.estimator import SteeredEstimator, SteeredFrame
from anydoa.estimators.steered.options import SteeredOptions
from anydoa.estimators.steered.scorer import MASK_CHANNEL, NUM_CHANNELS, NUM_NUMBERS, TalkerViews
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.grid import fibonacci_grid
from open_mask import OpenMask

GRID = fibonacci_grid(512)
BALL = random_array(np.random.default_rng(3), 6)
OPTIONS = SteeredOptions()


class TwoAlternatingScores:
    """A scorer that remembers what it saw, and is sure of the first talker alone."""

    def __init__(self) -> None:
        self.seen: list[TalkerViews] = []

    def scores(self, views: TalkerViews) -> np.ndarray:
        self.seen.append(views)
        return (np.arange(len(views.numbers)) == 0).astype(np.float32)


def moments(array: MicrophoneArray, seconds: float = 0.6) -> list[SteeredFrame]:
    rng = np.random.default_rng(0)
    sound = talker(rng, round(16_000 * seconds))
    audio = plane_wave(array, angles_deg_to_direction(30, 10), sound)
    audio += 0.02 * np.random.default_rng(1).standard_normal(audio.shape[1])
    return SteeredEstimator(OpenMask()).stream(array, GRID).listen(audio.astype(np.float32))


def test_a_view_has_a_picture_and_numbers_for_every_talker() -> None:
    moment = moments(BALL)[-1]
    assert moment.views is not None
    count = len(moment.talkers)
    assert moment.views.cells.shape == (count, NUM_CHANNELS, OPTIONS.memory_slots, OPTIONS.num_bands)
    assert moment.views.numbers.shape == (count, NUM_NUMBERS)
    assert np.isfinite(moment.views.cells).all()
    assert np.isfinite(moment.views.numbers).all()


def test_the_newest_slot_is_the_last_and_what_was_not_heard_is_zero() -> None:
    first = moments(BALL)[0]
    assert first.views is not None
    heard = first.views.cells[0, MASK_CHANNEL].any(axis=1)
    assert heard.tolist() == [False] * (OPTIONS.memory_slots - 2) + [True] * 2
    assert not first.views.cells[0, :, :-2].any()


def test_a_lone_talker_owns_most_of_its_cells() -> None:
    last = moments(BALL)[-1]
    assert last.views is not None
    own, mask = last.views.cells[0, 0], last.views.cells[0, MASK_CHANNEL]
    assert (own * mask).sum() / mask.sum() > 0.7
    assert last.talkers[0].share > 0.7


def test_views_do_not_depend_on_the_order_of_microphones() -> None:
    turned = MicrophoneArray(BALL.positions[::-1], "backwards")
    for one, other in zip(moments(BALL), moments(turned), strict=True):
        assert one.views is not None
        assert other.views is not None
        np.testing.assert_allclose(one.views.cells, other.views.cells, atol=2e-3)
        np.testing.assert_allclose(one.views.numbers, other.views.numbers, atol=2e-3)


def test_the_scorer_decides_how_high_beams_are() -> None:
    scorer = TwoAlternatingScores()
    rng = np.random.default_rng(2)
    here, there = angles_deg_to_direction(30, 10), angles_deg_to_direction(-90, 20)
    audio = plane_wave(BALL, here, talker(rng, 9600)) + plane_wave(BALL, there, talker(rng, 9600))
    values = SteeredEstimator(OpenMask(), scorer).spectrum(audio.astype(np.float32), BALL, GRID).values
    assert len(scorer.seen[-1].numbers) >= 2
    peak = GRID.directions[values[-1].argmax()]
    near_a_talker = max(peak @ here, peak @ there)
    assert near_a_talker > np.cos(np.deg2rad(6))
    other = there if peak @ here > peak @ there else here
    assert values[-1][GRID.directions @ other > np.cos(np.deg2rad(6))].max() < 0.05
