"""Every size and choice of an AGG-RL network, in one frozen record that travels with its weights."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import numpy as np
from jaxtyping import Float32

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import ConfigError
from anydoa.io.options import record_from_dict
from anydoa.networks.bin_start import BinStart, start_bins

_OF_PLANE_WAVES = "plane_wave_"  # how the choices of PlaneWaveNet begin


@dataclass(frozen=True)
class AggRlConfig:
    """Sizes and choices of an AGG-RL network. The defaults are the published ones, its oddities corrected.

    Args:
        sample_rate: samples a second that the network listens at.
        window_length: samples in an analysis window; even, and a multiple of ``hop_length``.
        hop_length: samples between frames.
        num_bins: frequency bins of the transform.
        trunk: what turns audio and positions into a representation: ``augeonet``, or one of the networks it
            is compared with, ``u-net`` and ``neural-srp``, which look at all pairs of microphones.
        pairs_per_step: most pairs that such a network learns from in a step, drawn at random; where it runs
            it hears all.
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
        mapping_dilations: frames between taps, one entry a residual block and an output of the mapping.
        latent_size: width of the shared latent space.
        grid_encoding: ``harmonics``, real spherical harmonics of the direction, or ``phases``, the
            published one, which has rank 4; for comparison ``fm``, frequency modulation like that of
            microphones, or ``cartesian``, the unit vector as it is.
        grid_degree: highest degree of the harmonics.
        plane_waves: whether PlaneWaveNet joins, which computes what plane waves explain; it is not in the
            paper.
        plane_wave_directions: directions of the Fibonacci sphere that PlaneWaveNet scores.
        plane_wave_bands: bands that PlaneWaveNet tells apart.
        plane_wave_bins: bins in each band.
        plane_wave_frames: frames whose mean fit is looked at, at least 2.
        plane_wave_features: width of PlaneWaveNet, a multiple of 4.
        plane_wave_contrast: how much steeper PlaneWaveNet makes the slopes of lobes where it runs.
        plane_wave_top_deg: distance from a top at which the slope of a lobe begins.
        plane_wave_lobe_deg: distance from a top at which the slope of a lobe ends.
        compat: ``reference`` reproduces the published model with its oddities, so that its weights load.

    Raises:
        ConfigError: if a value cannot be.
    """

    sample_rate: int = SAMPLE_RATE
    window_length: int = 512
    hop_length: int = 128
    num_bins: int = 257
    trunk: Literal["augeonet", "u-net", "neural-srp"] = "augeonet"
    pairs_per_step: int = 496
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
    plane_waves: bool = False
    plane_wave_directions: int = 1024
    plane_wave_bands: int = 24
    plane_wave_bins: int = 5
    plane_wave_frames: int = 3
    plane_wave_features: int = 32
    plane_wave_contrast: float = 8.0
    plane_wave_top_deg: float = 8.0
    plane_wave_lobe_deg: float = 15.0
    compat: Literal["none", "reference"] = "none"

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check_field(field, getattr(self, field.name))
        _check_multiple("window_length", self.window_length, self.hop_length, "hop_length")
        _check_multiple("window_length", self.window_length, 2)
        if self.trunk == "augeonet":
            _check_multiple("num_features", self.num_features, self.num_heads, "num_heads")
        _check_multiple("num_features", self.num_features, 4)
        _check_multiple("latent_size", self.latent_size, 4)
        if self.num_bins < 2:
            raise ConfigError(f"num_bins must be at least 2, got {self.num_bins}; 257 is usual")
        if self.features == "spectra" and self.mic_frame != "absolute":
            raise ConfigError(
                'features = "spectra" has no reference and needs mic_frame = "absolute", got '
                f"{self.mic_frame!r}; set it"
            )
        if self.trunk != "augeonet" and self.transform != "uniform":
            raise ConfigError(f'trunk = "{self.trunk}" computes time differences; set transform = "uniform"')
        told = (self.features, self.mic_encoding, self.mic_frame)
        if self.trunk != "augeonet" and told != ("gcc-phat", "fm", "relative"):
            raise ConfigError(
                f'trunk = "{self.trunk}" has features and places of its own; leave out features, '
                f"mic_encoding and mic_frame, got {', '.join(map(repr, told))}"
            )
        self._check_uses()
        if self.plane_waves:
            self._check_plane_waves()
        choices = (self.mic_frame, self.grid_encoding, self.plane_waves)
        if self.compat == "reference" and choices != ("relative", "phases", False):
            raise ConfigError(
                "compat='reference' needs mic_frame='relative', grid_encoding='phases' and "
                f"plane_waves=False, got {', '.join(map(repr, choices))}; set them, or leave compat out"
            )

    def _check_uses(self) -> None:
        """Refuse choices that change nothing.

        An encoding of the grid is taken with a fixed output, too: configurations of such inherit one.
        """
        is_paired, has_grid = self.trunk != "augeonet", self.output == "grid"
        has_harmonics, has_fm_grid = (has_grid and self.grid_encoding == one for one in ("harmonics", "fm"))
        fields = type(self).__dataclass_fields__
        of_augeonet = ("num_heads", "num_blocks", "extractor_dilations", "alpha", "compat")
        uses = (
            (("pairs_per_step",), 'trunk = "u-net" or "neural-srp"', is_paired),
            (of_augeonet, 'trunk = "augeonet"', not is_paired),
            (("beta",), 'trunk = "augeonet" or grid_encoding = "fm"', not is_paired or has_fm_grid),
            (("fixed_directions",), 'output = "fixed"', not has_grid),
            (("grid_degree",), 'output = "grid" with grid_encoding = "harmonics"', has_harmonics),
            ([name for name in fields if name.startswith(_OF_PLANE_WAVES)], "plane_waves", self.plane_waves),
        )
        for names, needs, is_used in uses:
            for name in names:
                value = getattr(self, name)
                if not is_used and value != fields[name].default:
                    raise ConfigError(f"{name} is for {needs}, got {value}; leave it out")

    def _check_plane_waves(self) -> None:
        if self.trunk != "augeonet" or self.output == "fixed":
            raise ConfigError(
                'plane_waves = true needs trunk = "augeonet" and output = "grid", got '
                f"{self.trunk!r} and {self.output!r}; leave plane_waves out"
            )
        looked_at = self.plane_wave_bands * self.plane_wave_bins
        if looked_at > self.num_bins - 3:
            raise ConfigError(
                f"plane_wave_bands * plane_wave_bins must be at most num_bins - 3 = {self.num_bins - 3}, "
                f"got {looked_at}; look at fewer"
            )
        _check_multiple("plane_wave_features", self.plane_wave_features, 4)
        if self.plane_wave_top_deg >= self.plane_wave_lobe_deg:
            raise ConfigError(
                f"plane_wave_top_deg must be below plane_wave_lobe_deg, "
                f"got {self.plane_wave_top_deg} and {self.plane_wave_lobe_deg}; 8 and 15 are usual"
            )
        if self.plane_wave_frames < 2 or self.plane_wave_directions < 2:
            raise ConfigError(
                "plane_wave_frames and plane_wave_directions must be at least 2, "
                f"got {self.plane_wave_frames} and {self.plane_wave_directions}; 3 and 1024 are usual"
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

    def without_plane_waves(self) -> "AggRlConfig":
        """The same without PlaneWaveNet and all its choices."""
        kept = {name: value for name, value in vars(self).items() if not name.startswith(_OF_PLANE_WAVES)}
        return type(self)(**{**kept, "plane_waves": False})

    @property
    def start_bins_hz(self) -> Float32[np.ndarray, "freq"] | None:
        """Frequency of each bin before learning; None where bins are not learned."""
        if not self.transform.startswith("learnable"):
            return None
        start: BinStart = "logit" if self.transform == "learnable" else "uniform"
        return start_bins(start, self.num_bins, self.sample_rate / 2)

    @property
    def num_outputs(self) -> int:
        """Spectra a frame: one after each block of the mapping, the last one the best."""
        return len(self.mapping_dilations)

    @property
    def representation_size(self) -> int:
        """Width of both representations: the latent space, then the directions of PlaneWaveNet, if any."""
        return self.latent_size + (self.plane_wave_directions if self.plane_waves else 0)

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
            raise ConfigError(
                f"{field.name} must be one of {', '.join(choices)}, got {value!r}; take one of them"
            )
        return
    if field.type is bool:
        if not isinstance(value, bool):
            raise ConfigError(f"{field.name} must be true or false, got {value!r}; take one of them")
        return
    usual = field.default
    numbers = value if isinstance(value, tuple) else (value,)
    if not numbers or any(isinstance(n, bool) or not isinstance(n, int | float) or n <= 0 for n in numbers):
        raise ConfigError(f"{field.name} must be positive, got {value!r}; {usual} is usual")
    if field.type is not float and any(not isinstance(n, int) for n in numbers):
        raise ConfigError(f"{field.name} must be whole, got {value!r}; {usual} is usual")


def _check_multiple(name: str, value: int, divisor: int, divisor_name: str = "") -> None:
    if value % divisor:
        got = f"{value} and {divisor}" if divisor_name else f"{value}"
        cure = "change one" if divisor_name else f"give {max(round(value / divisor), 1) * divisor}"
        raise ConfigError(f"{name} must be a multiple of {divisor_name or divisor}, got {got}; {cure}")
