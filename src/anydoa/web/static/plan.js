// The array from above: numbered microphones, the arrow to 0 degrees, and where talkers are around it.

import { NUM_TALKER_COLOURS } from "./theme.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const SIZE = 100; // half the picture, in its own units
const REACH = 44; // of the farthest microphone
const RING = 78;

export class ArrayPlan {
  constructor(box) {
    this.box = box;
  }

  setArray(array) {
    const reach = Math.max(...array.positions.map(([x, y]) => Math.hypot(x, y)), 1e-4);
    const picture = make("svg", { viewBox: "-122 -104 244 208", role: "img", class: "plan" });
    picture.append(withText("title", {}, `${array.title}, from above: ${array.positions.length} microphones`));
    picture.append(make("circle", { r: RING, class: "ring" }));
    for (const [name, x, y] of [["0°", 0, -94], ["90°", -100, 0], ["180°", 0, 94], ["−90°", 101, 0]]) {
      picture.append(withText("text", { x, y, class: name === "0°" ? "front" : "" }, name));
    }
    picture.append(make("path", { d: "M0 -56V-66M0 -74l-5 10h10z", class: "arrow" })); // beyond every microphone
    const places = array.positions.map(([x, y]) => [(-y / reach) * REACH, (-x / reach) * REACH]);
    const size = places.length > 12 ? 5.5 : 9;
    const numbered = readableNumbers(places, 2.1 * size);
    places.forEach(([x, y], index) => picture.append(microphone(x, y, numbered.has(index) ? index : "", size)));
    this.talkers = make("g", {});
    picture.append(this.talkers);
    const facts = withText("p", { class: "quiet" }, "", true);
    const front = array.front ? `0° is ${array.front}. ` : "";
    facts.textContent = `${array.title}. ${front}It ${array.ambiguity}.`;
    this.box.replaceChildren(picture, facts);
  }

  setTalkers(talkers) {
    this.talkers.replaceChildren(
      ...talkers.map(({ id, xyz, activity }) => {
        const level = Math.max(Math.hypot(xyz[0], xyz[1]), 1e-6);
        const [x, y] = [(-xyz[1] / level) * RING, (-xyz[0] / level) * RING];
        const shape = make("circle", { cx: x, cy: y, r: 7, class: `talker talker-${id % NUM_TALKER_COLOURS}` });
        shape.style.opacity = 0.35 + 0.65 * (activity ?? 1);
        return shape;
      }),
    );
  }
}

// Indices of microphones whose numbers overprint none before them.
export function readableNumbers(places, distance) {
  const readable = new Set();
  places.forEach(([x, y], index) => {
    const isFree = [...readable].every((other) => Math.hypot(places[other][0] - x, places[other][1] - y) >= distance);
    if (isFree) readable.add(index);
  });
  return readable;
}

function microphone(x, y, number, size) {
  const group = make("g", { class: "microphone" });
  group.append(make("circle", { cx: x, cy: y, r: size }), withText("text", { x, y, class: "number" }, String(number)));
  return group;
}

function make(name, attributes, isHtml = false) {
  const element = isHtml ? document.createElement(name) : document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function withText(name, attributes, text, isHtml = false) {
  const element = make(name, attributes, isHtml);
  element.textContent = text;
  return element;
}
