// The doctor's verdict on an array by what it recorded, and the array as it should be described.

import { sentence } from "./directions.js";
import { ask } from "./request.js";
import { download } from "./save.js";

const byId = (id) => document.getElementById(id);

export class Doctor {
  constructor(arrays) {
    this.arrays = arrays;
    byId("take-corrected").addEventListener("click", () => this.#take());
    byId("save-corrected").addEventListener("click", () => {
      download(new Blob([this.corrected.toml], { type: "application/toml" }), "corrected.array.toml");
    });
  }

  // Examines a recording; words name the array, the channels to ignore and where the only talker is.
  async examine(file, words) {
    byId("verdict").hidden = true;
    const query = new URLSearchParams({ ...words, name: file.name });
    this.#show(await ask(`/api/doctor?${query}`, { method: "POST", body: file }));
  }

  #show({ verdict, findings, corrected, why_not_corrected: whyNot, geometry }) {
    byId("verdict").hidden = false;
    byId("verdict-text").textContent = verdict;
    byId("findings").replaceChildren(...findings.map(({ text, certainty }) => {
      const item = document.createElement("li");
      item.textContent = `${sentence(text)} ${certainty < 0.995 ? `${Math.round(100 * certainty)} % sure.` : "Sure."}`;
      return item;
    }));
    const azimuth = geometry.settled_by_azimuth_deg;
    byId("verdict-advice").textContent = [
      whyNot && `No corrected array: ${whyNot}`,
      azimuth !== null && `To know the order for certain, record one talker at ${Math.round(azimuth)}° azimuth, level with the array, and say so above.`,
    ].filter(Boolean).join(" ");
    this.corrected = corrected?.toml ? corrected : null;
    byId("corrected").hidden = !this.corrected;
    byId("announce").textContent = verdict;
    byId("verdict").scrollIntoView({ block: "nearest" });
  }

  #take() {
    this.arrays.choose(byId("array"), this.corrected);
    byId("announce").textContent = `${this.corrected.name} is chosen`;
  }
}
