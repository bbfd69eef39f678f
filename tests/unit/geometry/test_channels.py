"""Lists of channels: short, and read back as they were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anydoa.geometry.channels import channel_code, channel_option, channel_text, parse_channels

CHANNELS = st.lists(st.integers(0, 200), min_size=1, max_size=200, unique=True).map(sorted)


@given(CHANNELS)
def test_what_is_written_as_an_option_is_read_back(channels: list[int]) -> None:
    text = channel_option(channels)
    assert text == "" or sorted(parse_channels(text)) == channels


@given(CHANNELS)
def test_what_is_written_in_python_is_the_same_list(channels: list[int]) -> None:
    code = channel_code(channels)
    assert code == "" or sorted(eval(code)) == channels


@given(CHANNELS)
def test_no_list_is_long(channels: list[int]) -> None:
    assert max(len(channel_text(channels)), len(channel_option(channels)), len(channel_code(channels))) < 260


@pytest.mark.parametrize("text", ["", "six", "3-1", "1,,2", "1-", "0-999999999", "--3", "1.5"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no range|invalid literal"):
        parse_channels(text)
