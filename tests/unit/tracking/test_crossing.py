"""Two talkers pass each other in a simulated room: from audio to identities."""

import numpy as np
import pytest
from free_field import random_array

from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.array_file import load_array
from anydoa.tracking import Tracker
from unit.tracking.crossing_scenes import crossing_scene


@pytest.mark.parametrize(
    ("array", "seed"),
    [(load_array("respeaker-6"), 2), (random_array(np.random.default_rng(5), 8, radius=0.06), 4)],
    ids=["respeaker-6", "8 at random"],
)
def test_talkers_who_pass_each_other_in_a_room_keep_their_ids(array: MicrophoneArray, seed: int) -> None:
    scene = crossing_scene(seed, array, seconds=14.0)
    peaks = scene.peaks(array, SrpPhat(frames_per_output=3))
    tracker = Tracker()
    azimuths = []
    for time_s, sources in zip(peaks.times_s, peaks.sources, strict=True):
        tracks = tracker.update(float(time_s), sources)
        azimuths.append({track.id: np.arctan2(*track.direction[1::-1]) for track in tracks})
    truth = np.arctan2(peaks.truth[..., 1], peaks.truth[..., 0])

    def nearest(frame: int, talker: int) -> int:
        off = {
            name: abs(np.angle(np.exp(1j * (angle - truth[frame, talker]))))
            for name, angle in azimuths[frame].items()
        }
        return min(off, key=off.__getitem__)

    apart = np.abs(np.angle(np.exp(1j * (truth[:, 0] - truth[:, 1])))) > np.deg2rad(25)
    both = np.array([len(frame) == 2 for frame in azimuths])
    frames = np.flatnonzero(apart & both)
    pairs = {(nearest(frame, 0), nearest(frame, 1)) for frame in (frames[0], frames[-1])}
    assert len(pairs) == 1
    assert len(set(pairs.pop())) == 2
