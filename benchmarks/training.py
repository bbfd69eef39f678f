"""Clips a second that one training step of AGG-RL takes in: grid, forward, loss, backward, optimiser.

    python benchmarks/training.py [--threads 1] [--microphones 6] [--batch 16] [--hop 256]
    python benchmarks/training.py --plane-waves                  # with PlaneWaveNet, as the bundled network
    python benchmarks/training.py --plane-waves --plane-wave-bins 5    # half as many bins, as its first hours
    python benchmarks/training.py --plane-waves --learns plane-waves   # only that learns
    python benchmarks/training.py --config configs/peers/u-net.toml    # the network of a configuration
    python benchmarks/training.py --precision bf16              # where the processor multiplies bfloat16 fast
    python benchmarks/training.py --plane-waves --give-back            # freed memory goes back to the system
    python benchmarks/training.py --profile                      # where the time goes, by kind of operator

The batch is noise made beforehand; what mixing scenes costs is not in the figure. The machine should be idle.
"""

import argparse
import statistics
import time
from collections import Counter

import numpy as np
import torch
from recording import BenchmarkRecord, add_record_option
from torch.profiler import ProfilerActivity, profile

from anydoa.memory import TRAINING_STEP, keep_freed_memory
from anydoa.networks import AggRl, AggRlConfig
from anydoa.training import load_config
from anydoa.training.agg_rl import AggRlLoss, AudioBatch, BatchAmbiguity, ClipShape, GridOptions, GridSampler

REPETITIONS = 5
PRODUCTS = {"mm", "addmm", "bmm", "baddbmm"}
BEAMWIDTHS_DEG = (20.0, 12.0, 8.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("threads", 1), ("microphones", 6), ("batch", 16), ("hop", 256)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--plane-waves", action="store_true", help="with PlaneWaveNet")
    parser.add_argument("--plane-wave-bins", type=int, default=10, help="in each band")
    parser.add_argument("--learns", choices=("all", "plane-waves"), default="all")
    parser.add_argument("--config", default="", help="configuration whose network is trained, on its grid")
    parser.add_argument("--precision", choices=("no", "bf16"), default="no")
    parser.add_argument("--give-back", action="store_true", help="freed memory, which `anydoa train` keeps")
    parser.add_argument("--profile", action="store_true", help="print shares of operators, too")
    add_record_option(parser)
    arguments = parser.parse_args()
    if arguments.config and (arguments.plane_waves or arguments.hop != parser.get_default("hop")):
        parser.error("--config says what the network is; leave out --hop and --plane-waves")
    if arguments.learns == "plane-waves" and not arguments.plane_waves:
        parser.error("--learns plane-waves needs --plane-waves")
    recording = BenchmarkRecord(arguments.record, seed=0)
    if not arguments.give_back:
        keep_freed_memory(TRAINING_STEP)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    grid = GridOptions(even=192, near=192, near_spread_deg=10.0)
    if arguments.config:
        chosen = load_config(arguments.config)
        config, grid = chosen.model, chosen.grid
    else:
        config = AggRlConfig(
            hop_length=arguments.hop,
            plane_waves=arguments.plane_waves,
            plane_wave_bins=arguments.plane_wave_bins,
        )
    network = AggRl(config)
    if arguments.learns == "plane-waves":
        network.learn_plane_waves_only_()
    counts = (arguments.microphones, arguments.microphones)
    batch = make_batch(ClipShape(network.config, arguments.batch, 1.0, counts))
    parts = measure(network, batch, grid, low=arguments.precision == "bf16")
    total = sum(parts.values())
    print(f"{arguments.batch} clips of 1 s, {arguments.microphones} microphones, {arguments.threads} threads")
    for name, seconds in parts.items():
        print(f"  {name:<9} {1000 * seconds:6.0f} ms")
    print(f"  {arguments.batch / total:.1f} clips/s")
    taken = {f"{name}_ms": 1000 * seconds for name, seconds in parts.items()}
    rate = {"clips_per_second": arguments.batch / total}
    recording.keep([{"network": name_of(arguments), **rate, **taken}])
    if arguments.profile:
        print_profile(network, batch)


def name_of(arguments: argparse.Namespace) -> str:
    """What learns, in words."""
    if arguments.config:
        return str(arguments.config)
    if arguments.learns == "plane-waves":
        return "only PlaneWaveNet learns"
    if not arguments.plane_waves:
        return "without PlaneWaveNet"
    return "with PlaneWaveNet" + (", half the bins" if arguments.plane_wave_bins == 5 else "")


def make_batch(shape: ClipShape) -> AudioBatch:
    size, mics = shape.batch_size, shape.microphones[0]
    sources = torch.nn.functional.normalize(torch.randn(size, 2, 1, 3), dim=-1)
    active = torch.ones(size, 2, shape.num_frames, dtype=torch.bool)
    positions = 0.05 * torch.randn(size, mics, 3)
    audio = torch.randn(size, mics, shape.num_samples)
    return AudioBatch(positions, sources, active, BatchAmbiguity.of(positions), audio)


def measure(network: AggRl, batch: AudioBatch, grid: GridOptions, *, low: bool) -> dict[str, float]:
    """Median seconds of each part of a step, after one step to warm up."""
    supervision = AggRlLoss(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, fused=True)
    sampler = GridSampler(grid)
    taken: dict[str, list[float]] = {"forward": [], "backward": [], "optimiser": []}
    for step in range(REPETITIONS + 1):
        marks = [time.perf_counter()]
        directions = sampler.draw(batch.talkers.double().numpy(), np.random.default_rng(step))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=low):
            loss = supervision(batch, torch.from_numpy(directions), BEAMWIDTHS_DEG)
        marks.append(time.perf_counter())
        loss.backward()
        marks.append(time.perf_counter())
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        network.project_()
        marks.append(time.perf_counter())
        if step:
            for name, seconds in zip(taken, np.diff(marks), strict=True):
                taken[name].append(float(seconds))
    return {name: statistics.median(values) for name, values in taken.items()}


def print_profile(network: AggRl, batch: AudioBatch) -> None:
    """Share of the processor time of a step that each kind of operator takes by itself."""
    supervision = AggRlLoss(network)
    directions = torch.nn.functional.normalize(torch.randn(384, 3), dim=-1)
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        supervision(batch, directions, BEAMWIDTHS_DEG).backward()
    taken = Counter[str]()
    for event in profiler.key_averages():
        name = event.key.removeprefix("aten::").rstrip("_")
        taken["matrix products" if name in PRODUCTS else name] += event.self_cpu_time_total
    for name, microseconds in taken.most_common(10):
        print(f"  {name:<20} {microseconds / taken.total():.1%}")


if __name__ == "__main__":
    main()
