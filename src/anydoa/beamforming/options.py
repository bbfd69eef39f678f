"""Every number of the beamformer."""

from dataclasses import dataclass
from typing import Literal

from anydoa.beamforming.windows import BEAM_RATE, HOP_LENGTH
from anydoa.errors import ConfigError
from anydoa.io.options import check_positive

Beamformer = Literal["mvdr", "delay-and-sum"]
BEAMFORMERS: tuple[Beamformer, ...] = ("mvdr", "delay-and-sum")


@dataclass(frozen=True)
class BeamOptions:
    """How sound is taken out of the microphones.

    Args:
        beamformer: ``mvdr`` weakens everybody else and noise as far as the microphones can; ``delay-and-sum``
            only lets the sound from a direction add up, and can do no harm.
        slot_windows: windows that share weights.
        memory_s: seconds after which the weight of what was heard has fallen to 1/e.
        turn_deg: degrees that a talker moves until the weight of what was heard has fallen to 1/e.
        spread: share of a talker's power that is thought to come from everywhere.
        diffuse: share of everything else that comes from everywhere; what is left is each microphone's own.
        sharpness: how firmly microphones decide whose a bin is; at most their number.
        least_speech: chance that a bin is a talker's where the mask says it is not.
        most_speech: chance that a bin is a talker's where the mask says it is.
        wave: share of the plane wave in what a talker sounds like; the other is what was heard.
        loading: noise of the microphones that weights are made for, as a share of the power of the rest.
        floor: least gain of a bin after the beam; 1 leaves every bin as it is.
    """

    beamformer: Beamformer = "mvdr"
    slot_windows: int = 6
    memory_s: float = 2.0
    turn_deg: float = 15.0
    spread: float = 0.1
    diffuse: float = 0.9
    sharpness: float = 4.0
    least_speech: float = 0.05
    most_speech: float = 0.95
    wave: float = 0.1
    loading: float = 0.003
    floor: float = 0.1

    @property
    def slot_s(self) -> float:
        """Seconds from a slot to the next."""
        return self.slot_windows * HOP_LENGTH / BEAM_RATE

    def __post_init__(self) -> None:
        if self.beamformer not in BEAMFORMERS:
            raise ConfigError(
                f"a beamformer is {' or '.join(BEAMFORMERS)}, got {self.beamformer!r:.40}; take one of them"
            )
        if self.slot_windows < 1:
            raise ConfigError(f"slot_windows must be at least 1, got {self.slot_windows}; 6 is usual")
        check_positive(self, "memory_s", "turn_deg", "spread", "sharpness", "loading")
        if not 0 <= self.diffuse < 1:
            raise ConfigError(f"diffuse must be 0 or more and below 1, got {self.diffuse}; 0.9 is usual")
        for name in ("spread", "least_speech", "most_speech", "wave", "floor"):
            if not 0 <= getattr(self, name) <= 1:
                usual = getattr(type(self), name)
                raise ConfigError(f"{name} must be 0..1, got {getattr(self, name)}; {usual} is usual")
