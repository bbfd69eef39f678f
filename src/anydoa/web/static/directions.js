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

export function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

// "40° left", "75° right": what a person says, beside the signed number.
export function side(azimuth) {
  const rounded = Math.round(azimuth);
  if (rounded === 0) return "front";
  if (Math.abs(rounded) === 180) return "back";
  return rounded > 0 ? "left" : "right";
}

export function degrees(value) {
  return `${value.toFixed(0).replace(/^-0$/, "0").replace("-", "−")}°`;
}
