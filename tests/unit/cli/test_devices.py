"""`anydoa devices`: which cards fit an array, the same in the table and in JSON."""

import json

import pytest

from anydoa.cli import main
from anydoa.live import SoundCard


class Card(SoundCard):
    """A card that records at any rate."""

    def sample_rates(self, num_channels: int) -> list[int]:
        return [16_000]


CARDS = [
    Card(0, "small", 2, 16_000),
    Card(1, "exact", 8, 16_000),
    Card(2, "large", 10, 16_000),
    Card(3, "default", 32, 16_000),
]


def test_the_table_and_json_say_the_same_of_a_card(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("anydoa.live.list_cards", lambda: CARDS, raising=False)
    assert main(["devices", "--array", "linear-8"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert main(["devices", "--array", "linear-8", "--format", "json"]) == 0
    fits = [card["fits"] for card in json.loads(capsys.readouterr().out)]
    said = {False: "no, needs 8 channels", True: ("yes", "its first 8"), None: "may lead to any card"}
    assert fits == [False, True, True, None]
    assert all(row.rstrip().endswith(said[fit]) for row, fit in zip(rows, fits, strict=True))
