"""Stages and beams over a run."""

import pytest

from anydoa.training.config import BeamOptions, StageOptions, TrainingConfig
from anydoa.training.curriculum import Curriculum, Position

STAGES = (StageOptions("fixed", 10.0), StageOptions("four", 10.0), StageOptions("all", 280.0))


def at(epoch: float) -> Position:
    return Position(examples=round(epoch * 28_800))


def test_beams_sharpen_as_published() -> None:
    curriculum = Curriculum(TrainingConfig(STAGES))
    assert curriculum.beamwidths_deg(at(0)) == (32.0, 12.0, 5.0)
    assert curriculum.beamwidths_deg(at(35)) == (32.0, 12.0, 5.0)
    assert curriculum.beamwidths_deg(at(47.5)) == (18.5, 8.5, 5.0)
    assert curriculum.beamwidths_deg(at(60)) == (5.0, 5.0, 5.0)
    assert curriculum.beamwidths_deg(at(300)) == (5.0, 5.0, 5.0)


def test_stages_follow_each_other_and_end() -> None:
    curriculum = Curriculum(TrainingConfig(STAGES))
    names = [
        stage.options.name if stage else None
        for stage in map(curriculum.stage, map(at, (0, 9.99, 10, 20, 300)))
    ]
    assert names == ["fixed", "fixed", "four", "all", None]
    middle = curriculum.stage(at(160))
    assert middle is not None
    assert (middle.index, middle.done, middle.elapsed) == (2, 0.5, 140.0)


def test_a_run_in_hours_does_not_count_clips() -> None:
    curriculum = Curriculum(
        TrainingConfig(STAGES, unit="hour", beams=BeamOptions((0.0, 2.0), ((8.0,) * 3, (4.0,) * 3)))
    )
    assert curriculum.units(Position(examples=10**9, seconds=3600)) == 1.0
    assert curriculum.beamwidths_deg(Position(seconds=3600)) == (6.0, 6.0, 6.0)
    assert curriculum.length == pytest.approx(300.0)


def test_beams_of_a_stage_count_from_its_beginning() -> None:
    own = BeamOptions((0.0, 10.0), ((20.0,) * 3, (10.0,) * 3))
    stages = (
        StageOptions("first", 10.0),
        StageOptions("second", 10.0, beams=own),
        StageOptions("last", 10.0),
    )
    curriculum = Curriculum(TrainingConfig(stages, beams=BeamOptions((0.0,), ((7.0,) * 3,))))
    assert [curriculum.beamwidths_deg(at(place))[0] for place in (5, 10, 15, 20)] == [7.0, 20.0, 15.0, 7.0]
    ends_with_own = Curriculum(TrainingConfig(stages[:2]))
    assert ends_with_own.beamwidths_deg(at(20))[0] == 10.0
