"""How well sounds other than speech are found, of kinds that no network was trained to find.

    python benchmarks/events.py --events DIR --speech DIR [--record results/events.json]

DIR of events: a corpus as `anydoa train --events` takes it, of which only the test part is used here: no
network has learned to find its kinds, though steered has heard some of them as noise. Random arrays of 4 to
12 microphones in the rooms of the suite dynamic-s, SNR 5 to 30 dB by noise from everywhere. A row for each
kind, one source a clip; then two sources of any two kinds; then talkers, one and two. Clips last 4 s, all
look-ahead is used, the number of sources is known for the error and the share within 10 degrees, and not
known for precision and recall. The last rows say how far the scores of every eighth clip are from the share
that is right.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from recording import BenchmarkRecord, add_record_option
from reliability import gather, mean_difference, tabulate
from threadpoolctl import threadpool_limits

from anydoa.estimators import make_estimator
from anydoa.evaluation import Material, SuiteClip, score_clip
from anydoa.evaluation.report import report_rows
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.simulation.corpus import Utterance, read_corpus
from anydoa.simulation.mixing import SceneMixer
from anydoa.simulation.pool import AudioPool, load_pool
from anydoa.simulation.recipe import MixRecipe
from anydoa.simulation.rooms import RoomPlan, SimulatedRooms
from anydoa.spectrum import SpectrumEstimator

SEED = 1877
CLIP_S = 4.0
SCORED = 8  # of so many clips one is looked at once more, for its scores
ESTIMATORS = ("steered", "steered-any", "srp-phat")
MEASURED = (
    "clips", "mae_deg", "mae_ci95", "acc10", "acc10_ci95", "precision", "recall", "f1", "count_accuracy"
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--speech", type=Path, required=True, help="test speakers are used")
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument("--clips", type=int, default=12, help="of each kind; five times as many of the rest")
    parser.add_argument("--estimators", nargs="+", default=list(ESTIMATORS))
    add_record_option(parser)
    arguments = parser.parse_args()
    recording = BenchmarkRecord(arguments.record, seed=SEED)
    material = Material(arguments.speech)
    if arguments.cache is not None:
        material = replace(material, cache=arguments.cache)
    kinds = by_kind(read_corpus(arguments.events, "events").select("test"))
    pools = {kind: load_pool(clips, kind="events", cache=material.cache) for kind, clips in kinds.items()}
    every = load_pool(sum(kinds.values(), ()), kind="events", cache=material.cache)
    cases = [(kind, 1, pool, arguments.clips) for kind, pool in pools.items()]
    cases += [("two kinds", 2, every, 5 * arguments.clips)]
    cases += [("speech", count, None, 5 * arguments.clips) for count in (1, 2)]
    rows, heard = [], []
    for sound, count, events, clips in cases:
        scenes = list(draw_clips(material, events, sources=count, count=clips))
        heard += scenes[::SCORED]
        for name in arguments.estimators:
            rows.append({"sound": sound, "sources": count, "estimator": name, **measure(name, scenes)})
            print(rows[-1], flush=True)
    for name in arguments.estimators:
        if open_estimator(name).values_are_chances:
            difference = mean_difference(tabulate(*gather(heard, open_estimator(name))))
            rows.append({"sound": "all", "estimator": name, "score_error": difference})
            print(rows[-1], flush=True)
    recording.keep(rows)


def by_kind(utterances: tuple[Utterance, ...]) -> dict[str, tuple[Utterance, ...]]:
    """Recordings of each kind, by the last part of its name."""
    kinds = dict.fromkeys(sorted(one.group for one in utterances))
    return {kind.rpartition("/")[2]: tuple(u for u in utterances if u.group == kind) for kind in kinds}


def draw_clips(
    material: Material, events: AudioPool | None, *, sources: int, count: int
) -> Iterator[SuiteClip]:
    """Clips of as many sources; of events if there are any, else of talkers."""
    recipe = MixRecipe(
        min_talkers=sources,
        snr_db=(5.0, 30.0),
        isotropic_share=1.0,
        rotation="none",
        permute=False,
        event_share=1.0,
    )
    plan = RoomPlan(count, seed=SEED, num_talkers=sources, num_noises=1, microphones=(4, 12))
    for index in range(count):
        mixer = SceneMixer(
            SimulatedRooms(plan, range(index, index + 1)),
            material.speech_pool,
            material.noise_pool,
            seed=SEED,
            duration_s=CLIP_S,
            max_talkers=sources,
            recipe=recipe,
            events=events,
        )
        scene = mixer[index]
        array = MicrophoneArray(scene.positions, name=f"dynamic-s {index}")
        yield SuiteClip.from_scene(scene, array, name=str(index), suite="events")


def open_estimator(name: str) -> SpectrumEstimator:
    """An estimator with all look-ahead."""
    return make_estimator(name).with_look_ahead(float("inf"))


def measure(name: str, clips: list[SuiteClip]) -> dict[str, object]:
    """Figures of one estimator."""
    with threadpool_limits(1):
        scores = [score_clip(open_estimator(name), clip, fibonacci_grid(2048)) for clip in clips]
    measured = asdict(report_rows(scores)[0])
    return {key: measured[key] for key in MEASURED}


if __name__ == "__main__":
    main()
