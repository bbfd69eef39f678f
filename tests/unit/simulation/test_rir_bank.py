"""Banks of rooms: the same rooms however they are built, and whole shards only."""

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from anydoa.bulk import LocalEngine, run_each
from anydoa.constants import SPEED_OF_SOUND
from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.simulation.array_sampling import sample_dynamic_array
from anydoa.simulation.recipe import RoomRanges
from anydoa.simulation.rir_bank import ROOMS_PER_SHARD, RirBank, build_bank, read_plan
from anydoa.simulation.rooms import (
    RoomPlan,
    SimulatedRoom,
    SimulatedRooms,
    simulate_room,
)

PLAN = RoomPlan(
    num_rooms=ROOMS_PER_SHARD + 2,
    seed=4,
    microphones=(2, 4),
    num_talkers=2,
    num_noises=1,
    ranges=RoomRanges(rt60=(0.2, 0.3)),
    max_duration_s=0.1,
)


def same(first: SimulatedRoom, second: SimulatedRoom) -> bool:
    names = ("talker_rirs", "noise_rirs", "mics", "talkers", "noises", "size", "rt60")
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bank")
    build_bank(path, PLAN)
    return path


@pytest.mark.parametrize("index", [0, ROOMS_PER_SHARD - 1, ROOMS_PER_SHARD, ROOMS_PER_SHARD + 1])
def test_a_room_from_disk_is_the_room_computed_anew(built: Path, index: int) -> None:
    bank = RirBank(built)
    assert len(bank) == PLAN.num_rooms
    assert same(bank[index], simulate_room(PLAN, index))
    assert bank[index].talker_rirs.dtype == np.float16
    assert bank.mic_counts[index] == len(bank[index].mics)


def test_the_plan_comes_back_as_it_was(built: Path) -> None:
    assert read_plan(built) == PLAN
    assert read_plan(built.parent / "nowhere") is None


def test_building_goes_on_where_it_stopped(built: Path, tmp_path: Path) -> None:
    build_bank(tmp_path, PLAN)
    plan = (tmp_path / "bank.json").stat().st_mtime_ns
    whole = (tmp_path / "shard-00000.npy").stat().st_mtime_ns
    (tmp_path / "shard-00001.npz").unlink()
    (tmp_path / "shard-00001.npy").write_bytes(b"half of it")
    done: list[int] = []
    again = build_bank(tmp_path, PLAN, report=done.append)
    assert done == [PLAN.num_rooms]
    assert (tmp_path / "shard-00000.npy").stat().st_mtime_ns == whole
    assert (tmp_path / "bank.json").stat().st_mtime_ns == plan  # what was made from the rooms stays good
    assert same(again[ROOMS_PER_SHARD + 1], RirBank(built)[ROOMS_PER_SHARD + 1])


def test_a_bank_may_grow_but_not_change(built: Path, tmp_path: Path) -> None:
    build_bank(tmp_path, replace(PLAN, num_rooms=3))
    grown = build_bank(tmp_path, replace(PLAN, num_rooms=5))
    assert len(grown) == 5
    assert same(grown[1], RirBank(built)[1])
    with pytest.raises(ConfigError, match="another plan"):
        build_bank(tmp_path, replace(PLAN, num_rooms=5, seed=9))
    with pytest.raises(ConfigError, match="as many or more"):
        build_bank(tmp_path, replace(PLAN, num_rooms=4))


def test_processes_build_the_same_bank(built: Path, tmp_path: Path) -> None:
    with LocalEngine(2) as engine:
        parallel = build_bank(tmp_path, PLAN, run_each=partial(run_each, engine))
    assert all(same(first, second) for first, second in zip(parallel, RirBank(built), strict=True))


def test_a_plan_from_before_there_were_shapes_is_one_of_balls(tmp_path: Path) -> None:
    build_bank(tmp_path, replace(PLAN, num_rooms=1))
    source = tmp_path / "bank.json"
    old = json.loads(source.read_text())
    assert old.pop("shapes") == ["ball"]
    source.write_text(json.dumps(old))
    assert read_plan(tmp_path) == replace(PLAN, num_rooms=1)
    assert len(build_bank(tmp_path, replace(PLAN, num_rooms=2))) == 2


def test_rooms_of_balls_have_the_arrays_they_had_before_there_were_shapes() -> None:
    for index in range(3):
        rng = np.random.default_rng([PLAN.seed, index])
        array = sample_dynamic_array(int(rng.integers(2, 5)), rng)
        assert np.array_equal(simulate_room(PLAN, index).mics, array.centred_positions)


def test_every_room_draws_one_of_the_shapes(tmp_path: Path) -> None:
    plan = replace(PLAN, num_rooms=60, microphones=(5, 8), shapes=("ball", "plane", "line"))
    ranks = Counter(
        MicrophoneArray(simulate_room(replace(plan, max_duration_s=0.01), index).mics).ambiguity.rank
        for index in range(60)
    )
    assert min(ranks["volume"], ranks["plane"], ranks["line"]) >= 12
    bank = build_bank(tmp_path, replace(plan, num_rooms=3))
    assert bank.plan == replace(plan, num_rooms=3)
    assert all(same(bank[index], simulate_room(plan, index)) for index in range(3))
    assert np.array_equal(SimulatedRooms(bank.plan).mic_counts, bank.mic_counts)


def test_folders_without_a_bank_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no bank of rooms"):
        RirBank(tmp_path)


def test_given_arrays_stand_centred_in_their_rooms() -> None:
    array = MicrophoneArray([[1.0, 0, 0], [1.1, 0, 0], [1.0, 0.2, 0]], name="corner")
    room = simulate_room(PLAN.with_array(array), 0)
    assert np.allclose(room.mics, array.centred_positions)


def test_walking_talkers_have_a_response_for_every_place() -> None:
    room = simulate_room(replace(PLAN, num_knots=3), 0)
    count = len(room.mics)
    assert room.talkers.shape == (2, 3, 3)
    assert room.talker_rirs.shape[:3] == (2, 3, count)
    assert room.noise_rirs.shape[:2] == (1, count)
    assert room.images is None


def test_part_of_a_room_is_centred_on_the_microphones_left() -> None:
    room = simulate_room(replace(PLAN, microphones=(4, 4)), 0)
    part = room.select(np.array([1]), np.array([2, 0]))
    assert np.allclose(part.mics.mean(axis=0), 0)
    assert np.array_equal(part.talker_rirs[0], room.talker_rirs[1][:, [2, 0]])
    assert np.array_equal(part.noise_rirs, room.noise_rirs[:, [2, 0]])
    assert np.allclose(part.talkers[0] - part.mics[0], room.talkers[1] - room.mics[2])


def test_reflections_arrive_when_their_images_say(built: Path) -> None:
    plan = replace(PLAN, seed=5, num_rooms=1, ranges=RoomRanges(rt60=(0.6, 0.7)), max_duration_s=0.3)
    room = simulate_room(plan, 0)
    assert room.images is not None
    assert room.images.shape == (2, 3, 3)
    for rirs, images in zip(room.talker_rirs[:, 0], room.images, strict=True):
        for mic, rir in zip(room.mics, rirs, strict=True):
            for distance in np.linalg.norm(images - mic, axis=1):
                arrival = round(distance / SPEED_OF_SOUND * plan.sample_rate)
                heard = np.abs(rir[arrival - 1 : arrival + 2]).max()
                assert 0.4 / distance < heard < 1.3 / distance
    part = room.select(np.array([1]), np.arange(2))
    assert part.images is not None
    assert np.allclose(part.images[0] - part.mics[0], room.images[1] - room.mics[0])
    assert RirBank(built)[0].images is None


def test_rooms_on_demand_are_the_rooms_of_the_bank(built: Path) -> None:
    rooms = SimulatedRooms(PLAN, range(3, 5))
    assert same(rooms[1], RirBank(built)[4])
    assert np.array_equal(rooms.mic_counts, RirBank(built).mic_counts[3:5])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"microphones": (5, 4)}, "rise"),
        ({"num_rooms": 0}, "rooms must be within 1"),
        ({"num_talkers": 0}, "talkers must be within 1"),
        ({"shapes": ()}, "at least 1 shape"),
        ({"shapes": ("ball", "cube")}, "shapes ball, plane, line, wide, got 'cube'"),
        ({"shapes": ("line", "plane")}, "'plane' have at least 3 microphones, got 2"),
    ],
)
def test_plans_that_make_no_bank_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(PLAN, **change)


def test_a_bank_that_failed_before_its_first_room_blocks_nobody(tmp_path: Path) -> None:
    crowded = RoomRanges(smallest=(1.0, 1.0, 1.0), largest=(1.1, 1.1, 1.1))
    with pytest.raises(ConfigError, match="no room"):
        build_bank(tmp_path, replace(PLAN, num_rooms=1, ranges=crowded))
    assert len(build_bank(tmp_path, replace(PLAN, num_rooms=1))) == 1


def test_a_damaged_shard_is_built_again(tmp_path: Path) -> None:
    plan = replace(PLAN, num_rooms=1)
    room = build_bank(tmp_path, plan)[0]
    for name in ("shard-00000.npz", "shard-00000.npy"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(ConfigError, match=r"shard-00000.npz: damaged .* build the bank again"):
            RirBank(tmp_path)
        assert same(build_bank(tmp_path, plan)[0], room)


def test_a_damaged_plan_is_said(tmp_path: Path) -> None:
    build_bank(tmp_path, replace(PLAN, num_rooms=1))
    for content in ("", "[]", '{"schema": 1, "colour": 3}'):
        (tmp_path / "bank.json").write_text(content)
        with pytest.raises(ConfigError, match="build it anew"):
            RirBank(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_rooms": 10**20},
        {"num_rooms": 0},
        {"num_talkers": 10**9},
        {"num_noises": -1},
        {"num_knots": 10**9},
    ],
)
def test_numbers_without_end_are_no_plan(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="must be within"):
        replace(PLAN, **wrong)
