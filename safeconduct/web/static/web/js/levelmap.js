/* The world in the colours of one scale: the map of alerts with countries beneath. Alerts are a layer that is fetched
   when it is switched on. What each country says stands in the page already; the table beneath says the same. */
import { AlertMap, begin, line } from "./alertmap.js";

const LEVELS = ["0", "1", "2", "3", "4", "5", "v"];
/* Square degrees: what is smaller cannot be seen as an area and gets a dot. */
const SMALL = 1.2;
const NOTHING = { type: "FeatureCollection", features: [], concerns: [], stops: [] };
const ALERT_LAYERS = ["mine", "signs", "counts"];

class LevelMap extends AlertMap {
  static first() {
    return NOTHING;
  }

  start() {
    this.levels = JSON.parse(this.words.levels);
    this.button = document.querySelector("[data-map-alerts]");
    this.isOn = this.button?.hasAttribute("aria-current") ?? false;
    super.start();
  }

  show() {
    super.show();
    this.button?.addEventListener("click", (event) => {
      event.preventDefault();
      this.switched(!this.isOn);
    });
    if (this.isOn) this.renew();
  }

  async switched(isOn) {
    this.isOn = isOn;
    const address = new URL(location.href);
    if (isOn) {
      this.button.setAttribute("aria-current", "true");
      address.searchParams.set("alerts", "1");
      await this.renew();
    } else {
      this.button.removeAttribute("aria-current");
      address.searchParams.delete("alerts");
    }
    history.replaceState(null, "", address);
    for (const name of ALERT_LAYERS) this.map.setLayoutProperty(name, "visibility", this.isOn ? "visible" : "none");
  }

  renew() {
    return this.isOn ? super.renew() : undefined;
  }

  more() {
    const features = this.world.features
      .filter(({ properties }) => properties.size < SMALL && this.levels[properties.code])
      .map(({ properties }) => ({
        type: "Feature",
        geometry: { type: "Point", coordinates: [properties.lon, properties.lat] },
        properties: { code: properties.code },
      }));
    this.map.addSource("small", { type: "geojson", data: { type: "FeatureCollection", features } });
  }

  layers(colours) {
    const kept = Object.fromEntries(super.layers(colours).map((layer) => [layer.id, layer]));
    const codes = (level) => Object.entries(this.levels).filter(([, one]) => one[0] === level).map(([code]) => code);
    const byLevel = (make) => {
      const cases = LEVELS.filter((level) => codes(level).length).flatMap((level) => [codes(level), make(level)]);
      return ["match", ["get", "code"], ...cases, make("0")];
    };
    const own = ["in", ["get", "code"], ["literal", Object.entries(this.levels).filter(([, one]) => one[4]).map(([code]) => code)]];
    const alerts = ALERT_LAYERS.map((name) => ({ ...kept[name], layout: { ...kept[name].layout, visibility: this.isOn ? "visible" : "none" } }));
    return [
      kept.sea,
      kept.land,
      { id: "levels", type: "fill", source: "world", paint: { "fill-color": byLevel((level) => colours[`s${level}`]), "fill-opacity": byLevel((level) => (level === "0" ? 0.12 : 0.42)), "fill-antialias": false } },
      { id: "patterns", type: "fill", source: "world", paint: { "fill-pattern": byLevel((level) => `hatch-${level}`), "fill-opacity": 0.75 } },
      kept.borders,
      { id: "own", type: "line", source: "world", filter: own, paint: { "line-color": colours.ink, "line-width": 2.2 } },
      { id: "small", type: "circle", source: "small", maxzoom: 5, paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 0, 2.6, 4, 6], "circle-color": byLevel((level) => colours[`s${level}`]), "circle-stroke-color": colours.surface, "circle-stroke-width": 0.8 } },
      ...alerts,
    ];
  }

  /* Alerts under the pointer, else the country. */
  near(point) {
    const alerts = this.isOn ? super.near(point) : [];
    if (alerts.length || !this.map.getLayer("levels")) return alerts;
    const around = [[point.x - 4, point.y - 4], [point.x + 4, point.y + 4]];
    const small = this.map.queryRenderedFeatures(around, { layers: this.map.getLayer("small") ? ["small"] : [] });
    const [country] = small.length ? small : this.map.queryRenderedFeatures(point, { layers: ["levels"] });
    return country && this.levels[country.properties.code] ? [{ code: country.properties.code }] : [];
  }

  part(one) {
    if (!one.code) return super.part(one);
    const [level, said, name, ownLevel, ownWord] = this.levels[one.code];
    const part = document.createElement("section");
    part.className = `s-${level}`;
    const link = line("a", this.words.open);
    link.href = this.words.guide + one.code + "/";
    part.append(line("p", name, "map-title"), this.badge(level, said));
    if (ownWord) {
      const mine = line("div", "", `s-${ownLevel}`);
      mine.append(line("p", this.words.own, "small muted"), this.badge(ownLevel, ownWord));
      part.append(mine);
    }
    part.append(link);
    return part;
  }

  badge(level, said) {
    const badge = line("p", "", "badge");
    badge.append(this.icon(`s-${level}`, "sign"), said);
    return badge;
  }
}

const figure = document.getElementById("level-map");
if (figure) begin(figure, LevelMap);
