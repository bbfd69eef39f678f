"""How errors grow where sound gets harder, for every bundled estimator: one thing changed at a time.

    python benchmarks/robustness.py --speech DIR [--noise DIR]   # 100 clips a point, hours
    python benchmarks/robustness.py --speech DIR --clips 10 --only snr rt60
    python benchmarks/robustness.py --draw                       # the picture alone

One talker 1.5 m away in rooms of 6 x 6 x 3 to 10 x 8 x 6 m, RT60 0.5 s, SNR 15 dB, 8 microphones scattered in
a ball 10 cm wide; each factor leaves all else as it is. Clip i has the same room, places, voice and noise at
every point of a factor, with these exceptions: numbers of microphones draw others; places that do not fit the
room are drawn again, so that talkers 3 m away and more are elsewhere in some clips, and nearer the horizon,
and arrays 120 cm wide stand elsewhere. At 1.5 m the waves are curved for arrays 60 cm wide and wider.
Frames are judged by their past alone. Every point is written down when it is measured, so the same command
may be stopped and started until all is done; what was measured of other clips or weights is measured again.
One thread.

Silent microphones give zeros, and no estimator is told. Missing ones are gone from the array too; the truth
stays that of the whole array, whose centre is up to 2 cm away. Positions are off by a normal error of this
standard deviation in each coordinate.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from result_records import COLORS
from threadpoolctl import threadpool_limits

from anydoa.errors import AnydoaError
from anydoa.estimators import make_estimator
from anydoa.evaluation import Material, SuiteClip, score_clip
from anydoa.evaluation.record import Measurement, Record, Row, read_record, write_record
from anydoa.evaluation.report import report_rows
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.plotting import FAINT, INK, picture
from anydoa.simulation import sample_dynamic_array
from anydoa.simulation.mixing import SceneMixer
from anydoa.simulation.recipe import Mismatch, MixRecipe, RoomRanges
from anydoa.simulation.rooms import RoomPlan, SimulatedRooms
from anydoa.spectrum import SpectrumEstimator

ROOT = Path(__file__).parents[1]
SEED = 1907
GRID = fibonacci_grid(2048)
MEASURED = ("clips", "mae_deg", "mae_ci95", "acc10", "acc10_ci95", "recording_mae_deg", "recording_acc10")


@dataclass(frozen=True)
class Condition:
    """What a clip is like; the defaults are what stays while one factor changes."""

    snr: float = 15.0
    rt60: float = 0.5
    distance: float = 1.5
    microphones: int = 8
    aperture: float = 10.0
    misplaced: float = 0.0
    missing: int = 0
    silent: int = 0


@dataclass(frozen=True)
class Factor:
    """One curve: what changes, over which values, and its unit for the picture."""

    label: str
    values: tuple[float, ...]
    logarithmic: bool = False


FACTORS = {
    "snr": Factor("SNR, dB", (-10, -5, 0, 5, 10, 20, 30)),
    "rt60": Factor("RT60, s", (0.2, 0.4, 0.7, 1.0, 1.3, 2.0)),
    "distance": Factor("distance of the talker, m", (0.3, 0.6, 1.0, 2.0, 3.0, 4.0)),
    "microphones": Factor("microphones", (4, 6, 8, 12, 16, 32), logarithmic=True),
    "aperture": Factor("width of the array, cm, heard from 1.5 m", (2, 4, 10, 25, 60, 120), logarithmic=True),
    "misplaced": Factor("error of positions, mm", (0, 1, 2, 5, 10)),
    "missing": Factor("missing microphones of 8, told", (0, 1, 2, 4)),
    "silent": Factor("silent microphones of 8, not told", (0, 1, 2, 4)),
}
LEARNED = {
    "snr": (-5, 25),
    "rt60": (0.2, 1.3),
    "distance": (0.3, 2.5),
    "microphones": (4, 8),
    "aperture": (5, 60),
}
"""What all bundled networks have learned from."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speech", type=Path, help="folder of a corpus, whose test speakers are used")
    parser.add_argument(
        "--noise", type=Path, help="folder of noise; if left out that beside the speech, or made from it"
    )
    parser.add_argument("--clips", type=int, default=100, help="of each point")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a clip")
    parser.add_argument("--only", nargs="+", choices=FACTORS, default=list(FACTORS))
    parser.add_argument("--estimators", nargs="+", default=list(COLORS))
    parser.add_argument("--record", type=Path, default=ROOT / "results" / "paper" / "robustness.json")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "images" / "paper_robustness.png")
    parser.add_argument("--draw", action="store_true", help="draw what has been measured, measure nothing")
    options = parser.parse_args()
    if not options.draw:
        if options.speech is None:
            parser.error("--speech is missing; give a folder of speech, or --draw")
        measure(options)
    draw(list(read_record(options.record).rows), options.picture)


def measure(options: argparse.Namespace) -> None:
    """Every point that has no rows of the same clips and weights yet; the record is written after each."""
    measurement = Measurement(["python", "benchmarks/robustness.py", *sys.argv[1:]], seed=SEED)
    rows = rows_with_source(read_record(options.record)) if options.record.exists() else []
    estimators = {name: make_estimator(name) for name in dict.fromkeys(options.estimators)}
    material = Material(options.speech, options.noise)
    for factor in options.only:
        for value in FACTORS[factor].values:
            at = {"factor": factor, "value": value, "clips": options.clips, "clip_s": options.seconds}
            wanted = {
                name: one
                for name, one in estimators.items()
                if not is_measured({**at, **source_of(name, one, material)}, rows)
            }
            if not wanted:
                continue
            measured = measurement.record(rows_of(factor, value, wanted, material, options))
            new = rows_with_source(measured)
            anew = {(factor, value, name) for name in wanted}
            rows = [row for row in rows if (row["factor"], row["value"], row["estimator"]) not in anew] + new
            options.record.parent.mkdir(parents=True, exist_ok=True)
            write_record(options.record, measurement.record(rows))
            print(
                factor,
                value,
                *(f"{row['estimator']} {row['mae_deg']:.1f}" for row in new if row["mae_deg"] is not None),
                flush=True,
            )


def source_of(name: str, estimator: SpectrumEstimator, material: Material) -> dict[str, str]:
    """What tells rows of an estimator from those of other clips or weights."""
    return {
        "estimator": name,
        "clips_of": material.contents,
        "weights": getattr(estimator, "weights_hash", None) or "",
    }


def rows_with_source(record: Record) -> list[dict[str, object]]:
    """Rows of a record, each with the commit and day of its measurement."""
    return [{"commit": record.commit, "date": record.date, **row} for row in record.rows]


def is_measured(wanted: dict[str, object], rows: list[dict[str, object]]) -> bool:
    """Whether there is such a row."""
    return any(row.items() >= wanted.items() for row in rows)


def rows_of(
    factor: str,
    value: float,
    estimators: dict[str, SpectrumEstimator],
    material: Material,
    options: argparse.Namespace,
) -> list[dict[str, object]]:
    """One row an estimator; one that refuses the array has a row without figures, which says why."""
    whole = factor in ("microphones", "missing", "silent")
    condition = replace(Condition(), **{factor: int(value) if whole else float(value)})
    clips = list(draw_clips(condition, material, count=options.clips, seconds=options.seconds))
    rows = []
    for name, estimator in estimators.items():
        row = {"factor": factor, "value": value, "clip_s": options.seconds}
        row |= source_of(name, estimator, material)
        try:
            with threadpool_limits(1):
                scores = [score_clip(estimator, clip, GRID) for clip in clips]
        except AnydoaError as error:
            rows.append({**row, **dict.fromkeys(MEASURED), "clips": len(clips), "refused": str(error)})
            continue
        measured = asdict(report_rows(scores)[0])
        rows.append({**row, **{key: measured[key] for key in MEASURED}})
    return rows


def draw_clips(
    condition: Condition, material: Material, *, count: int, seconds: float
) -> Iterator[SuiteClip]:
    """Clips of one talker; clip i differs from clip i of another condition in the condition alone."""
    recipe = MixRecipe(
        snr_db=(condition.snr, condition.snr),
        point_to_sensor_db=(5.0, 5.0),
        min_activity=0.5,
        rotation="none",
        permute=False,
        mismatch=Mismatch(position_m=condition.misplaced / 1000),
    )
    ranges = RoomRanges(
        smallest=(6.0, 6.0, 3.0),
        rt60=(condition.rt60, condition.rt60),
        talker_distance=(condition.distance, condition.distance),
        array_margin=0.7,
    )
    for index in range(count):
        array = draw_array(condition, index)
        plan = RoomPlan(count, seed=SEED, num_talkers=1, num_noises=1, ranges=ranges, max_duration_s=2.0)
        rooms = SimulatedRooms(plan.with_array(array), range(index, index + 1))
        mixer = SceneMixer(
            rooms,
            material.speech_pool,
            material.noise_pool,
            seed=SEED,
            duration_s=seconds,
            max_talkers=1,
            recipe=recipe,
        )
        scene = mixer[index]
        told = MicrophoneArray(scene.positions, name=f"ball {index}")
        yield take_out(SuiteClip.from_scene(scene, told, name=str(index), suite="one talker"), condition)


def draw_array(condition: Condition, index: int) -> MicrophoneArray:
    """Microphones scattered in a ball, the farthest two as far apart as asked."""
    array = sample_dynamic_array(condition.microphones, np.random.default_rng([SEED, index]))
    positions = array.centred_positions * (condition.aperture / 100 / array.span)
    return MicrophoneArray(positions, name=array.name)


def take_out(clip: SuiteClip, condition: Condition) -> SuiteClip:
    """The clip without the last microphones, or with silence in their place."""
    kept = clip.array.num_microphones - condition.missing
    array = MicrophoneArray(clip.array.positions[:kept], name=clip.array.name)
    audio = clip.audio[:kept].copy()
    audio[kept - condition.silent :] = 0.0
    return replace(clip, array=array, audio=audio)


def clips_a_point(rows: Sequence[Row]) -> str:
    """How many clips points have, in words: one number, or the fewest and the most."""
    counts = sorted({int(str(row["clips"])) for row in rows})
    return " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))


def draw(rows: Sequence[Row], path: Path) -> None:
    """For each factor the mean error above the share within 10 degrees, with 95 % intervals."""
    columns, half = 4, len(FACTORS) // 4
    with picture(path, (15, 11), dpi=75) as figure:
        figure.suptitle(
            f"One thing changed at a time; {clips_a_point(rows)} clips a point, one talker", color=INK
        )
        panels = figure.subplots(2 * half, columns, sharey="row")
        for number, (name, factor) in enumerate(FACTORS.items()):
            line, column = divmod(number, columns)
            error, share = panels[2 * line, column], panels[2 * line + 1, column]
            for estimator, colour in COLORS.items():
                shown = [
                    row
                    for row in rows
                    if (row["factor"], row["estimator"]) == (name, estimator) and row["mae_deg"] is not None
                ]
                shown.sort(key=lambda row: row["value"])
                for axes, key, scale in ((error, "mae", 1), (share, "acc10", 100)):
                    middle = key if key == "acc10" else "mae_deg"
                    value, half_width = (
                        np.array([row[one] for row in shown], dtype=float) * scale
                        for one in (middle, f"{key}_ci95")
                    )
                    where = [row["value"] for row in shown]
                    axes.plot(where, value, "o-", color=colour, markersize=4, label=estimator)
                    axes.fill_between(
                        where, value - half_width, value + half_width, color=colour, alpha=0.12, lw=0
                    )
            for axes in (error, share):
                if name in LEARNED:
                    axes.axvspan(*LEARNED[name], color="#f2c14e", alpha=0.15, lw=0)
                if factor.logarithmic:
                    axes.set_xscale("log", base=2)
                    axes.set_xticks(factor.values, [f"{value:g}" for value in factor.values])
                axes.grid(color=FAINT, linewidth=0.5)
                axes.spines[["top", "right"]].set_visible(False)
            error.set_ylim(bottom=0)
            share.set_ylim(0, 102)
            share.set_xlabel(factor.label, color=INK)
        for line in range(half):
            panels[2 * line, 0].set_ylabel("mean error, degrees", color=INK)
            panels[2 * line + 1, 0].set_ylabel("within 10 degrees, %", color=INK)
        panels[0, 0].legend(frameon=False, fontsize=9)


if __name__ == "__main__":
    main()
