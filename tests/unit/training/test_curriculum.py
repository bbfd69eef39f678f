"""Stages of a run."""

import pytest

from anydoa.training.config import StageOptions, TrainingConfig
from anydoa.training.curriculum import Curriculum, Position

STAGES = (StageOptions("fixed", 10.0), StageOptions("four", 10.0), StageOptions("all", 280.0))


def at(epoch: float) -> Position:
    return Position(examples=round(epoch * 28_800))


def test_stages_follow_each_other_and_end() -> None:
    curriculum = Curriculum(TrainingConfig(STAGES))
    names = [
        stage.options.name if stage else None
        for stage in map(curriculum.stage, map(at, (0, 9.99, 10, 20, 300)))
    ]
    assert names == ["fixed", "fixed", "four", "all", None]
    middle = curriculum.stage(at(160))
    assert middle is not None
    assert (middle.index, middle.done, middle.elapsed, middle.units) == (2, 0.5, 140.0, 160.0)


def test_the_end_of_a_stage_is_a_place_in_it() -> None:
    curriculum = Curriculum(TrainingConfig(STAGES))
    places = [curriculum.learned_stage(at(epoch)) for epoch in (0, 9.99, 10, 10.01, 20, 300)]
    assert [place.options.name for place in places] == ["fixed", "fixed", "fixed", "four", "four", "all"]
    assert [places[index].done for index in (0, 2, 4, 5)] == [0.0, 1.0, 1.0, 1.0]
    # A run that was shortened behind its back has learned the last of its stages.
    assert Curriculum(TrainingConfig(STAGES[:2])).learned_stage(at(300)).options.name == "four"


def test_a_run_in_hours_does_not_count_clips() -> None:
    curriculum = Curriculum(TrainingConfig(STAGES, unit="hour"))
    assert curriculum.units(Position(examples=10**9, seconds=3600)) == 1.0
    assert curriculum.length == pytest.approx(300.0)
