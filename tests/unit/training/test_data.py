"""What is kept back for validation is never trained on."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.errors import ConfigError
from anydoa.simulation.corpus import Corpus, Utterance
from anydoa.simulation.rir_bank import build_bank
from anydoa.simulation.rooms import RoomPlan, SimulatedRooms
from anydoa.training.config import DataOptions, StageOptions, ValidationOptions
from anydoa.training.data import PartOfRooms, ProcessShare, RunScenes, split_clips
from anydoa.training.mask import MaskTraining


def corpus(speakers: int, split: str = "train") -> Corpus:
    clips = [
        Utterance(Path(f"{s}-{i}.wav"), f"speaker {s}", split) for s in range(speakers) for i in range(2)
    ]  # type: ignore[arg-type] # a split
    return Corpus("test", tuple(clips))


def rooms(count: int) -> SimulatedRooms:
    return SimulatedRooms(RoomPlan(count, microphones=(2, 6)))


def test_every_room_is_trained_on_or_held_out_and_never_both() -> None:
    whole = rooms(50)
    parts = [PartOfRooms(whole, 0.1, held_out=held_out) for held_out in (False, True)]
    assert [len(part) for part in parts] == [45, 5]
    counts = np.concatenate([part.mic_counts for part in parts])
    assert sorted(counts) == sorted(whole.mic_counts)


def test_a_bank_that_grows_holds_out_the_same_rooms() -> None:
    small = PartOfRooms(rooms(10), 0.2, held_out=True)
    large = PartOfRooms(rooms(20), 0.2, held_out=True)
    for index in range(len(small)):
        np.testing.assert_array_equal(small[index].mics, large[index].mics)


def test_all_rooms_of_a_bank_for_validation_may_be_used() -> None:
    assert len(PartOfRooms(rooms(7), 1.0, held_out=True)) == 7
    assert len(PartOfRooms(rooms(7), 0.0, held_out=False)) == 7


def test_too_few_rooms_are_refused() -> None:
    with pytest.raises(ConfigError, match="3 rooms are too few"):
        PartOfRooms(rooms(3), 0.05, held_out=True)


def test_no_speaker_is_on_both_sides() -> None:
    train, validation = split_clips(corpus(40), 0.1, least=2)
    assert not {clip.group for clip in train} & {clip.group for clip in validation}
    assert (len(train), len(validation)) == (72, 8)


def test_a_corpus_with_a_validation_split_keeps_it() -> None:
    own = corpus(3, "validation")
    train, validation = split_clips(Corpus("both", corpus(4).utterances + own.utterances), 0.5, least=2)
    assert (train, validation) == (corpus(4).utterances, own.utterances)


def test_too_few_speakers_are_refused() -> None:
    with pytest.raises(ConfigError, match="has 3 speakers or kinds of noise to train on; 4 are needed"):
        split_clips(corpus(3), 0.1, least=2)


@pytest.mark.parametrize("with_events", [False, True])
def test_kinds_of_events_are_on_one_side_like_speakers(tmp_path: Path, with_events: bool) -> None:
    for folder in ("speech", "events"):
        for group in range(8):
            (tmp_path / folder / f"{folder} {group}").mkdir(parents=True)
            soundfile.write(tmp_path / folder / f"{folder} {group}" / "a.wav", np.zeros(10), 16_000)
    data = DataOptions(
        bank=str(tmp_path / "bank"),
        held_out=0.5,
        speech=str(tmp_path / "speech"),
        events=str(tmp_path / "events") if with_events else "",
    )
    build_bank(tmp_path / "bank", RoomPlan(2, microphones=(4, 4), num_talkers=1, num_noises=0))
    config = MaskTraining(stages=(StageOptions("masks", 1.0),), data=data)
    scenes = RunScenes(config, tmp_path, ProcessShare())
    trains, validates = (
        {clip.group for clip in side.events} for side in (scenes.training(""), scenes.held_out())
    )
    assert not trains & validates
    assert bool(trains) == bool(validates) == with_events
    assert all(kind.startswith("events") for kind in trains | validates)


def test_one_folder_may_hold_all_there_is_to_hear(tmp_path: Path) -> None:
    for kind in ("speech", "noise", "events"):
        for group in range(8):
            (tmp_path / "all" / kind / f"{kind} {group}").mkdir(parents=True)
            soundfile.write(tmp_path / "all" / kind / f"{kind} {group}" / "a.wav", np.zeros(10), 16_000)
    build_bank(tmp_path / "bank", RoomPlan(2, microphones=(4, 4), num_talkers=1, num_noises=0))
    everything = str(tmp_path / "all")
    data = DataOptions(str(tmp_path / "bank"), everything, everything, everything, held_out=0.5)
    config = MaskTraining(stages=(StageOptions("masks", 1.0),), data=data)
    scenes = RunScenes(config, tmp_path, ProcessShare())
    for side in (scenes.training(""), scenes.held_out()):
        for kind, clips in (("speech", side.speech), ("noise", side.noise), ("events", side.events)):
            assert {clip.group.split()[0] for clip in clips} == {kind}


def test_what_is_decoded_at_the_start_is_not_decoded_by_whoever_mixes(
    small_arrays: MaskTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = RunScenes(small_arrays, tmp_path, ProcessShare())
    scenes.decode()
    monkeypatch.setattr("anydoa.simulation.pool._decode", None)
    speech, noise, events = scenes.training("").pools()
    assert (len(speech.groups), noise, events) == (3, None, None)


@pytest.fixture
def small_arrays(bank: Path, voices: Path) -> MaskTraining:
    """A run whose rooms have 4 or 5 microphones."""
    data = DataOptions(bank=str(bank), speech=str(voices), held_out=0.25)
    validation = ValidationOptions(clips=4, duration_s=0.3, microphones=(4, 5))
    return MaskTraining((StageOptions("masks", 1.0),), data=data, validation=validation)


@pytest.mark.parametrize("where", ["stage 'masks'", "validation"])
def test_more_microphones_than_the_rooms_have_are_refused(
    small_arrays: MaskTraining, tmp_path: Path, where: str
) -> None:
    if where == "validation":
        changes = {"validation": replace(small_arrays.validation, microphones=(6, 8))}
    else:
        changes = {"stages": (replace(small_arrays.stages[0], microphones=(6, 8)),)}
    with pytest.raises(ConfigError, match=f"{where}: microphones are 6 to 8, but .* at most 5; lower"):
        RunScenes(replace(small_arrays, **changes), tmp_path, ProcessShare())


def test_scenes_of_validation_have_every_number_of_microphones(
    small_arrays: MaskTraining, tmp_path: Path
) -> None:
    scenes = RunScenes(small_arrays, tmp_path, ProcessShare()).held_out_scenes(small_arrays.mix)
    assert [(scene.num_talkers, scene.num_microphones) for scene in scenes] == [
        (talkers, mics) for talkers in (1, 2) for mics in (4, 5, 4, 5)
    ]


def test_rooms_for_validation_leave_all_others_to_training(
    small_arrays: MaskTraining, bank: Path, tmp_path: Path
) -> None:
    shutil.copytree(bank, tmp_path / "banks" / "validation")
    shutil.copytree(bank, tmp_path / "banks" / "training")
    config = replace(
        small_arrays,
        data=replace(small_arrays.data, bank=str(tmp_path / "banks")),
        validation=replace(small_arrays.validation, bank="validation"),
        stages=(replace(small_arrays.stages[0], bank="training"),),
    )
    scenes = RunScenes(config, tmp_path, ProcessShare())
    assert len(scenes.training("training").rooms()) == len(scenes.held_out().rooms()) == 12
    shared = replace(config, stages=(replace(config.stages[0], bank="./validation"),))
    with pytest.raises(
        ConfigError, match=r"bank must be another than validation.bank, got './validation' for both"
    ):
        RunScenes(shared, tmp_path, ProcessShare())
