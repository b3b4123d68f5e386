/* The map of alerts: MapLibre in place of the still picture, which stays when anything is missing.
   Everything comes from this site: shapes, alerts, the library and its worker. There are no tiles, no glyphs and no
   sprite: names are HTML, signs are drawn from the icons of the page. The table beneath names the same alerts. */
import { drawImages, MOST_COUNTED, tokens } from "./mapimages.js";
import { countryNames } from "./mapnames.js";

const RENEW_MS = 120_000;
const WORLD = [[-168, -55], [188, 74]];
const MOST_IN_POPUP = 60;
const SAME_PLACE = 0.05;
const NEAR_PX = 6;

export class AlertMap {
  static first(figure) {
    return fetched(figure.dataset.data);
  }

  constructor(figure, library, world, alerts) {
    this.figure = figure;
    this.library = library;
    this.world = world;
    this.alerts = alerts;
    this.words = figure.dataset;
    this.stage = figure.querySelector(".map-stage");
    this.box = document.createElement("div");
    this.box.className = "map-live";
    this.stage.append(this.box);
  }

  start() {
    const words = this.words;
    this.map = new this.library.Map({
      container: this.box,
      style: { version: 8, sources: {}, layers: [] },
      bounds: WORLD,
      minZoom: -1,
      maxZoom: 9,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      cooperativeGestures: true,
      fadeDuration: 0,
      locale: {
        "Map.Title": words.label,
        "Popup.Close": words.close,
        "NavigationControl.ZoomIn": words.zoomIn,
        "NavigationControl.ZoomOut": words.zoomOut,
        "CooperativeGesturesHandler.WindowsHelpText": words.ctrl,
        "CooperativeGesturesHandler.MacHelpText": words.cmd,
        "CooperativeGesturesHandler.MobileHelpText": words.fingers,
      },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new this.library.NavigationControl({ showCompass: false }), "top-right");
    this.map.on("style.load", () => this.dress());
    this.map.on("load", () => this.show());
    this.map.on("click", (event) => this.pressed(event));
    this.map.on("mousemove", (event) => {
      this.map.getCanvas().style.cursor = this.near(event.point).length ? "pointer" : "";
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.map.setStyle({ version: 8, sources: {}, layers: [] }, { diff: false });
    });
  }

  show() {
    this.figure.classList.add("is-live");
    this.map.resize();
    this.map.fitBounds(WORLD, { animate: false });
    for (const hidden of document.querySelectorAll("[data-map-only]")) hidden.hidden = false;
    countryNames(this.map, this.world, this.stage);
    this.buttons();
    this.map.getCanvas().addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.open(this.middle(), this.near(this.map.project(this.middle())));
    });
    setInterval(() => document.visibilityState === "visible" && this.renew(), RENEW_MS);
    this.figure.dataset.state = "ready";
  }

  middle() {
    return this.map.getCenter();
  }

  /* Colours, images, sources and layers; again whenever day turns into night. */
  async dress() {
    const colours = tokens(this.figure);
    const images = await drawImages(this.words.sprite, colours);
    for (const [name, image] of images) if (!this.map.hasImage(name)) this.map.addImage(name, image, { pixelRatio: 2 });
    this.map.addSource("world", { type: "geojson", data: this.world });
    this.map.addSource("alerts", { type: "geojson", data: this.alerts, tolerance: 0.2 });
    this.map.addSource("stops", { type: "geojson", data: this.stops() });
    this.map.addSource("counts", { type: "geojson", data: this.counts() });
    this.more();
    for (const layer of this.layers(colours)) this.map.addLayer(layer);
    this.map.once("idle", () => (this.figure.dataset.drawn = "yes"));
  }

  /* Sources that only another kind of map has. */
  more() {}

  layers(colours) {
    const byLevel = (make) => ["match", ["get", "level"], 5, make(5), 4, make(4), 3, make(3), 2, make(2), make(0)];
    const edge = byLevel((level) => (level === 2 || level === 3 ? colours[`s${level}-ink`] : colours[`s${level}`]));
    const area = ["==", ["get", "part"], "area"];
    const rough = ["==", ["get", "part"], "rough"];
    const sign = ["==", ["get", "part"], "sign"];
    const concerns = ["in", ["get", "id"], ["literal", this.alerts.concerns]];
    return [
      { id: "sea", type: "background", paint: { "background-color": colours.sea } },
      { id: "land", type: "fill", source: "world", paint: { "fill-color": colours.land, "fill-antialias": false } },
      { id: "borders", type: "line", source: "world", paint: { "line-color": colours["land-line"], "line-width": 0.7 } },
      { id: "rough", type: "fill", source: "alerts", filter: rough, paint: { "fill-color": byLevel((n) => colours[`s${n}`]), "fill-opacity": 0.1 } },
      { id: "rough-edge", type: "line", source: "alerts", filter: rough, paint: { "line-color": edge, "line-width": 1.2, "line-dasharray": [3, 2] } },
      { id: "area", type: "fill", source: "alerts", filter: area, layout: { "fill-sort-key": ["get", "level"] }, paint: { "fill-color": byLevel((n) => colours[`s${n}`]), "fill-opacity": 0.22 } },
      { id: "hatch", type: "fill", source: "alerts", filter: area, layout: { "fill-sort-key": ["get", "level"] }, paint: { "fill-pattern": ["concat", "hatch-", ["to-string", ["get", "level"]]], "fill-opacity": 0.55 } },
      { id: "edge", type: "line", source: "alerts", filter: area, paint: { "line-color": edge, "line-width": byLevel((n) => [1, 1, 1, 1.4, 2, 2.6][n]) } },
      { id: "mine", type: "circle", source: "alerts", filter: ["all", sign, concerns], paint: { "circle-radius": 16, "circle-color": colours.surface, "circle-stroke-color": colours.ink, "circle-stroke-width": 2 } },
      { id: "stops", type: "circle", source: "stops", paint: { "circle-radius": 9, "circle-color": colours.brand, "circle-stroke-color": colours.surface, "circle-stroke-width": 2 } },
      { id: "signs", type: "symbol", source: "alerts", filter: sign, layout: { "icon-image": ["concat", "sign-", ["to-string", ["get", "level"]]], "icon-allow-overlap": true, "icon-ignore-placement": true, "symbol-sort-key": ["get", "level"], "icon-size": ["interpolate", ["linear"], ["zoom"], 0, 0.7, 4, 1] } },
      { id: "counts", type: "symbol", source: "counts", layout: { "icon-image": ["concat", "count-", ["to-string", ["get", "count"]]], "icon-allow-overlap": true, "icon-ignore-placement": true, "icon-offset": [11, -11] } },
    ];
  }

  stops() {
    const features = (this.alerts.stops || []).map((stop, index) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [stop.lon, stop.lat] },
      properties: { stop: index },
    }));
    return { type: "FeatureCollection", features };
  }

  /* Where several signs stand on one spot: how many, ten and more as one image. */
  counts() {
    const places = new Map();
    for (const { geometry, properties } of this.alerts.features) {
      if (properties.part !== "sign") continue;
      const key = geometry.coordinates.map((part) => Math.round(part / SAME_PLACE)).join();
      const place = places.get(key) ?? { geometry, count: 0 };
      place.count += 1;
      places.set(key, place);
    }
    const several = [...places.values()].filter(({ count }) => count > 1);
    const features = several.map(({ geometry, count }) => ({ type: "Feature", geometry, properties: { count: Math.min(count, MOST_COUNTED) } }));
    return { type: "FeatureCollection", features };
  }

  async renew() {
    const alerts = await fetched(this.words.data).catch(() => null);
    if (!alerts || !this.map.getSource("alerts")) return;
    this.alerts = alerts;
    this.map.getSource("alerts").setData(alerts);
    this.map.getSource("stops").setData(this.stops());
    this.map.getSource("counts").setData(this.counts());
  }

  /* What lies under a point of the screen: stops, then signs, then areas, worst first; each once. */
  near(point) {
    const around = [[point.x - NEAR_PX, point.y - NEAR_PX], [point.x + NEAR_PX, point.y + NEAR_PX]];
    const names = ["stops", "signs", "area", "rough"].filter((name) => this.map.getLayer(name));
    if (!names.length) return [];
    const marks = this.map.queryRenderedFeatures(around, { layers: names.filter((name) => name === "stops" || name === "signs") });
    const areas = this.map.queryRenderedFeatures(point, { layers: names.filter((name) => name === "area" || name === "rough") });
    const found = new Map();
    for (const { properties } of [...marks, ...areas.sort((a, b) => b.properties.level - a.properties.level)]) {
      const key = properties.id ?? `stop-${properties.stop}`;
      if (!found.has(key)) found.set(key, properties.id ? this.sign(properties.id) : this.alerts.stops[properties.stop]);
    }
    return [...found.values()].filter(Boolean);
  }

  sign(id) {
    return this.alerts.features.find(({ properties }) => properties.id === id && properties.part === "sign");
  }

  /* The other signs that stand where one does, as the map lies now; also before they are drawn. */
  beside(sign) {
    const at = this.map.project(sign.geometry.coordinates);
    return this.alerts.features.filter((one) => {
      if (one === sign || one.properties.part !== "sign") return false;
      const there = this.map.project(one.geometry.coordinates);
      return Math.hypot(there.x - at.x, there.y - at.y) <= 2 * NEAR_PX;
    });
  }

  pressed(event) {
    this.open(event.lngLat, this.near(event.point));
  }

  open(place, found, back = this.map.getCanvas()) {
    if (!found.length) return;
    this.popup?.remove();
    const content = document.createElement("div");
    content.className = "map-popup";
    if (found.length > 1) content.append(line("p", `${this.words.here} ${found.length}`, "small muted"));
    content.append(...found.slice(0, MOST_IN_POPUP).map((one) => this.part(one)));
    if (found.length > MOST_IN_POPUP) content.append(this.rest(found.length - MOST_IN_POPUP));
    this.popup = new this.library.Popup({ maxWidth: "20rem", closeOnClick: true }).setLngLat(place).setDOMContent(content);
    this.popup.on("close", () => {
      if (content.contains(document.activeElement) || document.activeElement === document.body) back.focus({ preventScroll: true });
    });
    content.addEventListener("keydown", (event) => event.key === "Escape" && this.closeTo(back));
    this.popup.addTo(this.map);
    this.popup.getElement().addEventListener("keydown", (event) => event.key === "Escape" && this.closeTo(back));
  }

  /* The way to what the popup has no room for. */
  rest(count) {
    const part = document.createElement("p");
    const link = line("a", `${this.words.rest} (${count})`);
    link.href = this.words.list;
    part.append(link);
    return part;
  }

  part(one) {
    return one.properties ? this.told(one.properties) : this.stay(one);
  }

  closeTo(back) {
    this.popup?.remove();
    back.focus({ preventScroll: true });
  }

  told(alert) {
    const part = document.createElement("section");
    part.className = `s-${alert.level}`;
    const badge = line("p", "", "badge");
    badge.append(this.icon(`s-${alert.level}`, "sign"), alert.severity);
    const title = line("p", "", "map-title");
    const link = line("a", alert.title);
    link.href = alert.url;
    if (alert.lang) link.lang = alert.lang;
    link.dir = "auto";
    title.append(link);
    part.append(badge, title);
    const facts = [alert.event, alert.where, alert.note].filter(Boolean).join(" · ");
    part.append(line("p", facts, "small"), line("p", alert.when, "small"), line("p", alert.source, "small muted"));
    if (this.alerts.concerns.includes(alert.id)) part.append(line("p", this.words.concerns, "tag"));
    return part;
  }

  stay(stop) {
    const part = document.createElement("section");
    const link = line("a", this.words.trip);
    link.href = stop.url;
    part.append(line("p", this.words.yours, "tag"), line("p", stop.label, "map-title"), line("p", stop.when, "small"), link);
    return part;
  }

  icon(name, css) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", css);
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${this.words.sprite}#i-${name}`);
    svg.append(use);
    return svg;
  }

  /* The buttons in the table: they move the map and open what it says there. */
  buttons() {
    for (const cell of document.querySelectorAll("[data-map-cell]")) cell.hidden = false;
    for (const button of document.querySelectorAll("[data-map-show]")) {
      const sign = this.sign(button.dataset.mapShow);
      button.disabled = !sign;
      if (sign) button.addEventListener("click", () => this.goTo(button));
    }
  }

  goTo(button) {
    const id = button.dataset.mapShow;
    const sign = this.sign(id);
    if (!sign) return;
    const bounds = new this.library.LngLatBounds();
    bounds.extend(sign.geometry.coordinates);
    for (const { geometry, properties } of this.alerts.features) {
      if (properties.id !== id || properties.part === "sign") continue;
      for (const polygon of geometry.coordinates) for (const corner of polygon[0]) bounds.extend(corner);
    }
    this.figure.scrollIntoView({ block: "nearest" });
    this.map.once("moveend", () => {
      this.open(sign.geometry.coordinates, [sign, ...this.beside(sign)], button);
    });
    this.map.fitBounds(bounds, { padding: 60, maxZoom: 5.5, duration: 600 });
  }
}

export function line(tag, text, css = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (css) made.className = css;
  return made;
}

async function fetched(address) {
  const response = await fetch(address, { headers: { Accept: "application/geo+json" } });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json();
}

/* Put a map in place of the picture; `Kind` says which, and what it needs to begin with. */
export async function begin(figure, Kind) {
  const { module, worker, world } = figure.dataset;
  if (!document.createElement("canvas").getContext("webgl2")) {
    figure.dataset.state = "still";
    return;
  }
  try {
    const [library, shapes, alerts] = await Promise.all([import(module), fetched(world), Kind.first(figure)]);
    library.setWorkerUrl(new URL(worker, document.baseURI).href);
    new Kind(figure, library, shapes, alerts).start();
  } catch (problem) {
    // The picture and the table are there; only say why nothing moves.
    figure.dataset.state = "still";
    figure.querySelector(".map-live")?.remove();
    const status = document.querySelector("[data-map-status]");
    if (status) {
      status.textContent = figure.dataset.failed;
      status.hidden = false;
    }
    console.warn(problem);
  }
}

const alertFigure = document.getElementById("alert-map");
if (alertFigure) begin(alertFigure, AlertMap);
