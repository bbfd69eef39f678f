"""Scenes of any size fit in one batch, and the masks tell what is real."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import ShapeError
from anydoa.geometry.coordinates import angles_deg_to_direction, direction_to_angles_deg, normalize_direction
from anydoa.simulation.convolution import fade_between_knots
from anydoa.simulation.scene import Scene, collate

sizes = st.tuples(st.integers(2, 6), st.integers(1, 3), st.integers(5, 40))


def scene_of(mics: int, sources: int, time: int, *, direct: bool = True) -> Scene:
    rng = np.random.default_rng((mics, sources, time))
    return Scene(
        audio=rng.standard_normal((mics, time), dtype=np.float32),
        sample_rate=16_000,
        positions=rng.standard_normal((mics, 3)),
        directions=rng.standard_normal((sources, 3)),
        activity=rng.random((sources, time)) < 0.5,
        snr_db=10.0,
        rt60=0.3,
        seed=(0, 1),
        direct=rng.standard_normal((sources, mics, time), dtype=np.float32) if direct else None,
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(sizes, min_size=1, max_size=4))
def test_a_batch_holds_every_scene_and_zeros_around_it(shapes: list[tuple[int, int, int]]) -> None:
    scenes = [scene_of(*shape) for shape in shapes]
    batch = collate(scenes)
    for row, scene in enumerate(scenes):
        mics, sources, time = scene.num_microphones, scene.num_talkers, scene.audio.shape[1]
        assert np.array_equal(batch.audio[row, :mics, :time], scene.audio)
        assert np.allclose(batch.positions[row, :mics], scene.positions)
        assert batch.directions.shape[2] == 1
        assert np.allclose(batch.directions[row, :sources, 0], scene.directions)
        assert not batch.directions[row, sources:].any()
        assert np.array_equal(batch.activity[row, :sources, :time], scene.activity)
        assert batch.direct is not None
        assert np.array_equal(batch.direct[row, :sources, :mics, :time], scene.direct)
        assert batch.mic_mask[row].sum() == mics
        assert batch.mic_mask[row, :mics].all()
        assert batch.source_mask[row].sum() == sources
        assert batch.source_mask[row, :sources].all()
        assert not batch.audio[row, mics:].any()
        assert not batch.audio[row, :, time:].any()
        assert not batch.activity[row, sources:].any()


def walk(scene: Scene, *azimuths_deg: list[float]) -> Scene:
    """The same scene, whose talkers pass the given azimuths."""
    path = angles_deg_to_direction(np.array(azimuths_deg), 0.0)
    return replace(scene, path=path, directions=path[:, path.shape[1] // 2])


def test_a_walker_is_where_the_rendered_sound_comes_from() -> None:
    scene = walk(scene_of(2, 2, 41), [0.0, 30.0, 90.0, 70.0], [-10.0, -10.0, -10.0, -60.0])
    assert scene.path is not None
    shares = fade_between_knots(np.ones(41, dtype=np.float32), 4)
    expected = normalize_direction(np.einsum("kt,skx->tsx", shares, scene.path))
    np.testing.assert_allclose(scene.directions_at(np.arange(41) / 16_000), expected, atol=1e-6)


def test_one_who_stands_still_is_always_at_one_place() -> None:
    scene = scene_of(2, 2, 41)
    at = scene.directions_at(np.array([0.0, 0.001]))
    assert np.array_equal(at, scene.directions[None].repeat(2, axis=0))


def test_walkers_and_others_in_one_batch_are_each_where_they_are_when_asked_for() -> None:
    walker = walk(scene_of(2, 1, 33), [0.0, 20.0, 40.0])
    others = [scene_of(2, 2, 33), walk(scene_of(2, 1, 17), [90.0, 50.0])]
    batch = collate([walker, *others], np.array([0.0, 0.0005, 0.001]))
    assert batch.directions.shape == (3, 2, 3, 3)
    azimuth_deg, _ = direction_to_angles_deg(batch.directions[:, 0])
    np.testing.assert_allclose(azimuth_deg[[0, 2]], [[0, 10, 20], [90, 70, 50]], atol=1e-2)
    np.testing.assert_allclose(batch.directions[1, :, 1], others[0].directions, rtol=1e-6)
    assert not batch.directions[::2, 1].any()


def test_a_batch_of_walkers_keeps_the_knots_if_nobody_asks_for_other_instants() -> None:
    scenes = [walk(scene_of(2, 1, 33), [0.0, 35.0, 40.0]), scene_of(2, 1, 21), walk(scene_of(2, 1, 9), [8.0])]
    batch = collate(scenes)
    np.testing.assert_allclose(batch.directions[0], scenes[0].path, atol=1e-6)
    for row in (1, 2):
        np.testing.assert_allclose(batch.directions[row, 0], scenes[row].directions.repeat(3, 0), rtol=1e-6)


def test_direct_sound_is_batched_only_if_all_scenes_kept_it() -> None:
    batch = collate([scene_of(2, 1, 9), scene_of(2, 1, 9, direct=False)])
    assert batch.direct is None


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(ShapeError, match="at least one scene"):
        collate([])
