"""The tables that `anydoa locate` prints: who was where, and when."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from anydoa.cli.printing import angle_words, mirror_words, place_words, tell

if TYPE_CHECKING:
    from anydoa.geometry import Zone
    from anydoa.io.talkers import Talker
    from anydoa.localizer import LocalizationRun


def print_tables(run: "LocalizationRun", zones: "tuple[Zone, ...]") -> None:
    """The directions of the recording as a whole, then who was where when."""
    from anydoa.geometry import ambiguity_sentence, zone_of
    from anydoa.io.talkers import heard_s

    header, talkers = run.header, run.talkers
    tell(f"{header.file}: {run.info.duration_s:.1f} s, {header.array}, {header.estimator}, {header.grid}")
    if not run.directions:
        cures = "--sources 1 gives the likeliest, `anydoa doctor` checks the array"
        hint = "see the warning" if run.sound_warnings else cures
        tell(f"  no source reaches the threshold of {header.estimator}; {hint}")
        return
    tell("  azimuth  elevation  score    heard")
    rows = [(heard_s(talkers, source.direction), source) for source in run.directions]
    for seconds, source in sorted(rows, key=lambda row: -row[0]):
        place = place_words(source.direction, source.score)
        name = zone_of(zones, source.direction, source.mirror)
        zone = f"   {name}" if name else ""
        tell(f"  {place}  {seconds:5.1f} s{zone}{mirror_words(source.mirror)}")
    _print_turns(talkers, zones, run.mirror)
    if any(source.mirror for source in run.directions):
        tell(f"  note: the array {ambiguity_sentence(header.array_rank)}; a grid of one side settles it")


def _print_turns(
    talkers: "Sequence[Talker]", zones: "tuple[Zone, ...]", mirror: "Callable[[Any], tuple[Any, ...]]"
) -> None:
    """Who was where when: the turns that are long and clear enough for a line."""
    from anydoa.geometry import zone_of

    turns = [(turn.begin_s, talker.id, talker, turn) for talker in talkers for turn in talker.turns]
    listed = [each for each in sorted(turns, key=lambda each: each[:2]) if not each[-1].is_brief]
    if listed:
        tell("\n  who      from        to  azimuth  elevation  score")
    for _, id, talker, turn in listed:
        path = talker.path_of(turn)
        place = path.direction if path.stays else path.directions[0]
        walks = "" if path.stays else f"   walks to {', '.join(angle_words(path.directions[-1]))}"
        name = zone_of(zones, place, mirror(place))
        zone = f"   {name}" if name else ""
        time = f"{turn.begin_s:6.1f} s  {turn.end_s:6.1f} s"
        tell(f"  {id:3d}  {time}  {place_words(place, path.score)}{zone}{walks}")
    if len(listed) < len(turns):
        hidden = len(turns) - len(listed)
        ones = "one" if hidden == 1 else "ones"
        tell(f"  and {hidden} brief or faint {ones}; --format json has every turn")
