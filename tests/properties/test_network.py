"""What the network promises for any weights: random ones here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from anydoa.networks.agg_rl import AggRl
from anydoa.networks.checkpoint import load_checkpoint, save_checkpoint
from anydoa.networks.config import AggRlConfig

TOLERANCE = 1e-5  # of a spectrum, 0..1
CONFIGS = {
    "default": AggRlConfig(),
    "coarse": AggRlConfig(hop_length=256, mic_encoding="pm", num_blocks=2),
    "absolute": AggRlConfig(hop_length=256, mic_frame="absolute", transform="uniform", num_blocks=1),
    "plane waves": AggRlConfig(hop_length=256, plane_waves=True, plane_wave_directions=64, num_blocks=1),
}

seeds = st.integers(0, 2**31 - 1)
chunkings = st.lists(
    st.one_of(st.sampled_from([0, 1, 128, 512]), st.integers(2, 900)), min_size=1, max_size=8
)
few = settings(max_examples=6, deadline=None)
fewer = settings(max_examples=3, deadline=None)  # of each network, where noise by a seed is all that varies
every_network = pytest.mark.parametrize("name", list(CONFIGS))


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Products of many sizes in turn gain nothing from threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True, eq=False)
class Scene:
    """Noise at random microphones, and random directions to ask for."""

    audio: Tensor
    positions: Tensor
    directions: Tensor


def make_scene(
    seed: int,
    *,
    batch: int = 1,
    mics: int = 5,
    samples: int = 2100,
    directions: int = 6,
    dtype: torch.dtype = torch.float32,
) -> Scene:
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype)

    return Scene(
        noise(batch, 1, samples) + noise(batch, mics, samples),
        0.05 * noise(batch, mics, 3),
        torch.nn.functional.normalize(noise(directions, 3), dim=-1),
    )


@pytest.fixture(scope="module")
def networks() -> dict[str, AggRl]:
    """Random weights and biases; statistics as after a little training."""
    made = {}
    for name, config in CONFIGS.items():
        with torch.random.fork_rng():
            torch.manual_seed(len(made))
            network = AggRl(config)
            with torch.no_grad():
                for parameter in network.parameters():
                    if parameter is network.augeonet.transform.increments:
                        continue
                    if parameter.ndim == 1 or not parameter.any():
                        parameter.add_(0.1 * torch.randn_like(parameter))
                for seed in range(3):
                    network.augeonet.train()(*trimmed(network, make_scene(seed, batch=2)))
        made[name] = network.eval().requires_grad_(False)
    return made


def trimmed(network: AggRl, scene: Scene) -> tuple[Tensor, Tensor]:
    hop = network.config.hop_length
    return scene.audio[..., : scene.audio.shape[-1] // hop * hop], scene.positions


def spectrum(network: AggRl, scene: Scene, mask: Tensor | None = None) -> Tensor:
    result: Tensor = network(scene.audio, scene.positions, scene.directions, mask)
    return result


@every_network
@given(seed=seeds)
@fewer
def test_the_order_of_microphones_changes_nothing(name: str, seed: int, networks: dict[str, AggRl]) -> None:
    scene = make_scene(seed, mics=6)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(seed))
    mask = torch.tensor([[True, True, True, True, True, False]])
    shuffled = Scene(scene.audio[:, order], scene.positions[:, order], scene.directions)
    expected = spectrum(networks[name], scene)
    assert_close(spectrum(networks[name], shuffled), expected, atol=TOLERANCE, rtol=0)
    expected = spectrum(networks[name], scene, mask)
    assert_close(spectrum(networks[name], shuffled, mask[:, order]), expected, atol=TOLERANCE, rtol=0)


@given(seed=seeds, count=st.integers(2, 8))
@few
def test_order_changes_nothing_on_a_circle_where_all_are_equally_central(
    seed: int, count: int, networks: dict[str, AggRl]
) -> None:
    scene = make_scene(seed, mics=count)
    angle = torch.arange(count) * (2 * torch.pi / count)
    circle = 0.04 * torch.stack([angle.cos(), angle.sin(), torch.zeros(count)], -1)[None]
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    expected = spectrum(networks["default"], Scene(scene.audio, circle, scene.directions))
    shuffled = Scene(scene.audio[:, order], circle[:, order], scene.directions)
    assert_close(spectrum(networks["default"], shuffled), expected, atol=TOLERANCE, rtol=0)


@every_network
@given(seed=seeds, offset=st.tuples(*[st.floats(-1, 1)] * 3))
@fewer
def test_moving_the_array_changes_nothing(
    name: str, seed: int, offset: tuple[float, float, float], networks: dict[str, AggRl]
) -> None:
    scene = make_scene(seed)
    moved = Scene(scene.audio, scene.positions + torch.tensor(offset), scene.directions)
    expected = spectrum(networks[name], scene)
    assert_close(spectrum(networks[name], moved), expected, atol=TOLERANCE, rtol=0)


@every_network
@given(seed=seeds, rubbish=st.sampled_from([0.0, 1e6, float("nan"), float("inf")]))
@few
def test_a_masked_microphone_is_an_absent_one(
    name: str, seed: int, rubbish: float, networks: dict[str, AggRl]
) -> None:
    scene = make_scene(seed, mics=5)
    mask = torch.tensor([[True, False, True, True, False]])
    audio = torch.where(mask[..., None], scene.audio, rubbish)
    positions = torch.where(mask[..., None], scene.positions, rubbish)
    masked = Scene(audio, positions, scene.directions)
    absent = Scene(scene.audio[:, mask[0]], scene.positions[:, mask[0]], scene.directions)
    expected = spectrum(networks[name], absent)
    assert_close(spectrum(networks[name], masked, mask), expected, atol=TOLERANCE, rtol=0)


@every_network
@given(seed=seeds)
@fewer
def test_arrays_of_any_size_share_a_batch_without_meeting(
    name: str, seed: int, networks: dict[str, AggRl]
) -> None:
    scene = make_scene(seed, batch=3, mics=5)
    mask = torch.tensor([[True] * 5, [True, True, False, False, False], [False, True, True, False, True]])
    together = spectrum(networks[name], scene, mask)
    for item, present in enumerate(mask):
        alone = Scene(
            scene.audio[item : item + 1, present], scene.positions[item : item + 1, present], scene.directions
        )
        found = together[item : item + 1]
        assert_close(found, spectrum(networks[name], alone), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("name", ["coarse", "absolute"])
@given(seed=seeds)
@fewer
def test_absent_microphones_stay_out_of_training_too(
    name: str, seed: int, networks: dict[str, AggRl]
) -> None:
    scene = make_scene(seed, batch=2, mics=5, dtype=torch.float64)
    present = torch.tensor([True, False, True, True, False])
    results = []
    for audio, positions, mask in (
        (scene.audio, scene.positions, present.expand(2, -1)),
        (scene.audio[:, present], scene.positions[:, present], None),
    ):
        network = AggRl(networks[name].config).double()
        network.load_state_dict(networks[name].state_dict())
        logits = network.logits(audio, positions, scene.directions, mask)
        logits.sin().mean().backward()
        gradients = {key: parameter.grad for key, parameter in network.named_parameters()}
        results.append((logits, dict(network.state_dict()), gradients))
    for masked, absent in zip(*results, strict=True):
        assert_close(masked, absent, atol=1e-8, rtol=1e-5)


@given(seed=seeds)
@few
def test_directions_are_asked_one_by_one(seed: int, networks: dict[str, AggRl]) -> None:
    scene = make_scene(seed, directions=20)
    some = torch.randperm(20, generator=torch.Generator().manual_seed(seed))[:7]
    part = Scene(scene.audio, scene.positions, scene.directions[some])
    whole = spectrum(networks["default"], scene)
    assert_close(spectrum(networks["default"], part), whole[:, :, some], atol=TOLERANCE, rtol=0)


@every_network
@given(seed=seeds, frame=st.integers(0, 5))
@few
def test_no_frame_hears_the_future(name: str, seed: int, frame: int, networks: dict[str, AggRl]) -> None:
    scene, other = make_scene(seed), make_scene(seed + 1)
    end = frame * networks[name].config.hop_length + networks[name].config.window_length
    audio = torch.cat([scene.audio[..., :end], other.audio[..., end:]], -1)
    changed = Scene(audio, scene.positions, scene.directions)
    expected = spectrum(networks[name], scene)[..., : frame + 1]
    found = spectrum(networks[name], changed)[..., : frame + 1]
    assert_close(found, expected, atol=TOLERANCE, rtol=0)


@every_network
@given(seed=seeds, chunking=chunkings)
@example(seed=107417, chunking=[0])
@few
def test_a_stream_in_any_pieces_gives_the_whole(
    name: str, seed: int, chunking: list[int], networks: dict[str, AggRl]
) -> None:
    network, scene = networks[name], make_scene(seed, batch=2, samples=512 + 256 * 6)
    mask = torch.tensor([[True] * 5, [True, False, True, True, False]])
    state, parts, position = network.initial_state(scene.positions), [], 0
    for length in [*chunking, scene.audio.shape[-1]]:
        chunk = scene.audio[..., position : position + length]
        part, state = network.step(chunk, state, scene.positions, mask)
        parts.append(part)
        position += length
    grid = network.grid_representation(scene.directions)
    found = torch.sigmoid(network.combine(torch.cat(parts, 2), grid))
    assert_close(found, spectrum(network, scene, mask), atol=TOLERANCE, rtol=0)


@given(seed=seeds, count=st.sampled_from([2, 3, 4, 9, 16, 17, 24, 32]))
@few
def test_any_number_of_microphones_works(seed: int, count: int, networks: dict[str, AggRl]) -> None:
    found = spectrum(networks["coarse"], make_scene(seed, mics=count, samples=1100))
    assert found.isfinite().all()
    assert found.std() > 0


@given(seed=seeds, exponent=st.floats(-5, 5))
@few
def test_loudness_changes_nothing(seed: int, exponent: float, networks: dict[str, AggRl]) -> None:
    scene = make_scene(seed)
    louder = Scene(scene.audio * 10**exponent, scene.positions, scene.directions)
    expected = spectrum(networks["default"], scene)
    assert_close(spectrum(networks["default"], louder), expected, atol=1e-4, rtol=0)


@every_network
@pytest.mark.parametrize("mics", [2, 4])
def test_silence_and_coincident_microphones_stay_finite_and_learnable(name: str, mics: int) -> None:
    scene = make_scene(1, mics=mics)
    for audio, positions in (
        (torch.zeros_like(scene.audio), scene.positions),
        (scene.audio, torch.zeros_like(scene.positions)),
        (scene.audio[:, :1].expand(-1, mics, -1), torch.zeros_like(scene.positions)),
    ):
        network = AggRl(CONFIGS[name])
        logits = network.logits(audio, positions, scene.directions)
        assert logits.isfinite().all()
        logits.square().mean().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
        assert spectrum(network.eval(), Scene(audio, positions, scene.directions)).isfinite().all()


def test_two_microphones_work_with_the_published_oddities() -> None:
    network = AggRl(AggRlConfig.reference()).eval()
    with torch.no_grad():
        assert spectrum(network, make_scene(2, mics=2)).isfinite().all()


@every_network
def test_evaluation_leaves_the_state_bit_identical(name: str, networks: dict[str, AggRl]) -> None:
    network, scene = networks[name], make_scene(3)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    spectrum(network, scene)
    network.step(scene.audio, network.initial_state(scene.positions), scene.positions)
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_a_step_leaves_the_state_it_was_given(networks: dict[str, AggRl]) -> None:
    network, scene = networks["coarse"], make_scene(4)
    _, state = network.step(scene.audio, network.initial_state(scene.positions), scene.positions)
    before = {key: tensor.clone() for key, tensor in state.items()}
    network.step(scene.audio, state, scene.positions)
    assert all(torch.equal(before[key], state[key]) for key in before)
    assert all(tensor.shape[0] == 1 for tensor in state.values())


def test_gradients_reach_every_increment_of_the_bins() -> None:
    network, scene = AggRl(CONFIGS["coarse"]), make_scene(5)
    network.logits(scene.audio, scene.positions, scene.directions).square().mean().backward()
    gradient = network.augeonet.transform.increments.grad
    assert gradient is not None
    assert (gradient != 0).all()


@given(seed=seeds)
@settings(max_examples=3, deadline=None)
def test_bins_stay_ordered_below_nyquist_through_random_steps(seed: int) -> None:
    network = AggRl(CONFIGS["coarse"])
    transform = network.augeonet.transform
    optimizer = torch.optim.Adam([transform.increments], lr=0.5)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(200):
        transform.increments.grad = torch.randn(transform.increments.shape, generator=generator)
        optimizer.step()
        assert (transform.bins.diff() > 0).all()
        assert transform.bins[-1] <= 256
        network.project_()
    assert transform.bins[0] == 0
    assert (transform.bins.diff() > 0).all()
    assert transform.bins[-1] <= 256


@every_network
def test_a_checkpoint_gives_the_same_bits(name: str, networks: dict[str, AggRl], tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model.safetensors", networks[name])
    # Torch picks its products by whether gradients may be wanted, even where none are.
    again = load_checkpoint(tmp_path / "model.safetensors").network.requires_grad_(False)
    scene = make_scene(6)
    assert torch.equal(spectrum(again, scene), spectrum(networks[name], scene))
