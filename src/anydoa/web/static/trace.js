// Where the talkers of a recording were when, as dots of its time line.

import { dot } from "./directions.js";

const SAME_PLACE = Math.cos((20 * Math.PI) / 180);

// A source of the whole recording has the number of one talker, and the colour of it in table and picture. Who
// else is near that source, as the same person may be after a long pause, takes its colour, too.
export function traceDots({ trace, sources }) {
  const shades = sourcesOfTalkers(trace, sources);
  return trace.flatMap(({ time_s: time, sources: talkers }) =>
    talkers.map(({ id, azimuth_deg: azimuth, score: strength }) => {
      return { time, azimuth, strength, id, shade: shades.get(id) };
    }),
  );
}

// Of each talker the source that it is most often near, wherever it walks besides; null if it never is.
function sourcesOfTalkers(trace, sources) {
  const counts = new Map();
  for (const { id, xyz } of trace.flatMap((frame) => frame.sources)) {
    if (!counts.has(id)) counts.set(id, sources.map(() => 0));
    const angles = sources.map((source) => dot(source.xyz, xyz));
    const nearest = angles.indexOf(Math.max(...angles));
    if (angles[nearest] >= SAME_PLACE) counts.get(id)[nearest]++;
  }
  return new Map([...counts].map(([id, times]) => {
    const most = Math.max(...times);
    return [id, most > 0 ? sources[times.indexOf(most)].id : null];
  }));
}
