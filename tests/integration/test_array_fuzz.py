"""Damaged array files, every format: whatever the damage, only a named error may come out."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import AnydoaError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.layouts import circular_positions
from anydoa.io.array_file import FORMATS as KNOWN_FORMATS
from anydoa.io.array_file import load_array, save_array

RING = MicrophoneArray(
    circular_positions(6, 0.0463),
    "ring",
    ignore_channels=(6, 7),
    mount_rpy_deg=(0.0, 0.0, 30.0),
    title="Ring",
)
NUMBER_TEXTS = (
    b"1e308",
    b"-1e400",
    b"nan",
    b"inf",
    b"9" * 400,
    b"0x7fffffff",
    b"true",
    b'"text"',
    b"[[[[",
    b"",
    b"\xff",
)
FILES_A_FORMAT = 84
SOFA_FILES = 21  # each in a process of its own
FORMATS = ["own.toml", "odas.cfg", "acoular.xml", "hark.xml", "older_hark.xml", "room.sofa", "own.csv",
           "polar.csv", "commas.csv", "rows.npy"]  # fmt: skip


def odas_file(path: Path) -> None:
    mics = ",\n".join(f"{{ mu = ({x}, {y}, {z}); }}" for x, y, z in RING.body_positions.tolist())
    path.write_text(
        f"raw: {{ nChannels = 8; }}\nmapping: {{ map: (1, 2, 3, 4, 5, 6); }}\n"
        f"general: {{ speedofsound: {{ mu = 343.0; }}; mics = ({mics}); }};\n# end\n"
    )


def sofa_file(path: Path) -> None:
    import sofar

    sofa = sofar.Sofa("GeneralFIR")
    sofa.ReceiverPosition, sofa.ReceiverPosition_Type = RING.body_positions, "cartesian"
    sofa.Data_IR, sofa.Data_Delay = np.zeros((1, 6, 2)), np.zeros((1, 6))
    sofar.write_sofa(str(path), sofa)


def hark_file(path: Path) -> None:
    rows = "".join(
        f'<position id="{number}" x="{x}" y="{y}" z="{z}"/>' for number, (x, y, z) in enumerate(mic_rows())
    )
    path.write_text(
        f'<hark_xml><positions type="microphone" coordinate="cartesian">{rows}</positions></hark_xml>'
    )


def older_hark_file(path: Path) -> None:
    rows = "".join(
        f"<Mic><MicIndex>{number}</MicIndex><Position><X>{x}</X><Y>{y}</Y><Z>{z}</Z></Position></Mic>"
        for number, (x, y, z) in enumerate(mic_rows())
    )
    path.write_text(f"<hark_xml><hark_config><Mics>{rows}</Mics></hark_config></hark_xml>")


def polar_table(path: Path) -> None:
    rows = "".join(f"{number},{60 * number},0,46.3,{number}\n" for number in range(6))
    path.write_text(f"mic,azimuth_deg,elevation_deg,radius_mm,channel\n{rows}")


def table_with_commas(path: Path) -> None:
    rows = "".join(f"{x};{y};{z}\n".replace(".", ",") for x, y, z in mic_rows())
    path.write_text(f"% x; y; z in metres\n{rows}")


def mic_rows() -> list[list[float]]:
    rows: list[list[float]] = RING.body_positions.round(4).tolist()
    return rows


WRITERS = {
    "odas.cfg": odas_file,
    "hark.xml": hark_file,
    "older_hark.xml": older_hark_file,
    "room.sofa": sofa_file,
    "polar.csv": polar_table,
    "commas.csv": table_with_commas,
}


def sound_file(path: Path) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # CSV and NPY cannot keep the ignored channels
        WRITERS.get(path.name, lambda target: save_array(RING, target))(path)
    return path.read_bytes()


def damaged(sound: bytes, rng: np.random.Generator) -> Iterator[bytes]:
    """One damaged copy after the other: cut, flipped, spliced, numbers replaced, random, nearly empty."""
    while True:
        yield sound[: rng.integers(0, len(sound))]
        yield flipped(sound, rng, count=1)
        yield flipped(sound, rng, count=int(rng.integers(2, 40)))
        start, stop = sorted(rng.integers(0, len(sound), 2))
        yield sound[:start] + sound[stop:]
        yield sound[:stop] + sound[start:]
        yield with_number_replaced(sound, rng)
        yield rng.bytes(int(rng.integers(0, 300)))


def flipped(sound: bytes, rng: np.random.Generator, count: int) -> bytes:
    content = np.frombuffer(sound, dtype=np.uint8).copy()
    content[rng.integers(0, len(content), count)] = rng.integers(0, 256, count)
    return content.tobytes()


def with_number_replaced(sound: bytes, rng: np.random.Generator) -> bytes:
    digits = [
        i for i in range(1, len(sound)) if sound[i : i + 1].isdigit() and not sound[i - 1 : i].isalnum()
    ]
    place = digits[int(rng.integers(len(digits)))]
    return sound[:place] + NUMBER_TEXTS[int(rng.integers(len(NUMBER_TEXTS)))] + sound[place + 1 :]


def refusal(path: Path) -> str:
    """What the reader says against a file; empty if it reads an array, whose numbers must then be usable."""
    try:
        array = load_array(path)
    except AnydoaError as error:
        return str(error)
    assert np.isfinite(array.positions).all()
    return ""


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_give_an_array_or_a_named_error(tmp_path: Path, name: str) -> None:
    sound = sound_file(tmp_path / name)
    assert load_array(tmp_path / name).num_microphones == 6
    suffix = Path(name).suffix
    num_files = SOFA_FILES if suffix == ".sofa" else FILES_A_FORMAT
    refused = 0
    for content, number in zip(damaged(sound, np.random.default_rng(20)), range(num_files), strict=False):
        path = tmp_path / f"{number}{suffix}"  # HDF5 never lets go of some damaged files, nor of their names
        path.write_bytes(content)
        message = refusal(path)
        refused += message != ""
        assert "\n" not in message
        assert len(message) < 600 + len(str(path))
    assert refused > num_files // 4  # the damage is real


@pytest.mark.parametrize("suffix", KNOWN_FORMATS)
def test_a_file_of_another_format_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"other{suffix}"
    for content in (
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"\x00" * 100,
        b"{}",
        b"<html></html>",
        b"[" * 10_000,
        b"\x89HDF\r\n\x1a\n",
    ):
        path.write_bytes(content)
        with pytest.raises(AnydoaError):
            load_array(path)
