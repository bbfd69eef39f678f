// Zones as drawings need them: pieces that do not pass the back, and the lines around them.

const STEP = 3; // degrees between two points of a line

// Parts {from, to, low, high} of a zone with azimuths that rise within -180..180.
export function zonePieces({ azimuth_deg: [begin, end], elevation_deg: [low, high] }) {
  const width = end - begin >= 360 ? 360 : (((end - begin) % 360) + 360) % 360;
  const first = ((((begin + 180) % 360) + 360) % 360) - 180;
  const last = first + width;
  const parts = last > 180 ? [[first, 180], [-180, last - 360]] : [[first, last]];
  return parts.filter(([from, to]) => to > from).map(([from, to]) => ({ from, to, low, high }));
}

// Points [azimuth, elevation] around a piece, closed.
export function outline({ from, to, low, high }) {
  const points = [...between(from, to).map((azimuth) => [azimuth, high])];
  points.push(...between(high, low).map((elevation) => [to, elevation]));
  points.push(...between(to, from).map((azimuth) => [azimuth, low]));
  points.push(...between(low, high).map((elevation) => [from, elevation]));
  return points;
}

function between(begin, end) {
  const count = Math.max(1, Math.ceil(Math.abs(end - begin) / STEP));
  return Array.from({ length: count + 1 }, (_, index) => begin + ((end - begin) * index) / count);
}
