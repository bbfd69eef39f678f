"""The live half of the page as a person meets it: who talks where, and what can be done with it."""

import io
import json
import re
from pathlib import Path

import soundfile
from playwright.sync_api import Page, expect

from anydoa.web.server import PageServer
from browser.conftest import Visiting
from browser.visit import painted, saved, wait_for_talker

TALKERS = (40.0, -75.0)  # azimuths of examples/two_talkers.truth.json


def test_replayed_talkers_are_where_they_were(visit: Visiting, server: PageServer) -> None:
    seen = visit(server.url)
    for azimuth in TALKERS:
        wait_for_talker(seen.page, azimuth)
    assert seen.page.get_attribute("#live-view", "data-kind") == "sphere"
    assert painted(seen.page, "#live-view canvas") > 100
    assert painted(seen.page, "#live-timeline canvas") > 100
    assert seen.page.locator('#levels [role="meter"]').count() == 6
    expect(seen.page.locator("#talkers .zone").first).to_have_text(re.compile("desk|door"))
    seen.screenshots("live", "light", "dark", "phone")
    assert seen.strangers(server.port) == []
    assert f"ws://127.0.0.1:{server.port}/live" in seen.requests
    assert seen.complaints == []


def test_a_drag_and_the_arrow_keys_turn_the_sphere(visit: Visiting, server: PageServer) -> None:
    seen = visit(server.url)
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
    seen.page.mouse.move(box["x"] + 200, box["y"] + 150)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + 300, box["y"] + 190, steps=4)
    seen.page.mouse.up()
    assert painted_names(seen.page) not in (before, turned)
    assert seen.complaints == []


def painted_names(page: Page) -> str:
    """The rim of the sphere's upper layer, where only the names of the sides are, as a picture."""
    page.wait_for_timeout(150)
    picture: str = page.evaluate(
        """() => {
            const source = [...document.querySelectorAll("#live-view canvas")].at(-1);
            const radius = Math.min(source.width / 2 - 80, source.height / 2 - 14);
            const strip = document.createElement("canvas");
            Object.assign(strip, { width: source.width / 2 - radius, height: source.height });
            strip.getContext("2d").drawImage(source, 0, 0);
            return strip.toDataURL();
        }"""
    )
    return picture


def test_without_webgl_the_map_takes_over(visit: Visiting, server: PageServer) -> None:
    page = visit(f"{server.url}?without-webgl").page
    wait_for_talker(page, TALKERS[0])
    assert page.get_attribute("#live-view", "data-kind") == "map"
    assert page.is_disabled("#live-sphere")
    assert painted(page, "#live-view canvas") > 100


def test_meters_are_seen_in_forced_colours_and_name_clipping(visit: Visiting, server: PageServer) -> None:
    seen = visit(f"{server.url}?view=map")
    seen.page.emulate_media(forced_colors="active")
    expect(seen.page.locator(".meter .decibels").first).to_contain_text(re.compile(r"\d"))
    styles = seen.page.evaluate(
        """() => {
            const style = (selector) => getComputedStyle(document.querySelector(selector));
            return [style(".meter .level").backgroundColor, style(".meter .track").borderTopWidth];
        }"""
    )
    assert styles[0] != "rgba(0, 0, 0, 0)"
    assert styles[1] == "1px"
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
    seen.page.click(".levels .legend summary")
    expect(seen.page.locator(".levels .legend ul")).to_contain_text("decibels below the loudest")


def test_view_time_line_and_names_are_kept_for_the_next_visit(visit: Visiting, server: PageServer) -> None:
    seen = visit(server.url)
    page = seen.page
    page.click("#live-map")
    expect(page.locator("#live-view")).to_have_attribute("data-kind", "map")
    expect(page.locator("#live-map")).to_have_attribute("aria-pressed", "true")
    page.click("#history-longer")
    page.click("#history-clock")
    name = page.locator("#talkers input.name").first
    label = str(name.get_attribute("aria-label"))
    assert re.fullmatch(r"Name of talker \d+", label)
    name.fill("Ada")
    page.reload()
    expect(page.get_by_label(label)).to_have_value("Ada")
    expect(page.locator("#live-view")).to_have_attribute("data-kind", "map")
    expect(page.locator("#history-title")).to_have_text("last 2 minutes")
    expect(page.locator("#history-clock")).to_have_attribute("aria-pressed", "true")
    assert seen.complaints == []


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
    assert seen.complaints == []


def test_a_walk_around_the_array_is_guided(visit: Visiting, server: PageServer) -> None:
    seen = visit(f"{server.url}?view=map")
    page = seen.page
    page.click(".walk summary")
    page.click("#walk-start")
    expect(page.locator("#walk-text")).to_have_text(re.compile(r"Heard from [1-9] of 12 sides; walk on\."))
    while page.request.get(f"{server.url}api/listening").json()["recording"]["duration_s"] < 3:
        page.wait_for_timeout(100)
    page.click("#walk-start")
    expect(page.locator("#walk-error")).to_contain_text("directions")  # two talkers are no walk
    expect(page.locator("#walk-start")).to_have_text("Start the walk")
    assert [text for text in seen.complaints if "400 (Bad Request)" not in text] == []
