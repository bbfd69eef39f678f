"""Voices made from nothing: the same for the same seed, and taken for speech."""

from pathlib import Path

import numpy as np
import soundfile

from anydoa.simulation.activity import detect_speech
from anydoa.simulation.corpus import read_corpus
from anydoa.simulation.voices import synthetic_voice, write_voices


def test_a_synthetic_voice_is_taken_for_speech_and_is_the_same_for_the_same_seed() -> None:
    voice, again = (synthetic_voice(150.0, 2.0, np.random.default_rng(2)) for _ in range(2))
    assert np.array_equal(voice, again)
    assert voice.dtype == np.float32
    assert np.abs(voice).max() <= 0.5
    assert detect_speech(voice)[10:].mean() > 0.8


def test_a_folder_of_voices_has_a_speaker_for_each_pitch(tmp_path: Path) -> None:
    corpus = read_corpus(write_voices(tmp_path / "voices", [100.0, 180.0], seconds=1.0), "speech")
    assert [utterance.group for utterance in corpus.utterances] == ["speaker-100", "speaker-180"]
    assert soundfile.info(corpus.utterances[0].path).duration == 1.0
