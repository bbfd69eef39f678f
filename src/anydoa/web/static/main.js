// Starts the page: its two halves, the tabs between them, and files dropped anywhere.

import { ArrayList } from "./arrays.js";
import { byId } from "./dom.js";
import { ListeningForm } from "./listening.js";
import { LivePage } from "./live.js";
import { RecordingPage } from "./recording.js";

const tabs = [...document.querySelectorAll('[role="tab"]')];

function choose(tab) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", chosen);
    other.tabIndex = chosen ? 0 : -1;
    byId(other.getAttribute("aria-controls")).hidden = !chosen;
  }
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const place = {
      ArrowLeft: index + tabs.length - 1, ArrowRight: index + 1, Home: 0, End: tabs.length - 1,
    }[event.key];
    if (place === undefined) return;
    event.preventDefault();
    const next = tabs[place % tabs.length];
    choose(next);
    next.focus();
  });
}

function acceptDrops(take) {
  const veil = byId("veil");
  let depth = 0; // of nested elements that the file is dragged over
  const onFiles = (type, act) => addEventListener(type, (event) => {
    if (event.dataTransfer?.types.includes("Files")) act(event); // and not a link or a piece of text
  });
  onFiles("dragenter", () => (veil.hidden = ++depth === 0));
  onFiles("dragleave", () => (veil.hidden = --depth === 0));
  onFiles("dragover", (event) => event.preventDefault());
  onFiles("drop", (event) => {
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
}

for (const place of document.querySelectorAll(".legend-place")) {
  place.append(byId("legend").content.cloneNode(true));
}

const options = await (await fetch("/api/options")).json();
const arrays = new ArrayList(options);
const recording = new RecordingPage(options, arrays);
const live = new LivePage(new ListeningForm(options, arrays), arrays);
live.start();
document.querySelector("main").inert = false; // until now nothing on it would have answered
acceptDrops((files) => {
  choose(byId("tab-recording"));
  recording.take(files);
});
if (!options.live) choose(byId("tab-recording"));
