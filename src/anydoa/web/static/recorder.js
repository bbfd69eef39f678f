// Keeps what is live: the sound in a file on the server's side until it is fetched, and the talkers so far.

import { sentence } from "./directions.js";
import { byId, showText } from "./dom.js";
import { ask, fetchFile } from "./request.js";
import { download } from "./save.js";

export class LiveRecorder {
  constructor() {
    this.on = false;
    byId("record").addEventListener("click", () => this.#turn(!this.on));
    for (const button of document.querySelectorAll("[data-tracks]")) {
      button.addEventListener("click", () => this.#saveTracks(button.dataset.tracks));
    }
  }

  // What the server says of the newest recording; nothing before the first.
  show(recording) {
    const { on = false, duration_s: duration = 0, mb = 0, problem = "" } = recording ?? {};
    if (on !== this.on) byId("announce").textContent = on ? "Recording" : "Recording ended";
    this.on = on;
    byId("record").setAttribute("aria-pressed", on);
    byId("record").textContent = on ? "Stop recording" : "Record";
    byId("record-state").textContent = recording ? `${spokenLength(duration)}, ${mb.toFixed(1)} MB` : "";
    byId("record-state").classList.toggle("recording", on);
    byId("live").classList.toggle("has-recording", Boolean(recording)); // of a stream before, it is there without one
    byId("record-download").hidden = !recording || on;
    if (problem) this.#complain(sentence(problem));
  }

  async #turn(on) {
    try {
      const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
      const { recording } = await ask(`/api/recording?name=live_${stamp}`, { method: on ? "POST" : "DELETE" });
      this.#complain("");
      this.show(recording);
    } catch (error) {
      this.#complain(error.message);
    }
  }

  async #saveTracks(form) {
    try {
      download(await fetchFile(`/api/tracks?form=${form}`), `live_tracks.${form === "json" ? "jsonl" : form}`);
      this.#complain("");
    } catch (error) {
      this.#complain(error.message);
    }
  }

  #complain(text) {
    showText("keep-error", text);
  }
}

function spokenLength(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
