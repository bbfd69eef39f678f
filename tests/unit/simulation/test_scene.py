"""Scenes of any size fit in one batch, and the masks tell what is real."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import ShapeError
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
        mics, sources, time = scene.num_microphones, scene.num_sources, scene.audio.shape[1]
        assert np.array_equal(batch.audio[row, :mics, :time], scene.audio)
        assert np.allclose(batch.positions[row, :mics], scene.positions)
        assert np.allclose(batch.directions[row, :sources], scene.directions)
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


def test_direct_sound_is_batched_only_if_all_scenes_kept_it() -> None:
    batch = collate([scene_of(2, 1, 9), scene_of(2, 1, 9, direct=False)])
    assert batch.direct is None


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(ShapeError, match="at least one scene"):
        collate([])
