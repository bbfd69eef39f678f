// All directions on a flat map, as in the pictures of `anydoa locate`: the front in the middle, left on the left.

import { Canvas, haloText } from "./canvas.js";
import { toAngles } from "./directions.js";
import { drawMark } from "./mark.js";
import { HEIGHT, WIDTH } from "./raster.js";
import { colour, palette } from "./theme.js";
import { outline, zonePieces } from "./zones.js";

const PICTURE = { width: 720, height: 360 }; // scaled up smoothly
const MARGIN = 18;
const MERIDIANS = [-150, -120, -90, -60, -30, 0, 30, 60, 90, 120, 150];
const PARALLELS = [-60, -30, 0, 30, 60];
const NAMES = { 90: "left 90°", 0: "front 0°", "-90": "right −90°" };

export class MollweideMap {
  constructor(box, label) {
    this.marks = [];
    this.zones = [];
    this.picture = new OffscreenCanvas(PICTURE.width, PICTURE.height);
    this.sources = pixelSources();
    this.canvas = new Canvas(box, (context, width, height) => this.#draw(context, width, height), { label });
    this.recolour();
  }

  setRaster(raster) {
    this.raster = raster;
    this.#renderPicture();
    this.canvas.repaint();
  }

  setArray() {} // the map shows directions alone

  setZones(zones) {
    this.zones = zones.map(({ name, ...range }) => ({ name, pieces: zonePieces(range) }));
    this.canvas.repaint();
  }

  setMarks(marks) {
    this.marks = marks;
    this.canvas.repaint();
  }

  recolour() {
    this.colours = palette();
    this.#renderPicture();
    this.canvas.repaint();
  }

  remove() {
    this.canvas.remove();
  }

  #renderPicture() {
    if (!this.raster) return;
    const context = this.picture.getContext("2d");
    const image = context.createImageData(PICTURE.width, PICTURE.height);
    for (let pixel = 0; pixel < this.sources.length; pixel++) {
      const source = this.sources[pixel];
      if (source < 0 || !this.raster.levels[2 * source + 1]) continue;
      const step = 4 * this.raster.levels[2 * source];
      for (let part = 0; part < 4; part++) image.data[4 * pixel + part] = this.colours[step + part];
    }
    context.putImageData(image, 0, 0);
  }

  #draw(context, width, height) {
    const half = Math.min(width / 2 - MARGIN, height - 2 * MARGIN);
    const project = ([x, y]) => [width / 2 + x * half, height / 2 - (y * half) / 2];
    context.beginPath();
    context.ellipse(width / 2, height / 2, half, half / 2, 0, 0, 2 * Math.PI);
    context.fillStyle = colour("glass");
    context.fill();
    context.imageSmoothingQuality = "high";
    context.save();
    context.clip();
    context.drawImage(this.picture, width / 2 - half, height / 2 - half / 2, 2 * half, half);
    context.restore();
    this.#drawLines(context, project);
    context.beginPath();
    context.ellipse(width / 2, height / 2, half, half / 2, 0, 0, 2 * Math.PI);
    context.strokeStyle = colour("graticule");
    context.stroke();
    for (const zone of this.zones) drawZone(context, project, zone);
    nameDirections(context, project);
    for (const mark of this.marks) drawMark(context, ...project(place(...toAngles(mark.xyz))), mark);
  }

  #drawLines(context, project) {
    context.strokeStyle = colour("graticule");
    context.globalAlpha = 0.45;
    context.lineWidth = 1;
    context.beginPath();
    for (const meridian of MERIDIANS) {
      for (let up = -90; up <= 90; up += 5) {
        const [x, y] = project(place(meridian, up));
        if (up === -90) context.moveTo(x, y);
        else context.lineTo(x, y);
      }
    }
    for (const parallel of PARALLELS) {
      context.moveTo(...project(place(180, parallel)));
      context.lineTo(...project(place(-180, parallel)));
    }
    context.stroke();
    context.globalAlpha = 1;
  }
}

function drawZone(context, project, { name, pieces }) {
  context.strokeStyle = context.fillStyle = colour("zone");
  context.lineWidth = 1.5;
  context.setLineDash([5, 3]);
  for (const piece of pieces) {
    context.beginPath();
    for (const point of outline(piece)) context.lineTo(...project(place(...point)));
    context.closePath();
    context.globalAlpha = 0.1;
    context.fill();
    context.globalAlpha = 1;
    context.stroke();
  }
  context.setLineDash([]);
  const [widest] = pieces.toSorted((a, b) => b.to - b.from - (a.to - a.from));
  if (!widest) return;
  const [x, y] = project(place((widest.from + widest.to) / 2, (widest.low + widest.high) / 2));
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "bottom";
  haloText(context, name, x, y - 3, colour("zone"));
}

function nameDirections(context, project) {
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const [meridian, name] of Object.entries(NAMES)) {
    const [x, y] = project(place(Number(meridian), 0));
    haloText(context, name, x, y + 4, colour(meridian === "0" ? "front" : "muted"));
  }
}

// Place on the map, -1..1 across and up. J. P. Snyder (1987), Map Projections, chapter 31.
function place(azimuthDeg, elevationDeg) {
  const latitude = (elevationDeg * Math.PI) / 180;
  let angle = latitude;
  for (let step = 0; step < 12 && Math.abs(latitude) < Math.PI / 2 - 1e-6; step++) {
    angle -= (2 * angle + Math.sin(2 * angle) - Math.PI * Math.sin(latitude)) / (2 + 2 * Math.cos(2 * angle));
  }
  return [(-azimuthDeg / 180) * Math.cos(angle), Math.sin(angle)];
}

// Which pixel of a raster each pixel of the map shows; -1 outside the ellipse.
function pixelSources() {
  const sources = new Int32Array(PICTURE.width * PICTURE.height).fill(-1);
  for (let row = 0; row < PICTURE.height; row++) {
    const up = 1 - (2 * (row + 0.5)) / PICTURE.height;
    const angle = Math.asin(up);
    const sine = (2 * angle + Math.sin(2 * angle)) / Math.PI;
    const rasterRow = Math.min(HEIGHT - 1, Math.floor((Math.asin(sine) / Math.PI + 0.5) * HEIGHT));
    for (let column = 0; column < PICTURE.width; column++) {
      const turns = -((2 * (column + 0.5)) / PICTURE.width - 1) / Math.cos(angle) / 2;
      // A little beyond the rim, so that smoothing finds no empty pixels inside it.
      if (Math.abs(turns) > 0.52) continue;
      const rasterColumn = Math.min(WIDTH - 1, Math.max(0, Math.floor((turns + 0.5) * WIDTH)));
      sources[row * PICTURE.width + column] = rasterRow * WIDTH + rasterColumn;
    }
  }
  return sources;
}
