"""Recordings on the page as a person meets them: chosen, dropped, located, heard and saved; mistakes told."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import FileChooser, FilePayload, Page, expect

from anydoa.io.array_file import FORMATS
from anydoa.web.catalogue import Catalogue
from anydoa.web.server import PageServer, ServerOptions
from anydoa.web.upload import UploadLimits
from browser.conftest import GRID, Visiting, small_catalogue
from browser.visit import PHONE, painted, saved
from unit.web.served import ESTIMATOR, EXAMPLES, RECORDING, serving

TALKERS = (40.0, -75.0)  # azimuths of examples/two_talkers.truth.json


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half of the recording: one talker, and half the time to locate."""
    audio, rate = soundfile.read(RECORDING)
    path = tmp_path_factory.mktemp("short") / "short.wav"
    soundfile.write(path, audio[: int(3.4 * rate)], rate)
    return path


@pytest.fixture(scope="module")
def bare() -> Iterator[PageServer]:
    """A server that was told no array."""
    with serving(catalogue=Catalogue(None, ESTIMATOR, GRID)) as running:
        yield running


def test_a_chosen_recording_is_located(visit: Visiting, quiet: PageServer) -> None:
    seen = visit(quiet.url)
    seen.page.set_input_files("#file", RECORDING)
    rows = seen.page.locator("#result-table tbody tr")
    expect(rows).to_have_count(2)
    found = sorted(float(str(rows.nth(index).get_attribute("data-azimuth"))) for index in range(2))
    np.testing.assert_allclose(found, sorted(TALKERS), atol=10)
    assert painted(seen.page, "#result-view canvas") > 100
    seen.screenshots("recording", "light", "phone")
    assert seen.strangers(quiet.port) == []
    assert seen.complaints == []


def test_a_recording_dropped_on_the_page_is_located(visit: Visiting, quiet: PageServer, short: Path) -> None:
    seen = visit(quiet.url)
    seen.page.set_input_files("#file", short)  # only to have a file to drag
    seen.page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(document.getElementById("file").files[0]);
            for (const type of ["dragenter", "dragover", "drop"]) {
                const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
                document.body.dispatchEvent(new DragEvent(type, options));
            }
        }"""
    )
    expect(seen.page.locator("#tab-recording")).to_have_attribute("aria-selected", "true")
    expect(seen.page.locator("#result-table tbody tr")).to_have_count(1)
    expect(seen.page.locator("#veil")).to_be_hidden()
    assert seen.complaints == []


def ignore_chooser(chooser: FileChooser) -> None:
    """Whoever asked for it answers it."""


def test_the_keyboard_alone_locates_a_recording(visit: Visiting, quiet: PageServer, short: Path) -> None:
    seen = visit(quiet.url)
    page = seen.page
    # The browser is told early that choosers are ours: told with the key press, it may open its own first.
    page.on("filechooser", ignore_chooser)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#tab-live")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-recording")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#file")).to_be_focused()
    with page.expect_file_chooser(timeout=60_000) as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(short)
    expect(page.locator("#result-table tbody tr")).to_have_count(1)
    page.remove_listener("filechooser", ignore_chooser)
    for control in ("#array", "#array-file", "#choose-estimator", "#grid", "#sources"):
        page.keyboard.press("Tab")
        expect(page.locator(control)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")  # two talkers
    page.keyboard.press("Tab")
    expect(page.locator("#ignore")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#result-table tbody tr")).to_have_count(2)
    assert seen.complaints == []


def test_a_bad_recording_is_explained(visit: Visiting, quiet: PageServer, tmp_path: Path) -> None:
    wrong = tmp_path / "stereo.wav"
    soundfile.write(wrong, np.zeros((16000, 2)), 16000)
    seen = visit(quiet.url)
    seen.page.set_input_files("#file", wrong)
    error = seen.page.locator("#error")
    expect(error).to_contain_text("stereo.wav: recording has 2 channels but array 'two_talkers' uses 6")
    expect(error).to_have_attribute("role", "alert")
    assert [text for text in seen.complaints if "400 (Bad Request)" not in text] == []


def test_a_page_without_a_stream_opens_the_recordings_and_asks_for_the_array(
    visit: Visiting, bare: PageServer
) -> None:
    seen = visit(bare.url)
    expect(seen.page.locator("#tab-recording")).to_have_attribute("aria-selected", "true")
    seen.page.click("#tab-live")
    expect(seen.page.locator("#live-idle")).to_contain_text("No live stream")
    assert seen.complaints == []
    seen.page.click("#tab-recording")
    seen.page.set_input_files("#file", RECORDING)
    expect(seen.page.locator("#error")).to_contain_text("Which microphone array")
    seen.page.select_option("#array", "respeaker-6")
    expect(seen.page.locator("#error")).to_contain_text("has 6 channels but array 'respeaker-6' uses 6 and")


def drag(page: Page, script: str, *types: str) -> None:
    """Drag over the page what the script puts into ``transfer``."""
    page.evaluate(
        f"""(types) => {{
            const transfer = new DataTransfer();
            {script}
            for (const type of types) {{
                const options = {{ dataTransfer: transfer, bubbles: true, cancelable: true }};
                document.body.dispatchEvent(new DragEvent(type, options));
            }}
        }}""",
        list(types),
    )


def test_what_is_dragged_but_is_no_single_recording_is_not_ignored_silently(
    visit: Visiting, quiet: PageServer
) -> None:
    page = visit(quiet.url).page
    drag(page, 'transfer.setData("text/plain", "a word");', "dragenter", "dragover")
    expect(page.locator("#veil")).to_be_hidden()
    two = 'for (const name of ["a.wav", "b.wav"]) transfer.items.add(new File(["x"], name));'
    drag(page, two, "dragenter", "drop")
    expect(page.locator("#error")).to_contain_text("2 files at once: this page locates one")


def test_a_long_recording_shows_how_far_it_is_and_can_be_given_up(
    visit: Visiting, quiet: PageServer, short: Path, tmp_path: Path
) -> None:
    long = tmp_path / "long.flac"
    soundfile.write(long, np.random.default_rng(0).normal(0, 0.01, (16000 * 120, 6)), 16000)
    seen = visit(quiet.url)
    seen.page.set_input_files("#file", short)
    expect(seen.page.locator("#result-table tbody tr")).to_have_count(1)
    seen.page.set_input_files("#file", long)
    expect(seen.page.locator("#progress-text")).to_contain_text(
        re.compile(r"Located \d+ %, about \d+ (s|min) left")
    )
    expect(seen.page.locator("#result")).to_have_class(re.compile("old"))
    seen.page.click("#cancel")
    expect(seen.page.locator("#progress-box")).to_be_hidden()
    expect(seen.page.locator("#go")).to_be_enabled()
    assert seen.complaints == []


def test_a_mistake_hides_the_result_of_another_recording(
    visit: Visiting, quiet: PageServer, short: Path, tmp_path: Path
) -> None:
    surplus = tmp_path / "eight.wav"
    soundfile.write(surplus, np.random.default_rng(0).normal(0, 0.1, (16000, 8)), 16000)
    seen = visit(quiet.url)
    seen.page.set_input_files("#file", short)
    expect(seen.page.locator("#result")).to_be_visible()
    seen.page.set_input_files("#file", surplus)
    expect(seen.page.locator("#error")).to_contain_text("eight.wav: recording has 8 channels")
    expect(seen.page.locator("#result")).to_be_hidden()
    seen.page.fill("#ignore", "6, 7")
    seen.page.click("#go")
    expect(seen.page.locator("#result-about")).to_contain_text("eight.wav: 1.0 s")


def test_everything_that_was_found_can_be_saved(visit: Visiting, quiet: PageServer, short: Path) -> None:
    seen = visit(quiet.url)
    seen.page.set_input_files("#file", short)
    expect(seen.page.locator("#result-table tbody tr")).to_have_count(1)
    table, times, result = (saved(seen.page, f"#save-{kind}") for kind in ("table", "times", "result"))
    assert table.splitlines()[0] == "id,azimuth_deg,elevation_deg,score,mirror_deg,array"
    assert len(table.splitlines()) == 2
    assert times.splitlines()[0] == "time_s,talker,azimuth_deg,elevation_deg,score"
    content = json.loads(result)
    assert len(times.splitlines()) == 1 + sum(len(instant["sources"]) for instant in content["trace"])
    assert (content["array"]["name"], content["grid"]["name"]) == ("two_talkers", "fibonacci:256")


def test_a_talker_keeps_the_colour_of_its_source_wherever_it_walks(
    visit: Visiting, quiet: PageServer
) -> None:
    page = visit(f"{quiet.url}static/trace.js", wait=False).page
    dots = page.evaluate(
        """async () => {
            const { traceDots } = await import("/static/trace.js");
            const { fromAngles } = await import("/static/directions.js");
            const at = (id, azimuth) => ({ id, azimuth_deg: azimuth, xyz: fromAngles(azimuth, 0), score: 1 });
            // Sources are numbered by strength, talkers by their first sound.
            const sources = [at(0, -70), at(1, 40)];
            const heard = [[at(0, 40)], [at(0, 45), at(1, -75)], [at(0, 90)], [at(0, 120), at(2, 170)]];
            const trace = heard.map((sources, time_s) => ({ time_s, sources }));
            const told = ({ time, azimuth, id, shade }) => [time, azimuth, id, shade];
            return traceDots({ trace, sources }).map(told);
        }"""
    )
    assert dots == [
        [0, 40, 0, 1],
        [1, 45, 0, 1],
        [1, -75, 1, 0],
        [2, 90, 0, 1],
        [3, 120, 0, 1],
        [3, 170, 2, None],
    ]


def test_a_flat_array_shows_the_mirror_and_what_marks_mean(visit: Visiting, bare: PageServer) -> None:
    seen = visit(bare.url)
    seen.page.select_option("#array", "respeaker-6")
    ambiguity = "cannot tell above and below apart: a direction and its mirror image sound alike."
    expect(seen.page.locator("#form-array p")).to_contain_text(f"It {ambiguity}")
    seen.page.fill("#ignore", "6, 7")
    seen.page.set_viewport_size(PHONE)
    six_of_eight = add_two_channels()
    seen.page.set_input_files("#file", six_of_eight)
    row = seen.page.locator("#result-table tbody tr").first
    expect(row.locator(".mirror")).to_contain_text(re.compile(r"or \d+° (left|right|front|back), .?\d+°"))
    expect(seen.page.locator("#result-note")).to_contain_text(f"The array {ambiguity}")
    expect(seen.page.locator("#result-title")).to_be_in_viewport()  # without scrolling
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    seen.page.click("#result .legend summary")
    expect(seen.page.locator("#result .legend ul")).to_contain_text("mirror image")


def add_two_channels() -> FilePayload:
    audio, rate = soundfile.read(RECORDING)
    file = io.BytesIO()
    soundfile.write(file, np.concatenate([audio, np.zeros((len(audio), 2))], axis=1), rate, format="WAV")
    return {"name": "eight.wav", "mimeType": "audio/wav", "buffer": file.getvalue()}


def test_numbers_of_microphones_never_overprint(visit: Visiting, bare: PageServer) -> None:
    seen = visit(bare.url)
    for array in ("em32", "zylia-zm1", "respeaker-6"):
        seen.page.select_option("#array", array)
        nearest = seen.page.evaluate(
            """() => {
                const numbers = [...document.querySelectorAll("#form-array .number")];
                const shown = numbers.filter((one) => one.textContent);
                const place = (one) => ["x", "y"].map((axis) => Number(one.getAttribute(axis)));
                const places = shown.map(place);
                const apart = ([x, y]) => ([u, v]) => Math.hypot(x - u, y - v);
                return Math.min(...places.flatMap((one, n) => places.slice(n + 1).map(apart(one))));
            }"""
        )
        assert nearest >= 11


def test_a_press_on_the_time_line_plays_the_recording_from_there(
    visit: Visiting, quiet: PageServer, short: Path
) -> None:
    seen = visit(quiet.url)
    seen.page.set_input_files("#file", short)
    expect(seen.page.locator("#player")).to_be_visible()
    box = seen.page.locator("#result-timeline canvas").bounding_box()
    assert box is not None
    middle = 74 + (box["width"] - 74 - 12) / 2  # beside the plot are the names of the sides
    seen.page.locator("#result-timeline canvas").click(position={"x": middle, "y": box["height"] / 2})
    seen.page.wait_for_function("() => document.getElementById('player').currentTime > 1.75")
    heard_s = seen.page.evaluate("document.getElementById('player').currentTime")
    assert 1.7 < heard_s <= 3.4
    assert seen.complaints == []


def test_a_file_that_the_browser_cannot_play_says_what_to_do(
    visit: Visiting, quiet: PageServer, short: Path, tmp_path: Path
) -> None:
    audio, rate = soundfile.read(short)
    soundfile.write(tmp_path / "short.w64", audio, rate)
    seen = visit(quiet.url)
    seen.page.set_input_files("#file", tmp_path / "short.w64")
    expect(seen.page.locator("#player-error")).to_contain_text("Save it as WAV or FLAC")
    expect(seen.page.locator("#player")).to_be_hidden()


def test_an_array_file_of_ones_own_joins_both_lists(visit: Visiting, bare: PageServer, short: Path) -> None:
    seen = visit(bare.url)
    seen.page.set_input_files("#array-file", str(short))
    expect(seen.page.locator("#error")).to_contain_text("an array file ends in .toml")
    seen.page.set_input_files("#array-file", EXAMPLES / "two_talkers.array.toml")
    expect(seen.page.locator("#array")).to_have_value("two_talkers")
    expect(seen.page.locator("#error")).to_be_hidden()
    expect(seen.page.locator("#listen-array option[value=two_talkers]")).to_have_count(1)
    seen.page.set_input_files("#file", short)
    expect(seen.page.locator("#result-table tbody tr")).to_have_count(1)


def test_choosers_of_array_files_offer_every_format_that_is_read(visit: Visiting, quiet: PageServer) -> None:
    page = visit(quiet.url).page
    for chooser in ("#array-file", "#listen-array-file"):
        expect(page.locator(chooser)).to_have_attribute("accept", ",".join(FORMATS))


def test_a_file_that_is_too_large_is_not_sent(visit: Visiting) -> None:
    options = ServerOptions(port=0, uploads=UploadLimits(max_mb=2))
    with serving(options, catalogue=small_catalogue()) as server:
        seen = visit(server.url)
        for chooser, name, error in (
            ("#array-file", "board.toml", "#error"),
            ("#file", "talk.wav", "#error"),
            ("#listen-array-file", "other.toml", "#listen-error"),
            ("#listen-recording", "other.wav", "#listen-error"),
        ):
            large: FilePayload = {"name": name, "mimeType": "", "buffer": b"#" * 3_000_000}
            seen.page.set_input_files(chooser, large)
            expect(seen.page.locator(error)).to_have_text(f"{name} has 3 MB; this server takes 2.")
        seen.page.set_input_files("#file", {"name": "long.wav", "mimeType": "", "buffer": b"#" * 3_000_000})
        seen.page.click(".examine summary")
        seen.page.click("#examine")
        expect(seen.page.locator("#error")).to_have_text("long.wav has 3 MB; this server takes 2.")
        assert seen.page.input_value("#array-file") == ""  # a smaller one of the same name may be chosen
        assert not [url for url in seen.requests if re.search("/api/(arrays|doctor|locate|replays)", url)]
        assert seen.complaints == []


def test_the_doctor_says_what_is_wrong_with_the_array(
    visit: Visiting, quiet: PageServer, tmp_path: Path
) -> None:
    audio, rate = soundfile.read(RECORDING)
    soundfile.write(tmp_path / "copied.wav", audio[:, [0, 1, 2, 3, 4, 4]], rate)
    seen = visit(quiet.url)
    page = seen.page
    page.click(".examine summary")
    page.click("#examine")
    expect(page.locator("#error")).to_contain_text("Choose a recording of the array first")
    page.set_input_files("#file", tmp_path / "copied.wav")
    page.click("#examine")
    expect(page.locator("#verdict-text")).to_contain_text("found")
    expect(page.locator("#findings li").first).to_contain_text("5")
    page.click("#take-corrected")
    expect(page.locator("#array")).to_have_value("two_talkers corrected")
    expect(page.locator("#verdict-text")).to_contain_text("two_talkers corrected is chosen. Examine it, too")
    expect(page.locator("#findings li")).to_have_count(0)
    expect(page.locator("#save-corrected")).to_be_visible()
    page.set_input_files("#file", RECORDING)
    expect(page.locator("#verdict")).to_be_hidden()
    page.click("#examine")
    expect(page.locator("#verdict")).to_be_visible()
    page.select_option("#array", "two_talkers")
    expect(page.locator("#verdict")).to_be_hidden()
    page.fill("#known-azimuth", "left")
    page.click("#examine")
    expect(page.locator("#error")).to_contain_text(
        "azimuth of the talker must be -180..360 degrees, got 'left'"
    )
    assert [text for text in seen.complaints if "400 (Bad Request)" not in text] == []
