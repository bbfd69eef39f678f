// A recording of one's own, heard from any moment of its time line; it stays in the browser.

import { byId } from "./dom.js";

export class Player {
  constructor(timeline) {
    this.timeline = timeline;
    this.audio = byId("player");
    this.audio.addEventListener("timeupdate", () => timeline.setCursor(this.audio.currentTime));
    this.audio.addEventListener("error", () => this.#tell(this.audio.getAttribute("src") !== null));
    timeline.canvas.element.addEventListener("click", (event) => {
      const time = timeline.timeAt(event.offsetX);
      if (time !== null) this.playFrom(time);
    });
  }

  open(file) {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = URL.createObjectURL(file);
    this.#tell(false);
    this.audio.src = this.address;
    this.timeline.setCursor(0);
  }

  async playFrom(time) {
    this.audio.currentTime = time;
    this.timeline.setCursor(time);
    try {
      await this.audio.play();
    } catch (error) {
      if (error.name === "NotSupportedError") this.#tell(true);
    }
  }

  // Browsers play WAV, FLAC, OGG and MP3 of up to eight channels or so.
  #tell(broken) {
    this.audio.hidden = broken;
    byId("player-error").hidden = !broken;
  }
}
