// Copies third-party files that pages serve into safeconduct/web/static/vendor (git-ignored).
// Writes only what changed, so a second run does nothing; pages work without any of it.
// It refuses to bundle or rewrite code: our own modules are served as they are written, and of other people's code
// only the comment that names a source map, which nobody serves, is left out.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, "..", "safeconduct", "web", "static", "vendor");
const maplibre = join(here, "node_modules", "maplibre-gl");
const serif = join(here, "node_modules", "@fontsource", "source-serif-4");

/** Latin and extended Latin, upright, of the one weight of titles (--title-weight): the face of all weights is more than
    twice as large. Ranges as the package states them. */
const WEIGHT = 600;
const faces = [
  ["latin-ext", "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"],
  ["latin", "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"],
];

let written = 0;

function put(name, bytes) {
  const target = join(vendor, name);
  try {
    if (readFileSync(target).equals(bytes)) return;
  } catch (problem) {
    if (problem.code !== "ENOENT") throw problem;
  }
  writeFileSync(target, bytes);
  written += 1;
}

mkdirSync(vendor, { recursive: true });
const rules = [];
for (const [subset, range] of faces) {
  const file = `source-serif-4-${subset}-${WEIGHT}.woff2`;
  put(file, readFileSync(join(serif, "files", `source-serif-4-${subset}-${WEIGHT}-normal.woff2`)));
  rules.push(
    `@font-face{font-family:"Source Serif 4";font-style:normal;font-weight:${WEIGHT};font-display:swap;` +
      `src:url("${file}") format("woff2");unicode-range:${range}}`,
  );
}
put("source-serif-4-LICENSE.txt", readFileSync(join(serif, "LICENSE")));
put("face.css", Buffer.from(`${rules.join("\n")}\n`));

/** The map: the module, its worker (a module of its own, so that no `blob:` is needed) and its style. */
const SOURCE_MAP = /\n?(?:\/\/# sourceMappingURL=\S+|\/\*# sourceMappingURL=\S+ \*\/)\s*$/;
for (const file of ["maplibre-gl.mjs", "maplibre-gl-worker.mjs", "maplibre-gl.css"]) {
  const text = readFileSync(join(maplibre, "dist", file), "utf8").replace(SOURCE_MAP, "\n");
  put(file, Buffer.from(text));
}
put("maplibre-gl-LICENSE.txt", readFileSync(join(maplibre, "LICENSE.txt")));
console.log(written ? `assets: ${written} files written` : "assets: up to date");
