"""Channels that carry one signal: which of them is the copy."""

import numpy as np
from jaxtyping import Float

from anydoa.diagnosis.bench import set_up
from anydoa.diagnosis.channels import ChannelFacts
from anydoa.diagnosis.evidence import Explanation, certainty
from anydoa.diagnosis.findings import CERTAIN, Finding
from anydoa.diagnosis.placing import Placing
from anydoa.diagnosis.symmetry import are_twins
from anydoa.geometry.array import MicrophoneArray


def without_copies(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    placing: Placing,
    facts: ChannelFacts,
) -> tuple[Placing, list[Finding]]:
    """Leave out copies: of two equal channels the one that plane waves fit worse at its place.

    Args:
        recording: every channel of the card.
        sample_rate: samples a second.
        array: what the user believes.
        placing: of the channels that hear the room.
        facts: of the recording.
    """
    findings = []
    for pair in facts.copies:
        if not set(pair) <= set(placing.channels):
            continue
        mic_of = dict(placing.live)
        others = [mic for channel, mic in placing.live if channel not in pair]
        sure, doubt = 0.5, "cannot be heard, as the others are equally far from both"
        copy, model = pair
        if not are_twins(array, mic_of[copy], mic_of[model], others):
            fits = {}
            for channel in pair:
                bench = set_up(recording, sample_rate, array, placing.without(channel))
                fits[channel] = Explanation(bench.waves.fit(bench.as_told))
            copy, model = sorted(pair, key=lambda channel: -float(fits[channel].fit.mean()))
            sure, doubt = certainty(fits[copy], [fits[model]]), "is not clear"
        text = f"channels {copy} and {model} carry the same signal"
        text += f": channel {copy} is a copy." if sure >= CERTAIN else f"; which is the copy {doubt}."
        findings.append(Finding("duplicated", (copy, model), sure, text))
        placing = placing.without(copy)
    return placing, findings
