"""Boards that are known: their cards, arrays and cures."""

from typing import get_args

import pytest

from anydoa.doctor.findings import Kind
from anydoa.io.array_file import load_array
from anydoa.io.boards import Board, find_board, list_boards


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.name)
def test_what_is_known_of_a_board_fits_its_arrays_and_the_doctor(board: Board) -> None:
    assert set(board.cures) <= {"few_channels", *get_args(Kind)}
    arrays = [load_array(name) for name in board.arrays]
    assert arrays
    for array in arrays:
        assert array.num_recording_channels == board.raw_channels
        assert find_board("", array.name) == board
        assert not array.device_match or find_board(array.device_match) == board
    assert board.source


@pytest.mark.parametrize(
    ("card", "name"),
    [
        ("reSpeaker XVF3800 4-Mic Array: USB Audio (hw:2,0)", "ReSpeaker XVF3800"),
        ("ReSpeaker 4 Mic Array (UAC1.0): USB Audio (hw:1,0)", "ReSpeaker USB 4-Mic Array"),
        (
            "seeed-8mic-voicecard (hw:1,0)",
            "ReSpeaker 6-Mic Circular Array for Raspberry Pi",
        ),
    ],
)
def test_a_board_is_known_by_its_card(card: str, name: str) -> None:
    board = find_board(card)
    assert board is not None
    assert board.name == name


def test_other_cards_are_no_board() -> None:
    assert find_board("HD Webcam: USB Audio (hw:0,0)") is None
    assert find_board("", "") is None


def test_a_card_with_too_few_channels_is_told_of_its_firmware() -> None:
    board = find_board("ReSpeaker 4 Mic Array (UAC1.0)")
    assert board is not None
    assert board.advice(1).startswith("Put the 6-channel firmware on it")
    assert board.advice(6).startswith("Channel 0 is processed sound")
