// A spectrum on any grid as a picture: azimuth -180..180 across, elevation -90..90 upwards.

import { azimuthAt } from "./directions.js";
import { firstFrom } from "./sorted.js";

export const WIDTH = 512; // powers of two, so that WebGL can repeat the picture around the sphere
export const HEIGHT = 256;
const COUNT = 7; // grid directions that a pixel is mixed from
const SMOOTHING = 0.6; // spacings of the grid; less shows its cells
const LEAST_REACH = (3 * Math.PI) / 180; // a lone direction is still seen

export class Raster {
  constructor(directions, spacingDeg) {
    this.levels = new Uint8Array(WIDTH * HEIGHT * 2); // value and coverage of each pixel
    this.indices = new Uint32Array(WIDTH * HEIGHT * COUNT);
    this.weights = new Float32Array(WIDTH * HEIGHT * COUNT);
    const spacing = (Math.min(spacingDeg, 30) * Math.PI) / 180;
    this.reach = Math.max(LEAST_REACH, spacing);
    this.softness = 1 / (SMOOTHING * spacing) ** 2;
    this.nearest = new Int32Array(COUNT);
    this.closeness = new Float64Array(COUNT);
    this.#findNeighbours(directions);
  }

  // One value from 0 to 1 for each direction of the grid.
  fill(values) {
    for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
      if (!this.levels[2 * pixel + 1]) continue;
      let sum = 0;
      for (let k = COUNT * pixel; k < COUNT * (pixel + 1); k++) sum += this.weights[k] * values[this.indices[k]];
      this.levels[2 * pixel] = Math.round(255 * Math.min(1, Math.max(0, sum)));
    }
  }

  #findNeighbours(directions) {
    const count = directions.length / 3;
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    order.sort((a, b) => directions[3 * a + 2] - directions[3 * b + 2]);
    const heights = Float32Array.from(order, (index) => directions[3 * index + 2]);
    const azimuths = Float64Array.from({ length: count }, (_, index) => azimuthAt(directions, index));
    for (let row = 0; row < HEIGHT; row++) {
      const elevation = ((row + 0.5) / HEIGHT - 0.5) * Math.PI;
      // Only directions of about this elevation can be near any pixel of the row.
      const lowest = Math.sin(Math.max(-Math.PI / 2, elevation - 2 * this.reach)) - 1e-6;
      const highest = Math.sin(Math.min(Math.PI / 2, elevation + 2 * this.reach)) + 1e-6;
      const band = order.subarray(firstFrom(heights, lowest), firstFrom(heights, highest));
      this.#mixRow(row, elevation, new Around(band, azimuths), directions);
    }
  }

  #mixRow(row, elevation, around, directions) {
    const level = Math.cos(elevation);
    const width = widestAzimuth(elevation, 2 * this.reach);
    for (let column = 0; column < WIDTH; column++) {
      const azimuth = ((column + 0.5) / WIDTH - 0.5) * 2 * Math.PI;
      const place = [level * Math.cos(azimuth), level * Math.sin(azimuth), Math.sin(elevation)];
      this.#mix(row * WIDTH + column, place, around.between(azimuth - width, azimuth + width), directions);
    }
  }

  #mix(pixel, place, near, directions) {
    const { nearest, closeness } = this;
    nearest.fill(-1);
    closeness.fill(Math.cos(2 * this.reach));
    for (const index of near) {
      const at = 3 * index;
      const close = place[0] * directions[at] + place[1] * directions[at + 1] + place[2] * directions[at + 2];
      if (close <= closeness[COUNT - 1]) continue;
      let rank = COUNT - 1;
      for (; rank > 0 && close > closeness[rank - 1]; rank--) {
        closeness[rank] = closeness[rank - 1];
        nearest[rank] = nearest[rank - 1];
      }
      closeness[rank] = close;
      nearest[rank] = index;
    }
    if (nearest[0] < 0 || closeness[0] < Math.cos(this.reach)) return;
    this.levels[2 * pixel + 1] = 255;
    // Relative to the nearest, whose weight is one however far it is.
    let total = 0;
    for (let rank = 0; rank < COUNT; rank++) {
      const weight = nearest[rank] < 0 ? 0 : Math.exp((closeness[rank] - closeness[0]) * this.softness);
      this.indices[COUNT * pixel + rank] = Math.max(nearest[rank], 0);
      this.weights[COUNT * pixel + rank] = weight;
      total += weight;
    }
    for (let rank = 0; rank < COUNT; rank++) this.weights[COUNT * pixel + rank] /= total;
  }
}

// Directions in order of azimuth, three turns of them, so that any window is one piece.
class Around {
  constructor(band, azimuths) {
    const once = [...band].sort((a, b) => azimuths[a] - azimuths[b]);
    this.indices = Uint32Array.from([...once, ...once, ...once]);
    this.azimuths = Float64Array.from(this.indices, (index, place) => azimuths[index] + 2 * Math.PI * (Math.floor(place / once.length) - 1));
    this.band = Uint32Array.from(once);
  }

  between(low, high) {
    if (high - low >= 2 * Math.PI) return this.band;
    return this.indices.subarray(firstFrom(this.azimuths, low), firstFrom(this.azimuths, high));
  }
}

// How far off in azimuth a direction can be that is within a distance of an elevation; all radians.
function widestAzimuth(elevation, distance) {
  const ratio = Math.sin(distance) / Math.cos(elevation);
  return Math.abs(elevation) + distance < Math.PI / 2 - 1e-3 ? Math.asin(ratio) + 1e-3 : Math.PI;
}
