"""The sound of each talker against the microphones it was taken from, on simulated clips. Prints Markdown.

    python benchmarks/beams.py --speech DIR                       # 30 clips, takes a quarter of an hour
    python benchmarks/beams.py --speech DIR --clips 4
    pip install pystoi pesq
    python benchmarks/beams.py --speech DIR --quality             # STOI and PESQ, too

Clips are those of dynamic-s with two talkers, six microphones or more and 5 dB of SNR or more: 4 s, rooms of
RT60 0.2 to 1.3 s, test speakers. Each is located by steered, and what comes out is compared with the talker's
direct sound at the microphone it stands for: what is said, without echoes. With echoes means compared with
all that arrives of the talker there, echoes included. The last rows are told true directions and the true
share of each talker's direct sound in each bin: more than any mask can know. One thread.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from recording import BenchmarkRecord, add_record_option
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits

from anydoa.beamforming import Aim, Aims, BeamOptions, BinShares, SpeechMask, TalkerAims, TalkerBeam
from anydoa.estimators import load
from anydoa.evaluation import open_suite
from anydoa.evaluation.record import Row
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.localizer import Localizer
from anydoa.simulation.scene import Scene

SECONDS = 4.0
FEWEST_MICROPHONES, LEAST_SNR_DB = 6, 5.0
FOUND_DEG = 20.0  # a talker is found if somebody is this near
HARM_DB = 0.5  # worse than the best microphone than this is harm
AHEAD_S = 2.0
MVDR, SUM = BeamOptions(slot_windows=12), BeamOptions("delay-and-sum")


@dataclass(frozen=True, eq=False)
class TrueAims:
    """Talkers where they are, sounding all the time."""

    directions: np.ndarray

    @property
    def num_rows(self) -> int:
        return len(self.directions)

    def at(self, time_s: float) -> list[Aim]:
        return [Aim(number, direction) for number, direction in enumerate(self.directions)]

    def wanted(self, levels: object) -> range:
        return range(self.num_rows)


class TrueShares:
    """Power of each talker's direct sound in each bin, as a share of all; the rest is nobody's."""

    def __init__(self, scene: Scene) -> None:
        spectra = [windows(sound) for sound in (*scene.direct, scene.audio - scene.direct.sum(axis=0))]
        power = np.stack([np.square(np.abs(one)).mean(axis=0) for one in spectra]) + 1e-20
        shares = power / power.sum(axis=0)
        self._left = np.roll(shares, 1, axis=0).swapaxes(1, 2).astype(np.float32)

    def shares(
        self, spectra: np.ndarray, steering: np.ndarray, prior: np.ndarray, alive: np.ndarray
    ) -> np.ndarray:
        now, self._left = np.split(self._left, [spectra.shape[1]], axis=2)
        missing = spectra.shape[1] - now.shape[2]  # after the end
        return np.pad(now, ((0, 0), (0, 0), (0, missing)), mode="edge" if now.shape[2] else "constant")


def windows(audio: np.ndarray) -> np.ndarray:
    """Spectra of the windows of a beam: 32 ms, every 16 ms, the first in the middle of the first sample."""
    padded = np.pad(audio, ((0, 0), (256, 512)))
    cut = np.lib.stride_tricks.sliding_window_view(padded, 512, axis=1)[:, ::256]
    return np.fft.rfft(cut * np.sqrt(np.hanning(513)[:512]), axis=-1)


def si_sdr_db(sound: np.ndarray, truth: np.ndarray) -> float:
    """Scale-invariant ratio of signal to distortion.

    Reference:
        Le Roux et al. (2019), "SDR - half-baked or well done?", equation 4.
    """
    sound, truth = (one.astype(np.float64) - one.mean(dtype=np.float64) for one in (sound, truth))
    target = (sound @ truth) / (truth @ truth) * truth
    return float(10 * np.log10((target @ target) / max(np.sum(np.square(sound - target)), 1e-20)))


def scenes(speech: Path, cache: Path | None, wanted: int) -> Iterator[Scene]:
    """The first clips of dynamic-s with two talkers that are neither too small nor too loud with noise."""
    suite = open_suite("dynamic-s", speech=speech, duration_s=SECONDS, cache=cache)
    suite = getattr(suite, "suite", suite)  # clips in a cache do not keep the talkers alone
    numbers = (number for number in range(len(suite)) if suite.row(number)[1] == 2)
    for number in numbers:
        scene = suite.scene(number, keep_talkers=True)
        if scene.num_microphones < FEWEST_MICROPHONES or scene.snr_db < LEAST_SNR_DB:
            continue
        yield scene
        wanted -= 1
        if wanted == 0:
            return


@dataclass(frozen=True)
class Score:
    """One talker of one clip by one method.

    Args:
        gain_db: improvement of SI-SDR over the microphone that the sound stands for.
        echo_gain_db: the same, compared with the talker's sound with its echoes.
        over_best_db: SI-SDR over that of the best microphone.
        stoi: intelligibility, 0..1; NaN if not asked for.
        pesq: quality, 1..4.6; NaN if not asked for.
    """

    gain_db: float
    echo_gain_db: float
    over_best_db: float
    stoi: float = np.nan
    pesq: float = np.nan


Quality = Callable[[np.ndarray, np.ndarray], tuple[float, float]]


def no_quality(truth: np.ndarray, sound: np.ndarray) -> tuple[float, float]:
    return np.nan, np.nan


def measured_quality(truth: np.ndarray, sound: np.ndarray) -> tuple[float, float]:
    """STOI and wide-band PESQ by the packages pystoi and pesq."""
    from pesq import pesq
    from pystoi import stoi

    return float(stoi(truth, sound, 16_000)), float(pesq(16_000, truth, sound, "wb"))


def score(scene: Scene, talker: int, sound: np.ndarray, quality: Quality) -> Score:
    """How much better a sound is than the microphones."""
    middle = reference(scene)
    direct, image = scene.direct[talker], scene.images[talker]
    best = max(si_sdr_db(heard, own) for heard, own in zip(scene.audio, direct, strict=True))
    found = si_sdr_db(sound, direct[middle])
    return Score(
        found - si_sdr_db(scene.audio[middle], direct[middle]),
        si_sdr_db(sound, image[middle]) - si_sdr_db(scene.audio[middle], image[middle]),
        found - best,
        *quality(direct[middle], sound.astype(np.float32)),
    )


def reference(scene: Scene) -> int:
    """The microphone nearest the middle, which a beam stands for."""
    centred = scene.positions - scene.positions.mean(axis=0)
    return int(np.argsort(np.linalg.norm(centred, axis=1), kind="stable")[0])


class Bench:
    """Scores and costs of every method."""

    def __init__(self, quality: Quality) -> None:
        estimator = load("steered")
        self._estimator, self._mask, self._quality = estimator, SpeechMask.of(estimator), quality
        self.scores: dict[str, list[Score]] = {}
        self.costs: dict[str, list[float]] = {}
        self.latency_s: dict[str, float] = {}
        self.missed = self.talkers = 0

    def add(self, scene: Scene) -> None:
        """Every method on one clip."""
        array = MicrophoneArray(scene.positions)
        talkers = Localizer(array, estimator=self._estimator).locate(scene.audio, 16_000).talkers
        pairs = matched([talker.direction for talker in talkers], scene.directions)
        self.talkers += scene.num_talkers
        self.missed += scene.num_talkers - len(pairs)
        middle = scene.audio[reference(scene)]
        self._score("one microphone", scene, {true: middle for _, true in pairs})
        found = [talkers[one] for one, _ in pairs]
        others = [talker for talker in talkers if all(talker is not one for one in found)]
        aims = TalkerAims(found + [one for one in others if not all(turn.is_brief for turn in one.turns)])
        rows = {true: row for row, (_, true) in enumerate(pairs)}
        live = replace(MVDR, slot_windows=6)
        self._beam("delay-and-sum", scene, aims, rows, SUM, 0.0)
        self._beam("mvdr", scene, aims, rows, MVDR, AHEAD_S)
        self._beam("mvdr without look-ahead", scene, aims, rows, live, 0.0)
        true, all_rows = TrueAims(scene.directions), {row: row for row in range(scene.num_talkers)}
        self._beam("mvdr, true directions", scene, true, all_rows, MVDR, AHEAD_S)
        self._beam("mvdr, true shares", scene, true, all_rows, MVDR, AHEAD_S, TrueShares(scene))

    def _beam(
        self,
        name: str,
        scene: Scene,
        aims: Aims,
        rows: dict[int, int],
        options: BeamOptions,
        ahead_s: float,
        shares: BinShares | None = None,
    ) -> None:
        beam = TalkerBeam(
            MicrophoneArray(scene.positions),
            aims,
            mask=self._mask,
            shares=shares,
            options=options,
            look_ahead_s=ahead_s,
        )
        start = time.process_time()
        sounds = np.concatenate([beam.push(scene.audio), beam.finish()], axis=1)
        self.costs.setdefault(name, []).append((time.process_time() - start) / scene.duration_s)
        self.latency_s[name] = beam.latency_s
        self._score(name, scene, {true: sounds[row] for true, row in rows.items()})

    def _score(self, name: str, scene: Scene, sounds: dict[int, np.ndarray]) -> None:
        scores = [score(scene, true, sound, self._quality) for true, sound in sounds.items()]
        self.scores.setdefault(name, []).extend(scores)


def matched(found: list[np.ndarray], true: np.ndarray) -> list[tuple[int, int]]:
    """Who found is who, at most :data:`FOUND_DEG` apart."""
    if not found:
        return []
    apart = np.stack([great_circle_distance_deg(np.array(found), direction) for direction in true], axis=1)
    pairs = zip(*linear_sum_assignment(apart), strict=True)
    return [(int(one), int(other)) for one, other in pairs if apart[one, other] <= FOUND_DEG]


def row(name: str, bench: Bench) -> Row:
    """One row of a record."""
    scores = bench.scores[name]
    gains, over = (np.array([getattr(one, key) for one in scores]) for key in ("gain_db", "over_best_db"))
    half = 1.96 * gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.nan
    return {
        "method": name,
        "talkers": len(scores),
        "gain_db": float(gains.mean()),
        "gain_ci95_db": float(half),
        "gain_median_db": float(np.median(gains)),
        "echo_gain_db": float(np.mean([one.echo_gain_db for one in scores])),
        "harmless_share": float(np.mean(over >= -HARM_DB)),
        "stoi": float(np.mean([one.stoi for one in scores])),
        "pesq": float(np.mean([one.pesq for one in scores])),
        "core_share": float(np.mean(bench.costs.get(name, [0.0]))),
        "latency_ms": 1e3 * bench.latency_s.get(name, 0.0),
    }


def print_row(cells: Row) -> None:
    """One line of the table."""
    numbers = [
        f"{cells['gain_db']:.1f}±{cells['gain_ci95_db']:.1f}",
        f"{cells['gain_median_db']:.1f}",
        f"{cells['echo_gain_db']:.1f}",
        f"{100 * float(cells['harmless_share'] or 0):.0f} %",
        f"{cells['stoi']:.2f}",
        f"{cells['pesq']:.2f}",
        f"{100 * float(cells['core_share'] or 0):.0f} %",
        f"{cells['latency_ms']:.0f} ms",
    ]
    texts = [number.replace("nan", "-") for number in numbers]
    print(f"| {cells['method']} | {cells['talkers']} | {' | '.join(texts)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, required=True, help="folder of a corpus")
    parser.add_argument("--cache", type=Path, help="folder for decoded audio")
    parser.add_argument("--clips", type=int, default=30)
    parser.add_argument("--quality", action="store_true", help="STOI and PESQ, by pystoi and pesq")
    add_record_option(parser)
    options = parser.parse_args()
    recording = BenchmarkRecord(options.record)
    bench = Bench(measured_quality if options.quality else no_quality)
    with threadpool_limits(1):
        for scene in scenes(options.speech, options.cache, options.clips):
            bench.add(scene)
    print(f"{options.clips} clips, {bench.talkers} talkers, {bench.missed} of them not found\n")
    print(
        "| method | talkers | SI-SDR gain dB | median | with echoes | harmless | STOI | PESQ | of one core "
        "| latency |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    rows = [row(name, bench) for name in bench.scores]
    for one in rows:
        print_row(one)
    recording.keep(rows)


if __name__ == "__main__":
    main()
