"""`POST /api/doctor`: a recording comes in, and what is wrong with the array that made it goes out."""

import asyncio
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from anydoa.doctor import diagnose, report_json
from anydoa.errors import AnydoaError, AudioError, ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.io import save_array
from anydoa.io.audio import read_first_minute
from anydoa.web.catalogue import Catalogue, Choice
from anydoa.web.inbox import Inbox, upload_name
from anydoa.web.messages import array_content
from anydoa.web.refusal import refusal
from anydoa.web.turns import Turn, Turns


class DoctorEndpoint:
    """Examines arrays by what they recorded, one at a time and in turn with what is located.

    Args:
        catalogue: arrays that may be chosen; corrected ones join them.
        inbox: where recordings come in.
        turns: the turns of all work of the server.
    """

    def __init__(self, catalogue: Catalogue, inbox: Inbox, turns: Turns) -> None:
        self._catalogue, self._inbox, self._turns = catalogue, inbox, turns

    async def answer(self, request: Request) -> Response:
        """The doctor's verdict on a recording."""
        name = upload_name(request, "recording")
        query = request.query_params
        try:
            with self._inbox.place(name) as path:
                await self._inbox.receive(request, path)
                array = self._catalogue.array(Choice(query.get("array"), ignore=query.get("ignore", "")))
                azimuth_deg = _azimuth_deg(query.get("known_azimuth", ""))
                return JSONResponse(
                    await _in_background(lambda: self._examine(path, name, array, azimuth_deg))
                )
        except (AnydoaError, HTTPException) as error:
            return refusal(error)

    def _examine(
        self, path: Path, name: str, array: MicrophoneArray, azimuth_deg: float | None
    ) -> dict[str, Any]:
        with Turn(self._turns).held():
            try:
                audio, sample_rate = read_first_minute(path)
                diagnosis = diagnose(audio, sample_rate, array, known_azimuth_deg=azimuth_deg)
            except AudioError as error:
                raise AudioError(str(error).replace(str(path), name)) from None
        report = report_json(diagnosis)
        if diagnosis.corrected is not None:
            corrected = diagnosis.corrected.replace(name=f"{array.name} corrected")
            offered = self._catalogue.add_array(corrected, name)
            report["corrected"] |= {**array_content(offered), "toml": _toml(offered)}
        return report


def _azimuth_deg(text: str) -> float | None:
    """Where the only talker is, or None where nobody said so."""
    if not text:
        return None
    try:
        azimuth_deg = float(text)
    except ValueError:
        azimuth_deg = float("nan")
    if not -180 <= azimuth_deg <= 360:
        raise ConfigError(
            f"the azimuth of the talker is -180..360 degrees, got {text[:80]!r}; or leave it out"
        )
    return azimuth_deg


def _toml(array: MicrophoneArray) -> str:
    """The array as a file of our own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "array.toml"
        save_array(array, path)
        return path.read_text("utf-8")


async def _in_background(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What work gives that is done in a thread which keeps no server from its end."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[dict[str, Any]] = loop.create_future()

    def settle(result: dict[str, Any] | None, error: Exception | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        elif result is not None:
            outcome.set_result(result)

    def run() -> None:
        try:
            loop.call_soon_threadsafe(settle, work(), None)
        except Exception as error:  # handed to whoever waits
            loop.call_soon_threadsafe(settle, None, error)

    threading.Thread(target=run, name="anydoa-doctor", daemon=True).start()
    return await outcome
