// A walk around the array, guided: sides that were heard, then where the microphones really are.

import { byId, showText } from "./dom.js";
import { ask } from "./request.js";
import { download } from "./save.js";

const NUM_SIDES = 12; // of 30 degrees each

export class Walk {
  constructor(listening, arrays) {
    this.listening = listening;
    this.arrays = arrays;
    this.sides = null; // that were heard, while somebody walks
    byId("walk-start").addEventListener("click", () => this.#try(() => (this.sides ? this.#finish() : this.#begin())));
    byId("walk-take").addEventListener("click", () => this.arrays.choose(byId("listen-array"), this.refined));
    byId("walk-save").addEventListener("click", () => {
      download(new Blob([this.refined.toml], { type: "application/toml" }), "refined.array.toml");
    });
  }

  // Who talks where in a frame.
  show(tracks) {
    if (!this.sides) return;
    for (const { active, azimuth_deg: azimuth } of tracks) {
      if (active) this.sides.add(Math.floor((azimuth + 180) / (360 / NUM_SIDES)) % NUM_SIDES);
    }
    byId("walk-progress").value = this.sides.size;
    const rest = this.sides.size < NUM_SIDES ? "walk on" : "once more around, then press Done";
    this.#tell(`Heard from ${this.sides.size} of ${NUM_SIDES} sides; ${rest}.`);
  }

  async #begin() {
    byId("walk-result").hidden = true;
    await ask("/api/recording?name=walk", { method: "POST" });
    this.sides = new Set();
    this.#setWalking(true);
  }

  async #finish() {
    this.sides = null;
    this.#setWalking(false);
    await ask("/api/recording", { method: "DELETE" });
    this.#tell("Computing where the microphones are; this takes up to a minute.");
    byId("walk-start").disabled = true;
    const { array, ignore } = this.listening.chosen;
    this.refined = await ask(`/api/calibrate?${new URLSearchParams({ array, ignore })}`, { method: "POST" });
    const { num_directions: count, before_mm: before, after_mm: after, moves_mm: moves } = this.refined;
    const farthest = Math.max(...moves.map((move) => Math.hypot(...move)));
    this.#tell(`Sounds from ${count} directions fit to ${after} mm in place of ${before} mm. Microphones moved by up to ${farthest.toFixed(1)} mm.`);
    byId("walk-result").hidden = false;
  }

  async #try(work) {
    showText("walk-error", "");
    try {
      await work();
    } catch (error) {
      this.#tell("");
      showText("walk-error", error.message);
    }
    byId("walk-start").disabled = false;
  }

  #setWalking(walking) {
    byId("walk-start").textContent = walking ? "Done" : "Start the walk";
    byId("walk-progress").hidden = !walking;
    byId("walk-progress").value = 0;
  }

  #tell(text) {
    if (byId("walk-text").textContent !== text) byId("walk-text").textContent = text;
  }
}
