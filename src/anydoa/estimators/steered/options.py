"""Every number of the steered estimator, as its card keeps them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from anydoa.errors import ConfigError
from anydoa.io.options import check_positive, record_from_dict


@dataclass(frozen=True)
class SteeredOptions:
    """How evidence is gathered, explained by talkers and turned into a spectrum.

    Args:
        mask_power: exponent of the mask where it weighs a bin.
        num_candidates: directions of the sphere that are searched for talkers; the grid refines them.
        num_bands: bands of bins, even on a mel axis.
        slot_frames: analysis windows that make one slot of evidence.
        slots_per_output: slots in a frame of the spectrum.
        memory_slots: slots that evidence is kept for, and most later ones heard with the same decay.
        recent_slots: newest slots, which say whether somebody speaks now.
        decay: factor on evidence from a slot to the next.
        wide_slots: slots before and after the judged one that are heard with all look-ahead.
        wide_decay: factor on evidence from a slot to the next with all look-ahead.
        picture_ahead: later slots in the picture of a talker where later sound is heard; 0 for models whose
            score network knows no such pictures.
        sharpness: log likelihood of a bin that a direction explains wholly.
        microphone_power: exponent of the number of microphones in that likelihood.
        evidence_power: exponent of the mass of a cell in that likelihood.
        background: share of the evidence that no direction explains, kept fixed.
        iterations: rounds of expectation and maximization for each frame.
        cluster_deg: radius of the candidates that make one talker.
        separation_deg: nearest that two talkers are told apart, where all microphones hear the difference.
        max_talkers: most talkers looked for.
        spare_clusters: clusters looked at besides, which may turn out to belong to a stronger talker.
        least_share: least share of the evidence that a talker explains.
        usual_rate: how fast the usual share of a direction follows its share, a frame.
        sure_mass: mass of evidence for a talker that is sure with one pair of microphones; noise has half of
            it, less with more pairs.
        leftover_height: greatest height in the spectrum of what no talker explains.
        most_leftover: greatest height of it as a share of the best score: a talker who has just stopped still
            comes first.
        beam_deg: angle at which the beam that marks a talker in the spectrum has fallen to 0.7.
        least_beam: least such angle, in spacings of the grid.
        gap_beam: least such angle in a gap of the grid, over the angle from the talker to the nearest of its
            directions.
        place_deg: the same angle where the grid is a handful of places, such as seats.
        score_weights: bias and weights of log share, coherence, log mass and log recent mass in a
            talker's log odds, fitted to held-out clips.
    """

    mask_power: float = 0.7
    num_candidates: int = 384
    num_bands: int = 40
    slot_frames: int = 3
    slots_per_output: int = 2
    memory_slots: int = 24
    recent_slots: int = 4
    decay: float = 0.95
    wide_slots: int = 40
    wide_decay: float = 0.97
    picture_ahead: int = 0
    sharpness: float = 6.0
    microphone_power: float = 0.25
    evidence_power: float = 0.5
    background: float = 0.1
    iterations: int = 5
    cluster_deg: float = 13.0
    separation_deg: float = 15.0
    max_talkers: int = 4
    spare_clusters: int = 2
    least_share: float = 0.02
    usual_rate: float = 0.04
    sure_mass: float = 300.0
    leftover_height: float = 0.01
    most_leftover: float = 0.5
    beam_deg: float = 3.7
    least_beam: float = 0.8
    gap_beam: float = 1.2
    place_deg: float = 12.0
    score_weights: tuple[float, float, float, float, float] = (-1.34, 0.98, 2.73, -0.44, 1.04)

    def __post_init__(self) -> None:
        if not self.picture_ahead >= 0:
            raise ConfigError(
                f"picture_ahead must be 0 or more, got {self.picture_ahead}; give 0 for no pictures"
            )
        numbers = (one.name for one in fields(self) if not isinstance(getattr(self, one.name), tuple))
        check_positive(self, *(name for name in numbers if name != "picture_ahead"))

    @property
    def frames_per_output(self) -> int:
        """Analysis windows in a frame of the spectrum."""
        return self.slot_frames * self.slots_per_output

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SteeredOptions":
        """The options with these values, the defaults elsewhere; lists become tuples.

        Raises:
            ConfigError: if a key does not exist or a value cannot be.
        """
        return record_from_dict(cls, values, "steered")

    def to_dict(self) -> dict[str, Any]:
        """Every value by name, ready for JSON."""
        return asdict(self)
