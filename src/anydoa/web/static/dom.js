// Elements of the page by their id, and texts that take room only while they say something.

export function byId(id) {
  return document.getElementById(id);
}

// Says what is wrong, or old; without a text its element is hidden.
export function showText(id, text) {
  byId(id).hidden = !text;
  byId(id).textContent = text;
}
