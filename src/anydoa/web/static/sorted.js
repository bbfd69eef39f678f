// Values in their order: where one belongs among them, and the one in the middle.

// Index of the first that is a value or above it; valueOf gives what items are sorted by.
export function firstFrom(sorted, value, valueOf = (item) => item) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueOf(sorted[middle]) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Of an even number of values, the upper one of the two in the middle.
export function median(values) {
  return Float64Array.from(values).sort()[values.length >> 1];
}
