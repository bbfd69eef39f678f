"""Telephone asterisk as a corpus: which are taken, and that they are decoded once."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.errors import AudioError
from anydoa.evaluation import asterisk
from anydoa.evaluation.asterisk import decode_g722, default_speech, holds_prompts, unpack_prompts
from anydoa.simulation.corpus import read_corpus

DURATIONS_S = (0.2, 0.8)


def write_prompts(root: Path) -> Path:
    """Octets of any kind are sound to the decoder."""
    rng = np.random.default_rng(5)
    seconds = {
        "en_US_f_Allison/welcome": 0.21, "en_US_f_Allison/yes": 0.05, "en_US_f_Allison/tt-monkeys": 0.3,
        "en_US_f_Allison/epic": 0.9, "en_US_f_Allison/digits/one": 0.21, "it_IT_m_Carlo/benvenuto": 0.2,
    }  # fmt: skip
    for name, duration in seconds.items():
        path = root / f"{name}.g722"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.integers(256, size=round(8000 * duration), dtype=np.uint8).tobytes())
    return root


def test_prompts_of_the_right_length_become_a_test_corpus(tmp_path: Path) -> None:
    folder = write_prompts(tmp_path / "sounds")
    assert holds_prompts(folder)
    corpus = unpack_prompts(folder, tmp_path / "cache", durations_s=DURATIONS_S)
    clips = read_corpus(corpus, "speech").utterances
    assert [(clip.path.relative_to(corpus).as_posix(), clip.group, clip.split) for clip in clips] == [
        ("en_US_f_Allison/welcome.wav", "asterisk/Allison", "test"),
        ("it_IT_m_Carlo/benvenuto.wav", "asterisk/Carlo", "test"),
    ]
    audio, rate = soundfile.read(clips[1].path, dtype="float32")
    assert rate == 16_000
    np.testing.assert_array_equal(
        audio, decode_g722([(folder / "it_IT_m_Carlo/benvenuto.g722").read_bytes()])[0]
    )


def test_a_voice_under_several_names_counts_once(tmp_path: Path) -> None:
    # As Debian's alternatives install them.
    folder = write_prompts(tmp_path / "sounds")
    (folder / "en").symlink_to(folder / "en_US_f_Allison")
    (folder / "en_US").symlink_to(folder / "en_US_f_Allison")
    corpus = read_corpus(unpack_prompts(folder, tmp_path / "cache", durations_s=DURATIONS_S), "speech")
    assert sorted(clip.group for clip in corpus.utterances) == ["asterisk/Allison", "asterisk/Carlo"]


def test_prompts_are_decoded_once(tmp_path: Path) -> None:
    folder = write_prompts(tmp_path / "sounds")
    first = unpack_prompts(folder, tmp_path / "cache", durations_s=DURATIONS_S)
    stamp = (first / "manifest.csv").stat().st_mtime_ns
    assert unpack_prompts(folder, tmp_path / "cache", durations_s=DURATIONS_S) == first
    assert (first / "manifest.csv").stat().st_mtime_ns == stamp
    (folder / "it_IT_m_Carlo/benvenuto.g722").unlink()
    assert unpack_prompts(folder, tmp_path / "cache", durations_s=DURATIONS_S) != first


def test_a_machine_without_prompts_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk, "DEBIAN_FOLDER", tmp_path)
    with pytest.raises(AudioError, match="apt install asterisk-core-sounds-en-g722"):
        default_speech()
    write_prompts(tmp_path)
    assert default_speech() == tmp_path
