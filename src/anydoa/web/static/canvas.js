// A canvas that fills its box at the screen's resolution and repaints at most once a frame.

import { colour } from "./theme.js";

export class Canvas {
  constructor(box, draw, { label, type = "2d" } = {}) {
    this.element = document.createElement("canvas");
    if (label) {
      this.element.setAttribute("role", "img");
      this.element.setAttribute("aria-label", label);
    }
    box.append(this.element);
    // A kept buffer lets the picture be saved at any time.
    this.context = this.element.getContext(type, { preserveDrawingBuffer: true });
    this.draw = draw;
    this.pending = false;
    this.observer = new ResizeObserver(() => this.repaint());
    this.observer.observe(this.element);
  }

  repaint() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      const ratio = devicePixelRatio || 1;
      const { clientWidth: width, clientHeight: height } = this.element;
      if (!width || !height) return;
      const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (this.element.width !== across || this.element.height !== down) {
        this.element.width = across;
        this.element.height = down;
      }
      if (this.context.setTransform) {
        this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
        this.context.clearRect(0, 0, width, height);
      }
      this.draw(this.context, width, height, ratio);
    });
  }

  remove() {
    this.observer.disconnect();
    this.element.remove();
  }
}

// A text that stays readable on any ground; the halo reaches half its width beyond the letters.
export function haloText(context, text, x, y, ink, width = 3) {
  context.lineWidth = width;
  context.strokeStyle = colour("card");
  context.strokeText(text, x, y);
  context.fillStyle = ink;
  context.fillText(text, x, y);
}
