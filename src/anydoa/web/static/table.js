// Rows of talkers, updated in place so that a reader's cursor and the screen stay calm.

import { degrees, spokenAzimuth } from "./directions.js";
import { NUM_TALKER_COLOURS } from "./theme.js";

const MOST_MIRRORS = 3; // a line of microphones has a whole cone of them

// With onName a person may name talkers: called with number and name.
export function fillTable(body, talkers, onName) {
  while (body.rows.length > talkers.length) body.deleteRow(-1);
  talkers.forEach((talker, index) => {
    const row = body.rows[index] ?? addRow(body, onName);
    row.dataset.id = talker.id;
    row.dataset.azimuth = talker.azimuth_deg;
    row.dataset.elevation = talker.elevation_deg;
    row.className = (talker.activity ?? 1) < 0.5 ? "silent" : "";
    const [who, azimuth, elevation, score] = row.cells;
    who.firstChild.className = `badge talker-${talker.id % NUM_TALKER_COLOURS}`;
    setText(who.firstChild, String(talker.id));
    if (onName) showName(who.children[1], talker);
    setText(who.lastChild, talker.zone ?? "");
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

function addRow(body, onName) {
  const row = body.insertRow();
  const who = document.createElement("th");
  who.scope = "row";
  const zone = document.createElement("small");
  zone.className = "zone";
  who.append(document.createElement("span"), ...(onName ? [nameField(row, onName)] : []), zone);
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

function nameField(row, onName) {
  const field = document.createElement("input");
  Object.assign(field, { className: "name", maxLength: 24, placeholder: "name", autocomplete: "off" });
  let id = 0; // of the talker who has the row when somebody begins to type: others may move up meanwhile
  field.addEventListener("focus", () => (id = Number(row.dataset.id)));
  field.addEventListener("input", () => onName(id, field.value.trim()));
  return field;
}

// The field follows its row's talker, but not while a person types.
function showName(field, { id, name }) {
  field.setAttribute("aria-label", `Name of talker ${id}`);
  if (document.activeElement !== field) field.value = name;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
