// The packed parts of the server's messages; docs/web.md describes them.

export function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

// x, y, z, x, y, z, ... of a grid's unit vectors.
export function gridDirections(grid) {
  const view = new DataView(bytes(grid.directions).buffer);
  return Float32Array.from({ length: view.byteLength / 4 }, (_, index) => view.getFloat32(4 * index, true));
}

export function spectrumValues(spectrum) {
  const scale = (spectrum.high - spectrum.low) / 255;
  return Float32Array.from(bytes(spectrum.values), (step) => spectrum.low + step * scale);
}
