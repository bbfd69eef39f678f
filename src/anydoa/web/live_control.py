"""Endpoints that change what is listened to and record it, and those for files that the page sends."""

import asyncio
import shutil

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from anydoa.errors import AnydoaError
from anydoa.io import load_array
from anydoa.io.audio import audio_info
from anydoa.web.catalogue import Catalogue
from anydoa.web.inbox import Inbox, upload_name
from anydoa.web.listening import Listening
from anydoa.web.messages import array_content
from anydoa.web.refusal import explained, named
from anydoa.web.sounds import LiveChoice


class LiveControl:
    """Starts, changes, stops and records the live stream at the wish of a client.

    Args:
        listening: what is changed.
        catalogue: where arrays that come as files are added.
        inbox: where files come in.
    """

    def __init__(self, listening: Listening, catalogue: Catalogue, inbox: Inbox) -> None:
        self._listening, self._catalogue, self._inbox = listening, catalogue, inbox

    @property
    def routes(self) -> list[Route]:
        """What is asked for where."""
        return [
            Route("/api/listening", explained(self._told)),
            Route("/api/listening", explained(self._changed), methods=["POST"]),
            Route("/api/listening", explained(self._stopped), methods=["DELETE"]),
            Route("/api/recording", explained(self._recording)),
            Route("/api/recording", explained(self._recording_begun), methods=["POST"]),
            Route("/api/recording", explained(self._recording_ended), methods=["DELETE"]),
            Route("/api/arrays", explained(self._array_added), methods=["POST"]),
            Route("/api/replays", explained(self._replay_added), methods=["POST"]),
        ]

    async def _told(self, request: Request) -> Response:
        """What is chosen now, and what may be chosen."""
        return JSONResponse(await asyncio.to_thread(self._listening.content))

    async def _changed(self, request: Request) -> Response:
        """Listen to what the request names."""
        await self._listening.change(LiveChoice.of(request.query_params))
        return await self._told(request)

    async def _stopped(self, request: Request) -> Response:
        """Listen to nothing."""
        await self._listening.stop()
        return await self._told(request)

    async def _recording(self, request: Request) -> Response:
        """The newest recording that is complete, as a WAV file."""
        path = self._listening.recorded
        if path is None:
            raise HTTPException(404, "there is no recording yet; start one, and stop it")
        return FileResponse(path, media_type="audio/wav", filename=path.name)

    async def _recording_begun(self, request: Request) -> Response:
        """Record the stream from now on."""
        self._listening.check_unlocked()
        path = self._inbox.new_path(upload_name(request, "live") + ".wav")
        try:
            self._listening.record(path)
        except AnydoaError:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        return self._recorder_state()

    async def _recording_ended(self, request: Request) -> Response:
        """Complete the recording."""
        self._listening.check_unlocked()
        recorder = self._listening.recorder
        if recorder is not None:
            await asyncio.to_thread(recorder.stop)
        return self._recorder_state()

    def _recorder_state(self) -> Response:
        return JSONResponse({"recording": self._listening.recording})

    async def _array_added(self, request: Request) -> Response:
        """Offer the array that a file describes."""
        name = upload_name(request, "array")
        with self._inbox.place(name) as path:
            await self._inbox.receive(request, path)
            with named(path, name):
                array = await asyncio.to_thread(load_array, path, other_files=False)
        return JSONResponse(array_content(self._catalogue.add_array(array, name)))

    async def _replay_added(self, request: Request) -> Response:
        """Offer a recording to be replayed."""
        self._listening.check_unlocked()
        name = upload_name(request, "recording")
        with self._inbox.place(name) as path:
            await self._inbox.receive(request, path)
            with named(path, name):
                await asyncio.to_thread(audio_info, path)
            kept = self._inbox.new_path(name)
            path.rename(kept)
        return JSONResponse({"name": self._listening.sounds.add_recording(kept, name)})
