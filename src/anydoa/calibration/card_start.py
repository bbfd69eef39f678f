"""Whether a sound card has started with its channels in order, or shifted round by some.

Cards that several converters share (I2S and TDM on single-board computers) may begin a recording in the
middle of a frame: channel c then comes out as channel c + shift, round the end. What gives it away is a
channel without a microphone, or sound that fits no plane wave in the wrong order. An array that looks the
same after the shift, such as a ring on all channels, gives nothing away: its sound is turned, and so might
be the talker.

Reference:
    respeaker/seeed-voicecard, issues 301, 309 and 334, tell of such cards.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from anydoa.acoustics import plane_arrival_times
from anydoa.calibration.channel_profile import ChannelProfile, ChannelSignature, channel_signatures
from anydoa.doctor.channels import channel_statistics
from anydoa.doctor.delays import correlate_segments
from anydoa.doctor.recording import scaled_to_range
from anydoa.doctor.wave_fit import ChannelHypothesis, WaveFit, wave_directions, wave_polarity
from anydoa.errors import ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.channels import channel_text


@dataclass(frozen=True)
class CardStartOptions:
    """What a shifted start looks like; evidence in log odds.

    Args:
        certainty: probability from which a shift is believed.
        min_s: seconds that can be judged.
        level_sd_db: standard deviation between two recordings of the level of a channel, relative to the
            median of the microphones.
        max_level_evidence: largest log odds that the level of one channel brings.
        deaf_microphone: evidence against a microphone that hears nothing, or sound where none can be.
        playback: evidence against something that is played through a loopback channel.
        max_wave_evidence: largest log odds that plane waves bring.
        fit_error: error of a fit, from directions between those tried, alike in all segments of one talker.
        alike: share of the span; microphones this near each other's places look the same.
    """

    certainty: float = 0.95
    min_s: float = 1.0
    level_sd_db: float = 3.0
    max_level_evidence: float = 4.0
    deaf_microphone: float = 7.0
    playback: float = 2.0
    max_wave_evidence: float = 8.0
    fit_error: float = 0.03
    alike: float = 0.02

    def evidence(self, expected: ChannelSignature, found: ChannelSignature) -> float:
        """Log odds of a channel as it is found; 0 where it is as expected."""
        if expected.is_constant:
            if found.is_constant:
                return 0.0
            return -self.deaf_microphone if found.hears_room else -self.playback
        if found.is_constant or expected.hears_room != found.hears_room:
            return -self.deaf_microphone if expected.hears_room else -self.playback
        difference = (found.level_db - expected.level_db) / self.level_sd_db
        return -min(difference**2 / 2, self.max_level_evidence)


@dataclass(frozen=True)
class CardStartVerdict:
    """How the channels came.

    Args:
        shift: what the array has on channel c is on channel c + shift, round the end; None if it cannot be
            told.
        confidence: probability of the shift, 0..1; of the likeliest if it cannot be told.
        reason: why it cannot be told, or what gave it away.
        heard_s: seconds that were listened to.
        is_turned: whether it cannot be told because the array is the same but turned after each likely shift;
            then more sound tells no more.
    """

    shift: int | None
    confidence: float
    reason: str
    heard_s: float
    is_turned: bool = False


def remapped_array(array: MicrophoneArray, shift: int) -> MicrophoneArray:
    """The array on a card whose channels are shifted round by ``shift``."""
    count = array.num_recording_channels
    return array.replace(
        channels=tuple((channel + shift) % count for channel in array.channels),
        ignore_channels=tuple((channel + shift) % count for channel in array.ignore_channels),
    )


class CardStartCheck:
    """Compares the first seconds of a start with the profile of a healthy one.

    Args:
        array: microphone array whose channels they should be.
        profile: profile made with this array.
        sample_rate: sample rate of the blocks, in Hz.
        listen_s: seconds before the first attempt, and between attempts.
        patience_s: seconds after which the verdict is that nothing can be told so far. From then on each such
            span is judged by itself, until one tells, unless the array is only turned.
        options: what a shifted start looks like.

    Raises:
        ConfigError: if the profile was made with another array.
    """

    def __init__(
        self,
        array: MicrophoneArray,
        profile: ChannelProfile,
        sample_rate: int,
        *,
        listen_s: float = 3.0,
        patience_s: float = 12.0,
        options: CardStartOptions = CardStartOptions(),
    ) -> None:
        if profile.array_hash != array.hash or len(profile.channels) != array.num_recording_channels:
            raise ConfigError(
                f"the profile must be of this array, but it is of {profile.array!r} with other positions or "
                f"channels than {array.name!r}; make it anew with `anydoa card save`"
            )
        self._array, self._profile, self._sample_rate = array, profile, sample_rate
        self._options = options
        self._listen, self._patience = round(listen_s * sample_rate), round(patience_s * sample_rate)
        self.restart()

    def restart(self) -> None:
        """Forget what was heard: the sound has started anew, maybe in another order."""
        self._next_attempt = self._listen
        self._blocks: list[np.ndarray] = []
        self._unclear: CardStartVerdict | None = None  # the last that told nothing
        self._verdict: CardStartVerdict | None = None

    def push(self, block: Float[np.ndarray, "channel time"]) -> CardStartVerdict | None:
        """Take the next samples of all channels; a verdict once there is one, None meanwhile.

        One that tells a shift stays, and so does one of an array that is only turned; any other that tells
        none may be followed by another.

        Raises:
            AudioError: if the block has another number of channels than the array.
        """
        if self._verdict is not None:
            return self._verdict
        self._array.check_channel_count(len(block))
        self._blocks.append(block)
        num_heard = sum(part.shape[1] for part in self._blocks)
        if num_heard < self._next_attempt:
            return None
        self._next_attempt = num_heard + self._listen
        verdict = self._judge()
        if verdict.shift is not None:
            return self._settle(verdict)
        if num_heard < self._patience:
            return None
        if verdict.is_turned:
            return self._settle(verdict)
        self._unclear, self._blocks, self._next_attempt = verdict, [], self._patience
        return verdict

    def finish(self) -> CardStartVerdict:
        """The verdict on what was heard, if nothing more comes."""
        if self._verdict is None:
            verdict = self._judge()
            self._settle(self._unclear or verdict if verdict.shift is None else verdict)
        assert self._verdict is not None
        return self._verdict

    def _judge(self) -> CardStartVerdict:
        nothing = np.zeros((len(self._profile.channels), 0), dtype=np.float32)
        heard = np.concatenate([nothing, *self._blocks], axis=1)
        if heard.shape[1] < self._options.min_s * self._sample_rate:
            heard_s = heard.shape[1] / self._sample_rate
            return CardStartVerdict(None, 1 / len(heard), f"{heard_s:.1f} s of sound are too few", heard_s)
        return judge_start(heard, self._sample_rate, self._array, self._profile, self._options)

    def _settle(self, verdict: CardStartVerdict) -> CardStartVerdict:
        self._verdict, self._blocks = verdict, []
        return verdict


def judge_start(
    audio: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    profile: ChannelProfile,
    options: CardStartOptions = CardStartOptions(),
) -> CardStartVerdict:
    """The shift of the channels of a recording against a profile.

    Every shift is equally likely before. For each, every channel is compared with what the profile has
    there, and the sound with plane waves over the array.

    Args:
        audio: a recording of all channels, a second or more.
        sample_rate: samples a second.
        array: microphone array whose channels they should be.
        profile: profile made with this array.
        options: what a shifted start looks like.
    """
    heard_s = audio.shape[1] / sample_rate
    audio = scaled_to_range(audio)
    statistics = channel_statistics(audio, sample_rate)
    count = len(audio)
    if statistics.is_constant.all():
        return CardStartVerdict(None, 1 / count, "no channel changes: nothing is heard yet", heard_s)
    # (shift): log odds of each shift, first from the channels alone
    by_channels = np.zeros(count)
    for shift in range(count):
        found = channel_signatures(statistics, remapped_array(array, shift).channels)
        by_channels[shift] = sum(
            options.evidence(expected, found[(channel + shift) % count])
            for channel, expected in enumerate(profile.channels)
        )
    possible = by_channels > by_channels.max() - options.max_wave_evidence
    evidence = by_channels + _wave_evidence(audio, sample_rate, array, possible, options)
    # (shift): probability of each shift
    chance = np.exp(evidence - evidence.max())
    chance /= chance.sum()
    best = int(chance.argmax())
    if chance[best] < options.certainty:
        rivals = np.flatnonzero(chance > (1 - options.certainty) * chance[best]).tolist()
        listed = ", ".join(map(str, rivals))
        reason = f"shifts {listed} fit nearly alike; let somebody talk near the array"
        is_turned = len(rivals) > 1 and all(_is_turned(array, best, rival, options.alike) for rival in rivals)
        if is_turned:
            reason = (
                f"shifts {listed} cannot be told apart: after them the array is the same but turned, and no "
                "channel without a microphone shows which it is; check with a sound from a known direction"
            )
        return CardStartVerdict(None, float(chance[best]), reason, heard_s, is_turned)
    # What gave the shift away: channels without a microphone, if they tell it from every other.
    reason = "the sound fits plane waves in this order only"
    rest = np.delete(by_channels, best)
    if array.ignore_channels and by_channels[best] - rest.max() >= options.playback:
        now = channel_text(sorted(remapped_array(array, best).ignore_channels))
        reason = f"the channels without a microphone are now {now}"
    return CardStartVerdict(best, float(chance[best]), reason, heard_s)


def _wave_evidence(
    audio: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    possible: Bool[np.ndarray, "shift"],
    options: CardStartOptions,
) -> Float[np.ndarray, "shift"]:
    """Log odds of each shift from how well plane waves explain the sound; 0 for the one that fits best."""
    directions = wave_directions(array)
    arrival_s, polarity = plane_arrival_times(array, directions), wave_polarity(array, directions)
    longest_s = float(np.ptp(arrival_s, axis=0).max())
    # Correlations of all channels that change, once; those of each shift are taken out of them.
    changing = np.flatnonzero(np.ptp(audio, axis=1) > 0)
    found = correlate_segments(audio[changing], sample_rate, max_delay_s=longest_s)
    found = replace(found, pairs=changing[found.pairs])
    as_declared = ChannelHypothesis.as_declared(array.num_microphones)
    fits: dict[int, np.ndarray] = {}
    for shift in np.flatnonzero(possible).tolist():
        # Shifts that only turn the array fit alike but for the directions tried: they share one fit.
        same = next((other for other in fits if _is_turned(array, shift, other, options.alike)), None)
        if same is None:
            own = found.between(remapped_array(array, shift).channels)
            fits[shift] = WaveFit(own, arrival_s, polarity).fit(as_declared)
        else:
            fits[shift] = fits[same]
    best = max(fits.values(), key=lambda fit: float(fit.mean()))
    # (segment) of each shift -> (shift)
    evidence = np.zeros(len(possible))
    for shift, fit in fits.items():
        less = best - fit
        # Segments share half of their sound with the next: every second one is independent.
        error = np.sqrt(less.var() * 2 / len(less) + options.fit_error**2)
        evidence[shift] = -min((less.mean() / error) ** 2 / 2, options.max_wave_evidence)
    return evidence


def _is_turned(array: MicrophoneArray, first: int, second: int, alike: float) -> bool:
    """Whether two shifts put microphones of the same distances from each other on the same channels."""
    one, other = remapped_array(array, first), remapped_array(array, second)
    if set(one.channels) != set(other.channels):
        return False
    distances = []
    for shifted in (one, other):
        positions = shifted.positions[np.argsort(shifted.channels)]
        distances.append(np.linalg.norm(positions[:, None] - positions, axis=-1))
    return bool(np.abs(distances[0] - distances[1]).max() < alike * array.span)
