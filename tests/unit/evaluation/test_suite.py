"""Frozen suites: the same clips always, only of test material, each as its row says."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.errors import ArrayFileError, ConfigError
from anydoa.evaluation.clip import SuiteClip
from anydoa.evaluation.material import Material
from anydoa.evaluation.runner import first_clips, run_suite
from anydoa.evaluation.suite import CachedSuite, array_suite, dynamic_suite, open_suite
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import direction_to_angles_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.layouts import circular_positions
from anydoa.io.array_file import load_array, save_array
from anydoa.simulation.mixing import SceneMixer
from anydoa.simulation.rooms import SimulatedRooms
from voices import write_corpus

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    root = tmp_path_factory.mktemp("corpus")
    return Material(write_corpus(root), cache=root / "cache")


def same(first: SuiteClip, second: SuiteClip) -> bool:
    assert first.noises is not None
    assert second.noises is not None
    assert first.reflections is not None
    assert second.reflections is not None
    return (
        np.array_equal(first.audio, second.audio)
        and np.array_equal(first.array.positions, second.array.positions)
        and np.array_equal(first.directions, second.directions)
        and np.array_equal(first.activity, second.activity)
        and np.array_equal(first.noises, second.noises)
        and np.array_equal(first.reflections, second.reflections)
        and (first.name, first.suite, first.snr_db, first.rt60)
        == (second.name, second.suite, second.snr_db, second.rt60)
    )


def test_a_clip_is_the_same_whatever_was_rendered_before(material: Material) -> None:
    suite = dynamic_suite("dynamic-s", material)
    later = suite[5]
    elsewhere = pickle.loads(pickle.dumps(suite))
    assert same(elsewhere[5], later)
    suite[0]
    assert same(suite[5], later)


def test_a_small_suite_begins_as_the_large_one(material: Material) -> None:
    small, large = (dynamic_suite("dynamic-s", material, clips=clips) for clips in (2, 200))
    assert same(small[1], large[1])
    assert same(small[2], large[200])  # the first with two talkers


@pytest.mark.parametrize(("name", "fewest", "most"), [("dynamic-s", 4, 12), ("dynamic-u", 13, 16)])
def test_a_dynamic_suite_is_as_published(material: Material, name: str, fewest: int, most: int) -> None:
    suite = dynamic_suite(name, material)
    assert len(suite) == 400
    for index in first_clips(suite, 3):
        clip = suite[index]
        assert clip.num_talkers == (1 if index < 200 else 2)
        assert clip.audio.shape == (clip.array.num_microphones, 32_000)
        assert fewest <= clip.array.num_microphones <= most
        assert -5 <= clip.snr_db <= 30
        assert 0.2 <= clip.rt60 <= 1.3
        np.testing.assert_allclose(np.linalg.norm(clip.directions, axis=-1), 1)
        assert clip.activity.any(axis=1).all()


def test_suites_rows_and_seeds_share_no_clip(material: Material) -> None:
    clips = [
        dynamic_suite("dynamic-s", material, seed=seed)[index] for seed in (0, 1) for index in (0, 1, 200)
    ]
    for place, clip in enumerate(clips):
        assert not any(
            np.array_equal(clip.directions[0], other.directions[0]) for other in clips[place + 1 :]
        )


def test_presets_are_rows_of_their_own(material: Material) -> None:
    suite = array_suite("presets", material, ["linear-4", "em32"], clips=1)
    assert [row.label for row in suite.rows] == ["presets/linear-4"] * 2 + ["presets/em32"] * 2
    clip = suite[3]
    assert (clip.suite, clip.num_talkers, clip.array.num_microphones) == ("presets/em32", 2, 32)
    assert clip.array.hash == load_array("em32").hash


def test_only_test_voices_and_test_noise_are_used(material: Material) -> None:
    assert material.speech_pool.groups == ("made/0", "made/1", "made/2")
    assert material.noise_pool.groups == ("made/hiss test",)
    assert not material.generates_noise


def test_one_recording_of_an_hour_leaves_room_for_other_voices_and_noises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anydoa.evaluation.material._MINUTES", 1e-6)  # in which an hour is over, too
    rng = np.random.default_rng(0)
    write_corpus(tmp_path, with_noise=False)
    for kind in range(6):
        (tmp_path / "hiss" / str(kind)).mkdir(parents=True)
        soundfile.write(tmp_path / "hiss" / str(kind) / "a.wav", 0.1 * rng.standard_normal(4000), 16_000)
    (tmp_path / "hiss" / "manifest.csv").write_text(
        "path,source,speaker_or_category,split\n" + "".join(f"{n}/a.wav,x,{n},test\n" for n in range(6))
    )
    material = Material(tmp_path, tmp_path / "hiss", cache=tmp_path / "cache")
    assert len(material.speech_pool.groups) == 2
    assert len(material.noise_pool.groups) == 4


def test_noise_is_made_of_the_voices_where_there_is_none(tmp_path: Path) -> None:
    material = Material(write_corpus(tmp_path, with_noise=False), cache=tmp_path / "cache")
    pool = material.noise_pool
    assert material.generates_noise
    assert pool.groups == ("babble", "speech-shaped", "white", "pink", "brown")
    for group in range(len(pool.groups)):
        assert pool.segment(group, 0, 16_000).std() > 0.01

    def share_below_1_khz(group: str) -> float:
        spectrum = np.abs(np.fft.rfft(pool.segment(pool.groups.index(group), 0, 160_000))) ** 2
        return float(spectrum[: len(spectrum) // 8].sum() / spectrum.sum())

    assert share_below_1_khz("white") == pytest.approx(1 / 8, abs=0.01)
    assert share_below_1_khz("white") < share_below_1_khz("pink") < share_below_1_khz("brown")
    assert share_below_1_khz("speech-shaped") == pytest.approx(share_below_1_khz("babble"), abs=0.1)


def test_a_clip_comes_back_from_the_cache_as_it_was(material: Material, tmp_path: Path) -> None:
    suite = array_suite("presets", material, ["linear-4"], clips=2)
    cached = CachedSuite(suite, tmp_path)
    rendered, (path,) = cached[1], tmp_path.glob("*/*")
    assert same(rendered, suite[1])
    before = path.stat().st_mtime_ns
    assert same(cached[1], rendered)
    assert path.stat().st_mtime_ns == before
    assert cached[1].array.channels == rendered.array.channels


def test_a_cache_of_an_earlier_version_is_read_without_what_it_lacks(
    material: Material, tmp_path: Path
) -> None:
    cached = CachedSuite(array_suite("presets", material, ["linear-4"], clips=1), tmp_path)
    rendered, (path,) = cached[0], tmp_path.glob("*/*")
    with np.load(path) as stored:
        columns = {name: stored[name] for name in stored if name not in ("noises", "reflections")}
    np.savez(path, **columns)
    assert np.array_equal(cached[0].audio, rendered.audio)
    assert cached[0].noises is None
    assert cached[0].reflections is None


def test_noise_from_a_place_has_a_direction_and_noise_from_everywhere_none(
    material: Material, tmp_path: Path
) -> None:
    heard = dynamic_suite("dynamic-s", material)[0].noises
    assert heard is not None
    np.testing.assert_allclose(np.linalg.norm(heard, axis=1), [1.0])
    generated = Material(write_corpus(tmp_path, with_noise=False), cache=tmp_path / "cache")
    suite = dynamic_suite("dynamic-s", generated)
    counts = [len(noises) for index in range(8) if (noises := suite[index].noises) is not None]
    assert sorted(set(counts)) == [0, 1]


@pytest.mark.parametrize(
    ("array", "with_noise", "contents"),
    [
        ("linear-4", True, "191fb3e54523"),
        ("em32", True, "a60cfae13a8a"),
        ("ambeo", True, "59770bb52c01"),
        ("linear-4", False, "06f0c71eb4d2"),
    ],
)
def test_what_is_kept_of_a_suite_has_the_name_that_it_had(
    tmp_path: Path, array: str, with_noise: bool, contents: str
) -> None:
    """Whoever must change these names makes everybody render clips anew that are what they were."""
    material = Material(write_corpus(tmp_path, with_noise=with_noise), cache=tmp_path / "cache")
    assert array_suite("array", material, [array]).contents == contents


def test_noise_from_everywhere_around_a_ball_or_body_has_another_cache(tmp_path: Path) -> None:
    generated = Material(write_corpus(tmp_path, with_noise=False), cache=tmp_path / "cache")
    for array, before in (("em32", "8be2f4b996af"), ("ambeo", "cd2918ec673f")):
        suite = array_suite("array", generated, [array])
        assert suite.contents != before


def test_another_seed_has_another_cache(material: Material, tmp_path: Path) -> None:
    for seed in (0, 1):
        CachedSuite(dynamic_suite("dynamic-s", material, seed=seed), tmp_path)[0]
    assert len(list(tmp_path.iterdir())) == 2


def test_clips_last_2_s_unless_another_length_is_asked_for(tmp_path: Path) -> None:
    speech = write_corpus(tmp_path / "speech")
    usual, told, long = (
        open_suite("dynamic-s", speech=speech, duration_s=duration_s)[399] for duration_s in (None, 2.0, 4.0)
    )
    assert same(usual, told)
    assert (usual.audio.shape[1], long.audio.shape[1]) == (32_000, 64_000)
    assert long.activity.shape == (2, 64_000)


def test_the_length_of_clips_changes_neither_room_nor_array(material: Material) -> None:
    short = dynamic_suite("dynamic-u", material)[1]
    long = replace(dynamic_suite("dynamic-u", material), duration_s=4.0)[1]
    assert np.array_equal(short.array.positions, long.array.positions)
    assert np.array_equal(short.directions, long.directions)
    assert short.rt60 == long.rt60


def test_a_clip_of_2_s_is_that_of_the_published_figures(material: Material) -> None:
    """Whoever must change these numbers must also measure every published figure again."""
    audio = dynamic_suite("dynamic-s", material)[200].audio[0, 7_000:31_000:3_000]
    expected = [-0.025216, 0.004923, -0.018602, -0.004461, 0.007533, 0.004327, 0.019167, -0.026534]
    np.testing.assert_allclose(audio, expected, atol=1e-6)


def test_the_cache_keeps_lengths_apart(material: Material, tmp_path: Path) -> None:
    suite = array_suite("presets", material, ["linear-4"], clips=1)
    for _ in range(2):
        for duration_s in (2.0, 4.0, 0.5):
            cached = CachedSuite(replace(suite, duration_s=duration_s), tmp_path)
            assert cached[1].duration_s == duration_s
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("name", "duration_s", "message"),
    [
        ("dynamic-s", 0.0, "must be within 0.1 to 600 s, got 0"),
        ("presets", float("nan"), "must be within 0.1 to 600 s, got nan"),
        (str(EXAMPLES), 4.0, "only simulated clips have a duration to choose, got 4.0 for the recordings of"),
        ("dynamic-x", 4.0, "no suite or folder is called"),
    ],
)
def test_a_length_that_cannot_be_is_refused(name: str, duration_s: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_suite(name, duration_s=duration_s)


def test_recordings_have_no_cache(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"only simulated clips have a cache to choose, got {tmp_path}"):
        open_suite(str(EXAMPLES), cache=tmp_path)


def test_arrays_by_name_or_file_are_a_suite(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    save_array(load_array("linear-4").replace(name="own"), own)
    speech = write_corpus(tmp_path / "speech", with_noise=False)
    suite = open_suite(f"array:linear-8,{own}", speech=speech, cache=tmp_path / "cache")
    assert [suite.row(index)[0] for index in (0, len(suite) - 1)] == ["array/linear-8", "array/own"]
    assert suite[len(suite) - 1].array.num_microphones == 4
    with pytest.raises(ArrayFileError, match="linear-9"):
        open_suite("array:linear-9", speech=speech)


def test_where_a_talker_stands_says_nothing_of_how_a_scene_is_mixed(material: Material) -> None:
    for row in array_suite("array", material, ["linear-4", "em32"]).rows:
        mixer = SceneMixer(
            SimulatedRooms(row.plan, range(1)),
            material.speech_pool,
            material.noise_pool,
            seed=row.plan.seed,
            max_talkers=row.talkers,
        )
        assert not set(row.plan.room_rng(0).random(500)) & set(mixer.scene_rng(0).random(500))


def test_arrays_of_one_name_have_a_row_each_in_the_same_rooms(tmp_path: Path, material: Material) -> None:
    array = load_array("linear-4")
    for name, size in (("mine", 1.0), ("refined", 1.1)):
        save_array(array.replace(body_positions=size * array.body_positions), tmp_path / f"{name}.toml")
    asked = [str(tmp_path / "mine.toml"), str(tmp_path / "refined.toml"), "linear-8"]
    suite = array_suite("array", material, asked, clips=1)
    assert [suite.row(index) for index in range(0, 6, 2)] == [
        ("array/mine", 1),
        ("array/refined", 1),
        ("array/linear-8", 1),
    ]
    np.testing.assert_allclose(suite[0].directions, suite[2].directions)


def test_sound_has_the_speed_that_the_array_says(material: Material, tmp_path: Path) -> None:
    """In helium an array hears smaller delays; who knows the speed finds the same directions."""
    scores = []
    for speed in (343.0, 900.0):
        array = MicrophoneArray(circular_positions(5, 0.05 * speed / 343), "ring", speed_of_sound=speed)
        save_array(array, tmp_path / f"ring-{speed:g}.toml")
        suite = array_suite("array", material, [str(tmp_path / f"ring-{speed:g}.toml")], clips=2)
        scores.append([score.frames.mae_deg for score in run_suite(suite, ["srp-phat"], fibonacci_grid(512))])
    np.testing.assert_allclose(scores[0], scores[1], atol=0.5)


def test_an_unknown_suite_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'dynamic-x'; there are dynamic-s, dynamic-u, presets"):
        open_suite("dynamic-x")


@pytest.mark.parametrize(
    ("name", "index", "rt60", "azimuths_deg", "microphones"),
    [
        ("dynamic-s", 0, 0.4222, [-60.3], 12),
        ("dynamic-s", 399, 0.4253, [120.2, 173.2], 9),
        ("dynamic-u", 0, 0.6905, [-30.5], 16),
        ("dynamic-u", 399, 0.2332, [34.3, 149.1], 16),
    ],
)
def test_rooms_are_those_of_the_published_figures(
    material: Material, name: str, index: int, rt60: float, azimuths_deg: list[float], microphones: int
) -> None:
    """Whoever must change these numbers must also measure every published figure again."""
    clip = dynamic_suite(name, material)[index]
    azimuth_deg, _ = direction_to_angles_deg(clip.directions[:, 0])
    np.testing.assert_allclose(azimuth_deg, azimuths_deg, atol=0.1)
    assert clip.rt60 == pytest.approx(rt60, abs=1e-4)
    assert clip.array.num_microphones == microphones


@pytest.mark.parametrize("left", [0, 0.3, 0.9])
def test_a_damaged_clip_in_the_cache_is_rendered_anew(
    material: Material, tmp_path: Path, left: float, caplog: pytest.LogCaptureFixture
) -> None:
    cached = CachedSuite(array_suite("presets", material, ["linear-4"], clips=1), tmp_path)
    rendered, (path,) = cached[0], tmp_path.glob("*/*")
    content = path.read_bytes()
    path.write_bytes(content[: int(left * len(content))])
    assert same(cached[0], rendered)
    assert "damaged" in caplog.text
    assert same(cached[0], rendered)
    assert caplog.text.count("rendering the clip anew") == 1


def test_a_cache_that_cannot_be_written_costs_no_clip(
    material: Material, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    suite = array_suite("presets", material, ["linear-4"], clips=1)
    assert same(CachedSuite(suite, tmp_path / "file")[0], suite[0])
    assert "not kept for the next time" in caplog.text
