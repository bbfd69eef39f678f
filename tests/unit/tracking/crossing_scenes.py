"""Rooms in which two talkers walk around an array and pass each other, or stand, rendered as audio."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, normalize_direction
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io.results import Source
from anydoa.peaks.finder import PeakFinder
from anydoa.simulation.convolution import fade_between_knots
from anydoa.simulation.rir import room_rir
from anydoa.simulation.room import Room, shoebox
from anydoa.spectrum import SpectrumEstimator
from unit.tracking.peak_scenes import PeakScene, speaks
from voices import SAMPLE_RATE, voice

GRID = fibonacci_grid(2048)
RT60_S = 0.3
SNR_DB = 20.0
_ROOM_M = (6.0, 5.0, 2.8)
_CENTRE_M = (3.0, 2.5, 1.2)
_KNOT_S = 0.25  # between simulated places on the paths
_SYLLABLE_S = 0.15


@dataclass(frozen=True, eq=False)
class RoomScene:
    """A recording and where its talkers were.

    Args:
        audio: the microphones' signals.
        knots_s: times of the places on the paths, evenly spaced over the recording.
        paths: directions of the talkers at these times.
        speaking: who speaks in which sample.
    """

    audio: np.ndarray
    knots_s: np.ndarray
    paths: np.ndarray
    speaking: np.ndarray

    def peaks(self, array: MicrophoneArray, estimator: SpectrumEstimator) -> PeakScene:
        """What an estimator and the peak finder make of it."""
        spectrum = estimator.spectrum(self.audio, array, GRID)
        finder = PeakFinder(GRID, array=array, threshold=estimator.threshold)
        return PeakScene(
            times_s=spectrum.times_s,
            sources=[
                [Source(peak.direction, peak.score, mirror=peak.mirror) for peak in finder.find(values)]
                for values in spectrum.values
            ],
            truth=self._truth(spectrum.times_s),
            speaking=self.speaking[np.rint(spectrum.times_s * SAMPLE_RATE).astype(int)],
        )

    def _truth(self, times_s: np.ndarray) -> np.ndarray:
        """Directions at any times, a row a time."""
        x, y, z = np.moveaxis(self.paths, 2, 0)
        rows = [[np.interp(times_s, self.knots_s, line) for line in axis.T] for axis in (x, y, z)]
        return normalize_direction(np.array(rows).T)  # time talker xyz


def crossing_scene(seed: int, array: MicrophoneArray, *, seconds: float = 20.0) -> RoomScene:
    """Two talkers, equally loud over the whole, on arcs that cross in azimuth near half-time.

    They walk at 4 to 12 degrees a second, one against the other, 1.2 to 1.8 m from the array, and speak in
    phrases with pauses, often at once.
    """
    rng = np.random.default_rng(seed)
    knots_s = np.linspace(0, seconds, round(seconds / _KNOT_S) + 1)
    speed_deg_s = rng.uniform([4.0, -12.0], [12.0, -4.0])
    since_s = knots_s[:, None] - rng.uniform(0.3, 0.7) * seconds
    azimuth_deg = rng.uniform(-180, 180) + speed_deg_s * since_s
    return _render(rng, array, knots_s, angles_deg_to_direction(azimuth_deg, rng.uniform(0, 20, 2)))


def standing_scene(seed: int, array: MicrophoneArray, *, seconds: float = 20.0) -> RoomScene:
    """Two talkers as in :func:`crossing_scene` who stand, at least 40 degrees of azimuth apart."""
    rng = np.random.default_rng([seed, 1])
    azimuth_deg = rng.uniform(-180, 180) + np.array([0.0, rng.uniform(40, 320)])
    path = angles_deg_to_direction(azimuth_deg, rng.uniform(0, 20, 2))
    return _render(rng, array, np.array([0.0, seconds]), np.stack([path, path]))


def _render(
    rng: np.random.Generator, array: MicrophoneArray, knots_s: np.ndarray, paths: np.ndarray
) -> RoomScene:
    """What an array records of two talkers on their paths."""
    seconds = float(knots_s[-1])
    centre = np.array(_CENTRE_M) + rng.uniform(-0.3, 0.3, 3)
    mics = centre + array.centred_positions
    room = shoebox(np.array(_ROOM_M), RT60_S)
    audio = np.zeros((len(mics), round(seconds * SAMPLE_RATE)))
    samples_s = np.arange(audio.shape[1]) / SAMPLE_RATE
    speaking = np.stack([speaks(rng, samples_s, longest_pause_s=1.0) for _ in range(2)], axis=1)
    for talker, distance in enumerate(rng.uniform(1.2, 1.8, 2)):
        dry = speaking[:, talker] * _speech(rng.uniform(90, 240), seconds, rng)
        wet = _walk(dry, room, centre + distance * paths[:, talker], mics, rng)
        audio += wet / np.sqrt((wet**2).mean())
    noise = np.sqrt((audio**2).mean()) * 10 ** (-SNR_DB / 20)
    audio = 0.1 * (audio + noise * rng.standard_normal(audio.shape))
    return RoomScene(audio.astype(np.float32), knots_s, paths, speaking)


def _walk(
    dry: np.ndarray, room: Room, places: np.ndarray, mics: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """What the microphones hear of a talker who passes some places at even intervals."""
    responses = room_rir(room, places, mics, rng)
    wet = np.zeros((len(mics), len(dry) + responses.shape[2]))
    step = len(dry) / (len(places) - 1)
    for knot, share in enumerate(fade_between_knots(dry, len(places))):
        start, end = max(0, int((knot - 1) * step)), min(len(dry), int((knot + 1) * step) + 1)
        heard = fftconvolve(share[None, start:end], responses[knot], axes=1)
        wet[:, start : start + heard.shape[1]] += heard
    return wet[:, : len(dry)]


def _speech(pitch_hz: float, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """A voice and its breath in irregular syllables."""
    vowels = voice(pitch_hz, seconds, rng)
    frequency = np.fft.rfftfreq(len(vowels), 1 / SAMPLE_RATE)
    breath = np.fft.irfft(np.fft.rfft(rng.standard_normal(len(vowels))) / (1 + frequency / 500), len(vowels))
    sound = sum(part * _rhythm(len(vowels), rng) / part.std() for part in (vowels, breath))
    return np.float32(sound)


def _rhythm(num_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Loudness of syllables: most are soft, some are loud."""
    syllable = round(_SYLLABLE_S * SAMPLE_RATE)
    loudness = np.repeat(rng.gamma(0.6, size=num_samples // syllable + 1), syllable)[:num_samples]
    smooth: np.ndarray = fftconvolve(loudness, np.hanning(syllable) / syllable, mode="same")
    return np.maximum(smooth, 0)
