"""Everything the doctor found, and the array file that corrects it: only what is certain, if a file can."""

from dataclasses import dataclass, replace
from typing import get_args

from anydoa.doctor.delay_check import DelayCheck
from anydoa.doctor.findings import Finding, Kind
from anydoa.doctor.order import OrderResult
from anydoa.doctor.symmetry import KnownTalker
from anydoa.doctor.talker import HeardTalker
from anydoa.geometry import ArrayReport, MicrophoneArray
from anydoa.io import find_board

_LEFT_OUT: tuple[Kind, ...] = ("dead", "loopback", "processed", "duplicated", "inverted", "drift", "offset")
"""Findings that a file corrects by leaving the channel out."""


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Everything the doctor found.

    Args:
        array: the array as the user declared it.
        report: what its geometry can do.
        num_symmetries: orders of its microphones, the declared one included, that record the same.
        settled_by: the talker who tells them apart; None where there is one order only.
        findings: what is wrong, gravest first; none if healthy.
        order: what is known of the order of the channels; None without a recording that could tell.
        delays: measured delays beside expected ones; None without such a recording.
        talker: where the only talker is heard; None where nobody says where that is.
        corrected: an array file that corrects what a file can correct; None where nothing is to be corrected,
            or it is not certain how.
        why_not_corrected: a sentence, where something is wrong and no file corrects it.
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

    def has_found(self, kind: Kind) -> bool:
        """Whether something of a kind is wrong."""
        return any(found.kind == kind for found in self.findings)

    @property
    def board_advice(self) -> tuple[str, ...]:
        """What to do about the findings on a board that is known, one sentence each."""
        board = find_board(self.array.device_match or "", self.array.name)
        if board is None:
            return ()
        kinds = dict.fromkeys(found.kind for found in self.findings)
        return tuple(f"{board.name}: {board.cures[kind]}." for kind in kinds if kind in board.cures)

    def likely(self) -> "Diagnosis":
        """This diagnosis with only what is likelier than not, gravest first."""
        kinds = get_args(Kind)
        findings = [found for found in self.findings if found.is_likely]
        findings.sort(key=lambda found: kinds.index(found.kind))
        likely = replace(self, findings=tuple(findings))
        order = self.order
        if order is not None and order.status == "wrong" and not likely.has_found("order"):
            likely = replace(likely, order=replace(order, status="unclear"))
        return likely

    def with_correction(self, num_channels: int) -> "Diagnosis":
        """This diagnosis with a corrected array, or with the reason why there is none.

        Args:
            num_channels: number of channels of the recording.
        """
        correctable = [found for found in self.findings if found.kind in (*_LEFT_OUT, "order", "unlisted")]
        reason = self._why_not(correctable)
        if reason or not correctable:
            return replace(self, why_not_corrected=reason)
        left_out: set[int] = set()
        for found in correctable:
            if found.kind in _LEFT_OUT:  # of two channels alike, the copy
                left_out.update(found.channels[:1] if found.kind == "duplicated" else found.channels)
        carried: tuple[int | None, ...] = self.array.channels
        if self.order is not None and self.has_found("order"):
            carried = self.order.channels
        kept = {
            mic: channel
            for mic, channel in enumerate(carried)
            if channel is not None and channel not in left_out
        }
        if len(kept) < 2:
            return replace(self, why_not_corrected="Fewer than two microphones would be left.")
        source = f"{self.array.source}; channels corrected by anydoa doctor".removeprefix("; ")
        corrected = self.array.select_microphones(
            list(kept),
            channels=tuple(kept.values()),
            ignore_channels=tuple(sorted(set(range(num_channels)) - set(kept.values()))),
            source=source,
        )
        return replace(self, corrected=corrected)

    def _why_not(self, correctable: list[Finding]) -> str:
        """Why nothing is corrected, or not certainly; nothing if it is or need not be."""
        if not correctable and self.has_found("turned"):
            return "Whether the array is turned or the angle is off cannot be heard."
        if not correctable:
            return "No array file mends that." if self.findings else ""
        unsure = [found for found in correctable if not found.is_certain]
        if unsure:
            return f"One finding is not certain enough ({unsure[0].kind}, {unsure[0].certainty:.0%})."
        order = self.order
        is_wrong = any(found.kind == "order" and found.value is None for found in correctable)
        if is_wrong and order is not None and order.num_equivalents > 1:
            number = order.num_equivalents
            return f"{number} orders fit equally well, as the array looks the same in all of them."
        if is_wrong and order is not None and order.status not in ("wrong", "confirmed"):
            return "Which microphone is on which channel is not clear from this recording."
        return ""
