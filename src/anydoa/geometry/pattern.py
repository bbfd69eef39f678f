"""How loud a microphone hears each direction: the first-order patterns, from omni to figure-of-eight."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.errors import GeometryError

PATTERN_SHARES = {
    "omni": 1.0,
    "subcardioid": 0.7,
    "cardioid": 0.5,
    "supercardioid": 0.366,
    "hypercardioid": 0.25,
    "figure-of-eight": 0.0,
}
"""Omnidirectional share of each pattern that has a name (Eargle, The Microphone Book, chapter 5)."""


@dataclass(frozen=True)
class MicrophonePattern:
    """Gain ``omni_share + (1 - omni_share) * cos(angle to the axis)``, the same at all frequencies.

    Below a share of one half the gain behind is negative: sound from there comes out upside down.

    Args:
        omni_share: 1 hears all directions alike, 0.5 is a cardioid, 0 a figure-of-eight.
        axis: direction of greatest gain in the array's own frame, of any length above 0.

    Raises:
        GeometryError: if the share is not 0..1, or the axis no direction.

    Example:
        >>> MicrophonePattern(0.5, axis=(0, 2, 0))
        MicrophonePattern(omni_share=0.5, axis=(0.0, 1.0, 0.0))
    """

    omni_share: float
    axis: tuple[float, float, float] = (1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if not 0 <= self.omni_share <= 1:
            raise GeometryError(
                f"a pattern's omnidirectional share must be 0..1, got {self.omni_share}; a cardioid has 0.5"
            )
        axis = np.asarray(self.axis, dtype=np.float64)
        if axis.shape != (3,) or not np.isfinite(axis).all() or not np.abs(axis).max() > 0:
            raise GeometryError(
                f"a pattern's axis must be 3 numbers, not all 0, got {self.axis}; give [1, 0, 0]"
            )
        if abs(np.linalg.norm(axis) - 1) > 1e-12:  # what is a unit vector stays so to its last bit
            axis = axis / np.abs(axis).max()
            axis = axis / np.linalg.norm(axis)
        x, y, z = axis.tolist()
        object.__setattr__(self, "omni_share", float(self.omni_share))
        object.__setattr__(self, "axis", (x, y, z))

    @classmethod
    def named(cls, name: str, axis: tuple[float, float, float] = (1.0, 0.0, 0.0)) -> "MicrophonePattern":
        """The pattern of a name in :data:`PATTERN_SHARES`.

        Raises:
            GeometryError: if there is none of that name.
        """
        if name not in PATTERN_SHARES:
            raise GeometryError(
                f"a pattern must be one of {', '.join(PATTERN_SHARES)}, got {name!r}; "
                "take one of these, or MicrophonePattern with its omnidirectional share"
            )
        return cls(PATTERN_SHARES[name], axis)

    @property
    def is_omni(self) -> bool:
        """Whether all directions are heard alike."""
        return self.omni_share == 1

    @property
    def turns_over(self) -> bool:
        """Whether sound from behind comes out upside down."""
        return self.omni_share < 0.5

    @property
    def has_name(self) -> bool:
        """Whether its share is that of a pattern with a name."""
        return self.omni_share in PATTERN_SHARES.values()

    @property
    def title(self) -> str:
        """Its name, or its omnidirectional share where it has none."""
        names = {share: name for name, share in PATTERN_SHARES.items()}
        return names.get(self.omni_share, f"{self.omni_share:g}")


def pattern_gains(
    omni_shares: Float[np.ndarray, "mic"],
    axes: Float[np.ndarray, "mic 3"],
    directions: Float[np.ndarray, "*direction 3"],
) -> Float[np.ndarray, "*direction mic"]:
    """Gain of each microphone for sound from each direction, 1 along its axis.

    Args:
        omni_shares: omnidirectional share of each pattern.
        axes: unit vectors, in the frame of the directions.
        directions: unit vectors towards the sources.
    """
    gains: np.ndarray = omni_shares + (1 - omni_shares) * (directions @ axes.T)
    return gains
