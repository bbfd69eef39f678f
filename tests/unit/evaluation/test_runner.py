"""Estimators over suites: errors they should have, in one process and in two."""

import math
import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from anydoa.errors import ConfigError
from anydoa.estimators.catalogue import make_estimator
from anydoa.estimators.music import Music
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.evaluation.causes import Cause
from anydoa.evaluation.clip import SuiteClip
from anydoa.evaluation.material import Material
from anydoa.evaluation.runner import run_suite
from anydoa.evaluation.scoring import ClipScore, score_clip
from anydoa.evaluation.suite import SimulatedSuite, dynamic_suite
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.grid import fibonacci_grid
from voices import write_corpus

GRID = fibonacci_grid(512)
VOLUME = MicrophoneArray([[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0], [0, 0, 0.05]])
PLANE = MicrophoneArray([[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0], [0, -0.05, 0]])
LINE = MicrophoneArray([[-0.06, 0, 0], [-0.02, 0, 0], [0.02, 0, 0], [0.06, 0, 0]])


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSuite:
    root = tmp_path_factory.mktemp("corpus")
    return dynamic_suite("dynamic-s", Material(write_corpus(root), cache=root / "cache"), clips=3)


def first_clip(suite: SimulatedSuite) -> SimulatedSuite:
    """One clip of half a second."""
    return replace(suite, rows=suite.rows[:1], clips=1, duration_s=0.5)


def anechoic(array: MicrophoneArray, azimuths_deg: Sequence[float], elevation_deg: float = 30.0) -> SuiteClip:
    """White noise from each direction in turn, half a second each, then all of them."""
    rng = np.random.default_rng(1)
    directions = angles_deg_to_direction(azimuths_deg, elevation_deg)
    turns = len(directions) + 1
    activity = np.zeros((len(directions), turns * 8000), dtype=bool)
    audio = 1e-3 * rng.standard_normal((array.num_microphones, turns * 8000))
    frequency = np.fft.rfftfreq(turns * 8000, 1 / 16_000)
    for talker, direction in enumerate(directions):
        for turn in (talker, turns - 1):
            activity[talker, turn * 8000 : (turn + 1) * 8000] = True
        spectrum = np.fft.rfft(rng.standard_normal(turns * 8000) * activity[talker])
        delay = -(array.positions @ direction) / 343.0
        audio += 0.1 * np.fft.irfft(spectrum * np.exp(-2j * np.pi * frequency * delay[:, None]))
    return SuiteClip("noise", "anechoic", np.float32(audio), array, directions[:, None], activity)


def without_time(scores: Sequence[ClipScore]) -> list[tuple[object, ...]]:
    return [(score.estimator, score.clip, score.frames, score.recording, score.detection) for score in scores]


@pytest.mark.parametrize("array", [VOLUME, PLANE, LINE])
def test_noise_in_free_field_is_found_whatever_the_array_can_tell_apart(array: MicrophoneArray) -> None:
    score = score_clip(SrpPhat(), anechoic(array, [40.0]), fibonacci_grid(2048))
    assert score.frames.mae_deg < 4.0
    assert score.frames.acc10 > 0.95
    assert score.recording.mae_deg < 1.5
    assert score.frames.num_trials == score.detection.talkers > 0


def test_a_wrong_truth_costs_its_angle() -> None:
    told = anechoic(VOLUME, [40.0], elevation_deg=0.0)
    moved = SuiteClip(
        told.name,
        told.suite,
        told.audio,
        told.array,
        angles_deg_to_direction([100.0], 0.0)[:, None],
        told.activity,
    )
    score = score_clip(SrpPhat(), moved, fibonacci_grid(2048))
    assert score.recording.mae_deg == pytest.approx(60, abs=2)
    assert score.frames.acc10 == 0
    assert score.detection.hits == 0


@pytest.mark.parametrize(("array", "side"), [(VOLUME, 1.0), (PLANE, -1.0)])
def test_a_noise_source_taken_for_a_talker_is_named(array: MicrophoneArray, side: float) -> None:
    heard = anechoic(array, [40.0])
    elsewhere = angles_deg_to_direction([160.0], 10.0)[:, None]
    noises = heard.directions[:, 0] * [1.0, 1.0, side]  # a flat array cannot tell it from its reflection
    told = replace(heard, directions=elsewhere, noises=noises)
    causes = score_clip(SrpPhat(), told, fibonacci_grid(2048)).causes
    assert causes[Cause.NOISE].share > 0.95


def test_causes_add_up_to_the_scores_of_the_main_table(suite: SimulatedSuite) -> None:
    for score in run_suite(suite, [SrpPhat()], GRID, limit=2):
        assert {Cause.NOISE, Cause.REFLECTION, Cause.LOW_SNR} < set(score.causes)
        assert (Cause.OTHER_TALKER in score.causes) == (score.talkers == 2)
        assert sum(cause.share for cause in score.causes.values()) == pytest.approx(1)
        assert sum(cause.error_deg for cause in score.causes.values()) == pytest.approx(score.frames.mae_deg)
        assert score.causes[Cause.RIGHT].share == pytest.approx(score.frames.acc10)


def test_frames_without_truth_are_left_out() -> None:
    clip = anechoic(VOLUME, [40.0])
    known = np.arange(clip.audio.shape[1]) < 8000
    half = SuiteClip(
        clip.name, clip.suite, clip.audio, clip.array, clip.directions, clip.activity, valid=known
    )
    whole_score, half_score = (score_clip(SrpPhat(), one, GRID) for one in (clip, half))
    assert 0 < half_score.detection.frames <= whole_score.detection.frames / 2


def test_a_recording_in_which_nobody_speaks_has_no_error() -> None:
    clip = anechoic(VOLUME, [40.0])
    silent = SuiteClip(
        clip.name, clip.suite, clip.audio, clip.array, clip.directions, np.zeros_like(clip.activity)
    )
    score = score_clip(SrpPhat(), silent, GRID)
    assert score.frames.num_trials == score.recording.num_trials == score.detection.talkers == 0


def test_talkers_who_speak_together_are_both_found() -> None:
    score = score_clip(SrpPhat(), anechoic(VOLUME, [40.0, -100.0], elevation_deg=0.0), fibonacci_grid(2048))
    assert score.talkers == 2
    assert score.recording.acc10 == 1.0


def test_scores_come_clip_by_clip_for_every_estimator(suite: SimulatedSuite) -> None:
    seen: list[tuple[int, int]] = []
    scores = run_suite(
        suite, [SrpPhat(), Music()], GRID, limit=2, report=lambda *progress: seen.append(progress)
    )
    assert [(score.talkers, score.clip[-1], score.estimator) for score in scores] == [
        (talkers, clip, name) for talkers in (1, 2) for clip in "01" for name in ("srp-phat", "music")
    ]
    assert seen == [(done, 4) for done in (1, 2, 3, 4)]


def test_two_processes_give_what_one_gives(suite: SimulatedSuite) -> None:
    threads = os.environ.get("OMP_NUM_THREADS")
    one, two = (run_suite(suite, [SrpPhat()], GRID, limit=2, jobs=jobs) for jobs in (1, 2))
    assert without_time(one) == without_time(two)
    assert os.environ.get("OMP_NUM_THREADS") == threads


def test_an_estimator_is_scored_with_every_look_ahead_that_makes_a_difference(suite: SimulatedSuite) -> None:
    names, heard = ["steered", "srp-phat-published"], (0.0, 0.5, math.inf, 1e6)
    scores = run_suite(first_clip(suite), names, GRID, look_ahead_s=heard)
    assert [score.estimator for score in scores] == ["steered"] * 3 + ["srp-phat-published"]
    past, some, most, never = (score.look_ahead_s for score in scores)
    assert 0 == never == past < some <= 0.5 < most < math.inf


def test_an_estimator_keeps_its_look_ahead_unless_others_are_asked_for(suite: SimulatedSuite) -> None:
    wide = make_estimator("steered").with_look_ahead(math.inf)
    scores = run_suite(first_clip(suite), ["steered", wide], GRID)
    assert [score.look_ahead_s for score in scores] == [0.0, wide.look_ahead_s]


def test_a_run_needs_an_estimator_and_a_job(suite: SimulatedSuite) -> None:
    with pytest.raises(ConfigError, match="at least 1 look-ahead, got none"):
        run_suite(suite, [SrpPhat()], GRID, look_ahead_s=[])
    with pytest.raises(ConfigError, match="look-ahead must be 0 or more seconds, got -1"):
        run_suite(suite, [SrpPhat()], GRID, look_ahead_s=[-1])
    with pytest.raises(ConfigError, match="at least 1 estimator"):
        run_suite(suite, [], GRID)
    with pytest.raises(ConfigError, match="got 1, 0 and None"):
        run_suite(suite, [SrpPhat()], GRID, jobs=0)
    with pytest.raises(ConfigError, match="got 1, 1 and 0"):
        run_suite(suite, [SrpPhat()], GRID, limit=0)
