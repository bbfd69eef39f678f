"""One recording on disk: opened, judged by its header, and read through libsndfile.

Where a header says less than the file holds, or a codec has an order of channels of its own, this is where it
is put right, and :attr:`RecordingFile.remarks` says so.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from jaxtyping import Float32

from anydoa.errors import AudioError
from anydoa.io.files import check_is_file, printable_name, system_name
from anydoa.io.headers.encoding import decode_samples
from anydoa.io.headers.flac import FlacHeader, FlacWithLength, count_flac_samples, read_flac_header
from anydoa.io.headers.mpeg import count_mpeg_samples
from anydoa.io.headers.ogg import OggHeader, ends_with_last_page, read_ogg_header
from anydoa.io.headers.uncompressed import SoundHeader, read_header
from anydoa.io.output import note_input
from anydoa.io.samples import AudioInfo
from anydoa.io.silence import silent_stderr

_MAX_SAMPLES = 2**48  # centuries; libsndfile gives the largest integer where a header leaves the length open
_MPEG_DELAY = 4 * 1152  # samples; encoders and decoders disagree about the first and the last frames
_CONVERT = "convert it to WAV with ffmpeg"


class RecordingFile:
    """A recording that is open; a context manager.

    Args:
        path: file to open.

    Raises:
        AudioError: if there is no such file, it is no audio, it is truncated, its rate is out of range, or
            its header says that it holds no microphones.
    """

    def __init__(self, path: Path) -> None:
        self.remarks: list[str] = []
        self._name = printable_name(path)
        check_is_file(
            path,
            AudioError,
            if_folder="a folder is no recording; name the audio files in it",
            if_device="a pipe or device cannot be read; save the recording to a file first",
        )
        if not os.access(path, os.R_OK):
            raise AudioError(f"{self._name}: no permission to read it; change its permissions")
        note_input(path, "recording")
        if path.suffix.lower() == ".raw":
            raise AudioError(f"{self._name}: raw samples say neither rate nor channels; convert them to WAV")
        self._bytes = path.open("rb")
        self._own: SoundHeader | None = None  # set where this class reads, not libsndfile
        self._order: np.ndarray | None = None
        self._sound: Any = None
        try:
            self._open(path)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "RecordingFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._bytes.close()
        if self._sound is not None:
            self._sound.close()

    def blocks(self, length: int) -> Iterator[Float32[np.ndarray, "channel time"]]:
        """The samples in blocks of this length, the last one shorter.

        Raises:
            AudioError: where a block is damaged, or if clearly less comes than the header promises.
        """
        num_read = 0
        while (block := self._read(length, num_read)).shape[1]:
            num_read += block.shape[1]
            yield block if self._order is None else block[self._order]
        missing = self.info.num_samples - num_read
        if missing > 0:
            self._judge_loss(missing / self.info.num_samples, self.info.duration_s)

    def _open(self, path: Path) -> None:
        header, ogg = read_header(self._bytes), read_ogg_header(self._bytes)
        if (header is not None and header.is_ambisonic) or (ogg is not None and ogg.is_ambisonic):
            raise AudioError(
                f"{self._name}: its header says that the channels are Ambisonics (B-format), not "
                "microphones; give the recording of the microphones themselves (A-format)"
            )
        flac = read_flac_header(self._bytes)
        self._bytes.seek(0)
        head = self._bytes.read(4)
        self._is_mpeg = flac is None and (
            head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2)
        )
        self._sound = self._open_sound(system_name(path), needed=header is None or header.encoding is None)
        sound = self._sound
        if sound is None and header is not None:
            self.info = AudioInfo(self._name, header.sample_rate, header.num_channels, 0)
        else:
            self.info = AudioInfo(self._name, int(sound.samplerate), int(sound.channels), int(sound.frames))
        if header is not None and header.num_channels == self.info.num_channels:
            self._judge_length(header)
        elif ogg is not None:
            self._judge_ogg(ogg)
        elif flac is not None:
            self._judge_flac(flac)
        elif self._is_mpeg:
            self._judge_mpeg()
        if self.info.num_samples > _MAX_SAMPLES:
            raise AudioError(
                f"{self._name}: the header gives no length; convert the recording anew, for instance to WAV"
            )
        self.info.check()

    def _open_sound(self, file: str | bytes | FlacWithLength, *, needed: bool = True) -> Any:
        """An open ``soundfile.SoundFile``; None if libsndfile refuses and is not needed."""
        import soundfile

        try:
            with self._quiet():
                return soundfile.SoundFile(file)
        except soundfile.SoundFileError as error:
            if not needed:
                return None
            raise AudioError(
                f"{self._name}: not audio that can be read ({_reason(error)}); give WAV, FLAC, W64 or OGG"
            ) from None

    def _judge_length(self, header: SoundHeader) -> None:
        """Compare what the header promises with what the file holds; what it holds is read."""
        end = header.find_data_end(self._bytes, os.fstat(self._bytes.fileno()).st_size)
        held, promised = max(end - header.data_start, 0), header.data_bytes
        if header.bytes_per_s > 0 and promised is not None and not header.data_may_be_open:
            promised_s, held_s = promised / header.bytes_per_s, held / header.bytes_per_s
            if promised - held > 64:  # bytes; writers disagree whether padding and chunk headers count
                self._judge_loss(1 - held / promised, promised_s)
            elif promised == 0 < held and header.encoding is not None:
                self._remark(f"the header gives no length; all {held_s:.1f} s that the file holds are used")
            elif held > promised:
                used = "which are used"
                unread = "which are not read; `ffmpeg -ignore_length 1` keeps all"
                what = unread if header.encoding is None else used
                self._remark_more(promised_s, held_s, f"{what}; recorded past 4 GiB, or stopped hard?")
        # Samples that libsndfile would leave out are read here.
        if header.encoding is not None and held // header.frame_bytes > self.info.num_samples:
            self._own = header
            self._bytes.seek(header.data_start)
            self.info = AudioInfo(
                self._name, header.sample_rate, header.num_channels, held // header.frame_bytes
            )

    def _judge_flac(self, flac: FlacHeader) -> None:
        """Let libsndfile read up to the last whole frame, whatever the header promises."""
        promised, rate = flac.num_samples, self.info.sample_rate
        held = count_flac_samples(self._bytes, flac)
        if held is None and promised == 0:
            held = 0
        if held is None or held == promised > 0 or (held < promised and self._reaches(promised)):
            return
        if held < promised:
            self._judge_loss(1 - held / promised, promised / rate)
        elif promised > 0:
            self._remark_more(promised / rate, held / rate, "which are used; stopped hard?")
        self._sound.close()
        self._sound = self._open_sound(FlacWithLength(self._bytes, flac, held))
        self.info = AudioInfo(self._name, rate, self.info.num_channels, held)

    def _reaches(self, num_samples: int) -> bool:
        """Whether libsndfile can read the last of so many samples; what follows them may be anything."""
        from soundfile import SoundFileError

        try:
            self._sound.seek(num_samples - 1)
            num_read = len(self._sound.read(1))
            self._sound.seek(0)
        except SoundFileError:
            return False
        return num_read == 1

    def _remark_more(self, promised_s: float, held_s: float, what: str) -> None:
        self._remark(
            f"the header says {promised_s:.1f} s, but the file holds {held_s - promised_s:.1f} s more, {what}"
        )

    def _judge_ogg(self, ogg: OggHeader) -> None:
        if not ends_with_last_page(self._bytes) and 0 < self.info.num_samples <= _MAX_SAMPLES:
            self._remark(
                f"ends without its last page: truncated, or stopped hard? "
                f"{self.info.duration_s:.1f} s are there"
            )
        if ogg.order == "vorbis":
            self._order = np.argsort(ogg.wav_order)
            self._remark(
                f"{ogg.program} puts {ogg.num_channels} channels into the order of {ogg.codec}; "
                "they are put back into that of WAV"
            )
        elif ogg.order == "unknown":
            here = " ".join(map(str, np.argsort(ogg.wav_order)))
            self._remark(
                f"{ogg.codec} may hold {ogg.num_channels} channels in an order of its own, and the file "
                "does not tell; they are taken as they come. If oggenc or ffmpeg made it of a WAV, channels "
                f"0 1 2 ... of that are {here} here: locate in the WAV, or say so in the array file"
            )
        if ogg.has_bass_channel:
            last = ogg.num_channels - 1
            channel = last if self._order is None else ogg.wav_order[last]
            self._remark(
                f"channel {channel} holds nothing but bass, for {ogg.codec} keeps one of "
                f"{ogg.num_channels} for a loudspeaker; that microphone is lost: record FLAC or WAV"
            )

    def _judge_mpeg(self) -> None:
        """Refuse an MP3 that states no length and whose length libsndfile guesses too short."""
        counted = count_mpeg_samples(self._bytes)
        if counted is None:
            return
        if self.info.num_samples < counted - _MPEG_DELAY:
            raise AudioError(
                f"{self._name}: libsndfile reads {self.info.duration_s:.1f} of its "
                f"{counted / self.info.sample_rate:.1f} s, because it does not say how long it is; {_CONVERT}"
            )
        held = min(self.info.num_samples, counted)
        self.info = AudioInfo(self._name, self.info.sample_rate, self.info.num_channels, held)

    def _judge_loss(self, share: float, promised_s: float) -> None:
        """Refuse a recording that is clearly shorter than it promises; of a little, say so."""
        if self._is_mpeg and share * promised_s * self.info.sample_rate < _MPEG_DELAY:
            return
        if share < 0.01:  # the rest of the recording is worth locating
            self._remark(
                f"the last {share * promised_s:.2g} s that the header promises are not there; "
                "the rest is used"
            )
            return
        raise AudioError(
            f"{self._name}: truncated, {(1 - share) * promised_s:.2f} of the {promised_s:.2f} s that its "
            "header promises are there; copy it again, or rewrite it (sox or ffmpeg) to keep what there is"
        )

    def _read(self, length: int, num_read: int) -> Float32[np.ndarray, "channel time"]:
        if self._own is not None and self._own.encoding is not None:
            wanted = min(length, self.info.num_samples - num_read) * self._own.frame_bytes
            content = self._bytes.read(wanted)
            return np.ascontiguousarray(decode_samples(content, self._own.encoding, self.info.num_channels))
        from soundfile import SoundFileError

        try:
            with self._quiet():
                block: np.ndarray = self._sound.read(length, dtype="float32", always_2d=True)
        except SoundFileError as error:
            read_s = num_read / self.info.sample_rate
            if self._is_mpeg or self._sound.format == "OGG":
                raise AudioError(
                    f"{self._name}: libsndfile cannot read it to the end, only {read_s:.2f} s "
                    f"({_reason(error)}); {_CONVERT}, or copy it again if that cannot, either"
                ) from None
            raise AudioError(
                f"{self._name}: damaged after {read_s:.2f} s ({_reason(error)}); "
                "copy it again or cut it there"
            ) from None
        return np.ascontiguousarray(block.T)

    def _remark(self, text: str) -> None:
        self.remarks.append(f"{self._name}: {text}")

    def _quiet(self) -> AbstractContextManager[None]:
        """Keep libmpg123 from writing to the terminal, for which it has no option."""
        return silent_stderr() if self._is_mpeg else nullcontext()


def _reason(error: Exception) -> str:
    """What libsndfile says, on one line."""
    return " ".join(str(getattr(error, "error_string", error)).removeprefix("Error : ").split()).rstrip(".")
