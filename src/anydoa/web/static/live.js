// The live half of the page: every message of the stream becomes sphere, time line, tables and meters.

import { sentence, spokenAzimuth } from "./directions.js";
import { byId, showText } from "./dom.js";
import { History } from "./history.js";
import { LevelMeters } from "./levels.js";
import { TalkerNames } from "./names.js";
import { ArrayPlan } from "./plan.js";
import { LiveRecorder } from "./recorder.js";
import { listen } from "./stream.js";
import { fillTable } from "./table.js";
import { azimuthBins, azimuthProfile } from "./timeline.js";
import { DirectionView } from "./view.js";
import { Walk } from "./walk.js";

export class LivePage {
  constructor(listening, arrays) {
    this.listening = listening;
    this.walk = new Walk(listening, arrays);
    this.view = new DirectionView(byId("live-view"), { sphere: byId("live-sphere"), map: byId("live-map") }, {
      label: "Spectrum over all directions, with the talkers that the table lists",
      kind: new URLSearchParams(location.search).get("view") === "map" ? "map" : "sphere",
      name: "live view",
    });
    this.history = new History();
    this.recorder = new LiveRecorder();
    this.names = new TalkerNames();
    this.meters = new LevelMeters(byId("levels"), byId("levels-note"));
    this.plan = new ArrayPlan(byId("live-array"));
    this.known = new Set();
  }

  start() {
    const answers = new Map([
      ["hello", (message) => this.#hello(message)],
      ["frame", (message) => this.#frame(message)],
      ["end", (message) => this.#end(message)],
    ]);
    listen({
      onMessage: (message) => answers.get(message.type)?.(message),
      onLost: (reason) => {
        setState("lost", reason);
        this.#setOld(`${sentence(reason)} What is shown is old.`);
      },
    });
  }

  // What the page says as long as nothing was listened to.
  #setIdle(idle) {
    byId("live-idle").hidden = !idle;
    byId("live-idle").textContent =
      "No live stream. Choose a sound under “What is listened to”, or open the tab Recording.";
    byId("live").classList.toggle("idle-page", idle);
    if (!idle) return;
    this.listening.open();
    setState("off", "no live stream");
  }

  #hello(message) {
    this.#setIdle(false);
    this.#refresh();
    this.view.setStage(message.array, message.grid);
    this.plan.setArray(message.array);
    this.meters.setArray(message.array, message.stream.num_channels);
    this.bins = azimuthBins(this.view.directions);
    this.view.setZones(message.zones);
    this.history.begin(message.stream);
    this.names.open(message.stream.id);
    this.known.clear();
    this.#setOld("");
    byId("estimator").textContent = message.estimator.name;
    this.name = message.stream.name;
    setState("live", this.name);
  }

  #frame(message) {
    if (byId("live").classList.contains("old")) this.#resume();
    const shown = this.view.setSpectrum(message.spectrum);
    const talkers = message.tracks.map((track) => ({ ...track, name: this.names.of(track.id) }));
    this.view.setMarks(talkers);
    this.plan.setTalkers(message.tracks);
    this.meters.show(message.levels_db, message.peaks_db);
    this.history.push(message.time_s, azimuthProfile(shown, this.bins), message.tracks);
    if (message.recording) this.recorder.show(message.recording);
    this.walk.show(message.tracks);
    fillTable(byId("talkers").tBodies[0], talkers, (id, name) => this.names.set(id, name));
    byId("talkers-empty").hidden = message.tracks.length > 0;
    byId("talkers-empty").textContent = this.known.size ? "Nobody speaks." : "Nobody has been heard yet.";
    showText("sound-warning", message.warnings.map(sentence).join(" "));
    byId("speech").textContent = message.speech ? "speech" : "no speech";
    byId("latency").textContent = `${Math.round(1000 * message.latency_s)} ms`;
    byId("dropped").textContent = `${message.dropped_s.toFixed(1)} s`;
    byId("dropped").classList.toggle("warning", message.dropped_s > 0);
    byId("time").textContent = `${message.time_s.toFixed(1)} s`;
    this.#announce(message.tracks);
  }

  #end(message) {
    this.#refresh();
    if (this.name === undefined) return this.#setIdle(true);
    setState("off", message.reason);
    this.#setOld(`${sentence(message.reason)} What is shown is old.`);
  }

  // What is listened to and the newest recording, which may be of a stream before.
  async #refresh() {
    const state = await this.listening.refresh();
    if (state) this.recorder.show(state.recording);
  }

  // Sound comes again after a pause on the same connection.
  #resume() {
    this.#setOld("");
    setState("live", this.name);
  }

  // Greys what is shown, with the reason; an empty reason says that it is of now.
  #setOld(reason) {
    byId("live").classList.toggle("old", reason !== "");
    showText("live-old", reason);
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
