"""Directions that explain the evidence together."""

import numpy as np

from anydoa.estimators.steered.mixture import MixtureFit, fit_mixture


def likelihood(cells: list[int], lobe: float = 0.6) -> np.ndarray:
    """Each cell fits one direction of five, and its neighbours nearly as well: a broad lobe."""
    offset = np.abs(np.arange(5)[None] - np.array(cells)[:, None])
    return (lobe**offset).astype(np.float32)


def fit(cells: np.ndarray, mass: np.ndarray | None = None, *, noise: float = 0.01) -> MixtureFit:
    weight = np.ones(len(cells), np.float32) if mass is None else mass
    noise_likelihood = np.full(len(cells), noise, np.float32)
    return fit_mixture(cells, noise_likelihood, weight, background=0.1, iterations=40)


def test_neighbours_of_a_talker_are_explained_by_him() -> None:
    share = fit(likelihood([1] * 30)).share
    assert share.argmax() == 1
    assert share[1] > 0.9


def test_a_weaker_second_talker_keeps_his_share() -> None:
    both = fit(likelihood([0] * 30 + [4] * 10))
    # The stronger one explains a little of everything: his lobe reaches all cells.
    np.testing.assert_allclose(both.share[[0, 4]], [0.75, 0.25], atol=0.1)
    explained = both.explained_by(np.array([4]))
    assert explained[30:].min() > 0.5 > 0.1 > explained[:30].max()


def test_cells_that_fit_no_direction_go_to_the_background() -> None:
    flat = np.full((20, 5), 0.1, dtype=np.float32)
    assert fit(flat, noise=1.0).share.sum() < 0.05


def test_cells_without_mass_count_nothing() -> None:
    mass = np.array([1] * 10 + [0] * 10, dtype=np.float32)
    assert fit(likelihood([0] * 10 + [4] * 10), mass).share[4] < 1e-3
