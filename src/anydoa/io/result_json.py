"""Directions, sources and talkers as JSON, alike in files of results and in what the page is told."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from anydoa.geometry.coordinates import normalize_direction
from anydoa.io.angles import round_angles_deg
from anydoa.io.results import FrameResult, Source, ZoneEvent
from anydoa.io.talkers import Talker, TalkerPath, Turn


def direction_to_json(direction: Float[np.ndarray, "3"]) -> dict[str, Any]:
    """A direction as angles in degrees and as a unit vector."""
    azimuth_deg, elevation_deg = round_angles_deg(direction, 2)
    return {
        "azimuth_deg": azimuth_deg,
        "elevation_deg": elevation_deg,
        "xyz": [round(float(x), 5) for x in direction],
    }


def source_to_json(source: Source) -> dict[str, Any]:
    """A source of one frame or of a recording; its activity only where it has one."""
    activity = (
        {} if source.activity is None else {"activity": round(source.activity, 3), "active": source.active}
    )
    return {
        "id": source.id,
        **direction_to_json(source.direction),
        "score": round(source.score, 4),
        **activity,
        "mirror": [direction_to_json(mirror) for mirror in source.mirror],
    }


def talker_to_json(talker: Talker) -> dict[str, Any]:
    """A talker; its path stands in the frames, under its id."""
    return {
        "id": talker.id,
        "begin_s": round(talker.begin_s, 4),
        "end_s": round(talker.end_s, 4),
        "heard_s": round(talker.heard_s, 4),
        **direction_to_json(talker.direction),
        "score": round(talker.score, 4),
        "stays": talker.stays,
        "mirror": [direction_to_json(mirror) for mirror in talker.mirror],
        "turns": [_turn_to_json(turn, talker.path_of(turn)) for turn in talker.turns],
    }


def _turn_to_json(turn: Turn, path: TalkerPath) -> dict[str, Any]:
    return {
        "begin_s": round(turn.begin_s, 4),
        "end_s": round(turn.end_s, 4),
        "heard_s": round(turn.heard_s, 4),
        "from": direction_to_json(path.directions[0]),
        "to": direction_to_json(path.directions[-1]),
        "is_brief": turn.is_brief,
    }


def talkers_from_json(content: list[dict[str, Any]], frames: Sequence[FrameResult]) -> tuple[Talker, ...]:
    """Talkers with the paths that the frames have under their ids."""
    places: dict[int, list[tuple[float, Source]]] = {int(talker["id"]): [] for talker in content}
    if len(places) < len(content):
        raise ValueError("two talkers have the same id")
    for frame in frames:
        for source in frame.sources:
            if source.id in places:
                places[source.id].append((frame.time_s, source))
    return tuple(
        Talker(
            id=id,
            path=TalkerPath(
                np.array([time_s for time_s, _ in places[id]]),
                np.array([source.direction for _, source in places[id]]).reshape(-1, 3),
                np.array([source.score for _, source in places[id]]),
            ),
            turns=tuple(
                Turn(
                    begin_s=float(turn["begin_s"]),
                    end_s=float(turn["end_s"]),
                    heard_s=float(turn["heard_s"]),
                    is_brief=bool(turn["is_brief"]),
                )
                for turn in talker["turns"]
            ),
            mirror=tuple(normalize_direction(mirror["xyz"]) for mirror in talker.get("mirror", ())),
        )
        for id, talker in zip(places, content, strict=True)
    )


def events_from_json(content: dict[str, Any]) -> tuple[ZoneEvent, ...]:
    """Who enters or leaves a zone in a frame.

    Raises:
        KeyError: if something is missing; with TypeError and ValueError if it is of another kind.
    """
    return tuple(
        ZoneEvent(zone=str(event["zone"]), id=int(event["id"]), entered=bool(event["entered"]))
        for event in content.get("events", ())
    )


def sources_from_json(content: dict[str, Any]) -> tuple[Source, ...]:
    """The sources of a frame or of a summary.

    Raises:
        KeyError: if something is missing; with TypeError and ValueError if it is of another kind.
    """
    return tuple(
        Source(
            direction=normalize_direction(source["xyz"]),
            score=float(source["score"]),
            id=int(source["id"]),
            mirror=tuple(normalize_direction(mirror["xyz"]) for mirror in source["mirror"]),
            activity=float(source["activity"]) if "activity" in source else None,
        )
        for source in content["sources"]
    )
