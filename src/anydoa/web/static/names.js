// Names that a person gives to the talkers of a stream; kept as long as the browser keeps settings.

import { keep, setting } from "./settings.js";

const MOST_STREAMS = 8; // whose names are kept

export class TalkerNames {
  // The names of a stream, which numbers its talkers anew.
  open(stream) {
    this.stream = stream;
    this.names = Object.fromEntries(setting("names", []))[stream] ?? {};
  }

  of(id) {
    return this.names?.[id] ?? "";
  }

  set(id, name) {
    if (name) this.names[id] = name;
    else delete this.names[id];
    const others = setting("names", []).filter(([stream]) => stream !== this.stream);
    keep("names", [...others, [this.stream, this.names]].slice(-MOST_STREAMS));
  }
}
