"""What the networks of the paper's comparison cost: multiply-adds, parameters, time and memory.

    python benchmarks/paper_cost.py            # some minutes; writes results/paper/cost.json
    python benchmarks/paper_cost.py --counts   # multiply-adds alone, exact on any machine; writes nothing

Multiply-adds are counted as they are executed, by torch's own counter: matrix products and convolutions of
whole networks with a hop of 256 samples, without element-wise work. Gridnet depends on the grid alone and is
counted by itself, for it is computed once. Attention is counted as products, though up to 16 pairs it is
summed element by element, which the counter does not see. The exponent is the slope of a line through the
logarithms of microphones and of multiply-adds. Times are medians on one thread, memory is the peak above what
the process had before.
"""

import argparse
import ctypes
import statistics
import sys
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from network import resident_mb
from threadpoolctl import threadpool_limits
from torch.utils.flop_counter import FlopCounterMode

from anydoa.evaluation.record import Measurement, write_record
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks import AggRl
from anydoa.networks.layers import dual_path
from anydoa.training import load_config

ROOT = Path(__file__).parents[1]
NETWORKS = (
    "ablations/full",
    "peers/gi-doaenet-fm",
    "peers/gi-doaenet-agg-rl",
    "peers/neural-srp",
    "peers/neural-srp-agg-rl",
    "peers/u-net",
    "peers/u-net-agg-rl",
)
MICROPHONES, DIRECTIONS = (4, 8, 16, 32), (512, 2048, 8192)
HELD, MIDDLE = 8, 2048  # microphones while directions change, and directions while microphones change
SECONDS, SAMPLE_RATE = 1.0, 16_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counts", action="store_true", help="measure neither time nor memory")
    parser.add_argument("--turns", type=int, default=3, help="runs whose median is the time")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--record", type=Path, help="file to write; default: only if all is measured")
    options = parser.parse_args()
    torch.set_num_threads(1)
    measurement = Measurement(["python", "benchmarks/paper_cost.py", *sys.argv[1:]])
    rows = []
    with threadpool_limits(1):
        for name in options.networks:
            rows += rows_of(name, options)
            shown = [row for row in rows if row["network"] == Path(name).name]
            print(Path(name).name, *(f"{row['multiply_adds_per_s'] / 1e9:.3f}" for row in shown), flush=True)
    is_whole = not options.counts and options.networks == list(NETWORKS)
    record = options.record or (ROOT / "results" / "paper" / "cost.json" if is_whole else None)
    if record is not None:
        record.parent.mkdir(parents=True, exist_ok=True)
        write_record(record, measurement.record(rows))


def make_network(name: str) -> AggRl:
    torch.manual_seed(0)
    network = AggRl(load_config(ROOT / "configs" / f"{name}.toml").model).eval()
    network.augeonet.transform.freeze_()
    return network


def rows_of(name: str, options: argparse.Namespace) -> list[dict[str, object]]:
    """A row for each number of microphones, then one for each number of directions."""
    network = make_network(name)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    points = [(mics, MIDDLE) for mics in MICROPHONES]
    points += [(HELD, count) for count in DIRECTIONS if count != MIDDLE]
    rows: list[dict[str, object]] = []
    for mics, directions in points:
        of_grid, of_sound = count(network, mics, directions)
        row: dict[str, object] = {
            "network": Path(name).name,
            "parameters": parameters,
            "microphones": mics,
            "directions": directions,
            "multiply_adds_per_s": of_sound,
            "multiply_adds_of_grid": of_grid,
        }
        if not options.counts:
            row["real_time_factor"], row["peak_mb"] = measure(network, mics, directions, options.turns)
        rows.append(row)
    counts = [float(row["multiply_adds_per_s"]) for row in rows[: len(MICROPHONES)]]
    exponent, last = exponents(counts)
    return [{**row, "exponent_of_microphones": exponent, "exponent_16_to_32": last} for row in rows]


def exponents(counts: list[float]) -> tuple[float, float]:
    """How cost grows with microphones, over all of them and from the last but one to the last."""
    slope = np.polyfit(np.log(MICROPHONES), np.log(counts), 1)[0]
    return float(slope), float(np.log2(counts[-1] / counts[-2]))


def inputs(mics: int, directions: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(mics)
    audio = torch.randn(1, mics, round(SECONDS * SAMPLE_RATE), generator=generator)
    grid = torch.from_numpy(fibonacci_grid(directions).directions.astype(np.float32))
    return audio, 0.05 * torch.randn(1, mics, 3, generator=generator), grid


@torch.no_grad()
def count(network: AggRl, mics: int, directions: int) -> tuple[int, int]:
    """Multiply-adds of the grid, once, and of a second of sound; every frame costs the same."""
    audio, positions, grid = inputs(mics, directions)
    config = network.config
    audio = audio[..., : config.window_length + 3 * config.hop_length]
    with FlopCounterMode(display=False) as of_grid:
        kept = network.grid_representation(grid)[-1:]
    with patch.object(dual_path, "MAX_BULK_PAIRS", 0), FlopCounterMode(display=False) as of_sound:
        frames = network.combine(network.represent(audio, positions)[:, -1:], kept).shape[-1]
    # Torch counts two operations a multiply-add.
    of_frame = of_sound.get_total_flops() / 2 / frames
    return of_grid.get_total_flops() // 2, round(of_frame * config.sample_rate / config.hop_length)


@torch.no_grad()
def run_once(network: AggRl, mics: int, directions: int) -> tuple[float, float]:
    """Seconds of processor time for a second of sound, and megabytes at the peak above those before."""
    audio, positions, grid = inputs(mics, directions)
    kept = network.grid_representation(grid)[-1:]
    ctypes.CDLL(None).malloc_trim(0)  # what was taken and freed before would hide what this takes
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of loading
    before = resident_mb("VmRSS")
    began = time.process_time()
    torch.sigmoid(network.combine(network.represent(audio, positions)[:, -1:], kept))
    return time.process_time() - began, resident_mb("VmHWM") - before


def measure(network: AggRl, mics: int, directions: int, turns: int) -> tuple[float, float]:
    """Real-time factor and megabytes at the peak, medians after one run to warm up."""
    run_once(network, mics, directions)
    seconds, peaks_mb = zip(*(run_once(network, mics, directions) for _ in range(turns)), strict=True)
    return statistics.median(seconds) / SECONDS, statistics.median(peaks_mb)


if __name__ == "__main__":
    main()
