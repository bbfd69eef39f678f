"""A diagnosis for people, a verdict first, and for programs."""

from dataclasses import asdict
from math import degrees
from typing import Any

from anydoa.doctor.diagnosis import Diagnosis
from anydoa.doctor.order import OrderResult
from anydoa.doctor.order_search import MAX_MICROPHONES
from anydoa.doctor.time_offset import LARGE_S
from anydoa.geometry import ArrayReport, MicrophoneArray


def report_text(diagnosis: Diagnosis) -> str:
    """The diagnosis in plain words."""
    lines = [_verdict(diagnosis), ""]
    for finding in diagnosis.findings:
        sure = f"{finding.certainty:.0%} sure" if finding.certainty < 0.995 else "sure"
        lines.append(f"  - {finding.text[0].upper()}{finding.text[1:]} ({sure})")
    lines += [f"    {advice}" for advice in diagnosis.board_advice]
    if diagnosis.findings:
        lines.append("")
    lines += [f"  {key:<15}{value}" for key, value in _facts(diagnosis).items()]
    if diagnosis.why_not_corrected:
        lines += ["", f"No corrected array file: {diagnosis.why_not_corrected}"]
    return "\n".join(lines)


def report_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """The diagnosis as one object."""
    array, order, delays = diagnosis.array, diagnosis.order, diagnosis.delays
    talker, corrected = diagnosis.talker, diagnosis.corrected
    geometry, settled_by = diagnosis.report, diagnosis.settled_by
    return {
        "schema": 1,
        "array": array.name,
        "hash": array.hash,
        "healthy": diagnosis.is_healthy,
        "verdict": _verdict(diagnosis),
        "findings": [
            {
                "kind": finding.kind,
                "channels": finding.channels,
                "certainty": round(finding.certainty, 4),
                "value": finding.value,
                "text": finding.text,
            }
            for finding in diagnosis.findings
        ],
        "order": None if order is None else {**asdict(order), "certainty": round(order.certainty, 4)},
        "talker": None
        if talker is None
        else {
            "stated_azimuth_deg": talker.stated_azimuth_deg,
            "heard_azimuths_deg": [round(azimuth_deg, 1) for azimuth_deg in talker.azimuths_deg],
            "within_deg": round(talker.within_deg, 1),
            "agrees": talker.is_there,
        },
        "delays": None
        if delays is None
        else {
            "fit": round(delays.fit, 4),
            "fit_after_repairs": round(delays.repaired_fit, 4),
            "impossible_share": round(delays.impossible_share, 4),
            "closure_us": round(1e6 * delays.closure_s, 1),
            "one_place": delays.is_one_place,
        },
        "geometry": {
            "rank": geometry.rank,
            "span_m": geometry.span,
            "lowest_frequency_hz": geometry.lowest_frequency,
            "aliasing_frequency_hz": geometry.aliasing_frequency,
            "resolvable_angles_deg": {
                f"{f:.0f}": round(degrees(a), 2) for f, a in geometry.resolvable_angles
            },
            "size_is_doubtful": bool(_doubtful_size(geometry)),
            "num_equivalent_orders": diagnosis.num_symmetries,
            "settled_by_azimuth_deg": None if settled_by is None else settled_by.azimuth_deg,
        },
        "corrected": None
        if corrected is None
        else {
            "channels": corrected.channels,
            "ignore_channels": corrected.ignore_channels,
            "num_microphones": corrected.num_microphones,
        },
        "why_not_corrected": diagnosis.why_not_corrected,
        "board_advice": diagnosis.board_advice,
    }


def _verdict(diagnosis: Diagnosis) -> str:
    name = diagnosis.array.name
    if diagnosis.order is None and not diagnosis.findings:
        return f"{name}: it {diagnosis.report.sentence}."
    if diagnosis.findings:
        count = len(diagnosis.findings)
        return f"{name}: {count} {'problem' if count == 1 else 'problems'} found."
    assert diagnosis.order is not None
    if diagnosis.order.status == "confirmed":
        return f"{name}: healthy. Every channel hears the room, and their order fits what they hear."
    return f"{name}: nothing wrong was found, but this recording cannot confirm the order of the channels."


def _facts(diagnosis: Diagnosis) -> dict[str, str]:
    facts = _geometry_facts(diagnosis)
    if diagnosis.order is not None:
        facts["order"] = _order_text(diagnosis.order)
    talker = diagnosis.talker
    if talker is not None:
        said = f"said to be at {talker.stated_azimuth_deg:g}°"
        facts["talker"] = f"heard at {talker.where}, {'and' if talker.is_there else 'but'} {said}"
        if not talker.azimuths_deg:
            facts["talker"] = f"{said}, heard at no clear azimuth; record somebody level with the array"
    if diagnosis.delays is not None:
        check = diagnosis.delays
        facts["plane waves"] = f"explain {check.fit:.0%} of the sound as the file says"
        if check.repaired_fit > check.fit + 0.005:
            facts["plane waves"] += f", {check.repaired_fit:.0%} after what is said above"
        if check.repaired_fit < 0.08:  # rooms of 0.8 s leave 0.15
            facts["plane waves"] += "; that is little: record nearer to the array or in a quieter room"
        facts["delays"] = (
            f"{check.impossible_share:.0%} are longer than sound in air can be late; around triangles they "
            f"miss zero by {1e6 * check.closure_s:.0f} microseconds"
        )
        if check.is_one_place:
            facts["heard from"] = (
                "one place only, where an echo looks like a channel that is late by less than "
                f"{1e3 * LARGE_S:.1f} ms; record from two or three places to know"
            )
    return facts


def _geometry_facts(diagnosis: Diagnosis) -> dict[str, str]:
    report = diagnosis.report
    facts = {
        "size": f"{report.span * 1000:.0f} mm from end to end{_doubtful_size(report)}",
        "shape": f"{report.rank}: it {report.sentence}",
        "best band": f"{report.lowest_frequency:.0f} to {report.aliasing_frequency:.0f} Hz; then phases wrap",
        "separates": report.separates,
    }
    heard = _unlike_free_air(diagnosis.array)
    if heard:
        facts["microphones"] = heard
    if diagnosis.num_symmetries > 1:
        facts["looks alike"] = (
            f"{diagnosis.num_symmetries} orders of the channels, this one included, record the same from "
            "unknown directions: the array turned or mirrored as a whole"
        )
    unsettled = diagnosis.order is None or diagnosis.order.num_equivalents > 1
    if diagnosis.settled_by is not None and unsettled:
        talker, azimuth = diagnosis.settled_by, f"{diagnosis.settled_by.azimuth_deg:.0f}"
        facts["to settle it"] = (
            f"record one talker at {azimuth}° azimuth, level with the array, and pass --known-azimuth "
            f"{azimuth}"
        )
        if talker.num_ruled_out < talker.num_reorderings:
            facts["to settle it"] += f"; that rules out {talker.num_ruled_out} of {talker.num_reorderings}"
    return facts


def _unlike_free_air(array: MicrophoneArray) -> str:
    """What of a body or of patterns the examination takes into account; nothing for points in free air."""
    if array.steering is not None:
        return (
            f"{array.steering.title}: delays are compared with measured ones, which differ from those of "
            "free air; levels differ with direction and are not compared"
        )
    if array.patterns:
        return "hear directions differently loud by their patterns, so levels are not compared"
    if array.rigid_sphere_radius is not None:
        return "sit on a rigid sphere, around which delays are longer than in free air"
    return ""


def _doubtful_size(report: ArrayReport) -> str:
    """What to say of a size of which no array is on sale: from 15 mm across to bars of 2 m."""
    if report.span < 0.015:
        return (
            '; that is tiny: if the numbers are centimetres or metres, the file must say unit = "cm" or "m"'
        )
    if report.span > 3.0:
        return '; that is huge: if the numbers are millimetres, the file must say unit = "mm"'
    return ""


def _order_text(order: OrderResult) -> str:
    if len(order.channels) > MAX_MICROPHONES:
        return f"not looked for: of more than {MAX_MICROPHONES} microphones there are too many orders"
    said = {
        "confirmed": f"fits; any other order that can be heard fits worse ({order.certainty:.0%} sure)",
        "wrong": f"wrong ({order.certainty:.0%} sure)",
        "unclear": "not clear from this recording; record longer, from more directions, in a quieter place",
        "inaudible": "cannot be heard: every order of these microphones records the same",
    }[order.status]
    if order.num_equivalents > 1 and order.status != "inaudible":
        said += f"; but {order.num_equivalents} orders record the same"
    return said
