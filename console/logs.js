// Shows log lines as they come, on request. The page reads without it.
"use strict";
(() => {
  const LINES_MAX = 500;
  const toggle = document.querySelector("[data-stream]");
  const lines = document.querySelector("[data-lines]");
  if (!toggle || !lines || !window.EventSource) return;
  toggle.hidden = false;
  let source = null;

  const element = (name, text, classes) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (classes) made.className = classes;
    return made;
  };
  const cell = (row, label, ...inside) => {
    const td = element("td");
    td.dataset.label = label;
    td.append(...inside);
    row.append(td);
    return td;
  };
  // What stands below something else, smaller.
  const above = (text, below) => {
    const div = element("div", text);
    if (below) div.append(element("div", below, "sub"));
    return div;
  };

  const show = (entry) => {
    const row = element("tr");
    const [day, rest] = entry.at.split("T");
    const time = element("time");
    time.dateTime = time.title = entry.at;
    time.append(above(rest.slice(0, 8), day));
    cell(row, "Time", time);
    const tone = entry.kind === "join" ? "good" : { error: "bad", warn: "warn" }[entry.level] || "";
    cell(row, "Level", element("span", entry.kind === "log" ? entry.level : entry.kind, `badge ${tone}`));
    cell(row, "Realm", entry.realm);
    cell(row, "Who", above(entry.authid || "–", entry.authrole));
    cell(row, "What", entry.text).className = "said";
    lines.prepend(row);
    while (lines.rows.length > LINES_MAX) lines.lastElementChild.remove();
    document.querySelector("[data-none]")?.remove();
  };

  const stop = () => {
    source?.close();
    source = null;
    toggle.setAttribute("aria-pressed", "false");
  };

  toggle.addEventListener("click", () => {
    if (source) return stop();
    toggle.setAttribute("aria-pressed", "true");
    source = new EventSource(toggle.dataset.stream);
    source.onmessage = (event) => show(JSON.parse(event.data));
    // It connects again by itself, and goes on where it was; when it may not, it is over.
    source.onerror = () => source?.readyState === EventSource.CLOSED && stop();
  });
})();
