// Sends requests from the API explorer and shows the answers. The pages themselves read well without it.
// The data- attributes it looks for are written by crates/crossgate/src/console/docs/.
"use strict";
(() => {
  const STORE = "crossgate.credentials";
  const BODY_SHOWN_MAX = 200_000;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  // Credentials: kept for this tab, under this origin.
  const panel = one("[data-credentials]");
  const stored = () => {
    try { return JSON.parse(sessionStorage.getItem(STORE)) || {}; } catch { return {}; }
  };
  const keep = (keys) => {
    try { sessionStorage.setItem(STORE, JSON.stringify(keys)); } catch { /* not allowed to store: this page only */ }
  };
  const keyInputs = panel ? all("[data-key]", panel) : [];
  const mode = panel ? one("[data-as]", panel) : null;
  const hasKey = () => keyInputs.some((input) => input.value.trim());
  const chooseMode = () => {
    const wanted = hasKey() ? "keys" : "session";
    const there = all("option", mode).some((option) => option.value === wanted);
    mode.value = there ? wanted : "nobody";
  };
  const setKey = (header, value) => {
    const input = keyInputs.find((known) => known.dataset.key === header);
    if (input) input.value = value;
    keep({ ...stored(), [header]: value });
    if (mode) chooseMode();
    all("[data-try]").forEach(showCommand);
  };
  const credentialHeaders = () => {
    if (!mode || mode.value !== "keys") return [];
    return keyInputs.filter((input) => input.value.trim()).map((input) => [input.dataset.key, input.dataset.scheme + input.value.trim()]);
  };

  // Values: from fields to a request, by the styles of OpenAPI 3 ("Style Values").
  const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
  const valueOf = (field) => {
    const text = field.value;
    if (field.dataset.type === "array") return text.split("\n").map((line) => line.trim()).filter(Boolean);
    if (field.dataset.type === "object") {
      if (!text.trim()) return {};
      const value = JSON.parse(text);
      if (typeof value !== "object" || value === null) throw new Error(`${field.dataset.field} must be a JSON object`);
      return value;
    }
    return text;
  };
  const simple = (value, explode) => {
    if (Array.isArray(value)) return value.map(encode).join(",");
    if (typeof value === "object") return Object.entries(value).map(([k, v]) => encode(k) + (explode ? "=" : ",") + encode(v)).join(",");
    return encode(value);
  };
  const inPath = (field, value) => {
    const { field: name, style } = field.dataset;
    const explode = field.dataset.explode === "true";
    if (style === "label") return "." + simple(value, explode).replaceAll(",", explode ? "." : ",");
    if (style === "matrix") {
      if (Array.isArray(value) && explode) return value.map((item) => `;${name}=${encode(item)}`).join("");
      if (!Array.isArray(value) && typeof value === "object" && explode) return Object.entries(value).map(([k, v]) => `;${encode(k)}=${encode(v)}`).join("");
      return `;${name}=${simple(value, false)}`;
    }
    return simple(value, explode);
  };
  const inQuery = (field, value) => {
    const { field: name, style } = field.dataset;
    const explode = field.dataset.explode !== "false";
    const pair = (key, text) => `${encode(key)}=${text}`;
    if (Array.isArray(value)) {
      if (!value.length) return [];
      const between = { spaceDelimited: "%20", pipeDelimited: "%7C" }[style] || ",";
      return explode ? value.map((item) => pair(name, encode(item))) : [pair(name, value.map(encode).join(between))];
    }
    if (typeof value === "object") {
      const entries = Object.entries(value);
      if (style === "deepObject") return entries.map(([k, v]) => pair(`${name}[${k}]`, encode(v)));
      if (!entries.length) return [];
      return explode ? entries.map(([k, v]) => pair(k, encode(v))) : [pair(name, simple(value, false))];
    }
    return [pair(name, encode(value))];
  };
  const isEmpty = (field) => (field.type === "file" ? !field.files.length : field.value === "");

  const bodyOf = (form) => {
    const media = one("[data-media]", form);
    const part = all("[data-body]", form).find((body) => !media || body.dataset.body === media.value);
    if (!part) return null;
    const type = part.dataset.body;
    const text = one("[data-text]", part);
    if (text) return text.value === "" && !text.required ? null : { type, text: text.value };
    const fields = all("[data-in=form]", part).filter((field) => !isEmpty(field));
    return { type, fields, multipart: type.startsWith("multipart/") };
  };

  const requestOf = (form) => {
    let path = form.dataset.path;
    const query = [];
    const headers = [];
    const cookies = [];
    for (const field of all("[data-field]", form)) {
      const { field: name, in: place } = field.dataset;
      if (place === "form" || (isEmpty(field) && place !== "path")) continue;
      const value = valueOf(field);
      if (place === "path") path = path.replaceAll(`{${name}}`, () => inPath(field, value));
      else if (place === "query") query.push(...inQuery(field, value));
      else if (place === "header") headers.push([name, decodeURIComponent(simple(value, field.dataset.explode === "true"))]);
      else if (place === "cookie") cookies.push(`${name}=${simple(value, false)}`);
    }
    const url = location.origin + path + (query.length ? "?" + query.join("&") : "");
    return { method: form.dataset.method, url, headers, cookies, body: bodyOf(form), credentials: credentialHeaders() };
  };

  // The same request as a command.
  const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
  const BEARER = '-H "Authorization: Bearer $TOKEN"';
  const command = ({ method, url, headers, cookies, body, credentials }, secured) => {
    const flag = { GET: "", HEAD: "--head " }[method] ?? `-X ${method} `;
    const lines = [`curl ${flag}${quoted(url)}`];
    // A session's cookie cannot be read here: the command proves itself by a token.
    if (secured && mode && mode.value === "session") lines.push(BEARER);
    // Credentials themselves stay out of what people copy into tickets.
    for (const [name] of credentials) lines.push(name === "Authorization" ? BEARER : `-H "${name}: $API_KEY"`);
    for (const [name, value] of headers) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
    if (cookies.length) lines.push(`-b ${quoted(cookies.join("; "))}`);
    if (body && body.text !== undefined) lines.push(`-H ${quoted(`Content-Type: ${body.type}`)}`, `--data-raw ${quoted(body.text)}`);
    for (const field of (body && body.fields) || []) {
      const value = field.type === "file" ? `@${field.files[0].name}` : field.value;
      const flag = body.multipart ? (field.type === "file" ? "-F" : "--form-string") : "--data-urlencode";
      lines.push(`${flag} ${quoted(`${field.dataset.field}=${value}`)}`);
    }
    return lines.join(" \\\n  ");
  };
  function showCommand(form) {
    const code = one("[data-curl]", form.parentElement);
    try { code.textContent = command(requestOf(form), "secured" in form.dataset); } catch (error) { code.textContent = `# ${error.message}`; }
  }

  // The answer.
  const pretty = (text, type) => {
    if (!/[/+]json\b/i.test(type)) return text;
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  };
  const tone = (status) => (status < 300 ? "good" : status < 400 ? "plain" : status < 500 ? "warn" : "bad");
  const documented = (form, status) => {
    const known = form.dataset.statuses.split(" ");
    return known.includes(String(status)) || known.includes(`${Math.floor(status / 100)}XX`) || known.includes("default");
  };
  const tokenIn = (text) => {
    try { const token = JSON.parse(text).access_token; return typeof token === "string" ? token : ""; } catch { return ""; }
  };
  const showAnswer = (form, response, text, tookMs, bytes) => {
    const answer = one("[data-answer]", form.parentElement);
    const line = element("div", undefined, "answer-status");
    line.append(element("span", `${response.status} ${response.statusText}`.trim(), `badge ${tone(response.status)}`));
    line.append(element("span", `${tookMs < 10 ? tookMs.toFixed(1) : Math.round(tookMs)} ms · ${bytes} bytes`, "muted small"));
    if (!documented(form, response.status)) line.append(element("span", "not in the contract", "badge warn"));
    const headers = element("details");
    const list = element("div", undefined, "answer-headers");
    for (const [name, value] of response.headers) list.append(element("div", `${name}: ${value}`));
    headers.append(element("summary", "Headers"), list);
    answer.replaceChildren(line);
    const type = response.headers.get("content-type") || "";
    if (text === null) answer.append(element("p", `A body of ${type}, not shown.`, "muted small"));
    else if (text !== "") {
      const shown = pretty(text.slice(0, BODY_SHOWN_MAX), type) + (text.length > BODY_SHOWN_MAX ? "\n…" : "");
      const block = element("pre");
      block.tabIndex = 0;
      block.append(element("code", shown));
      answer.append(block);
    }
    answer.append(headers);
    const token = text && tokenIn(text);
    if (token && keyInputs.some((input) => input.dataset.key === "Authorization")) {
      const use = element("button", "Use this token");
      use.type = "button";
      use.addEventListener("click", () => { setKey("Authorization", token); use.textContent = "In use"; use.disabled = true; });
      answer.append(use);
    }
    answer.hidden = false;
  };
  const showFault = (form, error) => {
    const answer = one("[data-answer]", form.parentElement);
    answer.replaceChildren(element("p", `No answer: ${error.message}`, "alert"));
    answer.hidden = false;
  };

  // A stream of events does not end by itself: what comes within a while is shown, and then it is closed.
  const STREAM_MS = 8000;
  const STREAM_BYTES_MAX = 1 << 20;
  const contentOf = async (response) => {
    if (!/^text\/event-stream\b/i.test(response.headers.get("content-type") || "")) return response.arrayBuffer();
    const reader = response.body.getReader();
    const timer = setTimeout(() => reader.cancel(), STREAM_MS);
    const parts = [];
    let length = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      length += part.value.length;
      if (length > STREAM_BYTES_MAX) reader.cancel();
    }
    clearTimeout(timer);
    return new Blob(parts).arrayBuffer();
  };

  const send = async (form) => {
    const { method, url, headers, body, credentials } = requestOf(form);
    const init = { method, headers: new Headers([...credentials, ...headers]), cache: "no-store", credentials: mode && mode.value === "session" ? "same-origin" : "omit" };
    if (body && body.text !== undefined) {
      init.headers.set("Content-Type", body.type);
      init.body = body.text;
    } else if (body) {
      init.body = body.multipart ? new FormData() : new URLSearchParams();
      for (const field of body.fields) init.body.append(field.dataset.field, field.type === "file" ? field.files[0] : field.value);
    }
    const start = performance.now();
    const response = await fetch(url, init);
    const bytes = await contentOf(response);
    const tookMs = performance.now() - start;
    const readable = /^text\/|[/+](json|xml)\b|urlencoded/i.test(response.headers.get("content-type") || "text/");
    showAnswer(form, response, readable ? new TextDecoder().decode(bytes) : null, tookMs, bytes.byteLength);
    return response.ok;
  };

  // A key that must be new for each request is made up anew for each.
  const freshKeys = (form) => {
    for (const field of all("[data-in=header]", form)) {
      if (field.dataset.field.toLowerCase() === "idempotency-key" && crypto.randomUUID) field.value = crypto.randomUUID();
    }
    showCommand(form);
  };

  for (const form of all("[data-try]")) {
    one("[data-needs-script]", form).disabled = false;
    const media = one("[data-media]", form);
    const choose = () => {
      for (const body of all("[data-body]", form)) {
        body.hidden = Boolean(media) && body.dataset.body !== media.value;
        for (const field of all("input, select, textarea", body)) field.disabled = body.hidden;
      }
    };
    choose();
    form.addEventListener("input", () => { if (media) choose(); showCommand(form); });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const [button, busy] = [one("button[type=submit]", form), one("[data-busy]", form)];
      button.disabled = true;
      busy.hidden = false;
      try { if (await send(form)) freshKeys(form); } catch (error) { showFault(form, error); }
      button.disabled = false;
      busy.hidden = true;
    });
    const copy = one("[data-copy]", form.parentElement);
    if (navigator.clipboard) {
      copy.hidden = false;
      copy.addEventListener("click", async () => {
        try { await navigator.clipboard.writeText(one("[data-curl]", form.parentElement).textContent); copy.textContent = "Copied"; } catch { copy.textContent = "Copy by hand"; }
        setTimeout(() => { copy.textContent = "Copy"; }, 2000);
      });
    }
  }

  if (panel) {
    panel.hidden = false;
    const keys = stored();
    for (const input of keyInputs) {
      input.value = keys[input.dataset.key] || "";
      input.addEventListener("input", () => setKey(input.dataset.key, input.value.trim()));
    }
    chooseMode();
    mode.addEventListener("change", () => all("[data-try]").forEach(showCommand));
    one("[data-forget]", panel).addEventListener("click", () => {
      try { sessionStorage.removeItem(STORE); } catch { /* nothing was stored */ }
      for (const input of keyInputs) input.value = "";
      chooseMode();
      all("[data-try]").forEach(showCommand);
    });
  }
  all("[data-try]").forEach(freshKeys);

  // A link to an operation opens it, also when the page is there already.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const holder = target && target.closest("details.op");
    if (!holder) return;
    holder.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
