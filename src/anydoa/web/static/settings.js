// What a person chose, kept by the browser for the next visit; where it keeps nothing, for this one.

const KEY = "anydoa";
const kept = read();

export function setting(name, otherwise) {
  return kept[name] ?? otherwise;
}

export function keep(name, value) {
  kept[name] = value;
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Storage is full or forbidden; nothing depends on it.
  }
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
