// The recording half of the page: a file goes to the server, its directions come back.

import { fillSelect } from "./arrays.js";
import { sentence, spokenAzimuth } from "./directions.js";
import { Doctor } from "./doctor.js";
import { byId, showText } from "./dom.js";
import { ArrayPlan } from "./plan.js";
import { Player } from "./player.js";
import { locateFile, sizeProblem } from "./request.js";
import { about, savePicture, saveResult, saveTable, saveTimes } from "./save.js";
import { fillTable } from "./table.js";
import { Timeline } from "./timeline.js";
import { traceDots } from "./trace.js";
import { DirectionView } from "./view.js";

const NARROW = matchMedia("(max-width: 820px)"); // where the result is below the form

export class RecordingPage {
  constructor(options, arrays) {
    this.options = options;
    this.arrays = arrays;
    this.plan = new ArrayPlan(byId("form-array"));
    arrays.offer(byId("array"), byId("array-file"), (text) => this.#complain(text));
    fillSelect(byId("choose-estimator"), options.estimators.map((name) => [name, name]));
    fillSelect(byId("grid"), options.grids.map((name) => [name, name]));
    fillSelect(byId("sources"), options.sources.map((name) => [name, name === "auto" ? "find out" : name]));
    byId("max-upload").textContent = options.max_upload_mb;
    byId("array").addEventListener("change", () => {
      this.#showArray();
      this.doctor.forget();
      if (this.file && !this.result) this.locate();
    });
    this.doctor = new Doctor(arrays);
    byId("ignore").addEventListener("input", () => this.doctor.forget());
    byId("examine").addEventListener("click", () => this.#examine());
    byId("file").addEventListener("change", () => this.take([...byId("file").files]));
    byId("cancel").addEventListener("click", () => this.request?.abort());
    byId("locate").addEventListener("submit", (event) => {
      event.preventDefault();
      this.locate();
    });
    byId("save-picture").addEventListener("click", () => savePicture(byId("result"), this.result));
    byId("save-table").addEventListener("click", () => saveTable(this.result));
    byId("save-times").addEventListener("click", () => saveTimes(this.result));
    byId("save-result").addEventListener("click", () => saveResult(this.result));
    this.#showArray();
  }

  take(files) {
    if (!files.length) return;
    if (files.length > 1) return this.#complain(`${files.length} files at once: this page locates one. Drop them one by one, or run anydoa locate on all.`);
    this.file = files[0];
    byId("file-name").textContent = this.file.name;
    this.doctor.forget();
    this.locate();
  }

  async locate() {
    if (!this.file) return this.#complain("Choose a recording first: drop it here, or press the field above.");
    if (!byId("array").value) return this.#complain("Which microphone array made the recording? Choose it below.");
    const problem = sizeProblem(this.file, this.options.max_upload_mb);
    if (problem) return this.#complain(problem);
    this.request?.abort(); // a new question makes the old one void
    const request = (this.request = new AbortController());
    this.#setBusy(true);
    try {
      const query = new URLSearchParams(new FormData(byId("locate")));
      query.set("name", this.file.name);
      const onProgress = progressTeller();
      this.#show(await locateFile(this.file, query, { signal: request.signal, onProgress }));
    } catch (error) {
      if (error.name !== "AbortError") this.#complain(error.message);
    } finally {
      if (this.request === request) this.#setBusy(false);
    }
  }

  async #examine() {
    if (!this.file) return this.#complain("Choose a recording of the array first: somebody talks nearby for ten seconds or more.");
    if (!byId("array").value) return this.#complain("Which microphone array made the recording? Choose it above.");
    const problem = sizeProblem(this.file, this.options.max_upload_mb);
    this.#complain(problem);
    if (problem) return;
    byId("examine").disabled = true;
    byId("examine").textContent = "Examining";
    try {
      const words = { array: byId("array").value, ignore: byId("ignore").value, known_azimuth: byId("known-azimuth").value };
      await this.doctor.examine(this.file, words);
    } catch (error) {
      if (error.name !== "AbortError") this.#complain(error.message);
    }
    byId("examine").disabled = false;
    byId("examine").textContent = "Examine the array";
  }

  #showArray() {
    const array = this.arrays.find(byId("array").value);
    if (array) this.plan.setArray(array);
  }

  #setBusy(busy) {
    byId("go").disabled = busy;
    byId("progress-box").hidden = !busy;
    byId("locate").setAttribute("aria-busy", busy);
    byId("result").classList.toggle("old", busy); // it belongs to the recording before
    byId("result").inert = busy;
    if (!busy) return;
    byId("error").hidden = true;
    byId("progress").removeAttribute("value");
    byId("progress-text").textContent = "Sending the recording";
  }

  // Says what is wrong in place of any result, which would be of another recording.
  #complain(message) {
    showText("error", message);
    if (!message) return;
    this.#setResultShown(false);
    byId("result-idle").textContent = "No result: see what is wrong in the form.";
  }

  #setResultShown(shown) {
    byId("result-idle").hidden = shown;
    byId("result").hidden = !shown;
    byId("result-kinds").hidden = !shown;
  }

  #show(result) {
    this.result = result;
    this.#setResultShown(true);
    this.view ??= new DirectionView(byId("result-view"), { sphere: byId("result-sphere"), map: byId("result-map") }, {
      label: "Spectrum of the whole recording, with the sources that the table lists",
      kind: "map",
      name: "result view",
    });
    this.timeline ??= new Timeline(byId("result-timeline"), "Azimuth of the sources over the recording");
    byId("result-about").textContent = about(result);
    this.view.setStage(result.array, result.grid);
    this.view.setSpectrum(result.spectrum);
    this.view.setMarks(result.sources);
    this.timeline.clear();
    this.timeline.dots = traceDots(result);
    this.timeline.show(0, result.duration_s, 0);
    this.player ??= new Player(this.timeline);
    this.player.open(this.file);
    fillTable(byId("result-table").tBodies[0], result.sources);
    byId("result-note").textContent = notes(result).join(" ");
    showText("result-warning", result.warnings.map(sentence).join(" "));
    byId("announce").textContent = result.sources.length
      ? `Found ${result.sources.length}: ${result.sources.map((source) => spokenAzimuth(source.azimuth_deg)).join(", ")}`
      : "Found nothing";
    if (NARROW.matches) byId("result-title").scrollIntoView({ behavior: "smooth" });
  }
}

// Shows place and progress of a recording, and how long the rest takes at the pace so far.
function progressTeller() {
  let began = 0;
  return ({ place, done }) => {
    const now = performance.now();
    if (done && !began) began = now - 1;
    const left = began && done > 0.02 ? ((now - began) / done) * (1 - done) : null;
    if (place || !done) byId("progress").removeAttribute("value");
    else byId("progress").value = done;
    byId("progress-text").textContent = place
      ? `Waiting: ${place === 1 ? "another recording comes" : `${place} recordings come`} first`
      : `Located ${Math.round(100 * done)} %${left === null ? "" : `, about ${spokenTime(left / 1000)} left`}`;
  };
}

function spokenTime(seconds) {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}

function notes({ sources, array }) {
  return [
    sources.length ? "" : "No source stands out; choose a number of talkers to see the likeliest.",
    sources.some(({ mirror }) => mirror.length) ? `The array ${array.ambiguity}.` : "",
  ].filter(Boolean);
}
