"""One file out of the parts of a folder, in the order of the list: JSON lines, or a table for Parquet."""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import UInt64

from anydoa.bulk.result_folder import Place, Places
from anydoa.errors import ConfigError, MissingExtraError
from anydoa.io.output import whole_binary, whole_file

_MOST_OPEN = 200  # parts open at once
_ROWS = 50_000  # of a table that are written together


def check_merged_path(path: Path) -> None:
    """Refuse a name that says no format, or one whose format nobody here can write.

    Raises:
        ConfigError: if it ends in neither .jsonl nor .parquet.
        MissingExtraError: for .parquet without pyarrow.
    """
    if path.suffix not in (".jsonl", ".parquet"):
        raise ConfigError(f"--merge writes .jsonl or .parquet, got {str(path)!r:.100}; change the suffix")
    if path.suffix == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401 # whether it is there and loads
        except ImportError as error:
            raise MissingExtraError("writing Parquet", "bulk", error) from None


def merge(places: Places, keys: UInt64[np.ndarray, "recording"], path: Path) -> int:
    """Write the results of recordings into one file.

    Args:
        places: where they are.
        keys: recordings in the order wanted, each once; those without results are left out.
        path: ``.jsonl``: the JSON lines of one recording after the other. ``.parquet``: a row for each talker
            and frame.

    Returns:
        How many recordings it holds.

    Raises:
        ConfigError: if the file cannot be written, or a part is damaged.
        MissingExtraError: for ``.parquet`` without pyarrow.
    """
    check_merged_path(path)
    results = _read(places, keys)
    if path.suffix == ".parquet":
        return _write_table(results, path)
    count = 0
    with whole_binary(path) as stream:
        for content in results:
            stream.write(content)
            count += 1
    return count


def _read(places: Places, keys: UInt64[np.ndarray, "recording"]) -> Iterator[bytes]:
    """Results of one recording after the other."""
    with ExitStack() as stack:
        files: dict[Path, BinaryIO] = {}
        for key in keys:
            place = places.get(int(key))
            if place is None:
                continue
            if place.part not in files:
                if len(files) >= _MOST_OPEN:
                    stack.close()
                    files.clear()
                files[place.part] = stack.enter_context(place.part.open("rb"))
            yield _content(files[place.part], place)


def _content(file: BinaryIO, place: Place) -> bytes:
    file.seek(place.offset)
    content = file.read(place.length)
    if len(content) < place.length or not content.startswith(b"{") or not content.endswith(b"}\n"):
        raise ConfigError(
            f"{place.part}: damaged at byte {place.offset}; remove it and its index, and give the same "
            "command again"
        )
    return content


def _write_table(results: Iterable[bytes], path: Path) -> int:
    """Parquet: a row for each talker and frame."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("recording", pa.dictionary(pa.int32(), pa.string())),
            ("time_s", pa.float32()),
            ("talker", pa.int16()),
            *((name, pa.float32()) for name in ("azimuth_deg", "elevation_deg", "x", "y", "z", "score")),
            ("zone", pa.dictionary(pa.int32(), pa.string())),
        ]
    )
    count, rows = 0, []
    with whole_file(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        for content in results:
            count += 1
            rows += _rows(content)
            if len(rows) >= _ROWS:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows = []
        writer.write_table(pa.Table.from_pylist(rows, schema))
    return count


def _rows(content: bytes) -> list[dict[str, Any]]:
    header, *frames, _ = map(json.loads, content.splitlines())
    name = header.get("id") or header["file"]
    return [
        {
            "recording": name,
            "time_s": frame["time_s"],
            "talker": source["id"],
            "azimuth_deg": source["azimuth_deg"],
            "elevation_deg": source["elevation_deg"],
            **dict(zip("xyz", source["xyz"], strict=True)),
            "score": source["score"],
            "zone": source.get("zone"),
        }
        for frame in frames
        for source in frame["sources"]
    ]
