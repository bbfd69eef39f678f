"""Who enters and leaves zones while the sound comes in."""

from collections.abc import Sequence

from anydoa.geometry import Zone, zone_of
from anydoa.io.results import ZoneEvent
from anydoa.live.listener import LiveResult
from anydoa.tracking import Track

MARGIN_DEG = 3.0
"""How far beyond its edge a talker has left a zone, so that nobody enters and leaves in every frame."""


class ZoneWatch:
    """Remembers who is in which zone.

    Args:
        zones: zones; a talker is in the first that holds it.
    """

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = {zone.name: zone for zone in zones}
        self._inside: dict[int, str] = {}

    @property
    def inside(self) -> dict[int, str]:
        """Names of the zones that talkers are in, by the talkers' numbers."""
        return dict(self._inside)

    def push(self, result: LiveResult) -> list[ZoneEvent]:
        """What has changed since the last result; who is silent stays where it was."""
        tracks = {track.id: track for track in result.tracks}
        events = []
        for id in sorted(self._inside.keys() | tracks.keys()):
            before = self._inside.get(id)
            now = self._zone_of(tracks[id], before) if id in tracks else None
            if now == before:
                continue
            if before is not None:
                del self._inside[id]
                events.append(ZoneEvent(before, id, entered=False))
            if now is not None:
                self._inside[id] = now
                events.append(ZoneEvent(now, id, entered=True))
        return events

    def _zone_of(self, track: Track, before: str | None) -> str | None:
        """The zone of a track; the one before in silence, or within its margin and in no earlier zone."""
        if not track.active:
            return before
        zones = tuple(self._zones.values())
        now = zone_of(zones, track.direction, track.mirror)
        if before is None or now == before:
            return now
        zone, names = self._zones[before], list(self._zones)
        is_within = any(
            zone.holds(place, margin_deg=MARGIN_DEG) for place in (track.direction, *track.mirror)
        )
        is_earlier = now is not None and names.index(now) < names.index(before)
        return before if is_within and not is_earlier else now
