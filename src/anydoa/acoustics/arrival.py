"""When plane waves and those of sounds near by arrive at an array, in free air or around what it sits on."""

import numpy as np
from jaxtyping import Float

from anydoa.acoustics.plane_wave import steering_phases
from anydoa.acoustics.tdoa import arrival_time
from anydoa.errors import GeometryError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction

_BAND_HZ = np.arange(300.0, 6000.0, 100.0)  # in which delays of measured bodies are read
_DETOUR_S = np.arange(-6e-4, 6e-4, 5e-6)  # that a body adds to the delays of free air; 20 cm at most


def plane_arrival_times(
    array: MicrophoneArray, directions: Float[np.ndarray, "direction 3"]
) -> Float[np.ndarray, "mic direction"]:
    """Seconds after the origin at which plane waves reach an array, around its sphere or body if it has one.

    In free field the origin is the middle of the microphones, on a sphere that of the sphere. Of a measured
    body only differences between microphones count.

    Args:
        array: the microphones.
        directions: unit vectors towards the sources.

    Reference:
        Woodworth (1938): straight to the lit half of a sphere, along its surface into the shadow.
    """
    if array.steering is not None:
        return _measured_arrival_times(array, directions)
    if array.rigid_sphere_radius is None:
        return arrival_time(array.centred_positions, directions, array.speed_of_sound).T.copy()
    # (mic, direction): angle between each microphone and the source, beyond which it lies in the shadow
    cosine = np.clip(normalize_direction(array.positions) @ directions.T, -1, 1)
    shadow = np.arccos(cosine) - np.pi / 2
    return np.where(shadow > 0, shadow, -cosine) * array.rigid_sphere_radius / array.speed_of_sound


def spherical_arrival_times(
    array: MicrophoneArray, directions: Float[np.ndarray, "direction 3"], distance: float
) -> Float[np.ndarray, "mic direction"]:
    """Seconds after the origin at which waves from near by reach an array.

    Around a rigid sphere the way is straight to what is seen of it, and along its surface beyond. Around a
    measured body it is as much longer than that of a plane wave as in free air.

    Args:
        array: the microphones; the origin is that of :func:`plane_arrival_times`.
        directions: unit vectors towards the sources.
        distance: metres from the origin to each source, above 0; not inside the sphere, if there is one.

    Raises:
        GeometryError: if the sources are in the middle, inside the sphere, or nowhere.
    """
    least = array.rigid_sphere_radius or 0.0
    if not (least <= distance < np.inf and distance > 0):
        inside = f", whose sphere has a radius of {least:g} m" if least else ""
        raise GeometryError(
            f"a source must lie outside of array {array.name!r}{inside}, got a distance of {distance:g} m; "
            "give a greater and finite one"
        )
    if array.steering is not None:
        # The front bends as in free air.
        free = array.replace(steering=None)
        bend = spherical_arrival_times(free, directions, distance) - plane_arrival_times(free, directions)
        return plane_arrival_times(array, directions) + bend
    places = array.positions if array.rigid_sphere_radius is not None else array.centred_positions
    # (mic, direction): metres from each source to each microphone
    path = np.linalg.norm(distance * directions - places[:, None], axis=-1)
    if array.rigid_sphere_radius is not None:
        radius = array.rigid_sphere_radius
        angle = np.arccos(np.clip(normalize_direction(places) @ directions.T, -1, 1))
        seen = np.arccos(radius / distance)
        around = np.sqrt(distance**2 - radius**2) + radius * (angle - seen)
        path = np.where(angle > seen, around, path)
    return (path - distance) / array.speed_of_sound


def _measured_arrival_times(
    array: MicrophoneArray, directions: Float[np.ndarray, "direction 3"]
) -> Float[np.ndarray, "mic direction"]:
    """The delay that fits the phases of each measured response best, all frequencies alike."""
    free = array.replace(steering=None)
    phases = steering_phases(directions, array, _BAND_HZ)
    phases *= steering_phases(directions, free, _BAND_HZ).conj()
    waves = np.exp(2j * np.pi * np.outer(_DETOUR_S, _BAND_HZ)).astype(np.complex64)
    # (lag, freq) @ (freq, direction and mic): how well each detour fits what is left
    fit = (waves @ phases.reshape(len(_BAND_HZ), -1)).real
    detour = _DETOUR_S[fit.argmax(axis=0)].reshape(len(directions), -1)
    return plane_arrival_times(free, directions) + detour.T
