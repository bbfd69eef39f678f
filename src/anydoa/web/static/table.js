// Rows of talkers, updated in place so that a reader's cursor and the screen stay calm.

import { degrees, side } from "./directions.js";
import { NUM_TALKER_COLOURS } from "./theme.js";

export function fillTable(body, talkers, { withMirror = false } = {}) {
  while (body.rows.length > talkers.length) body.deleteRow(-1);
  talkers.forEach((talker, index) => {
    const row = body.rows[index] ?? addRow(body, withMirror ? 5 : 4);
    row.dataset.id = talker.id;
    row.dataset.azimuth = talker.azimuth_deg;
    row.dataset.elevation = talker.elevation_deg;
    row.className = (talker.activity ?? 1) < 0.5 ? "silent" : "";
    const [who, azimuth, elevation, score, mirror] = row.cells;
    who.firstChild.className = `badge talker-${talker.id % NUM_TALKER_COLOURS}`;
    setText(who.firstChild, String(talker.id));
    setText(azimuth, `${degrees(talker.azimuth_deg)} ${side(talker.azimuth_deg)}`);
    setText(elevation, degrees(talker.elevation_deg));
    score.firstChild.value = talker.score;
    setText(score.lastChild, talker.score.toFixed(2));
    if (mirror) setText(mirror, talker.mirror.map(angles).join("; ") || "–");
  });
}

function angles(direction) {
  return `${degrees(direction.azimuth_deg)}, ${degrees(direction.elevation_deg)}`;
}

function addRow(body, numCells) {
  const row = body.insertRow();
  const who = document.createElement("th");
  who.scope = "row";
  who.append(document.createElement("span"));
  row.append(who);
  for (let cell = 1; cell < numCells; cell++) row.insertCell();
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-hidden", "true");
  row.cells[3].append(bar, document.createElement("span"));
  return row;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
