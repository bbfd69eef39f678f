// What the server listens to: chosen here, begun and stopped, for everybody who sees the page.

import { fillSelect } from "./arrays.js";
import { sentence } from "./directions.js";
import { byId, showText } from "./dom.js";
import { ask, sizeProblem } from "./request.js";
import { keep, setting } from "./settings.js";

const LIKELIEST = "auto";

export class ListeningForm {
  constructor(options, arrays) {
    this.options = options;
    arrays.offer(byId("listen-array"), byId("listen-array-file"), (text) => this.#complain(text));
    fillSelect(byId("listen-estimator"), options.estimators.map((name) => [name, name]));
    fillSelect(byId("listen-grid"), options.grids.map((name) => [name, name]));
    byId("listen-recording").addEventListener("change", () => this.#send(byId("listen-recording").files[0]));
    byId("listen-stop").addEventListener("click", () => this.#change("DELETE"));
    byId("listen").addEventListener("submit", (event) => {
      event.preventDefault();
      keep("listening", this.#choice());
      this.#change("POST", this.#choice());
    });
  }

  // Shows what is chosen now, and returns what the server says; called whenever the stream is another one.
  async refresh() {
    try {
      const state = await ask("/api/listening");
      this.#show(state);
      return state;
    } catch (error) {
      this.#complain(error.message);
      return null;
    }
  }

  open() {
    byId("listening").open = true;
  }

  #choice() {
    const [kind, name] = byId("listen-sound").value.split("\n");
    const words = Object.fromEntries(["array", "estimator", "grid", "ignore"].map((word) => [word, byId(`listen-${word}`).value]));
    return { ...words, [kind]: name };
  }

  #show({ listening, locked, cards, cards_problem: problem, replays }) {
    fillSelect(byId("listen-sound"), [
      ...(cards.length ? [[`card\n${LIKELIEST}`, "likeliest sound card"]] : []),
      ...cards.map(({ card, name, num_channels: count }) => [`card\n${card}`, `${name} (${count} channels)`]),
      ...replays.map((name) => [`replay\n${name}`, `replay ${name}`]),
    ]);
    this.chosen = listening ?? this.chosen;
    this.#choose(listening ?? setting("listening", {}));
    byId("listen").hidden = locked;
    byId("listen-note").textContent = locked ? "What is listened to was chosen when the server was started." : sentence(problem || " ").trim();
    byId("listen-start").textContent = listening ? "Change" : "Listen";
    byId("listen-stop").hidden = !listening;
    byId("listening-about").textContent = listening ? `${listening.replay ?? "sound card"}, ${listening.array}` : "nothing";
  }

  // Chooses what can be chosen of it; the rest stays as it is.
  #choose({ card, replay, ...words }) {
    const sound = card ? `card\n${card}` : `replay\n${replay}`;
    const sounds = byId("listen-sound");
    // A card that the server was given by a part of its name.
    if (card && ![...sounds.options].some((option) => option.value === sound)) sounds.add(new Option(card, sound));
    if (words.ignore === "") byId("listen-ignore").value = "";
    for (const [word, value] of Object.entries({ ...words, sound })) {
      const field = byId(`listen-${word}`);
      if (value && (!field.options || [...field.options].some((option) => option.value === value))) field.value = value;
    }
  }

  async #send(file) {
    if (!file) return;
    const problem = sizeProblem(file, this.options.max_upload_mb);
    if (problem) return this.#complain(problem);
    this.#setBusy(true);
    try {
      const { name } = await ask(`/api/replays?${new URLSearchParams({ name: file.name })}`, { method: "POST", body: file });
      const kept = this.#choice();
      await this.refresh();
      this.#choose({ ...kept, card: null, replay: name });
      this.#complain("");
    } catch (error) {
      this.#complain(error.message);
    }
    this.#setBusy(false);
  }

  async #change(method, choice = {}) {
    this.#setBusy(true);
    try {
      if (method === "POST" && !choice.array) throw new Error("Which microphone array hears the sound? Choose it.");
      if (method === "POST" && !choice.card && !choice.replay) throw new Error("Which sound? Choose a recording to replay, or plug in a sound card and start anydoa serve again.");
      this.#show(await ask(`/api/listening?${new URLSearchParams(choice)}`, { method }));
      this.#complain("");
    } catch (error) {
      this.#complain(error.message);
    }
    this.#setBusy(false);
  }

  #setBusy(busy) {
    byId("listen").setAttribute("aria-busy", busy);
    for (const name of ["start", "stop"]) byId(`listen-${name}`).disabled = busy;
  }

  #complain(text) {
    showText("listen-error", text);
  }
}
