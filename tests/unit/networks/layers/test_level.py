"""Levels of bands: against the frame and the past, at any scale, piece by piece."""

import math

import torch
from torch.testing import assert_close

from anydoa.networks.layers.fading_memory import BandLevels, LevelOptions

LEVELS = BandLevels(3, hop_s=0.016)
POWER = torch.rand(50, 2, 3, generator=torch.Generator().manual_seed(0)) + 0.01


def test_the_scale_of_the_recording_changes_nothing() -> None:
    expected, _, _ = LEVELS(POWER, None, None)
    for scale in (1e-8, 1e8):
        assert_close(LEVELS(scale * POWER, None, None)[0], expected, atol=1e-4, rtol=0)


def test_pieces_give_what_the_whole_gives() -> None:
    expected, *_ = LEVELS(POWER, None, None)
    first, total, mass = LEVELS(POWER[:20], None, None)
    second, *_ = LEVELS(POWER[20:], total, mass)
    assert_close(torch.cat([first, second]), expected, atol=1e-5, rtol=1e-5)


def test_a_band_is_measured_against_the_frame_and_against_its_own_past() -> None:
    power = torch.ones(200, 1, 3)
    power[-1, 0, 0] = math.e**2  # one neper up
    features, _, _ = LEVELS(power, None, None)
    over_frame, over_past, presence = features[-1, 0].split([3, 3, 1])
    mean = (math.e**2 + 2) / 3
    assert_close(over_frame, torch.tensor([1.0, 0.0, 0.0]) - 0.5 * math.log(mean))
    share = (1 - LEVELS.decay) / (1 - LEVELS.decay**200)  # of the newest frame in the mean
    assert_close(over_past, torch.tensor([1 - share, 0.0, 0.0]), atol=1e-4, rtol=0)
    assert_close(
        presence, torch.tensor([1 - math.exp(-200 * 0.016 / LevelOptions().memory_s)]), atol=1e-4, rtol=0
    )


def test_silence_has_no_level_and_is_not_remembered() -> None:
    silent = torch.cat([torch.zeros(30, 2, 3), POWER])
    features, _, _ = LEVELS(silent, None, None)
    assert_close(features[:30], torch.zeros(30, 2, 7))
    assert_close(features[30:], LEVELS(POWER, None, None)[0], atol=1e-5, rtol=1e-5)
