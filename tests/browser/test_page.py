"""The page as a whole: what is listened to is chosen and lost, who is let in, and what is said before."""

import re
from pathlib import Path

import soundfile
from playwright.sync_api import Page, Route, expect

from anydoa.web.server import PageServer, ServerOptions
from browser.conftest import SLOWLY, Visiting, small_catalogue
from browser.visit import wait_for_talker
from unit.web.served import EXAMPLES, RECORDING, serving

FIRST_TALKER = 40.0


def test_nothing_answers_before_the_page_can(visit: Visiting, quiet: PageServer, shared_page: Page) -> None:
    held: list[Route] = []
    shared_page.route("**/api/options", lambda route: held.append(route))
    page = visit(quiet.url, wait=False).page
    expect(page.locator("main[inert]")).to_have_count(1)
    held[0].continue_()
    expect(page.locator("main[inert]")).to_have_count(0)
    page.unroute("**/api/options")


def test_without_scripts_the_page_says_so(visit: Visiting, quiet: PageServer, shared_page: Page) -> None:
    switches = shared_page.context.new_cdp_session(shared_page)
    switches.send("Emulation.setScriptExecutionDisabled", {"value": True})
    page = visit(quiet.url, wait=False).page
    expect(page.locator(".no-script")).to_contain_text("JavaScript, which is switched off")
    switches.send("Emulation.setScriptExecutionDisabled", {"value": False})


def test_home_and_end_choose_the_first_and_last_tab(visit: Visiting, quiet: PageServer) -> None:
    seen = visit(quiet.url)
    seen.page.focus("#tab-recording")
    seen.page.keyboard.press("Home")
    expect(seen.page.locator("#tab-live")).to_have_attribute("aria-selected", "true")
    seen.page.keyboard.press("End")
    expect(seen.page.locator("#tab-recording")).to_have_attribute("aria-selected", "true")


def test_a_token_opens_the_page_and_leaves_the_address(visit: Visiting) -> None:
    with serving(ServerOptions(port=0, token="correct horse")) as server:
        plain = f"http://127.0.0.1:{server.port}/"
        page = visit(plain).page
        expect(page.locator("form")).to_contain_text("asks for a token")
        page.fill("#token", "wrong horse")
        page.keyboard.press("Enter")
        expect(page.locator("form")).to_contain_text("That is not the token")
        assert "horse" not in page.url
        page.fill("#token", "correct horse")
        page.keyboard.press("Enter")
        expect(page.locator("#status")).to_have_attribute("data-state", "off")
        assert page.url == plain


def test_a_lost_server_is_told_and_found_again(visit: Visiting) -> None:
    with serving(replay=RECORDING, results_per_s=SLOWLY, catalogue=small_catalogue()) as first:
        seen = visit(f"{first.url}?view=map")
        expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
        port = first.port
    expect(seen.page.locator("#status")).to_have_attribute("data-state", "lost")
    expect(seen.page.locator("#live-old")).to_contain_text("What is shown is old.")
    expect(seen.page.locator("#live")).to_have_class(re.compile("old"))
    with serving(
        ServerOptions(port=port), replay=RECORDING, results_per_s=SLOWLY, catalogue=small_catalogue()
    ):
        expect(seen.page.locator("#status")).to_have_attribute("data-state", "live")
        expect(seen.page.locator("#live-old")).to_be_hidden()
    with serving(ServerOptions(port=port, token="another horse")):
        expect(seen.page.locator("#status")).to_contain_text("asks for another token")
        seen.page.click("#tab-recording")
        seen.page.set_input_files("#file", RECORDING)
        expect(seen.page.locator("#error")).to_contain_text("asks for another token")


def test_a_dead_channel_is_named(visit: Visiting, tmp_path: Path) -> None:
    audio, rate = soundfile.read(RECORDING)
    audio[:, 2] = 0
    soundfile.write(tmp_path / "dead.wav", audio, rate)
    with serving(replay=tmp_path / "dead.wav", results_per_s=10, catalogue=small_catalogue()) as server:
        seen = visit(f"{server.url}?view=map")
        expect(seen.page.locator("#levels-note")).to_contain_text("No signal on channel 2:")
        expect(seen.page.locator('[data-channel="2"]')).to_have_attribute("aria-valuetext", "no signal")


def test_a_stream_is_chosen_changed_and_stopped_on_the_page(visit: Visiting, quiet: PageServer) -> None:
    seen = visit(f"{quiet.url}?view=map")
    page = seen.page
    page.click("#tab-live")
    expect(page.locator("#live-idle")).to_contain_text("Choose a sound under")
    expect(page.locator("#listen-note")).to_contain_text("no sound card")
    page.click("#listen-start")
    expect(page.locator("#listen-error")).to_contain_text("Which sound? Choose a recording")
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


def test_a_recording_can_be_fetched_when_its_stream_is_over(visit: Visiting) -> None:
    with serving(replay=RECORDING, results_per_s=SLOWLY, catalogue=small_catalogue()) as server:
        seen = visit(f"{server.url}?view=map")
        page, link = seen.page, seen.page.locator("#record-download")
        page.click("#record")
        expect(page.locator("#record-state")).to_contain_text(re.compile(r"0:0[1-9], \d"))
        page.click("#listening summary")
        page.click("#listen-stop")  # which ends the recording, too
        expect(link).to_be_visible()
        expect(page.locator("#record")).to_have_text("Record")
        state = str(page.locator("#record-state").text_content())
        page.click("#record")
        expect(page.locator("#keep-error")).to_contain_text("there is nothing to record")
        page.reload()
        page.click("#tab-live")
        expect(link).to_be_visible()
        page.click("#listen-start")
        expect(page.locator("#status")).to_have_attribute("data-state", "live")
        expect(page.locator("#time")).to_have_text(re.compile(r"\d s"))
        expect(page.locator("#record-state")).to_have_text(state)
        with page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename.startswith("live_20")
        assert [text for text in seen.complaints if "400 (Bad Request)" not in text] == []


def test_an_answer_of_a_proxy_is_told_in_words(visit: Visiting, quiet: PageServer, shared_page: Page) -> None:
    shared_page.route("**/api/listening", lambda route: route.fulfill(status=502, body="<h1>Bad</h1>"))
    page = visit(quiet.url).page
    page.click("#tab-live")
    expect(page.locator("#listen-error")).to_contain_text("The answer was 502")
    page.unroute("**/api/listening")


def test_a_locked_page_says_so(visit: Visiting) -> None:
    with serving(is_locked=True) as server:
        page = visit(server.url).page
        page.click("#tab-live")
        expect(page.locator("#listen-note")).to_contain_text("chosen when the server was started")
        expect(page.locator("#listen")).to_be_hidden()


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


def test_messages_of_other_types_do_nothing(visit: Visiting, quiet: PageServer) -> None:
    page = visit(f"{quiet.url}?view=map").page
    counts = page.evaluate(
        """async () => {
            const { LivePage } = await import("/static/live.js");
            const [sockets, calls] = [[], []];
            window.WebSocket = class extends EventTarget {
                constructor() {
                    super();
                    sockets.push(this);
                }
            };
            const listening = { open: () => calls.push("open"), refresh: async () => null };
            new LivePage(listening, {}).start();
            const say = (message) => {
                const data = JSON.stringify(message);
                sockets[0].dispatchEvent(new MessageEvent("message", { data }));
            };
            for (const type of ["start", "listening", "constructor", "toString", "hear"]) say({ type });
            const before = [sockets.length, calls.length];
            say({ type: "end", reason: "over" });
            return [before, [sockets.length, calls.length]];
        }"""
    )
    assert counts == [[1, 0], [1, 1]]


def test_zones_that_pass_the_back_are_drawn_in_two_pieces(visit: Visiting, quiet: PageServer) -> None:
    page = visit(f"{quiet.url}static/zones.js", wait=False).page
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
