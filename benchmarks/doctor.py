"""Does the doctor name what is wrong? Simulated rooms, 8 arrays, 12 faults, one table of confusions.

    python benchmarks/doctor.py                       # 384 recordings; rendering them takes minutes
    python benchmarks/doctor.py --repeats 1           # 96 recordings
    python benchmarks/doctor.py --speech FOLDER       # real speech instead of synthetic voices
    python benchmarks/doctor.py --arrays uma-16       # another array, here of 16 microphones
    python benchmarks/doctor.py --faults drift        # one fault alone
    python benchmarks/doctor.py --hard --repeats 10   # 540 healthy recordings that look like faults
    python benchmarks/doctor.py --known-azimuth       # one talker at a known azimuth: is the order settled?

Every recording is 4 s (10 s where clocks drift) of 2 or 3 talkers at different places, one after the other,
in a shoebox room with a reverberation time of 0.2 to 0.8 s, at 10 to 30 dB above noise that is half the
microphones' own and half diffuse. Each has a room, talkers and noise of its own. ``--hard`` records nothing
but healthy arrays, a ring of 8 on 10 cm among them: talkers 0.3 to 1 m away, one place alone, both, every
microphone 1 to 3 mm off its place, the array 0.1 to 0.4 m from a wall, and all at once but one place alone.
``--conditions`` with ``--faults`` breaks them, too. Rendered recordings are kept in ``--cache``. The default
seed is the one reported; thresholds were tuned on others.
"""

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from doctor_cases import (
    CONDITIONS,
    FAULTS,
    ORDER_FAULTS,
    PRESETS,
    RING,
    SAMPLE_RATE,
    SECONDS,
    Case,
    Speech,
    bench_array,
    break_order,
    cached_case,
    on_card,
    read_speech,
    talk,
)
from recording import BenchmarkRecord, add_record_option
from threadpoolctl import threadpool_limits

from anydoa.bulk import LocalEngine, run_each
from anydoa.doctor import Diagnosis, Finding, diagnose
from anydoa.doctor.symmetry import best_known_talker, equivalents, symmetries
from anydoa.evaluation.record import Row
from anydoa.geometry import MicrophoneArray
from anydoa.io import load_array

ListedCase = tuple[tuple[str, str, str], tuple[int, ...]]
"""Array, fault and condition of a case, and its seed."""

REPORTED_SEED = 2027
KNOWN_ARRAYS = ("respeaker-6", "uma-8")
KNOWN_WITHIN_DEG = 5.0  # how well the talker stands there

KIND = {
    "healthy": "healthy", "swap": "order", "shift": "order", "permutation": "order", "inverted": "inverted",
    "dead": "dead", "loopback": "loopback", "duplicated": "duplicated", "gain": "gain", "offset": "offset",
    "late group": "offset", "drift": "drift",
}  # fmt: skip
COLUMNS = (
    "healthy", "order", "inverted", "dead", "loopback", "duplicated", "gain", "offset", "drift", "several",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What the doctor said of a case.

    Args:
        preset: of the array.
        fault: what was done, and how it was recorded where that is not the usual way.
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
    array = bench_array(case.preset)
    group = symmetries(array)
    declared = tuple(range(array.num_microphones))
    is_undecidable = case.order != declared and case.order in equivalents(declared, group)
    kinds = {finding.kind for finding in diagnosis.findings}
    said = "healthy" if not kinds else kinds.pop() if len(kinds) == 1 else "several"
    is_right = said == ("healthy" if is_undecidable else KIND[case.fault])
    if said == "order" and is_right:
        is_right = found_order(array, diagnosis) in equivalents(case.order, group)
    elif is_undecidable:
        is_right = is_right and diagnosis.order is not None and diagnosis.order.num_equivalents > 1
    elif is_right and said != "healthy":
        is_right = len(diagnosis.findings) == 1 and names_channels(diagnosis.findings[0], case, array)
    wrong_fix = is_wrong_fix(case, array, diagnosis.corrected)
    fault = case.fault if case.condition == "usual" else f"{case.fault}, {case.condition}"
    return Verdict(case.preset, fault, said, is_right, is_undecidable, wrong_fix, seconds)


def names_channels(finding: Finding, case: Case, array: MicrophoneArray) -> bool:
    """Whether a finding names the culprit; of two equal channels without doing so only where it says so."""
    named = set(finding.channels)
    if case.fault in ("late group", "drift"):  # of two halves nobody knows which one is wrong
        return named in (set(case.channels), set(array.channels) - set(case.channels))
    if finding.kind == "duplicated" and not finding.is_certain:
        return named == set(case.channels)
    culprit = finding.channels[:1] if finding.kind == "duplicated" else finding.channels
    return culprit == case.channels[:1]


def found_order(array: MicrophoneArray, diagnosis: Diagnosis) -> tuple[int, ...]:
    """For each microphone, the microphone whose signal its channel carries, as the doctor believes."""
    assert diagnosis.order is not None
    return tuple(diagnosis.order.channels.index(channel) for channel in array.channels)


def is_wrong_fix(case: Case, array: MicrophoneArray, corrected: MicrophoneArray | None) -> bool:
    """Whether a position of the corrected array gets a signal that was not recorded there."""
    if corrected is None:
        return False
    if case.fault in ("late group", "drift"):
        halves = [set(case.channels), set(array.channels) - set(case.channels)]
        return not any(set(corrected.channels) <= half for half in halves)
    damaged = case.channels[:1] if case.fault != "gain" else ()
    for position, channel in zip(corrected.body_positions, corrected.channels, strict=True):
        recorded = case.order[array.channels.index(channel)]
        if channel in damaged or not np.allclose(position, array.body_positions[recorded]):
            return True
    return False


def row(verdict: Verdict) -> tuple[int, int]:
    """Where a case stands in the table."""
    fault, _, condition = verdict.fault.partition(", ")
    return CONDITIONS.index(condition or "usual"), FAULTS.index(fault)


def print_report(verdicts: list[Verdict]) -> None:
    print("| fault | " + " | ".join(COLUMNS) + " | right |")
    print("|---|" + "--:|" * (len(COLUMNS) + 1))
    for fault in dict.fromkeys(verdict.fault for verdict in sorted(verdicts, key=row)):
        for is_undecidable in (False, True):
            rows = [v for v in verdicts if v.fault == fault and v.is_undecidable == is_undecidable]
            if rows:
                said = Counter(verdict.said for verdict in rows)
                counts = " | ".join(str(said.get(column, "")) for column in COLUMNS)
                name = f"{fault}, undecidable" if is_undecidable else fault
                print(f"| {name} | {counts} | {sum(v.is_right for v in rows)}/{len(rows)} |")
    print()
    for preset in dict.fromkeys(verdict.preset for verdict in verdicts):
        rows = [verdict for verdict in verdicts if verdict.preset == preset]
        seconds = np.mean([verdict.seconds for verdict in rows])
        print(f"{preset:20}{sum(v.is_right for v in rows)}/{len(rows)}  {seconds:.2f} s of one core each")
    timing = [verdict.is_right for verdict in verdicts if verdict.fault.startswith(("late group", "drift"))]
    rest = [verdict.is_right for verdict in verdicts if not verdict.fault.startswith(("late group", "drift"))]
    alarms = [verdict.said != "healthy" for verdict in verdicts if verdict.fault.startswith("healthy")]
    print(f"\nright {sum(rest)} of {len(rest)}, and {sum(timing)} of {len(timing)} late or drifting")
    print(f"false alarms {sum(alarms)} of {len(alarms)} healthy", end=", ")
    print(f"wrong fixes {sum(verdict.wrong_fix for verdict in verdicts)}")


def record_rows(verdicts: list[Verdict], *, hard: bool) -> list[Row]:
    """Faults that show at once and healthy arrays, and those of clocks."""
    rows: list[Row] = []
    clocks = ("late group", "drift")
    usual = "healthy, recorded under hard conditions" if hard else "clear faults and healthy"
    for part, is_clock in ((usual, False), ("late or drifting", True)):
        found = [verdict for verdict in verdicts if verdict.fault.startswith(clocks) == is_clock]
        healthy = [verdict for verdict in found if verdict.fault.startswith("healthy")]
        if found:
            alarms = sum(verdict.said != "healthy" for verdict in healthy)
            wrong = sum(verdict.wrong_fix for verdict in found)
            right = sum(verdict.is_right for verdict in found)
            counts = {"recordings": len(found), "right": right, "healthy": len(healthy)}
            rows.append({"part": part, **counts, "false_alarms": alarms, "wrong_corrections": wrong})
    return rows


def examine(folder: Path, speech: Speech, seconds: float, listed: ListedCase) -> tuple[ListedCase, Verdict]:
    kind, seed = listed
    case = cached_case(folder, kind, seed, speech, seconds)
    with threadpool_limits(1):
        start = time.process_time()
        diagnosis = diagnose(case.recording, SAMPLE_RATE, bench_array(case.preset))
        used = time.process_time() - start
    return listed, judge(case, diagnosis, used)


def settle(speech: Speech, preset: str, fault: str, seed: tuple[int, ...]) -> str:
    """What the doctor makes of the order when one talker stands where it asked for one."""
    rng = np.random.default_rng(seed)
    array = load_array(preset)
    group = symmetries(array)
    talker = best_known_talker(array, group)
    assert talker is not None
    azimuth_deg = talker.azimuth_deg + rng.uniform(-KNOWN_WITHIN_DEG, KNOWN_WITHIN_DEG)
    heard = talk(array, rng, speech, SECONDS, known_azimuth_deg=azimuth_deg)
    order = np.arange(array.num_microphones)
    if fault in ORDER_FAULTS:
        order = break_order(fault, array.num_microphones, rng)
    elif fault != "healthy":  # turned or mirrored: any of the orders that record the same
        order = np.array(group[rng.integers(1, len(group))])
    recording = on_card(array, heard[order], rng).astype(np.float32)
    with threadpool_limits(1):
        diagnosis = diagnose(recording, SAMPLE_RATE, array, known_azimuth_deg=talker.azimuth_deg)
    if diagnosis.corrected is not None:
        truth = Case(preset, fault, "usual", recording, tuple(order.tolist()), ())
        return "wrong fix" if is_wrong_fix(truth, array, diagnosis.corrected) else "right fix"
    is_declared = diagnosis.is_healthy and order.tolist() == list(range(len(order)))
    if diagnosis.order is not None and diagnosis.order.status == "confirmed":
        is_settled = diagnosis.order.num_equivalents == 1
        return "left open" if not is_settled else "right as it is" if is_declared else "wrong as it is"
    return "left open"


def print_known(speech: Speech, seed: int, repeats: int) -> None:
    """A table of what a known azimuth settles."""
    said = ("right as it is", "right fix", "left open", "wrong as it is", "wrong fix")
    print("| array | order | " + " | ".join(said) + " |")
    print("|---|---|" + "--:|" * len(said))
    for preset in KNOWN_ARRAYS:
        for number, fault in enumerate(("healthy", "turned or mirrored", "swap", "shift")):
            found = Counter(
                settle(speech, preset, fault, (seed, 100, KNOWN_ARRAYS.index(preset), number, repeat))
                for repeat in range(repeats)
            )
            print(f"| {preset} | {fault} | " + " | ".join(str(found[key]) for key in said) + " |", flush=True)


def listed_cases(options: argparse.Namespace) -> list[ListedCase]:
    """Array, fault and condition of each recording, and its seed."""
    arrays, faults, conditions = options.arrays, options.faults, options.conditions
    if options.hard:
        arrays, faults, conditions = (*arrays, RING), ("healthy",), CONDITIONS[1:]
    known = (*PRESETS, *sorted({*arrays} - {*PRESETS}))
    return [
        ((array, fault, condition), (options.seed, known.index(array), FAULTS.index(fault), repeat, *hard))
        for repeat in range(options.repeats)
        for condition in conditions
        for hard in [() if condition == "usual" else (CONDITIONS.index(condition),)]
        for array in arrays
        for fault in faults
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=4, help="recordings of each array and fault")
    parser.add_argument("--seed", type=int, default=REPORTED_SEED)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--cache", type=Path, default=Path("out/doctor"), help="where recordings are kept")
    parser.add_argument("--speech", type=Path, help="folder of dry speech; synthetic voices if none")
    parser.add_argument("--arrays", nargs="+", default=PRESETS, help="bundled arrays")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=FAULTS, help="of the recordings")
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=["usual"], help="how recorded")
    parser.add_argument("--hard", action="store_true", help="healthy, under every condition but the usual")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each recording")
    parser.add_argument("--known-azimuth", action="store_true", help="one talker at a known azimuth")
    parser.add_argument("--verbose", action="store_true", help="a line for every case that is not right")
    add_record_option(parser)
    options = parser.parse_args()
    recording = BenchmarkRecord(options.record, seed=options.seed)
    speech = read_speech(options.speech) if options.speech else ()
    if options.known_azimuth:
        print_known(speech, options.seed, options.repeats)
        return
    cases = listed_cases(options)
    verdicts = []
    examined = partial(examine, options.cache, speech, options.seconds)
    with LocalEngine(options.jobs) as engine:
        for case, verdict in run_each(engine, examined, cases):
            verdicts.append(verdict)
            if options.verbose and not (verdict.is_right and not verdict.wrong_fix):
                print(case, verdict, flush=True)
    print_report(verdicts)
    recording.keep(record_rows(verdicts, hard=options.hard))


if __name__ == "__main__":
    main()
