"""Mixed scenes: the same for the same seed, true to their truth, and exact where exactness was promised."""

from dataclasses import replace

import numpy as np
import pytest

from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io.array_file import load_array
from anydoa.simulation.activity import ACTIVITY_CHUNK
from anydoa.simulation.mixing import SceneMixer, activity_at_array, mix_in_new_rooms
from anydoa.simulation.pool import AudioPool
from anydoa.simulation.recipe import Mismatch, MixRecipe, RoomRanges
from anydoa.simulation.rooms import RoomPlan, SimulatedRoom, SimulatedRooms
from anydoa.simulation.scene import Scene
from voices import voice

PLAN = RoomPlan(
    num_rooms=3,
    seed=2,
    microphones=(3, 5),
    num_talkers=2,
    num_noises=1,
    ranges=RoomRanges(rt60=(0.2, 0.4)),
    max_duration_s=0.2,
)
STILL = MixRecipe(rotation="none", permute=False)


def pool_of(*groups: np.ndarray, active: bool = True) -> AudioPool:
    """A pool in which every second 32 ms of each voice count as speech."""
    whole = [np.int16(20_000 * group[: len(group) // ACTIVITY_CHUNK * ACTIVITY_CHUNK]) for group in groups]
    chunks = sum(len(group) for group in whole) // ACTIVITY_CHUNK
    return AudioPool(
        samples=np.concatenate(whole),
        edges=tuple(int(edge) for edge in np.cumsum([0, *map(len, whole)])),
        groups=tuple(str(number) for number in range(len(whole))),
        active=np.arange(chunks) % 2 == 0 if active else None,
    )


@pytest.fixture(scope="module")
def speech() -> AudioPool:
    rng = np.random.default_rng(0)
    return pool_of(*(voice(pitch, 2.0, rng) for pitch in (110.0, 170.0, 230.0)))


@pytest.fixture(scope="module")
def noise() -> AudioPool:
    return pool_of(0.2 * np.random.default_rng(1).standard_normal(40_000), active=False)


@pytest.fixture(scope="module")
def rooms() -> SimulatedRooms:
    return SimulatedRooms(PLAN)


def same(first: Scene, second: Scene) -> bool:
    names = ("audio", "positions", "directions", "activity", "snr_db", "rt60", "seed")
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names)


def test_a_scene_is_the_same_whatever_was_mixed_before(
    rooms: SimulatedRooms, speech: AudioPool, noise: AudioPool
) -> None:
    mixer = SceneMixer(rooms, speech, noise, seed=5, duration_s=0.5)
    alone = SceneMixer(SimulatedRooms(PLAN), speech, noise, seed=5, duration_s=0.5)[7]
    for index in (3, 1, 7):
        last = mixer[index]
    assert same(last, alone)
    assert not same(mixer[8], alone)
    assert not same(SceneMixer(rooms, speech, noise, seed=6, duration_s=0.5)[7], alone)


def test_a_scene_has_the_shapes_and_the_types_it_promises(
    rooms: SimulatedRooms, speech: AudioPool, noise: AudioPool
) -> None:
    mixer = SceneMixer(rooms, speech, noise, seed=1, duration_s=0.7, recipe=MixRecipe(keep_direct=True))
    for index in range(6):
        scene = mixer[index]
        assert scene.audio.dtype == np.float32
        assert scene.audio.shape == (scene.num_microphones, 11_200)
        assert scene.duration_s == pytest.approx(0.7)
        assert np.abs(scene.audio).max() <= 0.9901
        assert np.allclose(np.linalg.norm(scene.directions, axis=1), 1)
        assert np.allclose(scene.positions.mean(axis=0), 0, atol=1e-9)
        assert scene.activity.shape == (scene.num_talkers, 11_200)
        assert scene.direct is not None
        assert scene.direct.shape == (scene.num_talkers, *scene.audio.shape)


def test_events_stand_in_for_as_many_talkers_as_asked(
    rooms: SimulatedRooms, speech: AudioPool, noise: AudioPool
) -> None:
    """Events are told by their activity: they never pause, the talkers of this pool do."""
    rng = np.random.default_rng(4)
    events = pool_of(*(rng.standard_normal((2, 30_000)) / 8), active=False)

    def share_of_events(asked: float) -> float:
        mixer = SceneMixer(
            rooms, speech, noise, seed=3, duration_s=0.1, recipe=MixRecipe(event_share=asked), events=events
        )
        return float(np.concatenate([mixer[index].activity.all(axis=1) for index in range(40)]).mean())

    assert share_of_events(0.0) == 0
    assert share_of_events(1.0) == 1
    assert 0.3 < share_of_events(0.5) < 0.7


def test_no_event_changes_nothing(rooms: SimulatedRooms, speech: AudioPool, noise: AudioPool) -> None:
    without = SceneMixer(rooms, speech, noise, seed=5, duration_s=0.2)[1]
    assert same(SceneMixer(rooms, speech, noise, seed=5, duration_s=0.2, events=noise)[1], without)


@pytest.mark.parametrize("snr_db", [-5.0, 10.0, 25.0])
@pytest.mark.parametrize("isotropic_share", [0.0, 1.0])
def test_the_measured_snr_is_the_one_asked_for(
    rooms: SimulatedRooms, speech: AudioPool, noise: AudioPool, snr_db: float, isotropic_share: float
) -> None:
    def mix(asked: float) -> np.ndarray:
        recipe = MixRecipe(snr_db=(asked, asked), isotropic_share=isotropic_share)
        return SceneMixer(rooms, speech, noise, seed=3, duration_s=1.0, recipe=recipe)[4].audio.astype(
            np.float64
        )

    clean, noisy = mix(300.0), mix(snr_db)
    # The clean scene differs in level; what is left beside it is the noise, and nearly independent of it.
    share = np.vdot(clean, noisy) / np.vdot(clean, clean)
    measured = 10 * np.log10(np.sum((share * clean) ** 2) / np.sum((noisy - share * clean) ** 2))
    assert measured == pytest.approx(snr_db, abs=0.3)


def test_noise_from_everywhere_is_heard_by_the_patterns_of_the_array(speech: AudioPool) -> None:
    """At 250 Hz points as near as those of ambeo hear the same, its cardioids do not."""
    noises = pool_of(0.2 * np.random.default_rng(1).standard_normal(90_000), active=False)
    ambeo = load_array("ambeo")
    recipe = replace(STILL, isotropic_share=1.0, snr_db=(-200.0, -200.0), point_to_sensor_db=(60.0, 60.0))

    def coherence(plan: RoomPlan) -> float:
        mixer = SceneMixer(SimulatedRooms(plan), speech, noises, duration_s=4.0, max_talkers=1, recipe=recipe)
        spectra = np.fft.rfft(mixer[0].audio)[:, 800:1200]  # 200 to 300 Hz
        cross = np.abs(spectra @ spectra.conj().T)
        power = np.sqrt(np.diag(cross))
        return float((cross / power / power[:, None])[np.triu_indices(4, 1)].mean())

    alone = replace(PLAN, num_rooms=1, num_talkers=1).with_array(ambeo)
    assert coherence(replace(alone, patterns=())) > 0.98
    assert coherence(alone) == pytest.approx(0.666, abs=0.1)


@pytest.mark.parametrize("rotation", ["yaw", "full"])
def test_rotation_turns_the_truth_and_keeps_time_differences_and_sound(
    rooms: SimulatedRooms, speech: AudioPool, noise: AudioPool, rotation: str
) -> None:
    still = SceneMixer(rooms, speech, noise, seed=4, duration_s=0.5, recipe=STILL)[2]
    turned_recipe = replace(STILL, rotation=rotation)
    turned = SceneMixer(rooms, speech, noise, seed=4, duration_s=0.5, recipe=turned_recipe)[2]
    assert np.array_equal(still.audio, turned.audio)
    assert great_circle_distance_deg(still.directions[0], turned.directions[0]) > 1
    assert np.allclose(still.positions @ still.directions.T, turned.positions @ turned.directions.T)
    if rotation == "yaw":
        assert np.allclose(still.directions[:, 2], turned.directions[:, 2])


def test_upright_scenes_are_turned_about_the_vertical_only(rooms: SimulatedRooms, speech: AudioPool) -> None:
    def is_upright(index: int, upright_share: float) -> bool:
        still, turned = (
            SceneMixer(rooms, speech, None, seed=4, duration_s=0.2, recipe=recipe)[index].directions
            for recipe in (STILL, replace(STILL, rotation="full", upright_share=upright_share))
        )
        assert not np.allclose(still, turned)
        return np.allclose(still[:, 2], turned[:, 2])

    assert all(is_upright(index, 1.0) for index in range(8))
    assert not any(is_upright(index, 0.0) for index in range(8))
    assert 0 < sum(is_upright(index, 0.5) for index in range(16)) < 16


def test_noise_and_reflections_are_told_and_turn_with_the_array(
    rooms: SimulatedRooms, speech: AudioPool, noise: AudioPool
) -> None:
    still = SceneMixer(rooms, speech, noise, seed=4, duration_s=0.2, recipe=STILL)[2]
    turned_recipe = replace(STILL, rotation="full")
    turned = SceneMixer(rooms, speech, noise, seed=4, duration_s=0.2, recipe=turned_recipe)[2]
    assert still.noises is not None
    assert turned.noises is not None
    assert still.reflections is not None
    assert turned.reflections is not None
    assert still.reflections.shape == (still.num_talkers, 3, 3)
    for here, there in [(still.noises, turned.noises), (still.reflections, turned.reflections)]:
        assert np.allclose(still.positions @ here[0].T, turned.positions @ there[0].T)
        assert not np.allclose(here, there)


def test_only_noise_that_comes_from_a_place_has_a_direction(
    rooms: SimulatedRooms, speech: AudioPool, noise: AudioPool
) -> None:
    for pool, share, count in [(noise, 0.0, 1), (noise, 1.0, 0), (None, 0.0, 0)]:
        recipe = replace(STILL, isotropic_share=share)
        told = SceneMixer(rooms, speech, pool, seed=4, duration_s=0.2, recipe=recipe)[2].noises
        assert told is not None
        assert told.shape == (count, 3)


def test_permutation_moves_sound_and_position_together(rooms: SimulatedRooms, speech: AudioPool) -> None:
    clean = replace(STILL, snr_db=(300.0, 300.0))
    still = SceneMixer(rooms, speech, None, seed=4, duration_s=0.5, recipe=clean)[1]
    mixed = SceneMixer(rooms, speech, None, seed=4, duration_s=0.5, recipe=replace(clean, permute=True))[1]
    order = [int(np.linalg.norm(still.positions - position, axis=1).argmin()) for position in mixed.positions]
    assert sorted(order) == list(range(still.num_microphones))
    assert order != sorted(order)
    assert np.abs(still.positions[order] - mixed.positions).max() < 1e-12
    assert np.allclose(still.audio[order], mixed.audio, atol=1e-5 * np.abs(still.audio).max())


def test_the_asked_number_of_microphones_is_left(rooms: SimulatedRooms, speech: AudioPool) -> None:
    mixer = SceneMixer(rooms, speech, None, seed=0, duration_s=0.2)
    assert [mixer.scene(index, num_mics=3).num_microphones for index in range(4)] == [3] * 4
    most = int(rooms.mic_counts.max())
    with pytest.raises(ConfigError, match=f"at most {most} microphones, got {most + 1}"):
        mixer.scene(0, num_mics=most + 1)


class Clicks:
    """A room in which sound from the left or the right arrives once, after a flight of whole samples."""

    plan = replace(PLAN, num_rooms=1)
    mic_counts = np.array([2])

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> SimulatedRoom:
        rirs = np.zeros((2, 1, 2, 90), dtype=np.float16)
        rirs[[0, 0, 1, 1], 0, [0, 1, 0, 1], [58, 62, 62, 58]] = 1
        sample = np.array([0.0, SPEED_OF_SOUND / SAMPLE_RATE, 0.0])
        return SimulatedRoom(
            talker_rirs=rirs,
            noise_rirs=np.zeros((0, 2, 90), dtype=np.float16),
            mics=np.stack([2 * sample, -2 * sample]),
            talkers=np.stack([60 * sample, -60 * sample])[:, None],
            noises=np.zeros((0, 3)),
            rt60=0.0,
            size=np.array([5.0, 5.0, 3.0]),
        )


def test_time_differences_in_the_sound_are_those_of_the_truth(speech: AudioPool) -> None:
    recipe = replace(STILL, snr_db=(300.0, 300.0))
    scene = SceneMixer(Clicks(), speech, None, duration_s=0.5, max_talkers=1, recipe=recipe)[0]
    tdoa = -(scene.positions[0] - scene.positions[1]) @ scene.directions[0] / SPEED_OF_SOUND
    shift = round(tdoa * SAMPLE_RATE)
    assert abs(shift) == 4
    assert np.allclose(np.roll(scene.audio[1], shift), scene.audio[0], atol=1e-5)


def test_in_a_room_without_echo_the_direct_sound_is_all(speech: AudioPool) -> None:
    recipe = replace(STILL, snr_db=(300.0, 300.0), keep_direct=True)
    scene = SceneMixer(Clicks(), speech, None, duration_s=0.5, max_talkers=1, recipe=recipe)[0]
    assert scene.direct is not None
    assert np.allclose(scene.direct[0], scene.audio, atol=1e-6)


@pytest.mark.parametrize("level_db", [-5.0, 4.0])
def test_the_second_talker_is_as_much_louder_as_asked(speech: AudioPool, level_db: float) -> None:
    recipe = replace(STILL, min_talkers=2, second_talker_db=(level_db, level_db), keep_direct=True)
    scene = SceneMixer(Clicks(), speech, None, duration_s=0.5, recipe=recipe)[0]
    assert scene.direct is not None
    first, second = np.mean(scene.direct**2, axis=(1, 2))
    assert 10 * np.log10(second / first) == pytest.approx(level_db, abs=0.01)


def test_in_a_room_the_direct_sound_is_part_of_what_is_heard(
    rooms: SimulatedRooms, speech: AudioPool
) -> None:
    recipe = MixRecipe(snr_db=(300.0, 300.0), keep_direct=True)
    for index in range(4):
        scene = SceneMixer(rooms, speech, None, duration_s=1.0, recipe=recipe)[index]
        assert scene.direct is not None
        rest = scene.audio - scene.direct.sum(axis=0)
        assert 0 < np.mean(rest**2) < np.mean(scene.audio**2)


def test_anechoic_scenes_hold_direct_sound_and_faint_hiss(
    rooms: SimulatedRooms, speech: AudioPool, noise: AudioPool
) -> None:
    recipe = MixRecipe(keep_direct=True, anechoic_share=1.0, anechoic_snr_db=(40.0, 60.0))
    for index in range(4):
        scene = SceneMixer(rooms, speech, noise, duration_s=1.0, recipe=recipe)[index]
        assert scene.direct is not None
        assert scene.noises is not None
        assert scene.rt60 == 0
        assert len(scene.noises) == 0
        rest = np.mean((scene.audio - scene.direct.sum(axis=0)) ** 2)
        measured = 10 * np.log10(np.mean(scene.direct.sum(axis=0) ** 2) / rest)
        assert measured == pytest.approx(scene.snr_db, abs=0.5)


def test_as_many_scenes_are_anechoic_as_asked(rooms: SimulatedRooms, speech: AudioPool) -> None:
    mixer = SceneMixer(rooms, speech, None, duration_s=0.3, recipe=MixRecipe(anechoic_share=0.25))
    found = [mixer[index].rt60 == 0 for index in range(80)]
    assert 0.1 < np.mean(found) < 0.4


def test_activity_is_late_by_the_flight_of_the_direct_sound() -> None:
    dry = np.zeros(1000, dtype=bool)
    dry[100:300] = True
    place = np.array([[0.0, 0.0, 25 * SPEED_OF_SOUND / SAMPLE_RATE]])
    assert np.flatnonzero(activity_at_array(dry, place))[[0, -1]].tolist() == [125, 324]


def test_the_activity_of_a_scene_fits_its_sound() -> None:
    gate = np.repeat(np.arange(64) % 2 == 0, ACTIVITY_CHUNK)
    gated = gate * voice(120.0, 2.048, np.random.default_rng(4))
    gaps = pool_of(gated, gated)
    recipe = replace(STILL, snr_db=(300.0, 300.0))
    scene = SceneMixer(Clicks(), gaps, None, duration_s=0.5, max_talkers=1, recipe=recipe)[3]
    quiet = ~scene.activity[0][2:-2]
    assert 0.4 < scene.activity.mean() < 0.6
    assert np.mean(scene.audio[0, 2:-2][quiet] ** 2) < 0.05 * np.mean(scene.audio[0] ** 2)


def test_scenes_hold_enough_speech_where_there_is_enough(rooms: SimulatedRooms) -> None:
    rng = np.random.default_rng(6)
    half = pool_of(voice(120.0, 4.0, rng), voice(200.0, 4.0, rng))
    talking = replace(half, active=np.arange(half.edges[-1] // ACTIVITY_CHUNK) % 62 < 31)
    mixer = SceneMixer(rooms, talking, None, duration_s=0.4, recipe=MixRecipe(min_activity=0.3))
    shares = np.concatenate([mixer[index].activity.mean(axis=1) for index in range(12)])
    assert shares.min() >= 0.3


def test_a_talker_who_only_pauses_is_not_heard(rooms: SimulatedRooms, noise: AudioPool) -> None:
    rng = np.random.default_rng(6)
    pool = pool_of(voice(120.0, 2.0, rng), 0.01 * rng.standard_normal(32_000))
    first = np.arange(pool.edges[-1] // ACTIVITY_CHUNK) < pool.edges[1] // ACTIVITY_CHUNK
    recipe = replace(STILL, min_talkers=2, keep_images=True, snr_db=(10.0, 10.0))
    scene = SceneMixer(rooms, replace(pool, active=first), noise, duration_s=0.5, recipe=recipe)[0]
    speaks = scene.activity.any(axis=1)
    assert sorted(speaks) == [False, True]
    assert scene.images is not None
    assert np.array_equal(scene.images.any(axis=(1, 2)), speaks)
    assert scene.audio.std() > 1e-3


def test_where_nobody_is_heard_noise_is(rooms: SimulatedRooms, noise: AudioPool) -> None:
    hiss = pool_of(0.01 * np.random.default_rng(7).standard_normal(32_000))
    pauses = replace(hiss, active=np.zeros_like(hiss.active))
    recipe = replace(STILL, keep_images=True, level_db=(-20.0, -20.0))
    scene = SceneMixer(rooms, pauses, noise, duration_s=0.5, max_talkers=1, recipe=recipe)[0]
    assert scene.images is not None
    assert not scene.images.any()
    assert scene.audio.std() == pytest.approx(0.1, rel=0.01)


def test_a_walking_talker_leaves_a_path(speech: AudioPool) -> None:
    walking = replace(PLAN, num_rooms=1, num_knots=5)
    recipe = replace(STILL, rotation="full", snr_db=(300.0, 300.0))
    scene = SceneMixer(SimulatedRooms(walking), speech, None, duration_s=1.0, recipe=recipe)[0]
    assert scene.path is not None
    assert scene.path.shape == (scene.num_talkers, 5, 3)
    assert np.allclose(scene.path[:, 2], scene.directions)
    assert great_circle_distance_deg(scene.path[:, 0], scene.path[:, -1]).min() > 0


def test_the_direct_sound_of_a_walker_comes_from_where_the_scene_says(speech: AudioPool) -> None:
    plan = replace(PLAN, num_rooms=1, microphones=(8, 8), num_talkers=1, num_noises=0, num_knots=9)
    far = replace(plan, ranges=replace(plan.ranges, talker_distance=(1.0, 2.5)))
    recipe = MixRecipe(keep_direct=True)
    scene = SceneMixer(SimulatedRooms(far), speech, None, duration_s=1.0, max_talkers=1, recipe=recipe)[0]
    assert scene.direct is not None
    centres = np.arange(256, 15_744, 512)
    frames = np.stack([scene.direct[0, :, at - 256 : at + 256] for at in centres], axis=1)
    spectra = np.fft.rfft(frames * np.hanning(512))[..., 4:128]
    frequencies = np.arange(4, 128) * SAMPLE_RATE / 512
    grid = fibonacci_grid(2000).directions
    lead = grid @ scene.positions.T / SPEED_OF_SOUND
    steering = np.exp(-2j * np.pi * lead[:, :, None] * frequencies)
    beams = np.einsum("gmf,mtf->gtf", steering, spectra / np.abs(spectra))
    found = grid[np.square(np.abs(beams)).sum(axis=2).argmax(axis=0)]
    truth = scene.directions_at(centres / SAMPLE_RATE)[:, 0]
    assert great_circle_distance_deg(truth[0], truth[-1]) > 20
    assert np.median(great_circle_distance_deg(found, truth)) < 3
    assert np.median(great_circle_distance_deg(found, scene.directions)) > 6


def test_microphones_that_stray_are_heard_but_not_told(rooms: SimulatedRooms, speech: AudioPool) -> None:
    perfect = SceneMixer(rooms, speech, None, seed=1, duration_s=0.3, recipe=STILL)[0]
    astray = replace(STILL, mismatch=Mismatch(position_m=0.003, gain_db=2.0, phase_deg=10.0))
    real = SceneMixer(rooms, speech, None, seed=1, duration_s=0.3, recipe=astray)[0]
    assert 0 < np.abs(perfect.positions - real.positions).max() < 0.02
    levels = [np.sqrt(np.mean(scene.audio**2, axis=1)) for scene in (perfect, real)]
    assert np.std(np.log(levels[1] / levels[0])) > 0.05


def test_new_rooms_are_one_for_each_scene(speech: AudioPool, noise: AudioPool) -> None:
    scenes = list(mix_in_new_rooms(PLAN, speech, noise, duration_s=0.2, recipe=STILL))
    assert [scene.seed for scene in scenes] == [(2, 0), (2, 1), (2, 2)]
    assert [scene.num_microphones for scene in scenes] == SimulatedRooms(PLAN).mic_counts.tolist()
    assert len({scene.rt60 for scene in scenes}) == 3


def test_what_does_not_fit_together_is_refused(rooms: SimulatedRooms, speech: AudioPool) -> None:
    with pytest.raises(ConfigError, match=r"got 1\.\.3"):
        SceneMixer(rooms, speech, None, max_talkers=3)
    with pytest.raises(ConfigError, match="16000 Hz"):
        SceneMixer(rooms, replace(speech, sample_rate=8000), None)
    with pytest.raises(ConfigError, match="at least one sample"):
        SceneMixer(rooms, speech, None, duration_s=0.0)
