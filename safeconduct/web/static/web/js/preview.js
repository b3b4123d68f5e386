/* A text as readers will see it, beside the field and while it is typed. Without script a button does the same. */
const WAIT = 450;

function live(form) {
  const target = document.querySelector(form.dataset.previewTarget);
  const fields = [...form.querySelectorAll("[name=body], [name=sources]")];
  const token = form.querySelector("[name=csrfmiddlewaretoken]");
  if (!target || !fields.length || !token) return;
  let timer = 0;
  let asked = 0;

  async function show() {
    const number = ++asked;
    const data = new FormData();
    data.append("csrfmiddlewaretoken", token.value);
    for (const field of fields) data.append(field.name, field.value);
    try {
      const answer = await fetch(form.dataset.preview, { method: "POST", body: data, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const read = new DOMParser().parseFromString(await answer.text(), "text/html");
      // A slow answer to an older text does not overwrite a newer one. The server has cleaned what it sends.
      if (number === asked) target.replaceChildren(...read.body.childNodes);
    } catch {
      // The text is safe in its field; the button asks again.
    }
    if (number === asked) target.classList.remove("is-late");
  }

  for (const field of fields) {
    field.addEventListener("input", () => {
      clearTimeout(timer);
      target.classList.add("is-late");
      timer = setTimeout(show, WAIT);
    });
  }
}

document.querySelectorAll("form[data-preview]").forEach(live);

// A text that was typed and not saved is not left by accident.
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  let touched = form.dataset.unsaved === "now";
  form.addEventListener("input", () => (touched = true));
  form.addEventListener("submit", () => (touched = false));
  window.addEventListener("beforeunload", (event) => {
    if (touched) event.preventDefault();
  });
}
