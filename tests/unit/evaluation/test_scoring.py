"""Scores of one recording are those of what users get."""

import numpy as np
import pytest
from free_field import plane_wave

from anydoa.estimators.srp_phat import SrpPhat
from anydoa.evaluation.clip import SuiteClip
from anydoa.evaluation.scoring import score_clip
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.layouts import tetrahedral_positions
from anydoa.localizer import Localizer
from anydoa.metrics.localization import localization_errors_deg

RATE = 16_000
BALL = MicrophoneArray(tetrahedral_positions(0.1), "ball")
GRID = fibonacci_grid(600)
TALKERS = np.stack([angles_deg_to_direction(70, 15), angles_deg_to_direction(-50, 25)])


@pytest.mark.parametrize("faint", [1.0, 0.3, 0.1])
def test_the_answer_for_a_recording_is_that_of_locate(faint: float) -> None:
    rng = np.random.default_rng(1)
    sounds = [plane_wave(BALL, talker, rng.standard_normal(RATE)) for talker in TALKERS]
    audio = (sounds[0] + faint * sounds[1]).astype(np.float32)
    clip = SuiteClip(
        name="clip",
        suite="suite",
        audio=audio,
        array=BALL,
        directions=TALKERS[:, None],
        activity=np.ones((2, RATE), dtype=bool),
    )
    localizer = Localizer(BALL, GRID, SrpPhat(), 2)
    answer = localizer.locate(audio, RATE).directions
    assert len(answer) == 2
    found = np.array([source.direction for source in answer])[None]
    expected = localization_errors_deg(found, TALKERS, np.ones((1, 2), dtype=bool))
    score = score_clip(localizer.estimator, clip, GRID)
    assert score.recording.mae_deg == pytest.approx(float(expected.mean()), abs=1e-6)
