"""Recordings for `doctor.py`: simulated rooms, 2 or 3 talkers in turn, and one fault each.

Some have no fault but are hard: talkers near the array, or one alone, microphones a little off their places,
a wall close by. Rendered recordings are kept in a folder, each under its array, fault and seed.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr
from scipy.signal import fftconvolve, lfilter

from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import direction_to_angles_deg, normalize_direction
from anydoa.geometry.layouts import circular_positions
from anydoa.io import load_array
from anydoa.io.audio import read_audio
from anydoa.io.resampling import resample
from anydoa.simulation import RigidSphere, room_rir
from anydoa.simulation.corpus import read_corpus
from anydoa.simulation.noise import coherence_in_free_field, diffuse_noise, sensor_noise
from anydoa.simulation.recipe import RoomRanges
from anydoa.simulation.room import Placement, sample_placement

SAMPLE_RATE = 16_000
PRESETS = (
    "respeaker-usb-4", "respeaker-6", "uma-8", "matrix-voice", "kinect-v1", "nao-v4", "dcase-tetrahedron",
    "locata-robot-head",
)  # fmt: skip
RING = "ring-8"
"""Eight microphones on a circle of 10 cm: large enough that a talker's waves are curved over it."""

FAULTS = (
    "healthy", "swap", "shift", "permutation", "inverted", "dead", "loopback", "duplicated", "gain", "offset",
    "late group", "drift",
)  # fmt: skip
CONDITIONS = ("usual", "near", "one place", "one near place", "misplaced", "by a wall", "all at once")
"""How it was recorded; all but the usual look like faults. All at once, but for one place alone."""
ORDER_FAULTS = ("swap", "shift", "permutation")
SECONDS = 4.0
DRIFT_SECONDS = 10.0  # at least: clocks take their time
ROOMS = RoomRanges(
    (4.0, 4.0, 2.5), (8.0, 7.0, 4.0), rt60=(0.2, 0.8), talker_distance=(0.8, 2.5), separation_deg=30.0
)
NEAR = (0.3, 1.0)  # m from the middle of the array
MISPLACED = (0.001, 0.003)  # m, each microphone
BY_A_WALL = (0.1, 0.4)  # m from the middle of the array to the wall, the floor or a table's top

Speech = tuple[np.ndarray, ...]
"""Dry recordings; none for synthetic voices."""


def read_speech(folder: Path) -> Speech:
    """The recordings of a corpus that are kept for tests, at our sample rate."""
    clips = read_corpus(folder, "speech").select("test")
    recordings = (read_audio(clip.path) for clip in clips)
    return tuple(resample(audio[:1], rate, SAMPLE_RATE)[0] for audio, rate in recordings)


@dataclass(frozen=True, eq=False)
class Case:
    """A recording and what was done to it.

    Args:
        preset: of the array.
        fault: what was done.
        condition: how it was recorded.
        recording: all channels of the card.
        order: for each microphone, the microphone whose signal its channel carries.
        channels: recording channels that the fault is in, the culprit first.
    """

    preset: str
    fault: str
    condition: str
    recording: np.ndarray
    order: tuple[int, ...]
    channels: tuple[int, ...]


def voice(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """A pulse train of wandering pitch through formants that change with the syllable, and pauses."""
    num_samples = round(seconds * SAMPLE_RATE)
    clock = np.arange(num_samples) / SAMPLE_RATE
    pitch = rng.uniform(90, 240) * (1 + 0.15 * np.sin(2 * np.pi * rng.uniform(0.3, 1.0) * clock))
    pulses = np.diff(np.floor(np.cumsum(pitch) / SAMPLE_RATE), prepend=0)
    source = pulses + 0.03 * rng.standard_normal(num_samples)
    spoken, start = np.zeros(num_samples), 0
    while start < num_samples:
        stop = min(num_samples, start + round(rng.uniform(0.08, 0.25) * SAMPLE_RATE))
        if rng.uniform() > 0.15:
            spoken[start:stop] = syllable(source[start:stop], rng)
        start = stop
    return spoken / np.abs(spoken).max()


def syllable(source: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A vowel, or now and then a hiss."""
    if rng.uniform() < 0.25:
        hiss = np.diff(rng.standard_normal(len(source) + 1))
        return 0.1 * rng.uniform(0.5, 1.5) * hiss * np.hanning(len(source))
    shaped = source
    for low, high, bandwidth in ((300, 800, 80), (900, 2200, 100), (2200, 3000, 150), (3300, 4200, 250)):
        radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
        angle = 2 * np.pi * rng.uniform(low, high) / SAMPLE_RATE
        shaped = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], shaped)
    return rng.uniform(0.3, 1.0) * shaped / (np.abs(shaped).max() + 1e-12) * np.hanning(len(source)) ** 0.3


def utterance(rng: np.random.Generator, seconds: float, speech: Speech) -> np.ndarray:
    """Synthetic, or a random piece of a random recording that is loud enough to be speech."""
    if not speech:
        return voice(rng, seconds)
    length = round(seconds * SAMPLE_RATE)
    while True:
        audio = speech[rng.integers(len(speech))]
        if len(audio) <= length:
            audio = np.concatenate([audio, speech[rng.integers(len(speech))]])
        if len(audio) <= length:
            continue
        start = int(rng.integers(len(audio) - length))
        piece = audio[start : start + length].astype(np.float64)
        if piece.std() > 0.5 * audio.std():
            return piece / np.abs(piece).max()


def bench_array(name: str) -> MicrophoneArray:
    """A bundled array, or the ring."""
    return MicrophoneArray(circular_positions(8, 0.1), RING) if name == RING else load_array(name)


def misplaced(array: MicrophoneArray, rng: np.random.Generator) -> MicrophoneArray:
    """The array as it was built: every microphone a little off its place, on its sphere if it has one."""
    step = normalize_direction(rng.standard_normal((array.num_microphones, 3)))
    positions = array.body_positions + rng.uniform(*MISPLACED, (array.num_microphones, 1)) * step
    if array.rigid_sphere_radius is not None:
        positions = array.rigid_sphere_radius * normalize_direction(positions)
    return array.replace(body_positions=positions)


def by_a_wall(placement: Placement, rng: np.random.Generator, radius: float) -> Placement | None:
    """The same moved as a whole to a wall, the floor or the ceiling, None where a talker would be beyond."""
    axis, is_far = int(rng.integers(3)), bool(rng.integers(2))
    gap = max(rng.uniform(*BY_A_WALL), radius + 0.02)
    size = placement.room.size[axis]
    step = np.zeros(3)
    step[axis] = (size - gap if is_far else gap) - placement.centre[axis]
    talkers = placement.talkers + step
    if ((talkers < ROOMS.wall_margin) | (talkers > placement.room.size - ROOMS.wall_margin)).any():
        return None
    return replace(placement, centre=placement.centre + step, talkers=talkers)


def place_talkers(rng: np.random.Generator, num_talkers: int, radius: float, condition: str) -> Placement:
    """A room with the array and the talkers in it."""
    is_near = condition in ("near", "one near place", "all at once")
    ranges = replace(ROOMS, talker_distance=NEAR) if is_near else ROOMS
    while True:
        placement = sample_placement(rng, ranges, num_talkers=num_talkers, array_radius=radius)
        if condition not in ("by a wall", "all at once"):
            return placement
        at_wall = by_a_wall(placement, rng, radius)
        if at_wall is not None:
            return at_wall


def talk(
    array: MicrophoneArray,
    rng: np.random.Generator,
    speech: Speech,
    seconds: float,
    *,
    known_azimuth_deg: float | None = None,
    condition: str = "usual",
) -> np.ndarray:
    """What the microphones hear: 2 or 3 talkers in turn, or one at a known azimuth, and noise."""
    is_one_place = known_azimuth_deg is not None or condition in ("one place", "one near place")
    num_talkers = 1 if is_one_place else int(rng.integers(2, 4))
    radius = float(np.linalg.norm(array.centred_positions, axis=1).max())
    placement = place_talkers(rng, num_talkers, radius, condition)
    sphere = None if array.rigid_sphere_radius is None else RigidSphere(array.rigid_sphere_radius)
    if condition in ("misplaced", "all at once"):
        array = misplaced(array, rng)
    if known_azimuth_deg is not None:
        told_deg, _ = direction_to_angles_deg(placement.talkers[0] - placement.centre)
        yaw_deg = float(told_deg) - known_azimuth_deg
        array = array.replace(mount_rpy_deg=(0.0, 0.0, array.mount_rpy_deg[2] + yaw_deg))
    rirs = room_rir(
        placement.room, placement.talkers, placement.centre + array.centred_positions, rng, body=sphere
    )
    turn = seconds / num_talkers
    heard = np.zeros((array.num_microphones, round(seconds * SAMPLE_RATE)))
    for number, responses in enumerate(rirs):
        said = utterance(rng, turn - 0.15, speech)
        wet = fftconvolve(said[None], responses, axes=1)
        wet *= 0.05 / np.sqrt(np.mean(wet[:, : len(said)] ** 2)) * 10 ** (rng.uniform(-2, 2) / 20)
        start = round((number * turn + 0.1) * SAMPLE_RATE)
        stop = min(heard.shape[1], start + wet.shape[1])
        heard[:, start:stop] += wet[:, : stop - start]
    coherence = (
        coherence_in_free_field(array.positions) if sphere is None else sphere.coherence(array.positions)
    )
    noise = sensor_noise(*heard.shape, rng) + diffuse_noise(coherence, (1, heard.shape[1]), rng)[0]
    return heard + noise / noise.std() * heard.std() * 10 ** (-rng.uniform(10, 30) / 20)


def break_order(fault: str, num_mics: int, rng: np.random.Generator) -> np.ndarray:
    """Which microphone each microphone's channel carries."""
    order = np.arange(num_mics)
    if fault == "shift":
        return np.roll(order, int(rng.integers(1, num_mics)))
    moved = rng.choice(num_mics, 2 if fault == "swap" else 4, replace=False)
    turned = moved
    while (turned == moved).any():
        turned = rng.permutation(moved)
    order[moved] = turned
    return order


def break_signal(heard: np.ndarray, fault: str, rng: np.random.Generator, speech: Speech) -> list[int]:
    """Damage the microphones' signals in place; the culprits, and for a copy also what it copies."""
    culprit, model = (int(mic) for mic in rng.choice(len(heard), 2, replace=False))
    level = heard[culprit].std()
    if fault in ("late group", "drift"):
        return break_timing(heard, fault, rng)
    if fault == "inverted":
        heard[culprit] *= -1
    elif fault == "dead":
        heard[culprit] = rng.choice([0.0, 0.001]) * level * rng.standard_normal(heard.shape[1])
    elif fault == "loopback":
        played = utterance(rng, heard.shape[1] / SAMPLE_RATE, speech)
        if rng.uniform() < 0.5:  # the microphones hear it, too: 20 ms later, from all around
            heard += 0.2 * level / played.std() * np.roll(played, round(0.02 * SAMPLE_RATE))
        heard[culprit] = played * level / played.std() * 10 ** (rng.uniform(-6, 6) / 20)
    elif fault == "duplicated":
        heard[culprit] = heard[model]
        return [culprit, model]
    elif fault == "gain":
        heard[culprit] *= 10 ** (-12 / 20)
    elif fault == "offset":
        heard[culprit] = np.roll(heard[culprit], int(rng.choice([-5, 5])))
    return [culprit]


def break_timing(heard: np.ndarray, fault: str, rng: np.random.Generator) -> list[int]:
    """The second half of the channels, as of a second device: late by up to 30 ms, or with its own clock."""
    second = list(range(len(heard) // 2, len(heard)))
    if fault == "late group":
        heard[second] = np.roll(heard[second], int(rng.choice([-10, 10, 160, 480])), axis=1)
        return second
    drift = rng.choice([-1, 1]) * rng.uniform(50e-6, 150e-6)
    late = soxr.resample(heard[second].T, SAMPLE_RATE, SAMPLE_RATE * (1 + drift), quality="VHQ").T
    count = min(late.shape[1], heard.shape[1])
    heard[second, :count] = late[:, :count]
    return second


def make_case(kind: tuple[str, str, str], seed: tuple[int, ...], speech: Speech, seconds: float) -> Case:
    """One recording of an array, with a fault, under a condition, rendered from its seed."""
    preset, fault, condition = kind
    rng = np.random.default_rng(seed)
    array = bench_array(preset)
    if fault == "drift":
        seconds = max(seconds, DRIFT_SECONDS)
    heard = talk(array, rng, speech, seconds, condition=condition)
    order, culprits = np.arange(array.num_microphones), []
    if fault in ORDER_FAULTS:
        order = break_order(fault, array.num_microphones, rng)
        heard = heard[order]
    elif fault != "healthy":
        culprits = break_signal(heard, fault, rng, speech)
    recording = on_card(array, heard, rng)
    channels = tuple(array.channels[mic] for mic in culprits)
    return Case(*kind, recording, tuple(order.tolist()), channels)


def on_card(array: MicrophoneArray, heard: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The microphones' signals on their channels; a trace of noise on the others."""
    recording = 1e-5 * rng.standard_normal((array.num_recording_channels, heard.shape[1]))
    recording[list(array.channels)] = heard
    return recording * (0.5 / np.abs(recording).max())


def cached_case(
    folder: Path, kind: tuple[str, str, str], seed: tuple[int, ...], speech: Speech, seconds: float = SECONDS
) -> Case:
    """The case from the cache, or made and put there, at 16 bit as a sound card would give it."""
    voices = ("real" if speech else "made") + ("" if seconds == SECONDS else f"-{seconds:g}s")
    name = [part for part in kind if part != "usual"]
    path = folder / f"{'-'.join([*name, voices, *map(str, seed)])}.npz"
    if not path.exists():
        case = make_case(kind, seed, speech, seconds)
        folder.mkdir(parents=True, exist_ok=True)
        samples = np.round(case.recording * 32768).astype(np.int16)
        np.savez(path, recording=samples, order=case.order, channels=case.channels)
    with np.load(path) as kept:
        recording = kept["recording"].astype(np.float32) / 32768
        order, channels = (tuple(int(c) for c in kept[key]) for key in ("order", "channels"))
    return Case(*kind, recording, order, channels)
