// autobahn-js walks the cells of the matrix: each a transport, a serializer and a way to prove who one is.
//
// usage: node matrix.js PLAN     with NODE_PATH at the packages, NODE_EXTRA_CA_CERTS at the site's authority
// PLAN is a JSON file by the journey that started this (tests/it/journeys/wamp/matrix.rs), which also judges what was seen: one
// line of JSON for each cell.
"use strict";

const fs = require("fs");
const http = require("http");
const https = require("https");

// Long-poll is made for browsers: what it asks of one, by Node's own client. What a session sends goes over one connection and
// stays in order; over several, which a browser may open, it need not.
const agents = new Map();

function agent(by, url) {
  const line = url.replace(/\/(send|close)$/, "");
  if (!agents.has(line)) agents.set(line, new by.Agent({ keepAlive: true, maxSockets: 1 }));
  return agents.get(line);
}

global.XMLHttpRequest = class {
  open(method, url) {
    Object.assign(this, { method, url, headers: {} });
  }
  setRequestHeader(name, value) {
    this.headers[name] = value;
  }
  send(body) {
    const by = this.url.startsWith("https:") ? https : http;
    const done = (status, text) => {
      Object.assign(this, { readyState: 4, status, responseText: text });
      this.onreadystatechange();
    };
    const options = { method: this.method, headers: this.headers, agent: agent(by, this.url) };
    const request = by.request(this.url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (more) => (text += more)).on("end", () => done(response.statusCode, text));
    });
    request.on("error", () => done(0, ""));
    request.end(body || "");
  }
};

const autobahn = require("autobahn");
const AT_ONCE = 8;
const MS_MAX = 30000;
const LONG = "the same words again and again, ".repeat(200);
// Nothing of the library's reports belongs among the lines that are judged.
console.log = console.warn = () => {};

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`waited in vain: ${what}`)), MS_MAX)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function serializer(name) {
  const { JSONSerializer, MsgpackSerializer, CBORSerializer } = autobahn.serializer;
  return new { json: JSONSerializer, msgpack: MsgpackSerializer, cbor: CBORSerializer }[name]();
}

function transport(plan, cell) {
  const door = plan.doors[cell.door];
  const secure = door.tls ? "s" : "";
  if (cell.transport === "rawsocket") {
    return { type: "rawsocket", url: "rs://localhost", ...(door.path ? { path: door.path } : { host: door.host, port: door.port }) };
  }
  if (cell.transport === "longpoll") {
    return { type: "longpoll", url: `http${secure}://${door.host}:${door.port}/lp` };
  }
  const read = (name) => fs.readFileSync(`${plan.site}/${name}`);
  const name = cell.certificate;
  return {
    type: "websocket",
    url: `ws${secure}://${door.host}:${door.port}/ws`,
    serializers: [serializer(cell.serializer)],
    headers: cell.headers,
    tlsConfiguration: name && { ca: read("ca.pem"), cert: read(`${name}.pem`), key: read(`${name}.key`) },
  };
}

function keys(credentials) {
  return autobahn.nacl.sign.keyPair.fromSeed(Uint8Array.from(Buffer.from(credentials.privkey, "hex")));
}

function challenged(credentials) {
  return (session, method, extra) => {
    if (method === "ticket") return credentials.ticket;
    if (method === "cryptosign") return autobahn.auth_cryptosign.sign_challenge(keys(credentials), extra);
    const { sign, derive_key } = autobahn.auth_cra;
    const salted = extra.salt && derive_key(credentials.secret, extra.salt, extra.iterations, extra.keylen);
    return sign(salted || credentials.secret, extra.challenge);
  };
}

// Connects and joins; gives the session, what WELCOME said, and a way to leave that gives the reason.
function joined(plan, cell) {
  const { credentials, method } = cell;
  const connection = new autobahn.Connection({
    transports: [transport(plan, cell)],
    realm: "crossgate",
    authmethods: [method],
    authid: credentials.authid,
    authextra: method === "cryptosign" ? { pubkey: autobahn.auth_cryptosign.public_key(keys(credentials)) } : undefined,
    onchallenge: challenged(credentials),
    max_retries: 0,
  });
  return within(
    new Promise((resolve, reject) => {
      let left = reject;
      connection.onclose = (why, details) => left(details.reason || why);
      connection.onopen = (session, details) => {
        const leave = () => new Promise((gone) => ((left = gone), connection.close()));
        resolve({ session, details, leave: () => within(leave(), "GOODBYE") });
      };
      connection.open();
    }),
    "WELCOME",
  );
}

async function refused(call) {
  try {
    return ["no error", [await call], {}];
  } catch (error) {
    return [error.error, error.args || [], error.kwargs || {}];
  }
}

async function procedures(callee, prefix, asked) {
  const registration = await callee.register(prefix + "add", ([a, b], { third }) => new autobahn.Result([a + b, third], { note: "sum" }));
  await callee.register(prefix + "reverse", ([text]) => [...text].reverse().join(""));
  await callee.register(prefix + "slow", () => (asked(), new Promise(() => {})));
  await callee.register(prefix + "broken", () => {
    throw new autobahn.Error("com.example.broken", ["on purpose"], { code: 7 });
  });
  await callee.register(prefix + "steps", ([count], kwargs, details) => {
    for (let step = 0; step < count; step++) details.progress([step]);
    return "done";
  });
  return registration;
}

async function calls(caller, prefix, wasAsked) {
  const seen = {};
  const sum = await caller.call(prefix + "add", [2, 40], { third: 7 });
  seen.sum = [sum.args, sum.kwargs];
  seen.long = (await caller.call(prefix + "reverse", [LONG])) === [...LONG].reverse().join("");
  seen.progress = [];
  seen.steps = await caller.call(prefix + "steps", [3], {}, { receive_progress: true }).then(undefined, undefined, (step) => seen.progress.push(step));
  const wrong = { broken: prefix + "broken", nothing: prefix + "nothing", forbidden: "org.forbidden.thing" };
  for (const [name, procedure] of Object.entries(wrong)) seen[name] = await refused(caller.call(procedure));
  const waiting = caller.call(prefix + "slow");
  await wasAsked;
  // In this mode autobahn-js waits for the router's word.
  waiting.cancel({ mode: "kill" });
  seen.canceled = (await refused(waiting))[0];
  return seen;
}

async function events(subscriber, publisher, prefix) {
  const [plain, pattern] = [[], []];
  const arrived = new Promise((resolve) => {
    const both = () => plain.length === 3 && pattern.length === 3 && resolve();
    const one = subscriber.subscribe(prefix + "topic.one", (args, kwargs) => (plain.push([args, kwargs]), both()));
    const all = (args, kwargs, details) => (pattern.push([details.topic, args, kwargs]), both());
    one.then(() => subscriber.subscribe(prefix + "topic.", all, { match: "prefix" })).then(async () => {
      for (let number = 0; number < 3; number++) {
        published.push((await publisher.publish(prefix + "topic.one", [number], { text: "\u00e9\u4e16" }, { acknowledge: true })).id);
      }
      both();
    });
  });
  const published = [];
  await within(arrived, "events");
  while (published.length < 3) await new Promise(setImmediate);
  return { events: plain, pattern, publications: new Set(published).size };
}

async function walk(plan, cell) {
  const prefix = `com.example.cell${cell.number}.`;
  const callee = await joined(plan, cell);
  const caller = await joined(plan, cell);
  const { authmethod, authrole, authid, realm } = callee.details;
  let asked;
  const wasAsked = new Promise((resolve) => (asked = resolve));
  const registration = await procedures(callee.session, prefix, asked);
  const seen = { authmethod, authrole, authid, realm };
  Object.assign(seen, await within(calls(caller.session, prefix, wasAsked), "calls"));
  Object.assign(seen, await events(callee.session, caller.session, prefix));
  seen.balance = await refused(caller.session.call("loans.balance", [], { loan_id: 1, date: "2020-10-31" }));
  seen.meta = (await caller.session.call("wamp.registration.lookup", [prefix + "add"])) === registration.id;
  seen.left = [await caller.leave(), await callee.leave()];
  return seen;
}

async function main(path) {
  const plan = JSON.parse(fs.readFileSync(path, "utf8"));
  const left = [...plan.cells];
  const walker = async () => {
    for (let cell = left.shift(); cell; cell = left.shift()) {
      let line = { cell: cell.name };
      try {
        line.seen = await walk(plan, cell);
      } catch (error) {
        line.failed = String((error && error.stack) || JSON.stringify(error));
      }
      process.stdout.write(JSON.stringify(line) + "\n");
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, walker));
}

main(process.argv[2]).then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(String(error && error.stack) + "\n");
    process.exit(1);
  },
);
