"""Freely licensed speech that a fresh machine can install: telephone prompts of Asterisk, and their codec.

Debian packages ``asterisk-core-sounds-{en,es,fr,it,ru}-g722`` (CC BY-SA 3.0): four speakers, since one speaks
English and Spanish, recorded in studios at 16 kHz. Nothing in this package is trained on them.

The codec is ITU-T G.722 at 64 kbit/s, which audio libraries do not read. Each octet is one code of the lower
band (6 bits) and one of the upper band (2 bits), each an adaptive difference of 8 kHz samples; a pair of
quadrature mirror filters joins the bands. A decoder cannot look ahead, but streams are independent: many
files are decoded side by side, one octet of each at a time.
"""

import csv
import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int32

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, ConfigError
from anydoa.io.files import system_name
from anydoa.io.output import whole_folder

DEBIAN_FOLDER = Path("/usr/share/asterisk/sounds")
DEBIAN_PACKAGES = tuple(
    f"asterisk-core-sounds-{language}-g722" for language in ("en", "es", "fr", "it", "ru")
)
SAMPLES_PER_OCTET = 2

_logger = logging.getLogger(__name__)

# Quantiser outputs and adaptation speeds, ITU-T G.722 (09/2012), tables 7 to 13, Q15 and Q11.
_LOW_FINE = np.array(
    [
        -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360,
        -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032,
        -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576,
        7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728,
        432, 136, -432, -136,
    ],
    dtype=np.int32,
)  # fmt: skip
_LOW_COARSE = np.array(
    [
        0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
    ],
    dtype=np.int32,
)  # fmt: skip
_LOW_SPEED = np.array(
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60], dtype=np.int32
)
_HIGH = np.array([-7408, -1616, 7408, 1616], dtype=np.int32)
_HIGH_SPEED = np.array([798, -214, 798, -214], dtype=np.int32)
_LOG_STEP_LIMIT = np.array([[18432], [22528]], dtype=np.int32)
_MIRROR = np.array([3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11])


def default_speech() -> Path:
    """The folder of the installed prompts.

    Raises:
        AudioError: if no package of them is installed.
    """
    if holds_prompts(DEBIAN_FOLDER):
        return DEBIAN_FOLDER
    raise AudioError(
        f"no speech in {DEBIAN_FOLDER}; give a folder with --speech, or run: "
        f"apt install {' '.join(DEBIAN_PACKAGES)}"
    )


def holds_prompts(folder: Path) -> bool:
    """Whether a folder holds prompts in G.722, a folder for each language and voice."""
    return any(folder.glob("*/*.g722"))


def unpack_prompts(
    folder: Path,
    cache: Path,
    *,
    durations_s: tuple[float, float] = (2.0, 8.0),
    prompts_a_voice: int = 40,
) -> Path:
    """Decode prompts into a corpus of WAV files, once.

    Args:
        folder: folder with a sub-folder for every language and voice, such as ``en_US_f_Allison``.
        cache: folder that the corpus is kept in.
        durations_s: seconds of the shortest and the longest prompts taken.
        prompts_a_voice: most prompts taken of each voice.

    Returns:
        A folder with ``manifest.csv``. All recordings are for tests; speakers are the last words of the names
        of the sub-folders. Links to sub-folders, other names of the same voice, are passed over.
    """
    shortest, longest = durations_s
    no_speech = ("ascending", "beep", "silence", "tt-")  # tones, silence, monkeys
    prompts: list[Path] = []
    for voice in sorted(folder.glob("*/")):
        if not voice.is_symlink():
            fitting = [
                prompt
                for prompt in sorted(voice.glob("*.g722"))
                if not prompt.name.startswith(no_speech)
                and shortest <= g722_duration(prompt.stat().st_size) <= longest
            ]
            prompts += fitting[:prompts_a_voice]
    files = [(str(path), path.stat()) for path in prompts]
    known = [(name, file.st_size, file.st_mtime_ns) for name, file in files]
    digest = hashlib.sha256(repr(known).encode()).hexdigest()
    corpus = cache / f"prompts-{digest[:12]}"
    if not corpus.exists():
        _logger.info("decoding %d prompts into %s", len(prompts), corpus)
        try:
            with whole_folder(corpus) as partial:
                _write_corpus(partial, prompts, folder)
        except ConfigError:
            if not corpus.exists():  # else another process was faster
                raise
    return corpus


def _write_corpus(corpus: Path, prompts: list[Path], folder: Path) -> None:
    import soundfile

    rows = []
    for prompt, audio in zip(prompts, decode_g722([prompt.read_bytes() for prompt in prompts]), strict=True):
        path = (corpus / prompt.relative_to(folder)).with_suffix(".wav")
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(system_name(path), audio, SAMPLE_RATE, subtype="PCM_16", format="WAV")
        speaker = prompt.parent.name.split("_")[-1]
        rows.append(
            [path.relative_to(corpus), "asterisk", speaker, "test", f"{len(audio) / SAMPLE_RATE:.2f}"]
        )
    with (corpus / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["path", "source", "speaker_or_category", "split", "duration_s"])
        table.writerows(rows)


def decode_g722(streams: Sequence[bytes]) -> list[Float32[np.ndarray, "time"]]:
    """Audio of 16 kHz out of G.722 streams of 64 kbit/s, full scale at 1, two samples an octet.

    Args:
        streams: octets of each file, without a header.

    Reference:
        ITU-T G.722 (09/2012), clause 6.2, mode 1, in its integer arithmetic.
    """
    by_length = sorted(range(len(streams)), key=lambda index: len(streams[index]))
    audio: dict[int, np.ndarray] = {}
    at_once = 256
    for start in range(0, len(streams), at_once):
        block = by_length[start : start + at_once]
        longest = max(1, *(len(streams[index]) for index in block))
        octets = np.zeros((longest, len(block)), dtype=np.uint8)
        for column, index in enumerate(block):
            octets[: len(streams[index]), column] = np.frombuffer(streams[index], dtype=np.uint8)
        decoded = _decode_streams(octets)
        for column, index in enumerate(block):
            audio[index] = decoded[: SAMPLES_PER_OCTET * len(streams[index]), column]
    return [audio[index] for index in range(len(streams))]


def g722_duration(num_octets: int) -> float:
    """Seconds of audio in that many octets."""
    return num_octets * SAMPLES_PER_OCTET / SAMPLE_RATE


def _decode_streams(octets: np.ndarray) -> Float32[np.ndarray, "time stream"]:
    """Audio of streams side by side."""
    from scipy.signal import lfilter

    # (octet, stream) -> (octet, band, stream): steps of the quantisers of the lower and the upper band
    low, high = octets & 63, octets >> 6
    fine = np.stack([_LOW_FINE[low], _HIGH[high]], axis=1)
    coarse = np.stack([_LOW_COARSE[low >> 2], _HIGH[high]], axis=1)
    speed = np.stack([_LOW_SPEED[low >> 2], _HIGH_SPEED[high]], axis=1)
    steps = np.stack([_step_sizes(8), _step_sizes(10)])
    # -> (octet, band, stream): samples of both bands, 8 kHz each
    predictor = _Predictor(octets.shape[1])
    log_step = np.zeros((2, octets.shape[1]), dtype=np.int32)
    step = steps[:, :1]
    band = np.array([[0], [1]])
    samples = np.empty(fine.shape, dtype=np.int32)
    for sample, fine_now, coarse_now, speed_now in zip(samples, fine, coarse, speed, strict=True):
        np.clip(predictor.value + (step * fine_now >> 15), -16384, 16383, out=sample)
        predictor.update(step * coarse_now >> 15)
        log_step = np.clip((log_step * 127 >> 7) + speed_now, 0, _LOG_STEP_LIMIT)
        step = steps[band, log_step]
    # -> (time, stream): the quadrature mirror filters, sum and difference of the bands, filtered, interleaved
    lower, upper = np.moveaxis(samples.astype(np.float64), 1, 0)
    even = lfilter(_MIRROR, 1, lower - upper, axis=0)
    odd = lfilter(_MIRROR[::-1], 1, lower + upper, axis=0)
    joined = np.stack([even, odd], axis=1).reshape(-1, octets.shape[1])
    return (np.clip(np.floor(joined / 2048), -32768, 32767) / 32768).astype(np.float32)


def _step_sizes(shift: int) -> Int32[np.ndarray, "log_step"]:
    """Quantiser step for every logarithmic step, 2048 of which are a factor of two."""
    log_step = np.arange(int(_LOG_STEP_LIMIT.max()) + 1)
    mantissa = np.rint(2048 * 2 ** (np.arange(32) / 32)).astype(np.int64)[log_step >> 6 & 31]
    up = (log_step >> 11) - shift
    steps = np.where(up > 0, mantissa << np.maximum(up, 0), mantissa >> np.maximum(-up, 0))
    return (steps << 2).astype(np.int32)


class _Predictor:
    """Adaptive prediction of the next sample of both bands: two poles, six zeros.

    Args:
        num_streams: how many streams are decoded side by side.
    """

    def __init__(self, num_streams: int) -> None:
        shape = (2, num_streams)
        self.value = np.zeros(shape, dtype=np.int32)
        self._from_zeros = np.zeros(shape, dtype=np.int32)
        self._poles = np.zeros((2, *shape), dtype=np.int32)
        self._zeros = np.zeros((6, *shape), dtype=np.int32)
        self._differences = np.zeros((6, *shape), dtype=np.int32)
        self._partial_is_negative = np.zeros((2, *shape), dtype=bool)
        self._sample = np.zeros(shape, dtype=np.int32)

    # Plain annotations: these run for every octet, where tests that check shapes would take longer than sums.

    def update(self, difference: np.ndarray) -> None:
        """Adapt to the difference just received (2, stream) and predict the next sample."""
        sample = _saturate(self.value + difference)
        self.adapt_poles(_saturate(self._from_zeros + difference) < 0)
        self.adapt_zeros(difference)
        self._differences[1:] = self._differences[:-1]
        self._differences[0] = difference
        first = self._poles[0] * _saturate(2 * sample) >> 15
        second = self._poles[1] * _saturate(2 * self._sample) >> 15
        self._sample = sample
        self._from_zeros = _saturate(
            (self._zeros * _saturate(2 * self._differences) >> 15).sum(axis=0, dtype=np.int32)
        )
        self.value = _saturate(_saturate(first + second) + self._from_zeros)

    def adapt_poles(self, negative: np.ndarray) -> None:
        """Pull the poles by the signs of the last three partial sums; true where this one is negative."""
        as_last = negative == self._partial_is_negative[0]
        as_before = negative == self._partial_is_negative[1]
        pull = _saturate(4 * self._poles[0])
        pull = np.where(as_last, np.minimum(-pull, 32767), pull) >> 7
        second = pull + np.where(as_before, 128, -128) + (self._poles[1] * 32512 >> 15)
        second = np.clip(second, -12288, 12288)
        first = np.where(as_last, 192, -192) + (self._poles[0] * 32640 >> 15)
        self._poles[0] = np.clip(first, second - 15360, 15360 - second)
        self._poles[1] = second
        self._partial_is_negative[1] = self._partial_is_negative[0]
        self._partial_is_negative[0] = negative

    def adapt_zeros(self, difference: np.ndarray) -> None:
        """Pull the zeros towards the signs that the difference shares with those before."""
        gain = np.where(difference == 0, 0, 128)
        alike = (difference < 0) == (self._differences < 0)
        self._zeros = _saturate(np.where(alike, gain, -gain) + (self._zeros * 32640 >> 15))


def _saturate(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -32768, 32767)
