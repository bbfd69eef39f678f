"""A Kalman filter for a point that moves on the sphere.

Model: the angular velocity is an Ornstein-Uhlenbeck process. Over tenths of a second that is constant
velocity; over seconds without a peak the velocity fades, so a track that nobody feeds comes to rest. Noise is
the same along and across every direction, so one 2 x 2 covariance (angle, speed) serves both axes of the
tangent plane, and no basis has to be chosen: turning the world turns the filter.
"""

import math
from dataclasses import dataclass

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
        """The motion some seconds later, with no peak in between; exact for any split of the seconds.

        Reference:
            Särkkä and Solin (2019), *Applied Stochastic Differential Equations*, chapter 6: discretization
            of linear equations.
        """
        kept = math.exp(-seconds / model.memory_s)
        reach_s = model.memory_s * -math.expm1(-seconds / model.memory_s)
        direction, velocity = _carry(self.direction, reach_s * self.velocity, kept * self.velocity)
        step = np.array([[1.0, reach_s], [0.0, kept]])
        # What the talker may have done meanwhile: variances of angle and speed, and their covariance.
        memory_s, faded = model.memory_s, reach_s / model.memory_s
        speed = faded * (2 - faded)
        both = memory_s * faded**2
        angle = memory_s * (2 * (seconds - reach_s) - memory_s * faded**2)
        noise = model.speed**2 * np.array([[angle, both], [both, speed]])
        return Motion(direction, velocity, step @ self.covariance @ step.T + noise)

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
    """A direction moved along a tangent (exponential map), and a velocity moved with it in parallel."""
    angle = math.sqrt(float(step @ step))
    if angle <= _SMALL:
        return direction, velocity
    ahead = step / angle
    cosine, sine = math.cos(angle), math.sin(angle)
    moved = cosine * direction + sine * ahead
    carried = velocity + float(velocity @ ahead) * ((cosine - 1) * ahead - sine * direction)
    # Rounding errors would add up over hours.
    moved = moved / math.sqrt(float(moved @ moved))
    return moved, carried - float(carried @ moved) * moved
