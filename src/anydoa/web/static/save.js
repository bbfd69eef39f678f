// What is shown, as files: a PNG of the drawings, CSV of sources and of times, JSON of everything.

import { degrees, spokenAzimuth } from "./directions.js";
import { mirrorText } from "./table.js";
import { colour, talkerColour } from "./theme.js";

const GAP = 16;
const LINE = 20; // pixels of a line of text, before the screen's scale

export function about({ file, duration_s: duration, array, estimator, grid }) {
  return `${file}: ${duration.toFixed(1)} s, ${array.title}, ${estimator}, ${grid.name}`;
}

export function savePicture(box, result) {
  const drawings = [...box.querySelectorAll(".view, .canvas-box")].map((part) => [...part.querySelectorAll("canvas")]);
  const ratio = devicePixelRatio || 1;
  const width = Math.max(...drawings.map(([first]) => first.width));
  const legend = legendLines(result);
  const height = (legend.length + 2) * LINE * ratio + drawings.reduce((sum, [first]) => sum + first.height + GAP, 2 * GAP);
  const picture = document.createElement("canvas");
  Object.assign(picture, { width, height });
  const context = picture.getContext("2d");
  context.fillStyle = colour("card");
  context.fillRect(0, 0, width, height);
  context.font = `${13 * ratio}px system-ui, sans-serif`;
  context.textBaseline = "top";
  let top = GAP;
  const write = (text, ink) => {
    context.fillStyle = ink;
    context.fillText(text, GAP, top, width - 2 * GAP);
    top += LINE * ratio;
  };
  write(about(result), colour("ink"));
  for (const layers of drawings) {
    for (const layer of layers) context.drawImage(layer, 0, top);
    top += layers[0].height + GAP;
  }
  write("above: where sound comes from; below: azimuth over time in seconds", colour("muted"));
  for (const [text, ink] of legend) write(text, ink);
  picture.toBlob((blob) => download(blob, `${stem(result.file)}.png`));
}

function legendLines({ sources }) {
  return sources.map(({ id, azimuth_deg: azimuth, elevation_deg: elevation, score, mirror }) => [
    `${id}: ${spokenAzimuth(azimuth)}, ${degrees(elevation)} up, score ${score.toFixed(2)} ${mirrorText(mirror)}`,
    talkerColour(id),
  ]);
}

export function saveTable({ file, array, sources }) {
  const rows = sources.map(({ id, azimuth_deg: azimuth, elevation_deg: elevation, score, mirror }) => [
    id, azimuth, elevation, score, mirror.map((twin) => `${twin.azimuth_deg} ${twin.elevation_deg}`).join("; "), quoted(array.name),
  ]);
  saveCsv(["id", "azimuth_deg", "elevation_deg", "score", "mirror_deg", "array"], rows, `${stem(file)}.csv`);
}

export function saveTimes({ file, trace }) {
  const rows = trace.flatMap(({ time_s: time, sources }) =>
    sources.map(({ id, azimuth_deg: azimuth, elevation_deg: elevation, score }) => [time, id, azimuth, elevation, score]),
  );
  saveCsv(["time_s", "talker", "azimuth_deg", "elevation_deg", "score"], rows, `${stem(file)}.times.csv`);
}

export function saveResult(result) {
  download(new Blob([JSON.stringify(result)], { type: "application/json" }), `${stem(result.file)}.json`);
}

function saveCsv(names, rows, name) {
  const lines = [names, ...rows].map((row) => row.join(","));
  download(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }), name);
}

function quoted(text) {
  return `"${text.replaceAll('"', '""')}"`;
}

function stem(name) {
  return name.replace(/\.[^.]*$/, "") || "recording";
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
