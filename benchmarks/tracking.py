"""How well talkers are followed: identities, distances, latency and cost. Prints Markdown.

Each scene has two rows: causal, as a Tracker shows talkers while they are heard, and smoothed, as a
TalkerTracker tells them when the recording is over.

    python benchmarks/tracking.py           # 20 rooms an array, 40 scenes of peaks a row
    python benchmarks/tracking.py --quick   # 2 rooms an array, 5 scenes of peaks a row
    python benchmarks/tracking.py --rooms 200 --first-room 1100   # others
    python benchmarks/tracking.py --rooms 0 --scenes 8   # peaks alone
    python benchmarks/tracking.py --noise 7   # believe peaks more than recordings do, or less

Rooms: two talkers walk past each other for 20 s around an array, or stand, RT60 0.3 s, SNR 20 dB; each
estimator finds its peaks in them. Scenes of peaks: peaks drawn at random around talkers who stand, walk and
stop, or pass each other, and around nobody. Both are made in tests/unit/tracking. A talker counts from its
first word on.
"""

import argparse
import math
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from free_field import random_array
from recording import BenchmarkRecord, add_record_option
from threadpoolctl import threadpool_limits

from anydoa.estimators import SrpPhat, make_estimator
from anydoa.evaluation.record import Row
from anydoa.geometry.coordinates import normalize_direction
from anydoa.io import load_array
from anydoa.metrics.tracking import CUTOFF_DEG, TrackCounts, count_tracks, gospa, ospa_deg
from anydoa.tracking import TalkerTracker, Tracker, TrackerOptions

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the scenes are those of the tests
from unit.tracking.crossing_scenes import crossing_scene, standing_scene
from unit.tracking.peak_scenes import KINDS, PeakScene, peak_scene

FRAME_RATES = (10, 30)
WAYS = ("causal", "smoothed")
Shown = list[tuple[int, np.ndarray]]  # identity and direction of each talker of a frame


@dataclass(frozen=True, eq=False)
class Followed:
    """What was made of one scene, one way.

    Args:
        counts: identities.
        gospa_deg: mean over frames.
        ospa_deg: mean over frames.
        delays_s: from the first peak near each talker to the first track near it; none if never.
        update_us: mean processor time for a frame, in microseconds.
    """

    counts: TrackCounts
    gospa_deg: float
    ospa_deg: float
    delays_s: list[float]
    update_us: float


def causal(scene: PeakScene, options: TrackerOptions) -> list[Shown]:
    """Talkers as they are shown while they are heard."""
    tracker = Tracker(options)
    frames = zip(scene.times_s, scene.sources, strict=True)
    shown = (tracker.update(float(time_s), sources) for time_s, sources in frames)
    return [[(track.id, track.direction) for track in tracks] for tracks in shown]


def smoothed(scene: PeakScene, options: TrackerOptions) -> list[Shown]:
    """Talkers from their first sound to their last, pauses included, as is told in the end."""
    tracker = TalkerTracker(float(np.median(np.diff(scene.times_s))), options)
    for time_s, sources in zip(scene.times_s, scene.sources, strict=True):
        tracker.update(float(time_s), sources)
    talkers = tracker.talkers()
    paths = [talker.path.at(scene.times_s) for talker in talkers]
    return [
        [
            (talker.id, path[frame])
            for talker, path in zip(talkers, paths, strict=True)
            if talker.begin_s <= time_s <= talker.end_s
        ]
        for frame, time_s in enumerate(scene.times_s)
    ]


def follow_both(
    scene: PeakScene, options: TrackerOptions | None = None, *, flat: bool = False
) -> dict[str, Followed]:
    """Follow the peaks of a scene both ways; for a flat array only azimuths are scored.

    Near its plane a flat array hardly tells elevations: that is no matter of tracking.
    """
    followed = {}
    for way, show in zip(WAYS, (causal, smoothed), strict=True):
        start = time.process_time()
        shown = show(scene, options or TrackerOptions())
        spent_s = time.process_time() - start
        followed[way] = score(scene, shown, 1e6 * spent_s / len(shown), flat=flat)
    return followed


def score(scene: PeakScene, shown: list[Shown], update_us: float, *, flat: bool) -> Followed:
    """Compare what was shown with the truth."""
    present = np.maximum.accumulate(scene.speaking, axis=0)
    seen = on_horizon if flat else np.asarray
    truth = seen(scene.truth)
    directions = [seen(stack(direction for _, direction in frame)) for frame in shown]
    peaks = [seen(stack(source.direction for source in frame)) for frame in scene.sources]
    ids = [np.array([name for name, _ in frame], dtype=np.int64) for frame in shown]
    pairs = [(truth[frame, present[frame]], directions[frame]) for frame in range(0, len(shown), 4)]
    delays = [confirmation_s(scene.times_s, path, peaks, directions) for path in truth.swapaxes(0, 1)]
    return Followed(
        counts=count_tracks(ids, directions, truth, present, duration_s=scene.duration_s),
        gospa_deg=float(np.mean([gospa(*pair).total_deg for pair in pairs])),
        ospa_deg=float(np.mean([ospa_deg(*pair) for pair in pairs])),
        delays_s=[delay for delay in delays if delay is not None],
        update_us=update_us,
    )


def confirmation_s(
    times_s: np.ndarray, path: np.ndarray, peaks: list[np.ndarray], tracks: list[np.ndarray]
) -> float | None:
    """Seconds from the first peak near a talker to the first track near it, if there are both."""
    heard, shown = first_near(path, peaks), first_near(path, tracks)
    return None if heard is None or shown is None else float(times_s[shown] - times_s[heard])


def first_near(path: np.ndarray, frames: list[np.ndarray]) -> int | None:
    """The first frame in which one of the directions is near the path."""
    least = np.cos(np.deg2rad(CUTOFF_DEG))
    near = (index for index, found in enumerate(frames) if (found @ path[index] >= least).any())
    return next(near, None)


def stack(directions: Iterable[np.ndarray]) -> np.ndarray:
    """Directions as rows, maybe none."""
    return np.array(list(directions)).reshape(-1, 3)


def on_horizon(directions: np.ndarray) -> np.ndarray:
    """The same azimuths at elevation 0."""
    return normalize_direction(directions * [1.0, 1.0, 0.0])


def row(name: str, followed: list[Followed]) -> Row:
    """One row of a record."""
    counts = sum((one.counts for one in followed), TrackCounts())
    delays_s = [delay for one in followed for delay in one.delays_s]
    return {
        "scenes": name,
        "number": len(followed),
        "switches": counts.switches,
        "false_tracks_a_minute": counts.false_tracks_a_minute,
        "missed_share": counts.missed_share,
        "gospa_deg": float(np.mean([one.gospa_deg for one in followed])),
        "ospa_deg": float(np.mean([one.ospa_deg for one in followed])),
        "shown_after_s": float(np.median(delays_s)) if delays_s else math.nan,
        "update_us": float(np.median([one.update_us for one in followed])),
    }


def print_row(name: str, followed: list[Followed]) -> Row:
    """Print one line of the table; the same as a row of a record."""
    found = row(name, followed)
    digits = (0, 0, 2, 1, 1, 1, 2, 0)
    cells = [100 * value if key == "missed_share" else value for key, value in list(found.items())[1:]]
    texts = [f"{cell:.{count}f}" for cell, count in zip(cells, digits, strict=True)]
    print(f"| {name} | {' | '.join(texts).replace('nan', '-')} |", flush=True)
    return found


def print_rooms(seeds: range, noise: dict[str, float]) -> list[Row]:
    """Talkers in rooms of these seeds, for each array and estimator; each is simulated once an array."""
    rows: list[Row] = []
    if not seeds:
        return rows
    estimators = {
        "srp-phat, 10 a second": SrpPhat(),
        "srp-phat, 31 a second": SrpPhat(frames_per_output=2),
        "steered, 10 a second": make_estimator("steered"),
        "steered with look-ahead, 10 a second": make_estimator("steered").with_look_ahead(math.inf),
    }
    random = random_array(np.random.default_rng(5), 8, radius=0.06).replace(name="8 at random")
    for kind, make_scene in (("crossing", crossing_scene), ("standing", standing_scene)):
        for array, flat in ((load_array("respeaker-6"), True), (random, False)):
            followed: dict[str, list[Followed]] = {
                f"{name}, {way}": [] for name in estimators for way in WAYS
            }
            for seed in seeds:
                scene = make_scene(seed, array)
                for name, estimator in estimators.items():
                    options = TrackerOptions(least_score=estimator.threshold, **noise)
                    both = follow_both(scene.peaks(array, estimator), options, flat=flat)
                    for way, one in both.items():
                        followed[f"{name}, {way}"].append(one)
            for name, results in followed.items():
                rows.append(print_row(f"{kind} in rooms, {array.name}, {name}", results))
    return rows


def print_peaks(num_scenes: int, noise: dict[str, float]) -> list[Row]:
    """Scenes of peaks, for each kind and frame rate."""
    rows: list[Row] = []
    for kind in KINDS:
        for rate in FRAME_RATES:
            scenes = (peak_scene(seed, kind, frames_a_second=rate) for seed in range(num_scenes))
            followed = [follow_both(scene, TrackerOptions(**noise)) for scene in scenes]
            for way in WAYS:
                name = f"peaks, {kind}, {rate} a second, {way}"
                rows.append(print_row(name, [one[way] for one in followed]))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 rooms an array and 5 scenes of peaks a row")
    parser.add_argument("--rooms", type=int, help="rooms an array; 20 if neither this nor --quick is given")
    parser.add_argument("--first-room", type=int, default=0, help="seed of the first of them")
    parser.add_argument("--scenes", type=int, help="scenes of peaks a row; 40 if neither this nor --quick")
    parser.add_argument("--noise", type=float, help="noise_deg of both ways; if not given, the defaults")
    add_record_option(parser)
    args = parser.parse_args()
    recording = BenchmarkRecord(args.record)
    num_rooms = args.rooms if args.rooms is not None else (2 if args.quick else 20)
    num_scenes = args.scenes if args.scenes is not None else (5 if args.quick else 40)
    noise = {} if args.noise is None else {"noise_deg": args.noise, "recording_noise_deg": args.noise}
    print(
        "| scenes | number | switches | false tracks a minute | missed % | GOSPA ° | OSPA ° "
        "| shown after s | µs a frame |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    with threadpool_limits(1):
        rows = print_rooms(range(args.first_room, args.first_room + num_rooms), noise)
        rows += print_peaks(num_scenes, noise)
    recording.keep(rows)


if __name__ == "__main__":
    main()
