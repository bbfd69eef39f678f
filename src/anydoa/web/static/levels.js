// A meter for each recorded channel: level, the highest peak of late, a lamp for clipping; a dead one is named.

import { median } from "./sorted.js";

const FLOOR_DB = -80;
const DEAD_DB = -100; // a converter's own noise is louder than this
const FAINT_DB = 30; // below the median of the microphones
const PATIENCE = 10; // results in a row before a channel is called dead
const CLIPPED_DB = -0.02; // of a peak: full scale, or a bit below in a converter of 8 bits
const HOLD = 20; // results for which a peak or a lamp stays
const SCALE_DB = [0, -20, -40, -60, -80];
const MOST_NUMBERS = 12; // channels beside which there is room for decibels

export class LevelMeters {
  constructor(box, note) {
    this.box = box;
    this.note = note;
  }

  setArray(array, numChannels) {
    this.array = array;
    this.quiet = new Array(numChannels).fill(0);
    this.meters = Array.from({ length: numChannels }, (_, channel) => this.#meter(channel));
    this.box.classList.toggle("numbered", numChannels <= MOST_NUMBERS);
    this.box.replaceChildren(scale(), ...this.meters.map(({ element }) => element));
    this.note.textContent = "";
  }

  show(levels, peaks) {
    const usual = median(this.array.channels.map((channel) => levels[channel]));
    levels.forEach((level, channel) => {
      const meter = this.meters[channel];
      meter.bar.style.clipPath = `inset(${share(level)}% 0 0 0)`;
      meter.number.textContent = level <= FLOOR_DB ? "" : Math.round(level).toString().replace("-", "−");
      holdPeak(meter, peaks[channel]);
      const isMicrophone = this.array.channels.includes(channel);
      const quiet = isMicrophone && (level <= DEAD_DB || level < usual - FAINT_DB);
      this.quiet[channel] = quiet ? this.quiet[channel] + 1 : 0;
      const dead = this.quiet[channel] >= PATIENCE;
      const { element } = meter;
      element.classList.toggle("dead", dead);
      element.setAttribute("aria-valuenow", Math.round(level));
      element.setAttribute("aria-valuetext", dead ? "no signal" : `${Math.round(level)} decibels`);
    });
    this.#name();
  }

  #name() {
    const named = (isNamed) => this.meters.flatMap((meter, channel) => (isNamed(meter, channel) ? [channel] : [])).join(", ");
    const dead = named((_, channel) => this.quiet[channel] >= PATIENCE);
    const clipped = named(({ clippedFor }) => clippedFor > 0);
    const text = [
      dead && `No signal on channel ${dead}: is that microphone connected and unmuted?`,
      clipped && `Channel ${clipped} clips: turn the gain down.`,
    ].filter(Boolean).join(" ") || "dB below full scale; the line is the highest peak of the last seconds";
    if (this.note.textContent !== text) this.note.textContent = text;
    this.note.classList.toggle("warning", Boolean(dead || clipped));
  }

  #meter(channel) {
    const microphone = this.array.channels.indexOf(channel);
    const element = part("div", microphone < 0 ? "meter ignored" : "meter");
    element.dataset.channel = channel;
    const role = microphone < 0 ? "no microphone" : `microphone ${microphone}`;
    const attributes = {
      role: "meter",
      title: `channel ${channel}: ${role}`,
      "aria-label": `channel ${channel}, ${role}`,
      "aria-valuemin": -120,
      "aria-valuemax": 0,
      "aria-valuenow": -120,
    };
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    const [lamp, track, bar, peak] = ["lamp", "track", "level", "peak"].map((name) => part("div", name));
    const [number, label] = [part("span", "decibels"), part("span", "channel")];
    label.textContent = String(channel);
    track.append(bar, peak);
    element.append(lamp, track, number, label);
    return { element, bar, peak, number, highest: -Infinity, heldFor: 0, clippedFor: 0 };
  }
}

function holdPeak(meter, level) {
  if (level >= meter.highest || --meter.heldFor < 0) Object.assign(meter, { highest: level, heldFor: HOLD });
  meter.clippedFor = level >= CLIPPED_DB ? HOLD : Math.max(0, meter.clippedFor - 1);
  meter.peak.style.top = `${share(meter.highest)}%`;
  meter.element.classList.toggle("clipped", meter.clippedFor > 0);
}

// How far below the top a level is drawn, in percent.
function share(level) {
  return 100 * Math.min(1, Math.max(0, level / FLOOR_DB));
}

function scale() {
  const box = part("div", "scale");
  box.setAttribute("aria-hidden", "true");
  for (const level of SCALE_DB) {
    const line = part("span", "");
    line.style.top = `${share(level)}%`;
    line.textContent = String(level).replace("-", "−");
    box.append(line);
  }
  return box;
}

function part(name, className) {
  const element = document.createElement(name);
  element.className = className;
  return element;
}
