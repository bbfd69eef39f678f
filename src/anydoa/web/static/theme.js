// Colours, from the style sheet, so that pictures follow light and dark like everything else.

const dark = matchMedia("(prefers-color-scheme: dark)");
export const NUM_TALKER_COLOURS = 6;

export function onThemeChange(callback) {
  dark.addEventListener("change", callback);
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function talkerColour(id) {
  return colour(`talker-${id % NUM_TALKER_COLOURS}`);
}

// 256 colours from nothing to loud, as bytes r, g, b, a. Alpha is not premultiplied.
export function palette() {
  const stops = colour("heat").split(/\s*,\s*/).map(parseHex);
  const colours = new Uint8ClampedArray(256 * 4);
  for (let step = 0; step < 256; step++) {
    const place = (step / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    for (let part = 0; part < 4; part++) {
      const [from, to] = [stops[low][part], stops[low + 1][part]];
      colours[4 * step + part] = from + (place - low) * (to - from);
    }
  }
  return colours;
}

function parseHex(text) {
  return [1, 3, 5, 7].map((at) => parseInt(text.slice(at, at + 2) || "ff", 16));
}
