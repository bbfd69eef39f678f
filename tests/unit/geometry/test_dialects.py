"""Golden tables of the six axis directions in every foreign dialect, and what files make of them."""

import io
import json

import numpy as np
import pytest

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.dialects import (
    direction_from_azimuth,
    direction_to_dcase,
    direction_to_odas,
    positions_from_acoular,
    positions_from_locata,
    positions_from_polar,
    positions_to_acoular,
)
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io.array_file import load_array, save_array
from anydoa.io.result_files import CsvWriter, DcaseWriter, JsonLinesWriter
from anydoa.io.results import FrameResult, ResultHeader, ResultSummary, Source

#        axis     ours          acoular       LOCATA        DCASE      azimuth of corpora
SIX_AXES = [
    ("front", (1, 0, 0), (0, 0, -1), (0, 1, 0), (0, 0), 0),
    ("left", (0, 1, 0), (-1, 0, 0), (-1, 0, 0), (90, 0), 90),
    ("back", (-1, 0, 0), (0, 0, 1), (0, -1, 0), (-180, 0), 180),
    ("right", (0, -1, 0), (1, 0, 0), (1, 0, 0), (-90, 0), 270),
    ("up", (0, 0, 1), (0, 1, 0), (0, 0, 1), (0, 90), None),
    ("down", (0, 0, -1), (0, -1, 0), (0, 0, -1), (0, -90), None),
]
OURS, ACOULAR, LOCATA, DCASE = (
    np.array([row[column] for row in SIX_AXES], dtype=float) for column in range(1, 5)
)


def test_the_six_axes_in_acoular() -> None:
    np.testing.assert_array_equal(positions_from_acoular(ACOULAR), OURS)
    np.testing.assert_array_equal(positions_to_acoular(OURS), ACOULAR)


def test_the_six_axes_in_locata() -> None:
    np.testing.assert_array_equal(positions_from_locata(LOCATA), OURS)


def test_locata_positions_agree_with_its_own_formula_for_angles() -> None:
    # In LOCATA's axes: azimuth = wrap(atan2(y, x) - pi/2), inclination = arccos(z / r).
    xyz = fibonacci_grid(100).directions
    azimuth = np.arctan2(xyz[:, 1], xyz[:, 0]) - np.pi / 2
    by_angles = positions_from_polar(
        np.rad2deg(azimuth), 90 - np.rad2deg(np.arccos(xyz[:, 2])), np.ones(len(xyz))
    )
    np.testing.assert_allclose(by_angles, positions_from_locata(xyz), atol=1e-7)


def test_the_six_axes_in_dcase() -> None:
    np.testing.assert_array_equal(np.stack(direction_to_dcase(OURS), axis=1), DCASE)


def test_dcase_rounds_to_whole_degrees_and_knows_one_number_for_straight_behind() -> None:
    directions = fibonacci_grid(3000).directions
    azimuth_deg, elevation_deg = direction_to_dcase(directions)
    back = positions_from_polar(azimuth_deg, elevation_deg, np.ones(len(directions)))
    assert great_circle_distance_deg(directions, back).max() < 0.71
    assert (azimuth_deg.min(), azimuth_deg.max()) == (-180, 179)
    near_behind = direction_from_azimuth([179.4, 179.6, -179.6, -179.4, 180.0, -180.0])
    assert direction_to_dcase(near_behind)[0].tolist() == [179, -180, -180, -179, -180, -180]


def test_corpora_that_know_azimuths_only_mean_level_directions() -> None:
    level = [(ours, azimuth) for _, ours, _, _, _, azimuth in SIX_AXES if azimuth is not None]
    np.testing.assert_allclose(
        direction_from_azimuth([azimuth for _, azimuth in level]), [ours for ours, _ in level], atol=1e-15
    )


def test_polar_positions_have_their_radius() -> None:
    positions = positions_from_polar([0, 90, 0], [0, 0, 90], [1.0, 2.0, 3.0])
    np.testing.assert_allclose(positions, [[1, 0, 0], [0, 2, 0], [0, 0, 3]], atol=1e-15)


def test_odas_rounding_costs_less_than_a_tenth_of_a_degree_and_has_no_minus_zero() -> None:
    np.testing.assert_array_equal(direction_to_odas(OURS), OURS)
    assert not np.signbit(direction_to_odas(np.array([-1.0, -1e-5, -1e-5]))[1:]).any()
    directions = fibonacci_grid(300).directions
    assert great_circle_distance_deg(directions, direction_to_odas(directions)).max() < 0.1


@pytest.mark.parametrize("suffix", [".xml", ".csv", ".npy", ".toml"])
def test_what_is_in_front_stays_in_front_in_every_array_file_that_is_written(
    suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("arrays") / f"axes{suffix}"
    save_array(MicrophoneArray(OURS * 0.05, "axes"), path)
    np.testing.assert_array_equal(load_array(path).positions, OURS * 0.05)


@pytest.mark.parametrize(("axis", "ours", "angles"), [(row[0], row[1], row[4]) for row in SIX_AXES])
def test_every_writer_of_results_says_the_six_axes_in_its_own_dialect(
    axis: str, ours: tuple[int, int, int], angles: tuple[int, int]
) -> None:
    header = ResultHeader("a.wav", "srp-phat", None, "axes", "0", "volume", "icosphere:4", "0.1.0")
    frame = FrameResult(0.05, (Source(np.array(ours, dtype=float), 1.0),))
    written = {}
    for writer_class in (DcaseWriter, CsvWriter, JsonLinesWriter):
        text = io.StringIO()
        writer = writer_class(text, header)
        writer.write(frame)
        writer.finish(ResultSummary(frame.sources, 0.1))
        written[writer_class] = text.getvalue().splitlines()
    azimuth, elevation = angles
    assert written[DcaseWriter] == [f"0,0,0,{azimuth},{elevation}"], axis
    ours_deg = f"{azimuth if azimuth != -180 else 180:.2f},{elevation:.2f}"
    assert written[CsvWriter][1].startswith(f"0.0500,0,{ours_deg},")
    assert json.loads(written[JsonLinesWriter][1])["sources"][0]["xyz"] == list(ours)
