"""Public functions with values of the right type but of no sense: a named error, or a right result."""

import os
from collections.abc import Callable

import numpy as np
import pytest

import anydoa
from anydoa.geometry.layouts import circular_positions
from properties.strategies import make_scene

CASES = 10 * int(os.environ.get("ANYDOA_FUZZ_CASES", "2"))  # of each function
RING = anydoa.MicrophoneArray(circular_positions(4, 0.0325), "ring")
GRID = "fibonacci:64"
AUDIO = make_scene(np.random.default_rng(0), RING, np.array([1.0, 0.0, 0.0]), seconds=0.4).audio

TEXTS = (
    "", " ", "x" * 5000, "\0", "caf\udce9", "[/x]", "..", "/", "~", "missing.toml", "missing.csv", "a/b.npy",
    "em32", "em-32", "fibonacci:", "fibonacci:0", "fibonacci:1", "fibonacci:-5", "fibonacci:nan",
    "fibonacci:1e9", "icosphere:99", "azimuth:0", "azimuth:360,91", "product:0x0", "product:72x",
    "cap:0,0,0,5", "cap:0,0,nan,5", "cap:inf,0,5,5", "hemisphere:9,left", "steered", "music+srp-phat",
    "steered+", "+", "hub:", "hub:x/y@z@w",
)  # fmt: skip
NUMBERS = (0.0, -1.0, 1e-300, 1e300, np.nan, np.inf, -np.inf, 0.5, 10.0, 180.0, 361.0)
COUNTS = (-1, 0, 1, 2, 5, 63, 64, 65, 10**6, 10**30)
SHAPES = ((0, 0), (4, 0), (0, 4), (4, 1), (1, 4), (4, 100), (4, 6400), (5, 6400), (6400, 4), (3, 3))


def draw_array(rng: np.random.Generator) -> np.ndarray:
    """Numbers of some shape, some of them odd."""
    array = rng.standard_normal(SHAPES[int(rng.integers(len(SHAPES)))]) * 10.0 ** rng.integers(-12, 12)
    if array.size and rng.random() < 0.5:
        array.flat[int(rng.integers(array.size))] = rng.choice(NUMBERS)
    return array


def make_array(rng: np.random.Generator) -> None:
    positions = draw_array(rng)
    array = anydoa.MicrophoneArray(positions[:, :3], "odd", speed_of_sound=float(rng.choice([343, *NUMBERS])))
    assert np.isfinite(array.positions).all()


def make_grid(rng: np.random.Generator) -> None:
    directions = anydoa.DirectionGrid(draw_array(rng)[:, :3]).directions
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-6)


def make_localizer(rng: np.random.Generator) -> None:
    count = None if rng.random() < 0.2 else COUNTS[int(rng.integers(len(COUNTS)))]
    anydoa.Localizer(RING, GRID, "srp-phat", count, min_separation_deg=float(rng.choice(NUMBERS)))


def locate_noise(rng: np.random.Generator) -> None:
    audio = draw_array(rng)
    result = anydoa.locate(
        audio, array=RING, grid=GRID, estimator="srp-phat", sample_rate=int(rng.choice([0, 1, 7999, 16_000]))
    )
    assert all(0 <= source.score <= 1 for source in result.directions)


def locate_few(rng: np.random.Generator) -> None:
    grid = TEXTS[int(rng.integers(len(TEXTS)))]
    anydoa.locate(AUDIO, array=RING, grid=grid, estimator="srp-phat", sample_rate=16_000)


def text_taker(function: Callable[[str], object]) -> Callable[[np.random.Generator], None]:
    def take(rng: np.random.Generator) -> None:
        function(TEXTS[int(rng.integers(len(TEXTS)))])

    return take


FUNCTIONS = {
    "load_array": text_taker(anydoa.load_array),
    "load_grid": text_taker(anydoa.load_grid),
    "load": text_taker(anydoa.load),
    "locate": text_taker(lambda text: anydoa.locate(text, array=RING)),
    "MicrophoneArray": make_array,
    "DirectionGrid": make_grid,
    "Localizer": make_localizer,
    "locate samples": locate_noise,
    "locate on grids": locate_few,
}


def refusal(name: str, rng: np.random.Generator) -> str:
    """What a function says against a case; a word if nothing."""
    try:
        FUNCTIONS[name](rng)
    except anydoa.AnydoaError as error:
        return str(error)
    return "none"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_answers_or_says_what_is_wrong(name: str) -> None:
    rng = np.random.default_rng(sum(name.encode()))
    for _ in range(CASES):
        said = refusal(name, rng)
        assert said
        assert "\n" not in said
