// What is shown, as files: a PNG of the drawings, a CSV of the directions.

import { colour } from "./theme.js";

const GAP = 16;

export function savePicture(box, name) {
  const drawings = [...box.querySelectorAll(".view, .canvas-box")].map((part) => [...part.querySelectorAll("canvas")]);
  const width = Math.max(...drawings.map(([first]) => first.width));
  const height = drawings.reduce((sum, [first]) => sum + first.height + GAP, GAP);
  const picture = document.createElement("canvas");
  Object.assign(picture, { width, height });
  const context = picture.getContext("2d");
  context.fillStyle = colour("card");
  context.fillRect(0, 0, width, height);
  let top = GAP;
  for (const layers of drawings) {
    for (const layer of layers) context.drawImage(layer, 0, top);
    top += layers[0].height + GAP;
  }
  picture.toBlob((blob) => download(blob, `${stem(name)}.png`));
}

export function saveTable({ file, sources }) {
  const rows = sources.map(({ id, azimuth_deg: azimuth, elevation_deg: elevation, score }) => [id, azimuth, elevation, score]);
  const lines = [["id", "azimuth_deg", "elevation_deg", "score"], ...rows].map((row) => row.join(","));
  download(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }), `${stem(file)}.csv`);
}

function stem(name) {
  return name.replace(/\.[^.]*$/, "") || "recording";
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
