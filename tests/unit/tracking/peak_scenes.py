"""Peaks of talkers who stand, walk, stop and cross, drawn at random: no audio, hundreds of scenes in seconds.

What is wrong with real peaks is wrong with these: errors that last as long as an estimator averages, a
louder talker who hides the other, one peak for two talkers who are close, peaks that are nobody, echoes.
"""

from dataclasses import dataclass

import numpy as np

from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    great_circle_distance_deg,
    normalize_direction,
    tangent_basis,
)
from anydoa.io.results import Source

KINDS = ("standing", "crossing", "strolling", "nobody")
MEMORY_S = 0.3  # of the estimator: errors of peaks last as long
NOISE_DEG = 3.0
RESOLUTION_DEG = 30.0  # nearer talkers give one peak
FALSE_PEAKS_S = 0.3  # a second; each lasts about a tenth of one
ECHO_SHARE = 0.1  # of the time that a talker speaks


@dataclass(frozen=True, eq=False)
class PeakScene:
    """Peaks, and the talkers behind them.

    Args:
        times_s: of the frames.
        sources: peaks of each frame.
        truth: where each talker is, a row a frame.
        speaking: who speaks in which frame.
    """

    times_s: np.ndarray
    sources: list[list[Source]]
    truth: np.ndarray
    speaking: np.ndarray

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.times_s[-1])


def peak_scene(seed: int, kind: str, *, seconds: float = 20.0, frames_a_second: float = 20.0) -> PeakScene:
    """The scene of a seed; frames come at times that wander by a third of their distance."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    times_s = np.arange(0, seconds, 1 / frames_a_second)
    times_s = times_s + rng.uniform(0, 1 / 3, len(times_s)) / frames_a_second
    truth = _paths(rng, kind, times_s)
    speaking = np.zeros(truth.shape[:2], dtype=bool)
    for talker in range(truth.shape[1]):
        speaking[:, talker] = speaks(rng, times_s, longest_pause_s=3.0)
    frames = _Frames(rng, times_s, truth, speaking)
    return PeakScene(times_s, [frames.peaks(index) for index in range(len(times_s))], truth, speaking)


def speaks(rng: np.random.Generator, times_s: np.ndarray, *, longest_pause_s: float) -> np.ndarray:
    """Phrases of one to three seconds, and pauses."""
    spans = rng.uniform([1.0, 0.2], [3.0, longest_pause_s], (int(times_s[-1]) + 2, 2))
    turns = np.cumsum(spans.ravel())
    return np.searchsorted(turns, times_s) % 2 == 0


def _paths(rng: np.random.Generator, kind: str, times_s: np.ndarray) -> np.ndarray:
    if kind == "nobody":
        return np.zeros((len(times_s), 0, 3))
    count = 2 if kind == "crossing" else int(rng.integers(1, 4))
    elevation_deg = rng.uniform(-10, 30, count)
    if kind == "crossing":
        speed = rng.uniform([4, -12], [12, -4])
        azimuth_deg = rng.uniform(-180, 180) + speed * (
            times_s[:, None] - rng.uniform(0.3, 0.7) * times_s[-1]
        )
    else:
        azimuth_deg = rng.uniform(-180, 180) + 50 * np.arange(count) + np.zeros((len(times_s), 1))
    if kind == "strolling":
        azimuth_deg = azimuth_deg[:, :1] + _stroll(rng, times_s)[:, None]
        elevation_deg = elevation_deg[:1]
    return angles_deg_to_direction(azimuth_deg, elevation_deg)


def _stroll(rng: np.random.Generator, times_s: np.ndarray) -> np.ndarray:
    """Degrees walked by one who walks a while, stands a while, and may turn round."""
    legs = np.cumsum(rng.uniform(1.5, 4, int(times_s[-1]) + 2))
    speeds = rng.uniform(-15, 15, len(legs)) * (np.arange(len(legs)) % 2)
    speed = speeds[np.searchsorted(legs, times_s)]
    return np.cumsum(speed * np.diff(times_s, prepend=times_s[0]))


class _Frames:
    """Draws the peaks of one frame after the other."""

    def __init__(
        self, rng: np.random.Generator, times_s: np.ndarray, truth: np.ndarray, speaking: np.ndarray
    ) -> None:
        self._rng, self._times_s, self._truth, self._speaking = rng, times_s, truth, speaking
        talkers = truth.shape[1]
        self._errors = np.zeros((talkers, 3))
        self._loudness = np.zeros(talkers)
        self._echo = normalize_direction(rng.standard_normal((talkers, 3)))
        self._false: np.ndarray | None = None

    def peaks(self, index: int) -> list[Source]:
        """Peaks of a frame, highest first."""
        rng = self._rng
        step_s = self._times_s[index] - self._times_s[index - 1] if index else 1.0
        kept = np.exp(-step_s / MEMORY_S)
        fresh = np.sqrt(1 - kept**2)
        self._errors = kept * self._errors + fresh * rng.standard_normal(self._errors.shape)
        self._loudness = kept * self._loudness + fresh * rng.standard_normal(len(self._loudness))
        talkers = np.flatnonzero(self._speaking[index])
        found = self._talkers(index, talkers.tolist())
        echoing = [talker for talker in talkers if rng.random() < ECHO_SHARE]
        found += [Source(self._echo[talker], float(rng.uniform(0.1, 0.15))) for talker in echoing]
        found += self._nobody(step_s)
        return sorted(found, key=lambda source: -source.score)

    def _talkers(self, index: int, talkers: list[int]) -> list[Source]:
        heard: list[Source] = []
        for talker in sorted(talkers, key=lambda talker: -self._loudness[talker]):
            hidden = 0.45 if heard else 0.1
            direction = self._truth[index, talker]
            error = tangent_basis(direction).T @ (np.deg2rad(NOISE_DEG) * self._errors[talker, :2])
            near = [great_circle_distance_deg(direction, other.direction) for other in heard]
            if self._rng.random() > hidden and min(near, default=180) > RESOLUTION_DEG:
                score = float(self._rng.uniform(0.12, 0.3))
                heard.append(Source(normalize_direction(direction + error), score))
        return heard

    def _nobody(self, step_s: float) -> list[Source]:
        if self._false is not None and self._rng.random() < np.exp(-step_s / 0.1):
            return [Source(self._false, 0.11)]
        born = self._rng.random() < FALSE_PEAKS_S * step_s
        self._false = normalize_direction(self._rng.standard_normal(3)) if born else None
        return [Source(self._false, 0.11)] if self._false is not None else []
