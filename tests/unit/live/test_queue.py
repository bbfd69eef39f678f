"""The queue between reading and computing: bounded, the oldest goes, and nothing gets lost uncounted."""

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anydoa.live.queue import AudioBlock, SoundQueue


def block(start: int, length: int) -> AudioBlock:
    return AudioBlock(start, np.full((2, length), start, dtype=np.float32), arrival=float(start))


def taken(queue: SoundQueue) -> list[AudioBlock]:
    found = []
    while (next_one := queue.get(0.0)) is not None:
        found.append(next_one)
    return found


def test_a_full_queue_drops_the_oldest_sound() -> None:
    queue = SoundQueue(10, can_wait=False)
    for start in (0, 4, 8, 12):
        queue.put(block(start, 4))
    assert [one.start for one in taken(queue)] == [8, 12]
    assert queue.num_dropped == 8


def test_a_block_longer_than_the_queue_is_kept_alone() -> None:
    queue = SoundQueue(10, can_wait=False)
    queue.put(block(0, 3))
    queue.put(block(3, 50))
    assert [one.start for one in taken(queue)] == [3]


@given(st.lists(st.one_of(st.integers(1, 30), st.just(0)), max_size=60), st.integers(1, 60))
def test_what_comes_out_is_in_order_and_what_is_missing_is_counted(moves: list[int], limit: int) -> None:
    queue = SoundQueue(limit, can_wait=False)
    position, found = 0, []
    for length in moves:  # zero takes one out
        if length:
            queue.put(block(position, length))
            position += length
        elif (one := queue.get(0.0)) is not None:
            found.append(one)
    found += taken(queue)
    starts = [one.start for one in found]
    assert starts == sorted(starts)
    assert sum(one.audio.shape[1] for one in found) + queue.num_dropped == position


def test_a_sender_that_can_wait_waits_and_nothing_is_dropped() -> None:
    queue = SoundQueue(10, can_wait=True)
    starts = range(0, 400, 4)
    sender = threading.Thread(target=lambda: [queue.put(block(start, 4)) for start in starts])
    sender.start()
    found = [queue.get(10.0) for _ in starts]
    sender.join()
    assert [one.start for one in found if one is not None] == list(starts)
    assert queue.num_dropped == 0


def test_closing_wakes_who_waits_at_either_end() -> None:
    for queue, wait in (
        (SoundQueue(10, can_wait=True), lambda queue: queue.put(block(10, 10))),
        (SoundQueue(10, can_wait=False), lambda queue: queue.get(60.0)),
    ):
        if queue._can_wait:
            queue.put(block(0, 10))
        waiter = threading.Thread(target=wait, args=(queue,))
        waiter.start()
        queue.close()
        waiter.join(10)
        assert not waiter.is_alive()
        assert queue.finished


def test_after_the_end_what_is_held_can_still_be_taken() -> None:
    queue = SoundQueue(10, can_wait=False)
    queue.put(block(0, 4))
    queue.end()
    queue.put(block(4, 4))
    assert not queue.finished
    assert [one.start for one in taken(queue)] == [0]
    assert queue.finished
