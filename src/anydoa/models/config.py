"""Every size and choice of an AGG-RL network, in one frozen record that travels with its weights."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import ConfigError
from anydoa.io.option_record import record_from_dict


@dataclass(frozen=True)
class AggRlConfig:
    """Sizes and choices of an AGG-RL network. The defaults are the published ones, its oddities mended.

    Args:
        sample_rate: samples a second the network listens at.
        window_length: samples in an analysis window; even, and a multiple of ``hop_length``.
        hop_length: samples between frames.
        num_bins: frequency bins of the transform.
        trunk: what turns audio and positions into a representation: ``augeonet``, or one of the networks it
            is compared with, ``u-net`` and ``neural-srp``, which look at all pairs of microphones.
        output: ``grid`` meets any directions in the latent space, by Gridnet; ``fixed`` has weights of its
            own for each direction of one grid, and gives others the value of the nearest.
        fixed_directions: directions of the Fibonacci sphere of a fixed output.
        transform: ``learnable`` bin positions (LNuDFT) or ``uniform`` ones (DFT); for comparison also
            ``learnable-from-uniform``, which begin as uniform ones, and ``logit``, which stay where learnable
            ones begin.
        features: ``gcc-phat``, phase differences from the reference microphone, or the ``spectra`` of each
            microphone by itself, which need ``mic_frame = "absolute"``.
        mic_encoding: how microphone positions modulate sines: ``fm`` frequency or ``pm`` phase.
        mic_frame: positions ``relative`` to the reference microphone, or ``absolute``: to the centroid,
            every microphone (the ablation of the paper).
        alpha: scale of the microphone encoding.
        beta: modulation depth of the microphone encoding.
        num_features: width of the extractor and the dual-path blocks.
        num_heads: attention heads.
        num_blocks: dual-path blocks.
        extractor_dilations: frames between taps, one entry a residual block of the extractor.
        mapping_dilations: the same for the mapping; one output a block.
        latent_size: width of the shared latent space.
        grid_encoding: ``harmonics``, real spherical harmonics of the direction, or ``phases``, the
            published one, which has rank 4; for comparison ``fm``, frequency modulation like that of
            microphones, or ``cartesian``, the unit vector as it is.
        grid_degree: highest degree of the harmonics.
        steering: ``bands`` adds SteeringNet, which computes what plane waves explain and is not in the paper;
            ``none`` leaves it out.
        steering_directions: directions of the Fibonacci sphere that SteeringNet judges.
        steering_bands: bands it tells apart.
        steering_bins: bins in each band.
        steering_frames: frames whose mean fit is looked at, at least 2.
        steering_features: width of SteeringNet, a multiple of 4.
        steering_contrast: how much steeper it makes the slopes of lobes where it runs.
        steering_top_deg: slopes begin as far from a top as this,
        steering_lobe_deg: and end as far from it as this.
        compat: ``reference`` reproduces the published model with its oddities, so that its weights load.

    Raises:
        ConfigError: if a value cannot be.
    """

    sample_rate: int = SAMPLE_RATE
    window_length: int = 512
    hop_length: int = 128
    num_bins: int = 257
    trunk: Literal["augeonet", "u-net", "neural-srp"] = "augeonet"
    output: Literal["grid", "fixed"] = "grid"
    fixed_directions: int = 2048
    transform: Literal["learnable", "uniform", "learnable-from-uniform", "logit"] = "learnable"
    features: Literal["gcc-phat", "spectra"] = "gcc-phat"
    mic_encoding: Literal["fm", "pm"] = "fm"
    mic_frame: Literal["relative", "absolute"] = "relative"
    alpha: float = 7.0
    beta: float = 4.0
    num_features: int = 128
    num_heads: int = 16
    num_blocks: int = 4
    extractor_dilations: tuple[int, ...] = (1, 2, 4, 8)
    mapping_dilations: tuple[int, ...] = (1, 2, 4)
    latent_size: int = 256
    grid_encoding: Literal["harmonics", "phases", "fm", "cartesian"] = "harmonics"
    grid_degree: int = 4
    steering: Literal["none", "bands"] = "none"
    steering_directions: int = 1024
    steering_bands: int = 24
    steering_bins: int = 5
    steering_frames: int = 3
    steering_features: int = 32
    steering_contrast: float = 8.0
    steering_top_deg: float = 8.0
    steering_lobe_deg: float = 15.0
    compat: Literal["none", "reference"] = "none"

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check_field(field, getattr(self, field.name))
        _check_multiple("window_length", self.window_length, self.hop_length)
        _check_multiple("window_length", self.window_length, 2)
        _check_multiple("num_features", self.num_features, self.num_heads)
        _check_multiple("num_features", self.num_features, 4)
        _check_multiple("latent_size", self.latent_size, 4)
        if self.num_bins < 2:
            raise ConfigError(f"num_bins must be at least 2, got {self.num_bins}")
        if self.steering != "none":
            self._check_steering()
        self._check_comparison()
        choices = (self.mic_frame, self.grid_encoding, self.steering)
        if self.compat == "reference" and choices != ("relative", "phases", "none"):
            raise ConfigError(
                "compat='reference' needs mic_frame='relative', grid_encoding='phases' and steering='none', "
                f"got {', '.join(map(repr, choices))}"
            )

    def _check_comparison(self) -> None:
        if self.features == "spectra" and self.mic_frame != "absolute":
            raise ConfigError('features = "spectra" needs mic_frame = "absolute": there is no reference')
        if self.steering != "none" and (self.trunk != "augeonet" or self.output == "fixed"):
            raise ConfigError('steering = "bands" needs trunk = "augeonet" and output = "grid"')
        if self.trunk != "augeonet" and self.transform != "uniform":
            raise ConfigError(f'trunk = "{self.trunk}" computes time differences; set transform = "uniform"')

    def _check_steering(self) -> None:
        looked_at = self.steering_bands * self.steering_bins
        if looked_at > self.num_bins - 3:
            raise ConfigError(
                f"steering_bands * steering_bins must be at most num_bins - 3 = {self.num_bins - 3}, "
                f"got {looked_at}; look at fewer"
            )
        _check_multiple("steering_features", self.steering_features, 4)
        if self.steering_top_deg >= self.steering_lobe_deg:
            raise ConfigError(
                f"steering_top_deg must be below steering_lobe_deg, "
                f"got {self.steering_top_deg} and {self.steering_lobe_deg}"
            )
        if self.steering_frames < 2 or self.steering_directions < 2:
            raise ConfigError(
                "steering_frames and steering_directions must be at least 2, "
                f"got {self.steering_frames} and {self.steering_directions}"
            )

    def require_streams(self) -> None:
        """Refuse networks that exist for comparison and run in torch, on whole recordings.

        Raises:
            ConfigError: if this is one.
        """
        if (self.trunk, self.features, self.output) != ("augeonet", "gcc-phat", "grid"):
            raise ConfigError(
                f'a network with trunk = "{self.trunk}", features = "{self.features}" and output = '
                f'"{self.output}" is for comparison and runs in torch on whole recordings only; take one '
                'with "augeonet", "gcc-phat" and "grid"'
            )

    @property
    def num_outputs(self) -> int:
        """Spectra a frame: one after each block of the mapping, the last one the best."""
        return len(self.mapping_dilations)

    @property
    def representation_size(self) -> int:
        """Width of both representations: the latent space, then the directions SteeringNet judges, if any."""
        return self.latent_size + (self.steering_directions if self.steering != "none" else 0)

    @classmethod
    def reference(cls, mic_encoding: str = "fm") -> "AggRlConfig":
        """The published model, oddities and all.

        Raises:
            ConfigError: if the encoding does not exist.
        """
        choices = {"mic_encoding": mic_encoding, "grid_encoding": "phases", "compat": "reference"}
        return cls.from_dict(choices)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "AggRlConfig":
        """The configuration with these values, the defaults elsewhere; lists become tuples.

        Raises:
            ConfigError: if a key does not exist or a value cannot be.
        """
        return record_from_dict(cls, values, "a model")

    def to_dict(self) -> dict[str, Any]:
        """Every value by name, ready for JSON or TOML."""
        values = dataclasses.asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _check_field(field: "dataclasses.Field[Any]", value: Any) -> None:
    if get_origin(field.type) is Literal:
        choices = get_args(field.type)
        if value not in choices:
            raise ConfigError(f"{field.name} must be one of {', '.join(choices)}, got {value!r}")
        return
    numbers = value if isinstance(value, tuple) else (value,)
    if not numbers or any(isinstance(n, bool) or not isinstance(n, int | float) or n <= 0 for n in numbers):
        raise ConfigError(f"{field.name} must be positive, got {value!r}")
    if field.type is not float and any(not isinstance(n, int) for n in numbers):
        raise ConfigError(f"{field.name} must be whole, got {value!r}")


def _check_multiple(name: str, value: int, divisor: int) -> None:
    if value % divisor:
        raise ConfigError(f"{name} must be a multiple of {divisor}, got {value}")
