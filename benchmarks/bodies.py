"""Steering vectors of bodies and patterns against those of points in free air. Prints Markdown.

    python benchmarks/bodies.py                       # 20 rooms an array, made voices, some minutes
    python benchmarks/bodies.py --rooms 4
    python benchmarks/bodies.py --head FILE.sofa      # a measured head, too, such as MIT's KEMAR
    python benchmarks/bodies.py --ball FILE.sofa      # a measured ball, such as DIRPAT's em32
    python benchmarks/bodies.py --speech DIR          # real speech, test speakers of a corpus

Rooms with one talker for 2 s, 20 dB above the noise of the microphones. Each recording is located twice: told
of the body, and told of points in free air. The error is that of the recording's direction, as far as the
points could tell it: of two ears the angle to their line, of microphones in a plane without its side. Whole
is the error of the direction itself, front and back included.

Bodies are: two ears of the measured head; hearing aids, two microphones at each ear, on a ball of a head's
size, whose responses are computed and written to a SOFA file; and the cardioids of AMBEO. One thread.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from clean import made_voices
from recording import BenchmarkRecord, add_record_option
from threadpoolctl import threadpool_limits

from anydoa.acoustics import sphere_response, sphere_wave_number, steering_vectors
from anydoa.estimators import make_estimator
from anydoa.evaluation import Material
from anydoa.evaluation.record import Row
from anydoa.geometry import MicrophoneArray, MicrophonePattern
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    direction_to_angles_deg,
    great_circle_distance,
    great_circle_distance_deg,
)
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io import load_array
from anydoa.localizer import Localizer
from anydoa.simulation.mixing import mix_in_new_rooms
from anydoa.simulation.pool import AudioPool
from anydoa.simulation.recipe import MixRecipe, RoomRanges
from anydoa.simulation.rooms import RoomPlan
from anydoa.simulation.scene import Scene

SECONDS = 2.0
SNR_DB = 20.0
GRID = fibonacci_grid(2048)
MEASURED_DIRECTIONS = 1000
SAMPLE_RATE = 48_000
TAPS = 256
HEAD_M = 0.0875
SEED = 2207


@dataclass(frozen=True, eq=False)
class Case:
    """An array told in several ways.

    Args:
        name: of the row.
        truth: array that hears in the simulation.
        told: arrays that estimators are told, by words for how.
    """

    name: str
    truth: MicrophoneArray
    told: dict[str, MicrophoneArray]

    @property
    def free(self) -> MicrophoneArray:
        """Points in free air."""
        return self.told["free air"]


def bare(array: MicrophoneArray) -> MicrophoneArray:
    """The same microphones as points in free air."""
    return array.replace(rigid_sphere_radius=None, steering=None, patterns=())


def write_sphere(ball: MicrophoneArray, path: Path) -> None:
    """Responses at the microphones of a rigid sphere as a SOFA file, as if they had been measured."""
    import sofar

    assert ball.rigid_sphere_radius is not None
    directions = fibonacci_grid(MEASURED_DIRECTIONS).directions
    frequencies = np.fft.rfftfreq(TAPS, 1 / SAMPLE_RATE)
    wave_number = sphere_wave_number(frequencies, ball.rigid_sphere_radius, ball.speed_of_sound)
    angles = great_circle_distance(directions[:, None], ball.positions)
    heard = sphere_response(wave_number, angles.ravel()).reshape(*angles.shape, -1)
    late = np.exp(-2j * np.pi * frequencies * TAPS / 4 / SAMPLE_RATE)
    content = sofar.Sofa("GeneralFIR")
    degrees = np.stack(direction_to_angles_deg(directions), axis=1)
    content.SourcePosition = np.column_stack([degrees, np.full(len(degrees), 2.0)])
    content.ReceiverPosition = ball.body_positions
    content.Data_IR, content.Data_SamplingRate = np.fft.irfft(heard * late, TAPS), SAMPLE_RATE
    content.Data_Delay = np.zeros((1, ball.num_microphones))
    sofar.write_sofa(str(path), content)


def hearing_aids(folder: Path) -> Case:
    """Two microphones 14 mm apart at each ear of a ball."""
    azimuths_deg = np.array([85.0, 95.0, -85.0, -95.0])
    ball = MicrophoneArray(
        HEAD_M * angles_deg_to_direction(azimuths_deg, np.zeros(4)), "aids", rigid_sphere_radius=HEAD_M
    )
    write_sphere(ball, folder / "aids.sofa")
    (folder / "aids.toml").write_text('steering = "aids.sofa"\n')
    measured = load_array(folder / "aids.toml")
    return Case(
        "hearing aids on a ball", ball, {"free air": bare(ball), "measured": measured, "sphere": ball}
    )


def measured_body(name: str, sofa: Path, folder: Path) -> Case:
    """Microphones of a measured head or ball; beside it a sphere of about its size."""
    (folder / "body.toml").write_text(f'steering = "{sofa.absolute().as_posix()}"\n')
    measured = load_array(folder / "body.toml")
    radius = float(np.linalg.norm(measured.positions, axis=1).mean())
    sphere = bare(measured).replace(rigid_sphere_radius=radius)
    return Case(name, measured, {"free air": bare(measured), "measured": measured, "sphere": sphere})


def ambeo() -> Case:
    """The cardioids of AMBEO."""
    points = bare(load_array("ambeo"))
    patterns = [MicrophonePattern.named("cardioid", tuple(axis)) for axis in points.positions.tolist()]
    cardioids = points.replace(patterns=patterns)
    return Case("cardioids of ambeo", cardioids, {"free air": points, "patterns": cardioids})


def steering_error(case: Case, told: MicrophoneArray) -> float:
    """Root mean square share of power in which told steering vectors miss true ones, 200 to 7600 Hz."""
    frequencies = np.arange(200.0, 7600.0, 100.0)
    directions = fibonacci_grid(500).directions
    vectors, true = (steering_vectors(directions, array, frequencies) for array in (told, case.truth))
    product = np.abs(np.sum(vectors * true.conj(), axis=2))
    sizes = np.linalg.norm(vectors, axis=2) * np.linalg.norm(true, axis=2)
    return float(np.sqrt(np.mean(1 - np.minimum(product / sizes, 1) ** 2)))


def scenes(case: Case, voices: AudioPool, num_rooms: int, rt60_s: float) -> Iterator[Scene]:
    """Recordings of the body, a new room each."""
    plan = RoomPlan(
        num_rooms=num_rooms,
        seed=SEED,
        num_talkers=1,
        num_noises=0,
        ranges=RoomRanges(rt60=(rt60_s, rt60_s)),
    ).with_array(case.truth)
    recipe = MixRecipe(
        min_talkers=1, snr_db=(SNR_DB, SNR_DB), rotation="none", permute=False, min_activity=0.5
    )
    return mix_in_new_rooms(plan, voices, None, duration_s=SECONDS, max_talkers=1, recipe=recipe)


def errors_deg(case: Case, localizer: Localizer, scene: Scene) -> tuple[float, float]:
    """Error of the recording's direction, as far as points could tell it, and as it is."""
    found = localizer.locate(scene.audio, scene.sample_rate).directions
    if not found:
        return 90.0, 90.0
    direction, true = found[0].direction, scene.directions[0]
    fold = case.free.ambiguity.fold
    heard = great_circle_distance_deg(fold(np.asarray(direction)), fold(true))
    return float(heard), float(great_circle_distance_deg(np.asarray(direction), true))


def interval(values: np.ndarray) -> float:
    """Half of the mean's 95 % interval."""
    return float(1.96 * values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def case_rows(case: Case, clips: list[Scene], name: str, rt60_s: float) -> list[Row]:
    """One row for each way an estimator is told of the array."""
    rows: list[Row] = []
    untold: np.ndarray | None = None
    for steering, array in case.told.items():
        localizer = Localizer(array, GRID, make_estimator(name), 1)
        heard, whole = np.array([errors_deg(case, localizer, scene) for scene in clips]).T
        untold = heard if untold is None else untold
        gain = untold - heard
        rows.append(
            {
                "array": case.name,
                "rt60_s": rt60_s,
                "estimator": name,
                "steering": steering,
                "steering_error": round(steering_error(case, array), 3),
                "clips": len(clips),
                "mae_deg": round(float(heard.mean()), 2),
                "acc10": round(float((heard < 10).mean()), 3),
                "whole_mae_deg": round(float(whole.mean()), 2),
                "gain_deg": round(float(gain.mean()), 2),
                "gain_ci95": round(interval(gain), 2),
            }
        )
    return rows


def shown(row: Row) -> str:
    """One line of the table."""
    gain = f"{row['gain_deg']:.1f}±{row['gain_ci95']:.1f}" if row["steering"] != "free air" else ""
    return (
        f"| {row['array']} | {row['estimator']} | {row['steering']} | {row['steering_error']:.2f} "
        f"| {row['mae_deg']:.1f} / {100 * float(row['acc10']):.0f} | {row['whole_mae_deg']:.1f} | {gain} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--rt60", type=float, default=0.3, help="reverberation time in seconds")
    parser.add_argument("--head", type=Path, help="SOFA file of a measured head")
    parser.add_argument("--ball", type=Path, help="SOFA file of a measured ball")
    parser.add_argument("--speech", type=Path, help="folder of a corpus, whose test speakers are used")
    parser.add_argument("--estimators", nargs="+", default=["steered", "srp-phat", "music"])
    add_record_option(parser)
    options = parser.parse_args()
    recording, rows = BenchmarkRecord(options.record, seed=SEED), []
    voices = Material(options.speech).speech_pool if options.speech else made_voices()
    print(
        "| array | estimator | told | error of steering vectors | MAE ° / ACC10 % | whole MAE ° | gain ° |\n"
        "|---|---|---|--:|--:|--:|--:|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        cases = [hearing_aids(Path(folder)), ambeo()]
        if options.ball:
            cases.insert(0, measured_body("measured ball", options.ball, Path(folder)))
        if options.head:
            cases.insert(0, measured_body("head", options.head, Path(folder)))
        for case in cases:
            clips = list(scenes(case, voices, options.rooms, options.rt60))
            for name in options.estimators:
                of_one = case_rows(case, clips, name, options.rt60)
                print("\n".join(map(shown, of_one)), flush=True)
                rows += of_one
    recording.keep(rows)


if __name__ == "__main__":
    main()
