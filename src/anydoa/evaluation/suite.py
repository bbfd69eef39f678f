"""Frozen suites: recordings simulated from test speakers and test noise in rooms nobody has trained on.

A suite keeps nothing but seeds. Clip i of a row is drawn from the seed of the row and i, so for the same dry
sound it is the same on every machine, whichever clips were rendered before.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from anydoa.evaluation.clip import SuiteClip
from anydoa.evaluation.material import Material
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.array_file import load_array
from anydoa.simulation.mixing import SceneMixer
from anydoa.simulation.planned_rooms import BankPlan, SimulatedRooms, array_rows
from anydoa.simulation.recipe import MixRecipe

CLIPS = 200  # of each number of talkers in a dynamic suite
CLIPS_A_PRESET = 4  # of each number of talkers
CLIPS_AN_ARRAY = 32  # of each number of talkers, where arrays are named
TALKERS = (1, 2)
DURATION_S = 2.0
MICROPHONES = {"dynamic-s": (4, 12), "dynamic-u": (13, 16)}

_ISOTROPIC_SHARE = 0.25  # of the clips, where the noise is generated
_LONGEST_RIR_S = 1.3  # as long as the longest reverberation: nothing is cut short


@dataclass(frozen=True)
class SuiteRow:
    """Clips that make one row of the table.

    Args:
        label: kind of recording.
        talkers: how many talkers.
        plan: what rooms and arrays are drawn from.
        array: what records, or None for the random arrays of the plan.
    """

    label: str
    talkers: int
    plan: BankPlan
    array: MicrophoneArray | None = None


@dataclass(frozen=True)
class SimulatedSuite:
    """Rows of simulated clips of 2 s, as many in each row.

    Where noise is generated, a quarter of the clips has a spherically isotropic field of it instead of noise
    from one place.

    Args:
        name: as on the command line.
        rows: what to simulate.
        clips: how many of each row.
        material: dry sound.

    Reference:
        Baek et al. (2026), section 4 and algorithm 3, for the ranges: rooms 3x3x2.5 to 10x8x6 m, rt60
        0.2..1.3 s, SNR -5..30 dB, second talker -5..5 dB.
    """

    name: str
    rows: tuple[SuiteRow, ...]
    clips: int
    material: Material

    def __len__(self) -> int:
        return len(self.rows) * self.clips

    def row(self, index: int) -> tuple[str, int]:
        """Label and number of talkers."""
        row = self.rows[index // self.clips]
        return row.label, row.talkers

    def __getitem__(self, index: int) -> SuiteClip:
        if not 0 <= index < len(self):
            raise IndexError(index)
        row, clip = self.rows[index // self.clips], index % self.clips
        mixer = SceneMixer(
            SimulatedRooms(row.plan, range(clip, clip + 1)),
            self.material.speech_pool,
            self.material.noise_pool,
            seed=row.plan.seed,
            duration_s=DURATION_S,
            max_talkers=row.talkers,
            recipe=self._recipe(row),
        )
        scene = mixer[clip]
        array = row.array or MicrophoneArray(scene.positions, name=f"{row.label} {clip}")
        return SuiteClip.from_scene(scene, array, name=f"{row.label}/{row.talkers}/{clip}", suite=row.label)

    def _recipe(self, row: SuiteRow) -> MixRecipe:
        share = _ISOTROPIC_SHARE if self.material.generates_noise else 0.0
        return MixRecipe(min_talkers=row.talkers, rotation="none", permute=False, isotropic_share=share)


def dynamic_suite(name: str, material: Material, *, seed: int = 0, clips: int = CLIPS) -> SimulatedSuite:
    """Random arrays of 4..12 microphones (``dynamic-s``) or 13..16 (``dynamic-u``), a new one in every clip.

    Args:
        name: which of the two.
        material: dry sound.
        seed: another number gives other arrays, rooms and voices; published figures have 0.
        clips: of each number of talkers.
    """
    rows = [
        SuiteRow(name, talkers, replace(_plan(name, talkers, seed, clips), microphones=MICROPHONES[name]))
        for talkers in TALKERS
    ]
    return SimulatedSuite(name, tuple(rows), clips, material)


def array_suite(
    name: str, material: Material, arrays: Sequence[str], *, seed: int = 0, clips: int = CLIPS_AN_ARRAY
) -> SimulatedSuite:
    """Known arrays, a row of the table each; on a hard ball where the array has one, else in free air.

    Args:
        name: of the suite, before the names of the arrays in the table.
        material: dry sound.
        arrays: names of presets, or files.
        seed: another number gives other rooms and voices; published figures have 0.
        clips: of each array and number of talkers.
    """
    rows = [
        SuiteRow(
            f"{name}/{array.name}",
            talkers,
            replace(
                _plan(array.name, talkers, seed, clips),
                arrays=(array_rows(array),),
                sphere_radius=array.rigid_sphere_radius or 0.0,
            ),
            array,
        )
        for array in map(load_array, arrays)
        for talkers in TALKERS
    ]
    return SimulatedSuite(name, tuple(rows), clips, material)


def _plan(name: str, talkers: int, seed: int, clips: int) -> BankPlan:
    # 60 bits made of the name: no row shares rooms with another, nor with training, which counts from 0.
    digest = hashlib.sha256(repr((name, talkers, seed)).encode()).digest()
    return BankPlan(
        num_rooms=clips,
        seed=int.from_bytes(digest[:8]) >> 4,
        num_talkers=talkers,
        num_noises=1,
        max_duration_s=_LONGEST_RIR_S,
        decay_db=60.0,
    )
