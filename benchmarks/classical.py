"""SRP-PHAT and MUSIC against those of pyroomacoustics: same clips, same windows, same bins, same directions.

    python benchmarks/classical.py           # 40 clips, takes a few minutes
    python benchmarks/classical.py --quick   # 8 clips

Clips are 4 s of a synthetic talker in simulated rooms, 8 microphones. Errors are those of one estimate for a
whole clip, at the highest of 2048 grid directions and after the same quadratic refinement for both. Times
are medians of 5 on one thread, from samples to one spectrum: cold makes the tables of a new array and grid,
warm keeps them if the method can. `summary_spectrum` of anydoa cannot, so there both are the same work.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyroomacoustics as pra
from recording import BenchmarkRecord, add_record_option
from threadpoolctl import threadpool_limits

from anydoa.acoustics import hann_window, short_time_spectra
from anydoa.estimators import CovarianceEstimator, Music, SrpPhat
from anydoa.evaluation.record import Row
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.peaks import find_peaks

SAMPLE_RATE = 16_000
SECONDS = 4
NUM_MICROPHONES = 8
GRID = fibonacci_grid(2048)
SEED = 7

Estimate = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Clip:
    """A talker in a room, and where it is."""

    audio: np.ndarray
    array: MicrophoneArray
    direction: np.ndarray


@dataclass(frozen=True)
class Contender:
    """A method; ``prepare`` makes its tables for an array and returns what estimates a spectrum."""

    name: str
    prepare: Callable[[MicrophoneArray], Estimate]


def talker(rng: np.random.Generator) -> np.ndarray:
    """Noise with the spectrum and the irregular rhythm of speech."""
    num_samples = SECONDS * SAMPLE_RATE
    frequency = np.fft.rfftfreq(num_samples, 1 / SAMPLE_RATE)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(num_samples)) / (1 + frequency / 500))
    syllable = SAMPLE_RATE * 3 // 20
    loudness = np.repeat(rng.gamma(0.6, size=num_samples // syllable + 1), syllable)[:num_samples]
    return noise * np.convolve(loudness, np.hanning(syllable), mode="same")


def random_positions(rng: np.random.Generator) -> np.ndarray:
    """Microphones 2 to 6 cm from a centre."""
    vector = rng.standard_normal((NUM_MICROPHONES, 3))
    return (
        vector / np.linalg.norm(vector, axis=1, keepdims=True) * rng.uniform(0.02, 0.06, (NUM_MICROPHONES, 1))
    )


def random_source(rng: np.random.Generator, centre: np.ndarray, size: np.ndarray) -> np.ndarray:
    """A place 1 to 1.8 m from the array, 10 cm or more from every wall."""
    while True:
        vector = rng.standard_normal(3)
        source = centre + vector / np.linalg.norm(vector) * rng.uniform(1.0, 1.8)
        if ((source > 0.1) & (source < size - 0.1)).all():
            return source


def make_clip(rng: np.random.Generator) -> Clip:
    """A shoebox room with a reverberation time of 0.2 to 0.7 s, 20 dB above sensor noise."""
    size = rng.uniform([4, 4, 2.5], [8, 7, 4])
    absorption, order = pra.inverse_sabine(rng.uniform(0.2, 0.7), size)
    room = pra.ShoeBox(size, fs=SAMPLE_RATE, materials=pra.Material(absorption), max_order=min(order, 25))
    centre = size / 2 + rng.uniform(-0.4, 0.4, 3)
    positions = random_positions(rng)
    source = random_source(rng, centre, size)
    room.add_source(source, signal=talker(rng))
    room.add_microphone_array((centre + positions).T)
    room.simulate()
    audio = room.mic_array.signals[:, : SECONDS * SAMPLE_RATE]
    audio = audio / audio.std() + 0.1 * rng.standard_normal(audio.shape)
    direction = source - centre - positions.mean(axis=0)
    return Clip(audio.astype(np.float32), MicrophoneArray(positions), direction / np.linalg.norm(direction))


def ours(estimator: CovarianceEstimator) -> Contender:
    """One of anydoa; its call makes the tables itself."""

    def prepare(array: MicrophoneArray) -> Estimate:
        return lambda audio: estimator.summary_spectrum(audio, array, GRID).values[0]

    return Contender(f"anydoa {estimator.name}", prepare)


def theirs(name: str, method: type[pra.doa.DOA], num_sources: int, bins: range) -> Contender:
    """One of pyroomacoustics, on our directions, windows and bins."""

    def prepare(array: MicrophoneArray) -> Estimate:
        window = hann_window(512)
        # Given azimuth and colatitude, the constructor takes their product: a list goes in as a grid.
        estimator = method(array.positions.T, SAMPLE_RATE, 512, num_src=num_sources, n_grid=4, dim=3)
        estimator.grid = pra.doa.GridSphere(cartesian_points=GRID.directions.T)
        estimator.mode_vec = pra.doa.ModeVector(
            array.positions.T, SAMPLE_RATE, 512, estimator.c, estimator.grid
        )

        def estimate(audio: np.ndarray) -> np.ndarray:
            spectra = short_time_spectra(audio, window, 256).swapaxes(1, 2)
            estimator.locate_sources(spectra, num_src=num_sources, freq_bins=bins)
            return estimator.grid.values

        return estimate

    return Contender(f"pyroomacoustics {name}", prepare)


def errors_deg(contender: Contender, clips: list[Clip]) -> np.ndarray:
    """Error on the grid and error after refinement, a row each."""
    errors = []
    for clip in clips:
        values = contender.prepare(clip.array)(clip.audio)
        refined = find_peaks(values, GRID, num_sources=1)[0].direction
        found = np.stack([GRID.directions[values.argmax()], refined])
        errors.append(great_circle_distance_deg(found, clip.direction))
    return np.array(errors).T


def median_seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """Median wall time of some calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def times_s(contender: Contender, clip: Clip) -> tuple[float, float]:
    """Seconds for one estimate, cold and warm."""
    estimate = contender.prepare(clip.array)
    return (
        median_seconds(lambda: contender.prepare(clip.array)(clip.audio)),
        median_seconds(lambda: estimate(clip.audio)),
    )


def compare(our_estimator: CovarianceEstimator, rivals: list[Contender], clips: list[Clip]) -> list[Row]:
    """Print a table and how many times faster ours is; the same as rows of a record."""
    print(f"{'':32}  on the grid, deg    refined, deg        time, ms")
    print(f"{'':32}    mean  median      mean  median      cold     warm")
    times: list[tuple[float, float]] = []
    rows: list[Row] = []
    for contender in [ours(our_estimator), *rivals]:
        times.append(times_s(contender, clips[0]))
        apart = errors_deg(contender, clips)
        rows.append(record_row(contender.name, apart, times[-1]))
        errors = "  ".join(f"{row.mean():8.2f}{np.median(row):8.2f}" for row in apart)
        print(f"{contender.name:32}{errors}  {1e3 * times[-1][0]:8.1f} {1e3 * times[-1][1]:8.1f}")
    for rival, (cold, warm) in zip(rivals, times[1:], strict=True):
        print(
            f"than {rival.name}: {cold / times[0][0]:.1f} times faster cold to cold, "
            f"{warm / times[0][0]:.1f} times our cold to their warm"
        )
    print()
    return rows


def record_row(name: str, apart: np.ndarray, seconds: tuple[float, float]) -> Row:
    """Errors on the grid and after refinement, and times, of one contender."""
    row: dict[str, str | int | float | bool | None] = {"method": name, "clips": apart.shape[1]}
    for kind, of_kind in zip(("grid", "refined"), apart, strict=True):
        row |= {f"{kind}_mean_deg": float(of_kind.mean()), f"{kind}_median_deg": float(np.median(of_kind))}
    return row | {"cold_ms": 1e3 * seconds[0], "warm_ms": 1e3 * seconds[1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="8 clips instead of 40")
    add_record_option(parser)
    options = parser.parse_args()
    recording, num_clips = BenchmarkRecord(options.record, seed=SEED), 8 if options.quick else 40
    pra.constants.set("rir_hpf_enable", False)
    rng = np.random.default_rng(SEED)
    with threadpool_limits(1):
        clips = [make_clip(rng) for _ in range(num_clips)]
        srp, music = SrpPhat(), Music()
        print(
            f"{num_clips} clips of {SECONDS} s, {NUM_MICROPHONES} microphones, "
            f"{len(GRID)} directions, one thread\n"
        )
        rows = compare(srp, [theirs("SRP", pra.doa.SRP, 1, srp.bins)], clips)
        norm_music = [
            theirs(f"NormMUSIC, rank {count}", pra.doa.NormMUSIC, count, music.bins) for count in (2, 1)
        ]
        rows += compare(music, norm_music, clips)
    recording.keep(rows)


if __name__ == "__main__":
    main()
