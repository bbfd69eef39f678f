"""Formula weights through a published-style archive give what the published model gives."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import Tensor

from anydoa.cli.model import import_command
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.checkpoint import load_checkpoint
from anydoa.networks.layers.array_layout import take_microphones

FOLDER = Path(__file__).parent / "agg_rl"
ENCODINGS = ("fm", "pm")
TOLERANCE = 1e-4
FEW_FRAMES = [0, 7, 14, 21, 28]


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(FOLDER / "agg_rl_reference.npz") as archive:
        return dict(archive)


def formula_state(nu: np.ndarray) -> dict[str, Tensor]:
    """A published state dictionary: all 218 entries, those kept at their start included."""
    state = {}
    with (FOLDER / "parameters.tsv").open() as table:
        for row in csv.DictReader(table, delimiter="\t"):
            shape = () if row["shape"] == "-" else tuple(int(size) for size in row["shape"].split("x"))
            if row["name"].endswith("a_k_parameter"):
                state[row["name"]] = torch.from_numpy(np.diff(nu.astype(np.float64))).float()
            elif row["rule"] == "kept":
                state[row["name"]] = torch.zeros(shape)
            else:
                values = formula(row["name"], shape, index=int(row["index"]))
                state[row["name"]] = torch.from_numpy(values).float()
    return state


def formula(name: str, shape: tuple[int, ...], *, index: int) -> np.ndarray:
    flat = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)
    if len(shape) > 1:
        return np.sin(0.7 * flat + 1.3 * index + 0.1) * np.sqrt(2 / math.prod(shape[1:]))
    wave = np.sin(0.7 * flat + 1.3 * index)
    if name.endswith("running_var"):
        return 1 + 0.5 * np.abs(wave)
    scales = name.endswith("weight") and ("norm" in name or "BN" in name)
    if name.endswith("gamma") or scales:
        return 1 + 0.1 * wave
    return 0.05 * wave


def published_grid() -> Tensor:
    """Every 32nd of 2048 Fibonacci directions, azimuths rounded as the published model rounds them."""
    index = np.arange(2048)
    azimuth = (index.astype(np.float32) * np.float32(np.pi * (3 - np.sqrt(5)))).astype(np.float64)
    z = 1 - 2 * index / 2047
    radius = np.sqrt(1 - z**2)
    grid = np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), z], axis=1)
    return torch.from_numpy(grid[::32]).float()


@pytest.fixture(scope="module")
def networks(golden: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> dict[str, AggRl]:
    """The formula weights, imported by the command and read back, for both encodings."""
    folder = tmp_path_factory.mktemp("published")
    torch.save({"model_state_dict": formula_state(golden["nu"]), "epoch": 7}, folder / "published.tar")
    for encoding in ENCODINGS:
        import_command(folder / "published.tar", folder / f"{encoding}.safetensors", mic_encoding=encoding)
    return {encoding: load_checkpoint(folder / f"{encoding}.safetensors").network for encoding in ENCODINGS}


def few_frames(x: Tensor) -> np.ndarray:
    """From (pair, frame, batch, feature) to (batch, pair, feature, frame) of the stored frames."""
    return x[:, FEW_FRAMES].permute(2, 0, 3, 1).numpy()


def test_the_learnt_bins_start_where_the_published_ones_do(golden: dict[str, np.ndarray]) -> None:
    assert_allclose(AggRl().augeonet.transform.bins.detach().numpy(), golden["nu"], atol=5e-5)


def test_the_reference_microphone_is_the_published_one(
    golden: dict[str, np.ndarray], networks: dict[str, AggRl]
) -> None:
    positions = torch.from_numpy(golden["mic"])
    order = networks["fm"].augeonet.lay_out(positions).order
    assert_allclose(take_microphones(positions, order).numpy(), golden["mic_reordered"], atol=0)


@pytest.mark.parametrize("encoding", ENCODINGS)
@torch.no_grad()
def test_every_stage_gives_the_published_numbers(
    encoding: str, golden: dict[str, np.ndarray], networks: dict[str, AggRl]
) -> None:
    augeonet = networks[encoding].augeonet
    layout = augeonet.lay_out(torch.from_numpy(golden["mic"]))
    places = augeonet.microphone_encoding(layout.places)
    audio = take_microphones(torch.from_numpy(golden["x"]), layout.order)
    cross_spectra = augeonet.cross_spectra(*augeonet.transform(audio), layout)
    assert_allclose(few_frames(cross_spectra[..., :514]), golden["gcc"], atol=TOLERANCE, rtol=0)
    x, _ = augeonet.extract(cross_spectra, layout, places, [None] * 5)
    assert_allclose(few_frames(x), golden[f"{encoding.upper()}_features"], atol=TOLERANCE, rtol=0)
    x, _ = augeonet.exchange(x, layout, places, [None] * 4)
    assert_allclose(few_frames(x), golden[f"{encoding.upper()}_spatiotemporal"], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("encoding", ENCODINGS)
@torch.no_grad()
def test_representation_and_spectrum_are_the_published_ones(
    encoding: str, golden: dict[str, np.ndarray], networks: dict[str, AggRl]
) -> None:
    network = networks[encoding]
    audio, positions = torch.from_numpy(golden["x"]), torch.from_numpy(golden["mic"])
    representation = network.represent(audio, positions)[:, :, ::4].transpose(2, 3)
    stored = golden[f"{encoding.upper()}_representation"]
    assert_allclose(representation.numpy(), stored, atol=TOLERANCE, rtol=0)
    spectrum = network(audio, positions, published_grid())
    assert_allclose(spectrum.numpy(), golden[f"{encoding.upper()}_spectrum"], atol=TOLERANCE, rtol=0)


@torch.no_grad()
def test_a_stream_of_the_published_model_gives_its_whole_file_numbers(
    golden: dict[str, np.ndarray], networks: dict[str, AggRl]
) -> None:
    network = networks["fm"]
    audio, positions = torch.from_numpy(golden["x"]), torch.from_numpy(golden["mic"])
    state, parts = network.initial_state(positions), []
    for chunk in audio.split(777, dim=-1):
        part, state = network.step(chunk, state, positions)
        parts.append(part)
    representation = torch.cat(parts, dim=2)[:, :, ::4].transpose(2, 3)
    assert_allclose(representation.numpy(), golden["FM_representation"], atol=TOLERANCE, rtol=0)
