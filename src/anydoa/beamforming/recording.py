"""The sound of each talker of a recording that has been located."""

import os
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float32

from anydoa.beamforming.aim import TalkerAims
from anydoa.beamforming.options import Beamformer, BeamOptions
from anydoa.beamforming.speech_mask import SpeechMask
from anydoa.beamforming.talker_beam import TalkerBeam
from anydoa.beamforming.windows import BEAM_RATE
from anydoa.estimators import DEFAULT_ESTIMATOR, as_estimator
from anydoa.geometry import MicrophoneArray
from anydoa.io import load_array
from anydoa.io.audio import Recording, audio_info, is_recording, read_blocks
from anydoa.io.resampling import StreamResampler
from anydoa.io.samples import as_samples, check_no_rate, samples_info, split_blocks
from anydoa.io.talkers import Talker
from anydoa.spectrum import SpectrumEstimator

AHEAD_S = 2.0
"""Later sound that the weights of a recording are made of, in seconds."""

SLOT_WINDOWS = 12
"""Windows of a recording that share weights: 0.2 s."""


def talker_audio(
    audio: Recording | np.ndarray,
    array: MicrophoneArray | str | os.PathLike[str],
    talkers: Sequence[Talker],
    *,
    sample_rate: int | None = None,
    estimator: SpectrumEstimator | str | os.PathLike[str] = DEFAULT_ESTIMATOR,
    beamformer: Beamformer = "mvdr",
) -> Float32[np.ndarray, "talker time"]:
    """The sound of each talker of a recording alone, at 16 kHz, as long as the recording.

    Args:
        audio: file, files of one microphone each, or float samples (channel, time), as it was located.
        array: what recorded it: a :class:`MicrophoneArray`, the name of a preset, or an array file.
        talkers: who was where when, as ``LocalizationResult.talkers`` says.
        sample_rate: sample rate of samples in memory, in Hz; a file has its own.
        estimator: the one that found the talkers. Its mask says which bins hold speech; that of the default
            where it has none.
        beamformer: ``mvdr`` weakens everybody else and noise, ``delay-and-sum`` only lets the sound from the
            talker's direction add up.

    Raises:
        AnydoaError: whatever is wrong with the recording, the array or the names.
    """
    blocks = talker_blocks(
        audio, array, talkers, sample_rate=sample_rate, estimator=estimator, beamformer=beamformer
    )
    return np.concatenate(list(blocks), axis=1)


def talker_blocks(
    audio: Recording | np.ndarray,
    array: MicrophoneArray | str | os.PathLike[str],
    talkers: Sequence[Talker],
    *,
    sample_rate: int | None = None,
    estimator: SpectrumEstimator | str | os.PathLike[str] = DEFAULT_ESTIMATOR,
    beamformer: Beamformer = "mvdr",
) -> Iterator[Float32[np.ndarray, "talker time"]]:
    """The same in blocks, so that length costs no memory; see :func:`talker_audio`."""
    array = array if isinstance(array, MicrophoneArray) else load_array(array)
    estimator = as_estimator(estimator)
    if is_recording(audio):
        check_no_rate(sample_rate)
        info, blocks = audio_info(audio), read_blocks(audio, warn=False)
    else:
        samples = as_samples(audio, or_file=True)
        info = samples_info(samples, sample_rate)
        blocks = split_blocks(samples, info.sample_rate)
    resampler = StreamResampler(info.sample_rate, BEAM_RATE, array.num_microphones)
    beam = TalkerBeam(
        array,
        TalkerAims(talkers),
        mask=SpeechMask.of(estimator),
        options=BeamOptions(beamformer, slot_windows=SLOT_WINDOWS),
        look_ahead_s=AHEAD_S,
    )
    for block in blocks:
        yield beam.push(resampler.push(array.select_channels(block)))
    yield beam.push(resampler.finish())
    yield beam.finish()
