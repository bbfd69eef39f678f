"""Suites by name, and the simulated ones: test speakers and test noise in rooms nobody has trained on.

A simulated suite keeps nothing but seeds. Clip i of a row is drawn from the seed of the row and i, so for the
same dry sound it is the same on every machine, whichever clips were rendered before.
"""

import hashlib
import logging
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from anydoa.errors import ConfigError
from anydoa.evaluation.asterisk import default_speech
from anydoa.evaluation.clip import Suite, SuiteClip
from anydoa.evaluation.folder import FolderSuite
from anydoa.evaluation.locata import LocataSuite
from anydoa.evaluation.material import TALKERS, Material, user_cache
from anydoa.evaluation.real import RealSuite
from anydoa.evaluation.realman import RealManSuite
from anydoa.evaluation.rsl2019 import Rsl2019Suite
from anydoa.geometry import MicrophoneArray
from anydoa.io import list_presets, load_array
from anydoa.simulation.mixing import LONGEST_S, SceneMixer
from anydoa.simulation.recipe import MixRecipe, check_within
from anydoa.simulation.rooms import RoomPlan, SimulatedRooms
from anydoa.simulation.scene import Scene

MICROPHONES = {"dynamic-s": (4, 12), "dynamic-u": (13, 16)}
SUITE_FORMS = (
    *MICROPHONES,
    "presets",
    "array:NAME",
    "locata:DIR",
    "real:DIR",
    "realman:DIR",
    "rsl2019:DIR",
    "a folder that `anydoa simulate` has written",
)
CLIP_S = 2.0
"""Length of simulated clips unless one is asked for; published figures are for 4 s."""

_ARRAY = "array:"
_SHORTEST_S = 0.1
_CORPORA: dict[str, Callable[[Path], Suite]] = {
    "locata": LocataSuite,
    "real": RealSuite,
    "realman": RealManSuite,
    "rsl2019": Rsl2019Suite,
}

_logger = logging.getLogger(__name__)


def is_simulated(name: str) -> bool:
    """Whether the clips of a suite of this name are drawn by seed, not recorded."""
    return name in (*MICROPHONES, "presets") or name.startswith(_ARRAY)


def open_suite(
    name: str,
    *,
    speech: Path | None = None,
    noise: Path | None = None,
    seed: int = 0,
    duration_s: float | None = None,
    cache: Path | None = None,
) -> Suite:
    """The suite that a name stands for.

    Args:
        name: one of :data:`SUITE_FORMS`.
        speech: folder of dry speech for simulated suites; the installed prompts if None.
        noise: folder of noise for simulated suites; if None see
            :class:`~anydoa.evaluation.material.Material`.
        seed: seed of simulated suites.
        duration_s: length of each clip of simulated suites; :data:`CLIP_S` if None.
        cache: folder for decoded audio and rendered clips of simulated suites. If None, decoded audio goes to
            the user's cache and clips are rendered anew each time.

    Raises:
        ConfigError: if there is no such suite, its clips cannot have this length, or something is chosen that
            recordings do not have.
        ArrayFileError: if there is no such array.
        AudioError: if there is no speech, or the folder holds no recordings.
    """
    if not is_simulated(name):
        recorded = _open_recorded(name)
        chosen = {"duration": duration_s, "speech": speech, "noise": noise, "cache": cache}
        simulated_only = {**chosen, "seed": seed or None}
        for choice, value in simulated_only.items():
            if value is not None:
                raise ConfigError(
                    f"only simulated clips have a {choice} to choose, got {value} for the recordings of "
                    f"{name!r:.80}; leave it out, or take dynamic-s, dynamic-u, presets or array:NAME"
                )
        return recorded
    duration_s = CLIP_S if duration_s is None else duration_s
    check_within("the duration of clips", (duration_s,), _SHORTEST_S, LONGEST_S, " s")
    material = Material(speech or default_speech(), noise, cache or user_cache())
    if name == "presets":
        suite = array_suite(name, material, list_presets(), seed=seed, clips=4)
    elif name.startswith(_ARRAY):
        suite = array_suite("array", material, name.removeprefix(_ARRAY).split(","), seed=seed)
    else:
        suite = dynamic_suite(name, material, seed=seed)
    suite = replace(suite, duration_s=duration_s)
    return suite if cache is None else CachedSuite(suite, cache)


@dataclass(frozen=True)
class SuiteRow:
    """Clips that make one row of the table.

    Args:
        label: kind of recording.
        talkers: how many talkers.
        plan: what rooms and arrays are drawn from.
        array: array that records, or None for the random arrays of the plan.
    """

    label: str
    talkers: int
    plan: RoomPlan
    array: MicrophoneArray | None = None


@dataclass(frozen=True)
class SimulatedSuite:
    """Rows of simulated clips, as many in each row.

    Where noise is generated, a quarter of the clips has a spherically isotropic field of it instead of noise
    from one place.

    Args:
        name: name as on the command line.
        rows: what to simulate.
        clips: number of clips in each row.
        material: dry sound.
        duration_s: length of each clip.
        isotropic_share: share of the clips with noise from everywhere, where the noise is generated.

    Reference:
        Baek et al. (2026), section 4 and algorithm 3, for the ranges: rooms 3x3x2.5 to 10x8x6 m, rt60
        0.2..1.3 s, SNR -5..30 dB, second talker -5..5 dB.
    """

    name: str
    rows: tuple[SuiteRow, ...]
    clips: int
    material: Material
    duration_s: float = CLIP_S
    isotropic_share: float = 0.25

    def __len__(self) -> int:
        return len(self.rows) * self.clips

    @property
    def contents(self) -> str:
        """Twelve hex digits that change with the clips, and with nothing else for arrays without a body."""
        plans = [(row.label, row.talkers, row.plan) for row in self.rows]
        sound = self.material.contents, self.duration_s, self.isotropic_share
        made_from = repr((self._rendering, plans, self.clips, *sound))
        return hashlib.sha256(made_from.encode()).hexdigest()[:12]

    @property
    def _rendering(self) -> int:
        everywhere = self.material.generates_noise and self.isotropic_share > 0
        plans = [row.plan for row in self.rows]
        is_bent = any(plan.body or (everywhere and not plan.levels_are_equal) for plan in plans)
        return _BENT_RENDERING if is_bent else _RENDERING

    def row(self, index: int) -> tuple[str, int]:
        """Label and number of talkers."""
        row = self.rows[index // self.clips]
        return row.label, row.talkers

    def __getitem__(self, index: int) -> SuiteClip:
        row, clip = self.rows[index // self.clips], index % self.clips
        scene = self.scene(index)
        array = row.array or MicrophoneArray(scene.positions, name=f"{row.label} {clip}")
        return SuiteClip.from_scene(scene, array, name=f"{row.label}/{row.talkers}/{clip}", suite=row.label)

    def scene(self, index: int, *, keep_talkers: bool = False) -> Scene:
        """Sound and truth of one clip.

        Args:
            index: number of the clip in the suite.
            keep_talkers: whether to keep each talker alone, direct and with echoes; the clip is the same.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        row, clip = self.rows[index // self.clips], index % self.clips
        share = self.isotropic_share if self.material.generates_noise else 0.0
        recipe = MixRecipe(
            min_talkers=row.talkers,
            rotation="none",
            permute=False,
            isotropic_share=share,
            keep_direct=keep_talkers,
            keep_images=keep_talkers,
        )
        mixer = SceneMixer(
            SimulatedRooms(row.plan, range(clip, clip + 1)),
            self.material.speech_pool,
            self.material.noise_pool,
            seed=row.plan.seed,
            duration_s=self.duration_s,
            max_talkers=row.talkers,
            recipe=recipe,
        )
        return mixer[clip]


_RENDERING = 2  # counts changes of the simulation that make other clips of the same rows
_BENT_RENDERING = 3  # the same of measured bodies, and of noise from everywhere at patterns and balls


@dataclass(frozen=True)
class CachedSuite:
    """A simulated suite whose clips are read from a folder where they have been rendered before.

    Args:
        suite: clips to render.
        cache: folder that holds a folder for every suite and dry sound.
    """

    suite: SimulatedSuite
    cache: Path

    @property
    def name(self) -> str:
        """Name as on the command line."""
        return self.suite.name

    def __len__(self) -> int:
        return len(self.suite)

    def row(self, index: int) -> tuple[str, int]:
        """Label and number of talkers."""
        return self.suite.row(index)

    def __getitem__(self, index: int) -> SuiteClip:
        if not 0 <= index < len(self):
            raise IndexError(index)
        path = self._folder / f"clip-{index:05d}.npz"
        if path.exists():
            try:
                return SuiteClip.load(path, self.suite.rows[index // self.suite.clips].array)
            except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
                _logger.warning("%s: damaged (%s); rendering the clip anew", path, error)
        clip = self.suite[index]
        try:
            clip.save(path)
        except (ConfigError, OSError) as error:
            _logger.warning("clips are not kept for the next time: %s", error)
        return clip

    @property
    def contents(self) -> str:
        """Twelve hex digits that change with the clips."""
        return self.suite.contents

    @cached_property
    def _folder(self) -> Path:
        files = [Path(row.plan.body.path) for row in self.suite.rows if row.plan.body is not None]
        bodies = [file.stat().st_mtime_ns for file in files]
        text = repr((self.suite.contents, bodies, self.suite.material.fingerprint))
        return self.cache / f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def dynamic_suite(name: str, material: Material, *, seed: int = 0, clips: int = 200) -> SimulatedSuite:
    """Random arrays of 4..12 microphones (``dynamic-s``) or 13..16 (``dynamic-u``), a new one in every clip.

    Args:
        name: one of the two.
        material: dry sound.
        seed: another number gives other arrays, rooms and voices; published figures have 0.
        clips: number of clips for each number of talkers.
    """
    rows = [
        SuiteRow(name, talkers, replace(_plan(name, talkers, seed, clips), microphones=MICROPHONES[name]))
        for talkers in TALKERS
    ]
    return SimulatedSuite(name, tuple(rows), clips, material)


def array_suite(
    name: str, material: Material, arrays: Sequence[str], *, seed: int = 0, clips: int = 32
) -> SimulatedSuite:
    """Known arrays, a row of the table each; on a hard ball where the array has one, else in free air.

    Args:
        name: name of the suite, before the names of the arrays in the table.
        material: dry sound.
        arrays: names of presets, or files.
        seed: another number gives other rooms and voices; published figures have 0.
        clips: number of clips for each array and number of talkers.
    """
    loaded = [load_array(asked) for asked in arrays]
    # Before and after a change arrays often have one name; each has a row, in the same rooms.
    names, stems = [array.name for array in loaded], [Path(asked).stem for asked in arrays]
    labels = [
        name if names.count(name) == 1 else stem if stems.count(stem) == 1 else asked
        for asked, name, stem in zip(arrays, names, stems, strict=True)
    ]
    rows = [
        SuiteRow(f"{name}/{label}", talkers, _plan(array.name, talkers, seed, clips).with_array(array), array)
        for label, array in zip(labels, loaded, strict=True)
        for talkers in TALKERS
    ]
    return SimulatedSuite(name, tuple(rows), clips, material)


def _open_recorded(name: str) -> Suite:
    corpus, colon, folder = name.partition(":")
    if colon and corpus in _CORPORA:
        return _CORPORA[corpus](Path(folder))
    if not os.path.isdir(name):
        raise ConfigError(f"no suite or folder is called {name!r:.80}; there are {', '.join(SUITE_FORMS)}")
    return FolderSuite(Path(name))


def _plan(name: str, talkers: int, seed: int, clips: int) -> RoomPlan:
    # 60 bits made of the name: no row shares rooms with another, nor with training, which counts from 0.
    digest = hashlib.sha256(repr((name, talkers, seed)).encode()).digest()
    return RoomPlan(
        num_rooms=clips,
        seed=int.from_bytes(digest[:8]) >> 4,
        num_talkers=talkers,
        num_noises=1,
        max_duration_s=1.3,  # as long as the longest reverberation: nothing is cut short
        decay_db=60.0,
    )
