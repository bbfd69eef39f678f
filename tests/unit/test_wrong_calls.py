"""Whatever a caller gives, it works or is one line of the package's own errors."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    program = Path(__file__).with_name("wrong_calls.py")
    run = subprocess.run([sys.executable, "-W", "error", program], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(run.stdout)
    return found


def test_wrong_calls_end_in_one_line_and_right_ones_work(outcomes: dict[str, str]) -> None:
    for name, outcome in outcomes.items():
        assert outcome.startswith("fine" if name.startswith("fine") else "error: "), f"{name}: {outcome}"
        assert len(outcome) < 260, f"{name}: {outcome}"
        assert "\n" not in outcome, name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("sound: time first", "samples are (channel, time), got (16000, 4); pass audio.T"),
        ("push: time first, short", "samples are (channel, time), got (900, 4)"),
        ("sound: integers", "divide integers by full scale"),
        ("push: integers", "divide integers by full scale"),
        ("beam: integers", "divide integers by full scale"),
        ("beam: complex", "audio must be floating-point (channels, samples), got complex128"),
        ("aim: no chance", "a chance must be 0..1, got nan"),
        ("aim: nowhere", "an aim needs a direction of length 1, got 0; divide by it"),
        ("talkers: sources", "talkers are a list of those of a result, got [Source("),
        ("talkers: of a file with a rate", "sample_rate is for samples in memory, got 16000 for a file"),
        ("sound: an open file", "must be the path of a file, a list of paths, or samples (channel, time)"),
        ("sound: a far tensor", "cannot convert a tensor on cuda:0"),
        ("sound: masked", "must not be masked"),
        ("array: positions", "array must be a name, a file or MicrophoneArray(positions)"),
        ("rate: nan", "stream: sample rate must be a whole number of Hz, got nan"),
        ("rate: 1", "sample rate must be at least 8000 Hz"),
        ("look-ahead: all", "look-ahead must be 0 or more seconds, got 'all'; give math.inf for all of it"),
        ("look-ahead: None", "look-ahead must be 0 or more seconds, got None; give math.inf for all of it"),
        ("separation: 10", "min_separation_deg must be a number of degrees, got '10'; give one"),
        ("num_sources: 1.5", "num_sources must be a whole number from 1, got 1.5"),
    ],
)
def test_messages_say_what_to_do(outcomes: dict[str, str], call: str, message: str) -> None:
    assert message in outcomes[call]
