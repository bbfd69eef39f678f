// The sphere of directions with the array inside: WebGL paints the spectrum, a canvas above it the rest.

import { Canvas, haloText } from "./canvas.js";
import { cross, dot, fromAngles } from "./directions.js";
import { drawMark } from "./mark.js";
import { readableNumbers } from "./plan.js";
import { HEIGHT, WIDTH } from "./raster.js";
import { colour, palette } from "./theme.js";
import { outline, zonePieces } from "./zones.js";

const START = { azimuth: 180, elevation: 66 }; // from behind and above: the front is up, the left is left
const KEYS = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, 10], ArrowDown: [0, -10] };
const COMPASS = [["front", "0°", 0], ["left", "90°", 90], ["back", "180°", 180], ["right", "−90°", -90]];
const NARROW = 480; // pixels; below, the names of the sides are short
const ARRAY_SIZE = 0.34; // of the sphere's radius

const CORNERS = `
attribute vec2 corner;
uniform vec2 reach;
varying vec2 place;
void main() { place = corner * reach; gl_Position = vec4(corner, 0.0, 1.0); }`;

const PAINT = `
precision highp float;
varying vec2 place;
uniform mat3 turn;
uniform float pixel;
uniform vec3 ground, glass, line;
uniform sampler2D values, colours;
const float PI = 3.14159265;

float near_multiple(float angle, float step) { return abs(fract(angle / step + 0.5) - 0.5) * step; }

vec3 paint(vec3 below, vec3 seen, float strength) {
  vec3 direction = turn * seen;
  float azimuth = atan(direction.y, direction.x), elevation = asin(clamp(direction.z, -1.0, 1.0));
  vec2 texel = texture2D(values, vec2(azimuth / (2.0 * PI) + 0.5, elevation / PI + 0.5)).ra;
  vec4 heat = texture2D(colours, vec2(texel.x * 255.0 / 256.0 + 0.5 / 256.0, 0.5));
  vec3 painted = mix(below, heat.rgb, heat.a * texel.y * strength);
  float meridian = abs(elevation) < 1.31 ? near_multiple(azimuth, PI / 6.0) * cos(elevation) : 1.0;
  float parallel = near_multiple(elevation, PI / 6.0);
  float width = pixel * (abs(elevation) < 0.1 ? 1.3 : 0.8);
  float drawn = 1.0 - smoothstep(width, width + pixel, min(meridian, parallel));
  return mix(painted, line, drawn * 0.38 * strength * strength);
}

void main() {
  float radius = length(place);
  float inside = 1.0 - smoothstep(1.0 - pixel, 1.0 + pixel, radius);
  float depth = sqrt(max(0.0, 1.0 - radius * radius));
  vec3 body = mix(glass, ground, 0.25 + 0.55 * depth);
  vec3 far = paint(body, vec3(place, -depth), 0.5);
  vec3 near = paint(far, vec3(place, depth), 1.0);
  float rim = smoothstep(1.0 - 3.0 * pixel, 1.0 - pixel, radius);
  gl_FragColor = vec4(mix(ground, mix(near, line, rim), inside), 1.0);
}`;

export class Globe {
  constructor(box, label) {
    this.camera = { ...START };
    this.marks = [];
    this.zones = [];
    this.box = box;
    this.canvas = new Canvas(box, (gl, width, height, ratio) => this.#paint(gl, width, height, ratio), {
      type: "webgl",
    });
    if (!this.canvas.context) {
      this.canvas.remove();
      throw new Error("WebGL is missing");
    }
    this.program = buildProgram(this.canvas.context);
    this.overlay = new Canvas(box, (context, width, height) => this.#annotate(context, width, height), { label });
    this.overlay.element.tabIndex = 0;
    this.overlay.element.setAttribute("role", "application"); // or screen readers keep the arrow keys
    this.overlay.element.setAttribute("aria-roledescription", "sphere");
    this.overlay.element.setAttribute("aria-keyshortcuts", "ArrowLeft ArrowRight ArrowUp ArrowDown Home");
    this.#listen(this.overlay.element);
    this.recolour();
  }

  setRaster(raster) {
    this.raster = raster;
    this.canvas.repaint();
  }

  setArray(array) {
    const reach = Math.max(...array.positions.map((position) => Math.hypot(...position)));
    this.microphones = array.positions.map((position) => position.map((x) => (x / reach) * ARRAY_SIZE));
    this.overlay.repaint();
  }

  setZones(zones) {
    this.zones = zones.flatMap((zone) => zonePieces(zone).map((piece) => outline(piece).map((point) => fromAngles(...point))));
    this.overlay.repaint();
  }

  setMarks(marks) {
    this.marks = marks;
    this.overlay.repaint();
  }

  repaint() {
    this.canvas.repaint();
    this.overlay.repaint();
  }

  recolour() {
    uploadTexture(this.canvas.context, 1, this.canvas.context.RGBA, 256, 1, new Uint8Array(palette()));
    this.repaint();
  }

  remove() {
    this.canvas.context.getExtension("WEBGL_lose_context")?.loseContext();
    this.canvas.remove();
    this.overlay.remove();
  }

  // The screen's axes in the world: right, up, towards the viewer.
  #axes() {
    const towards = fromAngles(this.camera.azimuth, this.camera.elevation);
    const right = fromAngles(this.camera.azimuth + 90, 0);
    return [right, cross(towards, right), towards];
  }

  #turn(across, up) {
    this.camera.azimuth += across;
    this.camera.elevation = Math.min(90, Math.max(-90, this.camera.elevation + up));
    this.repaint();
  }

  #listen(element) {
    element.addEventListener("pointerdown", (event) => element.setPointerCapture(event.pointerId));
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) this.#turn(-0.4 * event.movementX, 0.4 * event.movementY);
    });
    element.addEventListener("dblclick", () => this.#reset());
    element.addEventListener("keydown", (event) => {
      if (event.key === "Home") this.#reset();
      else if (KEYS[event.key]) this.#turn(...KEYS[event.key]);
      else return;
      event.preventDefault();
    });
  }

  #reset() {
    this.camera = { ...START };
    this.repaint();
  }

  #paint(gl, width, height, ratio) {
    const radius = radiusIn(width, height);
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    if (this.raster) uploadTexture(gl, 0, gl.LUMINANCE_ALPHA, WIDTH, HEIGHT, this.raster.levels);
    const uniform = (name) => gl.getUniformLocation(this.program, name);
    gl.uniform2f(uniform("reach"), width / 2 / radius, height / 2 / radius);
    gl.uniformMatrix3fv(uniform("turn"), false, this.#axes().flat());
    gl.uniform1f(uniform("pixel"), 1 / (radius * ratio));
    gl.uniform1i(uniform("values"), 0);
    gl.uniform1i(uniform("colours"), 1);
    for (const name of ["ground", "glass", "line"]) {
      gl.uniform3fv(uniform(name), rgb(colour({ ground: "card", glass: "glass", line: "graticule" }[name])));
    }
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  #annotate(context, width, height) {
    const radius = radiusIn(width, height);
    const axes = this.#axes();
    const project = (point) => ({
      x: width / 2 + radius * dot(point, axes[0]),
      y: height / 2 - radius * dot(point, axes[1]),
      depth: dot(point, axes[2]),
    });
    this.#nameSides(context, project, width < NARROW);
    for (const points of this.zones) drawZone(context, points.map(project));
    const marks = this.marks.map((mark) => ({ mark, ...project(mark.xyz) }));
    for (const { mark, x, y } of marks.filter(({ depth }) => depth < 0)) drawMark(context, x, y, mark, { faint: true });
    if (this.microphones) this.#drawArray(context, project);
    for (const { mark, x, y } of marks.filter(({ depth }) => depth >= 0)) drawMark(context, x, y, mark);
  }

  #nameSides(context, project, short) {
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const [side, angle, azimuth] of COMPASS) {
      const name = short ? side : `${side} ${angle}`;
      const { x, y, depth } = project(fromAngles(azimuth, 0).map((part) => 1.12 * part));
      context.globalAlpha = depth < 0 ? 0.75 : 1;
      haloText(context, name, x, y, colour(azimuth === 0 ? "front" : "muted"), 4);
    }
    context.globalAlpha = 1;
  }

  #drawArray(context, project) {
    const [start, tip] = [project([1.25 * ARRAY_SIZE, 0, 0]), project([0.72, 0, 0])]; // beyond the microphones
    drawArrow(context, start, tip, colour("front"));
    const places = this.microphones.map((position) => project(position));
    const order = places.map((_, index) => index).sort((a, b) => places[a].depth - places[b].depth);
    context.font = "600 10px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    const size = places.length > 16 ? 4 : 7.5;
    const numbered = size > 5 ? readableNumbers(places.map(({ x, y }) => [x, y]), 2 * size) : new Set();
    for (const index of order) {
      context.beginPath();
      context.arc(places[index].x, places[index].y, size, 0, 2 * Math.PI);
      context.fillStyle = colour("microphone");
      context.fill();
      context.lineWidth = 1.5;
      context.strokeStyle = colour("card");
      context.stroke();
      context.fillStyle = colour("card");
      if (numbered.has(index)) context.fillText(String(index), places[index].x, places[index].y + 0.5);
    }
  }
}

// The near side of a zone's edge is drawn in full, the far one pale.
function drawZone(context, points) {
  context.strokeStyle = colour("zone");
  context.lineWidth = 1.5;
  context.setLineDash([5, 3]);
  for (const isNear of [false, true]) {
    context.globalAlpha = isNear ? 1 : 0.3;
    context.beginPath();
    points.forEach(({ x, y, depth }, index) => {
      if (index && depth >= 0 === isNear) context.lineTo(x, y);
      else context.moveTo(x, y);
    });
    context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

// Of the sphere, in pixels; the rest of the box is for the names of the sides.
function radiusIn(width, height) {
  return Math.max(20, Math.min(width / 2 - (width < NARROW ? 40 : 80), height / 2 - 14));
}

function drawArrow(context, start, tip, ink) {
  const angle = Math.atan2(tip.y - start.y, tip.x - start.x);
  const length = Math.hypot(tip.x - start.x, tip.y - start.y);
  context.save();
  context.translate(start.x, start.y);
  context.rotate(angle);
  context.strokeStyle = context.fillStyle = ink;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(0, 0);
  context.lineTo(Math.max(0, length - 7), 0);
  context.stroke();
  context.beginPath();
  context.moveTo(length, 0);
  context.lineTo(length - 9, 4.5);
  context.lineTo(length - 9, -4.5);
  context.fill();
  context.restore();
}

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
}

function buildProgram(gl) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, CORNERS], [gl.FRAGMENT_SHADER, PAINT]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error("WebGL cannot paint the sphere");
  gl.useProgram(program);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
  const corner = gl.getAttribLocation(program, "corner");
  gl.enableVertexAttribArray(corner);
  gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
  return program;
}

const textures = new WeakMap();

function uploadTexture(gl, unit, format, width, height, pixels) {
  if (!textures.has(gl)) textures.set(gl, [gl.createTexture(), gl.createTexture()]);
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, textures.get(gl)[unit]);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, unit === 0 ? gl.REPEAT : gl.CLAMP_TO_EDGE);
  gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, format, gl.UNSIGNED_BYTE, pixels);
}
