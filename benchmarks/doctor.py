"""Does the doctor name what is wrong? Simulated rooms, 8 arrays, 10 conditions, one table of confusions.

    python benchmarks/doctor.py                  # 320 recordings; the first run renders them, a few minutes
    python benchmarks/doctor.py --repeats 1      # 80 recordings
    python benchmarks/doctor.py --speech FOLDER  # real speech (.wav, .flac, .opus ...) instead of synthetic

Every recording is 4 s of 2 or 3 talkers at different places, one after the other, in a shoebox room with a
reverberation time of 0.2 to 0.8 s, at 10 to 30 dB above noise that is half the microphones' own and half
diffuse. Each has a room, talkers and noise of its own. Rendered recordings are kept in ``--cache``. The
default seed is the one reported; thresholds were tuned on others.
"""

import argparse
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import fftconvolve, lfilter
from threadpoolctl import threadpool_limits

from anydoa.diagnosis.examination import diagnose
from anydoa.diagnosis.findings import Diagnosis, Finding
from anydoa.diagnosis.symmetry import equivalents, symmetries
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.array_file import load_array
from anydoa.simulation.noise import diffuse_noise, free_field_coherence, sensor_noise
from anydoa.simulation.rir import room_rir
from anydoa.simulation.room import RoomRanges, sample_placement
from anydoa.simulation.sphere import RigidSphere

SAMPLE_RATE = 16_000
SECONDS = 4
PRESETS = (
    "respeaker-usb-4", "respeaker-6", "uma-8", "matrix-voice", "kinect-v1", "nao-v4", "dcase-tetrahedron",
    "locata-robot-head",
)  # fmt: skip
FAULTS = (
    "healthy", "swap", "shift", "permutation", "inverted", "dead", "loopback", "duplicated", "gain", "offset",
)  # fmt: skip
ROOMS = RoomRanges(
    (4.0, 4.0, 2.5), (8.0, 7.0, 4.0), rt60=(0.2, 0.8), talker_distance=(0.8, 2.5), separation_deg=30.0
)
REPORTED_SEED = 7


@dataclass(frozen=True, eq=False)
class Case:
    """A recording and what was done to it.

    Args:
        preset: of the array.
        fault: what was done.
        recording: all channels of the card.
        order: for each microphone, the microphone whose signal its channel carries.
        channels: recording channels that the fault is in, the culprit first.
    """

    preset: str
    fault: str
    recording: np.ndarray
    order: tuple[int, ...]
    channels: tuple[int, ...]


def voice(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """A pulse train of wandering pitch through formants that change with the syllable, and pauses."""
    num_samples = round(seconds * SAMPLE_RATE)
    clock = np.arange(num_samples) / SAMPLE_RATE
    pitch = rng.uniform(90, 240) * (1 + 0.15 * np.sin(2 * np.pi * rng.uniform(0.3, 1.0) * clock))
    pulses = np.diff(np.floor(np.cumsum(pitch) / SAMPLE_RATE), prepend=0)
    source = pulses + 0.03 * rng.standard_normal(num_samples)
    spoken, start = np.zeros(num_samples), 0
    while start < num_samples:
        stop = min(num_samples, start + round(rng.uniform(0.08, 0.25) * SAMPLE_RATE))
        if rng.uniform() > 0.15:
            spoken[start:stop] = syllable(source[start:stop], rng)
        start = stop
    return spoken / np.abs(spoken).max()


def syllable(source: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A vowel, or now and then a hiss."""
    if rng.uniform() < 0.25:
        hiss = np.diff(rng.standard_normal(len(source) + 1))
        return 0.1 * rng.uniform(0.5, 1.5) * hiss * np.hanning(len(source))
    shaped = source
    for low, high, bandwidth in ((300, 800, 80), (900, 2200, 100), (2200, 3000, 150), (3300, 4200, 250)):
        radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
        angle = 2 * np.pi * rng.uniform(low, high) / SAMPLE_RATE
        shaped = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], shaped)
    return rng.uniform(0.3, 1.0) * shaped / (np.abs(shaped).max() + 1e-12) * np.hanning(len(source)) ** 0.3


def utterance(rng: np.random.Generator, seconds: float, speech: list[Path]) -> np.ndarray:
    """Synthetic, or a random piece of a random file that is loud enough to be speech."""
    if not speech:
        return voice(rng, seconds)
    length = round(seconds * SAMPLE_RATE)
    while True:
        audio, rate = soundfile.read(speech[rng.integers(len(speech))], dtype="float64", always_2d=True)
        if rate != SAMPLE_RATE or len(audio) <= length:
            continue
        start = int(rng.integers(len(audio) - length))
        piece = audio[start : start + length, 0]
        if piece.std() > 0.5 * audio.std():
            return piece / np.abs(piece).max()


def talk(array: MicrophoneArray, rng: np.random.Generator, speech: list[Path]) -> np.ndarray:
    """What the microphones hear: 2 or 3 talkers in turn, and noise."""
    num_talkers = int(rng.integers(2, 4))
    radius = float(np.linalg.norm(array.centred_positions, axis=1).max())
    placement = sample_placement(rng, ROOMS, num_talkers=num_talkers, array_radius=radius)
    sphere = None if array.rigid_sphere_radius is None else RigidSphere(array.rigid_sphere_radius)
    rirs = room_rir(
        placement.room, placement.talkers, placement.centre + array.centred_positions, rng, sphere=sphere
    )
    turn = SECONDS / num_talkers
    heard = np.zeros((array.num_microphones, SECONDS * SAMPLE_RATE))
    for number, responses in enumerate(rirs):
        said = utterance(rng, turn - 0.15, speech)
        wet = fftconvolve(said[None], responses, axes=1)
        wet *= 0.05 / np.sqrt(np.mean(wet[:, : len(said)] ** 2)) * 10 ** (rng.uniform(-2, 2) / 20)
        start = round((number * turn + 0.1) * SAMPLE_RATE)
        stop = min(heard.shape[1], start + wet.shape[1])
        heard[:, start:stop] += wet[:, : stop - start]
    coherence = free_field_coherence(array.positions) if sphere is None else sphere.coherence(array.positions)
    noise = sensor_noise(*heard.shape, rng) + diffuse_noise(coherence, (1, heard.shape[1]), rng)[0]
    return heard + noise / noise.std() * heard.std() * 10 ** (-rng.uniform(10, 30) / 20)


def break_order(fault: str, num_mics: int, rng: np.random.Generator) -> np.ndarray:
    """Which microphone each microphone's channel carries."""
    order = np.arange(num_mics)
    if fault == "shift":
        return np.roll(order, int(rng.integers(1, num_mics)))
    moved = rng.choice(num_mics, 2 if fault == "swap" else 4, replace=False)
    turned = moved
    while (turned == moved).any():
        turned = rng.permutation(moved)
    order[moved] = turned
    return order


def break_signal(heard: np.ndarray, fault: str, rng: np.random.Generator, speech: list[Path]) -> list[int]:
    """Damage one microphone's signal in place; the culprit, and for a copy also what it copies."""
    culprit, model = (int(mic) for mic in rng.choice(len(heard), 2, replace=False))
    level = heard[culprit].std()
    if fault == "inverted":
        heard[culprit] *= -1
    elif fault == "dead":
        heard[culprit] = rng.choice([0.0, 0.001]) * level * rng.standard_normal(heard.shape[1])
    elif fault == "loopback":
        played = utterance(rng, SECONDS, speech)
        if rng.uniform() < 0.5:  # the microphones hear it, too: 20 ms later, from all around
            heard += 0.2 * level / played.std() * np.roll(played, round(0.02 * SAMPLE_RATE))
        heard[culprit] = played * level / played.std() * 10 ** (rng.uniform(-6, 6) / 20)
    elif fault == "duplicated":
        heard[culprit] = heard[model]
        return [culprit, model]
    elif fault == "gain":
        heard[culprit] *= 10 ** (-12 / 20)
    elif fault == "offset":
        heard[culprit] = np.roll(heard[culprit], int(rng.choice([-5, 5])))
    return [culprit]


def make_case(preset: str, fault: str, seed: tuple[int, ...], speech: list[Path]) -> Case:
    """One recording, rendered from its seed."""
    rng = np.random.default_rng(seed)
    array = load_array(preset)
    heard = talk(array, rng, speech)
    order, culprits = np.arange(array.num_microphones), []
    if fault in ("swap", "shift", "permutation"):
        order = break_order(fault, array.num_microphones, rng)
        heard = heard[order]
    elif fault != "healthy":
        culprits = break_signal(heard, fault, rng, speech)
    recording = 1e-5 * rng.standard_normal((array.num_recording_channels, heard.shape[1]))
    recording[list(array.channels)] = heard
    recording *= 0.5 / np.abs(recording).max()
    channels = tuple(array.channels[mic] for mic in culprits)
    return Case(preset, fault, recording, tuple(order.tolist()), channels)


def cached_case(folder: Path, preset: str, fault: str, seed: tuple[int, ...], speech: list[Path]) -> Case:
    """The case from the cache, or made and put there, at 16 bit as a sound card would give it."""
    kind = "real" if speech else "made"
    path = folder / f"{preset}-{fault}-{kind}-{'-'.join(map(str, seed))}.npz"
    if not path.exists():
        case = make_case(preset, fault, seed, speech)
        folder.mkdir(parents=True, exist_ok=True)
        samples = np.round(case.recording * 32768).astype(np.int16)
        np.savez(path, recording=samples, order=case.order, channels=case.channels)
    with np.load(path) as kept:
        recording = kept["recording"].astype(np.float32) / 32768
        order, channels = (tuple(int(c) for c in kept[key]) for key in ("order", "channels"))
    return Case(preset, fault, recording, order, channels)


KIND = {
    "healthy": "healthy", "swap": "order", "shift": "order", "permutation": "order", "inverted": "inverted",
    "dead": "dead", "loopback": "loopback", "duplicated": "duplicated", "gain": "gain", "offset": "offset",
}  # fmt: skip
COLUMNS = ("healthy", "order", "inverted", "dead", "loopback", "duplicated", "gain", "offset", "several")


@dataclass(frozen=True)
class Verdict:
    """What the doctor said of a case.

    Args:
        preset: of the array.
        fault: what was done.
        said: the kind of the only finding, ``healthy`` for none, ``several`` for more.
        is_right: the kind, and the channels or the order up to what the array can tell, are true.
        is_undecidable: the fault only turns or mirrors the array as a whole.
        wrong_fix: a corrected array was given, and it is wrong.
        seconds: of processor time.
    """

    preset: str
    fault: str
    said: str
    is_right: bool
    is_undecidable: bool
    wrong_fix: bool
    seconds: float


def judge(case: Case, diagnosis: Diagnosis, seconds: float) -> Verdict:
    array = load_array(case.preset)
    group = symmetries(array)
    told = tuple(range(array.num_microphones))
    is_undecidable = case.order != told and case.order in equivalents(told, group)
    kinds = {finding.kind for finding in diagnosis.findings}
    said = "healthy" if not kinds else kinds.pop() if len(kinds) == 1 else "several"
    is_right = said == ("healthy" if is_undecidable else KIND[case.fault])
    if said == "order" and is_right:
        is_right = found_order(array, diagnosis) in equivalents(case.order, group)
    elif is_undecidable:
        is_right = is_right and diagnosis.order is not None and diagnosis.order.num_equivalents > 1
    elif is_right and said != "healthy":
        is_right = len(diagnosis.findings) == 1 and names_channels(diagnosis.findings[0], case.channels)
    wrong_fix = is_wrong_fix(case, array, diagnosis.corrected)
    return Verdict(case.preset, case.fault, said, is_right, is_undecidable, wrong_fix, seconds)


def names_channels(finding: Finding, channels: tuple[int, ...]) -> bool:
    """Whether a finding names the culprit; of two equal channels without doing so only where it says so."""
    if finding.kind == "duplicated" and not finding.is_certain:
        return set(finding.channels) == set(channels)
    return finding.channels[0] == channels[0]


def found_order(array: MicrophoneArray, diagnosis: Diagnosis) -> tuple[int, ...]:
    """For each microphone, the microphone whose signal its channel carries, as the doctor believes."""
    assert diagnosis.order is not None
    return tuple(diagnosis.order.channels.index(channel) for channel in array.channels)


def is_wrong_fix(case: Case, array: MicrophoneArray, corrected: MicrophoneArray | None) -> bool:
    """Whether a position of the corrected array gets a signal that was not recorded there."""
    if corrected is None:
        return False
    damaged = case.channels[:1] if case.fault != "gain" else ()
    for position, channel in zip(corrected.body_positions, corrected.channels, strict=True):
        recorded = case.order[array.channels.index(channel)]
        if channel in damaged or not np.allclose(position, array.body_positions[recorded]):
            return True
    return False


def examine(folder: Path, speech: list[Path], preset: str, fault: str, seed: tuple[int, ...]) -> Verdict:
    case = cached_case(folder, preset, fault, seed, speech)
    with threadpool_limits(1):
        start = time.process_time()
        diagnosis = diagnose(case.recording, SAMPLE_RATE, load_array(preset))
        seconds = time.process_time() - start
    return judge(case, diagnosis, seconds)


def print_report(verdicts: list[Verdict]) -> None:
    print("| fault | " + " | ".join(COLUMNS) + " | right |")
    print("|---|" + "--:|" * (len(COLUMNS) + 1))
    for fault in FAULTS:
        for is_undecidable in (False, True):
            rows = [v for v in verdicts if v.fault == fault and v.is_undecidable == is_undecidable]
            if rows:
                said = Counter(verdict.said for verdict in rows)
                counts = " | ".join(str(said.get(column, "")) for column in COLUMNS)
                name = f"{fault}, undecidable" if is_undecidable else fault
                print(f"| {name} | {counts} | {sum(v.is_right for v in rows)}/{len(rows)} |")
    print()
    for preset in PRESETS:
        rows = [verdict for verdict in verdicts if verdict.preset == preset]
        seconds = np.mean([verdict.seconds for verdict in rows])
        print(f"{preset:20}{sum(v.is_right for v in rows)}/{len(rows)}  {seconds:.2f} s of one core each")
    right = np.mean([verdict.is_right for verdict in verdicts])
    alarms = [verdict.said != "healthy" for verdict in verdicts if verdict.fault == "healthy"]
    print(
        f"\nright {right:.1%} of {len(verdicts)}, false alarms {sum(alarms)} of {len(alarms)} healthy, ",
        end="",
    )
    print(f"wrong fixes {sum(verdict.wrong_fix for verdict in verdicts)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=4, help="recordings of each array and fault")
    parser.add_argument("--seed", type=int, default=REPORTED_SEED)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--cache", type=Path, default=Path("out/doctor"), help="where recordings are kept")
    parser.add_argument(
        "--speech", type=Path, help="folder of real speech at 16 kHz; synthetic voices if none"
    )
    parser.add_argument("--verbose", action="store_true", help="a line for every case that is not right")
    options = parser.parse_args()
    speech = sorted(path for path in options.speech.rglob("*.*")) if options.speech else []
    cases = [
        (preset, fault, (options.seed, PRESETS.index(preset), FAULTS.index(fault), repeat))
        for repeat in range(options.repeats)
        for preset in PRESETS
        for fault in FAULTS
    ]
    verdicts = []
    with ProcessPoolExecutor(options.jobs) as pool:
        running = {pool.submit(examine, options.cache, speech, *case): case for case in cases}
        for done in as_completed(running):
            verdicts.append(done.result())
            if options.verbose and not verdicts[-1].is_right:
                print(running[done], verdicts[-1], flush=True)
    print_report(verdicts)


if __name__ == "__main__":
    main()
