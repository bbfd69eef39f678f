"""Scenes mixed on the fly from a bank of rooms and pools of dry sound.

Scene i of seed s is always the same, whatever was mixed before, in whatever process.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from scipy import fft

from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import normalize_direction, rotate
from anydoa.simulation.background import Background, Noise
from anydoa.simulation.convolution import (
    fade_between_knots,
    lowest_bin,
    mean_power,
    scale_spectrum,
    spectrum_power,
    wet_spectrum,
)
from anydoa.simulation.pool import AudioPool, Segment
from anydoa.simulation.recipe import MixRecipe, check_within
from anydoa.simulation.rir import direct_part
from anydoa.simulation.rooms import RoomPlan, Rooms, SimulatedRoom, SimulatedRooms
from anydoa.simulation.scene import Scene

LONGEST_S = 600.0  # of a scene: all of it is held in memory several times
_SILENCE = 1e-20  # below it nothing is scaled up


class SceneMixer:
    """An endless list of scenes; ``mixer[index]`` mixes one.

    Args:
        bank: rooms, from disk or computed.
        speech: dry speech.
        noise: dry noise for the noise sources, or None for noise of the microphones only.
        seed: first part of the seed of every scene.
        duration_s: length of every scene.
        max_talkers: largest number of talkers.
        recipe: everything else.
        events: dry recordings of events, some of which stand in for talkers.

    Raises:
        ConfigError: if bank, speech and recipe do not fit together.
    """

    def __init__(
        self,
        bank: Rooms,
        speech: AudioPool,
        noise: AudioPool | None,
        *,
        seed: int = 0,
        duration_s: float = 2.0,
        max_talkers: int = 2,
        recipe: MixRecipe | None = None,
        events: AudioPool | None = None,
    ) -> None:
        self.bank, self.speech, self.events = bank, speech, events
        self.seed, self.max_talkers = seed, max_talkers
        self.recipe = MixRecipe() if recipe is None else recipe
        self.sample_rate = bank.plan.sample_rate
        check_within("the duration of a scene", (duration_s,), 0, LONGEST_S, " s")
        self.num_samples = round(duration_s * self.sample_rate)
        places, voices, fewest = bank.plan.num_talkers, len(speech.groups), self.recipe.min_talkers
        if not 1 <= fewest <= max_talkers <= min(places, voices):
            raise ConfigError(
                f"talkers must rise from 1 within {places} positions and {voices} voices, "
                f"got {fewest}..{max_talkers}; ask for fewer or give more"
            )
        if any(pool.sample_rate != self.sample_rate for pool in (speech, noise, events) if pool is not None):
            raise ConfigError(f"rooms have {self.sample_rate} Hz; load the recordings at that rate")
        if self.num_samples < 1:
            raise ConfigError(f"a scene needs at least one sample, got {duration_s} s; ask for a longer one")
        self._background = Background(noise, self.recipe, num_samples=self.num_samples, seed=seed)

    def __getitem__(self, index: int) -> Scene:
        return self.scene(index)

    def scene(self, index: int, *, num_mics: int | None = None) -> Scene:
        """Mix one scene.

        Args:
            index: number of the scene, from 0.
            num_mics: how many microphones, or None for whatever array the room was drawn with. Arrays with
                more lose some at random, so that a batch needs no padding.

        Raises:
            ConfigError: if no room has that many microphones.
        """
        rng = self.scene_rng(index)
        if num_mics is None:
            room = self.bank[int(rng.integers(len(self.bank)))]
        else:
            by_count, counts = self._rooms_by_count
            first = int(np.searchsorted(counts, num_mics))
            if first == len(counts):
                raise ConfigError(
                    f"rooms of the bank have at most {counts[-1]} microphones, got {num_mics}; ask for fewer"
                )
            room = self.bank[int(by_count[rng.integers(first, len(counts))])]
        mics = rng.permutation(len(room.mics))[:num_mics]
        talkers = rng.permutation(len(room.talkers))[
            : rng.integers(self.recipe.min_talkers, self.max_talkers + 1)
        ]
        room = room.select(talkers, mics if self.recipe.permute else np.sort(mics))
        scene = self._mix(room, rng)
        return self._disturb(replace(scene, seed=(self.seed, index)), rng, on_ball=room.on_ball)

    def scene_rng(self, index: int) -> np.random.Generator:
        """Source of randomness of one scene: which room, who says what there, and how loud the noise is."""
        return np.random.default_rng((self.seed, index))

    @cached_property
    def _rooms_by_count(self) -> tuple[Int[np.ndarray, "room"], Int[np.ndarray, "room"]]:
        """Rooms in the order of their numbers of microphones, and those numbers."""
        order = np.argsort(self.bank.mic_counts, kind="stable")
        return order, self.bank.mic_counts[order]

    def _mix(self, room: SimulatedRoom, rng: np.random.Generator) -> Scene:
        """All talkers of a room and noise at all its microphones, in the coordinates of the bank."""
        recipe = self.recipe
        # What each talker says, one voice each.
        segments = [
            pool.cut_segment(group, self.num_samples, rng, min_activity=recipe.min_activity)
            for pool, group in self._draw_voices(len(room.talkers), rng)
        ]
        # Every talker at the microphones, (mic, freq) each, and the noise; then all of them together.
        anechoic = recipe.anechoic_share > 0 and rng.random() < recipe.anechoic_share
        spectra = self._render(segments, self._direct_responses(room) if anechoic else room.talker_rirs)
        # Of whom nothing but pauses was found is not heard: scaled up, the noise of the recording would talk.
        speaks = np.array([segment.activity.any() for segment in segments])
        gains = np.where(speaks, self._draw_gains(spectra, rng), np.float32(0))
        snr_db = float(rng.uniform(*(recipe.anechoic_snr_db if anechoic else recipe.snr_db)))
        noise = self._background.render_hiss(room, rng) if anechoic else self._background.render(room, rng)
        images = self._sounds(spectra, gains) if recipe.keep_images else None
        audio = self._sum(spectra, gains, noise, snr_db)
        direct = None
        if recipe.keep_direct:
            spectra = self._render(segments, self._direct_responses(room))
            direct = self._sounds(spectra, gains)
        # The truth: who is heard when, (time) each, and where everybody is.
        activity = [
            activity_at_array(segment.activity, places, sample_rate=self.sample_rate)
            for segment, places in zip(segments, room.talkers, strict=True)
        ]
        path = normalize_direction(room.talkers)  # (talker, knot, xyz)
        num_knots = path.shape[1]
        return Scene(
            audio=audio,
            sample_rate=self.sample_rate,
            positions=room.mics,
            directions=normalize_direction(path[:, (num_knots - 1) // 2] + path[:, num_knots // 2]),
            activity=np.stack(activity),
            snr_db=snr_db,
            rt60=0.0 if anechoic else room.rt60,
            seed=(),
            direct=direct,
            images=images,
            path=path if num_knots > 1 else None,
            noises=normalize_direction(noise.places),
            reflections=None if anechoic or room.images is None else normalize_direction(room.images),
        )

    def _draw_voices(self, count: int, rng: np.random.Generator) -> list[tuple[AudioPool, int]]:
        """Who is heard at each place: a speaker, or a kind of event; nobody and nothing twice."""
        voices = [(self.speech, int(group)) for group in rng.permutation(len(self.speech.groups))[:count]]
        if self.events is None or self.recipe.event_share == 0:
            return voices
        kinds = rng.permutation(len(self.events.groups))[:count]
        for place, kind in enumerate(kinds):
            if rng.random() < self.recipe.event_share:
                voices[place] = (self.events, int(kind))
        return voices

    def _render(
        self, segments: Sequence[Segment], responses: Iterable[Float[np.ndarray, "knot mic _"]]
    ) -> list[Complex[np.ndarray, "mic freq"]]:
        """Spectra of talkers at the microphones, who pass the places of their responses at even intervals."""
        low = lowest_bin(self.num_samples, self.sample_rate)
        return [
            wet_spectrum(fade_between_knots(segment.dry, len(rirs)), rirs, first_bin=low)
            for segment, rirs in zip(segments, responses, strict=True)
        ]

    def _direct_responses(self, room: SimulatedRoom) -> list[Float[np.ndarray, "knot mic _"]]:
        """Responses of each talker without all that comes later than 3 ms after the direct sound."""
        return [
            direct_part(rirs, places, room.mics, sample_rate=self.sample_rate)
            for rirs, places in zip(room.talker_rirs, room.talkers, strict=True)
        ]

    def _draw_gains(
        self, spectra: list[Complex[np.ndarray, "mic freq"]], rng: np.random.Generator
    ) -> Float[np.ndarray, "talker"]:
        """Gains that give the first talker power one and each further one as much as drawn."""
        level_db = rng.uniform(*self.recipe.second_talker_db, size=len(spectra))
        level_db[0] = 0
        power = np.array([spectrum_power(spectrum, self.num_samples) for spectrum in spectra])
        gains: np.ndarray = 10 ** (level_db / 20) / np.sqrt(np.maximum(power, _SILENCE))
        return gains.astype(np.float32)

    def _sounds(
        self, spectra: Sequence[Complex[np.ndarray, "mic freq"]], gains: Float[np.ndarray, "talker"]
    ) -> Float[np.ndarray, "talker mic time"]:
        """Each talker alone at the microphones, as loud as in the scene."""
        sounds: np.ndarray = fft.irfft(gains[:, None, None] * np.stack(spectra), self.num_samples)
        return sounds

    def _sum(
        self,
        spectra: list[Complex[np.ndarray, "mic freq"]],
        gains: Float[np.ndarray, "talker"],
        noise: Noise,
        snr_db: float,
    ) -> Float[np.ndarray, "mic time"]:
        """Talkers and noise in one signal; uses up what it is given, as new arrays of this size are slow."""
        mixed = spectra[0]
        mixed *= gains[0]
        for gain, spectrum in zip(gains[1:], spectra[1:], strict=True):
            spectrum *= gain
            mixed += spectrum
        power = spectrum_power(mixed, self.num_samples) or 1.0  # that of a talker, where nobody is heard
        level = np.float32(np.sqrt(power) * 10 ** (-snr_db / 20))
        if noise.outside is not None:
            noise.outside[...] *= level * noise.outside_gain
            mixed += noise.outside
        audio: np.ndarray = fft.irfft(mixed, self.num_samples)
        noise.hiss[...] *= level * noise.hiss_gain
        audio += noise.hiss
        return audio

    def _disturb(self, scene: Scene, rng: np.random.Generator, *, on_ball: bool) -> Scene:
        """The same scene at another level, heard by microphones that stray, and turned."""
        wanted = 10 ** (rng.uniform(*self.recipe.level_db) / 20)
        mismatch = self.recipe.mismatch
        response = mismatch.draw_response(scene.num_microphones, rng)
        audio = scale_spectrum(scene.audio, response)
        loudness, peak = np.sqrt(mean_power(audio)), max(float(audio.max()), -float(audio.min()))
        gain = np.float32(min(wanted / max(loudness, _SILENCE), 0.99 / max(peak, _SILENCE)))
        misplaced = mismatch.misplace(scene.positions, rng, on_ball=on_ball)
        matrix = self.recipe.draw_rotation(rng)

        def heard(sounds: Float[np.ndarray, "talker mic time"] | None) -> np.ndarray | None:
            return None if sounds is None else gain * scale_spectrum(sounds, response)

        def turned(directions: Float[np.ndarray, "*batch 3"] | None) -> Float[np.ndarray, "*batch 3"] | None:
            return None if directions is None else rotate(directions, matrix)

        return replace(
            scene,
            audio=gain * audio,
            positions=rotate(misplaced, matrix),
            directions=rotate(scene.directions, matrix),
            direct=heard(scene.direct),
            images=heard(scene.images),
            path=turned(scene.path),
            noises=turned(scene.noises),
            reflections=turned(scene.reflections),
        )


def activity_at_array(
    activity: Bool[np.ndarray, "time"], places: Float[np.ndarray, "knot 3"], *, sample_rate: int = SAMPLE_RATE
) -> Bool[np.ndarray, "time"]:
    """Activity of a loop as it arrives at the centre of the array, late by the flight of the direct sound.

    Args:
        activity: true where the dry sound is speech.
        places: metres from the array to each place of the talker; the flight of one who moves is the mean.
        sample_rate: samples a second.
    """
    flight = float(np.linalg.norm(places, axis=-1).mean()) / SPEED_OF_SOUND
    return np.roll(activity, round(flight * sample_rate))


def mix_in_new_room(
    plan: RoomPlan,
    index: int,
    speech: AudioPool,
    noise: AudioPool | None,
    *,
    duration_s: float,
    max_talkers: int = 2,
    recipe: MixRecipe | None = None,
) -> Scene:
    """The scene in one room of a plan, which is computed for it; others as for :class:`SceneMixer`."""
    room = SimulatedRooms(plan, range(index, index + 1))
    mixer = SceneMixer(
        room, speech, noise, seed=plan.seed, duration_s=duration_s, max_talkers=max_talkers, recipe=recipe
    )
    return mixer[index]


def mix_in_new_rooms(
    plan: RoomPlan,
    speech: AudioPool,
    noise: AudioPool | None,
    *,
    duration_s: float,
    max_talkers: int = 2,
    recipe: MixRecipe | None = None,
) -> Iterator[Scene]:
    """One scene in each room of a plan, rooms computed on the way; arguments as for :class:`SceneMixer`."""
    for index in range(plan.num_rooms):
        yield mix_in_new_room(
            plan, index, speech, noise, duration_s=duration_s, max_talkers=max_talkers, recipe=recipe
        )
