"""Long work for a client, in a thread that keeps no server from its end."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any


async def in_background(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What some work gives, or whatever it raises; a server that stops does not wait for it."""
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
