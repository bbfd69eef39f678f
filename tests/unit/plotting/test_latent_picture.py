"""The two axes that a map of directions is drawn on."""

from pathlib import Path

import numpy as np

from anydoa.geometry.grid import fibonacci_grid
from anydoa.plotting.latent_picture import draw_latent_map, principal_components

GRID = fibonacci_grid(100)


def test_components_are_the_axes_along_which_vectors_differ_most() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((100, 2)) * [5.0, 2.0]
    basis = np.linalg.qr(rng.standard_normal((8, 2)))[0]
    places, share = principal_components(hidden @ basis.T + 3.0)
    # The same distances in the plane as in the space the vectors lie in.
    np.testing.assert_allclose(
        np.linalg.norm(places[:, None] - places, axis=-1),
        np.linalg.norm(hidden[:, None] - hidden, axis=-1),
        atol=1e-9,
    )
    np.testing.assert_allclose(share.sum(), 1.0)
    assert share[0] > share[1]


def test_the_sign_of_a_component_does_not_depend_on_chance() -> None:
    latents = np.random.default_rng(1).standard_normal((50, 6))
    places = principal_components(latents)[0]
    assert (places[np.abs(places).argmax(0), [0, 1]] > 0).all()


def test_one_representation_for_all_directions_is_drawn_too(tmp_path: Path) -> None:
    draw_latent_map(np.ones((100, 4)), GRID, tmp_path / "map.svg", title="nothing learned")
    assert (tmp_path / "map.svg").stat().st_size > 5000
