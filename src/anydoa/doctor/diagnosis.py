"""The corrected array file: only what is certain, and only what a file can mend."""

from dataclasses import dataclass, replace

from anydoa.doctor.delay_check import DelayCheck
from anydoa.doctor.findings import Finding, Kind
from anydoa.doctor.order import OrderResult
from anydoa.doctor.symmetry import KnownTalker
from anydoa.doctor.talker import HeardTalker
from anydoa.geometry.ambiguity import ArrayReport
from anydoa.geometry.array import MicrophoneArray


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Everything the doctor found.

    Args:
        array: as the user told it.
        report: what its geometry can do.
        num_symmetries: orders of its microphones, the told one included, that record the same.
        settled_by: the talker who tells them apart; None where there is one order only.
        findings: gravest first; none if healthy.
        order: None without a recording that could tell.
        delays: None without such a recording.
        talker: where the only talker is heard; None where nobody says where that is.
        corrected: an array file that mends what a file can mend; None where nothing is to be mended, or it is
            not certain how.
        why_not_corrected: a sentence, where something is wrong and no file mends it.
    """

    array: MicrophoneArray
    report: ArrayReport
    num_symmetries: int
    settled_by: KnownTalker | None
    findings: tuple[Finding, ...] = ()
    order: OrderResult | None = None
    delays: DelayCheck | None = None
    talker: HeardTalker | None = None
    corrected: MicrophoneArray | None = None
    why_not_corrected: str = ""

    @property
    def is_healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


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
