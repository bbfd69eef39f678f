"""What is kept back for validation is never trained on."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.errors import ConfigError
from anydoa.simulation.corpus import Corpus, Utterance
from anydoa.simulation.rooms import RoomPlan, SimulatedRooms
from anydoa.training.config import DataOptions, StageOptions
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
        bank="bank", speech=str(tmp_path / "speech"), events=str(tmp_path / "events") if with_events else ""
    )
    config = MaskTraining(stages=(StageOptions("masks", 1.0),), data=data)
    scenes = RunScenes(config, tmp_path, ProcessShare())
    trains, validates = (
        {clip.group for clip in side.events} for side in (scenes.training(""), scenes.held_out())
    )
    assert not trains & validates
    assert bool(trains) == bool(validates) == with_events
    assert all(kind.startswith("events") for kind in trains | validates)
