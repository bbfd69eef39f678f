// The doctor's verdict on an array by what it recorded, and the array as it should be described.

import { sentence } from "./directions.js";
import { byId } from "./dom.js";
import { ask } from "./request.js";
import { download } from "./save.js";

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
    this.forget();
    const { signal } = (this.request = new AbortController());
    const query = new URLSearchParams({ ...words, name: file.name });
    this.#show(await ask(`/api/doctor?${query}`, { method: "POST", body: file, signal }));
  }

  // What was found, or is being looked for, is of another file or array than is chosen now.
  forget() {
    this.request?.abort();
    byId("verdict").hidden = true;
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
    byId("take-corrected").hidden = false;
    byId("announce").textContent = verdict;
    byId("verdict").scrollIntoView({ block: "nearest" });
  }

  // What was found is of the array before; the corrected one can still be saved.
  #take() {
    this.arrays.choose(byId("array"), this.corrected);
    const said = `${this.corrected.name} is chosen`;
    byId("verdict-text").textContent = `${said}. Examine it, too, to see whether it is right.`;
    byId("findings").replaceChildren();
    byId("verdict-advice").textContent = "";
    byId("take-corrected").hidden = true;
    byId("verdict").hidden = false;
    byId("announce").textContent = said;
  }
}
