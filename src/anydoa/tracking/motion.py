"""A Kalman filter for a point that moves on the sphere.

Model: the angular velocity is an Ornstein-Uhlenbeck process. Over tenths of a second that is constant
velocity; over seconds without a peak the velocity fades, so a track that nobody feeds comes to rest. Noise is
the same along and across every direction, so one 2 x 2 covariance (angle, speed) serves both axes of the
tangent plane, and no basis has to be chosen: turning the world turns the filter.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from anydoa.geometry.coordinates import normalize_direction

_SMALL = 1e-12  # rad; nearer points have no direction from one to the other, nor need one


@dataclass(frozen=True)
class MotionModel:
    """How talkers move.

    Args:
        speed: standard deviation of the angular speed along each axis, in rad/s.
        memory_s: seconds after which a velocity has faded to 1/e.
    """

    speed: float
    memory_s: float


class Step(NamedTuple):
    """What some seconds do to angle and speed along one axis, for any number of steps at once.

    Angle and speed become ``angle + reach_s * speed`` and ``kept * speed``; what the talker may have done
    meanwhile adds the variances of angle and speed, and their covariance. Each is a number, or an array of
    one for each step.
    """

    reach_s: Any
    kept: Any
    angle: Any
    both: Any
    speed: Any


def step_of(
    seconds: float | Float[np.ndarray, "*step"], speed: float, memory_s: float | Float[np.ndarray, "*step"]
) -> Step:
    """The step of so many seconds, with no peak in between; exact for any split of them.

    Args:
        seconds: length of the step.
        speed: standard deviation of the angular speed along each axis, in rad/s.
        memory_s: seconds after which a velocity has faded to 1/e.

    Reference:
        Särkkä and Solin (2019), *Applied Stochastic Differential Equations*, chapter 6: discretization of
        linear equations.
    """
    ratio = seconds / memory_s
    faded = -(math.expm1(-ratio) if isinstance(ratio, float) else np.expm1(-ratio))
    reach_s = memory_s * faded
    angle = memory_s * (2 * (seconds - reach_s) - reach_s * faded)
    return Step(
        reach_s, 1 - faded, speed**2 * angle, speed**2 * reach_s * faded, speed**2 * faded * (2 - faded)
    )


@dataclass(frozen=True, eq=False)
class Motion:
    """Where a talker is thought to be, and how it moves.

    Args:
        direction: unit vector.
        velocity: tangent at the direction, in rad/s.
        covariance: covariance of angle and speed along any one axis of the tangent plane, in rad and rad/s.
    """

    direction: Float[np.ndarray, "3"]
    velocity: Float[np.ndarray, "3"]
    covariance: Float[np.ndarray, "2 2"]

    @staticmethod
    def at(direction: Float[np.ndarray, "3"], variance: float, model: MotionModel) -> "Motion":
        """A talker first heard from a direction, with this variance in rad²; its velocity is not known."""
        return Motion(normalize_direction(direction), np.zeros(3), np.diag([variance, model.speed**2]))

    @property
    def variance(self) -> float:
        """Variance of the direction along each axis, in rad²."""
        return float(self.covariance[0, 0])

    def after(self, seconds: float, model: MotionModel) -> "Motion":
        """The motion some seconds later, with no peak in between; see :func:`step_of`."""
        step = step_of(float(seconds), model.speed, model.memory_s)
        reach_s, kept = step.reach_s, step.kept
        direction, velocity = _carry(self.direction, reach_s * self.velocity, kept * self.velocity)
        (angle, both), (_, speed) = self.covariance.tolist()
        ahead = both + reach_s * speed
        angle, both = angle + reach_s * (both + ahead) + step.angle, kept * ahead + step.both
        covariance = np.array([[angle, both], [both, kept**2 * speed + step.speed]])
        return Motion(direction, velocity, covariance)

    def corrected(
        self, measured: Float[np.ndarray, "3"], variance: float, *, teaches_velocity: bool = True
    ) -> "Motion":
        """The motion given a measured direction.

        Args:
            measured: unit vector.
            variance: variance of that direction along each axis, in rad².
            teaches_velocity: whether it corrects the velocity, too; if not, only the uncertainty of the
                velocity counts.

        Reference:
            Bucy and Joseph (1968), the form of the covariance that holds for any gain.
        """
        gain = self.covariance[0] / (self.variance + variance)
        if not teaches_velocity:
            gain = np.array([gain[0], 0.0])
        innovation = tangent_towards(self.direction, measured)
        direction, velocity = _carry(
            self.direction, gain[0] * innovation, self.velocity + gain[1] * innovation
        )
        kept = np.array([[1 - gain[0], 0.0], [-gain[1], 1.0]])
        return Motion(direction, velocity, kept @ self.covariance @ kept.T + variance * np.outer(gain, gain))


def tangent_towards(start: Float[np.ndarray, "3"], end: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """Tangent at a unit vector that leads to another, as long as the angle between them (logarithm)."""
    cosine = float(start @ end)
    across = end - cosine * start
    sine = math.sqrt(float(across @ across))
    return across * (math.atan2(sine, cosine) / sine) if sine > _SMALL else np.zeros(3)


def _carry(
    direction: Float[np.ndarray, "3"], step: Float[np.ndarray, "3"], velocity: Float[np.ndarray, "3"]
) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """A direction moved along a tangent (exponential map), and a velocity moved with it in parallel.

    In plain numbers: of three each, they are several times as fast as arrays.
    """
    (x, y, z), (dx, dy, dz), (u, v, w) = direction.tolist(), step.tolist(), velocity.tolist()
    angle = math.sqrt(dx * dx + dy * dy + dz * dz)
    if angle <= _SMALL:
        return direction, velocity
    dx, dy, dz = dx / angle, dy / angle, dz / angle
    cosine, sine = math.cos(angle), math.sin(angle)
    ahead = u * dx + v * dy + w * dz
    turned, sunk = ahead * (cosine - 1), ahead * sine
    u, v, w = u + turned * dx - sunk * x, v + turned * dy - sunk * y, w + turned * dz - sunk * z
    x, y, z = cosine * x + sine * dx, cosine * y + sine * dy, cosine * z + sine * dz
    # Rounding errors would add up over hours.
    length = math.sqrt(x * x + y * y + z * z)
    x, y, z = x / length, y / length, z / length
    off = u * x + v * y + w * z
    return np.array([x, y, z]), np.array([u - off * x, v - off * y, w - off * z])
