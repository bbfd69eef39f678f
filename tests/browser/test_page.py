"""The page as a person meets it: talkers move, files are located, nothing goes anywhere else."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, FilePayload, Page, expect

from anydoa.web.catalogue import Catalogue
from anydoa.web.server import PageServer, ServerOptions
from browser.conftest import DESKTOP, PHONE, Visit
from unit.web.served import ESTIMATOR, RECORDING, serving

SLOWLY = 4.0  # results a second; drawing a sphere without a graphics card takes its time
TALKERS = (40.0, -75.0)  # azimuths of examples/two_talkers.truth.json


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with serving(replay=RECORDING, results_per_s=SLOWLY) as running:
        yield running


def visit(browser: Browser, url: str) -> Visit:
    visited = Visit(browser.new_context(viewport=DESKTOP).new_page())
    visited.page.goto(url)
    expect(visited.page.locator("main[inert]")).to_have_count(0)  # all of it answers
    return visited


def wait_for_talker(page: Page, azimuth: float, *, tolerance: float = 10.0) -> None:
    """Until the table of talkers has one within the tolerance."""
    page.wait_for_function(
        """([azimuth, tolerance]) => [...document.querySelectorAll("#talkers tbody tr")]
            .some((row) => Math.abs(row.dataset.azimuth - azimuth) <= tolerance)""",
        arg=[azimuth, tolerance],
        timeout=90_000,
    )


def painted(page: Page, canvas: str) -> int:
    """How many different colours a canvas shows."""
    count: int = page.evaluate(
        """(selector) => {
            const source = document.querySelector(selector);
            const copy = new OffscreenCanvas(source.width, source.height).getContext("2d");
            copy.drawImage(source, 0, 0);
            const pixels = new Uint32Array(copy.getImageData(0, 0, source.width, source.height).data.buffer);
            return new Set(pixels).size;
        }""",
        canvas,
    )
    return count


def test_replayed_talkers_are_where_they_were(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    for azimuth in TALKERS:
        wait_for_talker(seen.page, azimuth)
    assert seen.page.get_attribute("#live-view", "data-kind") == "sphere"
    assert painted(seen.page, "#live-view canvas") > 100
    assert painted(seen.page, "#live-timeline canvas") > 100
    assert seen.page.locator('#levels [role="meter"]').count() == 6
    seen.screenshots("live")
    assert seen.strangers(server.port) == []
    assert f"ws://127.0.0.1:{server.port}/live" in seen.requests
    assert seen.complaints == []
    seen.page.context.close()


def test_a_drag_and_the_arrow_keys_turn_the_sphere(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
    overlay = seen.page.locator("#live-view canvas").last
    before = painted_names(seen.page)
    overlay.focus()
    for _ in range(9):
        seen.page.keyboard.press("ArrowRight")
    turned = painted_names(seen.page)
    assert turned != before
    box = overlay.bounding_box()
    assert box is not None
    seen.page.mouse.move(box["x"] + 300, box["y"] + 200)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + 400, box["y"] + 240, steps=4)
    seen.page.mouse.up()
    assert painted_names(seen.page) not in (before, turned)
    assert seen.complaints == []
    seen.page.context.close()


def painted_names(page: Page) -> str:
    """The rim of the sphere's upper layer, where only the names of the sides are, as a picture."""
    page.wait_for_timeout(150)
    picture: str = page.evaluate(
        """() => {
            const source = [...document.querySelectorAll("#live-view canvas")].at(-1);
            const strip = document.createElement("canvas");
            Object.assign(strip, { width: 110, height: source.height });
            strip.getContext("2d").drawImage(source, 270 - source.width / 2, 0);
            return strip.toDataURL();
        }"""
    )
    return picture


def test_without_webgl_the_map_takes_over(browser_without_webgl: Browser, server: PageServer) -> None:
    seen = visit(browser_without_webgl, server.url)
    for azimuth in TALKERS:
        wait_for_talker(seen.page, azimuth)
    assert seen.page.get_attribute("#live-view", "data-kind") == "map"
    assert seen.page.is_disabled("#live-sphere")
    assert painted(seen.page, "#live-view canvas") > 100
    seen.screenshot("live_map_without_webgl")
    assert seen.complaints == []
    seen.page.context.close()


def test_sphere_and_map_are_a_choice(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    seen.page.click("#live-map")
    expect(seen.page.locator("#live-view")).to_have_attribute("data-kind", "map")
    expect(seen.page.locator("#live-map")).to_have_attribute("aria-pressed", "true")
    seen.page.click("#live-sphere")
    expect(seen.page.locator("#live-view")).to_have_attribute("data-kind", "sphere")
    assert seen.complaints == []
    seen.page.context.close()


def test_nothing_answers_before_the_page_can(browser: Browser, server: PageServer) -> None:
    page = browser.new_context(viewport=DESKTOP).new_page()
    page.add_init_script(
        """const quick = fetch;
        window.fetch = async (...request) => {
            await new Promise((done) => setTimeout(done, 700));
            return quick(...request);
        };"""
    )
    page.goto(server.url)
    page.click("#live-map")  # waits until it can be clicked
    expect(page.locator("#live-view")).to_have_attribute("data-kind", "map")
    page.context.close()


def test_a_chosen_recording_is_located(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    seen.page.click("#tab-recording")
    seen.page.set_input_files("#file", RECORDING)
    rows = seen.page.locator("#result-table tbody tr")
    expect(rows).to_have_count(2)
    found = sorted(float(str(rows.nth(index).get_attribute("data-azimuth"))) for index in range(2))
    np.testing.assert_allclose(found, sorted(TALKERS), atol=10)
    assert painted(seen.page, "#result-view canvas") > 100
    seen.screenshots("recording")
    assert seen.strangers(server.port) == []
    assert seen.complaints == []
    seen.page.context.close()


def test_a_recording_dropped_on_the_page_is_located(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
    seen.page.set_input_files("#file", RECORDING)  # only to have a file to drag
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
    expect(seen.page.locator("#result-table tbody tr")).to_have_count(2)
    expect(seen.page.locator("#veil")).to_be_hidden()
    assert seen.complaints == []
    seen.page.context.close()


def test_the_keyboard_alone_locates_a_recording(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
    page = seen.page
    # The browser is told early that choosers are ours: told with the key press, it may open its own first.
    page.on("filechooser", lambda chooser: None)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-recording")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#file")).to_be_focused()
    with page.expect_file_chooser(timeout=60_000) as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(RECORDING)
    expect(page.locator("#result-table tbody tr")).to_have_count(2)
    for control in ("#array", "#choose-estimator", "#grid", "#sources"):
        page.keyboard.press("Tab")
        expect(page.locator(control)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.locator("#ignore")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#result-table tbody tr")).to_have_count(1)
    assert seen.complaints == []
    page.context.close()


def test_a_bad_recording_is_explained(browser: Browser, server: PageServer, tmp_path: Path) -> None:
    wrong = tmp_path / "stereo.wav"
    soundfile.write(wrong, np.zeros((16000, 2)), 16000)
    seen = visit(browser, server.url)
    seen.page.click("#tab-recording")
    seen.page.set_input_files("#file", wrong)
    error = seen.page.locator("#error")
    expect(error).to_contain_text("stereo.wav: recording has 2 channels but array 'two_talkers' uses 6")
    expect(error).to_have_attribute("role", "alert")
    seen.screenshot("bad_recording")
    assert [text for text in seen.complaints if "400 (Bad Request)" not in text] == []
    seen.page.context.close()


def test_a_dead_channel_is_named(browser: Browser, tmp_path: Path) -> None:
    audio, rate = soundfile.read(RECORDING)
    audio[:, 2] = 0
    soundfile.write(tmp_path / "dead.wav", audio, rate)
    with serving(replay=tmp_path / "dead.wav", results_per_s=SLOWLY) as server:
        seen = visit(browser, server.url)
        expect(seen.page.locator("#levels-note")).to_contain_text("No signal on channel 2:")
        expect(seen.page.locator('[data-channel="2"]')).to_have_attribute("aria-valuetext", "no signal")
        seen.screenshot("dead_channel")
        seen.page.context.close()


def test_a_page_without_a_stream_opens_the_recordings_and_asks_for_the_array(browser: Browser) -> None:
    with serving(catalogue=Catalogue(estimator=ESTIMATOR)) as server:
        seen = visit(browser, server.url)
        expect(seen.page.locator("#tab-recording")).to_have_attribute("aria-selected", "true")
        seen.page.click("#tab-live")
        expect(seen.page.locator("#live-idle")).to_contain_text("No live stream")
        seen.screenshot("no_stream")
        assert seen.complaints == []
        seen.page.click("#tab-recording")
        seen.page.set_input_files("#file", RECORDING)
        expect(seen.page.locator("#error")).to_contain_text("Which microphone array")
        seen.page.select_option("#array", "respeaker-6")
        expect(seen.page.locator("#error")).to_contain_text(
            "has 6 channels but array 'respeaker-6' uses 6 and"
        )
        seen.page.context.close()


def test_a_token_opens_the_page_and_leaves_the_address(browser: Browser) -> None:
    with serving(ServerOptions(port=0, token="correct horse"), replay=RECORDING) as server:
        plain = f"http://127.0.0.1:{server.port}/"
        seen = visit(browser, plain)
        expect(seen.page.locator("form")).to_contain_text("asks for a token")
        seen.screenshot("token")
        seen.page.fill("#token", "wrong horse")
        seen.page.keyboard.press("Enter")
        expect(seen.page.locator("form")).to_contain_text("That is not the token")
        assert "horse" not in seen.page.url
        seen.page.fill("#token", "correct horse")
        seen.page.keyboard.press("Enter")
        expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
        assert seen.page.url == plain
        assert [text for text in seen.complaints if "401 (Unauthorized)" not in text] == []
        seen.page.context.close()


def test_a_lost_server_is_told_and_found_again(browser: Browser) -> None:
    with serving(replay=RECORDING) as first:
        seen = visit(browser, first.url)
        expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
        port = first.port
    expect(seen.page.locator("#status")).to_have_attribute("data-state", "lost")
    expect(seen.page.locator("#live-old")).to_contain_text("What is shown is old.")
    expect(seen.page.locator("#live")).to_have_class(re.compile("old"))
    with serving(ServerOptions(port=port), replay=RECORDING):
        expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
        expect(seen.page.locator("#live-old")).to_be_hidden()
    with serving(ServerOptions(port=port, token="another horse"), replay=RECORDING):
        expect(seen.page.locator("#status")).to_contain_text("asks for another token")
        seen.page.click("#tab-recording")
        seen.page.set_input_files("#file", RECORDING)
        expect(seen.page.locator("#error")).to_contain_text("asks for another token")
        seen.page.context.close()


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


def test_text_that_is_dragged_is_no_recording(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    drag(seen.page, 'transfer.setData("text/plain", "a word");', "dragenter", "dragover")
    expect(seen.page.locator("#veil")).to_be_hidden()
    seen.page.context.close()


def test_several_recordings_at_once_are_not_ignored_silently(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    two = 'for (const name of ["a.wav", "b.wav"]) transfer.items.add(new File(["x"], name));'
    drag(seen.page, two, "dragenter", "drop")
    expect(seen.page.locator("#error")).to_contain_text("2 files at once: this page locates one")
    seen.page.context.close()


def test_home_and_end_choose_the_first_and_last_tab(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    seen.page.focus("#tab-live")
    seen.page.keyboard.press("End")
    expect(seen.page.locator("#tab-recording")).to_have_attribute("aria-selected", "true")
    seen.page.keyboard.press("Home")
    expect(seen.page.locator("#tab-live")).to_have_attribute("aria-selected", "true")
    seen.page.context.close()


def test_a_long_recording_shows_how_far_it_is_and_can_be_given_up(
    browser: Browser, server: PageServer, tmp_path: Path
) -> None:
    long = tmp_path / "long.flac"
    soundfile.write(long, np.random.default_rng(0).normal(0, 0.01, (16000 * 120, 6)), 16000)
    seen = visit(browser, server.url)
    seen.page.click("#tab-recording")
    seen.page.set_input_files("#file", RECORDING)
    expect(seen.page.locator("#result-table tbody tr")).to_have_count(2)
    seen.page.set_input_files("#file", long)
    expect(seen.page.locator("#progress-text")).to_contain_text(
        re.compile(r"Located \d+ %, about \d+ (s|min) left")
    )
    expect(seen.page.locator("#result")).to_have_class(re.compile("old"))
    seen.page.click("#cancel")
    expect(seen.page.locator("#progress-box")).to_be_hidden()
    expect(seen.page.locator("#go")).to_be_enabled()
    assert seen.complaints == []
    seen.page.context.close()


def test_a_mistake_hides_the_result_of_another_recording(
    browser: Browser, server: PageServer, tmp_path: Path
) -> None:
    surplus = tmp_path / "eight.wav"
    soundfile.write(surplus, np.random.default_rng(0).normal(0, 0.1, (16000, 8)), 16000)
    seen = visit(browser, server.url)
    seen.page.click("#tab-recording")
    seen.page.set_input_files("#file", RECORDING)
    expect(seen.page.locator("#result")).to_be_visible()
    seen.page.set_input_files("#file", surplus)
    expect(seen.page.locator("#error")).to_contain_text("eight.wav: recording has 8 channels")
    expect(seen.page.locator("#result")).to_be_hidden()
    seen.page.fill("#ignore", "6, 7")
    seen.page.click("#go")
    expect(seen.page.locator("#result-about")).to_contain_text("eight.wav: 1.0 s")
    seen.page.context.close()


def test_everything_that_was_found_can_be_saved(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    seen.page.click("#tab-recording")
    seen.page.set_input_files("#file", RECORDING)
    expect(seen.page.locator("#result-table tbody tr")).to_have_count(2)
    table, times, result = (saved(seen.page, f"#save-{kind}") for kind in ("table", "times", "result"))
    assert table.splitlines()[0] == "id,azimuth_deg,elevation_deg,score,mirror_deg,array"
    assert len(table.splitlines()) == 3
    assert times.splitlines()[0] == "time_s,rank,azimuth_deg,elevation_deg,score"
    content = json.loads(result)
    assert len(times.splitlines()) == 1 + sum(len(instant["sources"]) for instant in content["trace"])
    assert (content["array"]["name"], content["grid"]["name"]) == ("two_talkers", "fibonacci:512")
    seen.page.context.close()


def saved(page: Page, button: str) -> str:
    with page.expect_download() as download:
        page.click(button)
    return Path(download.value.path()).read_text("utf-8")


def test_a_flat_array_shows_the_mirror_and_what_marks_mean(browser: Browser) -> None:
    with serving(catalogue=Catalogue(None, ESTIMATOR, "fibonacci:512")) as server:
        seen = visit(browser, server.url)
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
        seen.page.context.close()


def add_two_channels() -> FilePayload:
    audio, rate = soundfile.read(RECORDING)
    file = io.BytesIO()
    soundfile.write(file, np.concatenate([audio, np.zeros((len(audio), 2))], axis=1), rate, format="WAV")
    return {"name": "eight.wav", "mimeType": "audio/wav", "buffer": file.getvalue()}


def test_numbers_of_microphones_never_overprint(browser: Browser) -> None:
    with serving(catalogue=Catalogue(None, ESTIMATOR, "fibonacci:512")) as server:
        seen = visit(browser, server.url)
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
        seen.page.context.close()


def test_meters_are_seen_in_forced_colours_and_name_clipping(browser: Browser, server: PageServer) -> None:
    seen = visit(browser, server.url)
    seen.page.emulate_media(forced_colors="active")
    expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
    styles = seen.page.evaluate(
        """() => {
            const style = (selector) => getComputedStyle(document.querySelector(selector));
            return [style(".meter .level").backgroundColor, style(".meter .track").borderTopWidth];
        }"""
    )
    assert styles[0] != "rgba(0, 0, 0, 0)"
    assert styles[1] == "1px"
    expect(seen.page.locator(".meter .decibels").first).to_contain_text(re.compile(r"\d"))
    seen.page.evaluate(
        """async () => {
            const { LevelMeters } = await import("/static/levels.js");
            const [box, note] = ["levels", "levels-note"].map((id) => document.getElementById(id));
            const meters = new LevelMeters(box, note);
            meters.setArray({ channels: [0, 1] }, 2);
            meters.show([-10, -10], [-3, 0]);
            window.clipNote = note.textContent;
        }"""
    )
    assert seen.page.evaluate("window.clipNote") == "Channel 1 clips: turn the gain down."
    seen.page.context.close()


def test_without_scripts_the_page_says_so(browser: Browser, server: PageServer) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(server.url)
    expect(page.locator(".no-script")).to_contain_text("JavaScript, which is switched off")
    page.context.close()
