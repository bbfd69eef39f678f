"""Small banks (one where talkers walk, one of flat arrays) and voices, made once for all training tests."""

from dataclasses import replace
from pathlib import Path

import pytest

from anydoa.simulation.corpus import read_corpus
from anydoa.simulation.recipe import RoomRanges
from anydoa.simulation.rir_bank import build_bank
from anydoa.simulation.rooms import RoomPlan
from anydoa.training.data import SceneMaterial, split_clips
from voices import write_voices


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bank")
    build_bank(
        path, RoomPlan(12, seed=3, microphones=(4, 5), num_noises=1, ranges=RoomRanges(rt60=(0.2, 0.25)))
    )
    return path


@pytest.fixture(scope="session")
def walking_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("walking")
    plan = RoomPlan(
        4,
        seed=5,
        microphones=(4, 5),
        num_talkers=2,
        num_noises=0,
        num_knots=4,
        ranges=RoomRanges(rt60=(0.2, 0.25)),
    )
    build_bank(path, plan)
    return path


@pytest.fixture(scope="session")
def flat_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flat")
    ranges = RoomRanges(rt60=(0.2, 0.25))
    build_bank(path, RoomPlan(4, seed=6, microphones=(6, 6), num_noises=0, ranges=ranges, shapes=("plane",)))
    return path


@pytest.fixture(scope="session")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Six speakers, of whom one goes to the test split.
    return write_voices(tmp_path_factory.mktemp("voices"), [90, 120, 150, 180, 220, 260], seconds=4)


@pytest.fixture(scope="session")
def material(bank: Path, voices: Path, tmp_path_factory: pytest.TempPathFactory) -> SceneMaterial:
    speech, _ = split_clips(read_corpus(voices, "speech"), 0.25, least=2)
    return SceneMaterial(bank, speech, (), tmp_path_factory.mktemp("cache"), held_out=0.25)


@pytest.fixture(scope="session")
def walking_material(material: SceneMaterial, walking_bank: Path) -> SceneMaterial:
    return replace(material, bank=walking_bank)


@pytest.fixture(scope="session")
def flat_material(material: SceneMaterial, flat_bank: Path) -> SceneMaterial:
    return replace(material, bank=flat_bank)
