"""Dry sound that suites are made of: test speakers, and test noise or noise made from nothing but them."""

import hashlib
import os
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy import fft
from scipy.ndimage import uniform_filter1d

from anydoa.constants import SAMPLE_RATE
from anydoa.evaluation.asterisk import holds_prompts, unpack_prompts
from anydoa.simulation.corpus import Kind, Utterance, read_corpus
from anydoa.simulation.pool import AudioPool, limit_utterances, load_pool

TALKERS = (1, 2)
"""How many talk in the clips of simulated suites."""

_SEED = 722
_MINUTES = 60.0  # of sound that is decoded
_LEAST_GROUPS: dict[Kind, int] = {"speech": max(TALKERS), "noise": 4}  # however long each lasts


def user_cache() -> Path:
    """Where this user keeps files that can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "anydoa"


@dataclass(frozen=True)
class Material:
    """Where the dry sound comes from; read when first asked for, by each process for itself.

    Args:
        speech: folder with a corpus, see :func:`anydoa.simulation.corpus.read_corpus`, or with prompts in
            G.722. Only its test speakers are used.
        noise: folder with a corpus of noise, of which only the test part is used. If None: the folder
            ``noise`` in ``speech`` where there is one, else generated noise.
        cache: folder that decoded audio is kept in.
    """

    speech: Path
    noise: Path | None = None
    cache: Path = field(default_factory=user_cache)

    def __getstate__(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change with the recordings, and with where and when they were copied."""
        ages = [utterance.path.stat().st_mtime_ns for utterance in self._speech + self._noise]
        return _digest((self.contents, ages))

    @property
    def contents(self) -> str:
        """Twelve hex digits that change with the recordings: speakers, names and sizes."""
        pools = [
            [(one.group, one.path.name, one.path.stat().st_size) for one in pool]
            for pool in (self._speech, self._noise)
        ]
        return _digest(pools)

    @property
    def generates_noise(self) -> bool:
        """Whether the noise is made, not read."""
        return not self._noise

    @cached_property
    def speech_pool(self) -> AudioPool:
        """Test speakers with their activity, the same every time."""
        return self._load(self._speech, kind="speech")

    @cached_property
    def noise_pool(self) -> AudioPool:
        """Test noise; if generated, babble of the same speakers and noise of several colours."""
        return self._load(self._noise, kind="noise") if self._noise else generate_noise(self.speech_pool)

    def _load(self, utterances: tuple[Utterance, ...], *, kind: Kind) -> AudioPool:
        # Finding speech in an hour takes minutes, in a large corpus hours.
        rng, least = np.random.default_rng(_SEED), _LEAST_GROUPS[kind]
        chosen = limit_utterances(utterances, _MINUTES, rng, least_groups=least)
        return load_pool(chosen, kind=kind, cache=self.cache)

    @cached_property
    def _speech(self) -> tuple[Utterance, ...]:
        root = unpack_prompts(self.speech, self.cache) if holds_prompts(self.speech) else self.speech
        return read_corpus(root, "speech").select("test")

    @cached_property
    def _noise(self) -> tuple[Utterance, ...]:
        if self.noise is not None:
            return read_corpus(self.noise, "noise").select("test")
        return read_corpus(self.speech, "noise").select("test") if (self.speech / "noise").is_dir() else ()


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]


def generate_noise(speech: AudioPool, *, seconds: float = 20.0) -> AudioPool:
    """Noise for a suite without recordings of noise, the same every time.

    Args:
        speech: voices for the babble and for the spectrum of the speech-shaped noise.
        seconds: length of each kind of noise.
    """
    rng = np.random.default_rng(_SEED)
    length = round(seconds * speech.sample_rate)
    babble = np.zeros(length)  # twelve voices at once, all equally loud
    for voice in range(12):
        group = voice % len(speech.groups)
        segment = speech.segment(group, int(rng.integers(speech.group_length(group))), length)
        babble += segment / max(float(np.sqrt(np.mean(segment**2))), 1e-9)
    shaped = _with_spectrum(rng.standard_normal(length), np.abs(fft.rfft(babble)))
    kinds = {"babble": babble, "speech-shaped": shaped}
    frequency = np.maximum(fft.rfftfreq(length, 1 / speech.sample_rate), 50.0)
    for colour, slope in {
        "white": 0.0,
        "pink": 1.0,
        "brown": 2.0,
    }.items():  # power falls as frequency to this
        kinds[colour] = _with_spectrum(rng.standard_normal(length), frequency ** (-slope / 2))
    samples = [np.int16(np.round(0.5 * 32767 * kind / np.abs(kind).max())) for kind in kinds.values()]
    return AudioPool(
        samples=np.concatenate(samples),
        edges=tuple(length * edge for edge in range(len(kinds) + 1)),
        groups=tuple(kinds),
        active=None,
        sample_rate=speech.sample_rate,
    )


def _with_spectrum(
    white: Float[np.ndarray, "time"], magnitude: Float[np.ndarray, "freq"]
) -> Float[np.ndarray, "time"]:
    """White noise with a long-term spectrum, smoothed over 100 Hz or so."""
    power = uniform_filter1d(magnitude**2, round(100 * len(white) / SAMPLE_RATE))
    shaped: np.ndarray = fft.irfft(fft.rfft(white) * np.sqrt(power), len(white))
    return shaped
