"""What listening costs, how late results are, and whether a day of it leaves anything behind.

python benchmarks/live.py [cost] [latency] [soak] [--seconds 30] [--repeats 5] [--hours 8] [--speed 50]
    [--estimator NAME ...] [--record FILE]

cost: the bundled recording of six microphones through the whole pipeline, as fast as it goes, in processor
time; so it may run on a machine that has other things to do.
latency: the same in real time, by the clock; wants a core to itself.
soak: the same recording over and over with a table instead of an estimator, faster than real time, and the
memory of the process.
"""

import argparse
import itertools
import os
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from recording import BenchmarkRecord, add_record_option

from anydoa.evaluation.record import Row
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.live import LivePipeline, LiveResult, ResultFile
from anydoa.live.feeds import FileFeed
from anydoa.localizer import Localizer
from anydoa.spectrum import SpatialSpectrum, SpectrumStream, spectrum_of

EXAMPLES = Path(__file__).parents[1] / "examples"
ARRAY = EXAMPLES / "two_talkers.array.toml"
ESTIMATORS = ("srp-phat", "agg-rl", "steered")
PARTS = ["cost", "latency", "soak"]
MAX_SHARE, MAX_LATENCY_S, MAX_GROWTH = 0.20, 0.150, 0.05
BLOCK_S = 0.1  # of the soak
WARM_UP = 0.1  # of the soak; buffers and caches are full then


def main() -> None:
    arguments = parse_arguments()
    recording = BenchmarkRecord(arguments.record)
    parts = arguments.parts or PARTS
    names = arguments.estimator or ESTIMATORS
    rows: list[Row] = []
    if "cost" in parts:
        rows += [measure_cost(name, arguments.seconds, arguments.repeats) for name in names]
    if "latency" in parts:
        rows += [measure_latency(name, arguments.seconds) for name in names]
    if "soak" in parts:
        rows.append(soak(arguments.hours, arguments.speed))
    recording.keep(rows)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=PARTS)
    parser.add_argument("--seconds", type=float, default=30.0, help="of replay for each estimator")
    parser.add_argument("--repeats", type=int, default=5, help="of the cost, whose median is given")
    parser.add_argument("--estimator", action="append", help="instead of all; may be repeated")
    parser.add_argument("--hours", type=float, default=8.0, help="of sound in the soak")
    parser.add_argument("--speed", type=float, default=50.0, help="of the soak against real time")
    add_record_option(parser)
    return parser.parse_args()


@contextmanager
def replay(estimator: str, seconds: float, *, pace: float | None) -> Iterator[LivePipeline]:
    """A pipeline that hears the bundled recording over and over, for so long."""
    localizer = Localizer(ARRAY, estimator=estimator)
    list(LivePipeline(localizer, FileFeed(EXAMPLES / "two_talkers.wav", pace=None)))  # tables are made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        audio, rate = soundfile.read(EXAMPLES / "two_talkers.wav", dtype="float32")
        soundfile.write(path, np.resize(audio, (round(seconds * rate), audio.shape[1])), rate)
        yield LivePipeline(localizer, FileFeed(path, pace=pace))


def measure_cost(estimator: str, seconds: float, repeats: int) -> dict[str, object]:
    """Processor time of all threads: a share of the sound's duration, and what a result takes."""
    shares, spent_ms = [], []
    for _ in range(repeats):
        with replay(estimator, seconds, pace=None) as pipeline:
            moments = [time.process_time(), *(time.process_time() for _ in pipeline)]
        shares.append((moments[-1] - moments[0]) / seconds)
        spent_ms += (1000 * np.diff(moments)).tolist()
    row = {
        "part": "cost",
        "estimator": estimator,
        "core_share": float(np.median(shares)),
        "least_core_share": min(shares),
        "greatest_core_share": max(shares),
        "result_median_ms": float(np.median(spent_ms)),
        "result_95_ms": float(np.quantile(spent_ms, 0.95)),
        "results_per_s": len(spent_ms) / repeats / seconds,
    }
    print(
        f"{estimator}: {row['core_share']:.1%} of one core, {min(shares):.1%} to {max(shares):.1%} "
        f"(target {MAX_SHARE:.0%}); {row['results_per_s']:.1f} results a second, each takes "
        f"{row['result_median_ms']:.1f} ms, {row['result_95_ms']:.1f} in 95 %",
        flush=True,
    )
    return row


def measure_latency(estimator: str, seconds: float) -> dict[str, float | str]:
    """From the arrival of samples to results, in real time."""
    with replay(estimator, seconds, pace=1.0) as pipeline:
        results = list(pipeline)
    late = sample_latency_s(results)
    row = {
        "part": "latency",
        "estimator": estimator,
        "processing_median_ms": 1000 * float(np.median([result.processing_s for result in results])),
        "result_age_median_ms": 1000 * float(np.median([result.latency_s for result in results])),
        "sample_to_result_mean_ms": 1000 * float(late.mean()),
        "sample_to_result_95_ms": 1000 * float(np.quantile(late, 0.95)),
        "sample_to_result_max_ms": 1000 * float(late.max()),
        "dropped_s": results[-1].dropped_s,
    }
    print(
        f"{estimator}: sample to result {row['sample_to_result_mean_ms']:.0f} ms on average, "
        f"{row['sample_to_result_95_ms']:.0f} in 95 %, {row['sample_to_result_max_ms']:.0f} ms at most "
        f"(target {1000 * MAX_LATENCY_S:.0f} ms); computing {row['processing_median_ms']:.1f} ms; "
        f"{row['dropped_s']:.1f} s dropped",
        flush=True,
    )
    return row


def sample_latency_s(results: list[LiveResult]) -> np.ndarray:
    """How long samples wait for a result that contains them: the rest of its frame, then computing."""
    waits = []
    for before, after in itertools.pairwise(results):
        waits.append(after.processing_s + np.linspace(0, after.time_s - before.time_s, 20))
    return np.concatenate(waits)


class NoEstimator:
    """Instead of a network: every two seconds another lobe, then a pause, whatever the audio says."""

    name, sample_rate, window_length, hop_length, threshold = "none", 16_000, 1792, 1536, 0.1

    look_ahead_s = 0.0

    @property
    def values_are_chances(self) -> bool:
        return False

    def with_look_ahead(self, seconds: float) -> "NoEstimator":
        return self

    def spectrum(self, audio: np.ndarray, array: MicrophoneArray, grid: DirectionGrid) -> SpatialSpectrum:
        return spectrum_of(self.stream(array, grid), audio)

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> SpectrumStream:
        return NoStream(grid)


class NoStream:
    """Counts samples and gives frames from a table."""

    def __init__(self, grid: DirectionGrid) -> None:
        rng = np.random.default_rng(0)
        toward = rng.standard_normal((8, 3))
        toward[:, 2] = np.abs(toward[:, 2])  # the array is flat: sources are sought above it
        toward /= np.linalg.norm(toward, axis=1, keepdims=True)
        lobes = np.exp(30 * (toward @ grid.directions.T - 1)).astype(np.float32)
        self._table = np.concatenate([lobes, np.zeros_like(lobes[:1])])
        self._grid = grid
        self._num_samples = 0
        self._num_frames = 0

    def push(self, audio: np.ndarray) -> SpatialSpectrum:
        self._num_samples += audio.shape[1]
        total = max((self._num_samples - NoEstimator.window_length) // NoEstimator.hop_length + 1, 0)
        frames = np.arange(self._num_frames, total)
        self._num_frames = total
        values = self._table[frames // 20 % len(self._table)]
        newest = frames * NoEstimator.hop_length + NoEstimator.window_length
        level = (values.max(axis=1) if len(values) else np.zeros(0)).astype(np.float32)
        return SpatialSpectrum(values, (newest - 256) / NoEstimator.sample_rate, level, self._grid)

    def finish(self) -> SpatialSpectrum:
        return self.push(np.zeros((1, 0)))


class LoopFeed:
    """The bundled recording over and over, faster than real time; nobody can make it wait."""

    name, can_wait, lost_s, num_held, num_starts = "loop", False, 0.0, 0, 1

    def __init__(self, hours: float, speed: float) -> None:
        audio, self.sample_rate = soundfile.read(EXAMPLES / "two_talkers.wav", dtype="float32")
        self.num_channels = audio.shape[1]
        self.num_blocks = round(hours * 3600 / BLOCK_S)
        self.block_length = round(BLOCK_S * self.sample_rate)
        self._audio = np.ascontiguousarray(audio.T)
        self.pace = self._speed = speed
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[np.ndarray]:
        start = time.monotonic()
        blocks = np.split(
            self._audio, range(self.block_length, self._audio.shape[1], self.block_length), axis=1
        )
        for number in range(self.num_blocks):
            due = start + number * BLOCK_S / self._speed
            if self._closed.wait(max(due - time.monotonic(), 0)):
                return
            yield blocks[number % len(blocks)]

    def close(self) -> None:
        self._closed.set()


def soak(hours: float, speed: float) -> dict[str, float | int | bool]:
    """Hours of sound through the whole pipeline; memory at the end against that after the warm-up."""
    feed = LoopFeed(hours, speed)
    pipeline = LivePipeline(Localizer(ARRAY, estimator=NoEstimator()), feed, max_queue_s=0.5 * speed)
    memory: list[tuple[float, float]] = []
    num_results, num_talkers, step_s = 0, 0, hours * 3600 / 48
    start = time.monotonic()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        file = ResultFile(nowhere, "json", pipeline)
        for result in pipeline:
            num_results += 1
            num_talkers = max([num_talkers, *(track.id + 1 for track in result.tracks)])
            file.write(result)
            if result.time_s >= step_s * (len(memory) + 1):
                memory.append((result.time_s, resident_mb()))
                hours_done, speed_now = result.time_s / 3600, result.time_s / (time.monotonic() - start)
                print(f"{hours_done:5.2f} h  {memory[-1][1]:6.1f} MB  {speed_now:.0f}x", flush=True)
        file.close()
    computed = feed.num_blocks * feed.block_length - round(pipeline.dropped_s * feed.sample_rate)
    expected = (computed - NoEstimator.window_length) // NoEstimator.hop_length + 1
    settled = next(megabytes for at_s, megabytes in memory if at_s >= WARM_UP * hours * 3600)
    growth = memory[-1][1] / settled - 1
    found = {
        "part": "soak",
        "hours": hours,
        "speed": hours * 3600 / (time.monotonic() - start),
        "settled_mb": settled,
        "end_mb": memory[-1][1],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "growth": growth,
        "results": num_results,
        "expected_results": expected,
        "dropped_s": pipeline.dropped_s,
        "talkers": num_talkers,
        "threads_left": threading.active_count() - 1,
    }
    print(
        f"soak: {hours:g} h at {found['speed']:.0f}x: memory {growth:+.1%} after warm-up "
        f"(target {MAX_GROWTH:.0%}), {num_results} results of {expected} expected, "
        f"{num_talkers} talkers, {pipeline.dropped_s:.1f} s dropped, "
        f"{found['threads_left']} threads left"
    )
    return found


def resident_mb() -> float:
    """Memory of this process that is in use now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
