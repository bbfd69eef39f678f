"""Talkers who stand, walk, stop, pass each other, fall silent and come back."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    great_circle_distance_deg,
    normalize_direction,
    random_rotation,
)
from anydoa.io.results import Source
from anydoa.metrics.tracking import TrackCounts, count_tracks
from anydoa.tracking import Track, Tracker, TrackerOptions
from anydoa.tracking.association import associate
from anydoa.tracking.track import new_hypothesis
from properties.strategies import seeds
from unit.tracking.peak_scenes import KINDS, PeakScene, peak_scene

OPTIONS = TrackerOptions()
STEP_S = 0.1


def source(azimuth_deg: float, elevation_deg: float = 0.0, score: float = 0.5) -> Source:
    return Source(angles_deg_to_direction(azimuth_deg, elevation_deg), score)


def follow(
    tracker: Tracker, frames: Iterable[list[Source]], *, start_s: float = 0.0, step_s: float = STEP_S
) -> list[tuple[Track, ...]]:
    return [tracker.update(start_s + index * step_s, sources) for index, sources in enumerate(frames)]


def off_deg(track: Track, azimuth_deg: float, elevation_deg: float = 0.0) -> float:
    return float(
        great_circle_distance_deg(track.direction, angles_deg_to_direction(azimuth_deg, elevation_deg))
    )


TALL_LOBES = TrackerOptions(separation_deg=30.0)


def with_ripples(scene: PeakScene, seed: int) -> PeakScene:
    """The scene with a weaker peak over one in five, as those of a flat array whose lobes are tall."""
    rng = np.random.default_rng([seed, 2])
    sources = []
    for frame in scene.sources:
        shaken = [one for one in frame if rng.random() < 0.2]
        up = [normalize_direction(one.direction + np.array([0, 0, rng.uniform(0.3, 0.45)])) for one in shaken]
        ripples = [Source(above, 0.7 * one.score) for one, above in zip(shaken, up, strict=True)]
        sources.append(frame + ripples)
    return replace(scene, sources=sources)


def counts_of(scene: PeakScene, options: TrackerOptions | None = None) -> TrackCounts:
    tracker = Tracker(options)
    tracks = [
        tracker.update(float(time_s), sources)
        for time_s, sources in zip(scene.times_s, scene.sources, strict=True)
    ]
    return count_tracks(
        [np.array([track.id for track in frame], dtype=np.int64) for frame in tracks],
        [np.array([track.direction for track in frame]).reshape(-1, 3) for frame in tracks],
        scene.truth,
        np.maximum.accumulate(scene.speaking, axis=0),
        duration_s=scene.duration_s,
    )


def test_a_talker_is_confirmed_after_the_latency_and_not_before() -> None:
    tracker = Tracker()
    shown = follow(tracker, [[source(30)]] * 100, step_s=0.02)
    first = next(index for index, tracks in enumerate(shown) if tracks)
    assert tracker.latency_s <= first * 0.02 <= tracker.latency_s + 0.021
    (track,) = shown[-1]
    assert (track.id, round(track.age_s, 6)) == (0, 1.98)
    assert off_deg(track, 30) < 1e-6
    assert track.activity > 0.97


@pytest.mark.parametrize("frames_a_second", [10, 25, 60])
def test_the_frame_rate_changes_neither_latency_nor_activity(frames_a_second: int) -> None:
    step_s = 1 / frames_a_second
    tracker = Tracker()
    heard = follow(tracker, [[source(0)]] * (2 * frames_a_second), step_s=step_s)
    confirmed_s = step_s * next(index for index, tracks in enumerate(heard) if tracks)
    assert OPTIONS.confirm_s <= confirmed_s + 1e-9 <= OPTIONS.confirm_s + step_s + 1e-6
    silent = follow(tracker, [[]] * (frames_a_second // 2), start_s=2.0, step_s=step_s)
    assert silent[-1][0].activity == pytest.approx(0.8, abs=0.12)


def test_a_peak_now_and_then_is_nobody() -> None:
    frames = [[source(40)] if index % 8 == 0 else [] for index in range(200)]
    assert not any(follow(Tracker(), frames))


def test_one_peak_after_a_long_pause_does_not_confirm() -> None:
    tracker = Tracker()
    assert tracker.update(0.0, [source(0)]) == tracker.update(5.0, [source(0)]) == ()


def test_a_silent_talker_is_not_active_and_keeps_its_id_for_when_it_goes_on() -> None:
    tracker = Tracker()
    (before,) = follow(tracker, [[source(20, 10)]] * 20)[-1]
    (waiting,) = follow(tracker, [[]] * 50, start_s=2.0)[-1]
    (after,) = follow(tracker, [[source(26, 8)]] * 10, start_s=7.0)[-1]
    assert before.id == waiting.id == after.id == 0
    assert before.activity > 0.9 > 0.1 > waiting.activity
    assert after.activity > 0.9
    assert off_deg(waiting, 20, 10) < 3
    assert off_deg(after, 26, 8) < 3


@settings(max_examples=8, deadline=None)
@given(seeds, st.floats(0.2, 2.0))
def test_silence_ends_every_track(seed: int, step_s: float) -> None:
    tracker = Tracker()
    scene = peak_scene(seed, "standing", seconds=2.0, frames_a_second=10)
    for time_s, sources in zip(scene.times_s, scene.sources, strict=True):
        tracker.update(float(time_s), sources)
    num_steps = int(OPTIONS.keep_s / step_s) + 1
    shown = follow(tracker, [[]] * (num_steps + 1), start_s=float(scene.times_s[-1]), step_s=step_s)
    assert shown[-1] == ()


def test_a_talker_who_comes_back_too_late_is_another() -> None:
    tracker = Tracker()
    follow(tracker, [[source(0)]] * 20)
    later = follow(tracker, [[source(0)]] * 20, start_s=2 + OPTIONS.keep_s)
    assert [track.id for track in later[-1]] == [1]


def test_peaks_without_speech_do_not_count() -> None:
    tracker = Tracker()
    for index in range(50):
        assert tracker.update(0.1 * index, [source(0)], speech=False) == ()
    (track,) = follow(tracker, [[source(0)]] * 20, start_s=5.0)[-1]
    for index in range(20):
        (track,) = tracker.update(7 + 0.1 * index, [source(0)], speech=False)
    assert track.activity < 0.1


def test_a_walker_is_followed_and_its_speed_known() -> None:
    azimuth_deg = 12 * STEP_S * np.arange(100)
    (track,) = follow(Tracker(), [[source(angle)] for angle in azimuth_deg])[-1]
    assert track.id == 0
    assert track.velocity_deg_s == pytest.approx(12, rel=0.1)
    assert off_deg(track, azimuth_deg[-1]) < 2


def test_one_who_turns_round_is_believed_within_seconds() -> None:
    azimuth_deg = np.concatenate([1.2 * np.arange(50), 60 - 1.2 * np.arange(30)])
    frames = [[source(angle)] for angle in azimuth_deg]
    (track,) = follow(Tracker(), frames)[-1]
    (steady,) = follow(Tracker(TrackerOptions(turn_memory_s=30.0)), frames)[-1]
    assert track.id == 0
    assert track.velocity_deg_s == pytest.approx(12, rel=0.15)
    assert off_deg(track, azimuth_deg[-1]) < 1.5 < off_deg(steady, azimuth_deg[-1])


def test_errors_on_both_sides_are_no_turn() -> None:
    rng = np.random.default_rng(0)
    tracks = [Tracker(TrackerOptions(turn_memory_s=memory_s)) for memory_s in (2.0, 30.0)]
    frames = [[source(angle)] for angle in 5 * rng.standard_normal(100)]
    (believing,), (steady,) = (follow(tracker, frames)[-1] for tracker in tracks)
    assert great_circle_distance_deg(believing.direction, steady.direction) < 0.5
    assert believing.velocity_deg_s == pytest.approx(steady.velocity_deg_s, abs=0.5)


@pytest.mark.parametrize("elevation_deg", [0.0, 89.0])
def test_neither_the_back_nor_the_zenith_is_a_border(elevation_deg: float) -> None:
    azimuth_deg = 150 + 0.8 * np.arange(100)
    shown = follow(Tracker(), [[source(angle, elevation_deg)] for angle in azimuth_deg])
    assert {track.id for tracks in shown for track in tracks} == {0}
    assert off_deg(shown[-1][0], azimuth_deg[-1], elevation_deg) < 2


def test_a_second_peak_beside_a_talker_is_a_ghost_and_one_farther_a_talker() -> None:
    ghostly = follow(Tracker(), [[source(0), source(12, score=0.4)]] * 30)[-1]
    apart = follow(Tracker(), [[source(0), source(40, score=0.4)]] * 30)[-1]
    assert (len(ghostly), len(apart)) == (1, 2)


def test_ripples_of_a_lobe_feed_nobody_where_talkers_pass_each_other() -> None:
    scenes = (with_ripples(peak_scene(seed, "crossing", frames_a_second=10), seed) for seed in range(5))
    total = sum((counts_of(scene, TALL_LOBES) for scene in scenes), TrackCounts())
    assert total.switches <= 1
    assert total.false_tracks_a_minute < 1


def test_a_ripple_over_a_talker_does_not_wake_one_who_is_silent_beside_it() -> None:
    tracker = Tracker(TALL_LOBES)
    follow(tracker, [[source(0), source(35, score=0.4)]] * 20)
    shown = follow(tracker, [[source(0), source(4, 22, score=0.4)]] * 15, start_s=2.0)[-1]
    assert [round(track.activity, 1) for track in shown] == [1.0, 0.0]
    assert off_deg(shown[1], 35) < 3


def test_one_peak_where_two_talkers_meet_wakes_both() -> None:
    tracker = Tracker()
    angles_deg = 40 - 8 * STEP_S * np.arange(30)
    apart = [[source(angle), source(-angle)] for angle in angles_deg]
    silent = follow(tracker, apart + [[]] * 13)[-1]
    met = follow(tracker, [[source(0)]] * 10, start_s=4.3)[-1]
    assert len(silent) == len(met) == 2
    assert max(track.activity for track in silent) < 0.5
    assert min(track.activity for track in met) > 0.9


@pytest.mark.parametrize("seconds", [0.5, 0.096])
def test_peaks_on_both_sides_keep_a_hidden_talker_more_active_than_one_peak_or_silence(
    seconds: float,
) -> None:
    up = np.array([0.0, 0.0, 0.5])
    talkers = [
        replace(new_hypothesis(source(angle), 0.0, number, OPTIONS), log_odds=3.0, surprise=up)
        for number, angle in enumerate((-9, 0, 9))
    ]
    talkers = [talker.after(seconds, OPTIONS) for talker in talkers]
    middle = {
        count: associate(talkers, [source(9), source(-9)][:count], seconds, seconds, OPTIONS)[0][1]
        for count in range(3)
    }
    assert middle[0].log_odds < middle[1].log_odds < middle[2].log_odds
    np.testing.assert_array_equal(middle[2].surprise, middle[1].surprise)
    one, both = middle[1].claim, middle[2].claim
    assert one is not None
    assert both is not None
    assert both.probability == pytest.approx(1 - (1 - one.probability) ** 2)
    assert not both.owns


def test_a_weak_peak_moves_a_track_less_than_a_strong_one() -> None:
    moved_deg = []
    for score in (0.05, 0.8):
        tracker = Tracker()
        follow(tracker, [[source(0)]] * 30)
        (track,) = tracker.update(3.0, [source(6, score=score)])
        moved_deg.append(off_deg(track, 0))
    assert 0 < moved_deg[0] < moved_deg[1] / 2


def test_scores_on_another_scale_give_the_same_tracks() -> None:
    scene = peak_scene(3, "crossing", seconds=8.0)
    plain, scaled = Tracker(), Tracker(TrackerOptions(least_score=3 * OPTIONS.least_score))
    for time_s, sources in zip(scene.times_s, scene.sources, strict=True):
        louder = [replace(peak, score=3 * peak.score) for peak in sources]
        shown = plain.update(float(time_s), sources), scaled.update(float(time_s), louder)
        assert [track.id for track in shown[0]] == [track.id for track in shown[1]]
        for one, other in zip(*shown, strict=True):
            np.testing.assert_allclose(one.direction, other.direction, atol=1e-12)


def test_mirrors_are_those_of_the_newest_peak() -> None:
    mirror = (angles_deg_to_direction(0.0, -20.0),)
    peak = Source(angles_deg_to_direction(0.0, 20.0), 0.5, mirror=mirror)
    (track,) = follow(Tracker(), [[peak]] * 20)[-1]
    assert track.mirror is mirror


def test_talkers_who_pass_each_other_keep_their_ids_though_one_peak_is_seen() -> None:
    paths_deg = [-40 + 8 * STEP_S * np.arange(100), 40 - 8 * STEP_S * np.arange(100)]
    frames = []
    for first, second in zip(*paths_deg, strict=True):
        merged = abs(first - second) < 25
        frames.append([source((first + second) / 2)] if merged else [source(first), source(second)])
    shown = follow(Tracker(), frames)
    assert {track.id for tracks in shown for track in tracks} == {0, 1}
    start, end = ({track.id: track.direction[1] for track in shown[index]} for index in (20, -1))
    assert start[0] * end[0] < 0
    assert start[1] * end[1] < 0


def silent_crossing(seed: int) -> list[list[Source]]:
    """Peaks of two who pass each other after 6 s, the first silent before, the second after."""
    rng = np.random.default_rng(seed)
    frames, errors_deg = [], np.zeros(2)
    for time_s in STEP_S * np.arange(120):
        errors_deg = 0.97 * errors_deg + 0.7 * rng.standard_normal(2)
        angles_deg = 6 * (time_s - 6) * np.array([1, -1]) + errors_deg
        silent = [3.5 < time_s < 6.7, 6.3 < time_s < 8.7]
        if abs(time_s - 6) < 2 and not any(silent):
            frames.append([source(float(angles_deg.mean()))])
        else:
            frames.append([source(float(angles_deg[who])) for who in (0, 1) if not silent[who]])
    return frames


def test_talkers_who_are_silent_while_they_pass_each_other_keep_their_ids() -> None:
    kept = 0
    for seed in range(10):
        shown = follow(Tracker(), silent_crossing(seed))
        start, end = ({track.id: track.direction[1] for track in shown[index]} for index in (25, -1))
        kept += start.keys() == end.keys() and all(start[name] * end[name] < 0 for name in start)
    assert kept >= 8


def test_scenes_of_peaks_are_followed() -> None:
    # Eight scenes of a kind: in half as many, two false tracks are a rate already.
    totals = {
        kind: sum((counts_of(peak_scene(seed, kind, frames_a_second=10)) for seed in range(8)), TrackCounts())
        for kind in KINDS
    }
    assert {kind: total.switches for kind, total in totals.items() if total.switches > 1} == {}
    for total in totals.values():
        assert total.false_tracks_a_minute < 1
        assert total.missed_share < 0.08


@settings(max_examples=6, deadline=None)
@given(seeds, st.sampled_from(KINDS[:3]))
def test_turning_the_world_turns_the_tracks(seed: int, kind: str) -> None:
    turn = random_rotation(np.random.default_rng(seed))
    here, there = Tracker(), Tracker()
    scene = peak_scene(seed, kind, seconds=5.0, frames_a_second=10)
    for time_s, sources in zip(scene.times_s, scene.sources, strict=True):
        turned = [Source(turn @ one.direction, one.score) for one in sources]
        tracks, others = here.update(float(time_s), sources), there.update(float(time_s), turned)
        assert [track.id for track in tracks] == [track.id for track in others]
        for track, other in zip(tracks, others, strict=True):
            np.testing.assert_allclose(other.direction, turn @ track.direction, atol=1e-6)
            assert other.activity == pytest.approx(track.activity)


@settings(max_examples=6, deadline=None)
@given(seeds, st.sampled_from(KINDS[:3]))
def test_the_order_of_peaks_and_running_again_change_nothing(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    scene = peak_scene(seed, kind, seconds=5.0, frames_a_second=10)
    here, there = Tracker(), Tracker()
    for time_s, sources in zip(scene.times_s, scene.sources, strict=True):
        shuffled = [sources[index] for index in rng.permutation(len(sources))]
        tracks, others = here.update(float(time_s), sources), there.update(float(time_s), shuffled)
        assert [(one.id, *one.direction) for one in tracks] == [(one.id, *one.direction) for one in others]


@settings(max_examples=6, deadline=None)
@given(seeds, st.integers(2, 9))
def test_silent_frames_may_come_as_often_as_they_like(seed: int, parts: int) -> None:
    scene = peak_scene(seed, "strolling", seconds=3.0, frames_a_second=10)
    coarse, fine = Tracker(), Tracker()
    for time_s, sources in zip(scene.times_s, scene.sources, strict=True):
        coarse.update(float(time_s), sources)
        fine.update(float(time_s), sources)
    start_s = float(scene.times_s[-1])
    for time_s, later_s in pairwise(start_s + np.arange(0, 6, 0.5)):
        tracks = coarse.update(float(later_s), [])
        for between_s in np.linspace(time_s, later_s, parts + 1)[1:]:
            others = fine.update(float(between_s), [])
        assert [track.id for track in tracks] == [track.id for track in others]
        for track, other in zip(tracks, others, strict=True):
            np.testing.assert_allclose(other.direction, track.direction, atol=1e-9)
            assert other.activity == pytest.approx(track.activity)


@settings(max_examples=6, deadline=None)
@given(seeds)
def test_ids_count_up_and_are_never_used_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tracker = Tracker(TrackerOptions(keep_s=0.5))
    seen: list[int] = []
    gone: set[int] = set()
    for index in range(90):
        peaks = [source(90.0 * rng.integers(4)) for _ in range(rng.integers(3))] if index % 30 < 20 else []
        shown = [track.id for track in tracker.update(STEP_S * index, peaks)]
        assert shown == sorted(shown)
        gone |= set(seen) - set(shown)
        assert not gone & set(shown)
        seen += [name for name in shown if name not in seen]
    assert seen == list(range(len(seen)))


def test_memory_does_not_grow() -> None:
    rng = np.random.default_rng(0)
    tracker = Tracker(TrackerOptions(keep_s=0.8))
    held = []
    for index in range(120):
        peaks = [source(rng.uniform(-180, 180), rng.uniform(-90, 90)) for _ in range(4)]
        tracker.update(STEP_S * index, peaks)
        held.append(len(tracker._confirmed) + len(tracker._tentative))
    assert max(held[60:]) <= max(held[:60]) + 4
    assert max(held) < 40


def test_times_that_go_back_are_refused() -> None:
    tracker = Tracker()
    tracker.update(1.0, [])
    with pytest.raises(ConfigError, match=r"got 0\.5 s after 1\.0 s; take a new Tracker"):
        tracker.update(0.5, [])
    with pytest.raises(ConfigError, match="finite"):
        tracker.update(float("nan"), [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("keep_s", 0.0),
        ("noise_deg", -1.0),
        ("confirm_s", float("nan")),
        ("max_gate_deg", 91.0),
        ("speed_memory_s", 1e6),
        ("turn_memory_s", 1001.0),
    ],
)
def test_options_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=name):
        TrackerOptions(**{name: value})


def walk(speed_deg_s: float, seconds: float) -> list[list[Source]]:
    return [[source(speed_deg_s * STEP_S * index)] for index in range(round(seconds / STEP_S))]


def test_a_walker_who_falls_silent_is_not_shown_to_walk_on() -> None:
    tracker = Tracker(TrackerOptions(keep_s=60))
    heard = follow(tracker, walk(10.0, 5.0))[-1][0]
    silent = follow(tracker, [[]] * 300, start_s=5.0)
    assert off_deg(heard, 49) < 2
    (last,) = silent[-1]
    farthest_deg = 10.0 * tracker.options.turn_memory_s
    assert (
        0.5 * farthest_deg < float(great_circle_distance_deg(last.direction, heard.direction)) < farthest_deg
    )
    assert last.velocity_deg_s < 0.1


def test_a_walker_who_was_silent_for_a_while_is_sought_where_it_walked_to() -> None:
    tracker = Tracker()
    id = follow(tracker, walk(10.0, 6.0))[-1][0].id
    follow(tracker, [[]] * 40, start_s=6.0)
    (track,) = tracker.update(10.0, [source(100.0)])
    assert track.id == id
    assert off_deg(track, 100.0) < 10


def test_the_score_of_a_silent_talker_fades() -> None:
    tracker = Tracker()
    heard = follow(tracker, [[source(40)]] * 20)[-1][0]
    silent = follow(tracker, [[]] * 50, start_s=2.0)
    scores = [track.score for (track,) in silent]
    assert heard.score == pytest.approx(0.5, abs=0.01)
    assert all(after < before for before, after in pairwise([heard.score, *scores]))
    assert scores[-1] < 0.001
    assert [heard.active, silent[3][0].active, silent[-1][0].active] == [True, True, False]
