// The recording half of the page: a file goes to the server, its directions come back.

import { degrees, dot } from "./directions.js";
import { ArrayPlan } from "./plan.js";
import { savePicture, saveTable } from "./save.js";
import { fillTable } from "./table.js";
import { Timeline } from "./timeline.js";
import { DirectionView } from "./view.js";

const SAME_SOURCE = Math.cos((20 * Math.PI) / 180);
const MIRRORS = {
  line: "A line of microphones hears only the angle to it: every direction on that cone sounds the same.",
  plane: "A flat array cannot tell a direction from its mirror image on the other side.",
};
const byId = (id) => document.getElementById(id);

export class RecordingPage {
  constructor(options) {
    this.options = options;
    this.plan = new ArrayPlan(byId("form-array"));
    const arrays = options.arrays.map(({ name, title }) => [name, title === name ? name : `${name} – ${title}`]);
    fillSelect(byId("array"), options.own_array ? arrays : [["", "choose what recorded it"], ...arrays]);
    fillSelect(byId("choose-estimator"), options.estimators.map((name) => [name, name]));
    fillSelect(byId("grid"), options.grids.map((name) => [name, name]));
    fillSelect(byId("sources"), options.sources.map((name) => [name, name === "auto" ? "find out" : name]));
    byId("max-upload").textContent = options.max_upload_mb;
    byId("array").addEventListener("change", () => {
      this.#showArray();
      if (this.file && !this.result) this.locate();
    });
    byId("file").addEventListener("change", () => this.take(byId("file").files[0]));
    byId("locate").addEventListener("submit", (event) => {
      event.preventDefault();
      this.locate();
    });
    byId("save-picture").addEventListener("click", () => savePicture(byId("result"), this.result.file));
    byId("save-table").addEventListener("click", () => saveTable(this.result));
    this.#showArray();
  }

  take(file) {
    if (!file) return;
    this.file = file;
    byId("file-name").textContent = file.name;
    this.locate();
  }

  async locate() {
    if (!this.file) return this.#complain("Choose a recording first: drop it here, or press the field above.");
    if (!byId("array").value) return this.#complain("Which microphone array made the recording? Choose it below.");
    if (this.file.size > this.options.max_upload_mb * 1e6) {
      return this.#complain(`${this.file.name} has ${(this.file.size / 1e6).toFixed(0)} MB; this server takes ${this.options.max_upload_mb}.`);
    }
    this.request?.abort(); // a new question makes the old one void
    const request = (this.request = new AbortController());
    this.#setBusy(true);
    try {
      const query = new URLSearchParams(new FormData(byId("locate")));
      query.set("name", this.file.name);
      const answer = await fetch(`/api/locate?${query}`, { method: "POST", body: this.file, signal: request.signal });
      const content = await answer.json();
      if (answer.ok) this.#show(content);
      else this.#complain(content.error);
    } catch (error) {
      if (error.name !== "AbortError") this.#complain("The server did not answer; is anydoa serve still running?");
    } finally {
      if (this.request === request) this.#setBusy(false);
    }
  }

  #showArray() {
    const array = this.options.arrays.find(({ name }) => name === byId("array").value);
    if (array) this.plan.setArray(array);
  }

  #setBusy(busy) {
    byId("go").disabled = busy;
    byId("go").textContent = busy ? "Locating …" : "Locate";
    byId("locate").setAttribute("aria-busy", busy);
    if (busy) byId("error").hidden = true;
  }

  #complain(message) {
    byId("error").hidden = false;
    byId("error").textContent = message;
  }

  #show(result) {
    this.result = result;
    byId("result-idle").hidden = true;
    byId("result").hidden = false;
    byId("result-kinds").hidden = false;
    this.view ??= new DirectionView(byId("result-view"), { sphere: byId("result-sphere"), map: byId("result-map") }, {
      label: "Spectrum of the whole recording, with the sources that the table lists",
      kind: "map",
    });
    this.timeline ??= new Timeline(byId("result-timeline"), "Azimuth of the sources over the recording");
    byId("result-about").textContent =
      `${result.file}: ${result.duration_s.toFixed(1)} s, ${result.array.title}, ${result.estimator}, ${result.grid.name}`;
    this.view.setStage(result.array, result.grid);
    this.view.setSpectrum(result.spectrum);
    this.view.setMarks(result.sources);
    this.timeline.clear();
    this.timeline.dots = result.trace.flatMap((frame) => frame.sources.map((source) => ({
      time: frame.time_s, azimuth: source.azimuth_deg, strength: source.score, id: nearest(source, result.sources),
    })));
    this.timeline.show(0, result.duration_s, 0);
    fillTable(byId("result-table").tBodies[0], result.sources, { withMirror: true });
    byId("result-note").textContent = notes(result).join(" ");
    byId("announce").textContent = result.sources.length
      ? `Found ${result.sources.length}: azimuth ${result.sources.map((source) => degrees(source.azimuth_deg)).join(", ")}`
      : "Found nothing";
  }
}

function notes({ sources, flat_channels: flat, array }) {
  return [
    sources.length ? "" : "No source stands out; choose a number of talkers to see the likeliest.",
    flat.length === 1 ? `Channel ${flat[0]} never changes: is that microphone connected and unmuted?` : "",
    flat.length > 1 ? `Channels ${flat.join(", ")} never change: are those microphones connected and unmuted?` : "",
    sources.some(({ mirror }) => mirror.length) ? MIRRORS[array.rank] : "",
  ].filter(Boolean);
}

// Id of the source of the whole recording that a source of a frame is, or null for none of them.
function nearest({ xyz }, sources) {
  const angles = sources.map((source) => dot(source.xyz, xyz));
  const best = angles.indexOf(Math.max(...angles));
  return best >= 0 && angles[best] >= SAME_SOURCE ? sources[best].id : null;
}

function fillSelect(select, choices) {
  select.replaceChildren(...choices.map(([value, text]) => new Option(text, value)));
}
