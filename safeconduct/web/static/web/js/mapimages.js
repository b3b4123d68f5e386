/* Colours and images of the map, from the page's own tokens and icons: day, night and an organisation's hue included. */
const LEVELS = [0, 1, 2, 3, 4, 5, "v"];
const NAMES = ["sea", "land", "land-line", "surface", "ink", "brand", ...LEVELS.flatMap((n) => [`s${n}`, `s${n}-on`, `s${n}-ink`])];
const SIGN_PX = 52;
const HATCH_PX = 16;
const COUNT_PX = 34;
export const MOST_COUNTED = 10;

/* The tokens as rgba(): the map's own parser knows neither oklch() nor light-dark(). */
export function tokens(near) {
  const probe = document.createElement("span");
  near.append(probe);
  const one = canvas(1);
  const found = {};
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    one.clearRect(0, 0, 1, 1);
    one.fillStyle = getComputedStyle(probe).color;
    one.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = one.getImageData(0, 0, 1, 1).data;
    found[name] = `rgba(${red},${green},${blue},${(alpha / 255).toFixed(3)})`;
  }
  probe.remove();
  return found;
}

function canvas(size) {
  const made = document.createElement("canvas");
  made.width = size;
  made.height = size;
  return made.getContext("2d", { willReadFrequently: true });
}

/* Name → ImageData: a sign and a hatch for each level. */
export async function drawImages(sprite, colours) {
  const icons = new DOMParser().parseFromString(await (await fetch(sprite)).text(), "image/svg+xml");
  const images = [];
  for (const level of LEVELS) {
    images.push([`hatch-${level}`, hatch(level, colours)]);
    const symbol = icons.getElementById(`i-s-${level}`);
    if (symbol) images.push([`sign-${level}`, await sign(symbol, level, colours)]);
  }
  for (let count = 2; count <= MOST_COUNTED; count += 1) images.push([`count-${count}`, counted(count, colours)]);
  return images;
}

/* How many signs stand on one spot: there are no glyphs for the map's own text. */
function counted(count, colours) {
  const on = canvas(COUNT_PX);
  const middle = COUNT_PX / 2;
  on.beginPath();
  on.arc(middle, middle, middle - 2, 0, 2 * Math.PI);
  on.fillStyle = colours.surface;
  on.fill();
  on.strokeStyle = colours.ink;
  on.lineWidth = 2;
  on.stroke();
  on.fillStyle = colours.ink;
  on.font = `700 ${count < MOST_COUNTED ? 20 : 16}px sans-serif`;
  on.textAlign = "center";
  on.textBaseline = "middle";
  on.fillText(count < MOST_COUNTED ? String(count) : "9+", middle, middle + 1);
  return on.getImageData(0, 0, COUNT_PX, COUNT_PX);
}

async function sign(symbol, level, colours) {
  const ground = level === 0 ? `<circle cx="12" cy="12" r="10" fill="${colours.surface}"/>` : "";
  const writer = new XMLSerializer();
  const drawing = [...symbol.childNodes]
    .map((node) => writer.serializeToString(node))
    .join("")
    .replaceAll("currentColor", colours[level === 0 ? "s0-ink" : `s${level}`])
    .replaceAll(/var\(--glyph,\s*#fff\)/g, colours[`s${level}-on`]);
  const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="${SIGN_PX}" height="${SIGN_PX}">${ground}${drawing}</svg>`;
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await picture.decode();
  const on = canvas(SIGN_PX);
  // A seam of the page's own ground keeps signs apart that touch.
  on.shadowColor = colours.surface;
  on.shadowBlur = 3;
  for (let turn = 0; turn < 4; turn += 1) on.drawImage(picture, 6, 6, SIGN_PX - 12, SIGN_PX - 12);
  return on.getImageData(0, 0, SIGN_PX, SIGN_PX);
}

/* The worse, the denser; the worst is crossed. Minor is dotted, variable upright. */
function hatch(level, colours) {
  const on = canvas(HATCH_PX);
  on.strokeStyle = colours[level === 2 || level === 3 ? `s${level}-ink` : `s${level}`];
  on.fillStyle = on.strokeStyle;
  on.lineWidth = level >= 4 ? 2 : 1.2;
  const diagonal = (from, up) => {
    on.beginPath();
    on.moveTo(from - HATCH_PX, up ? HATCH_PX : 0);
    on.lineTo(from, up ? 0 : HATCH_PX);
    on.stroke();
  };
  if (level === 2) on.fillRect(6, 6, 2.5, 2.5);
  if (level >= 3) for (const from of [0, HATCH_PX, 2 * HATCH_PX]) diagonal(from, true);
  if (level === 4) for (const from of [HATCH_PX / 2, 1.5 * HATCH_PX]) diagonal(from, true);
  if (level === 5) for (const from of [0, HATCH_PX, 2 * HATCH_PX]) diagonal(from, false);
  if (level === "v") on.fillRect(HATCH_PX / 2, 0, 1.2, HATCH_PX);
  return on.getImageData(0, 0, HATCH_PX, HATCH_PX);
}
