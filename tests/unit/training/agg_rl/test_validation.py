"""Validation scores what the network says, on clips that stay the same."""

from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import Float
from torch import Tensor

from anydoa.geometry.array import MicrophoneArray
from anydoa.metrics.localization import LocalizationScore
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig
from anydoa.simulation.recipe import MixRecipe
from anydoa.training.agg_rl.batches import AudioBatch, batch_scenes
from anydoa.training.agg_rl.config import AggRlStage, AggRlTraining, AggRlValidation
from anydoa.training.agg_rl.validation import Validator, validation_batches
from anydoa.training.config import DataOptions
from anydoa.training.data import ProcessShare, RunScenes, SceneMaterial
from anydoa.training.task import ClipResult, ValidationResult

TINY = AggRlConfig(hop_length=256, num_bins=17, num_features=16, num_heads=2, num_blocks=1, latent_size=16)


@pytest.fixture(scope="module")
def config(bank: Path, voices: Path, tmp_path_factory: pytest.TempPathFactory) -> AggRlTraining:
    return AggRlTraining(
        (AggRlStage("rooms", 1.0, batch_size=4),),
        model=TINY,
        data=DataOptions(
            str(bank), str(voices), cache=str(tmp_path_factory.mktemp("cache")), held_out=0.25, workers=0
        ),
        validation=AggRlValidation(clips=3, duration_s=0.5, grid=200, microphones=(4, 5)),
    )


def open_clips(config: AggRlTraining, share: ProcessShare) -> list[AudioBatch]:
    scenes = RunScenes(config, Path("unused"), share)
    batches = validation_batches(scenes, config, AggRl(TINY))
    assert all(isinstance(batch, AudioBatch) for batch in batches)
    return batches  # type: ignore[return-value] # checked


def test_clips_are_the_same_every_time_and_half_have_two_talkers(config: AggRlTraining) -> None:
    first, again = (open_clips(config, ProcessShare()) for _ in range(2))
    assert [len(batch.talkers) / len(batch) for batch in first] == [1, 1, 2, 2]
    assert sum(len(batch) for batch in first) == 6
    for batch, same in zip(first, again, strict=True):
        torch.testing.assert_close(batch.audio, same.audio)


def test_processes_share_the_clips(config: AggRlTraining) -> None:
    whole = open_clips(config, ProcessShare())
    parts = [open_clips(config, ProcessShare(index, 2)) for index in range(2)]
    assert [len(part) for part in parts] == [2, 2]
    torch.testing.assert_close(parts[1][0].audio, whole[1].audio)


def test_a_network_is_scored_without_being_changed(config: AggRlTraining) -> None:
    network = AggRl(TINY).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    validator = Validator(open_clips(config, ProcessShare()), grid_size=200, positive_weight=2.0)
    results = validator.run(network, (30.0, 20.0, 10.0))
    assert [result.talkers for result in results] == [1, 1, 1, 2, 2, 2]
    assert all(0 <= result.score.mae_deg <= 180 and np.isfinite(result.loss) for result in results)
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)


class Oracle(AggRl):
    """Says what it was told to say."""

    answer: Float[Tensor, "batch output grid frame"]

    def combine(self, *representations: Tensor) -> Float[Tensor, "batch output grid frame"]:
        return self.answer


def test_a_network_that_follows_walkers_is_right_and_one_that_does_not_is_wrong(
    walking_material: SceneMaterial,
) -> None:
    mixer = walking_material.mixer(MixRecipe(), seed=1, duration_s=1.0, max_talkers=1)
    scene = mixer.scene(0, num_mics=4)
    validator = Validator([batch_scenes([scene], TINY)], grid_size=2000, positive_weight=2.0)
    oracle = Oracle(TINY).eval()

    def result(times_s: np.ndarray) -> ClipResult:
        closeness = torch.from_numpy(validator.grid.directions @ scene.directions_at(times_s)[:, 0].T)
        oracle.answer = (10 + 200 * (closeness - 1)).float().expand(1, 3, -1, -1)
        return validator.run(oracle, (10.0,) * 3)[0]

    centres_s = 0.016 * np.arange(1, 62)
    follows, waits = result(centres_s), result(np.full(61, 0.5))
    assert follows.talkers == 1
    assert follows.score.mae_deg < 3
    assert follows.score.num_trials == waits.score.num_trials > 10
    assert waits.score.mae_deg > 10
    assert follows.loss < waits.loss


@pytest.mark.parametrize(("mics", "rank"), [(3, "plane"), (2, "line")])
def test_flat_and_straight_arrays_may_answer_with_whatever_sounds_alike(
    material: SceneMaterial, mics: int, rank: str
) -> None:
    scene = material.mixer(MixRecipe(), seed=1, duration_s=1.0, max_talkers=1).scene(0, num_mics=mics)
    array = MicrophoneArray(scene.positions)
    assert array.ambiguity.rank == rank
    batch = batch_scenes([scene], TINY)
    validator = Validator([batch], grid_size=2000, positive_weight=2.0)
    oracle = Oracle(TINY).eval()
    twins = array.ambiguity.sounds_like(scene.directions[0])

    def result(answers: Float[np.ndarray, "answer 3"]) -> ClipResult:
        closeness = torch.from_numpy((validator.grid.directions @ answers.T).max(axis=1))
        logits = (10 + 200 * (closeness - 1)).float()[None, None, :, None]
        oracle.answer = logits.expand(1, 3, -1, batch.active.shape[2])
        return validator.run(oracle, (20.0,) * 3)[0]

    both, alone = result(twins), result(twins[:1])
    assert both.score.mae_deg < 4
    assert both.loss < alone.loss
    assert result(-twins).score.mae_deg > 10


def test_results_are_averaged_by_the_number_of_talkers() -> None:
    clips = [(1, 1.0, 10.0, 0.5), (1, 2.0, 20.0, 1.0), (2, 3.0, 40.0, 0.0)]
    result = ValidationResult.of(
        [ClipResult(talkers, loss, LocalizationScore(mae, acc10, 5)) for talkers, loss, mae, acc10 in clips]
    )
    assert result.row() == {
        "validation_loss": 2.0, "mae_deg_1": 15.0, "acc10_1": 0.75, "mae_deg_2": 40.0, "acc10_2": 0.0,
    }  # fmt: skip
