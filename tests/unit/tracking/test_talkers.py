"""Talkers of whole recordings: who was where when, knowing what comes later."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    direction_to_angles_deg,
    great_circle_distance_deg,
    random_rotation,
)
from anydoa.io.results import Source
from anydoa.io.talkers import Talker, TalkerPath, heard_s, mean_direction
from anydoa.metrics.tracking import TrackCounts, count_tracks
from anydoa.tracking import TalkerTracker, TrackerOptions
from properties.strategies import seeds
from unit.tracking.peak_scenes import KINDS, PeakScene, peak_scene

OPTIONS = TrackerOptions()
FRAME_S = 0.125  # a power of two, so that times in reverse are exact


def source(azimuth_deg: float, elevation_deg: float = 0.0, score: float = 0.5) -> Source:
    return Source(angles_deg_to_direction(azimuth_deg, elevation_deg), score)


def talkers_of(
    frames: Iterable[list[Source]], *, num_talkers: int | None = None, directions: tuple[Source, ...] = ()
) -> tuple[Talker, ...]:
    tracker = TalkerTracker(FRAME_S, num_talkers=num_talkers)
    for index, sources in enumerate(frames):
        tracker.update(index * FRAME_S, sources)
    return tracker.talkers(directions)


def talkers_of_scene(scene: PeakScene) -> tuple[Talker, ...]:
    tracker = TalkerTracker(float(np.median(np.diff(scene.times_s))))
    for time_s, sources in zip(scene.times_s, scene.sources, strict=True):
        tracker.update(float(time_s), sources)
    return tracker.talkers()


def frames_for(seconds: float, *sources: Source) -> list[list[Source]]:
    return [list(sources)] * round(seconds / FRAME_S)


def silence(seconds: float) -> list[list[Source]]:
    return frames_for(seconds)


def off_deg(talker: Talker, time_s: float, azimuth_deg: float) -> float:
    (place,) = talker.path.at(np.array([time_s]))
    return float(great_circle_distance_deg(place, angles_deg_to_direction(azimuth_deg, 0)))


def counts_of(scene: PeakScene) -> TrackCounts:
    talkers = talkers_of_scene(scene)
    paths = [talker.path.at(scene.times_s) for talker in talkers]
    shown = [
        [talker.id for talker in talkers if talker.begin_s <= time_s <= talker.end_s]
        for time_s in scene.times_s
    ]
    return count_tracks(
        [np.array(names, dtype=np.int64) for names in shown],
        [
            np.array([paths[name][frame] for name in names]).reshape(-1, 3)
            for frame, names in enumerate(shown)
        ],
        scene.truth,
        np.maximum.accumulate(scene.speaking, axis=0),
        duration_s=scene.duration_s,
    )


def test_a_talker_begins_with_the_first_peak_and_ends_with_the_last() -> None:
    (talker,) = talkers_of(silence(1) + frames_for(2, source(30)) + silence(1))
    assert (talker.begin_s, talker.end_s) == (1.0, 3.0 - FRAME_S)
    assert talker.heard_s == pytest.approx(2.0)
    assert talker.stays
    assert great_circle_distance_deg(talker.direction, source(30).direction) < 0.1
    assert talker.score == pytest.approx(0.5)


def test_talkers_who_take_turns_have_their_turns() -> None:
    first, second = talkers_of(
        frames_for(2, source(0)) + frames_for(2, source(90)) + frames_for(2, source(3))
    )
    assert [(turn.begin_s, turn.end_s) for turn in first.turns] == [(0, 2 - FRAME_S), (4, 6 - FRAME_S)]
    assert [(turn.begin_s, turn.end_s) for turn in second.turns] == [(2, 4 - FRAME_S)]
    assert not any(turn.is_brief for talker in (first, second) for turn in talker.turns)


def test_a_short_pause_does_not_end_a_turn_and_does_not_count_as_heard() -> None:
    (talker,) = talkers_of(frames_for(1, source(0)) + silence(0.375) + frames_for(1, source(2)))
    (turn,) = talker.turns
    assert turn.heard_s == pytest.approx(2.0)
    assert len(talker.path.times_s) == len(talker.path.scores) == 19
    assert (talker.path.scores == 0).sum() == 3


def test_a_pause_longer_than_any_track_waits_is_the_same_talker_if_it_stays() -> None:
    pause_s = 3 * OPTIONS.keep_s
    (talker,) = talkers_of(frames_for(2, source(20)) + silence(pause_s) + frames_for(2, source(24)))
    assert len(talker.turns) == 2
    elsewhere = talkers_of(frames_for(2, source(20)) + silence(pause_s) + frames_for(2, source(70)))
    assert len(elsewhere) == 2


def test_after_a_long_pause_nobody_is_taken_for_one_of_two_who_were_as_near() -> None:
    both = frames_for(2, source(-9), source(9))
    talkers = talkers_of(both + silence(3 * OPTIONS.keep_s) + frames_for(2, source(0)))
    assert len(talkers) == 3
    sure = talkers_of(both + silence(3 * OPTIONS.keep_s) + frames_for(2, source(-9)))
    assert sorted(len(talker.turns) for talker in sure) == [1, 2]


def test_a_walker_is_one_talker_with_a_path() -> None:
    azimuth_deg = 10 * FRAME_S * np.arange(80)
    (talker,) = talkers_of([[source(float(angle))] for angle in azimuth_deg])
    assert not talker.stays
    assert repr(talker) == "Talker(0, 0.0 to 9.9 s, walking)"
    for time_s, most_deg in ((0.0, 1.0), (5.0, 0.5), (9.875, 1.0)):  # ends have peaks on one side alone
        assert off_deg(talker, time_s, 10 * time_s) < most_deg


def test_a_walker_who_is_silent_for_a_while_walks_on_meanwhile() -> None:
    azimuth_deg = 10 * FRAME_S * np.arange(80)
    frames = [[] if 30 <= index < 55 else [source(float(angle))] for index, angle in enumerate(azimuth_deg)]
    (talker,) = talkers_of(frames)
    assert len(talker.turns) == 2
    assert off_deg(talker, 5.0, 50.0) < 1


def test_a_turn_round_is_followed_without_delay() -> None:
    legs_deg = 12 * FRAME_S * np.arange(40)
    azimuth_deg = np.concatenate([legs_deg, legs_deg[-1] - legs_deg])
    (talker,) = talkers_of([[source(float(angle))] for angle in azimuth_deg])
    places = angles_deg_to_direction(azimuth_deg, 0)
    errors_deg = great_circle_distance_deg(talker.path.directions, places)
    assert errors_deg.max() < 5
    assert errors_deg.mean() < 1


def test_talkers_who_pass_each_other_keep_their_identities_though_one_peak_is_seen() -> None:
    angles_deg = 40 - 8 * FRAME_S * np.arange(80)
    frames = [
        [source(0)] if abs(angle) < 12.5 else [source(float(angle)), source(float(-angle))]
        for angle in angles_deg
    ]
    talkers = talkers_of(frames)
    assert len(talkers) == 2
    for talker in talkers:
        assert len(talker.turns) == 1  # hidden is not silent
        start, end = talker.path.directions[0], talker.path.directions[-1]
        assert start[1] * end[1] < 0
        sign = np.sign(start[1])
        for time_s in (0.0, 4.0, 6.0, 9.0):
            assert off_deg(talker, time_s, sign * (40 - 8 * time_s)) < 2


def test_what_sounds_now_and_then_is_nobody() -> None:
    frames = [[source(40)] if index % 8 == 0 else [] for index in range(200)]
    assert talkers_of(frames) == ()
    blips = silence(1) + frames_for(0.25, source(70)) + silence(1)
    (talker,) = talkers_of(blips + frames_for(2, source(-70)) + blips)
    assert great_circle_distance_deg(talker.direction, source(-70).direction) < 1
    assert (talker.begin_s, talker.end_s) == (2.25, 4.25 - FRAME_S)


def test_a_direction_of_the_recording_has_a_talker_however_short() -> None:
    frames = frames_for(2, source(0)) + silence(2) + frames_for(0.25, source(90)) + silence(1)
    first, second = talkers_of(frames, directions=(source(1), source(92)))
    assert [turn.is_brief for turn in (*first.turns, *second.turns)] == [False, False]
    assert heard_s((first, second), source(92).direction) == pytest.approx(0.25)
    assert len(talkers_of(frames, directions=(source(1),))) == 1


def test_faint_and_short_turns_are_brief() -> None:
    frames = frames_for(2, source(0)) + silence(1) + frames_for(0.25, source(1)) + silence(1)
    faint = frames_for(2, source(90, score=0.2))
    first, second = talkers_of(frames + faint, directions=(source(0),))
    assert [turn.is_brief for turn in first.turns] == [False, True]
    assert [turn.is_brief for turn in second.turns] == [True]


def test_silence_has_no_talkers() -> None:
    assert talkers_of([]) == talkers_of(silence(3)) == ()


def test_one_frame_may_be_a_recording() -> None:
    assert talkers_of([[source(0)]]) == ()
    (talker,) = talkers_of([[source(0)]], directions=(source(0),))
    assert talker.begin_s == talker.end_s == 0.0
    assert talker.heard_s == FRAME_S


def test_of_a_known_number_no_more_are_told() -> None:
    two = frames_for(3, source(0), source(90, score=0.3))
    assert len(talkers_of(two)) == 2
    (talker,) = talkers_of(two, num_talkers=1)
    assert great_circle_distance_deg(talker.direction, source(0).direction) < 1


def test_nobody_is_no_known_number() -> None:
    with pytest.raises(ConfigError, match="num_talkers must be at least 1, got 0; None is for any number"):
        TalkerTracker(FRAME_S, num_talkers=0)


def azimuth_of(talker: Talker) -> float:
    return float(direction_to_angles_deg(talker.direction)[0])


def test_of_a_known_number_those_are_told_who_make_the_directions() -> None:
    two = frames_for(3, source(0), source(90, score=0.3))
    brief = two + frames_for(0.3, source(0), source(180, score=0.9))
    (talker,) = talkers_of(two, num_talkers=1, directions=(source(90),))
    assert great_circle_distance_deg(talker.direction, source(90).direction) < 1
    told = talkers_of(brief, num_talkers=2, directions=(source(0), source(180)))
    assert [round(azimuth_of(one)) % 360 for one in told] == [0, 180]
    (strongest,) = talkers_of(brief, num_talkers=1, directions=(source(180), source(270)))
    assert great_circle_distance_deg(strongest.direction, source(180).direction) < 1
    told = talkers_of(brief, num_talkers=3, directions=(source(180), source(0)))
    assert [round(azimuth_of(one)) % 360 for one in told] == [0, 90, 180]


def test_of_a_known_number_nobody_else_can_be_meant() -> None:
    frames = frames_for(2, source(0)) + silence(3 * OPTIONS.keep_s) + frames_for(2, source(100))
    (talker,) = talkers_of(frames, num_talkers=1)
    assert len(talker.turns) == 2
    assert len(talkers_of(frames, num_talkers=2)) == 2


def test_peaks_below_the_threshold_count_where_a_number_is_asked_for() -> None:
    hum = frames_for(3, source(-100, score=0.02))
    assert len(talkers_of(hum, num_talkers=1)) == 1
    (talker,) = talkers_of(hum + frames_for(3, source(0)) + hum, num_talkers=1)
    assert great_circle_distance_deg(talker.direction, source(0).direction) < 1


def test_scenes_of_peaks_are_followed() -> None:
    totals = {
        kind: sum((counts_of(peak_scene(seed, kind, frames_a_second=10)) for seed in range(6)), TrackCounts())
        for kind in KINDS
    }
    assert {kind: total.switches for kind, total in totals.items() if total.switches > 1} == {}
    for total in totals.values():
        assert total.false_tracks_a_minute < 1
        assert total.missed_share < 0.06


def even(scene: PeakScene) -> PeakScene:
    """The scene with frames at even times, so that it can be reversed exactly."""
    return replace(scene, times_s=FRAME_S * np.arange(len(scene.times_s)))


def assert_same(talkers: tuple[Talker, ...], others: tuple[Talker, ...]) -> None:
    """Both are the same, whatever their numbers."""
    assert len(talkers) == len(others)
    for talker in talkers:
        (other,) = [
            one
            for one in others
            if np.array_equal(one.path.times_s, talker.path.times_s)
            and np.allclose(one.path.directions, talker.path.directions, atol=1e-4)
        ]
        np.testing.assert_allclose(other.path.scores, talker.path.scores)
        assert [(turn.begin_s, turn.end_s, turn.is_brief) for turn in other.turns] == [
            (turn.begin_s, turn.end_s, turn.is_brief) for turn in talker.turns
        ]


def reversed_in_time(talkers: tuple[Talker, ...], end_s: float) -> tuple[Talker, ...]:
    return tuple(
        replace(
            talker,
            path=replace(
                talker.path,
                times_s=end_s - talker.path.times_s[::-1],
                directions=talker.path.directions[::-1],
                scores=talker.path.scores[::-1],
            ),
            turns=tuple(
                replace(turn, begin_s=end_s - turn.end_s, end_s=end_s - turn.begin_s)
                for turn in reversed(talker.turns)
            ),
        )
        for talker in talkers
    )


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from(KINDS))
def test_time_in_reverse_gives_the_same_talkers_in_reverse(seed: int, kind: str) -> None:
    scene = even(peak_scene(seed, kind, seconds=8.0, frames_a_second=10))
    backwards = replace(scene, sources=scene.sources[::-1])
    there = reversed_in_time(talkers_of_scene(backwards), scene.duration_s)
    assert_same(talkers_of_scene(scene), there)


@settings(max_examples=5, deadline=None)
@given(seeds, st.sampled_from(KINDS[:3]))
def test_the_order_of_peaks_and_running_again_change_nothing(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    scene = peak_scene(seed, kind, seconds=5.0, frames_a_second=10)
    shuffled = [[frame[index] for index in rng.permutation(len(frame))] for frame in scene.sources]
    here, there = talkers_of_scene(scene), talkers_of_scene(replace(scene, sources=shuffled))
    assert [talker.turns for talker in here] == [talker.turns for talker in there]
    for one, other in zip(here, there, strict=True):
        assert np.array_equal(one.path.directions, other.path.directions)


@settings(max_examples=5, deadline=None)
@given(seeds, st.sampled_from(KINDS[:3]))
def test_turning_the_world_turns_the_talkers(seed: int, kind: str) -> None:
    turn = random_rotation(np.random.default_rng(seed))
    scene = peak_scene(seed, kind, seconds=5.0, frames_a_second=10)
    turned = [[Source(turn @ one.direction, one.score) for one in frame] for frame in scene.sources]
    here, there = talkers_of_scene(scene), talkers_of_scene(replace(scene, sources=turned))
    assert [talker.turns for talker in here] == [talker.turns for talker in there]
    for one, other in zip(here, there, strict=True):
        np.testing.assert_allclose(other.path.directions, one.path.directions @ turn.T, atol=1e-4)


@pytest.mark.parametrize("azimuth_deg", [0.0, 90.0, 33.0])
@pytest.mark.parametrize("pause_s", [0.0, 2.0, 20.0])
def test_talkers_on_opposite_sides_are_two(azimuth_deg: float, pause_s: float) -> None:
    there = Source(-angles_deg_to_direction(azimuth_deg, 10.0), 0.5)
    frames = frames_for(2, source(azimuth_deg, 10.0)) + silence(pause_s) + frames_for(2, there)
    assert len(talkers_of(frames)) == 2


def test_peaks_without_any_score_are_somewhere() -> None:
    # A number of sources that is told brings peaks of any height.
    frames = frames_for(2, source(30, score=0.0))
    (talker,) = talkers_of(frames, directions=(source(30),))
    assert off_deg(talker, 0.0, 30) < 1
    assert talker.score == 0


def test_a_mean_direction_is_there_whatever_the_scores() -> None:
    around = angles_deg_to_direction(np.array([0.0, 90.0, 180.0, 270.0]), np.zeros(4))
    some, none = np.array([0.0, 1.0, 0.0, 0.0]), np.zeros(4)
    np.testing.assert_allclose(mean_direction(around, some), around[1], atol=1e-9)
    np.testing.assert_allclose(
        mean_direction(around[:2], none[:2]), angles_deg_to_direction(45, 0), atol=1e-9
    )
    # All around a circle the strongest stands for all.
    np.testing.assert_allclose(mean_direction(around, none), around[0], atol=1e-9)
    path = TalkerPath(np.arange(4.0), around.astype(np.float32), np.full(4, 0.5, dtype=np.float32))
    assert np.isfinite(path.direction).all()
    assert not path.stays


def test_times_that_go_back_are_refused() -> None:
    tracker = TalkerTracker(FRAME_S)
    tracker.update(1.0, [])
    tracker.update(0.5, [])
    with pytest.raises(ConfigError, match=r"got 0\.5 s after 1\.0 s"):
        tracker.talkers()


def test_peaks_that_stay_behind_and_then_leap_are_still_those_of_who_walks() -> None:
    frames = []
    for time_s in np.arange(-10, 10, FRAME_S):
        # Where two walk past each other, peaks only at every 20 degrees, as echoes draw them.
        places = {20 * round(speed * time_s / 20) for speed in (8.0, -6.4)}
        frames.append([source(place, score=0.45) for place in sorted(places)])
    walkers = sorted(talkers_of(frames), key=lambda talker: off_deg(talker, 0.0, 10 * -8.0))
    for talker, speed in zip(walkers, (8.0, -6.4), strict=True):
        assert off_deg(talker, 0.0, -10 * speed) < 20
        assert off_deg(talker, 20.0 - FRAME_S, 10 * speed) < 20
