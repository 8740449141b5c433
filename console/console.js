// Makes the page of calls refresh itself, on request. Everything works without it.
"use strict";
(() => {
  const EVERY_MS = 5000;
  const toggle = document.querySelector("[data-live-toggle]");
  if (!toggle) return;
  toggle.hidden = false;
  let timer = 0;

  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    toggle.setAttribute("aria-pressed", "false");
  };

  const refresh = async () => {
    try {
      if (!document.hidden) {
        const response = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin" });
        // Signed out meanwhile: show it rather than an old page.
        if (response.redirected) return location.reload();
        if (!response.ok) return stop();
        const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-live]");
        const shown = document.querySelector("[data-live]");
        // Somebody reading with the keyboard keeps the place.
        if (fresh && shown && !shown.contains(document.activeElement)) shown.replaceWith(document.adoptNode(fresh));
      }
    } catch {
      return stop();
    }
    if (timer) timer = setTimeout(refresh, EVERY_MS);
  };

  toggle.addEventListener("click", () => {
    if (timer) return stop();
    toggle.setAttribute("aria-pressed", "true");
    timer = setTimeout(refresh, 0);
  });
})();
