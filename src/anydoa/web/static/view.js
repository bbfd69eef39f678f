// Sphere or map, whichever is wanted and can be had; both get the same spectrum, marks and array.

import { gridDirections, spectrumValues } from "./decode.js";
import { Globe } from "./globe.js";
import { MollweideMap } from "./mollweide.js";
import { Raster } from "./raster.js";
import { keep, setting } from "./settings.js";
import { median } from "./sorted.js";
import { onThemeChange } from "./theme.js";

const LEAST_RANGE = 0.06; // of a spectrum; smaller differences are noise and stay pale
const FADE = 0.98; // of the brightest value at each result: louder moments are remembered for some seconds

export class DirectionView {
  // The kind that a person chose is kept under a name; kind is what there is before.
  constructor(box, buttons, { label, kind, name }) {
    this.box = box;
    this.buttons = buttons;
    this.label = label;
    this.marks = [];
    this.shown = null; // the spectrum that waits to be painted
    this.zones = [];
    for (const [kind, button] of Object.entries(buttons)) {
      button.addEventListener("click", () => {
        keep(name, kind);
        this.show(kind);
      });
    }
    onThemeChange(() => this.drawing.recolour());
    this.show(setting(name, kind));
  }

  show(kind) {
    const keyboard = "; drag or use the arrow keys to turn it";
    this.drawing?.remove();
    if (kind === "sphere") {
      try {
        this.drawing = new Globe(this.box, this.label + keyboard);
      } catch (error) {
        this.buttons.sphere.disabled = true;
        this.buttons.sphere.title = "This browser has no WebGL";
        kind = "map";
      }
    }
    if (kind === "map") this.drawing = new MollweideMap(this.box, this.label);
    this.box.dataset.kind = kind;
    for (const [name, button] of Object.entries(this.buttons)) button.setAttribute("aria-pressed", name === kind);
    if (this.array) this.drawing.setArray(this.array);
    if (this.raster) this.drawing.setRaster(this.raster);
    this.drawing.setZones(this.zones);
    this.drawing.setMarks(this.marks);
  }

  setStage(array, grid) {
    this.array = array;
    this.directions = gridDirections(grid);
    this.raster = new Raster(this.directions, grid.spacing_deg);
    this.brightest = 0;
    this.drawing.setArray(array);
    this.drawing.setRaster(this.raster);
  }

  // Zones: {name, azimuth_deg, elevation_deg}.
  setZones(zones) {
    this.zones = zones;
    this.drawing.setZones(zones);
  }

  // Returns each value as shown, 0..1.
  setSpectrum(spectrum) {
    const values = spectrumValues(spectrum);
    const floor = median(values);
    this.brightest = Math.max(this.brightest * FADE, spectrum.high - floor, LEAST_RANGE);
    const shown = values.map((value) => Math.max(0, value - floor) / this.brightest);
    this.#paintSoon(shown);
    return shown;
  }

  // At most once a frame of the screen, so that a slow computer skips spectra instead of falling behind.
  #paintSoon(shown) {
    const waiting = this.shown !== null;
    this.shown = shown;
    if (waiting) return;
    requestAnimationFrame(() => {
      const newest = this.shown;
      this.shown = null;
      if (newest.length * 3 !== this.directions.length) return; // of a grid that is no longer shown
      this.raster.fill(newest);
      this.drawing.setRaster(this.raster);
    });
  }

  // Marks: {id, xyz, activity, mirror}.
  setMarks(talkers) {
    this.marks = talkers.flatMap((talker) => [
      ...(talker.mirror ?? []).map((twin) => ({ id: talker.id, xyz: twin.xyz, activity: 0.3, mirrored: true })),
      talker,
    ]);
    this.drawing.setMarks(this.marks);
  }
}
