"""Scenes mixed on the fly from a bank of rooms and pools of dry sound.

Scene i of seed s is always the same, whatever was mixed before, in whatever process.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy import fft

from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import normalize_direction, random_rotation, rotate, rotation_from_rpy_deg
from anydoa.simulation.background import Background, Noise
from anydoa.simulation.convolution import (
    fade_between_knots,
    lowest_bin,
    mean_power,
    spectrum_power,
    wet_spectrum,
)
from anydoa.simulation.limits import check_within
from anydoa.simulation.perturbation import apply_mismatch, mismatch_response, misplace
from anydoa.simulation.planned_rooms import BankPlan, BankRoom, Rooms, SimulatedRooms, select_from_room
from anydoa.simulation.pool import AudioPool
from anydoa.simulation.recipe import MixRecipe
from anydoa.simulation.scene import Scene
from anydoa.simulation.voice import Speech, activity_at_array, cut_speech, direct_part

LONGEST_S = 600.0  # of a scene: all of it is held in memory several times
_PEAK = 0.99
_SILENCE = 1e-20  # below it nothing is scaled up


class SceneMixer:
    """An endless list of scenes; ``mixer[index]`` mixes one.

    Args:
        bank: rooms, from disk or computed.
        speech: dry speech.
        noise: dry noise for the noise sources, or None for noise of the microphones only.
        seed: first part of the seed of every scene.
        duration_s: length of every scene.
        max_talkers: most talkers.
        recipe: everything else.

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
    ) -> None:
        self.bank, self.speech, self.seed, self.max_talkers = bank, speech, seed, max_talkers
        self.recipe = MixRecipe() if recipe is None else recipe
        self.sample_rate = bank.plan.sample_rate
        check_within("the duration of a scene", (duration_s,), 0, LONGEST_S, " s")
        self.num_samples = round(duration_s * self.sample_rate)
        _check_voices(self.recipe.min_talkers, max_talkers, (bank.plan.num_talkers, len(speech.groups)))
        if any(pool.sample_rate != self.sample_rate for pool in (speech, noise) if pool is not None):
            raise ConfigError(f"rooms have {self.sample_rate} Hz; load the recordings at that rate")
        if self.num_samples < 1:
            raise ConfigError(f"a scene needs at least one sample, got {duration_s} s; ask for a longer one")
        self._background = Background(noise, self.recipe, num_samples=self.num_samples, seed=seed)

    def __getitem__(self, index: int) -> Scene:
        return self.scene(index)

    def scene(self, index: int, *, num_mics: int | None = None) -> Scene:
        """Mix one scene.

        Args:
            index: which, from 0.
            num_mics: how many microphones, or None for whatever array the room was drawn with. Arrays with
                more lose some at random, so that a batch needs no padding.

        Raises:
            ConfigError: if no room has that many microphones.
        """
        rng = np.random.default_rng((self.seed, index))
        room = self.bank[self._draw_room(num_mics, rng)]
        mics = rng.permutation(len(room.mics))[:num_mics]
        talkers = rng.permutation(len(room.talkers))[
            : rng.integers(self.recipe.min_talkers, self.max_talkers + 1)
        ]
        room = select_from_room(room, talkers, mics if self.recipe.permute else np.sort(mics))
        scene = self._mix(room, rng)
        return self._disturb(replace(scene, seed=(self.seed, index)), rng)

    def _draw_room(self, num_mics: int | None, rng: np.random.Generator) -> int:
        if num_mics is None:
            return int(rng.integers(len(self.bank)))
        by_count, counts = self._rooms_by_count
        first = int(np.searchsorted(counts, num_mics))
        if first == len(counts):
            raise ConfigError(
                f"rooms of the bank have at most {counts[-1]} microphones, got {num_mics}; ask for fewer"
            )
        return int(by_count[rng.integers(first, len(counts))])

    @cached_property
    def _rooms_by_count(self) -> tuple[Int[np.ndarray, "room"], Int[np.ndarray, "room"]]:
        """Rooms in the order of their numbers of microphones, and those numbers."""
        order = np.argsort(self.bank.mic_counts, kind="stable")
        return order, self.bank.mic_counts[order]

    def _mix(self, room: BankRoom, rng: np.random.Generator) -> Scene:
        """All talkers of a room and noise at all its microphones, in the coordinates of the bank."""
        groups = rng.permutation(len(self.speech.groups))[: len(room.talkers)]
        pieces = [
            cut_speech(self.speech, int(group), self.num_samples, rng, min_activity=self.recipe.min_activity)
            for group in groups
        ]
        anechoic = self.recipe.anechoic_share > 0 and rng.random() < self.recipe.anechoic_share
        responses = self._direct_responses(room) if anechoic else room.talker_rirs
        spectra = [self._render(piece, rirs) for piece, rirs in zip(pieces, responses, strict=True)]
        gains = self._draw_gains(spectra, rng)
        snr_db = float(rng.uniform(*(self.recipe.anechoic_snr_db if anechoic else self.recipe.snr_db)))
        background = self._background
        noise = background.render_hiss(room, rng) if anechoic else background.render(room, rng)
        paths = normalize_direction(room.talkers)
        activity = [
            activity_at_array(piece.activity, places, sample_rate=self.sample_rate)
            for piece, places in zip(pieces, room.talkers, strict=True)
        ]
        return Scene(
            audio=self._sum(spectra, gains, noise, snr_db),
            sample_rate=self.sample_rate,
            positions=room.mics,
            directions=_half_way(paths),
            activity=np.stack(activity),
            snr_db=snr_db,
            rt60=0.0 if anechoic else room.rt60,
            seed=(),
            direct=self._render_direct(room, pieces, gains) if self.recipe.keep_direct else None,
            path=paths if paths.shape[1] > 1 else None,
            noises=normalize_direction(noise.places),
            reflections=None if anechoic or room.images is None else normalize_direction(room.images),
        )

    def _sum(
        self,
        spectra: list[Complex[np.ndarray, "mic freq"]],
        gains: Float[np.ndarray, "source"],
        noise: Noise,
        snr_db: float,
    ) -> Float[np.ndarray, "mic time"]:
        """Talkers and noise in one signal; uses up what it is given, as new arrays of this size are slow."""
        mixed = spectra[0]
        mixed *= gains[0]
        for gain, spectrum in zip(gains[1:], spectra[1:], strict=True):
            spectrum *= gain
            mixed += spectrum
        level = np.float32(np.sqrt(spectrum_power(mixed, self.num_samples)) * 10 ** (-snr_db / 20))
        if noise.outside is not None:
            noise.outside[...] *= level * noise.outside_gain
            mixed += noise.outside
        audio: np.ndarray = fft.irfft(mixed, self.num_samples)
        noise.hiss[...] *= level * noise.hiss_gain
        audio += noise.hiss
        return audio

    def _render(
        self, piece: Speech, rirs: Float[np.ndarray, "knot mic tap"]
    ) -> Complex[np.ndarray, "mic freq"]:
        low = lowest_bin(self.num_samples, self.sample_rate)
        return wet_spectrum(fade_between_knots(piece.dry, len(rirs)), rirs, first_bin=low)

    def _draw_gains(
        self, spectra: list[Complex[np.ndarray, "mic freq"]], rng: np.random.Generator
    ) -> Float[np.ndarray, "source"]:
        """Gains that give the first talker power one and each further one as much as drawn."""
        level_db = rng.uniform(*self.recipe.second_talker_db, size=len(spectra))
        level_db[0] = 0
        power = np.array([spectrum_power(spectrum, self.num_samples) for spectrum in spectra])
        gains: np.ndarray = 10 ** (level_db / 20) / np.sqrt(np.maximum(power, _SILENCE))
        return gains.astype(np.float32)

    def _render_direct(
        self, room: BankRoom, pieces: list[Speech], gains: Float[np.ndarray, "source"]
    ) -> Float[np.ndarray, "source mic time"]:
        responses = self._direct_responses(room)
        spectra = [self._render(piece, rirs) for piece, rirs in zip(pieces, responses, strict=True)]
        return fft.irfft(gains[:, None, None] * np.stack(spectra), self.num_samples)

    def _direct_responses(self, room: BankRoom) -> list[Float[np.ndarray, "knot mic early"]]:
        """Of each talker, nothing from 3 ms after the direct sound on."""
        return [
            direct_part(rirs, places, room.mics, sample_rate=self.sample_rate)
            for rirs, places in zip(room.talker_rirs, room.talkers, strict=True)
        ]

    def _disturb(self, scene: Scene, rng: np.random.Generator) -> Scene:
        """The same scene at another level, heard by microphones that stray, and turned."""
        wanted = 10 ** (rng.uniform(*self.recipe.level_db) / 20)
        response = mismatch_response(scene.num_microphones, self.recipe.mismatch, rng)
        audio = apply_mismatch(scene.audio, response)
        loudness, peak = np.sqrt(mean_power(audio)), max(float(audio.max()), -float(audio.min()))
        gain = np.float32(min(wanted / max(loudness, _SILENCE), _PEAK / max(peak, _SILENCE)))
        told = misplace(scene.positions, self.recipe.mismatch, rng)
        matrix = _draw_rotation(self.recipe, rng)
        return replace(
            scene,
            audio=gain * audio,
            positions=rotate(told, matrix),
            directions=rotate(scene.directions, matrix),
            direct=None if scene.direct is None else gain * apply_mismatch(scene.direct, response),
            path=None if scene.path is None else rotate(scene.path, matrix),
            noises=None if scene.noises is None else rotate(scene.noises, matrix),
            reflections=None if scene.reflections is None else rotate(scene.reflections, matrix),
        )


def mix_in_new_rooms(
    plan: BankPlan,
    speech: AudioPool,
    noise: AudioPool | None,
    *,
    duration_s: float,
    max_talkers: int = 2,
    recipe: MixRecipe | None = None,
) -> Iterator[Scene]:
    """One scene in each room of a plan, rooms computed on the way; arguments as of :class:`SceneMixer`."""
    for index in range(plan.num_rooms):
        room = SimulatedRooms(plan, range(index, index + 1))
        mixer = SceneMixer(
            room, speech, noise, seed=plan.seed, duration_s=duration_s, max_talkers=max_talkers, recipe=recipe
        )
        yield mixer[index]


def _half_way(paths: Float[np.ndarray, "source knot 3"]) -> Float[np.ndarray, "source 3"]:
    knots = paths.shape[1]
    return normalize_direction(paths[:, (knots - 1) // 2] + paths[:, knots // 2])


def _draw_rotation(recipe: MixRecipe, rng: np.random.Generator) -> Float[np.ndarray, "3 3"]:
    if recipe.rotation == "none":
        return np.eye(3)
    upright = recipe.upright_share > 0 and rng.random() < recipe.upright_share
    if recipe.rotation == "yaw" or upright:
        return rotation_from_rpy_deg((0.0, 0.0, float(rng.uniform(-180, 180))))
    return random_rotation(rng)


def _check_voices(min_talkers: int, max_talkers: int, available: tuple[int, int]) -> None:
    if not 1 <= min_talkers <= max_talkers <= min(available):
        raise ConfigError(
            f"talkers must rise from 1 within {available[0]} positions and {available[1]} voices, "
            f"got {min_talkers}..{max_talkers}; ask for fewer or give more"
        )
