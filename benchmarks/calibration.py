"""Refined microphone positions, and shifted starts of a sound card, in simulated rooms.

    python benchmarks/calibration.py             # 20 arrays and 100 starts a card, takes about 10 minutes
    python benchmarks/calibration.py --quick     # 3 arrays and 10 starts a card

Positions: 8 microphones 3 to 6 cm from a centre, whose file is wrong by 3 mm (standard deviation of each
coordinate), in a room of 6 x 5 x 3 m with an RT60 of 0.3 s; 1.5 s of synthetic speech from each of 20
places 1.5 m away, azimuths all around, elevations -30 to 50 degrees, 25 dB above sensor noise.
Errors are root mean squares over microphones after the refined array is laid onto the true one: no recording
tells how an array as a whole is turned. Then the same with files that are right.

Starts: 3 s of one talker, 0.8 to 1.6 m away, any azimuth, 20 dB above noise, channels shifted by any number
and gains of microphones 1 dB apart from those of the profile; every second start plays noise through the
loopback channels.
"""

import argparse
from collections import Counter

import numpy as np
from recording import BenchmarkRecord, add_record_option
from scipy.signal import fftconvolve
from scipy.spatial.transform import Rotation
from threadpoolctl import threadpool_limits

from anydoa.calibration import Calibration, calibrate_positions, judge_start, profile_channels
from anydoa.errors import AudioError
from anydoa.evaluation.record import Row
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io import load_array
from anydoa.simulation import room_rir
from anydoa.simulation.room import shoebox

SAMPLE_RATE = 16_000
NUM_MICROPHONES = 8
NUM_PLACES = 20
RT60 = 0.3
ROOM = shoebox(np.array([6.0, 5.0, 3.0]), RT60)
CENTRE = np.array([3.1, 2.4, 1.4])
CARDS = ("respeaker-6", "linear-4", "respeaker-4-hat")


def talker(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Noise with the spectrum and the irregular rhythm of speech."""
    num_samples = round(seconds * SAMPLE_RATE)
    frequency = np.fft.rfftfreq(num_samples, 1 / SAMPLE_RATE)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(num_samples)) / (1 + frequency / 500))
    syllable = SAMPLE_RATE * 3 // 20
    loudness = np.repeat(rng.gamma(0.6, size=num_samples // syllable + 1), syllable)[:num_samples]
    return noise * np.convolve(loudness, np.hanning(syllable), mode="same")


def record(
    rng: np.random.Generator, positions: np.ndarray, offsets: np.ndarray, seconds: float, snr_db: float
) -> np.ndarray:
    """A talker who is at each place in turn, metres from the array's centre."""
    parts = []
    for offset in offsets:
        rir = room_rir(ROOM, (CENTRE + offset)[None], CENTRE + positions, rng)[0]
        dry = talker(rng, seconds)
        parts.append(np.stack([fftconvolve(dry, taps)[: len(dry)] for taps in rir]))
    audio = np.concatenate(parts, axis=1)
    audio /= audio.std()
    audio += 10 ** (-snr_db / 20) * rng.standard_normal(audio.shape)
    return (0.1 * audio).astype(np.float32)


def aligned(positions: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """The same shape, moved as a whole as near to another as can be."""
    centred = positions - positions.mean(axis=0)
    return Rotation.align_vectors(onto - onto.mean(axis=0), centred)[0].apply(centred) + onto.mean(axis=0)


def random_array(rng: np.random.Generator) -> MicrophoneArray:
    vector = rng.standard_normal((NUM_MICROPHONES, 3))
    length = rng.uniform(0.03, 0.06, (NUM_MICROPHONES, 1))
    return MicrophoneArray(vector / np.linalg.norm(vector, axis=1, keepdims=True) * length)


def walk_around(rng: np.random.Generator, positions: np.ndarray) -> np.ndarray:
    azimuth = np.arange(NUM_PLACES) * 360 / NUM_PLACES + rng.uniform(-6, 6, NUM_PLACES)
    directions = angles_deg_to_direction(azimuth, rng.uniform(-30, 50, NUM_PLACES))
    return record(rng, positions, 1.5 * directions, 1.5, snr_db=25)


def rms_mm(error: np.ndarray) -> float:
    return 1000 * float(np.sqrt(np.square(error).sum(axis=1).mean()))


def calibrate(seed: int, error_m: float) -> tuple[float, float | None, np.ndarray]:
    """Error of the file, error after refinement (None if refused), and errors over what was claimed."""
    rng = np.random.default_rng(seed)
    nominal = random_array(rng)
    truth = aligned(
        nominal.positions + error_m * rng.standard_normal((NUM_MICROPHONES, 3)), nominal.positions
    )
    before = rms_mm(nominal.positions - truth)
    try:
        found: Calibration = calibrate_positions(walk_around(rng, truth), SAMPLE_RATE, nominal)
    except AudioError as error:
        print(f"  array {seed}: refused: {error}")
        return before, None, np.zeros(0)
    left = aligned(found.array.positions, nominal.positions) - truth
    print(
        f"  array {seed}: {before:.2f} mm before, {rms_mm(left):.2f} mm after; held out "
        f"{1000 * found.before_m:.2f} and {1000 * found.after_m:.2f} mm, factor {found.delay_factor:.3f}"
    )
    return before, rms_mm(left), (left / found.moves_sd_m).ravel()


def compare_positions(num_arrays: int) -> list[Row]:
    """Arrays whose files are wrong, and as many whose files are right."""
    print(f"{num_arrays} arrays whose files are wrong by 3 mm in each coordinate")
    before, after, scores = zip(*(calibrate(1000 + seed, 0.003) for seed in range(num_arrays)), strict=True)
    kept = [(b, a) for b, a in zip(before, after, strict=True) if a is not None]
    size = np.abs(np.concatenate(scores))
    print(
        f"refined {len(kept)} of {num_arrays}; error {np.mean([b for b, _ in kept]):.2f} mm before, ", end=""
    )
    print(f"{np.mean([a for _, a in kept]):.2f} mm after, worse in {sum(a >= b for b, a in kept)}")
    print(
        f"within 1 and 2 claimed standard deviations: {(size < 1).mean():.0%} and {(size < 2).mean():.0%}\n"
    )
    print(f"{num_arrays} arrays whose files are right")
    after = [calibrate(2000 + seed, 0.0)[1] for seed in range(num_arrays)]
    refused = sum(a is None for a in after)
    print(f"refused {refused} of {num_arrays}\n")
    wrong = {
        "part": "positions",
        "arrays": num_arrays,
        "before_mm": float(np.mean([b for b, _ in kept])),
        "after_mm": float(np.mean([a for _, a in kept])),
        "refined": len(kept),
        "worse": sum(a >= b for b, a in kept),
        "within_1_sd": float((size < 1).mean()),
        "within_2_sd": float((size < 2).mean()),
    }
    return [wrong, {"part": "right files", "arrays": num_arrays, "refused": refused}]


def start(rng: np.random.Generator, array: MicrophoneArray, seconds: float, *, played: bool) -> np.ndarray:
    """All channels of a card on which one person talks."""
    place = rng.uniform(0.8, 1.6) * angles_deg_to_direction(rng.uniform(-180, 180), 0.0)
    heard = record(rng, array.centred_positions, place[None], seconds, snr_db=20)
    channels = np.zeros((array.num_recording_channels, heard.shape[1]), dtype=np.float32)
    channels[list(array.channels)] = heard * 10 ** (rng.standard_normal((len(heard), 1)) / 20)
    if played:
        shape = (len(array.ignore_channels), heard.shape[1])
        channels[list(array.ignore_channels)] = 0.1 * rng.standard_normal(shape)
    return channels


def compare_starts(name: str, num_starts: int) -> Row:
    """Shifted starts of a card, and how each was judged."""
    array = load_array(name)
    healthy = start(np.random.default_rng(num_starts), array, 5.0, played=False)
    profile = profile_channels(healthy, SAMPLE_RATE, array)
    outcome: Counter[str] = Counter()
    for seed in range(num_starts):
        rng = np.random.default_rng(seed)
        shift = int(rng.integers(array.num_recording_channels))
        audio = np.roll(start(rng, array, 3.0, played=seed % 2 == 1), shift, axis=0)
        verdict = judge_start(audio, SAMPLE_RATE, array, profile)
        if verdict.shift is None:
            outcome["ambiguous"] += 1
        else:
            outcome["right" if verdict.shift == shift else "wrong"] += 1
    counts = {kind: outcome[kind] for kind in ("right", "ambiguous", "wrong")}
    print(f"{name:18}" + "".join(f"{count:12}" for count in counts.values()))
    return {"part": "starts", "array": name, **counts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 arrays and 10 starts a card")
    parser.add_argument("part", nargs="?", choices=("positions", "starts"), help="Default: both.")
    add_record_option(parser)
    options = parser.parse_args()
    recording, rows = BenchmarkRecord(options.record), []
    with threadpool_limits(1):
        if options.part != "starts":
            rows += compare_positions(3 if options.quick else 20)
        if options.part != "positions":
            print(f"{'starts':18}{'right':>12}{'ambiguous':>12}{'wrong':>12}")
            for name in CARDS:
                rows.append(compare_starts(name, 10 if options.quick else 100))
    recording.keep(rows)


if __name__ == "__main__":
    main()
