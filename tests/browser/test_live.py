"""The live half of the page as a person meets it: talkers move, mistakes are told, nothing goes elsewhere."""

import re
from pathlib import Path

import soundfile
from playwright.sync_api import Browser, Page, expect

from anydoa.web.server import PageServer, ServerOptions
from browser.conftest import SLOWLY, Visiting
from browser.visit import SMALL, painted, wait_for_talker
from unit.web.served import RECORDING, serving

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
    seen.screenshots("live")
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


def test_without_webgl_the_map_takes_over_and_shows_zones(browser: Browser, server: PageServer) -> None:
    page = browser.new_context(viewport=SMALL).new_page()
    page.add_init_script(
        """const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (type, ...rest) {
            return type === "webgl" ? null : get.call(this, type, ...rest);
        };"""
    )
    page.goto(server.url)
    wait_for_talker(page, TALKERS[0])
    assert page.get_attribute("#live-view", "data-kind") == "map"
    assert page.is_disabled("#live-sphere")
    assert painted(page, "#live-view canvas") > 100
    page.context.close()


def test_sphere_and_map_are_a_choice_that_is_kept(visit: Visiting, server: PageServer) -> None:
    seen = visit(f"{server.url}?view=map")
    expect(seen.page.locator("#live-view")).to_have_attribute("data-kind", "map")
    seen.page.click("#live-sphere")
    expect(seen.page.locator("#live-view")).to_have_attribute("data-kind", "sphere")
    seen.page.click("#live-map")
    expect(seen.page.locator("#live-map")).to_have_attribute("aria-pressed", "true")
    seen.page.goto(server.url)
    expect(seen.page.locator("#live-view")).to_have_attribute("data-kind", "map")
    assert seen.complaints == []


def test_nothing_answers_before_the_page_can(browser: Browser, quiet: PageServer) -> None:
    page = browser.new_context(viewport=SMALL).new_page()
    page.add_init_script(
        """const quick = fetch;
        window.fetch = async (...request) => {
            await new Promise((done) => setTimeout(done, 300));
            return quick(...request);
        };"""
    )
    page.goto(quiet.url)
    page.click("#tab-live")  # waits until it can be clicked
    expect(page.locator("#live")).to_be_visible()
    page.context.close()


def test_a_dead_channel_is_named(visit: Visiting, tmp_path: Path) -> None:
    audio, rate = soundfile.read(RECORDING)
    audio[:, 2] = 0
    soundfile.write(tmp_path / "dead.wav", audio, rate)
    with serving(replay=tmp_path / "dead.wav", results_per_s=10) as server:
        seen = visit(f"{server.url}?view=map")
        expect(seen.page.locator("#levels-note")).to_contain_text("No signal on channel 2:")
        expect(seen.page.locator('[data-channel="2"]')).to_have_attribute("aria-valuetext", "no signal")


def test_a_token_opens_the_page_and_leaves_the_address(browser: Browser) -> None:
    with serving(ServerOptions(port=0, token="correct horse")) as server:
        plain = f"http://127.0.0.1:{server.port}/"
        page = browser.new_context(viewport=SMALL).new_page()
        page.goto(plain)
        expect(page.locator("form")).to_contain_text("asks for a token")
        page.fill("#token", "wrong horse")
        page.keyboard.press("Enter")
        expect(page.locator("form")).to_contain_text("That is not the token")
        assert "horse" not in page.url
        page.fill("#token", "correct horse")
        page.keyboard.press("Enter")
        expect(page.locator("#status")).to_have_attribute("data-state", "off")
        assert page.url == plain
        page.context.close()


def test_a_lost_server_is_told_and_found_again(visit: Visiting) -> None:
    with serving(replay=RECORDING, results_per_s=SLOWLY) as first:
        seen = visit(f"{first.url}?view=map")
        expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
        port = first.port
    expect(seen.page.locator("#status")).to_have_attribute("data-state", "lost")
    expect(seen.page.locator("#live-old")).to_contain_text("What is shown is old.")
    expect(seen.page.locator("#live")).to_have_class(re.compile("old"))
    with serving(ServerOptions(port=port), replay=RECORDING, results_per_s=SLOWLY):
        expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
        expect(seen.page.locator("#live-old")).to_be_hidden()
    with serving(ServerOptions(port=port, token="another horse")):
        expect(seen.page.locator("#status")).to_contain_text("asks for another token")
        seen.page.click("#tab-recording")
        seen.page.set_input_files("#file", RECORDING)
        expect(seen.page.locator("#error")).to_contain_text("asks for another token")


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


def test_without_scripts_the_page_says_so(browser: Browser, quiet: PageServer) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(quiet.url)
    expect(page.locator(".no-script")).to_contain_text("JavaScript, which is switched off")
    page.context.close()


def test_home_and_end_choose_the_first_and_last_tab(visit: Visiting, quiet: PageServer) -> None:
    seen = visit(quiet.url)
    seen.page.focus("#tab-recording")
    seen.page.keyboard.press("Home")
    expect(seen.page.locator("#tab-live")).to_have_attribute("aria-selected", "true")
    seen.page.keyboard.press("End")
    expect(seen.page.locator("#tab-recording")).to_have_attribute("aria-selected", "true")
