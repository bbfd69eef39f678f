"""Spectra by formula obey the delays they are made of."""

import numpy as np
import pytest
import torch

from anydoa.constants import SPEED_OF_SOUND
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.config import AggRlConfig
from anydoa.training.agg_rl.batches import ClipShape, SpectraBatch
from anydoa.training.agg_rl.spectra import (
    SpectraBatches,
    SpectraOptions,
    draw_spectra,
    draw_talkers,
    plane_wave,
)
from anydoa.training.agg_rl.speech_levels import TimeAxis

BINS = torch.linspace(300.0, 3000.0, 40)
QUIET = SpectraOptions(
    snr_db=(60.0, 60.0), early_db=(-80.0, -80.0), late_db=(-80.0, -80.0), second_talker_db=(-80.0, -80.0)
)
SHAPE = ClipShape(AggRlConfig(hop_length=256, num_bins=33), batch_size=6, duration_s=0.4, microphones=(3, 4))


def draw(options: SpectraOptions, *, batch: int = 8, frames: int = 30, seed: int = 0) -> SpectraBatch:
    generator = torch.Generator().manual_seed(seed)
    positions = 0.04 * torch.randn(batch, 5, 3, generator=generator)
    return draw_spectra(positions, BINS, TimeAxis(frames, 0.016), options=options, generator=generator)


def test_a_plane_wave_has_the_phase_of_its_delay() -> None:
    positions = torch.tensor([[[0.0, 0.0, 0.0], [0.1, 0.0, 0.0]]])
    wave = plane_wave(torch.tensor([[[1.0, 0.0, 0.0]]]), positions, torch.tensor([500.0]))[0, 0, :, 0]
    # The second microphone is nearer to the source, so it hears the wave earlier.
    assert torch.angle(wave[1] / wave[0]).item() == pytest.approx(
        2 * np.pi * 500 * 0.1 / SPEED_OF_SOUND, rel=1e-5
    )


def test_steering_at_the_talker_finds_the_talker() -> None:
    batch = draw(QUIET)
    spectra = torch.complex(batch.real, batch.imag)
    phases = spectra / spectra.abs()
    grid = fibonacci_grid(2000).directions
    directions = torch.from_numpy(grid.astype(np.float32)).expand(len(batch), -1, -1)
    steering = plane_wave(directions, batch.positions, BINS)
    power = torch.einsum("mtbf,bgmf->bgtf", phases, steering.conj()).abs().square().sum(-1)
    found = grid[power.argmax(1).numpy()]
    errors = great_circle_distance_deg(found, batch.sources[:, 0].double().numpy())
    speaking = batch.active[:, 0].numpy()
    assert speaking.sum() > 50
    assert np.median(errors[speaking]) < 3.0


def test_noise_is_as_far_below_speech_as_asked() -> None:
    loud = draw(QUIET, batch=40, frames=60)
    noisy = draw(SpectraOptions(**{**vars(QUIET), "snr_db": (0.0, 0.0)}), batch=40, frames=60)
    active = loud.active[:, 0].T
    powers = [(batch.real**2 + batch.imag**2).mean((0, 3)) for batch in (loud, noisy)]
    speech = powers[0][active].mean()
    noise = powers[1][~active].mean()
    assert 10 * torch.log10(speech / noise).item() == pytest.approx(0.0, abs=1.0)


def test_absent_talkers_neither_speak_nor_have_a_direction() -> None:
    batch = draw(SpectraOptions(), batch=200)
    absent = ~batch.present
    assert not batch.sources[absent].any()
    assert not absent[:, 0].any()
    assert 0.3 < absent[:, 1].float().mean() < 0.7
    assert not batch.active[absent].any()


def test_talkers_are_ten_degrees_apart() -> None:
    talkers = draw_talkers(20_000, torch.Generator().manual_seed(0)).double().numpy()
    angle = great_circle_distance_deg(talkers[:, 0], talkers[:, 1])
    assert angle.min() >= 9.99
    assert np.cos(np.deg2rad(angle)).mean() == pytest.approx(0.0, abs=0.03)


def test_the_same_numbers_give_the_same_spectra() -> None:
    bins = BINS.tolist()
    first, again, other = (
        SpectraBatches(SHAPE, bins, seed=seed)[start] for seed, start in ((1, 6), (1, 6), (1, 12))
    )
    torch.testing.assert_close(first.real, again.real)
    assert first.real.shape[1:3] == (SHAPE.num_frames, 6)
    assert not torch.equal(first.sources, other.sources)


def test_processes_that_share_a_step_have_arrays_of_the_same_size() -> None:
    shares = [SpectraBatches(SHAPE, BINS.tolist(), seed=1, offset=offset)[12] for offset in (0, 6)]
    assert shares[0].positions.shape == shares[1].positions.shape
    assert not torch.equal(shares[0].sources, shares[1].sources)
