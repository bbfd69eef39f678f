"""The corrected array file: only what is certain, and only what a file can mend."""

from dataclasses import replace

from anydoa.diagnosis.findings import Diagnosis, Finding, Kind
from anydoa.geometry.array import MicrophoneArray

_LEFT_OUT: tuple[Kind, ...] = ("dead", "loopback", "duplicated", "inverted", "drift", "offset")
"""Findings that a file mends by leaving the channel out."""


def correct(diagnosis: Diagnosis, num_channels: int) -> Diagnosis:
    """The diagnosis with a corrected array, or with the reason why there is none.

    Args:
        diagnosis: all findings.
        num_channels: of the recording.
    """
    findings = diagnosis.findings
    mendable = [found for found in findings if found.kind in (*_LEFT_OUT, "order", "unlisted")]
    if not mendable:
        return replace(diagnosis, why_not_corrected=_why_nothing(findings))
    reason = _doubt(diagnosis, mendable)
    if reason:
        return replace(diagnosis, why_not_corrected=reason)
    left_out = {found.channels[0] for found in mendable if found.kind == "duplicated"}
    left_out |= {
        channel for found in mendable if found.kind in _LEFT_OUT and found.kind != "duplicated"
        for channel in found.channels
    }  # fmt: skip
    carried = _channels(diagnosis, left_out)
    kept = [mic for mic, channel in enumerate(carried) if channel is not None]
    if len(kept) < 2:
        return replace(diagnosis, why_not_corrected="Fewer than two microphones would be left.")
    return replace(diagnosis, corrected=_array(diagnosis.array, kept, carried, num_channels))


def _why_nothing(findings: tuple[Finding, ...]) -> str:
    """Why findings that no file surely mends get none."""
    if any(found.kind == "turned" for found in findings):
        return "Whether the array is turned or the angle is off cannot be heard."
    return "No array file mends that." if findings else ""


def _doubt(diagnosis: Diagnosis, mendable: list[Finding]) -> str:
    """Why the correction is not certain, or nothing."""
    unsure = [found for found in mendable if not found.is_certain]
    if unsure:
        return f"One finding is not certain enough ({unsure[0].kind}, {unsure[0].certainty:.0%})."
    order = diagnosis.order
    is_wrong = any(found.kind == "order" and found.value is None for found in mendable)
    if is_wrong and order is not None and order.num_equivalents > 1:
        return f"{order.num_equivalents} orders fit equally well, as the array looks the same in all of them."
    if is_wrong and order is not None and order.status != "wrong":
        return "Which microphone is on which channel is not clear from this recording."
    return ""


def _channels(diagnosis: Diagnosis, left_out: set[int]) -> list[int | None]:
    """Channel of each microphone, None where it has none."""
    told: list[int | None] = list(diagnosis.array.channels)
    order = diagnosis.order
    if order is not None and any(found.kind == "order" for found in diagnosis.findings):
        told = list(order.channels)
    return [None if channel in left_out else channel for channel in told]


def _array(
    array: MicrophoneArray, kept: list[int], carried: list[int | None], num_channels: int
) -> MicrophoneArray:
    channels = [channel for channel in carried if channel is not None]
    ignored = [channel for channel in range(num_channels) if channel not in channels]
    source = f"{array.source}; channels corrected by anydoa doctor".removeprefix("; ")
    return array.replace(
        body_positions=array.body_positions[kept],
        channels=tuple(channels),
        ignore_channels=tuple(ignored),
        source=source,
    )
