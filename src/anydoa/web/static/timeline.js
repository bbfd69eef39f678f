// Azimuth over time: left is positive and above the front; what sounds where as heat, talkers as dots.

import { Canvas } from "./canvas.js";
import { colour, onThemeChange, palette, talkerColour } from "./theme.js";

export const NUM_BINS = 72; // of azimuth, 5 degrees each
const MARGIN = { left: 74, right: 12, top: 8, bottom: 20 };
const SIDES = [[180, "back 180°"], [90, "left 90°"], [0, "front 0°"], [-90, "right −90°"], [-180, "back"]];
const JUMP = 180; // degrees between two dots of a talker that went past the back

export class Timeline {
  constructor(box, label) {
    this.columns = []; // {time, profile}
    this.dots = []; // {time, azimuth, id, strength}
    this.span = { from: -30, to: 0, origin: 0 };
    this.canvas = new Canvas(box, (context, width, height) => this.#draw(context, width, height), { label });
    onThemeChange(() => this.repaint());
    this.colours = palette();
  }

  repaint() {
    this.colours = palette();
    this.canvas.repaint();
  }

  // Shown from ... to, in seconds; labels count from origin.
  show(from, to, origin) {
    this.span = { from, to, origin };
    this.columns = this.columns.filter((column) => column.time >= from - 1);
    this.dots = this.dots.filter((dot) => dot.time >= from);
    this.canvas.repaint();
  }

  clear() {
    this.columns = [];
    this.dots = [];
  }

  #draw(context, width, height) {
    const plot = {
      x: MARGIN.left,
      y: MARGIN.top,
      width: width - MARGIN.left - MARGIN.right,
      height: height - MARGIN.top - MARGIN.bottom,
    };
    const across = (time) => plot.x + ((time - this.span.from) / (this.span.to - this.span.from)) * plot.width;
    const down = (azimuth) => plot.y + ((180 - azimuth) / 360) * plot.height;
    context.fillStyle = colour("glass");
    context.fillRect(plot.x, plot.y, plot.width, plot.height);
    this.#drawHeat(context, plot, across);
    drawSides(context, plot, down);
    this.#drawTimes(context, plot, across);
    this.#drawDots(context, plot, across, down);
  }

  #drawHeat(context, plot, across) {
    if (this.columns.length < 2) return;
    const picture = new OffscreenCanvas(this.columns.length, NUM_BINS);
    const image = new ImageData(this.columns.length, NUM_BINS);
    this.columns.forEach(({ profile }, column) => {
      for (let bin = 0; bin < NUM_BINS; bin++) {
        const step = 4 * Math.round(255 * Math.min(1, profile[bin]));
        const pixel = 4 * ((NUM_BINS - 1 - bin) * this.columns.length + column);
        for (let part = 0; part < 4; part++) image.data[pixel + part] = this.colours[step + part];
      }
    });
    picture.getContext("2d").putImageData(image, 0, 0);
    const start = across(this.columns[0].time);
    context.save();
    context.beginPath();
    context.rect(plot.x, plot.y, plot.width, plot.height);
    context.clip();
    context.globalAlpha = 0.75;
    context.drawImage(picture, start, plot.y, across(this.columns.at(-1).time) - start, plot.height);
    context.restore();
  }

  #drawTimes(context, plot, across) {
    const length = this.span.to - this.span.from;
    const step = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((seconds) => length / seconds <= plot.width / 55) ?? length / 6;
    context.textBaseline = "top";
    context.fillStyle = colour("muted");
    const first = Math.ceil((this.span.from - this.span.origin) / step - 1e-6);
    for (let tick = first; tick * step <= this.span.to - this.span.origin + 1e-6; tick++) {
      const x = across(this.span.origin + tick * step);
      const nearEnd = x > plot.x + plot.width - 16;
      context.textAlign = nearEnd ? "right" : tick === first ? "left" : "center";
      const label = `${Number((tick * step).toFixed(1))} s`.replace("-", "−");
      context.fillText(label, nearEnd ? plot.x + plot.width : x, plot.y + plot.height + 5);
    }
  }

  #drawDots(context, plot, across, down) {
    const last = new Map();
    for (const { time, azimuth, id, strength } of this.dots) {
      const [x, y] = [across(time), down(azimuth)];
      if (x < plot.x) continue;
      context.globalAlpha = 0.25 + 0.75 * strength;
      context.fillStyle = context.strokeStyle = id === null ? colour("muted") : talkerColour(id);
      const before = last.get(id);
      if (id !== null && before && time - before.time < 0.5 && Math.abs(azimuth - before.azimuth) < JUMP) {
        context.lineWidth = 3;
        context.lineCap = "round";
        context.beginPath();
        context.moveTo(before.x, before.y);
        context.lineTo(x, y);
        context.stroke();
      } else {
        context.beginPath();
        context.arc(x, y, 1.8, 0, 2 * Math.PI);
        context.fill();
      }
      last.set(id, { x, y, time, azimuth });
    }
    context.globalAlpha = 1;
  }
}

function drawSides(context, plot, down) {
  context.font = "11.5px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (const [azimuth, name] of SIDES) {
    const y = Math.round(down(azimuth)) + 0.5;
    context.strokeStyle = colour("graticule");
    context.globalAlpha = azimuth === 0 ? 0.8 : 0.4;
    context.beginPath();
    context.moveTo(plot.x, y);
    context.lineTo(plot.x + plot.width, y);
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = colour(azimuth === 0 ? "front" : "muted");
    context.fillText(name, plot.x - 8, y);
  }
}

// Which bin of azimuth each direction of a grid is in.
export function azimuthBins(directions) {
  return Uint8Array.from({ length: directions.length / 3 }, (_, index) => {
    const turns = Math.atan2(directions[3 * index + 1], directions[3 * index]) / (2 * Math.PI) + 0.5;
    return Math.min(NUM_BINS - 1, Math.floor(turns * NUM_BINS));
  });
}

// The loudest of each bin.
export function azimuthProfile(shown, bins) {
  const profile = new Float32Array(NUM_BINS);
  for (let index = 0; index < shown.length; index++) {
    if (shown[index] > profile[bins[index]]) profile[bins[index]] = shown[index];
  }
  return profile;
}
