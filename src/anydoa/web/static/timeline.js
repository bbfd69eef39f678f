// Azimuth over time: left is positive and above the front; what sounds where as heat, talkers as dots.

import { Canvas } from "./canvas.js";
import { azimuthAt } from "./directions.js";
import { firstFrom } from "./sorted.js";
import { colour, onThemeChange, palette, talkerColour } from "./theme.js";

const NUM_BINS = 72; // of azimuth, 5 degrees each
const MARGIN = { left: 74, right: 12, top: 8, bottom: 20 };
const SIDES = [[180, "back 180°"], [90, "left 90°"], [0, "front 0°"], [-90, "right −90°"], [-180, "back"]];
const JUMP = 180; // degrees between two dots of a talker that went past the back

const MOST_COLUMNS = 600; // of heat that are drawn; more are put together, the loudest counts
const LONGEST_GAP_S = 1; // between two columns; a longer one is left empty
const STEPS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900];

export class Timeline {
  constructor(box, label) {
    this.columns = []; // {time, profile}
    this.dots = []; // {time, azimuth, id, strength}; shade if the colour is another id's, null for none
    this.span = { from: -30, to: 0, origin: 0 };
    this.clock = null; // second since 1970 of time 0, where labels are times of day
    this.cursor = null; // time that a line marks
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
    this.canvas.repaint();
  }

  setCursor(time) {
    this.cursor = time;
    this.canvas.repaint();
  }

  forgetBefore(time) {
    this.columns.splice(0, firstSince(this.columns, time));
    this.dots.splice(0, firstSince(this.dots, time));
  }

  clear() {
    this.columns = [];
    this.dots = [];
    this.cursor = null;
  }

  // The time at a place of the picture, or null beside the plot.
  timeAt(x) {
    const share = (x - MARGIN.left) / (this.canvas.element.clientWidth - MARGIN.left - MARGIN.right);
    return share < 0 || share > 1 ? null : this.span.from + share * (this.span.to - this.span.from);
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
    if (this.cursor !== null) drawCursor(context, plot, across(this.cursor));
  }

  #drawHeat(context, plot, across) {
    const { from, to } = this.span;
    const shown = this.columns.slice(firstSince(this.columns, from - 1), firstSince(this.columns, to));
    const columns = merged(shown, Math.ceil(shown.length / MOST_COLUMNS));
    context.save();
    context.beginPath();
    context.rect(plot.x, plot.y, plot.width, plot.height);
    context.clip();
    context.globalAlpha = 0.75;
    for (const part of withoutGaps(columns)) {
      const start = across(part[0].time);
      context.drawImage(this.#heat(part), start, plot.y, across(part.at(-1).time) - start, plot.height);
    }
    context.restore();
  }

  #heat(columns) {
    const picture = new OffscreenCanvas(columns.length, NUM_BINS);
    const image = new ImageData(columns.length, NUM_BINS);
    columns.forEach(({ profile }, column) => {
      for (let bin = 0; bin < NUM_BINS; bin++) {
        const pixel = 4 * ((NUM_BINS - 1 - bin) * columns.length + column);
        for (let part = 0; part < 4; part++) image.data[pixel + part] = this.colours[4 * profile[bin] + part];
      }
    });
    picture.getContext("2d").putImageData(image, 0, 0);
    return picture;
  }

  #drawTimes(context, plot, across) {
    const { from, to } = this.span;
    const origin = this.clock === null ? this.span.origin : -this.clock;
    const room = this.clock === null ? 55 : 75; // pixels of a label
    const step = STEPS.find((seconds) => (to - from) / seconds <= plot.width / room) ?? (to - from) / 6;
    context.textBaseline = "top";
    context.fillStyle = colour("muted");
    const first = Math.ceil((from - origin) / step - 1e-6);
    for (let tick = first; tick * step <= to - origin + 1e-6; tick++) {
      const x = across(origin + tick * step);
      const nearEnd = x > plot.x + plot.width - room / 3;
      context.textAlign = nearEnd ? "right" : tick === first ? "left" : "center";
      const label = this.clock === null ? spokenSeconds(tick * step) : timeOfDay(tick * step);
      context.fillText(label, nearEnd ? plot.x + plot.width : x, plot.y + plot.height + 5);
    }
  }

  #drawDots(context, plot, across, down) {
    const last = new Map();
    const end = firstSince(this.dots, this.span.to + 1e-6);
    for (let index = firstSince(this.dots, this.span.from); index < end; index++) {
      const { time, azimuth, id, strength, shade = id } = this.dots[index];
      const [x, y] = [across(time), down(azimuth)];
      const before = last.get(id);
      if (before && x - before.x < 0.4) continue; // nobody would see it
      context.globalAlpha = 0.25 + 0.75 * strength;
      context.fillStyle = context.strokeStyle = shade === null ? colour("muted") : talkerColour(shade);
      if (before && time - before.time < 0.5 && Math.abs(azimuth - before.azimuth) < JUMP) {
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

// Index of the first of a time or later; they are in order.
function firstSince(moments, time) {
  return firstFrom(moments, time, (moment) => moment.time);
}

// Every so many columns as one.
function merged(columns, count) {
  if (count <= 1) return columns;
  const groups = [];
  for (let begin = 0; begin < columns.length; begin += count) {
    const group = columns.slice(begin, begin + count);
    const profile = Uint8Array.from({ length: NUM_BINS }, (_, bin) => Math.max(...group.map((column) => column.profile[bin])));
    groups.push({ time: group[0].time, profile });
  }
  return groups;
}

// Runs of columns that follow one another, of two or more.
function withoutGaps(columns) {
  const longest = 2 * Math.max(LONGEST_GAP_S, columns.length > 1 ? columns[1].time - columns[0].time : 0);
  const parts = [[]];
  for (const column of columns) {
    const before = parts.at(-1).at(-1);
    if (before && column.time - before.time > longest) parts.push([]);
    parts.at(-1).push(column);
  }
  return parts.filter((part) => part.length > 1);
}

function spokenSeconds(seconds) {
  return `${Number(seconds.toFixed(1))} s`.replace("-", "−");
}

export function timeOfDay(seconds) {
  return new Date(1000 * seconds).toTimeString().slice(0, 8);
}

function drawCursor(context, plot, x) {
  context.fillStyle = colour("ink");
  context.fillRect(x - 0.75, plot.y, 1.5, plot.height);
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
    const turns = azimuthAt(directions, index) / (2 * Math.PI) + 0.5;
    return Math.min(NUM_BINS - 1, Math.floor(turns * NUM_BINS));
  });
}

// The loudest of each bin, 0..255.
export function azimuthProfile(shown, bins) {
  const profile = new Uint8ClampedArray(NUM_BINS);
  for (let index = 0; index < shown.length; index++) {
    const level = 255 * shown[index];
    if (level > profile[bins[index]]) profile[bins[index]] = level;
  }
  return profile;
}
