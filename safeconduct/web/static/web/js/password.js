/* The password checklist, live. The server decides; this only saves a round trip. */
import { word } from "./words.js";

function runs(text) {
  // Any run of four or more letters or digits of the user name counts as a part of it.
  const found = new Set();
  for (const chunk of text.toLowerCase().split(/[^\p{L}\p{N}]+/u)) {
    for (let start = 0; start + 4 <= chunk.length; start += 1) found.add(chunk.slice(start, start + 4));
  }
  return found;
}

function userNames(list) {
  const ids = (list.dataset.userFields || "").split(/[\s,]+/).filter(Boolean);
  return ids.map((id) => (document.getElementById(id)?.value || "").split("@")[0]);
}

const checks = {
  length: (text, item) => [...text].length >= Number(item.dataset.min || 10),
  digit: (text) => /\p{Nd}/u.test(text),
  symbol: (text) => /[^\p{L}\p{N}\s]/u.test(text),
  lower: (text) => /\p{Ll}/u.test(text),
  upper: (text) => /\p{Lu}/u.test(text),
  name: (text, item, list) => {
    const lower = text.toLowerCase();
    return text !== "" && !userNames(list).some((name) => [...runs(name)].some((run) => lower.includes(run)));
  },
};

function show(item, met, missed) {
  item.classList.toggle("is-met", met);
  item.classList.toggle("is-missed", missed);
  const use = item.querySelector("use");
  const sprite = use.getAttribute("href").split("#")[0];
  use.setAttribute("href", `${sprite}#i-${met ? "done" : missed ? "cross" : "open"}`);
  const state = item.querySelector("[data-state]");
  if (state) state.textContent = `: ${met ? word("met") : word("notYet")}`;
}

export function livePassword() {
  for (const list of document.querySelectorAll("[data-password-for]")) {
    const input = document.getElementById(list.dataset.passwordFor);
    if (!input) continue;
    const items = [...list.querySelectorAll("[data-rule]")].filter((item) => item.dataset.rule in checks);
    const tally = list.parentElement.querySelector("[data-tally]");
    const look = () => {
      let met = 0;
      for (const item of items) {
        const good = checks[item.dataset.rule](input.value, item, list);
        if (good) met += 1;
        show(item, good, item.dataset.rule === "name" && input.value !== "" && !good);
      }
      if (tally) tally.textContent = input.value ? word("ofMet", { n: met, all: items.length }) : "";
    };
    input.addEventListener("input", look);
    for (const id of (list.dataset.userFields || "").split(/[\s,]+/).filter(Boolean)) {
      document.getElementById(id)?.addEventListener("input", look);
    }
    if (input.value) look();
  }
}

export function showPassword() {
  for (const button of document.querySelectorAll("[data-show]")) {
    const input = document.getElementById(button.dataset.show);
    if (!input) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      const visible = input.type === "text";
      input.type = visible ? "password" : "text";
      button.setAttribute("aria-pressed", String(!visible));
      button.textContent = visible ? word("show") : word("hide");
    });
  }
}
