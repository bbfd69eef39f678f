// Directions as the server counts them: x front, y left, z up; azimuth anticlockwise, elevation up; degrees.

const RADIANS = Math.PI / 180;

export function fromAngles(azimuth, elevation) {
  const level = Math.cos(elevation * RADIANS);
  return [
    level * Math.cos(azimuth * RADIANS),
    level * Math.sin(azimuth * RADIANS),
    Math.sin(elevation * RADIANS),
  ];
}

// Azimuth and elevation of a unit vector.
export function toAngles(xyz) {
  return [azimuthAt(xyz, 0) / RADIANS, Math.asin(Math.min(1, Math.max(-1, xyz[2]))) / RADIANS];
}

// Azimuth of one of a grid's directions, which are x, y, z, x, y, z, ...; in radians.
export function azimuthAt(directions, index) {
  return Math.atan2(directions[3 * index + 1], directions[3 * index]);
}

export function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

// "40° left", "75° right", "180° back": what a person says; the side stands for the sign.
export function spokenAzimuth(azimuth) {
  const rounded = Math.round(azimuth);
  const side = rounded === 0 ? "front" : Math.abs(rounded) === 180 ? "back" : rounded > 0 ? "left" : "right";
  return `${Math.abs(rounded)}° ${side}`;
}

export function degrees(value) {
  return `${value.toFixed(0).replace(/^-0$/, "0").replace("-", "−")}°`;
}

// A remark of the server as a sentence.
export function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? "" : "."}`;
}
