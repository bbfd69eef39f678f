"""Pools of dry sound: any segment of one voice, from memory or from a cache on disk."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import AudioError
from anydoa.io.audio import read_audio
from anydoa.simulation.activity import ACTIVITY_CHUNK
from anydoa.simulation.corpus import Utterance
from anydoa.simulation.pool import AudioPool, limit_utterances, load_pool
from voices import voice

RAMPS = AudioPool(
    samples=np.concatenate([np.arange(2048), -np.arange(1024)]).astype(np.int16),
    edges=(0, 2048, 3072),
    groups=("up", "down"),
    active=np.array([True, True, False, True, False, True]),
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1), st.integers(-5000, 5000), st.integers(1, 6000))
def test_a_segment_goes_around_its_own_voice_only(group: int, start: int, length: int) -> None:
    own = RAMPS.samples[RAMPS.edges[group] : RAMPS.edges[group + 1]]
    places = (start + np.arange(length)) % len(own)
    assert np.array_equal(RAMPS.segment(group, start, length), np.float32(own[places]) / 32768)
    assert RAMPS.active is not None
    chunks = RAMPS.active[RAMPS.edges[group] // ACTIVITY_CHUNK :]
    assert np.array_equal(RAMPS.segment_activity(group, start, length), chunks[places // ACTIVITY_CHUNK])


def write_clips(root: Path) -> list[Utterance]:
    rng = np.random.default_rng(0)
    clips = []
    for name, rate in (("ann/1.wav", 16_000), ("ann/2.wav", 16_000), ("bob/1.flac", 48_000)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.repeat(voice(120.0, 1.0, rng), rate // 16_000), rate)
        clips.append(Utterance(path, name.split("/")[0], "train"))
    return clips


def test_recordings_of_one_voice_lie_end_to_end(tmp_path: Path) -> None:
    clips = write_clips(tmp_path)
    pool = load_pool(clips, kind="noise")
    assert pool.groups == ("ann", "bob")
    assert pool.active is None
    assert pool.group_length(0) == -(-32_000 // ACTIVITY_CHUNK) * ACTIVITY_CHUNK
    both = np.concatenate([read_audio(clip.path)[0] for clip in clips[:2]], axis=1)
    assert np.allclose(pool.segment(0, 0, 32_000), both[0], atol=1e-4)
    assert pool.segment_activity(1, 0, 100).all()


def test_recordings_of_other_rates_are_resampled(tmp_path: Path) -> None:
    pool = load_pool(write_clips(tmp_path), kind="noise")
    assert abs(pool.group_length(1) - 16_000) <= ACTIVITY_CHUNK


def test_a_cache_gives_the_same_pool_and_is_used(tmp_path: Path) -> None:
    clips = write_clips(tmp_path / "audio")
    cache = tmp_path / "cache"
    first = load_pool(clips, kind="speech", cache=cache)
    written = {path: path.stat().st_mtime_ns for path in cache.rglob("*.np*")}
    again = load_pool(clips, kind="speech", cache=cache)
    fresh = load_pool(clips, kind="speech")
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.np*")} == written
    for pool in (first, again):
        assert np.array_equal(pool.samples, fresh.samples)
        assert np.array_equal(pool.active, fresh.active)
        assert (pool.edges, pool.groups) == (fresh.edges, fresh.groups)


def test_one_cache_keeps_what_is_speech_event_and_noise_apart(tmp_path: Path) -> None:
    path = tmp_path / "bark.wav"
    bark = np.random.default_rng(2).standard_normal(4 * ACTIVITY_CHUNK) / 8
    soundfile.write(path, np.concatenate([bark, np.zeros(4 * ACTIVITY_CHUNK)]), 16_000)
    clips = [Utterance(path, "dog", "train")]
    kinds: tuple[Kind, ...] = ("noise", "events")
    found = {kind: load_pool(clips, kind=kind, cache=tmp_path).active for kind in kinds}
    assert found["noise"] is None
    assert found["events"] is not None
    assert found["events"].tolist() == [True] * 4 + [False] * 4
    with pytest.raises(AudioError, match="no speech is heard"):
        load_pool(clips, kind="speech", cache=tmp_path)


def test_other_recordings_get_a_cache_of_their_own(tmp_path: Path) -> None:
    clips = write_clips(tmp_path / "audio")
    assert load_pool(clips, kind="noise", cache=tmp_path).groups == ("ann", "bob")
    assert load_pool(clips[:2], kind="noise", cache=tmp_path).groups == ("ann",)


def test_a_recording_that_was_changed_in_place_is_decoded_anew(tmp_path: Path) -> None:
    (clip, *_) = write_clips(tmp_path / "clips")
    before = load_pool((clip,), kind="noise", cache=tmp_path / "cache")
    length = soundfile.info(clip.path).frames
    soundfile.write(clip.path, 0.1 * np.ones(length), soundfile.info(clip.path).samplerate)
    os.utime(clip.path, ns=(0, 0))  # a clock may be coarse
    after = load_pool((clip,), kind="noise", cache=tmp_path / "cache")
    assert not np.array_equal(np.asarray(before.samples), np.asarray(after.samples))


def test_a_silent_voice_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clips = write_clips(tmp_path)
    soundfile.write(tmp_path / "silent.wav", np.zeros(1000), 16_000)
    pool = load_pool([*clips, Utterance(tmp_path / "silent.wav", "cat", "train")], kind="noise")
    assert pool.groups == ("ann", "bob")
    assert "cat: silent" in caplog.text


def test_a_voice_in_which_nobody_speaks_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(32_000)
    soundfile.write(tmp_path / "noise.wav", noise, 16_000)
    with pytest.raises(AudioError, match="no speech is heard in any recording of the pool; give others"):
        load_pool([Utterance(tmp_path / "noise.wav", "cat", "train")], kind="speech")
    assert "cat: no speech is heard in it, left out" in caplog.text


def test_only_as_many_recordings_as_needed_are_taken(tmp_path: Path) -> None:
    clips = write_clips(tmp_path)
    assert len(limit_utterances(clips, 1.5 / 60, np.random.default_rng(0))) == 2
    assert limit_utterances(clips, 60.0, np.random.default_rng(0)) == clips


def test_one_long_recording_leaves_room_for_other_voices(tmp_path: Path) -> None:
    clips = write_clips(tmp_path)
    for seed in range(4):
        for least, found in ((1, 1), (2, 2), (9, 2)):
            chosen = limit_utterances(clips, 1e-6, np.random.default_rng(seed), least_groups=least)
            assert len({clip.group for clip in chosen}) == len(chosen) == found


def test_recordings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(b"RIFF nothing")
    with pytest.raises(AudioError, match=r"broken\.wav: .*audio"):
        load_pool([Utterance(path, "x", "train")], kind="noise")
    with pytest.raises(AudioError, match="at least one recording"):
        load_pool([], kind="noise")


@pytest.mark.parametrize("file", ["samples.npy", "pool.npz"])
@pytest.mark.parametrize("left", [0, 0.5])
def test_a_damaged_cache_is_made_anew(
    tmp_path: Path, file: str, left: float, caplog: pytest.LogCaptureFixture
) -> None:
    clips = write_clips(tmp_path / "audio")
    fresh = load_pool(clips, kind="noise", cache=tmp_path / "cache")
    (path,) = (tmp_path / "cache").rglob(file)
    content = path.read_bytes()
    path.unlink()  # others may still read the old one
    path.write_bytes(content[: int(left * len(content))])
    again = load_pool(clips, kind="noise", cache=tmp_path / "cache")
    assert np.array_equal(again.samples, fresh.samples)
    assert "damaged" in caplog.text
    assert path.read_bytes() == content


def test_processes_that_share_a_new_cache_do_not_disturb_each_other(tmp_path: Path) -> None:
    clips = write_clips(tmp_path / "audio")
    for _ in range(3):
        with ThreadPoolExecutor(4) as workers:
            loads = [
                workers.submit(load_pool, clips, kind="noise", cache=tmp_path / "cache") for _ in range(8)
            ]
            pools = [load.result() for load in loads]
        assert all(np.array_equal(pool.samples, pools[0].samples) for pool in pools)
        shutil.rmtree(tmp_path / "cache")


def test_a_cache_that_cannot_be_written_costs_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    assert load_pool(write_clips(tmp_path), kind="noise", cache=tmp_path / "file").groups == ("ann", "bob")
    assert "not kept for the next time" in caplog.text


def test_a_recording_may_have_a_name_that_is_no_text(tmp_path: Path) -> None:
    (clip,) = write_clips(tmp_path)[:1]
    odd = clip.path.with_name(os.fsdecode(b"caf\xe9.wav"))
    clip.path.rename(odd)
    clips = [Utterance(odd, odd.stem, "train")]
    assert limit_utterances(clips, 1.0, np.random.default_rng(0)) == clips
    assert load_pool(clips, kind="noise", cache=tmp_path / "cache").groups == (odd.stem,)
    odd.write_bytes(b"x")
    with pytest.raises(AudioError, match="not audio that can be read"):
        limit_utterances(clips, 1.0, np.random.default_rng(0))


def test_a_recording_whose_samples_are_no_numbers_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "odd.wav", np.array([0.1, np.nan, 0.1]), 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"odd\.wav: samples must be numbers"):
        load_pool([Utterance(tmp_path / "odd.wav", "x", "train")], kind="noise")
