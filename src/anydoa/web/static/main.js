// Starts the page: its two halves, the tabs between them, and files dropped anywhere.

import { LivePage } from "./live.js";
import { RecordingPage } from "./recording.js";

const tabs = [...document.querySelectorAll('[role="tab"]')];

function choose(tab) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", chosen);
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  }
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const next = tabs[(index + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length];
    choose(next);
    next.focus();
  });
}

function acceptDrops(take) {
  const veil = document.getElementById("veil");
  let depth = 0; // of nested elements that the file is dragged over
  addEventListener("dragenter", () => (veil.hidden = ++depth === 0));
  addEventListener("dragleave", () => (veil.hidden = --depth === 0));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });
}

const options = await (await fetch("/api/options")).json();
const recording = new RecordingPage(options);
const live = new LivePage();
document.querySelector("main").inert = false; // until now nothing on it would have answered
acceptDrops((file) => {
  choose(document.getElementById("tab-recording"));
  recording.take(file);
});
if (options.live) {
  live.start();
} else {
  live.sayIdle();
  choose(document.getElementById("tab-recording"));
}
