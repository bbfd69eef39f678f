"""`POST /api/calibrate`: where the microphones are, by the newest recording of the live stream."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from anydoa.calibration import calibrate_blocks
from anydoa.errors import AudioError
from anydoa.geometry import MicrophoneArray
from anydoa.io.audio import audio_info, read_blocks
from anydoa.web.background import in_background
from anydoa.web.catalogue import Catalogue, Choice
from anydoa.web.listening import Listening
from anydoa.web.messages import array_content, toml_text
from anydoa.web.refusal import named
from anydoa.web.turns import Turns, WorkTurn


class CalibrateEndpoint:
    """Refines the positions of microphones by a walk around the array, for one client at a time.

    Args:
        catalogue: arrays that may be chosen; refined ones join them.
        listening: has the recording of the walk.
        turns: the turns of all work of the server.
        is_stopping: whether the server wants to end.
    """

    def __init__(
        self, catalogue: Catalogue, listening: Listening, turns: Turns, is_stopping: Callable[[], bool]
    ) -> None:
        self._catalogue, self._listening, self._turns = catalogue, listening, turns
        self._is_stopping = is_stopping
        self._is_busy = False

    async def answer(self, request: Request) -> Response:
        """How far each microphone moved, and the array with it."""
        query = request.query_params
        path = self._listening.recorded
        if path is None:
            raise AudioError("there is no recording of a walk yet; record the stream, then stop")
        array = self._catalogue.array(Choice(query.get("array"), ignore=query.get("ignore", "")))
        with self._alone():
            turn = WorkTurn(self._turns)
            found = await in_background(
                lambda: self._refine(turn, path, array), turn, request, self._is_stopping
            )
        return JSONResponse(found)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps others from the same work: there is one recording, and it is long."""
        if self._is_busy:
            raise HTTPException(409, "positions are being computed already; try again in a minute")
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False

    def _refine(self, turn: WorkTurn, path: Path, array: MicrophoneArray) -> dict[str, Any]:
        with turn.held(), named(path, path.name):
            blocks = _giving_way(read_blocks(path), turn)
            found = calibrate_blocks(blocks, audio_info(path).sample_rate, array)
        refined = found.array.replace(
            name=f"{array.name} refined",
            source=f"Positions refined on the page (experimental). Before: {array.source or 'not said'}",
        )
        offered = self._catalogue.add_array(refined, path.name)
        return {
            "num_directions": len(found.directions),
            "before_mm": round(1000 * found.before_m, 2),
            "after_mm": round(1000 * found.after_m, 2),
            "moves_mm": [[round(1000 * float(x), 1) for x in move] for move in found.moves_m],
            "moves_sd_mm": [[round(1000 * float(x), 1) for x in sd] for sd in found.moves_sd_m],
            **array_content(offered),
            "toml": toml_text(offered),
        }


def _giving_way(
    blocks: Iterable[Float[np.ndarray, "channel time"]], turn: WorkTurn
) -> Iterator[Float[np.ndarray, "channel time"]]:
    """The blocks of a recording; others may go first between two of them, and the work may end there."""
    for block in blocks:
        turn.give_way()
        yield block
