"""Damaged caches: what is kept there can be made again, so damage costs time and a warning, no answer."""

import os
from pathlib import Path

import numpy as np
import pytest

from anydoa.evaluation.material import Material
from anydoa.evaluation.suite import CachedSuite, array_suite
from anydoa.simulation.corpus import read_corpus
from anydoa.simulation.pool import AudioPool, load_pool
from voices import write_corpus

ROUNDS = 6 * int(os.environ.get("ANYDOA_FUZZ_CASES", "2"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


def damage(path: Path, rng: np.random.Generator, *, header: int | None = None) -> None:
    """Cut a file, empty it, lengthen it, remove it, or change bytes of it.

    Args:
        path: of the file.
        rng: source of randomness.
        header: bytes from the start in which a change is noticed; everywhere if None.
    """
    content = bytearray(path.read_bytes())
    path.unlink()  # whoever reads the old one through a memory map goes on
    kind = int(rng.integers(5))
    if kind == 0:
        return
    if kind == 1:
        del content[int(rng.integers(len(content))) :]
    elif kind == 2:
        content = bytearray(rng.bytes(int(rng.integers(200))))
    elif kind == 3:
        del content[:: int(rng.integers(2, 100))]
    else:
        for place in rng.integers(0, header or len(content), 8):
            content[place] = int(rng.integers(256))
    path.write_bytes(content)


def same_pool(first: AudioPool, second: AudioPool) -> bool:
    return (
        np.array_equal(first.samples, second.samples)
        and first.samples.dtype == second.samples.dtype
        and (first.edges, first.groups) == (second.edges, second.groups)
    )


def test_a_damaged_pool_is_the_same_pool(corpus: Path, tmp_path: Path) -> None:
    clips = read_corpus(corpus, "noise").utterances
    fresh = load_pool(clips, kind="noise")
    rng = np.random.default_rng(7)
    load_pool(clips, kind="noise", cache=tmp_path)
    for _ in range(ROUNDS):
        files = sorted(tmp_path.rglob("*.np[yz]"))
        path = files[int(rng.integers(len(files)))]
        damage(path, rng, header=64 if path.suffix == ".npy" else None)
        assert same_pool(load_pool(clips, kind="noise", cache=tmp_path), fresh)


def test_a_damaged_clip_is_the_same_clip(corpus: Path, tmp_path: Path) -> None:
    material = Material(corpus, cache=tmp_path / "audio")
    cached = CachedSuite(array_suite("presets", material, ["linear-4"], clips=1), tmp_path / "clips")
    fresh = cached[0]
    rng = np.random.default_rng(8)
    for _ in range(ROUNDS):
        (path,) = (tmp_path / "clips").rglob("*.npz")
        damage(path, rng)
        again = cached[0]
        assert np.array_equal(again.audio, fresh.audio)
        assert np.array_equal(again.directions, fresh.directions)
        assert np.array_equal(again.array.positions, fresh.array.positions)
