"""Pauses, syllables and decay."""

import pytest
import torch

from anydoa.training.agg_rl.speech_levels import TimeAxis, fall_db, smear, speech_and_pauses, speech_level_db

AXIS = TimeAxis(400, 0.016)


def test_speech_lasts_as_long_as_speech() -> None:
    speaking = speech_and_pauses((100, 2), AXIS, torch.Generator().manual_seed(0))
    assert speaking.float().mean().item() == pytest.approx(0.8 / 1.1, abs=0.03)
    ends = (speaking[..., :-1] & ~speaking[..., 1:]).sum()
    assert (speaking.sum() / ends * AXIS.frame_s).item() == pytest.approx(0.8, rel=0.1)


def test_levels_glide() -> None:
    bins = torch.linspace(0, 8000, 33)
    level = speech_level_db((50, 1), bins, AXIS, torch.Generator().manual_seed(0))
    step = (level[..., 1:] - level[..., :-1]).std()
    assert step < 0.7 * level.std()
    assert 8.0 < level.std() < 18.0


def test_spectra_fall_by_the_tilt_an_octave() -> None:
    assert fall_db(torch.tensor([100.0, 500.0, 1000.0, 4000.0]), torch.tensor([6.0])).tolist() == [
        [0, 0, -6, -18]
    ]


def test_what_was_said_dies_away() -> None:
    power = torch.tensor([[[1.0, 0.0, 0.0]]])
    assert smear(power, torch.tensor([0.5])).tolist() == [[[0.5, 0.25, 0.125]]]
