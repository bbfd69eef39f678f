"""The configuration of the network: round trips and refusals."""

import pytest

from anydoa.errors import ConfigError
from anydoa.networks.config import AggRlConfig
from typechecking import unchecked


def test_a_configuration_survives_its_dictionary() -> None:
    config = AggRlConfig(hop_length=256, extractor_dilations=(1, 2), grid_degree=6, mic_encoding="pm")
    values = config.to_dict()
    assert values["extractor_dilations"] == [1, 2]
    assert AggRlConfig.from_dict(values) == config


def test_missing_keys_keep_their_defaults() -> None:
    assert AggRlConfig.from_dict({}) == AggRlConfig()
    assert AggRlConfig.from_dict({"hop_length": 256}).window_length == 512


def test_an_unknown_key_names_the_nearest_option() -> None:
    with pytest.raises(ConfigError, match=r"no option 'hop_lenght'; did you mean 'hop_length'\?"):
        AggRlConfig.from_dict({"hop_lenght": 256})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"transform": "learned"}, "transform must be one of learnable, uniform, .*, got 'learned'"),
        ({"hop_length": 0}, "hop_length must be positive, got 0"),
        ({"hop_length": 128.0}, "hop_length must be whole, got 128.0"),
        ({"hop_length": 100}, "window_length must be a multiple of hop_length, got 512 and 100"),
        ({"pairs_per_step": 8}, 'pairs_per_step is for trunk = "u-net" or "neural-srp", got 8; leave it out'),
        ({"fixed_directions": 512}, 'fixed_directions is for output = "fixed", got 512; leave it out'),
        (
            {"trunk": "neural-srp", "transform": "uniform", "num_blocks": 2},
            'num_blocks is for trunk = "augeonet", got 2; leave it out',
        ),
        (
            {"trunk": "u-net", "transform": "uniform", "beta": 9.0},
            'beta is for trunk = "augeonet" or grid_encoding = "fm", got 9.0; leave it out',
        ),
        ({"plane_wave_bins": 10}, "plane_wave_bins is for plane_waves, got 10; leave it out"),
        (
            {"grid_encoding": "fm", "grid_degree": 6},
            'grid_degree is for .*grid_encoding = "harmonics", got 6',
        ),
        ({"output": "fixed", "grid_degree": 6}, 'grid_degree is for output = "grid" with .*, got 6'),
        ({"num_heads": 3}, "num_features must be a multiple of num_heads, got 128 and 3"),
        ({"num_bins": 1}, "num_bins must be at least 2, got 1"),
        ({"alpha": "7"}, "alpha must be positive, got '7'"),
        ({"mapping_dilations": []}, r"mapping_dilations must be positive, got \(\)"),
        ({"mapping_dilations": [1, -2]}, r"mapping_dilations must be positive, got \(1, -2\)"),
        ({"compat": "reference"}, "compat='reference' needs"),
        ({"trunk": "u-net", "transform": "uniform", "mic_encoding": "pm"}, "features and places of its own"),
    ],
)
def test_impossible_values_are_refused(values: dict[str, object], message: str) -> None:
    with unchecked(), pytest.raises(ConfigError, match=message):
        AggRlConfig.from_dict(values)


def test_the_published_model_has_a_name() -> None:
    config = AggRlConfig.reference("pm")
    assert (config.mic_encoding, config.grid_encoding, config.compat) == ("pm", "phases", "reference")
    with unchecked(), pytest.raises(ConfigError, match="mic_encoding must be one of fm, pm, got 'am'"):
        AggRlConfig.reference("am")
