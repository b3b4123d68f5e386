/* Names of countries over the map, as HTML: the browser knows them in the reader's language, and needs no glyph server. */
const MOST = 24;
const LETTER_PX = 7;
const LINE_PX = 18;

export function countryNames(map, world, stage) {
  let words;
  try {
    words = new Intl.DisplayNames([document.documentElement.lang || "en"], { type: "region", fallback: "none" });
  } catch {
    return;
  }
  const box = document.createElement("div");
  box.className = "map-names";
  box.setAttribute("aria-hidden", "true");
  stage.append(box);
  const places = world.features
    .map(({ properties }) => ({ ...properties, name: words.of(properties.code) }))
    .filter(({ name }) => name)
    .sort((a, b) => b.size - a.size);

  const draw = () => {
    const { clientWidth: width, clientHeight: height } = box;
    // Square degrees that fill about a label: small countries are named when they are near.
    const least = 900 / 4 ** (map.getZoom() + 0.4);
    const taken = [];
    const shown = [];
    for (const place of places) {
      if (place.size < least || shown.length >= MOST) break;
      const at = map.project([place.lon, place.lat]);
      const half = (place.name.length * LETTER_PX) / 2;
      if (at.x < half || at.y < LINE_PX || at.x > width - half || at.y > height - LINE_PX) continue;
      if (taken.some((other) => Math.abs(other.x - at.x) < half + other.half && Math.abs(other.y - at.y) < LINE_PX)) continue;
      taken.push({ x: at.x, y: at.y, half });
      const label = document.createElement("span");
      label.textContent = place.name;
      label.style.transform = `translate(${Math.round(at.x)}px, ${Math.round(at.y + 14)}px) translate(-50%, -50%)`;
      shown.push(label);
    }
    box.replaceChildren(...shown);
  };
  map.on("move", draw);
  map.on("resize", draw);
  draw();
}
