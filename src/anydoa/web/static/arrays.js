// The arrays to choose from, the same in every form; a file of one's own joins them.

import { ask, sizeProblem } from "./request.js";

export class ArrayList {
  constructor({ arrays, own_array: own, array_suffixes: suffixes, max_upload_mb: mostMb }) {
    this.arrays = arrays;
    this.own = own;
    this.suffixes = suffixes;
    this.mostMb = mostMb;
    this.selects = [];
  }

  find(name) {
    return this.arrays.find((array) => array.name === name);
  }

  // Fills a select, and a file input beside it that adds to it; what is wrong with a file is told to complain.
  offer(select, file, complain) {
    this.selects.push(select);
    fillArrays(select, this.arrays, this.own ? "" : select.dataset.question);
    file.accept = this.suffixes.join(",");
    file.addEventListener("change", async () => {
      if (!file.files.length) return;
      await this.#add(file.files[0], select, complain);
      file.value = ""; // the same file may be corrected and chosen again
    });
  }

  async #add(file, select, complain) {
    const problem = sizeProblem(file, this.mostMb);
    if (problem) return complain(problem);
    try {
      const query = new URLSearchParams({ name: file.name });
      const array = await ask(`/api/arrays?${query}`, { method: "POST", body: file });
      complain("");
      this.choose(select, array);
    } catch (error) {
      complain(error.message);
    }
  }

  // A new array of the server in every list, chosen in one of them.
  choose(select, array) {
    this.arrays = [...this.arrays.filter(({ name }) => name !== array.name), array];
    for (const each of this.selects) {
      const chosen = each.value;
      fillArrays(each, this.arrays, this.own || chosen ? "" : each.dataset.question);
      each.value = chosen;
    }
    select.value = array.name;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function fillArrays(select, arrays, question) {
  const choices = arrays.map(({ name, title }) => [name, title === name ? name : `${name} – ${title}`]);
  fillSelect(select, question ? [["", question], ...choices] : choices);
}

export function fillSelect(select, choices) {
  select.replaceChildren(...choices.map(([value, text]) => new Option(text, value)));
}
