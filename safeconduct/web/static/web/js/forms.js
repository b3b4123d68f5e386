/* A form is sent once: the second press does nothing until the page is left or shown again. */
import { word } from "./words.js";

function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[data-was]")) {
    button.textContent = button.dataset.was;
    button.removeAttribute("data-was");
  }
  for (const button of form.querySelectorAll(".is-busy")) {
    button.classList.remove("is-busy");
    button.removeAttribute("aria-disabled");
  }
}

export function guardForms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.dataset.guard === "off" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    const button = event.submitter;
    if (!button || !button.classList.contains("btn")) return;
    // After this turn, so that the button's own value is still sent.
    setTimeout(() => {
      button.style.minInlineSize = `${button.offsetWidth}px`;
      button.classList.add("is-busy");
      button.setAttribute("aria-disabled", "true");
      if (button.dataset.busy && !button.firstElementChild) {
        button.dataset.was = button.textContent;
        button.textContent = button.dataset.busy || word("working");
      }
    });
  });
  // Back from the next page: the browser shows this one from memory.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
  });
}
