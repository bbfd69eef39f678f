"""Time and memory of AGG-RL: plain torch modules, this package's torch, this package's ONNX; one run, ratios.

On one thread seconds are the processor's, which other programs disturb less; on more they are the clock's.

python benchmarks/network.py [--quick] [--threads 1 2] [--record FILE] [--plot FILE]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from recording import BenchmarkRecord, add_record_option
from threadpoolctl import threadpool_limits

SECONDS, SAMPLE_RATE, NUM_DIRECTIONS = 4.0, 16_000, 2048
COUNTS = (4, 8, 16, 32)
PATHS = ("plain", "torch", "onnx")


def main() -> None:
    arguments = parse_arguments()
    recording = BenchmarkRecord(arguments.record)
    if arguments.memory:
        print(peak_memory(*arguments.memory, folder=arguments.folder))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export_random_model(folder)
        rows = []
        print(
            f"{SECONDS:g} s, {NUM_DIRECTIONS} directions, hop 128; speed-up against plain, medians of pairs\n"
        )
        print("threads  mics  path     seconds  speed-up  memory MB")
        for threads in arguments.threads:
            with threadpool_limits(threads):
                rows += compare(threads, folder, quick=arguments.quick)
        with threadpool_limits(1):
            rows += [stream_row(folder)]
            print_row(rows[-1])
            growth = measure_growth(folder, quick=arguments.quick)
    print("\ncost against microphones (2048 directions) and directions (8 microphones), ONNX, 1 thread:")
    for row in growth:
        print(
            f"  {row['microphones']:3d} microphones {row['directions']:5d} directions {row['seconds']:.3f} s"
        )
    recording.keep(rows + [{"path": "growth", **row} for row in growth])
    if arguments.plot:
        draw_growth(growth, arguments.plot)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 repetitions, 4 and 8 microphones")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    add_record_option(parser)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def make_model():
    import torch

    from anydoa.networks import AggRl

    torch.manual_seed(0)
    return AggRl().eval()


def export_random_model(folder: Path) -> None:
    """The network of the paper with random weights; the cost does not depend on them."""
    from anydoa.estimators.model import ModelCard, TrainedRange
    from anydoa.export import export_agg_rl

    model = make_model()
    covered = TrainedRange((2, 128), (0.005, 5.0), (0.0, 2.0), (-20.0, 60.0), (1, 2))
    card = ModelCard("random", "agg-rl", "random weights", "MIT", model.config.to_dict(), covered)
    export_agg_rl(model, card, folder)


def inputs(num_mics: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(num_mics)
    audio = rng.standard_normal((num_mics, int(SECONDS * SAMPLE_RATE))).astype(np.float32)
    return audio, rng.uniform(-0.1, 0.1, (num_mics, 3))


def make_call(
    path: str, num_mics: int, folder: Path, threads: int, num_directions: int
) -> Callable[[], object]:
    """A function that turns four seconds into a spectrum at every frame of the network."""
    from anydoa.geometry import MicrophoneArray
    from anydoa.geometry.grid import fibonacci_grid

    audio, positions = inputs(num_mics)
    grid = fibonacci_grid(num_directions)
    if path == "onnx":
        from anydoa.estimators import AggRlEstimator
        from anydoa.estimators.model import ModelFolder

        estimator = AggRlEstimator(ModelFolder(folder), frames_per_output=1, num_threads=threads)
        array = MicrophoneArray(positions)
        return lambda: estimator.spectrum(audio, array, grid)
    import torch

    torch.set_num_threads(threads)
    batch, places = torch.from_numpy(audio)[None], torch.from_numpy(positions.astype(np.float32))[None]
    directions = torch.from_numpy(grid.directions.astype(np.float32))
    if path == "plain":
        from plain_agg_rl import PlainAggRl

        plain = PlainAggRl().eval()
        return torch.no_grad()(lambda: plain(batch, places, directions))

    model = make_model()
    model.augeonet.transform.freeze_()
    with torch.no_grad():
        kept = model.grid_representation(directions)[-1:]
    return torch.no_grad()(lambda: torch.sigmoid(model.combine(model.represent(batch, places)[:, -1:], kept)))


def compare(threads: int, folder: Path, *, quick: bool) -> list[dict[str, object]]:
    """Medians of repetitions, the three paths taking turns so that drift of the machine hits all alike."""
    clock = time.process_time if threads == 1 else time.perf_counter
    rows = []
    for num_mics in COUNTS[:2] if quick else COUNTS:
        calls = {path: make_call(path, num_mics, folder, threads, NUM_DIRECTIONS) for path in PATHS}
        for call in calls.values():
            call()
        taken: dict[str, list[float]] = {path: [] for path in PATHS}
        for _ in range(3 if quick else 5):
            for path, call in calls.items():
                start = clock()
                call()
                taken[path].append(clock() - start)
        median = {path: statistics.median(values) for path, values in taken.items()}
        for path in PATHS:
            ratios = [plain / ours for plain, ours in zip(taken["plain"], taken[path], strict=True)]
            rows.append(
                {
                    "threads": threads,
                    "microphones": num_mics,
                    "path": path,
                    "seconds": median[path],
                    "speed_up": statistics.median(ratios),
                    "peak_mb": measure_memory(path, num_mics, folder),
                }
            )
            print_row(rows[-1])
    return rows


def measure_memory(path: str, num_mics: int, folder: Path) -> float:
    """Peak resident memory of one call, in MB, above what a fresh process has once all is loaded; Linux."""
    command = [sys.executable, __file__, "--memory", path, str(num_mics), "--folder", str(folder)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def peak_memory(path: str, num_mics: str, *, folder: Path) -> float:
    call = make_call(path, int(num_mics), folder, 1, NUM_DIRECTIONS)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of loading
    before = resident_mb("VmRSS")
    call()
    return resident_mb("VmHWM") - before


def resident_mb(key: str) -> float:
    """Resident memory now (VmRSS) or at its peak (VmHWM), as Linux tells it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def stream_row(folder: Path) -> dict[str, object]:
    """Real-time factor of 20 s in chunks of 64 ms: 6 microphones, 2048 directions, hop 128, one thread."""
    from anydoa.estimators import AggRlEstimator
    from anydoa.estimators.model import ModelFolder
    from anydoa.geometry import MicrophoneArray
    from anydoa.geometry.grid import fibonacci_grid

    rng = np.random.default_rng(0)
    stream = AggRlEstimator(ModelFolder(folder)).stream(
        MicrophoneArray(rng.uniform(-0.05, 0.05, (6, 3))), fibonacci_grid(NUM_DIRECTIONS)
    )
    chunks = rng.standard_normal((320, 6, 1024)).astype(np.float32)
    factors = []
    for repetition in range(5):
        start = time.process_time()
        for chunk in chunks[repetition * 64 : repetition * 64 + 64]:
            stream.push(chunk)
        factors.append((time.process_time() - start) / (64 * 0.064))
    return {
        "threads": 1,
        "microphones": 6,
        "path": "stream of 64 ms",
        "real_time_factor": statistics.median(factors),
    }


def measure_growth(folder: Path, *, quick: bool) -> list[dict[str, float]]:
    sizes = [(count, NUM_DIRECTIONS) for count in ((4, 8) if quick else (2, 4, 8, 16, 32, 64))]
    sizes += [(8, count) for count in ((512, 1024) if quick else (256, 512, 1024, 4096, 8192))]
    rows = []
    for num_mics, num_directions in sizes:
        call = make_call("onnx", num_mics, folder, 1, num_directions)
        call()
        taken = []
        for _ in range(3):
            start = time.process_time()
            call()
            taken.append(time.process_time() - start)
        rows.append(
            {"microphones": num_mics, "directions": num_directions, "seconds": statistics.median(taken)}
        )
    return rows


def draw_growth(rows: list[dict[str, float]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    by_mics = [row for row in rows if row["directions"] == NUM_DIRECTIONS]
    by_grid = sorted((row for row in rows if row["microphones"] == 8), key=lambda row: row["directions"])
    left.plot([row["microphones"] for row in by_mics], [row["seconds"] for row in by_mics], "o-")
    left.set(xlabel="microphones (2048 directions)", ylabel="seconds for 4 s of audio")
    right.plot(
        [row["directions"] for row in by_grid], [row["seconds"] for row in by_grid], "o-", color="#b5482a"
    )
    right.set(xlabel="directions (8 microphones)")
    for axes in (left, right):
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.25)
    figure.savefig(path, dpi=130)


def print_row(row: dict[str, object]) -> None:
    if "seconds" in row:
        text = (
            f"{row['threads']:7}  {row['microphones']:4}  {row['path']:<7}  {row['seconds']:7.3f}"
            f"  {row['speed_up']:8.2f}  {row['peak_mb']:9.0f}"
        )
    else:
        text = f"{row['path']}, {row['microphones']} mics: real-time factor {row['real_time_factor']:.3f}"
    print(text, flush=True)


if __name__ == "__main__":
    main()
