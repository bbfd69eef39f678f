// Rows of talkers, updated in place so that a reader's cursor and the screen stay calm.

import { degrees, spokenAzimuth } from "./directions.js";
import { NUM_TALKER_COLOURS } from "./theme.js";

const MOST_MIRRORS = 3; // a line of microphones has a whole cone of them

export function fillTable(body, talkers) {
  while (body.rows.length > talkers.length) body.deleteRow(-1);
  talkers.forEach((talker, index) => {
    const row = body.rows[index] ?? addRow(body);
    row.dataset.id = talker.id;
    row.dataset.azimuth = talker.azimuth_deg;
    row.dataset.elevation = talker.elevation_deg;
    row.className = (talker.activity ?? 1) < 0.5 ? "silent" : "";
    const [who, azimuth, elevation, score] = row.cells;
    who.firstChild.className = `badge talker-${talker.id % NUM_TALKER_COLOURS}`;
    setText(who.firstChild, String(talker.id));
    setText(azimuth.firstChild, spokenAzimuth(talker.azimuth_deg));
    setText(azimuth.lastChild, mirrorText(talker.mirror));
    setText(elevation, degrees(talker.elevation_deg));
    score.firstChild.value = talker.score;
    setText(score.lastChild, talker.score.toFixed(2));
  });
}

// The directions that sound the same to the array, or nothing.
export function mirrorText(mirror = []) {
  const named = mirror.slice(0, MOST_MIRRORS).map(angles).join("; ");
  if (!named) return "";
  return `or ${named}${mirror.length > MOST_MIRRORS ? "; all around" : ""}`;
}

function angles(direction) {
  return `${spokenAzimuth(direction.azimuth_deg)}, ${degrees(direction.elevation_deg)}`;
}

function addRow(body) {
  const row = body.insertRow();
  const who = document.createElement("th");
  who.scope = "row";
  who.append(document.createElement("span"));
  row.append(who);
  for (let cell = 1; cell < 4; cell++) row.insertCell();
  const mirror = document.createElement("small");
  mirror.className = "mirror";
  row.cells[1].append(document.createElement("span"), mirror);
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-hidden", "true");
  row.cells[3].append(bar, document.createElement("span"));
  return row;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
