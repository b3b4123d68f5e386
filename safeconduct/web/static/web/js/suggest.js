/* Suggestions under a field for places (ARIA 1.2 combobox with a list).
   Enter without a choice sends the form: the page of results says more, and works without this.
   Choosing follows the place's page, or with data-suggest-into writes its key into a hidden field. */
import { word } from "./words.js";

const WAIT_MS = 100;
const ICONS = { airport: "plane", city: "pin" };
let serial = 0;

class Suggest {
  constructor(input) {
    this.input = input;
    this.address = input.dataset.suggest;
    this.into = document.getElementById(input.dataset.suggestInto || "");
    this.found = [];
    this.at = -1;
    serial += 1;
    this.list = document.createElement("ul");
    this.list.id = `suggest-${serial}`;
    this.list.className = "suggest";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", input.labels?.[0]?.textContent.trim() || input.getAttribute("aria-label") || "");
    this.list.hidden = true;
    this.note = document.createElement("p");
    this.note.className = "suggest-note";
    this.note.hidden = true;
    this.voice = document.createElement("p");
    this.voice.className = "sr";
    this.voice.setAttribute("role", "status");
    const box = document.createElement("div");
    box.className = "suggest-box";
    (input.closest(".search") || input).after(box);
    this.sheet = document.createElement("div");
    this.sheet.className = "suggest-sheet";
    this.sheet.append(this.note, this.list);
    box.append(this.sheet, this.voice);
    // Where the pages' icons are: an icon on the page knows.
    this.sprite = document.querySelector("svg.icon use")?.getAttribute("href")?.split("#")[0];
    // A field in a menu: opening the menu is asking for the field.
    input.closest("details")?.addEventListener("toggle", (event) => event.target.open && input.focus());
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", this.list.id], ["autocomplete", "off"]]) {
      input.setAttribute(name, value);
    }
    input.addEventListener("input", () => this.later());
    input.addEventListener("keydown", (event) => this.key(event));
    // Who is back before the wait is over goes on typing.
    input.addEventListener("blur", () => setTimeout(() => document.activeElement === input || this.close(), 150));
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.choose(Number(row.dataset.n));
    });
  }

  later() {
    clearTimeout(this.timer);
    if (this.into) this.into.value = "";
    if (this.input.value.trim() === "") return this.close();
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    this.waiting?.abort();
    this.waiting = new AbortController();
    const url = new URL(this.address, document.baseURI);
    url.searchParams.set("q", this.input.value.trim());
    let answer;
    try {
      const response = await fetch(url, { signal: this.waiting.signal, headers: { Accept: "application/json" } });
      if (!response.ok) return this.close();
      answer = await response.json();
    } catch (problem) {
      // A newer question, or no network: the form still works.
      return problem.name === "AbortError" ? undefined : this.close();
    }
    this.show(answer.results || [], answer.understood || "");
  }

  show(found, understood) {
    // Who has chosen before the last letter was answered keeps the choice.
    const marked = this.found[this.at]?.key;
    this.found = found.slice(0, 8);
    const taken = understood && this.found.length ? word("understood", { text: understood }) : "";
    this.note.textContent = taken;
    this.note.hidden = taken === "";
    this.at = -1;
    this.list.replaceChildren(...this.found.map((place, n) => this.row(place, n)));
    const open = this.found.length > 0;
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    this.input.removeAttribute("aria-activedescendant");
    const still = this.found.findIndex((place) => place.key === marked);
    if (still >= 0) this.mark(still);
    const count = this.found.length === 1 ? word("foundOne") : word("found", { n: this.found.length });
    this.voice.textContent = open ? [taken, count].filter(Boolean).join(". ") : word("none");
    if (!open) this.refuse();
  }

  /* Nothing found is said on the screen too, not only to a screen reader. */
  refuse() {
    this.note.textContent = word("none");
    this.note.hidden = false;
  }

  row(place, n) {
    const row = document.createElement("li");
    row.id = `${this.list.id}-${n}`;
    row.dataset.n = n;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", "false");
    const name = document.createElement("b");
    name.textContent = place.name;
    const more = document.createElement("span");
    const country = place.country_name !== place.name ? place.country_name : "";
    more.textContent = [place.kind_name, place.code, country, place.people].filter(Boolean).join(", ");
    if (place.called) {
      const called = document.createElement("bdi");
      called.textContent = place.called;
      more.append(" · ", called);
    }
    row.append(...[this.icon(ICONS[place.kind] || "globe"), name, more].filter(Boolean));
    return row;
  }

  icon(name) {
    if (!this.sprite) return null;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${this.sprite}#i-${name}`);
    svg.append(use);
    return svg;
  }

  key(event) {
    if (event.key === "Escape" && !(this.list.hidden && this.note.hidden)) {
      event.preventDefault();
      // The menu around the field stays open.
      event.stopPropagation();
      return this.close();
    }
    if (this.list.hidden) return undefined;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.mark((this.at + step + this.found.length + (this.at < 0 && step < 0 ? 1 : 0)) % this.found.length);
    } else if (event.key === "Enter" && this.at >= 0) {
      event.preventDefault();
      this.choose(this.at);
    }
    return undefined;
  }

  mark(n) {
    this.at = n;
    [...this.list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === n)));
    this.input.setAttribute("aria-activedescendant", `${this.list.id}-${n}`);
    this.list.children[n].scrollIntoView({ block: "nearest" });
  }

  choose(n) {
    const place = this.found[n];
    this.input.value = place.name;
    this.close();
    if (this.into) this.into.value = place.key;
    else if (place.url) window.location.assign(place.url);
  }

  close() {
    this.at = -1;
    clearTimeout(this.timer);
    this.waiting?.abort();
    this.list.hidden = true;
    this.note.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

export function suggestions() {
  for (const input of document.querySelectorAll("input[data-suggest]")) new Suggest(input);
}
