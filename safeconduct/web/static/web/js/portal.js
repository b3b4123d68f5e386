/* What makes pages nicer; every page works without it. One module per job. */
import { guardForms } from "./forms.js";
import { livePassword, showPassword } from "./password.js";
import { closeMenus } from "./menu.js";
import { suggestions } from "./suggest.js";
import { copyButtons, focusErrors, printButtons } from "./small.js";

guardForms();
livePassword();
showPassword();
closeMenus();
suggestions();
copyButtons();
printButtons();
focusErrors();

// Only on https and loopback. A browser that refuses it loses the offline page, nothing else.
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/service-worker.js", { scope: "/" }).catch(() => undefined);
}
