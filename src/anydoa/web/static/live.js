// The live half of the page: every message of the stream becomes sphere, time line, tables and meters.

import { sentence, spokenAzimuth } from "./directions.js";
import { LevelMeters } from "./levels.js";
import { ArrayPlan } from "./plan.js";
import { listen } from "./stream.js";
import { fillTable } from "./table.js";
import { azimuthBins, azimuthProfile, Timeline } from "./timeline.js";
import { DirectionView } from "./view.js";

const SHOWN_S = 30;
const byId = (id) => document.getElementById(id);

export class LivePage {
  constructor() {
    this.view = new DirectionView(byId("live-view"), { sphere: byId("live-sphere"), map: byId("live-map") }, {
      label: "Spectrum over all directions, with the talkers that the table lists",
      kind: new URLSearchParams(location.search).get("view") === "map" ? "map" : "sphere",
    });
    this.timeline = new Timeline(byId("live-timeline"), "Azimuth of the talkers over the last 30 seconds");
    this.meters = new LevelMeters(byId("levels"), byId("levels-note"));
    this.plan = new ArrayPlan(byId("live-array"));
    this.known = new Set();
  }

  start() {
    listen({
      onMessage: (message) => this[message.type]?.(message),
      onLost: (reason) => {
        setState("lost", reason);
        this.#setOld(`${sentence(reason)} What is shown is old.`);
      },
    });
  }

  // What the page says where nothing is served live.
  sayIdle() {
    byId("live-idle").hidden = false;
    byId("live-idle").textContent =
      "No live stream. Start anydoa serve with --array and --device or --replay, or open the tab Recording.";
    byId("live").classList.add("idle-page");
    setState("off", "no live stream");
  }

  hello(message) {
    this.view.setStage(message.array, message.grid);
    this.plan.setArray(message.array);
    this.meters.setArray(message.array, message.stream.num_channels);
    this.bins = azimuthBins(this.view.directions);
    this.timeline.clear();
    this.known.clear();
    this.#setOld("");
    byId("estimator").textContent = message.estimator.name;
    this.name = message.stream.name;
    setState("live", this.name);
  }

  frame(message) {
    if (byId("live").classList.contains("old")) this.#resume();
    const shown = this.view.setSpectrum(message.spectrum);
    this.view.setMarks(message.tracks);
    this.plan.setTalkers(message.tracks);
    this.meters.show(message.levels_db, message.peaks_db);
    this.timeline.columns.push({ time: message.time_s, profile: azimuthProfile(shown, this.bins) });
    for (const track of message.tracks) {
      const { id, azimuth_deg: azimuth, activity } = track;
      this.timeline.dots.push({ time: message.time_s, azimuth, id, strength: activity });
    }
    this.timeline.show(message.time_s - SHOWN_S, message.time_s, message.time_s);
    fillTable(byId("talkers").tBodies[0], message.tracks);
    byId("talkers-empty").hidden = message.tracks.length > 0;
    byId("talkers-empty").textContent = this.known.size ? "Nobody speaks." : "Nobody has been heard yet.";
    byId("sound-warning").hidden = message.warnings.length === 0;
    byId("sound-warning").textContent = message.warnings.map(sentence).join(" ");
    byId("speech").textContent = message.speech ? "speech" : "no speech";
    byId("latency").textContent = `${Math.round(1000 * message.latency_s)} ms`;
    byId("dropped").textContent = `${message.dropped_s.toFixed(1)} s`;
    byId("dropped").classList.toggle("warning", message.dropped_s > 0);
    byId("time").textContent = `${message.time_s.toFixed(1)} s`;
    this.#announce(message.tracks);
  }

  end(message) {
    setState("off", message.reason);
    this.#setOld(`${sentence(message.reason)} What is shown is old.`);
  }

  // Sound comes again after a pause on the same connection.
  #resume() {
    this.#setOld("");
    setState("live", this.name);
  }

  // Greys what is shown, with the reason; an empty reason says that it is of now.
  #setOld(reason) {
    byId("live").classList.toggle("old", reason !== "");
    byId("live-old").hidden = reason === "";
    byId("live-old").textContent = reason;
  }

  #announce(tracks) {
    for (const { id, azimuth_deg: azimuth } of tracks) {
      if (this.known.has(id)) continue;
      this.known.add(id);
      byId("announce").textContent = `Talker ${id} at ${spokenAzimuth(azimuth)}`;
    }
  }
}

function setState(state, text) {
  byId("status").dataset.state = state;
  byId("status-text").textContent = text;
}
