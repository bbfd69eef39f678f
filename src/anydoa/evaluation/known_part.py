"""What the truth of a recording tells of a direction: all of it, its azimuth, or its angle to an axis."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from anydoa.errors import ConfigError
from anydoa.geometry.ambiguity import Cones
from anydoa.geometry.coordinates import normalize_direction

Kind = Literal["direction", "azimuth", "cone"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, eq=False)
class KnownPart:
    """Takes out of a direction what nobody knows of it, so that errors count only what is known.

    Args:
        kind: ``direction`` leaves all, ``azimuth`` takes the elevation out, ``cone`` leaves the angle to an
            axis.
        axis: of the cone, any length.

    Raises:
        ConfigError: if a cone has no axis.
    """

    kind: Kind = "direction"
    axis: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.kind == "cone" and self.axis is None:
            raise ConfigError("the truth of a cone needs its axis, such as [0, 1, 0]")

    def of(self, directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """The direction that stands for all with the same known part; NaN for one that has none.

        Straight up and down have no azimuth.
        """
        if self.kind == "azimuth":
            return _horizontal(directions)
        if self.kind == "cone":
            return Cones(normalize_direction(np.array(self.axis, dtype=np.float64))).fold(directions)
        return directions


def _horizontal(directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
    flat = directions * [1.0, 1.0, 0.0]
    length = np.linalg.norm(flat, axis=-1, keepdims=True)
    return np.divide(flat, length, out=np.full_like(flat, np.nan), where=length > 1e-9)
