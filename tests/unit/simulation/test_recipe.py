"""Numbers that can be asked for, and those that are refused with the rule and the value."""

from math import inf, nan

import pytest

from anydoa.errors import ConfigError
from anydoa.simulation.recipe import Mismatch, MixRecipe, RoomRanges, check_within


def test_what_rises_within_the_limits_passes() -> None:
    check_within("a share", (0,), 0, 1)
    check_within("a ratio", (-5, 30), -300, 300, " dB")
    RoomRanges(rt60=(0.01, 10.0))
    Mismatch(1.0, 40.0, 180.0)


@pytest.mark.parametrize("values", [(2.0,), (-1.0,), (nan,), (inf,), (0.5, 0.2), (0.0, nan), (nan, 1.0)])
def test_all_else_is_refused_with_rule_and_value(values: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match=r"a share must (be|rise) within 0 to 1 s, got .*; ask for"):
        check_within("a share", values, 0, 1, " s")


@pytest.mark.parametrize("odd", [inf, nan, 1e9, -1.0])
def test_no_microphone_strays_so_far(odd: float) -> None:
    for field in ("position_m", "gain_db", "phase_deg"):
        with pytest.raises(ConfigError, match="must be within"):
            Mismatch(**{field: odd})


@pytest.mark.parametrize("rt60", [(50.0, 50.0), (1e9, 1e9), (0.0, 0.3), (-1.0, -1.0), (0.3, inf), (nan, nan)])
def test_no_room_rings_so_long(rt60: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="reverberation time"):
        RoomRanges(rt60=rt60)


@pytest.mark.parametrize("snr_db", [(-1000.0, -1000.0), (0.0, inf), (nan, nan), (30.0, -5.0)])
def test_no_noise_is_so_loud(snr_db: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="ratio of speech to noise"):
        MixRecipe(snr_db=snr_db)
