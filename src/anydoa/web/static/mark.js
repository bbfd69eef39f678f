// The mark of a talker on sphere and map: a ring in the talker's colour, its number and its name.

import { haloText } from "./canvas.js";
import { colour, talkerColour } from "./theme.js";

const RADIUS = 12;

export function drawMark(context, x, y, mark, { faint = false } = {}) {
  const ink = talkerColour(mark.id);
  context.save();
  context.globalAlpha = (faint ? 0.45 : 1) * (0.45 + 0.55 * (mark.activity ?? 1));
  context.beginPath();
  context.arc(x, y, RADIUS, 0, 2 * Math.PI);
  context.lineWidth = 5;
  context.strokeStyle = colour("card");
  context.stroke();
  context.lineWidth = 2.5;
  context.strokeStyle = ink;
  if (mark.mirrored) context.setLineDash([3, 3]);
  context.stroke();
  if (!mark.mirrored) drawNumber(context, x + RADIUS, y - RADIUS, mark, ink);
  if (!mark.mirrored && mark.name) drawName(context, x + RADIUS + 12, y - RADIUS, mark.name);
  context.restore();
}

function drawName(context, x, y, name) {
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "middle";
  haloText(context, name, x, y, colour("ink"));
}

function drawNumber(context, x, y, mark, ink) {
  context.setLineDash([]);
  context.beginPath();
  context.arc(x, y, 8.5, 0, 2 * Math.PI);
  context.fillStyle = ink;
  context.fill();
  context.fillStyle = colour("on-talker");
  context.font = "600 11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(String(mark.id), x, y + 0.5);
}
