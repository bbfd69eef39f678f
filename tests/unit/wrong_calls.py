"""Calls with what is wrong or unusual, and how each ends. Run as a program, where no type is checked.

Whoever calls the package gets no check of types, so the tests of what it says itself cannot have one either.
"""

import io
import json
import sys
from collections.abc import Callable

import numpy as np

import anydoa
from anydoa.beamforming import Aim, TalkerBeam
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry.layouts import circular_positions
from anydoa.io.talkers import Talker, TalkerPath, Turn

RATE = 16_000
RING = anydoa.MicrophoneArray(circular_positions(4, 0.05), "ring")
UP = np.array([0.0, 0.0, 1.0])
NOISE = np.random.default_rng(0).standard_normal((4, RATE)) * 0.1


class Tensor:
    """What a tensor of another library is: it says how it becomes an array of numpy."""

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return NOISE


class FarTensor:
    """A tensor that lies elsewhere."""

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        raise TypeError("cannot convert a tensor on cuda:0 to numpy")


def located(sound: object) -> object:
    localizer = anydoa.Localizer(RING, "fibonacci:100", SrpPhat())
    return localizer.locate(sound, RATE)  # type: ignore[arg-type]


def beam(*, direction: object = (1.0, 0.0, 0.0), chance: float = 1.0) -> TalkerBeam:
    return TalkerBeam(RING, Anybody(Aim(0, np.array(direction), chance)))


class Anybody:
    """Aims at one who always sounds."""

    num_rows = 1

    def __init__(self, aim: Aim) -> None:
        self.aim = aim

    def at(self, time_s: float) -> list[Aim]:
        return [self.aim]

    def wanted(self, levels: object) -> list[int]:
        return [0]


def talkers_heard(talkers: object, **options: object) -> object:
    return anydoa.talker_audio(NOISE, RING, talkers, **{"sample_rate": RATE, **options})  # type: ignore[arg-type]


def stream(rate: object = RATE) -> object:
    return anydoa.Localizer(RING, "fibonacci:100", "srp-phat").stream(rate)  # type: ignore[arg-type]


SOUNDS: dict[str, object] = {
    "bytes": b"RIFF",
    "None": None,
    "a number": 3,
    "an empty list": [],
    "ragged lists": [[0.0, 1.0], [0.0]],
    "names and numbers": ["a.wav", 3],
    "a dictionary": {"a": 1},
    "integers": np.zeros((4, RATE), np.int16),
    "complex": np.zeros((4, RATE), complex),
    "masked": np.ma.masked_less(np.ones((4, RATE)) * np.arange(RATE), 5),
    "texts": np.array([["a"]]),
    "an open file": io.BytesIO(b"RIFF"),
    "a far tensor": FarTensor(),
    "one axis": np.zeros(RATE),
    "time first": np.zeros((RATE, 4)),
    "time first, short": np.zeros((900, 4)),
}
ARRAYS: dict[str, object] = {
    "positions": RING.positions, "a list of positions": [[0, 0, 0], [0.1, 0, 0]], "None": None, "a number": 3
}  # fmt: skip
RATES: tuple[object, ...] = (
    float("nan"), float("inf"), -16_000, 0, 1, 7_999, 16_000.5, 1e9, None, "16000", True, 1j, [16_000]
)  # fmt: skip
COUNTS: tuple[object, ...] = (float("nan"), 1.5, 0, -1, "2", True, 2.0, [1])
SECONDS: tuple[object, ...] = (float("nan"), -1, "all", None, True, [1])
ANGLES: tuple[object, ...] = (float("nan"), -1, 181, "10", None, True, [10])
CALLS: dict[str, Callable[[], object]] = {
    "fine: lists": lambda: located(NOISE.tolist()),
    "fine: a tensor": lambda: located(Tensor()),
    "fine: a float rate": lambda: stream(16_000.0),
    "fine: a numpy count": lambda: anydoa.Localizer(RING, num_sources=np.int64(2)),  # type: ignore[arg-type]
    **{f"sound: {name}": lambda sound=sound: located(sound) for name, sound in SOUNDS.items()},
    **{f"push: {name}": lambda sound=sound: stream().push(sound) for name, sound in SOUNDS.items()},  # type: ignore
    **{f"beam: {name}": lambda sound=sound: beam().push(sound) for name, sound in SOUNDS.items()},  # type: ignore
    "fine: a beam": lambda: beam().push(NOISE),
    "aim: no chance": lambda: beam(chance=float("nan")),
    "aim: nowhere": lambda: beam(direction=(0.0, 0.0, 0.0)),
    "aim: too long": lambda: beam(direction=(2.0, 0.0, 0.0)),
    "talkers: sources": lambda: talkers_heard([anydoa.Source(np.array([1.0, 0.0, 0.0]), 0.5)]),
    "talkers: one alone": lambda: talkers_heard(
        Talker(0, TalkerPath(np.zeros(1), UP[None], np.ones(1)), (Turn(0.0, 0.0, 0.1),))
    ),
    "talkers: a number": lambda: talkers_heard(3),
    "talkers: of a file with a rate": lambda: anydoa.talker_audio("a.wav", RING, (), sample_rate=RATE),
    **{f"array: {name}": lambda array=array: anydoa.Localizer(array) for name, array in ARRAYS.items()},  # type: ignore
    **{f"rate: {rate}": lambda rate=rate: stream(rate) for rate in RATES},
    **{
        f"{option}: {count}": lambda option=option, count=count: anydoa.Localizer(RING, **{option: count})
        for option in ("num_sources", "max_sources")
        for count in COUNTS
    },
    **{
        f"look-ahead: {seconds}": lambda seconds=seconds: anydoa.Localizer(RING, look_ahead_s=seconds)  # type: ignore
        for seconds in SECONDS
    },
    **{
        f"separation: {angle}": lambda angle=angle: anydoa.Localizer(RING, min_separation_deg=angle)  # type: ignore
        for angle in ANGLES
    },
    "fine: numpy numbers": lambda: anydoa.Localizer(
        RING,
        min_separation_deg=np.float32(10),
        look_ahead_s=np.int64(1),  # type: ignore[arg-type]
    ),
    "grid: 3": lambda: anydoa.Localizer(RING, 3),  # type: ignore[arg-type]
    "grid: numbers": lambda: anydoa.Localizer(RING, RING.positions),  # type: ignore[arg-type]
    "estimator: None": lambda: anydoa.Localizer(RING, estimator=None),  # type: ignore[arg-type]
    "rate of samples: nan": lambda: anydoa.locate(NOISE, RING, sample_rate=float("nan")),  # type: ignore[arg-type]
    "rate of samples: a word": lambda: anydoa.locate(NOISE, RING, sample_rate="fast"),  # type: ignore[arg-type]
}


def outcome(call: Callable[[], object]) -> str:
    """``fine``, the message of the package's own error, or what else was raised."""
    try:
        call()
    except anydoa.AnydoaError as error:
        return f"error: {error}"
    except Exception as error:
        return f"raw {type(error).__name__}: {error}"
    return "fine"


if __name__ == "__main__":
    json.dump({name: outcome(call) for name, call in CALLS.items()}, sys.stdout)
