"""Targets of flat and straight arrays are as high wherever the sound is the same."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import random_rotation, rotate
from anydoa.simulation.array_sampling import sample_array
from anydoa.training.agg_rl.targets import BatchAmbiguity, target_spectrum

WIDTHS_DEG = (20.0, 8.0)
seeds = st.integers(0, 2**31 - 1)


def unit_vectors(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    vectors = rng.standard_normal((*shape, 3)).astype(np.float32)
    return torch.nn.functional.normalize(torch.from_numpy(vectors), dim=-1)


def ambiguity_of(*arrays: MicrophoneArray) -> BatchAmbiguity:
    return BatchAmbiguity.of(
        torch.from_numpy(np.stack([array.positions for array in arrays]).astype(np.float32))
    )


def three_arrays(rng: np.random.Generator) -> list[MicrophoneArray]:
    return [sample_array(shape, 6, rng) for shape in ("ball", "plane", "line")]


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from([1, 5]))
def test_a_target_is_that_of_the_folded_talkers_on_the_folded_grid(seed: int, instants: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = three_arrays(rng)
    sources, grid = unit_vectors(rng, 3, 2, instants), unit_vectors(rng, 50)
    active = torch.from_numpy(rng.random((3, 2, 5)) < 0.7)
    target = target_spectrum(sources, active, grid, WIDTHS_DEG, ambiguity_of(*arrays))
    for row, array in enumerate(arrays):
        talkers, heard = (
            torch.from_numpy(array.ambiguity.fold(vectors.double().numpy())) for vectors in (sources, grid)
        )
        expected = target_spectrum(talkers[row, None], active[row, None], heard, WIDTHS_DEG)[0]
        torch.testing.assert_close(target[row].double(), expected, atol=1e-4, rtol=0)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_targets_are_the_same_in_the_mirror_and_all_around_a_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    positions = {"plane": [[1, 0, 0], [0, 1, 0], [-1, -1, 0]], "line": [[0, 0, 1], [0, 0, 0], [0, 0, -2]]}
    turn = random_rotation(rng)
    angle = rng.uniform(0, 2 * np.pi)
    about_z = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    twins = {"plane": np.diag([1.0, 1.0, -1.0]), "line": about_z}
    sources, active = unit_vectors(rng, 1, 2, 1), torch.ones(1, 2, 3, dtype=torch.bool)
    grid = unit_vectors(rng, 50)
    for rank, rows in positions.items():
        array = MicrophoneArray(rotate(0.05 * np.array(rows, dtype=float), turn))
        twin = torch.from_numpy((turn @ twins[rank] @ turn.T).astype(np.float32))
        ambiguity = ambiguity_of(array)
        target = target_spectrum(sources, active, grid, WIDTHS_DEG, ambiguity)
        for moved, asked in ((sources @ twin.T, grid), (sources, grid @ twin.T)):
            again = target_spectrum(moved, active, asked, WIDTHS_DEG, ambiguity)
            torch.testing.assert_close(again, target, atol=1e-4, rtol=0)
        beside = target_spectrum(sources, active, (sources[0, :, 0] @ twin.T), WIDTHS_DEG, ambiguity)
        torch.testing.assert_close(beside.amin(), torch.tensor(1.0), atol=1e-4, rtol=0)


def test_arrays_in_space_have_exactly_the_targets_they_had_without() -> None:
    rng = np.random.default_rng(0)
    arrays = [sample_array("ball", 8, rng) for _ in range(4)]
    sources, grid = unit_vectors(rng, 4, 2, 7), unit_vectors(rng, 384)
    active = torch.from_numpy(rng.random((4, 2, 7)) < 0.7)
    target = target_spectrum(sources, active, grid, WIDTHS_DEG, ambiguity_of(*arrays))
    assert torch.equal(target, target_spectrum(sources, active, grid, WIDTHS_DEG))


@pytest.mark.parametrize("shape", ["plane", "line"])
def test_the_axis_is_read_off_the_microphones(shape: str) -> None:
    array = sample_array(shape, 5, np.random.default_rng(3))
    ambiguity = ambiguity_of(array)
    assert ambiguity.straight.tolist() == [shape == "line"]
    assert ambiguity.axis.norm().item() == pytest.approx(1, abs=1e-6)
    along = np.abs(array.positions @ ambiguity.axis[0].numpy())
    distance = np.linalg.norm(array.positions, axis=1)
    np.testing.assert_allclose(along, distance if shape == "line" else 0 * distance, atol=1e-6)


def test_arrays_in_space_have_no_axis() -> None:
    ambiguity = ambiguity_of(sample_array("ball", 8, np.random.default_rng(3)))
    assert not ambiguity.axis.any()
    assert not ambiguity.straight.any()
