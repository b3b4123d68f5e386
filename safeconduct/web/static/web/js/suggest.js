/* Suggestions under a field for places (ARIA 1.2 combobox with a list).
   Choosing follows the place's page, or with data-suggest-into writes its key into a hidden field. */
import { word } from "./words.js";

const WAIT_MS = 150;
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
    this.voice = document.createElement("p");
    this.voice.className = "sr";
    this.voice.setAttribute("role", "status");
    const box = document.createElement("div");
    box.className = "suggest-box";
    (input.closest(".search") || input).after(box);
    box.append(this.list, this.voice);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", this.list.id], ["autocomplete", "off"]]) {
      input.setAttribute(name, value);
    }
    input.addEventListener("input", () => this.later());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
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
    this.show(Array.isArray(answer) ? answer : answer.results || []);
  }

  show(found) {
    this.found = found.slice(0, 8);
    this.at = -1;
    this.list.replaceChildren(...this.found.map((place, n) => this.row(place, n)));
    const open = this.found.length > 0;
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    this.input.removeAttribute("aria-activedescendant");
    this.voice.textContent = open ? word("found", { n: this.found.length }) : word("none");
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
    row.append(name, more);
    return row;
  }

  key(event) {
    if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
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
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

export function suggestions() {
  for (const input of document.querySelectorAll("input[data-suggest]")) new Suggest(input);
}
