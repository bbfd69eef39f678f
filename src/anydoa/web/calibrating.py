"""`POST /api/calibrate`: where the microphones are, by the newest recording of the live stream."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from anydoa.calibration import calibrate_blocks
from anydoa.errors import AnydoaError, AudioError
from anydoa.geometry import MicrophoneArray
from anydoa.io.audio import audio_info, read_blocks
from anydoa.web.background import in_background
from anydoa.web.catalogue import Catalogue, Choice
from anydoa.web.listening import Listening
from anydoa.web.messages import array_content, toml_text
from anydoa.web.refusal import named, refusal
from anydoa.web.turns import Turn, Turns


class CalibrateEndpoint:
    """Refines the positions of microphones while somebody walks around the array.

    Args:
        catalogue: arrays that may be chosen; refined ones join them.
        listening: has the recording of the walk.
        turns: the turns of all work of the server.
    """

    def __init__(self, catalogue: Catalogue, listening: Listening, turns: Turns) -> None:
        self._catalogue, self._listening, self._turns = catalogue, listening, turns

    async def answer(self, request: Request) -> Response:
        """How far each microphone moved, and the array with it."""
        query = request.query_params
        try:
            path = self._listening.recorded
            if path is None:
                raise AudioError("there is no recording of a walk yet; record the stream, then stop")
            array = self._catalogue.array(Choice(query.get("array"), ignore=query.get("ignore", "")))
            return JSONResponse(await in_background(lambda: self._refine(path, array)))
        except AnydoaError as error:
            return refusal(error)

    def _refine(self, path: Path, array: MicrophoneArray) -> dict[str, Any]:
        with Turn(self._turns).held(), named(path, path.name):
            found = calibrate_blocks(read_blocks(path), audio_info(path).sample_rate, array)
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
