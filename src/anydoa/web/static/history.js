// The last hour of a stream on its time line: how much of it is shown, up to now or standing still, on which clock.

import { byId } from "./dom.js";
import { keep, setting } from "./settings.js";
import { Timeline, timeOfDay } from "./timeline.js";

const SPANS = [[10, "10 seconds"], [30, "30 seconds"], [120, "2 minutes"], [600, "10 minutes"], [1800, "half hour"], [3600, "hour"]];
const USUAL = 1; // of the spans
const LONGEST_S = 3600; // that is kept: some 3 MB

export class History {
  constructor() {
    this.timeline = new Timeline(byId("live-timeline"), "Azimuth of the talkers over time");
    this.choice = Math.min(setting("span", USUAL), SPANS.length - 1);
    this.end = null; // moment that is shown last; null for now
    this.newest = 0;
    this.onClock = setting("clock", false);
    byId("history-shorter").addEventListener("click", () => this.#zoom(-1));
    byId("history-longer").addEventListener("click", () => this.#zoom(1));
    byId("history-pause").addEventListener("click", () => this.#moveTo(this.end === null ? this.newest : null));
    byId("history-clock").addEventListener("click", () => this.#setClock(!this.onClock));
    byId("history-place").addEventListener("input", () => this.#moveTo(Number(byId("history-place").value)));
    this.#show();
  }

  // Another stream begins, or the same is found again after the connection was lost.
  begin({ id, began_s: began }) {
    if (id !== this.stream) {
      this.timeline.clear();
      this.oldest = null;
      this.end = null;
    }
    this.stream = id;
    this.began = began;
    this.#setClock(this.onClock);
  }

  push(time, profile, tracks) {
    this.newest = time;
    this.oldest ??= time;
    this.timeline.columns.push({ time, profile });
    for (const { id, azimuth_deg: azimuth, activity } of tracks) {
      this.timeline.dots.push({ time, azimuth, id, strength: activity });
    }
    if (this.oldest < time - LONGEST_S - 10) { // now and then, for it moves everything
      this.oldest = time - LONGEST_S;
      this.timeline.forgetBefore(this.oldest);
    }
    this.#show();
  }

  #zoom(step) {
    this.choice = Math.min(SPANS.length - 1, Math.max(0, this.choice + step));
    keep("span", this.choice);
    this.#show();
  }

  #moveTo(end) {
    this.end = end;
    this.#show();
  }

  #setClock(onClock) {
    this.onClock = onClock;
    keep("clock", onClock);
    byId("history-clock").setAttribute("aria-pressed", onClock);
    this.timeline.clock = onClock && this.began !== undefined ? this.began : null;
    this.#show();
  }

  #show() {
    const [length, name] = SPANS[this.choice];
    const end = this.end ?? this.newest;
    this.timeline.show(end - length, end, this.end === null ? end : 0);
    byId("history-shorter").disabled = this.choice === 0;
    byId("history-longer").disabled = this.choice === SPANS.length - 1;
    const pause = byId("history-pause");
    pause.setAttribute("aria-pressed", this.end !== null);
    const title = this.end === null ? `last ${name}` : `${name} up to ${this.#spoken(end)}`;
    if (byId("history-title").textContent !== title) byId("history-title").textContent = title;
    const place = byId("history-place");
    place.hidden = this.end === null && this.newest - (this.oldest ?? 0) < length;
    if (place.hidden) return;
    place.min = Math.round(Math.min(end, (this.oldest ?? 0) + length));
    place.max = Math.round(this.newest);
    if (document.activeElement !== place || this.end === null) place.value = Math.round(end);
    place.setAttribute("aria-valuetext", this.#spoken(end));
  }

  #spoken(time) {
    return this.began === undefined ? `${Math.round(time)} s` : timeOfDay(this.began + time);
  }
}
