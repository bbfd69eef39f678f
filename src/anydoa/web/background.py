"""Long work for a client, in a thread that keeps no server from its end."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.requests import Request

from anydoa.web.turns import WorkTurn

_LOOK_S = 0.25  # between two looks whether anybody waits for the work


async def in_background(
    work: Callable[[], dict[str, Any]], turn: WorkTurn, request: Request, is_stopping: Callable[[], bool]
) -> dict[str, Any]:
    """What some work gives, or whatever it raises; a server that stops does not wait for it.

    Args:
        work: waits for its turn and gives way now and then.
        turn: turn of the work; given up when the client leaves or the server wants to end.
        request: request of the client.
        is_stopping: whether the server wants to end.

    Raises:
        GivenUpError: if the work is given up meanwhile.
    """
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
        result, problem = None, None
        try:
            result = work()
        except Exception as error:  # handed to whoever waits
            problem = error
        with suppress(RuntimeError):  # the loop is closed: the server has ended
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=run, name="anydoa-work", daemon=True).start()
    try:
        while not (await asyncio.wait({outcome}, timeout=_LOOK_S))[0]:
            if is_stopping() or await request.is_disconnected():
                turn.give_up()
        return outcome.result()
    finally:
        turn.give_up()
        outcome.cancel()  # unless it is there: nobody waits for it any more
