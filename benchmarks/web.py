"""The web server under load: fifty listeners, ten of them stalled, and a thousand malformed messages.

python benchmarks/web.py [--seconds 30] [--clients 50] [--stalled 10] [--messages 1000] [--record FILE]
"""

import argparse
import asyncio
import json
import random
import re
import socket
import statistics
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from recording import BenchmarkRecord, add_record_option
from websockets.asyncio.client import connect

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from unit.web.served import (
    RECORDING,
    exchange,
    is_cut,
    malformed_frames,
    malformed_request,
    send_and_read,
    serving,
    stalled_listener,
    upgrade_request,
)

GRID = "fibonacci:2048"
SEED = 1


def main() -> None:
    arguments = parse_arguments()
    recording = BenchmarkRecord(arguments.record, seed=SEED)
    figures = {"load": measure_load(arguments), "fuzz": measure_fuzz(arguments.messages)}
    for name, values in figures.items():
        print(f"\n{name}")
        for key, value in values.items():
            print(f"  {key}: {value}")
    recording.keep([{"part": name, **plain(values)} for name, values in figures.items()])


def plain(values: dict[str, object]) -> dict[str, object]:
    """Figures by the names of a record; a count of answers takes the name of its status."""
    named: dict[str, object] = {}
    for key, value in values.items():
        name = re.sub(r"\W+", "_", key.replace("%", "")).strip("_")
        is_count = isinstance(value, dict)
        named |= {f"{name}_{status}": count for status, count in value.items()} if is_count else {name: value}
    return named


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--stalled", type=int, default=10, help="of the clients, those that take nothing")
    parser.add_argument("--messages", type=int, default=1000)
    add_record_option(parser)
    return parser.parse_args()


def measure_load(arguments: argparse.Namespace) -> dict[str, float]:
    """What the prompt clients hear while others stall, and when those are cut."""
    with serving(replay=RECORDING, grid=GRID) as server:
        stalled = [stalled_listener(server.port) for _ in range(arguments.stalled)]
        begin = time.process_time()
        heard = asyncio.run(
            listen_together(server.port, arguments.clients - arguments.stalled, arguments.seconds)
        )
        busy = time.process_time() - begin
        cut = sum(is_cut(connection, within_s=1.0) for connection in stalled)
    arrivals = defaultdict(list)
    for frames in heard:
        for time_s, arrival in frames:
            arrivals[time_s].append(arrival)
    complete = [moments for moments in arrivals.values() if len(moments) == len(heard)]
    spreads_ms = sorted(1000 * (max(moments) - min(moments)) for moments in complete)
    return {
        "prompt_clients": len(heard),
        "frames_each_least": min(map(len, heard)),
        "frames_each_most": max(map(len, heard)),
        "last_after_first_median_ms": round(statistics.median(spreads_ms), 1),
        "last_after_first_99_ms": round(spreads_ms[int(0.99 * len(spreads_ms))], 1),
        "stalled_clients": len(stalled),
        "stalled_clients_cut": cut,
        "core_share": round(busy / arguments.seconds, 2),
    }


async def listen_together(port: int, count: int, seconds: float) -> list[list[tuple[float, float]]]:
    """For each client, the time in the stream and the moment of arrival of every frame."""

    async def listen() -> list[tuple[float, float]]:
        frames = []
        async with connect(f"ws://127.0.0.1:{port}/live") as websocket:
            await ready.wait()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                message = json.loads(await websocket.recv())
                if message["type"] == "frame":
                    frames.append((message["time_s"], time.monotonic()))
        return frames

    ready = asyncio.Barrier(count)
    return await asyncio.gather(*(listen() for _ in range(count)))


def measure_fuzz(count: int) -> dict[str, float]:
    """Half malformed HTTP, half malformed WebSocket frames, and whether the server still answers."""
    dice = random.Random(SEED)
    answers: Counter[str] = Counter()
    with serving(replay=RECORDING) as server:
        begin = time.monotonic()
        for _ in range(count // 2):
            answers[status(exchange(server.port, malformed_request(dice), timeout_s=1.0, leave=True))] += 1
        for _ in range(count - count // 2):
            with socket.create_connection(("127.0.0.1", server.port), timeout=1.0) as connection:
                connection.sendall(upgrade_request(server.port))
                answers[status(send_and_read(connection, malformed_frames(dice), leave=True))] += 1
        duration_s = time.monotonic() - begin
        good = b"GET /api/options HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        serving_still = exchange(server.port, good).startswith(b"HTTP/1.1 200")
    return {
        "messages": count,
        "seconds": round(duration_s, 1),
        "internal_errors": answers["500"],
        "answers": dict(answers.most_common()),
        "serves_afterwards": serving_still,
    }


def status(answer: bytes) -> str:
    """Status code of an answer, or silence."""
    return answer[9:12].decode("ascii", "replace") if answer.startswith(b"HTTP/1.1 ") else "closed"


if __name__ == "__main__":
    main()
