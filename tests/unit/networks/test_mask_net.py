"""The mask network: causal, the same in chunks, and no mask before it has learned one."""

import pytest
import torch

from anydoa.errors import ConfigError
from anydoa.networks.mask_net import MaskNet, MaskNetConfig

SMALL = MaskNetConfig(num_bins=20, hidden_size=8, patch_bins=3, patch_channels=4, blend_channels=3)


def network(config: MaskNetConfig = SMALL) -> MaskNet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        mask = MaskNet(config).eval()
        torch.nn.init.normal_(mask.correction.weight)
    return mask


def features(frames: int = 12) -> torch.Tensor:
    return torch.randn(2, frames, 4, SMALL.num_bins, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
@pytest.mark.parametrize("patch_frames", [1, 5])
@pytest.mark.parametrize("size", [1, 3, 7])
def test_chunks_give_what_the_whole_gives(size: int, patch_frames: int) -> None:
    mask = network(MaskNetConfig(**{**SMALL.to_dict(), "patch_frames": patch_frames}))
    state, parts = None, []
    for chunk in features().split(size, dim=1):
        logits, state = mask(chunk, state)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, 1), mask(features())[0])


@torch.no_grad()
def test_no_frame_looks_ahead() -> None:
    later = features()
    later[:, 8:] += 1
    before, after = network()(features())[0], network()(later)[0]
    torch.testing.assert_close(before[:, :8], after[:, :8])
    assert (before[:, 8:] != after[:, 8:]).any()


@torch.no_grad()
def test_a_fresh_correction_changes_nothing() -> None:
    mask = MaskNet(SMALL).eval()
    plain = mask(features())[0]
    torch.nn.init.normal_(mask.patch.weight)
    torch.testing.assert_close(mask(features())[0], plain)


def test_patches_need_a_middle() -> None:
    with pytest.raises(ConfigError, match="patch_bins must be odd"):
        MaskNetConfig(patch_bins=4)


def test_the_causal_part_gives_the_same_masks() -> None:
    torch.manual_seed(5)
    net = MaskNet(MaskNetConfig(hidden_size=8, num_layers=1, wide_size=4)).eval()
    part = net.causal_part()
    assert part.config.wide_size == 0
    assert not part.training
    features = torch.randn(1, 6, 4, 240)
    torch.testing.assert_close(part(features)[0], net(features)[0])
