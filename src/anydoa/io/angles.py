"""Angles as files and people are told them: rounded, and still within the ranges that are promised."""

import numpy as np
from jaxtyping import Float

from anydoa.geometry.coordinates import direction_to_angles_deg


def round_angles_deg(direction: Float[np.ndarray, "3"], digits: int) -> tuple[float, float]:
    """Azimuth in (-180, 180] and elevation in -90..90 of a direction, in degrees, rounded and never -0.

    Args:
        direction: vector of any length above 0.
        digits: decimals that are kept.

    Example:
        >>> round_angles_deg(np.array([-1.0, -1e-6, 0.0]), 2)
        (180.0, 0.0)
    """
    # Rounding leads across the seam behind; adding zero turns -0.0 into 0.0.
    azimuth_deg, elevation_deg = (
        round(float(angle), digits) + 0.0 for angle in direction_to_angles_deg(direction)
    )
    return 180.0 if azimuth_deg <= -180 else azimuth_deg, elevation_deg
