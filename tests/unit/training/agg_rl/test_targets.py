"""Lobes around talkers, and when a talker counts as active."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig
from anydoa.training.agg_rl.targets import target_spectrum
from anydoa.training.batch import frame_activity, frame_centres


def directions(*azimuths_deg: float) -> torch.Tensor:
    return torch.from_numpy(
        angles_deg_to_direction(list(azimuths_deg), [0.0] * len(azimuths_deg)).astype(np.float32)
    )


def test_a_lobe_has_fallen_to_half_power_at_its_beamwidth() -> None:
    spoken = torch.ones(1, 1, 1, dtype=torch.bool)
    target = target_spectrum(
        directions(0)[None, :, None], spoken, directions(0, 5, 12, 32), (32.0, 12.0, 5.0)
    )
    assert target[0, :, 0, 0].tolist() == pytest.approx([1, 1, 1])
    assert [target[0, 0, 3, 0], target[0, 1, 2, 0], target[0, 2, 1, 0]] == pytest.approx(
        [0.5**0.5] * 3, abs=1e-5
    )


def test_of_two_talkers_the_nearer_one_decides() -> None:
    sources, grid = directions(0, 40)[None, :, None], directions(10, 20, 35)
    both = target_spectrum(sources, torch.ones(1, 2, 1, dtype=torch.bool), grid, (12.0,))
    alone = [
        target_spectrum(sources, torch.tensor([[[first], [not first]]]), grid, (12.0,))
        for first in (True, False)
    ]
    torch.testing.assert_close(both, torch.maximum(*alone))


def test_silence_has_no_lobe() -> None:
    active = torch.tensor([[[True, False]]])
    target = target_spectrum(directions(0)[None, :, None], active, directions(0, 90), (5.0,))
    assert target[0, 0, 0].tolist() == [1.0, 0.0]
    assert target[0, 0, 1].max() < 1e-6


def test_the_lobe_of_a_walker_follows_the_path() -> None:
    azimuths_deg = np.array([10.0, 25.0, 33.0])
    walker = directions(*azimuths_deg)
    still = directions(-60.0).expand(3, 3)
    grid, speaking = directions(*np.arange(-90.0, 91.0)), torch.ones(1, 2, 3, dtype=torch.bool)
    speaking[0, 1, 1:] = False
    target = target_spectrum(torch.stack([walker, still])[None], speaking, grid, (10.0, 5.0))
    found = target[0, :, 90:].argmax(1)
    assert found.tolist() == [azimuths_deg.tolist()] * 2
    torch.testing.assert_close(target[0, :, 30], torch.tensor([[1.0, 0.0, 0.0]] * 2), atol=1e-6, rtol=0)


def test_one_direction_for_all_frames_gives_what_one_for_each_gives() -> None:
    sources, grid = directions(0, 40)[None, :, None], directions(*np.arange(-90.0, 91.0))
    active = torch.rand(1, 2, 7, generator=torch.Generator().manual_seed(0)) < 0.7
    once = target_spectrum(sources, active, grid, (12.0, 5.0))
    torch.testing.assert_close(
        target_spectrum(sources.expand(-1, -1, 7, -1), active, grid, (12.0, 5.0)), once
    )


@pytest.mark.parametrize("num_samples", [12, 15, 17, 30])
def test_a_frame_has_its_centre_amid_its_samples(num_samples: int) -> None:
    centres = frame_centres(num_samples, 12, 3)
    assert centres.tolist() == [6.0 + 3 * frame for frame in range((num_samples - 12) // 3 + 1)]
    assert len(centres) == frame_activity(torch.ones(1, 1, num_samples, dtype=torch.bool), 12, 3).shape[2]


def test_two_thirds_of_a_window_must_be_speech() -> None:
    activity = torch.zeros(1, 2, 15, dtype=torch.bool)
    activity[0, 0, :8] = True
    activity[0, 1, :7] = True
    active = frame_activity(activity, 12, 3)
    assert active[0].tolist() == [[True, False], [False, False]]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 40), st.sampled_from([64, 128, 256]))
def test_there_is_a_label_for_every_frame_of_the_network(hops: int, hop_length: int) -> None:
    config = AggRlConfig(
        hop_length=hop_length, num_bins=9, num_features=16, num_heads=2, num_blocks=1, latent_size=8
    )
    samples = 512 + hops * hop_length
    frames = AggRl(config).eval().represent(torch.zeros(1, 2, samples), torch.eye(3)[None, :2]).shape[2]
    assert frame_activity(torch.ones(1, 1, samples, dtype=torch.bool), 512, hop_length).shape == (
        1,
        1,
        frames,
    )
