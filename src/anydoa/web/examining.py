"""`POST /api/doctor`: a recording comes in, and what is wrong with the array that made it goes out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from anydoa.doctor import check_azimuth, diagnose, report_json
from anydoa.geometry import MicrophoneArray
from anydoa.io.audio import read_first_minute
from anydoa.web.background import in_background
from anydoa.web.catalogue import Catalogue, Choice
from anydoa.web.inbox import Inbox, upload_name
from anydoa.web.messages import array_content, toml_text
from anydoa.web.refusal import named
from anydoa.web.turns import Turns, WorkTurn


class DoctorEndpoint:
    """Examines arrays by what they recorded, one at a time and in turn with what is located.

    Args:
        catalogue: arrays that may be chosen; corrected ones join them.
        inbox: where recordings come in.
        turns: the turns of all work of the server.
        is_stopping: whether the server wants to end.
    """

    def __init__(
        self, catalogue: Catalogue, inbox: Inbox, turns: Turns, is_stopping: Callable[[], bool]
    ) -> None:
        self._catalogue, self._inbox, self._turns = catalogue, inbox, turns
        self._is_stopping = is_stopping

    async def answer(self, request: Request) -> Response:
        """The doctor's verdict on a recording."""
        name = upload_name(request, "recording")
        query = request.query_params
        with self._inbox.place(name) as path:
            await self._inbox.receive(request, path)
            array = self._catalogue.array(Choice(query.get("array"), ignore=query.get("ignore", "")))
            azimuth_deg = _azimuth_deg(query.get("known_azimuth", ""))
            turn = WorkTurn(self._turns)
            report = await in_background(
                lambda: self._examine(turn, path, name, array, azimuth_deg),
                turn,
                request,
                self._is_stopping,
            )
            return JSONResponse(report)

    def _examine(
        self, turn: WorkTurn, path: Path, name: str, array: MicrophoneArray, azimuth_deg: float | None
    ) -> dict[str, Any]:
        with turn.held(), named(path, name):
            audio, sample_rate = read_first_minute(path)
            turn.give_way()
            diagnosis = diagnose(audio, sample_rate, array, known_azimuth_deg=azimuth_deg)
        report = report_json(diagnosis)
        if diagnosis.corrected is not None:
            corrected = diagnosis.corrected.replace(name=f"{array.name} corrected")
            offered = self._catalogue.add_array(corrected, name)
            report["corrected"] |= {**array_content(offered), "toml": toml_text(offered)}
        return report


def _azimuth_deg(text: str) -> float | None:
    """Where the only talker is, or None where nobody said so."""
    if not text:
        return None
    try:
        azimuth_deg = float(text)
    except ValueError:
        azimuth_deg = float("nan")
    check_azimuth(azimuth_deg, "the azimuth of the talker", repr(text))
    return azimuth_deg
