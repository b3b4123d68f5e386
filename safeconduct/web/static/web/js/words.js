/* Words in the page's language, put into the page by web/parts/words.html. */
const shelf = document.getElementById("words");

export function word(name, values = {}) {
  const text = (shelf && shelf.dataset[name]) || "";
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));
}
