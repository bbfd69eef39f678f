"""Freely licensed speech that a fresh machine can install: the telephone prompts of Asterisk.

Debian packages ``asterisk-core-sounds-{en,es,fr,it,ru}-g722`` (CC BY-SA 3.0): four speakers, since one speaks
English and Spanish, recorded in studios at 16 kHz. Nothing in this package is trained on them.
"""

import csv
import hashlib
import logging
from pathlib import Path

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, ConfigError
from anydoa.evaluation.g722 import decode_g722, g722_duration
from anydoa.io.files import system_name
from anydoa.io.output import whole_folder

DEBIAN_FOLDER = Path("/usr/share/asterisk/sounds")
DEBIAN_PACKAGES = tuple(
    f"asterisk-core-sounds-{language}-g722" for language in ("en", "es", "fr", "it", "ru")
)

_DURATIONS_S = (2.0, 8.0)
_PROMPTS_A_FOLDER = 40
_NOT_SPEECH = ("ascending", "beep", "silence", "tt-")  # tones, silence, monkeys

_logger = logging.getLogger(__name__)


def default_speech() -> Path:
    """The folder of the installed prompts.

    Raises:
        AudioError: if no package of them is installed.
    """
    if any(DEBIAN_FOLDER.glob("*/*.g722")):
        return DEBIAN_FOLDER
    raise AudioError(
        f"no speech in {DEBIAN_FOLDER}; give a folder with --speech, or run: "
        f"apt install {' '.join(DEBIAN_PACKAGES)}"
    )


def holds_prompts(folder: Path) -> bool:
    """Whether a folder holds prompts in G.722, a folder a language and voice."""
    return any(folder.glob("*/*.g722"))


def unpack_prompts(folder: Path, cache: Path, *, durations_s: tuple[float, float] = _DURATIONS_S) -> Path:
    """Decode prompts into a corpus of WAV files, once.

    Args:
        folder: with a sub-folder for every language and voice, such as ``en_US_f_Allison``.
        cache: where the corpus is kept.
        durations_s: of the shortest and the longest prompts taken.

    Returns:
        A folder with ``manifest.csv``. All recordings are for tests; speakers are the last words of the names
        of the sub-folders. Links to sub-folders, other names of the same voice, are passed over.
    """
    voices = [voice for voice in sorted(folder.glob("*/")) if not voice.is_symlink()]
    prompts = [prompt for voice in voices for prompt in _choose(voice, durations_s)]
    digest = hashlib.sha256(repr([(str(path), path.stat().st_size) for path in prompts]).encode()).hexdigest()
    corpus = cache / f"prompts-{digest[:12]}"
    if not corpus.exists():
        _logger.info("decoding %d prompts into %s", len(prompts), corpus)
        try:
            with whole_folder(corpus) as partial:
                _write_corpus(partial, prompts, folder)
        except ConfigError:
            if not corpus.exists():  # else another process was faster
                raise
    return corpus


def _choose(voice: Path, durations_s: tuple[float, float]) -> list[Path]:
    """The first 40 prompts of a voice that are speech and of the right length."""
    shortest, longest = durations_s
    prompts = [
        prompt
        for prompt in sorted(voice.glob("*.g722"))
        if not prompt.name.startswith(_NOT_SPEECH)
        and shortest <= g722_duration(prompt.stat().st_size) <= longest
    ]
    return prompts[:_PROMPTS_A_FOLDER]


def _write_corpus(corpus: Path, prompts: list[Path], folder: Path) -> None:
    import soundfile

    rows = []
    for prompt, audio in zip(prompts, decode_g722([prompt.read_bytes() for prompt in prompts]), strict=True):
        path = (corpus / prompt.relative_to(folder)).with_suffix(".wav")
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(system_name(path), audio, SAMPLE_RATE, subtype="PCM_16", format="WAV")
        speaker = prompt.parent.name.split("_")[-1]
        rows.append(
            [path.relative_to(corpus), "asterisk", speaker, "test", f"{len(audio) / SAMPLE_RATE:.2f}"]
        )
    with (corpus / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["path", "source", "speaker_or_category", "split", "duration_s"])
        table.writerows(rows)
