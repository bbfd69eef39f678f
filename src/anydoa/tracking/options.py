"""What a tracker believes about talkers and peaks, in seconds and degrees."""

from dataclasses import dataclass, fields

from anydoa.errors import ConfigError
from anydoa.io.options import check_positive

_LONGEST_MEMORY_S = 1000.0


@dataclass(frozen=True, kw_only=True)
class TrackerOptions:
    """How peaks become tracks. Nothing depends on the frame rate.

    Scores of estimators have scales of their own: a value of a correlation, or a probability. What makes them
    alike is the least score that each calls a source.

    Args:
        least_score: score from which the estimator calls a peak a source: its ``threshold``.
        noise_deg: standard deviation of the direction of a peak with the least score, along each axis. It
            falls with the root of the score: half as far for four times the score. Most of the error comes
            from the room and lasts for seconds, so it is counted for more than peaks scatter.
        recording_noise_deg: the same in recordings, more since estimators hear what comes later there: peaks
            of one who walks stay behind, then leap, and those of two who meet are drawn together.
        correlation_s: time over which the errors of successive peaks are alike, because estimators average
            over it; so a hundred frames a second teach no more than ten.
        speed_deg_s: standard deviation of the angular speed of talkers, along each axis.
        speed_memory_s: time after which the velocity of a talker has faded to 1/e; the longer, the steadier
            talkers walk, and the surer one who is not heard is thought to walk on. At most 1000 s.
        turn_memory_s: seconds after which the velocity of a talker has faded to 1/e while its own peaks keep
            lying to one side of where they were expected; at most 1000.
        gate_sigmas: most that a peak may lie off the place its track expects, in standard deviations.
        max_gate_deg: widest gate in degrees; bounds the gate of tracks that were silent for long.
        separation_deg: a peak this near to a stronger one of its frame is a ghost of it.
        confirm_s: how long peaks must come without a break to confirm a track; longer with breaks.
        release_s: silence in which the activity of a track falls from its highest to its lowest.
        keep_s: silence after which a confirmed track ends. Until then it may be taken up again.
        confirm_peaks: peaks beyond the first that a confirmation takes, however far apart frames are.
        score_memory_s: time over which the score of a track is smoothed.
        surprise_memory_s: time over which a track remembers how far peaks lay from where it expected them.
        turn_sigmas: mean surprise, in standard deviations, from which a talker is thought to turn.
        sure: probability that a peak is a track's own from which it teaches the velocity.
        hardly: probability that a peak is a track's own below which it teaches nothing.
        resumes: least probability that a talker in a pause sounds just now: it may go on at any moment.
        pause_s: longest pause that does not end a turn, in recordings.
        rest_deg: how far a talker of a recording moves in a pause longer than ``keep_s``, as a standard
            deviation along each axis; who moves farther is another.
        least_agreement: logarithm of the odds, in recordings, from which what begins is thought to be one
            who ended before, and a few lone peaks to be a talker's.
        hidden_share: probability, in recordings, that another's peak is also a talker's from which it is
            thought to sound.
        faintest: share of the least score that a peak counts for at least; a number of sources that is told
            brings fainter peaks, and their noise must be finite.

    Raises:
        ConfigError: if an option is out of range.
    """

    least_score: float = 0.1
    noise_deg: float = 7.0
    recording_noise_deg: float = 10.0
    correlation_s: float = 0.3
    speed_deg_s: float = 8.0
    speed_memory_s: float = 30.0
    turn_memory_s: float = 2.0
    gate_sigmas: float = 3.0
    max_gate_deg: float = 35.0
    separation_deg: float = 15.0
    confirm_s: float = 0.4
    release_s: float = 1.5
    keep_s: float = 10.0
    confirm_peaks: int = 3
    score_memory_s: float = 0.5
    surprise_memory_s: float = 1.0
    turn_sigmas: float = 1.0
    sure: float = 0.9
    hardly: float = 0.01
    resumes: float = 0.5
    pause_s: float = 0.5
    rest_deg: float = 5.0
    least_agreement: float = 2.0
    hidden_share: float = 0.25
    faintest: float = 0.1

    def __post_init__(self) -> None:
        check_positive(self, *(field.name for field in fields(self)))
        for name in ("max_gate_deg", "separation_deg"):
            if getattr(self, name) > 90:
                usual = getattr(type(self), name)
                raise ConfigError(
                    f"{name} must be at most 90 degrees, got {getattr(self, name)}; {usual:g} is usual"
                )
        # Whoever walks steadily for longer does so for good, and motion is computed from what fades.
        for name in ("speed_memory_s", "turn_memory_s"):
            if getattr(self, name) > _LONGEST_MEMORY_S:
                raise ConfigError(
                    f"{name} must be at most {_LONGEST_MEMORY_S:g} s, got {getattr(self, name)}; "
                    f"give {_LONGEST_MEMORY_S:g} for talkers who never turn"
                )
