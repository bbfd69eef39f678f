"""A bank of impulse responses on disk: rooms computed once, mixed from many times.

A folder with ``bank.json`` (the plan) and, every 50 rooms, ``shard-00000.npy`` (all responses end to end,
float16, read through a memory map) with ``shard-00000.npz`` (positions and sizes). The ``.npz`` is written
last: a shard that has one is whole, and building goes on after the last whole shard.
"""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from anydoa.errors import ConfigError
from anydoa.io.output import prepare_folder, whole_binary, write_text
from anydoa.simulation.body import BodyFile
from anydoa.simulation.recipe import RoomRanges
from anydoa.simulation.rooms import RoomPlan, SimulatedRoom, simulate_room

ROOMS_PER_SHARD = 50
RunsEach = Callable[[Callable[[Any], int], Sequence[Any]], Iterable[int]]
"""What gives the values of a function for every item, in any order: ``map``, or one of an engine."""

_SCHEMA = 1


class RirBank:
    """Rooms read from a folder that :func:`build_bank` has made.

    Args:
        path: the folder.

    Raises:
        ConfigError: if it holds no bank, or no shard of it is whole.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        plan = read_plan(self.path)
        if plan is None:
            raise ConfigError(f"{self.path}: no bank of rooms (bank.json) there; build one first")
        self.plan = plan
        self._shards = [_load_shard(table) for table in sorted(self.path.glob("shard-*.npz"))]
        self._mic_counts = np.concatenate(
            [np.diff(shard["mic_edges"]) for shard in self._shards] or [np.zeros(0, int)]
        )
        self._places = [(shard, row) for shard in self._shards for row in range(len(shard["rt60"]))]
        if not self._places:
            raise ConfigError(f"{self.path}: the bank has no whole shard yet; build it to its end")

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[SimulatedRoom]:
        return (self[index] for index in range(len(self)))

    @property
    def mic_counts(self) -> Int[np.ndarray, "room"]:
        """How many microphones each room has."""
        return self._mic_counts

    def __getitem__(self, index: int) -> SimulatedRoom:
        shard, row = self._places[index]
        first_mic, last_mic = shard["mic_edges"][row : row + 2]
        first_tap, last_tap = shard["tap_edges"][row : row + 2]
        sources = shard["sources"][row]
        return SimulatedRoom.from_row(
            self.plan,
            shard["taps"][first_tap:last_tap].reshape(len(sources), last_mic - first_mic, -1),
            sources,
            mics=shard["mics"][first_mic:last_mic],
            rt60=float(shard["rt60"][row]),
            size=shard["size"][row],
        )


def build_bank(
    path: str | Path,
    plan: RoomPlan,
    *,
    run_each: RunsEach = map,
    report: Callable[[int], None] | None = None,
) -> RirBank:
    """Compute the rooms of a plan into a folder; shards already there are kept.

    Args:
        path: the folder, made if need be.
        plan: what to compute. A bank may grow: ``num_rooms`` may exceed that of the plan it was begun with.
        run_each: what builds the shards; ``map`` does so here, one after the other.
        report: called with the number of rooms done after each shard.

    Raises:
        ConfigError: if the folder holds rooms of another plan, or cannot be written.
    """
    path = prepare_folder(path)
    # What was begun without a room to show for it binds nobody.
    begun = read_plan(path) if any(path.glob("shard-*.npz")) else None
    if begun is not None and replace(begun, num_rooms=plan.num_rooms) != plan:
        raise ConfigError(f"{path}: holds a bank of another plan; choose another folder or remove it")
    if begun is not None and begun.num_rooms > plan.num_rooms:
        raise ConfigError(
            f"{path}: a bank of {begun.num_rooms} rooms was begun there; ask for as many or more"
        )
    if begun != plan:  # else the bank stays as old as it is, for what was made from it
        write_text(path / "bank.json", json.dumps({"schema": _SCHEMA, **asdict(plan)}, indent=1))
    shards = [_Shard(path, plan, start) for start in range(0, plan.num_rooms, ROOMS_PER_SHARD)]
    missing = [shard for shard in shards if not shard.is_whole()]
    done = plan.num_rooms - sum(len(shard.rooms) for shard in missing)
    for finished in run_each(_Shard.build, missing):
        done += finished
        if report is not None:
            report(done)
    return RirBank(path)


@dataclass(frozen=True)
class _Shard:
    """Rooms of a bank that are written together.

    Args:
        path: folder of the bank.
        plan: plan of the bank.
        start: number of the first room.
    """

    path: Path
    plan: RoomPlan
    start: int

    @property
    def table(self) -> Path:
        """File that is written last."""
        return self.path / f"shard-{self.start // ROOMS_PER_SHARD:05d}.npz"

    @property
    def rooms(self) -> range:
        """Numbers of its rooms."""
        return range(self.start, min(self.start + ROOMS_PER_SHARD, self.plan.num_rooms))

    def is_whole(self) -> bool:
        """Whether all its rooms are on disk."""
        if not self.table.exists():
            return False
        try:
            return len(_load_shard(self.table)["rt60"]) == len(self.rooms)
        except (ConfigError, KeyError):
            return False

    def build(self) -> int:
        """Compute and write the rooms; how many they are."""
        rooms = [simulate_room(self.plan, index) for index in self.rooms]
        taps = np.concatenate(
            [part.ravel() for room in rooms for part in (room.talker_rirs, room.noise_rirs)]
        )
        with whole_binary(self.table.with_suffix(".npy")) as stream:
            np.save(stream, taps)
        columns: dict[str, Any] = {
            "tap_edges": np.cumsum([0] + [room.talker_rirs.size + room.noise_rirs.size for room in rooms]),
            "mic_edges": np.cumsum([0] + [len(room.mics) for room in rooms]),
            "mics": np.concatenate([room.mics for room in rooms]),
            "sources": np.stack(
                [np.concatenate([room.talkers.reshape(-1, 3), room.noises]) for room in rooms]
            ),
            "rt60": np.array([room.rt60 for room in rooms]),
            "size": np.stack([room.size for room in rooms]),
        }
        with whole_binary(self.table) as stream:
            np.savez(stream, **columns)
        return len(rooms)


def _load_shard(table: Path) -> dict[str, np.ndarray]:
    """Columns of a shard, with ``taps``: the responses of all its rooms end to end."""
    try:
        with table.open("rb") as file, np.load(file) as columns:
            shard = dict(columns)
        # A plain view: indexing np.memmap itself costs tens of microseconds.
        shard["taps"] = np.asarray(np.load(table.with_suffix(".npy"), mmap_mode="r"))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{table}: damaged ({error}); remove it and build the bank again") from None
    return shard


def read_plan(path: str | Path) -> RoomPlan | None:
    """The plan of the bank in a folder, or None when there is none.

    Raises:
        ConfigError: if the bank has another layout than this version reads, or is damaged.
    """
    file = Path(path) / "bank.json"
    if not file.exists():
        return None
    try:
        plan = json.loads(file.read_text(encoding="utf-8"))
        if plan.pop("schema", None) != _SCHEMA:
            raise ConfigError(f"{file}: the bank is of another version; build it anew")
        ranges = RoomRanges(**{key: _tupled(value) for key, value in plan.pop("ranges").items()})
        body = plan.pop("body", None)
        if body is not None:
            body = BodyFile(**{key: _tupled(value) for key, value in body.items()})
        return RoomPlan(ranges=ranges, body=body, **{key: _tupled(value) for key, value in plan.items()})
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{file}: no plan of a bank ({error}); build it anew") from None


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value
