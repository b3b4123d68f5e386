/* Print, copy, and the summary of errors that takes the focus. */
import { word } from "./words.js";

export function printButtons() {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}

export function copyButtons() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      const before = button.textContent;
      button.textContent = word("copied");
      setTimeout(() => (button.textContent = before), 2000);
    });
  }
}

export function focusErrors() {
  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();
}
