// Makes a page refresh itself, on request, and turns its counts into rates meanwhile. Everything works without it.
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

  // What was counted, and when: the next count less this one is a rate.
  let counted = new Map();
  let countedAt = 0;
  const rates = (part) => {
    const now = performance.now();
    const seconds = (now - countedAt) / 1000;
    const fresh = new Map();
    for (const element of part.querySelectorAll("[data-count]")) {
      const { key, count } = element.dataset;
      fresh.set(key, Number(count));
      if (countedAt && counted.has(key)) element.textContent = `${((Number(count) - counted.get(key)) / seconds).toFixed(1)}${element.closest("[data-label$='/s']") ? "" : " /s"}`;
    }
    counted = fresh;
    countedAt = now;
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
        if (fresh && shown && !shown.contains(document.activeElement)) {
          document.adoptNode(fresh);
          rates(fresh);
          shown.replaceWith(fresh);
        }
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
