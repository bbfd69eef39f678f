"""What a person does with a live stream on the page: choose it, look back, name talkers, keep it."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import expect

from anydoa.web.server import PageServer
from browser.conftest import SLOWLY, Visiting
from browser.visit import saved, wait_for_talker
from unit.web.served import EXAMPLES, RECORDING, serving

FIRST_TALKER = 40.0


@pytest.fixture(scope="module")
def changed() -> Iterator[PageServer]:
    """A server that listens to nothing until somebody chooses on the page."""
    with serving(results_per_s=SLOWLY) as running:
        yield running


def test_a_stream_is_chosen_changed_and_stopped_on_the_page(visit: Visiting, changed: PageServer) -> None:
    seen = visit(f"{changed.url}?view=map")
    page = seen.page
    page.click("#tab-live")
    expect(page.locator("#live-idle")).to_contain_text("Choose a sound under")
    expect(page.locator("#listen-note")).to_contain_text("no sound card")
    page.click("#listen-start")
    expect(page.locator("#listen-error")).to_contain_text("Which sound? Plug in a sound card")
    page.set_input_files("#listen-recording", RECORDING)
    expect(page.locator("#listen-sound")).to_have_value(f"replay\n{RECORDING.name}")
    page.select_option("#listen-array", "linear-4")
    page.click("#listen-start")
    expect(page.locator("#listen-error")).to_contain_text("has 6 channels but array 'linear-4' uses 4")
    page.set_input_files("#listen-array-file", EXAMPLES / "two_talkers.array.toml")
    expect(page.locator("#listen-array")).to_have_value(re.compile("two_talkers"))
    page.select_option("#listen-grid", "azimuth:360")
    page.click("#listen-start")
    expect(page.locator("#status")).to_have_attribute("data-state", "live")
    expect(page.locator("#listen-error")).to_be_hidden()
    expect(page.locator("#listening-about")).to_contain_text(RECORDING.name)
    wait_for_talker(page, FIRST_TALKER)
    page.click("#listen-stop")
    expect(page.locator("#status-text")).to_contain_text("nobody listens now")
    expect(page.locator("#listen-start")).to_have_text("Listen")
    assert [text for text in seen.complaints if "400 (Bad Request)" not in text] == []


def test_sound_and_tracks_of_a_stream_are_kept(visit: Visiting, server: PageServer) -> None:
    seen = visit(f"{server.url}?view=map")
    page = seen.page
    page.click("#record")
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#record-state")).to_contain_text(re.compile(r"0:0[1-9], \d"))
    page.click("#record")
    expect(page.locator("#record-download")).to_be_visible()
    with page.expect_download() as download:
        page.click("#record-download")
    sound = soundfile.info(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert (sound.channels, sound.samplerate) == (6, 16000)
    assert sound.duration >= 1
    assert download.value.suggested_filename.startswith("live_20")
    lines = saved(page, "[data-tracks=json]").splitlines()
    assert json.loads(lines[0])["array"] == "two_talkers"
    assert saved(page, "[data-tracks=csv]").startswith("time_s,id,azimuth_deg")
    saved(page, "[data-tracks=rttm]")
    assert seen.complaints == []


def test_the_time_line_goes_back_stands_still_and_tells_the_time(visit: Visiting, server: PageServer) -> None:
    seen = visit(f"{server.url}?view=map")
    page = seen.page
    title = page.locator("#history-title")
    expect(title).to_have_text("last 30 seconds")
    page.click("#history-shorter")
    expect(title).to_have_text("last 10 seconds")
    expect(page.locator("#history-shorter")).to_be_disabled()
    expect(page.locator("#time")).to_have_text(re.compile(r"\d s"))
    page.click("#history-pause")
    expect(page.locator("#history-pause")).to_have_attribute("aria-pressed", "true")
    expect(title).to_have_text(re.compile(r"10 seconds up to \d\d:\d\d:\d\d"))
    expect(page.locator("#history-place")).to_be_visible()
    page.click("#history-clock")
    expect(page.locator("#history-clock")).to_have_attribute("aria-pressed", "true")
    page.click("#history-pause")
    expect(title).to_have_text("last 10 seconds")
    page.goto(server.url + "?view=map")
    expect(title).to_have_text("last 10 seconds")  # kept for the next visit
    expect(page.locator("#history-clock")).to_have_attribute("aria-pressed", "true")
    assert seen.complaints == []


def test_an_hour_is_kept_and_drawn_with_gaps_left_empty(visit: Visiting, quiet: PageServer) -> None:
    page = visit(quiet.url).page
    page.click("#tab-live")
    kept, oldest, drawn_ms, gap = page.evaluate(
        """async () => {
            const { Timeline } = await import("/static/timeline.js");
            const { History } = await import("/static/history.js");
            const box = document.createElement("div");
            Object.assign(box.style, { position: "fixed", inset: "0 0 auto 0", height: "158px" });
            box.className = "canvas-box";
            document.body.append(box);
            const history = new History();
            history.timeline = new Timeline(box, "test");
            history.begin({ id: "a", began_s: 0 });
            const profile = new Uint8ClampedArray(72).fill(255);
            for (let step = 0; step < 40000; step++) {
                if (step < 20000 || step > 24000) history.push(step / 10, profile, []);
            }
            history.timeline.show(400, 4000, 4000);
            const began = performance.now();
            await new Promise((done) => setTimeout(done, 200));
            const canvas = history.timeline.canvas.element;
            const at = (time) => [...canvas.getContext("2d").getImageData(
                74 + ((canvas.width - 86) * (time - 400)) / 3600, 30, 1, 1).data].join();
            const { columns } = history.timeline;
            const isGap = at(2200) !== at(1000) && at(3000) === at(1000);
            return [columns.length, columns[0].time, performance.now() - began, isGap];
        }"""
    )
    assert kept < 36_100
    assert 389 < oldest < 400
    assert drawn_ms < 2000
    assert gap


def test_talkers_get_names_that_stay(visit: Visiting, server: PageServer) -> None:
    seen = visit(f"{server.url}?view=map")
    page = seen.page
    name = page.locator("#talkers input.name").first
    expect(name).to_be_visible()
    label = str(name.get_attribute("aria-label"))
    assert re.fullmatch(r"Name of talker \d+", label)
    name.fill("Ada")
    page.reload()
    expect(page.get_by_label(label)).to_have_value("Ada")
    assert seen.complaints == []


def test_zones_that_pass_the_back_are_drawn_in_two_pieces(visit: Visiting, quiet: PageServer) -> None:
    page = visit(quiet.url).page
    pieces = page.evaluate(
        """async () => {
            const { zonePieces } = await import("/static/zones.js");
            const ends = ({ from, to }) => [from, to];
            const piecesOf = (azimuth_deg) => zonePieces({ azimuth_deg, elevation_deg: [0, 30] }).map(ends);
            return [[150, -150], [20, 60], [-180, 180], [300, 350], [0, 360]].map(piecesOf);
        }"""
    )
    assert pieces == [
        [[150, 180], [-180, -150]],
        [[20, 60]],
        [[-180, 180]],
        [[-60, -10]],
        [[0, 180], [-180, 0]],
    ]


def test_a_locked_page_says_so(visit: Visiting) -> None:
    with serving(replay=RECORDING, results_per_s=SLOWLY, is_locked=True) as server:
        seen = visit(f"{server.url}?view=map")
        seen.page.click("#listening summary")
        expect(seen.page.locator("#listen-note")).to_contain_text("chosen when the server was started")
        expect(seen.page.locator("#listen")).to_be_hidden()
        seen.page.click("#record")
        expect(seen.page.locator("#keep-error")).to_contain_text("without --locked")
