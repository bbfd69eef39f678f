"""A folder of simulated recordings, each rendered from its number alone, in whatever process."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from anydoa.acoustics import size_in_air
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import rotate, rotation_from_rpy_deg
from anydoa.simulation.corpus import Kind, read_corpus
from anydoa.simulation.mixing import mix_in_new_room
from anydoa.simulation.pool import AudioPool, limit_utterances, load_pool
from anydoa.simulation.recipe import MixRecipe
from anydoa.simulation.render import write_scene
from anydoa.simulation.rooms import RoomPlan

_FEWEST_MINUTES = 5.0  # of sound that is drawn from


@dataclass(frozen=True)
class DrySound:
    """The dry sound that recordings are made of.

    Args:
        speech: folder of dry speech.
        noise: folder of noise; None for noise of the microphones alone.
        split: part of the speakers and of the noise.
        minutes: how much is needed of each; five are taken at least.
        num_talkers: speakers that one recording needs at most.
        cache: folder that keeps it decoded; None for none.
    """

    speech: Path
    noise: Path | None
    split: Literal["train", "validation", "test"]
    minutes: float
    num_talkers: int
    cache: Path | None = None

    def open(self) -> tuple[AudioPool, AudioPool | None]:
        """Speech and noise, decoded; a process does so once.

        Raises:
            AnydoaError: if a folder holds none.
        """
        return _open(self)


@lru_cache(maxsize=1)
def _open(sound: DrySound) -> tuple[AudioPool, AudioPool | None]:
    def pool(folder: Path, *, kind: Kind) -> AudioPool:
        utterances = read_corpus(folder, kind).select(sound.split)
        minutes = max(sound.minutes, _FEWEST_MINUTES)
        least_groups = sound.num_talkers if kind == "speech" else 1
        chosen = limit_utterances(utterances, minutes, np.random.default_rng(0), least_groups=least_groups)
        return load_pool(chosen, kind=kind, cache=sound.cache)

    noise = sound.noise
    return pool(sound.speech, kind="speech"), None if noise is None else pool(noise, kind="noise")


@dataclass(frozen=True, eq=False)
class SceneFolder:
    """Simulated recordings in a folder; a function of the number of one, that writes it.

    Args:
        folder: the folder, which is there.
        sound: what they are made of.
        plan: a room for each.
        recipe: how they are mixed.
        duration_s: seconds of each.
        array: array of all; None where each has one of its own.
    """

    folder: Path
    sound: DrySound
    plan: RoomPlan
    recipe: MixRecipe
    duration_s: float
    array: MicrophoneArray | None = None

    def missing(self) -> Sequence[int]:
        """Numbers of the recordings that are not there to their end."""
        numbers = range(self.plan.num_rooms)
        return [number for number in numbers if not (self.folder / f"{_name(number)}.truth.json").exists()]

    def __call__(self, number: int) -> Path:
        """Write a recording, its array and its truth; the recording.

        Raises:
            ConfigError: if a file cannot be written.
        """
        speech, noise = self.sound.open()
        scene = mix_in_new_room(
            self.plan,
            number,
            speech,
            noise,
            duration_s=self.duration_s,
            max_talkers=self.plan.num_talkers,
            recipe=self.recipe,
        )
        name = _name(number)
        # Whoever reads the files is told the array with the errors of its positions, if any.
        if self.array is None:
            told = MicrophoneArray(scene.positions, name=name, source="simulated")
        else:
            told = self._told(scene.positions)
        return write_scene(scene, told, self.folder, name)

    def _told(self, positions: Float[np.ndarray, "mic 3"]) -> MicrophoneArray:
        """The array with its microphones at these places, in the user's frame."""
        assert self.array is not None
        positions = positions / size_in_air(self.array)
        if self.array.rigid_sphere_radius is not None:  # those that are misplaced stay on the ball
            positions *= self.array.rigid_sphere_radius / np.linalg.norm(positions, axis=1, keepdims=True)
        if self.array.steering is None and not self.array.patterns:
            return self.array.replace(body_positions=positions, mount_rpy_deg=(0.0, 0.0, 0.0))
        # Patterns and measured responses stay in the array's own frame.
        mount = rotation_from_rpy_deg(self.array.mount_rpy_deg)
        return self.array.replace(body_positions=rotate(positions, mount.T))


def _name(number: int) -> str:
    return f"clip_{number:04d}"
