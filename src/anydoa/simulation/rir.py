"""Impulse responses of a shoebox: image sources first, then a diffuse exponential tail.

Time zero is the moment the source emits; gain is 1/distance, so 1 at one metre.

    |<- flight ->|<-- image sources -->|
    |            ^ direct              |<--- diffuse tail, -60 dB in rt60 seconds --->|
                              fade in  ^ mixing time
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType

import numpy as np
from jaxtyping import Float

from anydoa.acoustics import diffuse_cross_power
from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.errors import MissingExtraError
from anydoa.geometry import MicrophoneArray, MicrophonePattern, pattern_gains
from anydoa.simulation.body import Body
from anydoa.simulation.noise import coherence_in_free_field, diffuse_noise
from anydoa.simulation.room import Room

_FADE_S = 0.01


def room_rir(
    room: Room,
    sources: Float[np.ndarray, "source 3"],
    mics: Float[np.ndarray, "mic 3"],
    rng: np.random.Generator,
    *,
    sample_rate: int = SAMPLE_RATE,
    max_duration_s: float = 0.8,
    decay_db: float = 40.0,
    body: Body | None = None,
    centre: Float[np.ndarray, "3"] | None = None,
    patterns: Sequence[MicrophonePattern] = (),
) -> Float[np.ndarray, "source mic tap"]:
    """Impulse responses from every source to every microphone; sources are omnidirectional.

    Args:
        room: the room.
        sources: metres, in the coordinates of the room.
        mics: metres, in the coordinates of the room.
        rng: random number generator of the tail.
        sample_rate: samples a second.
        max_duration_s: responses end here at the latest, with a short fade.
        decay_db: responses end when the tail has fallen this far.
        body: what the microphones sit on; free air if None.
        centre: where the middle of the body is, in the coordinates of the room; that of the microphones if
            None.
        patterns: patterns of microphones in free air, in the frame of the room; none for omnidirectional
            ones.

    Returns:
        float32; the lengths of all are equal.

    Raises:
        MissingExtraError: if pyroomacoustics is not installed.

    Reference:
        Allen and Berkley (1979) for the images; Lehmann and Johansson (2010) for the tail. Tails of one
        source at two microphones have the coherence of a diffuse field: sin(kd)/(kd) in free air.
    """
    flight = float(np.linalg.norm(sources[:, None] - mics, axis=-1).max()) / SPEED_OF_SOUND
    mixing = mixing_time(room, flight)
    duration = min(
        max(flight + room.rt60 * decay_db / 60, mixing + _FADE_S), max(max_duration_s, flight + _FADE_S)
    )
    num_taps = int(np.ceil(duration * sample_rate))
    # Image sources up to the mixing time: (mic, tap) and the power they have reached, for each source.
    early = [
        early_rir(
            room,
            source,
            mics,
            until_s=mixing,
            num_taps=num_taps,
            sample_rate=sample_rate,
            body=body,
            centre=centre,
            patterns=patterns,
        )
        for source in sources
    ]
    # A diffuse tail (source, mic, tap) that falls 60 dB in rt60, from that power on.
    centred = mics - (mics.mean(axis=0) if centre is None else centre)
    if body is not None:
        coherence = body.coherence(centred)
    elif patterns:
        coherence = partial(diffuse_cross_power, MicrophoneArray(centred, patterns=patterns))
    else:
        coherence = coherence_in_free_field(mics)
    tail = diffuse_noise(coherence, (len(sources), num_taps), rng, sample_rate=sample_rate)
    time = np.arange(num_taps) / sample_rate
    rise = np.clip((time - mixing + _FADE_S) / _FADE_S, 0, 1)
    envelope = np.sqrt(rise) * 10 ** (-3 * (time - mixing) / room.rt60)
    level = np.sqrt([power for _, power in early]).astype(np.float32)
    late = level[:, None, None] * envelope.astype(np.float32) * tail
    # The images fade into the tail, and the tail into silence.
    fall = np.sqrt(1 - rise).astype(np.float32)
    responses: np.ndarray = np.stack([taps for taps, _ in early]) * fall + late
    ramp = np.minimum(1.0, np.arange(num_taps, 0, -1) / max(int(_FADE_S * sample_rate), 1))
    responses *= np.sin(np.pi / 2 * ramp).astype(np.float32)
    return responses


def direct_part(
    rirs: Float[np.ndarray, "knot mic tap"],
    places: Float[np.ndarray, "knot 3"],
    mics: Float[np.ndarray, "mic 3"],
    *,
    sample_rate: int = SAMPLE_RATE,
) -> Float[np.ndarray, "knot mic early"]:
    """The responses up to 3 ms after the direct sound arrives, and nothing after.

    Args:
        rirs: impulse responses from each place to each microphone.
        places: metres, in any coordinates.
        mics: metres, in the same coordinates.
        sample_rate: samples a second.
    """
    flight = np.linalg.norm(places[:, None] - mics, axis=-1) / SPEED_OF_SOUND
    end = np.ceil((flight + 0.003) * sample_rate).astype(int)
    tap = np.arange(min(int(end.max()), rirs.shape[-1]))
    return np.where(tap < end[..., None], rirs[..., : len(tap)], np.float32(0))


def mixing_time(room: Room, flight_s: float) -> float:
    """Seconds after emission at which the tail takes over from the images.

    12 dB of decay after the direct sound, but never more images than a few thousand: by then echoes
    follow each other faster than anyone resolves.
    """
    decayed = flight_s + 0.2 * room.rt60
    dense = np.cbrt(2500 * room.volume / (4 / 3 * np.pi)) / SPEED_OF_SOUND
    return float(max(min(decayed, dense), flight_s + _FADE_S))


def early_rir(
    room: Room,
    source: Float[np.ndarray, "3"],
    mics: Float[np.ndarray, "mic 3"],
    *,
    until_s: float,
    num_taps: int,
    sample_rate: int = SAMPLE_RATE,
    body: Body | None = None,
    centre: Float[np.ndarray, "3"] | None = None,
    patterns: Sequence[MicrophonePattern] = (),
) -> tuple[Float[np.ndarray, "mic tap"], float]:
    """Sum of the image sources that arrive before ``until_s``, and the power of a sample reached by then."""
    centre = mics.mean(axis=0) if centre is None else centre
    radius = float(np.linalg.norm(mics - centre, axis=1).max())
    images, gain = image_sources(room, source, centre, reach=until_s * SPEED_OF_SOUND + radius)
    ears = mics if body is None else np.broadcast_to(centre, mics.shape)
    towards = images - ears[:, None]
    distance = np.linalg.norm(towards, axis=-1)
    amplitude = gain / distance
    arrivals = _Arrivals(distance / SPEED_OF_SOUND * sample_rate, amplitude, until_s * sample_rate)
    power = arrivals.power_reached(room.rt60 * sample_rate)
    if body is not None:
        return arrivals.scattered(num_taps, body, (images - centre, mics - centre)), power
    if patterns:
        shares = np.array([[pattern.omni_share] for pattern in patterns])
        axes = np.array([[pattern.axis] for pattern in patterns])
        # Each microphone by itself, as each has the images in directions of its own.
        every = map(pattern_gains, shares, axes, towards / distance[..., None])
        arrivals = replace(arrivals, amplitude=amplitude * np.concatenate(list(every), axis=1).T)
    return arrivals.impulses(num_taps, sample_rate), power


@dataclass(frozen=True, eq=False)
class _Arrivals:
    """When each image reaches each microphone, and how strong.

    Args:
        delay: samples from the emission.
        amplitude: strength, 1 at one metre without reflection.
        until: samples from the emission after which images do not count.
    """

    delay: Float[np.ndarray, "mic image"]
    amplitude: Float[np.ndarray, "mic image"]
    until: float

    def power_reached(self, decay_60_db: float) -> float:
        """Power of a sample at the end, from the last half of the images, each carried on by the decay."""
        since = self.until * 0.5 ** (1 / 3)  # images grow with the cube of time
        late = (self.delay >= since) & (self.delay < self.until)
        energy = self.amplitude**2 * 10 ** (-6 * (self.until - self.delay) / decay_60_db)
        return float(energy[late].sum() / (len(self.delay) * (self.until - since)))

    def impulses(self, num_taps: int, sample_rate: int) -> Float[np.ndarray, "mic tap"]:
        """A band-limited impulse for each image. The filter's own delay of 40 samples is taken off again."""
        libroom = _libroom()
        filter_taps, points_a_sample = 81, 20  # of the fractional delay, and of the table it is read from
        lead = filter_taps // 2
        taps = np.zeros((len(self.delay), num_taps), dtype=np.float32)
        buffer = np.zeros(int(self.until) + 2 * filter_taps, dtype=np.float32)
        kept = min(num_taps, len(buffer) - lead)
        for row, delay, amplitude in zip(taps, self.delay, self.amplitude, strict=True):
            heard = delay < self.until
            seconds = ((delay[heard] + lead) / sample_rate).astype(np.float32)
            buffer[:] = 0
            heights = amplitude[heard].astype(np.float32)
            libroom.rir_builder(buffer, seconds, heights, sample_rate, filter_taps, points_a_sample, 1)
            row[:kept] = buffer[lead : lead + kept]
        return taps

    def scattered(
        self,
        num_taps: int,
        body: Body,
        places: tuple[Float[np.ndarray, "image 3"], Float[np.ndarray, "mic 3"]],
    ) -> Float[np.ndarray, "mic tap"]:
        """The response of the body for each image, from the side it comes from."""
        libroom = _libroom()
        images, mics = places
        heard = np.flatnonzero(self.delay[0] < self.until)
        whole = np.floor(self.delay[0][heard]).astype(np.int32)
        fraction = self.delay[0][heard] - whole
        amplitude = self.amplitude[0][heard].astype(np.float32)[:, None]
        taps = np.zeros((len(mics), max(num_taps + body.lead, int(whole.max()) + 1)), dtype=np.float32)
        for start in range(0, len(heard), min(body.images_at_once, max(1, len(heard)))):
            block = slice(start, start + body.images_at_once)
            every = body.hear(mics, images[heard[block]], fraction[block])
            for row, filters in zip(taps, every, strict=True):
                length = max(len(row), int(whole.max()) + filters.shape[1] + 1)
                buffer = np.zeros(length, dtype=np.float32)
                libroom.delay_sum(filters * amplitude[block], whole[block], buffer, 1)
                row += buffer[: len(row)]
        return taps[:, body.lead : body.lead + num_taps]


@cache
def _libroom() -> ModuleType:
    """The compiled core of pyroomacoustics: no high-pass, no constants that others may have changed.

    It is loaded without the package around it, which takes a process almost two seconds to import.
    """
    name = "pyroomacoustics.libroom"
    if name in sys.modules:
        return sys.modules[name]
    try:
        package = find_spec("pyroomacoustics")
        spec = package and PathFinder.find_spec(name, package.submodule_search_locations)
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name="pyroomacoustics")
        libroom = module_from_spec(spec)
        spec.loader.exec_module(libroom)
    except ImportError as error:
        raise MissingExtraError("simulating rooms", "simulate", error) from None
    return sys.modules.setdefault(name, libroom)


def image_sources(
    room: Room, source: Float[np.ndarray, "3"], listener: Float[np.ndarray, "3"], *, reach: float
) -> tuple[Float[np.ndarray, "image 3"], Float[np.ndarray, "image"]]:
    """Places of a source's mirror images within ``reach`` metres of the listener, and their reflection gain.

    Along an axis of length L, image i lies at i L + x for even i and at i L + (L - x) for odd i; it has
    met the far wall ceil(i/2) and the near wall floor(i/2) times, the other way round for negative i.
    """
    reflection = np.sqrt(1 - room.absorption)
    axes = []  # for each axis: position, gain and squared distance of its images
    for axis, (length, x, ear) in enumerate(zip(room.size, source, listener, strict=True)):
        order = int(np.ceil(reach / length)) + 1
        i = np.arange(-order, order + 1)
        position = i * length + np.where(i % 2 == 0, x, length - x)
        many, few = (np.abs(i) + 1) // 2, np.abs(i) // 2
        near, far = np.where(i < 0, many, few), np.where(i < 0, few, many)
        gain = reflection[2 * axis] ** near * reflection[2 * axis + 1] ** far
        axes.append((position, gain, (position - ear) ** 2))
    (x, gain_x, far_x), (y, gain_y, far_y), (z, gain_z, far_z) = axes
    # Images of the room: every combination of one image an axis that is near enough.
    i, j, k = np.nonzero(far_x[:, None, None] + far_y[:, None] + far_z <= reach**2)
    return np.stack([x[i], y[j], z[k]], axis=1), gain_x[i] * gain_y[j] * gain_z[k]
