// A meter for each recorded channel; a dead one is named.

const FLOOR_DB = -80;
const DEAD_DB = -100; // a converter's own noise is louder than this
const FAINT_DB = 30; // below the median of the microphones
const PATIENCE = 10; // results in a row before a channel is called dead

export class LevelMeters {
  constructor(box, note) {
    this.box = box;
    this.note = note;
  }

  setArray(array, numChannels) {
    this.array = array;
    this.quiet = new Array(numChannels).fill(0);
    this.meters = Array.from({ length: numChannels }, (_, channel) => this.#meter(channel));
    this.box.replaceChildren(...this.meters.map(({ element }) => element));
    this.note.textContent = "";
  }

  show(levels) {
    const heard = this.array.channels.map((channel) => levels[channel]).sort((a, b) => a - b);
    const median = heard[heard.length >> 1];
    levels.forEach((level, channel) => {
      const { element, bar } = this.meters[channel];
      bar.style.clipPath = `inset(${100 * Math.min(1, Math.max(0, level / FLOOR_DB))}% 0 0 0)`;
      element.setAttribute("aria-valuenow", Math.round(level));
      const isMicrophone = this.array.channels.includes(channel);
      const quiet = isMicrophone && (level <= DEAD_DB || level < median - FAINT_DB);
      this.quiet[channel] = quiet ? this.quiet[channel] + 1 : 0;
      const dead = this.quiet[channel] >= PATIENCE;
      element.classList.toggle("dead", dead);
      element.setAttribute("aria-valuetext", dead ? "no signal" : `${Math.round(level)} decibels`);
    });
    this.#name(this.quiet.flatMap((count, channel) => (count >= PATIENCE ? [channel] : [])));
  }

  #name(dead) {
    const text = dead.length
      ? `No signal on channel ${dead.join(", ")}: is that microphone connected and unmuted?`
      : "dB below full scale, one bar a recorded channel";
    if (this.note.textContent !== text) this.note.textContent = text;
    this.note.classList.toggle("warning", dead.length > 0);
  }

  #meter(channel) {
    const microphone = this.array.channels.indexOf(channel);
    const element = document.createElement("div");
    element.className = microphone < 0 ? "meter ignored" : "meter";
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
    const track = document.createElement("div");
    const bar = document.createElement("div");
    const label = document.createElement("span");
    track.className = "track";
    bar.className = "level";
    label.textContent = String(channel);
    track.append(bar);
    element.append(track, label);
    return { element, bar };
  }
}
